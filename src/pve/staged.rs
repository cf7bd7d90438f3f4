//! For tests: the simulated cluster with some of its answers replaced, as another identity or an odd server would give
//! them.

use std::sync::Arc;

use crate::model::canned::Canned;
use crate::pve::Pve;
use crate::render::View;

impl Canned {
    /// A cluster that is connected to.
    pub(crate) fn pve(self) -> Pve {
        Pve::over(Arc::new(self)).unwrap()
    }
}

/// The demo cluster with these answers to GET: path and `data`.
pub(crate) fn staged(answers: &[(&str, &str)]) -> Pve {
    let whole = |canned: Canned, (path, data): &(&str, &str)| canned.body(path, 200, &format!(r#"{{"data":{data}}}"#));
    answers.iter().fold(Canned::to("audit@pve"), whole).pve()
}

/// The demo cluster with these paths refused: path and status.
pub(crate) fn refusing(paths: &[(&str, u16)]) -> Pve {
    let refused = |canned: Canned, (path, status): &(&str, u16)| canned.refusal(path, *status, "no");
    paths.iter().fold(Canned::to("audit@pve"), refused).pve()
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
