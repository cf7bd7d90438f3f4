//! The name of a task.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::text::Text;
use crate::units::Moment;

/// The name of a task: which node, which process, when, what, on what, by whom.
///
/// ```
/// use pve_notebook::Upid;
/// let upid: Upid = "UPID:pve1:00000C10:0004E6A5:6B02F513:qmstart:106:root@pam:".parse().unwrap();
/// assert_eq!(upid.node(), "pve1");
/// assert_eq!(upid.kind(), "qmstart");
/// assert_eq!(upid.id(), "106");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Upid(Text);

impl Upid {
    fn field(&self, position: usize) -> &str {
        self.0.raw().split(':').nth(position).unwrap_or_default()
    }

    /// The node that does the work.
    pub fn node(&self) -> &str {
        self.field(1)
    }

    /// When the work began.
    pub fn started(&self) -> Moment {
        Moment::from_unix(i64::from_str_radix(self.field(4), 16).unwrap_or_default())
    }

    /// What kind of work: `qmstart`, `vzdump`, ...
    pub fn kind(&self) -> &str {
        self.field(5)
    }

    /// What is worked on, often a VMID; may be empty.
    pub fn id(&self) -> &str {
        self.field(6)
    }

    /// Who asked for it; a token has its name after an exclamation mark.
    pub fn user(&self) -> &str {
        self.field(7)
    }

    /// As the server spells it.
    pub fn raw(&self) -> &str {
        self.0.raw()
    }
}

impl FromStr for Upid {
    type Err = Error;

    fn from_str(upid: &str) -> Result<Upid, Error> {
        let fields: Vec<&str> = upid.split(':').collect();
        let hex =
            |n: usize| fields.get(n).is_some_and(|field| field.len() >= 8 && i64::from_str_radix(field, 16).is_ok());
        let harmless = upid.chars().all(|c| c.is_ascii_graphic() && !"\"'\\`(){}<>".contains(c));
        if harmless
            && fields.len() == 9
            && fields[0] == "UPID"
            && !fields[1].is_empty()
            && (2..5).all(hex)
            && !fields[5].is_empty()
            && !fields[7].is_empty()
        {
            return Ok(Upid(upid.into()));
        }
        Err(Error::setup(
            format!("\"{}\" is not the name of a task", Text::from(upid).brief(80)),
            "It looks like UPID:node:00000C10:0004E6A5:6B02F513:qmstart:106:root@pam: and stands in the task list, pve.tasks()?",
        ))
    }
}

impl From<Upid> for Text {
    fn from(upid: Upid) -> Text {
        upid.0
    }
}

impl From<&Upid> for Text {
    fn from(upid: &Upid) -> Text {
        upid.0.clone()
    }
}

impl fmt::Display for Upid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Upid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_upid_of_a_token_has_its_fields() {
        let upid: Upid = "UPID:pve-2:0000C010:0004E6A5:6B02F513:vzdump::audit@pve!note:".parse().unwrap();
        assert_eq!((upid.node(), upid.kind(), upid.id(), upid.user()), ("pve-2", "vzdump", "", "audit@pve!note"));
        assert_eq!(upid.started().to_string(), "2026-11-22 13:58:43 UTC");
    }

    #[test]
    fn what_is_no_upid_is_refused_with_an_example() {
        for wrong in [
            "",
            "UPID:",
            "UPID:pve1:1:2:3:qmstart:1:root@pam:",
            "UPID::00000C10:0004E6A5:6B02F513:qmstart:106:root@pam:",
            "101",
        ] {
            let error = wrong.parse::<Upid>().unwrap_err().to_string();
            assert!(error.contains("It looks like UPID:"), "{error}");
        }
    }
}
