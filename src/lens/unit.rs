//! Units that sizes are shown in: others than those of Proxmox VE, and prices.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::text::Text;
use crate::units::{Amount, Bytes};

/// A unit for sizes: one that is fixed, so that numbers compare down a column, or a price.
///
/// ```
/// use pve_notebook::*;
/// assert_eq!(Unit::GB.of(Bytes::gib(4)).to_string(), "4.3 GB");
/// assert_eq!(Unit::per_gib(3.5, "EUR").of(Bytes::gib(4)).to_string(), "14.00 EUR");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    size: Size,
    /// What one of that size costs, and in what.
    price: Option<(f64, Text)>,
}

/// A size by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    name: &'static str,
    bytes: f64,
}

const fn unit(name: &'static str, bytes: u64) -> Unit {
    Unit { size: Size { name, bytes: bytes as f64 }, price: None }
}

impl Unit {
    /// Megabytes of 1000 · 1000 bytes.
    pub const MB: Unit = unit("MB", 1_000_000);
    /// Gigabytes of 1000 megabytes, as disks are sold.
    pub const GB: Unit = unit("GB", 1_000_000_000);
    /// Terabytes of 1000 gigabytes.
    pub const TB: Unit = unit("TB", 1_000_000_000_000);
    /// Mebibytes of 1024 · 1024 bytes.
    pub const MIB: Unit = unit("MiB", 1 << 20);
    /// Gibibytes of 1024 mebibytes, as Proxmox VE counts.
    pub const GIB: Unit = unit("GiB", 1 << 30);
    /// Tebibytes of 1024 gibibytes.
    pub const TIB: Unit = unit("TiB", 1 << 40);

    const ALL: [Unit; 6] = [Unit::MB, Unit::GB, Unit::TB, Unit::MIB, Unit::GIB, Unit::TIB];

    /// What one gibibyte costs. Another price is read from words: `"60 EUR per TB".parse::<Unit>()?`.
    pub fn per_gib(price: f64, currency: impl Into<Text>) -> Unit {
        Unit { price: Some((price, currency.into())), ..Unit::GIB }
    }

    /// This many bytes in it.
    pub fn of(&self, bytes: Bytes) -> Amount {
        let number = bytes.0 as f64 / self.size.bytes;
        match &self.price {
            Some((price, currency)) => Amount::new(number * price, currency.clone()),
            None => Amount::rounded(number, self.size.name),
        }
    }

    /// A size that was rounded to so many bytes, in it, and as rounded.
    pub(super) fn about(&self, bytes: f64, rounded: f64) -> Amount {
        let step = 10_f64.powf((rounded / self.size.bytes).log10().floor());
        let number = bytes / self.size.bytes;
        // Below ten, an amount is shown to the tenth anyway.
        let number = if step > 1.0 { (number / step).round() * step } else { number };
        Amount::rounded(number, self.size.name)
    }

    /// Whether what is shown in it is still a size.
    pub(crate) fn is_size(&self) -> bool {
        self.price.is_none()
    }

    /// A part and a whole, the unit once: `34 of 103 GB`.
    pub(crate) fn part_words(&self, used: Bytes, whole: Bytes) -> String {
        format!("{} of {}", self.of(used).figures(), self.of(whole))
    }
}

/// The names of all sizes, as units of Proxmox VE have them.
pub(super) fn bytes_of(name: &str) -> Option<f64> {
    let powers = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let power = powers.iter().position(|known| *known == name)?;
    Some(1024_f64.powi(i32::try_from(power).ok()?))
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.price {
            Some((price, currency)) => write!(f, "{price} {currency} per {}", self.size.name),
            None => f.pad(self.size.name),
        }
    }
}

impl FromStr for Unit {
    type Err = Error;

    /// `GB`, or a price: `4.20 EUR per GiB`.
    fn from_str(words: &str) -> Result<Unit, Error> {
        let known = |name: &str| Unit::ALL.into_iter().find(|unit| unit.size.name == name.trim());
        let read = || match words.split_once(" per ") {
            None => known(words),
            Some((price, size)) => {
                let (number, currency) = price.trim().split_once(' ')?;
                let price = number.parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0)?;
                let currency = Some(currency.trim()).filter(|currency| !currency.is_empty())?;
                Some(Unit { price: Some((price, currency.into())), ..known(size)? })
            }
        };
        read().ok_or_else(|| {
            let names: Vec<&str> = Unit::ALL.iter().map(|unit| unit.size.name).collect();
            Error::not_found(
                format!("There is no unit \"{}\"", Text::from(words)),
                format!("There are {}, and prices: \"4.20 EUR per GiB\"", names.join(", ")),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_read_as_it_is_written() {
        for unit in Unit::ALL.into_iter().chain([Unit::per_gib(4.2, "EUR"), Unit::per_gib(0.0, "points of merit")]) {
            assert_eq!(unit.to_string().parse::<Unit>().unwrap(), unit);
        }
        let tb: Unit = "60 EUR per TB".parse().unwrap();
        assert_eq!(tb.of(Bytes(500_000_000_000)).to_string(), "30.00 EUR");
    }

    #[test]
    fn what_is_no_unit_is_refused_with_those_that_there_are() {
        for odd in [
            "",
            "gb",
            "GB ",
            "EUR per GiB",
            "4.2 per GiB",
            "4.2  per GiB",
            "-1 EUR per GiB",
            "NaN EUR per GiB",
            "4 EUR per Gig",
        ] {
            let said = odd.parse::<Unit>().map_err(|error| error.to_string());
            if odd == "GB " {
                assert_eq!(said.unwrap(), Unit::GB);
                continue;
            }
            let said = said.unwrap_err();
            assert!(said.contains("There are MB, GB, TB, MiB, GiB, TiB, and prices"), "{odd}: {said}");
        }
    }

    #[test]
    fn a_part_has_the_unit_of_its_whole_once() {
        assert_eq!(Unit::GB.part_words(Bytes::gib(32), Bytes::gib(96)), "34 of 103 GB");
        assert_eq!(Unit::per_gib(1.0, "EUR").part_words(Bytes::gib(1), Bytes::gib(2)), "1.00 of 2.00 EUR");
    }
}
