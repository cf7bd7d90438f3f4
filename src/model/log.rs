//! The last lines of a log that a node keeps: of its system, its firewall, its Ceph.

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::model::sight::Sight;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

fields! {
    /// A line of a log, from `/nodes/{node}/syslog` (needs Sys.Syslog on `/nodes/{node}`) and other logs.
    #[derive(Clone, Default)]
    pub struct LogLine {
        /// Its number, counted from 1 where the log begins.
        #[field(loose::u64)]
        pub n: Option<u64>,
        /// The line.
        pub t: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(LogLine:
    "/nodes/{node}/syslog",
    "/nodes/{node}/firewall/log",
    "/nodes/{node}/qemu/{vmid}/firewall/log",
    "/nodes/{node}/lxc/{vmid}/firewall/log",
    "/nodes/{node}/ceph/log",
);

/// The last `lines` of a log. The server counts from the beginning, so that its length is asked for first.
pub(crate) fn tail(
    session: &Session,
    path: &str,
    title: String,
    place: &str,
    lines: usize,
) -> Result<List<LogLine>, Error> {
    let length = session.ask(Call::get(path).with("start", "0").with("limit", "1"))?;
    let total = total(&length.reply.body);
    let start = total.map_or(0, |length| length.saturating_sub(lines));
    let answer = session.ask(Call::get(path).with("start", start.to_string()).with("limit", lines.to_string()))?;
    let question = "What was written there last?";
    let sight = match total {
        None => Sight::part("How long the log is was not said, so that these are its first lines."),
        Some(_) if start > 0 => Sight::whole().remark(format!("The {start} lines before these are left out.")),
        Some(_) => Sight::whole(),
    };
    let all: List<LogLine> = Ask::new(session, path)
        .besides(&length)
        .titled(title)
        .question(question)
        .place(place)
        .seen(sight)
        .list_of(&answer, |_| {})?;
    // An empty log is answered with a line that nobody wrote.
    let unwritten = all.len() == 1 && all.all(|line| line.n == Some(1) && line.t == "no content");
    Ok(if unwritten { all.without_any() } else { all })
}

fn total(body: &str) -> Option<usize> {
    #[derive(Deserialize)]
    struct Beside {
        #[serde(default, deserialize_with = "loose::u64")]
        total: Option<u64>,
    }
    serde_json::from_str::<Beside>(body).ok()?.total.and_then(|total| usize::try_from(total).ok())
}

impl Listed for LogLine {
    const NOUN: (&'static str, &'static str) = ("line", "lines");

    fn columns() -> Vec<Column<LogLine>> {
        vec![column!("Line", |l: &LogLine| l.n), column!("What it says", |l: &LogLine| l.t.clone())]
    }
}
