//! Until when an account or a token is valid. The API writes 0 for "for ever".

use std::fmt;

use crate::loose::{Loose, Scalar};
use crate::page::Cell;
use crate::units::Moment;

/// Until when something is valid. What expires sooner is less; never is most.
///
/// ```
/// use pve_notebook::{Moment, ValidUntil};
/// let new_year = ValidUntil::At(Moment::from_unix(1_798_761_600));
/// assert!(new_year < ValidUntil::Never);
/// assert!(!new_year.is_over(Moment::from_unix(1_798_761_599)) && new_year.is_over(Moment::from_unix(1_798_761_600)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValidUntil {
    /// Until this moment.
    At(Moment),
    /// It does not expire.
    Never,
}

impl ValidUntil {
    /// Whether it is no longer valid at this moment.
    pub fn is_over(self, now: Moment) -> bool {
        matches!(self, ValidUntil::At(end) if end <= now)
    }
}

impl Loose for ValidUntil {
    fn read(value: Scalar) -> Option<ValidUntil> {
        i64::read(value).map(|end| if end == 0 { ValidUntil::Never } else { ValidUntil::At(Moment::from_unix(end)) })
    }
}

impl fmt::Display for ValidUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValidUntil::At(end) => end.fmt(f),
            ValidUntil::Never => f.pad("never"),
        }
    }
}

impl From<ValidUntil> for Cell {
    fn from(expiry: ValidUntil) -> Cell {
        match expiry {
            ValidUntil::At(end) => end.into(),
            ValidUntil::Never => "never".into(),
        }
    }
}
