//! The settings of a guest before and after: each that differs, of long ones the parts that do.

use std::collections::BTreeSet;

use super::ChangedPart;
use crate::model::guest::config::Config;
use crate::model::guest::disk::Disk;
use crate::model::property::Properties;
use crate::text::Text;

/// Of a setting in which more than this differs, all of it is told.
const APART: usize = 3;

/// Whether another guest has this number now: it was made at another moment, or as another machine. A container does not
/// tell when it was made.
pub(super) fn is_another(before: &Config, after: &Config) -> bool {
    let both = |key: &str, name: &str| Some((before.property(key, name)?, after.property(key, name)?));
    let made = both("meta", "ctime").or_else(|| both("smbios1", "uuid"));
    before.kind != after.kind || made.is_some_and(|(one, other)| one != other)
}

/// What differs, and whether a disk lies on another storage. The snapshot that the present state came after is told by the
/// setting `parent` where the snapshots are not known themselves.
pub(super) fn parts(before: &Config, after: &Config, snapshots_are_known: bool) -> (Vec<ChangedPart>, bool) {
    let (mut parts, mut has_moved) = (Vec::new(), false);
    for it in before.differing(after).into_iter().filter(|it| !(it.key == "parent" && snapshots_are_known)) {
        let (key, one, other) = (it.key.as_str(), it.one, it.other);
        let (Some(was), Some(is)) = (&one, &other) else {
            parts.push(ChangedPart::new(key, one, other));
            continue;
        };
        let disks = Disk::read(key, was.raw()).zip(Disk::read(key, is.raw()));
        has_moved |=
            disks.is_some_and(|(was, is)| was.holds_data() && is.holds_data() && was.storage() != is.storage());
        match key {
            _ if it.is_secret => parts.push(ChangedPart::new(key, one, other)),
            "tags" => parts.extend(tags(was, is)),
            "description" => parts.push(notes(was, is)),
            key if is_in_parts(key) => parts.extend(apart(key, was, is)),
            key => parts.push(ChangedPart::new(key, one, other)),
        }
    }
    (parts, has_moved)
}

/// Tags without their order, which is the server's.
pub(super) fn tags(was: &Text, is: &Text) -> Option<ChangedPart> {
    let sorted = |tags: &Text| -> BTreeSet<String> {
        tags.raw().split([';', ',', ' ']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    };
    let said = |tags: &BTreeSet<String>| tags.iter().cloned().collect::<Vec<_>>().join(", ").into();
    let (was, is) = (sorted(was), sorted(is));
    (was != is).then(|| ChangedPart::new("tags", Some(said(&was)), Some(said(&is))))
}

/// Of notes the first line that is another one.
fn notes(was: &Text, is: &Text) -> ChangedPart {
    let same = was.raw().lines().zip(is.raw().lines()).take_while(|(one, other)| one == other).count();
    let line = |notes: &Text| notes.raw().lines().nth(same).map_or("(no further line)".into(), Text::from);
    let what = if same == 0 { "description".to_owned() } else { format!("description, line {}", same + 1) };
    ChangedPart::new(what, Some(line(was)), Some(line(is)))
}

/// Whether a setting is several in one.
fn is_in_parts(key: &str) -> bool {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    Disk::read(key, "").is_some()
        || ["net", "ipconfig", "hostpci", "agent", "smbios", "startup", "meta"].contains(&stem)
}

/// The parts of it that differ; what stands in it without a name is called like the setting.
fn apart(key: &str, was: &Text, is: &Text) -> Vec<ChangedPart> {
    let (one, other) = (Properties::read(was.raw()), Properties::read(is.raw()));
    let names: BTreeSet<&str> = one.iter().chain(other.iter()).map(|(name, _)| name).collect();
    let differing: Vec<&str> = names.into_iter().filter(|name| one.word(name) != other.word(name)).collect();
    if differing.is_empty() || differing.len() > APART {
        return vec![ChangedPart::new(key, Some(was.clone()), Some(is.clone()))];
    }
    let called = |name: &str| if name.is_empty() { key.to_owned() } else { format!("{key} {name}") };
    differing.into_iter().map(|name| ChangedPart::new(called(name), one.get(name), other.get(name))).collect()
}
