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
        let hex = |n: usize| {
            fields
                .get(n)
                .is_some_and(|field| field.len() >= 8 && is_hex(field) && i64::from_str_radix(field, 16).is_ok())
        };
        let harmless = upid.chars().all(|c| c.is_ascii_graphic() && !"\"'\\`(){}<>".contains(c));
        if harmless
            && fields.len() == 9
            && fields[0] == "UPID"
            && is_node(fields[1])
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

/// Hexadecimal digits and no sign.
fn is_hex(field: &str) -> bool {
    field.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// What may be a node's name; it becomes part of the paths that ask for the task.
fn is_node(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c)) && !name.starts_with('.')
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
    use proptest::prelude::*;

    use super::*;
    use crate::model::record::segment;
    use crate::wire::Call;
    use crate::wire::endpoint::Endpoint;

    /// The fields of a well-formed UPID, joined.
    fn any_upid() -> impl Strategy<Value = String> {
        "UPID:[a-z][a-z0-9-]{0,12}:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[a-z]{2,12}:[a-z0-9._-]{0,12}:[a-z0-9.-]{1,8}@(pam|pve)(![a-z0-9]{1,8})?:"
    }

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

    proptest! {
        #[test]
        fn a_upid_shows_itself_as_it_came(upid in any_upid()) {
            let read: Upid = upid.parse().unwrap();
            prop_assert_eq!(read.to_string(), upid.as_str());
            prop_assert_eq!(read.raw(), upid.as_str());
            let start = format!("{:08X}", read.started().unix());
            let again = [
                "UPID", read.node(), upid.split(':').nth(2).unwrap(), upid.split(':').nth(3).unwrap(), &start,
                read.kind(), read.id(), read.user(), "",
            ];
            prop_assert_eq!(again.join(":"), upid);
        }

        #[test]
        fn whatever_is_given_is_read_or_refused_and_never_leads_to_another_node(
            upid in any_upid(),
            at in any::<prop::sample::Index>(),
            cut in 0..3_usize,
            put in prop_oneof!["[:/?#%.+ -]{0,2}", ".{0,3}", "(/\\.\\./){1,2}"],
            anything in ".*",
        ) {
            let at = at.index(upid.len());
            let mutated = format!("{}{put}{}", &upid[..at], &upid[(at + cut).min(upid.len())..]);
            for word in [mutated, anything] {
                let Ok(read) = word.parse::<Upid>() else { continue };
                prop_assert_eq!(read.to_string(), word.as_str());
                prop_assert!(read.started().unix() >= 0);
                prop_assert!(!read.kind().is_empty() && !read.user().is_empty());
                let call = Call::get(format!("/nodes/{}/tasks/x/status", read.node()));
                let url = Endpoint::parse("pve1").unwrap().url(&call).unwrap();
                let path = format!("/api2/json/nodes/{}/tasks/x/status", read.node());
                prop_assert_eq!(url.path(), path);
            }
        }

        #[test]
        fn one_word_stays_one_word_of_a_path(word in ".*") {
            let call = Call::get(format!("/nodes/{}/x", segment(&Text::from(&word))));
            let url = Endpoint::parse("pve1").unwrap().url(&call);
            if word == "." || word == ".." {
                prop_assert!(url.is_err());
            } else {
                let url = url.unwrap();
                let words: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(words.len(), 5);
                prop_assert_eq!(percent_encoding::percent_decode_str(words[3]).decode_utf8().unwrap(), word);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
