//! What failed, why, and what to do next, for the person at three in the morning.
//!
//! Every failure of the crate is one of these variants. Words of a server are kept as [`Text`], so that printing an
//! error is always safe. No variant ever holds a secret.

use std::fmt;

use crate::text::Text;
use crate::units::Age;

mod reworded;

pub(crate) mod meaning;

/// Everything that can go wrong. `Debug` is the same sentence as `Display`, since that is what a notebook prints.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// How to connect could not be found out: a missing variable, an unreadable file, a word that is no URL.
    #[error("{what}. {next}")]
    Setup {
        /// What was wrong.
        what: Text,
        /// What to do.
        next: Text,
    },

    /// No connection came about, so certainly nothing was sent.
    #[error("Cannot connect to {endpoint}: {why}. Nothing was sent. {next}")]
    NotConnected {
        /// The address that was tried, or all of them.
        endpoint: Text,
        /// The reason, as the network gave it.
        why: Text,
        /// What to check.
        next: Text,
    },

    /// The server's certificate was not the expected one, so certainly nothing was sent.
    #[error("The certificate of {endpoint} is not trusted: {why}. Nothing was sent. {next}")]
    Untrusted {
        /// The address.
        endpoint: Text,
        /// What did not match.
        why: Text,
        /// The SHA-256 fingerprint that the server presented, where one was seen.
        presented: Option<Text>,
        /// How to check it.
        next: Text,
    },

    /// The connection broke after the call may have been sent: what became of it is not known.
    #[error("The connection to {endpoint} broke during {call}: {why}. {}", lost_next(*.write))]
    ConnectionLost {
        /// The address.
        endpoint: Text,
        /// Method and path.
        call: Text,
        /// The reason, as the network gave it.
        why: Text,
        /// Whether the call would have changed something.
        write: bool,
    },

    /// The server did not accept who we are (401).
    #[error("Not logged in as {identity}: {message}. {next}")]
    NotAuthenticated {
        /// The user or token that was refused.
        identity: Text,
        /// The server's words.
        message: Text,
        /// What to check.
        next: Text,
    },

    /// The identity may not do this.
    #[error("Not permitted: {call}: {message}. {}", privilege_next(.privilege, .path, .identity))]
    NotPermitted {
        /// Method and path.
        call: Text,
        /// The server's words.
        message: Text,
        /// The privilege that is missing, where the server names one.
        privilege: Option<Text>,
        /// The path on which it is missing.
        path: Option<Text>,
        /// Who asked.
        identity: Text,
    },

    /// There is no such thing.
    #[error("{what}. {next}")]
    NotFound {
        /// What was looked for, and where.
        what: Text,
        /// What to do.
        next: Text,
    },

    /// A name that stands for several things.
    #[error("{name} is the name of {} guests: {}. Name one by its number: {}", .matches.len(), join(.matches), .next)]
    Ambiguous {
        /// The name.
        name: Text,
        /// Each thing that it could mean.
        matches: Vec<Text>,
        /// How to say which.
        next: Text,
    },

    /// A recording was asked what nobody asked the cluster when it was made. Nothing follows from that about the cluster.
    #[error(
        "Not recorded: {call}. The recording of {recording} holds no answer to it. To see it, ask the cluster itself: let pve = Pve::from_env()?;"
    )]
    NotRecorded {
        /// Method and path.
        call: Text,
        /// Of which cluster, and from when.
        recording: Text,
    },

    /// The server refused parameters (400), field by field.
    #[error("{call} was refused: {message}{}. Nothing was changed. Correct the parameters and ask again", fields_said(.fields))]
    Parameters {
        /// Method and path.
        call: Text,
        /// The server's words.
        message: Text,
        /// Field and what is wrong with it.
        fields: Vec<(Text, Text)>,
    },

    /// The object is locked.
    #[error(
        "{call} was refused: {message}. Something else is at work on it (lock: {lock}). Wait until that has ended; a lock that outlives its task is removed by `qm unlock` or `pct unlock` on the node"
    )]
    Locked {
        /// Method and path.
        call: Text,
        /// The kind of lock: `backup`, `migrate`, `snapshot`, ...
        lock: Text,
        /// The server's words.
        message: Text,
    },

    /// The cluster has no quorum and takes no changes.
    #[error(
        "{call} was refused: {message}. The cluster has no quorum: fewer than half of its nodes see each other, so it takes no changes. Bring nodes back first; `pvecm status` on a node tells who is missing"
    )]
    NoQuorum {
        /// Method and path.
        call: Text,
        /// The server's words.
        message: Text,
    },

    /// The node that was to answer cannot be reached from the node that we talk to (595, 596).
    #[error(
        "Node {node} cannot be reached from the cluster: {message}. It is offline or cut off. The rest of the cluster still answers; `pve.nodes()?` shows who is there"
    )]
    NodeUnreachable {
        /// The node.
        node: Text,
        /// The server's words.
        message: Text,
    },

    /// The server refused or failed for another reason.
    #[error("{call} failed: {message} (HTTP {status}){}{}", fields_said(.fields), meant(.message))]
    Refused {
        /// Method and path.
        call: Text,
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: Text,
        /// Field and what is wrong with it, where the server said so.
        fields: Vec<(Text, Text)>,
    },

    /// The answer was not what the Proxmox VE API promises.
    #[error("The answer to {call} was not understood: {why}. It began with: {excerpt}. {next}")]
    NotUnderstood {
        /// Method and path.
        call: Text,
        /// What was expected.
        why: Text,
        /// How the answer began, without secrets.
        excerpt: Text,
        /// What to check.
        next: Text,
    },

    /// A task that was started ended badly, in its own words.
    #[error("{what} failed. The task said: {exit}. {explanation}\nTask: {upid}{}", log_said(.log))]
    TaskFailed {
        /// What was being done.
        what: Text,
        /// The task's exit status.
        exit: Text,
        /// What that means and what to do.
        explanation: Text,
        /// The task.
        upid: Text,
        /// The last lines of its log.
        log: Vec<Text>,
    },

    /// What became of an action is not known, and it was not sent again.
    #[error("{what}: the outcome is not known. {why}. It was not sent again. {next}")]
    OutcomeUnknown {
        /// What was being done.
        what: Text,
        /// How it came to that.
        why: Text,
        /// How to find out.
        next: Text,
    },

    /// An action took longer than was waited for. It goes on.
    #[error("{what} is not over after {after}. It goes on, and was not stopped. {next}\nTask: {upid}")]
    Overdue {
        /// What is being done.
        what: Text,
        /// How long it has been at work.
        after: Age,
        /// Its task.
        upid: Text,
        /// How to go on.
        next: Text,
    },

    /// Of several actions some failed.
    #[error("{what}: {done} done, {failed} failed, {}{not_begun} not begun. Look at those before going on{}", not_known(.unknown), log_said(.failures))]
    PartlyDone {
        /// The actions together.
        what: Text,
        /// How many were done.
        done: usize,
        /// How many failed.
        failed: usize,
        /// Of how many nobody knows what became of them, or that go on.
        unknown: usize,
        /// How many were not begun, because of that.
        not_begun: usize,
        /// Each that failed, and why.
        failures: Vec<Text>,
    },

    /// The plan was not run, for this reason; nothing was sent.
    #[error("Not run: {what}. {why}. {next}")]
    NotRun {
        /// The plan.
        what: Text,
        /// Why it did not run.
        why: Text,
        /// What would make it run.
        next: Text,
    },

    /// Nobody agreed who has to: the signature is not the approver's, or not over this.
    #[error("Not approved by {approver}: {why}. Nothing was sent. {next}")]
    NotApproved {
        /// Who has to agree.
        approver: Text,
        /// What is wrong with the signature.
        why: Text,
        /// What to do.
        next: Text,
    },

    /// Something went wrong before, and nothing more happens until a person says so.
    #[error(
        "Not run: {what}. The session is halted, because: {because}. Look at it, then go on with pve.clear_halt(\"what you saw\")?"
    )]
    Halted {
        /// The plan that was not run.
        what: Text,
        /// The failure that halted the session.
        because: Text,
    },

    /// A requirement of the notebook does not hold.
    #[error(
        "Required, but not so: {what}. The session is halted; after a look, go on with pve.clear_halt(\"what you saw\")?"
    )]
    Required {
        /// The requirement in the notebook's words.
        what: Text,
    },
}

impl Error {
    /// A problem with how the connection is described.
    pub(crate) fn setup(what: impl Into<Text>, next: impl Into<Text>) -> Error {
        Error::Setup { what: what.into(), next: next.into() }
    }

    /// A plan that did not run.
    pub(crate) fn not_run(what: impl Into<Text>, why: impl Into<Text>, next: impl Into<Text>) -> Error {
        Error::NotRun { what: what.into(), why: why.into(), next: next.into() }
    }

    /// Something that is not there.
    pub(crate) fn not_found(what: impl Into<Text>, next: impl Into<Text>) -> Error {
        Error::NotFound { what: what.into(), next: next.into() }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn lost_next(write: bool) -> &'static str {
    if write {
        "It may or may not have reached the server, and was not sent again. Look at the tasks before doing it anew: pve.tasks()?"
    } else {
        "It only read; ask again"
    }
}

fn privilege_next(privilege: &Option<Text>, path: &Option<Text>, identity: &Text) -> String {
    match (privilege, path) {
        (Some(privilege), Some(path)) => format!(
            "{identity} needs the privilege {privilege} on {path}; an administrator grants it with a role under Datacenter, Permissions"
        ),
        _ => format!("{identity} lacks a privilege for it; pve.get(\"/access/permissions\")? shows those it has"),
    }
}

fn join(each: &[Text]) -> String {
    each.iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
}

fn fields_said(fields: &[(Text, Text)]) -> String {
    fields.iter().map(|(field, wrong)| format!("; {field}: {wrong}")).collect()
}

/// What the server's words mean, where that is known.
fn meant(message: &Text) -> String {
    meaning::of(message.raw()).map(|meaning| format!(". {meaning}")).unwrap_or_default()
}

fn not_known(count: &usize) -> String {
    if *count == 0 { String::new() } else { format!("{count} not known, ") }
}

fn log_said(log: &[Text]) -> String {
    log.iter().map(|line| format!("\n  | {line}")).collect()
}
