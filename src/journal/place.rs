//! Where a journal is kept, as the environment says it.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// Where the journal of a session is kept.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In this process: of a cluster that is nobody's production.
    Here,
    /// Nowhere, since somebody said so.
    Off,
    /// In this file.
    File(PathBuf),
    /// Nobody said where, and what is missing: nothing can be done that has to be written down.
    Unknown(Error),
}

impl Place {
    /// The place of a session that nobody has told of one.
    pub(crate) fn nobody_said() -> Place {
        Place::Unknown(Error::setup(
            "Nobody said where the journal of this session is kept",
            "Name a file: pve.journal_to(\"journal.jsonl\")?",
        ))
    }

    /// The place that the environment names: `PVE_JOURNAL`, a file or `off`, or else where programs keep such things.
    pub(crate) fn from_env(var: &dyn Fn(&str) -> Option<String>) -> Place {
        if let Some(said) = var("PVE_JOURNAL") {
            // No file is meant that is called OFF.
            return if said.trim().eq_ignore_ascii_case("off") { Place::Off } else { named(said.trim()) };
        }
        // A relative one is to be ignored, by the specification of these folders.
        let state = var("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let home =
            || var("HOME").map(|home| Path::new(&home).join(".local/state")).filter(|folder| folder.is_absolute());
        state.or_else(home).map(|folder| Place::File(folder.join("pve-notebook/journal.jsonl"))).unwrap_or_else(|| {
            Place::Unknown(Error::setup(
                "Where the journal is kept is not known: neither PVE_JOURNAL nor HOME is set",
                "Name a file: pve.journal_to(\"journal.jsonl\")?, or PVE_JOURNAL before the notebook server starts",
            ))
        })
    }
}

fn named(file: &str) -> Place {
    if file.starts_with('~') {
        return Place::Unknown(Error::setup(
            format!("PVE_JOURNAL is {file}, and only a shell knows what ~ is"),
            "Write the path in full, or name a file here: pve.journal_to(\"/path/journal.jsonl\")?",
        ));
    }
    match std::path::absolute(file) {
        Ok(path) => Place::File(path),
        Err(error) => Place::Unknown(Error::setup(
            format!("PVE_JOURNAL is {file}, which is no path: {error}"),
            "Name a file here: pve.journal_to(\"/path/journal.jsonl\")?",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(vars: &[(&str, &str)]) -> String {
        let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        match Place::from_env(&var) {
            Place::File(path) => path.display().to_string(),
            Place::Unknown(error) => error.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_journal_lies_where_the_environment_says_and_is_off_only_when_that_says_so() {
        const HOME: (&str, &str) = ("HOME", "/home/alice");
        const DEFAULT: &str = "/home/alice/.local/state/pve-notebook/journal.jsonl";
        assert_eq!(place(&[HOME]), DEFAULT);
        assert_eq!(place(&[HOME, ("XDG_STATE_HOME", "relative")]), DEFAULT);
        assert_eq!(place(&[HOME, ("XDG_STATE_HOME", "/state")]), "/state/pve-notebook/journal.jsonl");
        assert_eq!(place(&[HOME, ("PVE_JOURNAL", " /var/log/pve.jsonl ")]), "/var/log/pve.jsonl");
        assert!(place(&[("PVE_JOURNAL", "here.jsonl")]).ends_with("/here.jsonl"));
        assert_eq!(place(&[HOME, ("PVE_JOURNAL", "off")]), "Off");
        assert_eq!(place(&[HOME, ("PVE_JOURNAL", "Off")]), "Off");
        assert!(place(&[HOME, ("PVE_JOURNAL", "no")]).ends_with("/no"), "nothing else turns it off");
        assert!(place(&[HOME, ("PVE_JOURNAL", "~/j")]).contains("only a shell knows"));
        assert!(place(&[]).contains("neither PVE_JOURNAL nor HOME is set"));
    }
}
