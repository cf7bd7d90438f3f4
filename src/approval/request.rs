//! What an approver reads and signs: a few lines that say what is about to be done, and a hash that holds them to it.

use ring::hmac;

use crate::approval::{NAMESPACE, Seal};
use crate::page::Page;
use crate::render::View;
use crate::secret::shown_parameter;
use crate::text::{MARK, Text, misleads};
use crate::wire::Call;

/// What is to be approved.
pub(crate) struct Asked<'a> {
    /// `Stop web-1 (VM 101 on pve1)`.
    pub(crate) title: &'a Text,
    pub(crate) call: &'a Call,
    /// What it acts on, as it was seen; blank where it is about nothing in particular.
    pub(crate) target: &'a Text,
    /// The calls that it is made of, where it is several: shown in a line each, and signed with all their parameters.
    pub(crate) parts: &'a [Call],
    pub(crate) cluster: &'a Text,
    pub(crate) identity: &'a Text,
    pub(crate) session: &'a Text,
    /// How many of the same were carried out in this session before.
    pub(crate) turn: u64,
}

/// The lines that are to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    text: String,
}

impl Request {
    /// The same call in the same state of the same target asks with the same lines, until it was carried out. The hash also
    /// holds what the lines do not show: the secrets among the parameters. So it takes the session's seal to make it, and
    /// nobody can try out secrets against it.
    pub(crate) fn new(asked: &Asked<'_>, seal: &Seal) -> Request {
        let Asked { title, call, target, parts: made_of, cluster, identity, session, turn } = asked;
        let mut lines =
            vec![("plan", one_line(title.raw())), ("call", one_line(&format!("{} {}", call.method, call.path)))];
        lines.extend(
            call.params
                .iter()
                .map(|(key, value)| ("with", format!("{}={}", one_line(key), one_line(&shown_parameter(key, value))))),
        );
        if !target.is_blank() {
            lines.push(("target", one_line(target.raw())));
        }
        lines.push(("cluster", one_line(cluster.raw())));
        lines.push(("asked by", one_line(identity.raw())));
        lines.push(("session", format!("{}, {} of these before", one_line(session.raw()), turn)));
        let method = call.method.to_string();
        let parts = [title.raw(), &method, &call.path, target.raw(), cluster.raw(), identity.raw(), session.raw()];
        let params = call.params.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
        let mut context = hmac::Context::with_key(seal);
        for part in parts.into_iter().chain(params) {
            // With its length, so that no two lists of parts give the same bytes.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        for part in *made_of {
            context.update(&(part.params.len() as u64).to_be_bytes());
            let head = [part.method.to_string(), part.path.clone()];
            let params = part.params.iter().flat_map(|(key, value)| [key, value]);
            for word in head.iter().chain(params) {
                context.update(&(word.len() as u64).to_be_bytes());
                context.update(word.as_bytes());
            }
        }
        context.update(&turn.to_be_bytes());
        let hash: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(("hash", hash));
        let lines: String = lines.iter().map(|(label, value)| format!("{label}: {value}\n")).collect();
        Request { text: format!("Approval for {NAMESPACE}\n{lines}") }
    }

    /// The lines, each with its end.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// What a request looks like to whoever passes it on to the approver.
impl View for Request {
    fn page(&self) -> Page {
        let command = format!("ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 <<'END'");
        let lines = std::iter::once(command.as_str()).chain(self.text.lines()).chain(["END"]);
        Page::new("An approval is asked for")
            .paragraph(
                "Send these lines to the approver. Whoever agrees runs them in a shell and sends back what they print, from \
                 -----BEGIN SSH SIGNATURE----- on.",
            )
            .lines(lines)
    }
}

/// On one line, and without what misleads the eye or gets lost when it is copied.
fn one_line(words: &str) -> String {
    let mut line = String::with_capacity(words.len());
    for c in words.replace(MARK, "EVCXR\\u{5f}").chars() {
        if misleads(c) || c == '\n' || c == '\t' || c == '\u{2060}' {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
    line
}
