//! For tests: the simulated cluster with some of its answers replaced, as another identity or an odd server would give
//! them.

use std::sync::Arc;
use std::time::Duration;

use crate::pve::Pve;
use crate::render::View;
use crate::text::Text;
use crate::twin::Twin;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Reply, Wire};

/// The simulated cluster, and what stands in for its answers, by path.
struct Staged {
    twin: Twin,
    answers: Vec<(String, u16, String)>,
}

/// The demo cluster with these answers to GET: path and `data`.
pub(crate) fn staged(answers: &[(&str, &str)]) -> Pve {
    let whole = |(path, data): &(&str, &str)| ((*path).to_owned(), 200, format!(r#"{{"data":{data}}}"#));
    Pve::over(Arc::new(Staged { twin: Twin::demo(), answers: answers.iter().map(whole).collect() })).unwrap()
}

/// The demo cluster as it is to somebody with these privileges and no others, each going on below its path.
pub(crate) fn limited(held: &[(&str, &str)], answers: &[(&str, &str)]) -> Pve {
    // The paths that a server always lists.
    let always = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
    let on = |path: &str| -> String {
        let below = |at: &str| at == path || at == "/" || path.starts_with(&format!("{at}/"));
        let all = held.iter().filter(|(at, _)| below(at)).map(|(_, privilege)| format!(r#""{privilege}":1"#));
        format!("{{{}}}", all.collect::<Vec<_>>().join(","))
    };
    let paths = always.into_iter().chain(held.iter().map(|(at, _)| *at));
    let mut listed: Vec<String> = paths.map(|path| format!(r#""{path}":{}"#, on(path))).collect();
    listed.retain(|line| !line.ends_with("{}"));
    let permissions = format!("{{{}}}", listed.join(","));
    let mut all = vec![("/access/permissions", permissions.as_str())];
    all.extend(answers);
    staged(&all)
}

/// A page's text without its line breaks.
pub(crate) fn words(shown: &impl View) -> String {
    shown.page().text().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Wire for Staged {
    fn submit(&self, call: Call) -> Pending {
        let own = self.answers.iter().find(|(path, ..)| *path == call.path && !call.method.is_write());
        // The privileges of others are asked for by a parameter.
        let own = own.filter(|_| !call.params.iter().any(|(key, _)| key == "userid"));
        let Some((_, status, body)) = own else { return self.twin.submit(call) };
        Pending::ready(Ok(Reply {
            status: *status,
            reason: "OK".into(),
            body: body.as_str().into(),
            at: self.now(),
            took: Duration::ZERO,
        }))
    }
    fn far(&self) -> Far {
        Far::Demo
    }
    fn identity(&self) -> Text {
        "audit@pve".into()
    }
    fn console(&self) -> Option<Text> {
        None
    }
    fn now(&self) -> Moment {
        self.twin.now()
    }
    fn pause(&self, time: Duration) {
        self.twin.pause(time);
    }
}
