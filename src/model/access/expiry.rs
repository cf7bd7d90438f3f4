//! Until when an account or a token is valid. The API writes 0 for "for ever".

use std::fmt;

use crate::loose::{Loose, Scalar};
use crate::page::Cell;
use crate::units::Moment;

/// Until when something is valid. What expires sooner is less; never is most.
///
/// ```
/// use pve_notebook::{Expiry, Moment};
/// let new_year = Expiry::At(Moment::from_unix(1_798_761_600));
/// assert!(new_year < Expiry::Never);
/// assert!(!new_year.is_over(Moment::from_unix(1_798_761_599)) && new_year.is_over(Moment::from_unix(1_798_761_600)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expiry {
    /// Until this moment.
    At(Moment),
    /// It does not expire.
    Never,
}

impl Expiry {
    /// Whether it is no longer valid at this moment.
    pub fn is_over(self, now: Moment) -> bool {
        matches!(self, Expiry::At(end) if end <= now)
    }
}

impl Loose for Expiry {
    fn read(value: Scalar) -> Option<Expiry> {
        i64::read(value).map(|end| if end == 0 { Expiry::Never } else { Expiry::At(Moment::from_unix(end)) })
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expiry::At(end) => end.fmt(f),
            Expiry::Never => f.pad("never"),
        }
    }
}

impl From<Expiry> for Cell {
    fn from(expiry: Expiry) -> Cell {
        match expiry {
            Expiry::At(end) => end.into(),
            Expiry::Never => "never".into(),
        }
    }
}
