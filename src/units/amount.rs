//! Amounts: numbers that are neither sizes nor counts, with the unit that they are in. Knows no rate of exchange.

use std::fmt;

use crate::text::Text;

/// A number of something that is neither a size nor a count: money, watts. Amounts of one unit add up in the totals of a
/// table, and so they are shown to the hundredth.
///
/// ```
/// use pve_notebook::*;
/// assert_eq!(Amount::new(12.5, "EUR").to_string(), "12.50 EUR");
/// let grid = Grid::new(["What", "Cost"]).row([Cell::from("web-1"), Amount::new(12.5, "EUR").into()]);
/// assert!(Page::new("Costs").table(grid).text().contains("12.50 EUR"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    number: f64,
    unit: Text,
    /// How many digits stand behind the point; without it, as many as a person compares.
    digits: Option<usize>,
}

impl Amount {
    /// So many of this unit.
    pub fn new(number: f64, unit: impl Into<Text>) -> Amount {
        Amount { number, unit: unit.into(), digits: Some(2) }
    }

    /// The same, shown with as many digits as a person compares: `4.3 GB`, `52 GB`.
    pub(crate) fn rounded(number: f64, unit: impl Into<Text>) -> Amount {
        Amount { digits: None, ..Amount::new(number, unit) }
    }

    /// The number.
    pub fn number(&self) -> f64 {
        self.number
    }

    /// What it is a number of.
    pub fn unit(&self) -> &Text {
        &self.unit
    }

    /// Both together; of two units there is no sum.
    pub(crate) fn and(&self, other: &Amount) -> Option<Amount> {
        (self.unit == other.unit).then(|| Amount { number: self.number + other.number, ..self.clone() })
    }

    /// The number alone, as it is shown.
    pub(crate) fn figures(&self) -> String {
        let number = if self.number == 0.0 { 0.0 } else { self.number };
        match self.digits {
            _ if !number.is_finite() => "not known".to_owned(),
            Some(digits) => format!("{number:.digits$}"),
            // 9.95 would be rounded to "10.0".
            None if number.abs() >= 9.95 => format!("{number:.0}"),
            None if number.abs() >= 0.095 || number == 0.0 => tidy(format!("{number:.1}")),
            None => tidy(format!("{number:.4}")),
        }
    }
}

/// Without the zeros that end it.
fn tidy(number: String) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number.is_finite() {
            true => f.pad(&format!("{} {}", self.figures(), self.unit)),
            false => f.pad(&self.figures()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_to_the_hundredth_and_sizes_as_a_person_compares_them() {
        let money = |number| Amount::new(number, "EUR").to_string();
        assert_eq!(
            [money(0.0), money(-0.0), money(12.5), money(1234.567)],
            ["0.00 EUR", "0.00 EUR", "12.50 EUR", "1234.57 EUR"]
        );
        assert_eq!([money(f64::NAN), money(f64::INFINITY)], ["not known"; 2]);
        let size = |number| Amount::rounded(number, "GB").to_string();
        let shown = [0.0, 0.004_3, 0.5, 4.0, 4.294_967, 9.96, 51.5, 5_497.6].map(size);
        assert_eq!(shown, ["0 GB", "0.0043 GB", "0.5 GB", "4 GB", "4.3 GB", "10 GB", "52 GB", "5498 GB"]);
    }

    #[test]
    fn only_amounts_of_one_unit_add_up() {
        let euros = |number| Amount::new(number, "EUR");
        assert_eq!(euros(1.0).and(&euros(2.0)), Some(euros(3.0)));
        assert_eq!(euros(1.0).and(&Amount::new(2.0, "USD")), None);
    }
}
