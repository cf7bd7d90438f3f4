//! The questions that are asked every week: one cell, one question, one answer that can be passed on.
//!
//! Each is a function that returns a [`Page`], in a file of its own that uses nothing but what this crate offers to
//! everybody. So each is an example as well: [`code`] shows it, a button puts it into a cell, and there it can be changed.
//!
//! ```
//! # fn main() -> Result<(), pve_notebook::Error> {
//! use pve_notebook::*;
//! let pve = Pve::demo()?;
//! println!("{}", questions::old_snapshots(&pve, days(30))?.text());
//! # Ok(()) }
//! ```
//!
//! One of your own has the same shape:
//!
//! ```
//! use pve_notebook::*;
//! fn without_owner(pve: &Pve) -> Result<Page, Error> {
//!     let guests = pve.guests()?.filter(|guest| guest.is_running() && guest.tag_value("owner").is_none());
//!     Ok(Page::new("Without an owner")
//!         .question("Which running guests belong to nobody?")
//!         .answer(format!("{} of them", guests.len()), ", by the tag owner.")
//!         .table(&guests)
//!         .based_on(&guests))
//! }
//! # fn main() -> Result<(), Error> {
//! assert!(without_owner(&Pve::demo()?)?.text().contains(" of them"));
//! # Ok(()) }
//! ```

use crate::error::Error;
use crate::page::{Cell, Grid, Page};

#[cfg(test)]
mod tests;

/// A question of the list: its name, the code that asks it, and the file that answers it.
struct Asked {
    name: &'static str,
    code: &'static str,
    source: &'static str,
}

macro_rules! questions {
    ($($name:ident: $code:literal,)+) => {
        $(
            // They have what a cell has.
            #[allow(clippy::wildcard_imports)]
            mod $name;
        )+
        $(pub use $name::$name;)+
        const ALL: &[Asked] = &[$(Asked {
            name: stringify!($name),
            code: $code,
            source: include_str!(concat!("questions/", stringify!($name), ".rs")),
        },)+];
    };
}

questions! {
    addresses: "questions::addresses(&pve)?",
    can_i_lose: "questions::can_i_lose(&pve, \"pve1\")?",
    changed_since: "questions::changed_since(&pve, pve.ago(hours(24)))?",
    customer: "questions::customer(&pve, \"shop\")?",
    dies_with_bridge: "questions::dies_with_bridge(&pve, \"pve1\", \"vmbr0\")?",
    dies_with_storage: "questions::dies_with_storage(&pve, \"ceph-vm\")?",
    drain_blockers: "questions::drain_blockers(&pve, \"pve1\")?",
    drift: "questions::drift(&pve)?",
    finance: "questions::finance(&pve)?",
    find: "questions::find(&pve, \"10.10.0.11\")?",
    full_when: "questions::full_when(&pve)?",
    idle_guests: "questions::idle_guests(&pve)?",
    lost_backups: "questions::lost_backups(&pve)?",
    management: "questions::management(&pve)?",
    old_snapshots: "questions::old_snapshots(&pve, days(30))?",
    orphaned_disks: "questions::orphaned_disks(&pve)?",
    security: "questions::security(&pve)?",
    seen_by: "questions::seen_by(&pve, \"dora@pve\")?",
    stuck_locks: "questions::stuck_locks(&pve)?",
    who_may: "questions::who_may(&pve)?",
    wrong_now: "questions::wrong_now(&pve)?",
}

impl Asked {
    /// The first line of its file.
    fn question(&self) -> &'static str {
        self.source.lines().next().unwrap_or_default().trim_start_matches("//! ")
    }

    /// The function without what a cell of a notebook has already.
    fn function(&self) -> String {
        let lines = self.source.lines().filter(|line| !line.starts_with("//!") && *line != "use crate::*;");
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

/// All questions, each with the code that asks it.
pub fn all() -> Page {
    let rows = ALL.iter().map(|asked| {
        let source = format!("questions::code(\"{}\")?", asked.name);
        vec![
            Cell::from(asked.question()),
            Cell::Button(asked.code.into(), asked.code.into()),
            Cell::Code(source.into()),
        ]
    });
    Page::new("Questions")
        .question("What can be asked in one cell?")
        .answer(format!("{} questions", ALL.len()), ", each of them a short function that can be copied and changed.")
        .table(Grid::new(["Question", "Asked by", "Its code"]).rows(rows))
}

/// The code of a question, to be put into a cell and changed.
///
/// # Errors
/// When there is no question of that name; the error names those there are.
pub fn code(name: &str) -> Result<Page, Error> {
    let Some(asked) = ALL.iter().find(|asked| asked.name == name) else {
        let names: Vec<&str> = ALL.iter().map(|asked| asked.name).collect();
        return Err(Error::not_found(
            format!("There is no question \"{name}\""),
            format!("There are {}", names.join(", ")),
        ));
    };
    Ok(Page::new(asked.question()).question("How is it answered?").code(asked.function()).paragraph(
        "Put it into a cell, give it a name of its own, change it, and call it without \u{201c}questions::\u{201d}.",
    ))
}
