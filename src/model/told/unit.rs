//! What the API counts in, in words, and a value of it.

use serde_json::Value as Json;

use crate::loose::{Loose, Scalar};
use crate::page::Cell;
use crate::units::{Age, Bytes, Moment, Ratio};

/// What the API counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Kibibytes,
    /// 1 being all.
    Part,
    Percent,
    Seconds,
    Minutes,
    /// Seconds since 1970 began.
    Moment,
    /// 1 and 0.
    Flag,
}

impl Unit {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Unit::Bytes => "bytes",
            Unit::Kibibytes => "KiB",
            Unit::Part => "a part of 1",
            Unit::Percent => "percent",
            Unit::Seconds => "seconds",
            Unit::Minutes => "minutes",
            Unit::Moment => "seconds since 1970 began, in UTC",
            Unit::Flag => "1 for yes, 0 for no",
        }
    }

    /// A value of the API that is counted in it; `None` of one that is not understood.
    pub(crate) fn cell(self, came: &Json) -> Option<Cell> {
        let scalar = || match came {
            Json::Number(n) => n.as_u64().map(Scalar::Unsigned).or_else(|| n.as_f64().map(Scalar::Float)),
            Json::String(words) => Some(Scalar::Words(words.clone())),
            Json::Bool(yes) => Some(Scalar::Unsigned((*yes).into())),
            _ => None,
        };
        let number = || f64::read(scalar()?);
        let whole = || u64::read(scalar()?);
        Some(match self {
            Unit::Bytes => Cell::Bytes(Bytes(whole()?)),
            Unit::Kibibytes => Cell::Bytes(Bytes(whole()?.saturating_mul(1024))),
            Unit::Part => Cell::Ratio(Ratio(number()?)),
            Unit::Percent => Cell::Ratio(Ratio(number()? / 100.0)),
            Unit::Seconds => Cell::Age(Age(number()?.max(0.0).round() as u64)),
            Unit::Minutes => Cell::Age(Age(whole()?.saturating_mul(60))),
            Unit::Moment => Cell::Moment(Moment::from_unix(number()? as i64)),
            Unit::Flag => Cell::from(bool::read(scalar()?)?),
        })
    }
}
