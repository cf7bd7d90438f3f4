//! What a virtual machine's own operating system says, through the guest agent that runs in it.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::addresses::GuestInterface;
use crate::model::guest::{Guest, GuestKind, Status};
use crate::model::inspect::part;
use crate::model::lens;
use crate::model::list::{List, Listed};
use crate::model::record::{Ask, Record};
use crate::page::{Cell, Level, Page};
use crate::render::View;
use crate::session::Answer;
use crate::text::Text;
use crate::units::Why;
use crate::wire::{Call, Reply};

mod said;

pub use said::{AgentFileSystem, AgentOs, AgentTimeZone, AgentUser};

/// The guest agent of a virtual machine. Each method is one question to it; an agent that does not answer takes three
/// seconds and holds up the cluster's API, so it is asked about one thing at a time. Needs VM.GuestAgent.Audit
/// (VM.Monitor before Proxmox VE 9) on `/vms/{vmid}`.
#[derive(Clone)]
pub struct Agent {
    guest: Guest,
}

fields! {
    #[derive(Default)]
    struct HostName {
        #[field("host-name")]
        name: Option<Text>,
    }
}

impl Guest {
    /// Its guest agent, to be asked about one thing after the other: `guest.agent()?.filesystems()?`. This alone asks
    /// nothing.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let os = pve.guest("mail")?.agent()?.os()?;
    /// assert_eq!(os.pretty_name.unwrap(), "Debian GNU/Linux 12 (bookworm)");
    /// assert!(pve.guest("legacy-crm")?.agent()?.os().unwrap_err().to_string().contains("is not set up"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// For a container, which has none, and a guest that does not run.
    pub fn agent(&self) -> Result<Agent, Error> {
        if self.kind == GuestKind::Ct {
            return Err(Error::not_found(
                format!("{} has no guest agent: it is a container", self.called()),
                format!("Its node sees into it: {}.addresses()?", self.code()),
            ));
        }
        if self.status == Status::Unknown {
            let why = self.cpu.why().unwrap_or(Why::NotReportedYet);
            return Err(Error::not_found(
                format!(
                    "The guest agent of {} cannot be asked: whether the guest runs on {} is not known ({why})",
                    self.called(),
                    self.node
                ),
                format!("pve.node(\"{}\")? shows how that node does", self.node),
            ));
        }
        if !self.is_running() {
            return Err(Error::not_found(
                format!("The guest agent of {} cannot be asked: the guest is {}", self.called(), self.status),
                format!("It answers while the guest runs; {}.config()? has what is set up", self.code()),
            ));
        }
        Ok(Agent { guest: self.clone() })
    }
}

impl Agent {
    /// The operating system.
    ///
    /// # Errors
    /// When the agent is not set up, does not run or answer, or the privilege is missing.
    pub fn os(&self) -> Result<AgentOs, Error> {
        self.one("get-osinfo")
    }

    /// The name that the operating system gives itself.
    ///
    /// # Errors
    /// As [`os`](Agent::os).
    pub fn hostname(&self) -> Result<Text, Error> {
        let answer = self.ask("get-host-name")?;
        answer.object::<HostName>()?.0.name.ok_or_else(|| self.says_nothing(&answer))
    }

    /// The file systems, which tell how full the disks are: only the operating system knows.
    ///
    /// # Errors
    /// As [`os`](Agent::os).
    pub fn filesystems(&self) -> Result<List<AgentFileSystem>, Error> {
        self.list("get-fsinfo", "File systems in", "How full are its disks, as it says itself?")
    }

    /// The network interfaces with their addresses.
    ///
    /// # Errors
    /// As [`os`](Agent::os).
    pub fn interfaces(&self) -> Result<List<GuestInterface>, Error> {
        self.list("network-get-interfaces", "Addresses of", "Where can it be reached, as it says itself?")
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// As [`os`](Agent::os).
    pub fn users(&self) -> Result<List<AgentUser>, Error> {
        self.list("get-users", "Users logged in to", "Whom would a restart interrupt?")
    }

    /// The time zone.
    ///
    /// # Errors
    /// As [`os`](Agent::os).
    pub fn timezone(&self) -> Result<AgentTimeZone, Error> {
        self.one("get-timezone")
    }

    fn one<T: Record>(&self, command: &str) -> Result<T, Error> {
        let answer = self.ask(command)?;
        Ask::new(&self.guest.session, "").place(format!("qemu/{}", self.guest.vmid)).one_of(&answer, |_| {})
    }

    fn list<T: Record>(&self, command: &str, title: &str, question: &str) -> Result<List<T>, Error> {
        let answer = self.ask(command)?;
        Ask::new(&self.guest.session, "")
            .titled(format!("{title} {}", self.guest.called().raw()))
            .question(question)
            .place(format!("qemu/{}", self.guest.vmid))
            .list_of(&answer, |_| {})
    }

    /// The agent's own answer, out of what the API wraps it in.
    fn ask(&self, command: &str) -> Result<Answer, Error> {
        #[derive(Deserialize)]
        struct Wrapped<'a> {
            #[serde(borrow)]
            data: Option<Inner<'a>>,
        }
        #[derive(Deserialize)]
        struct Inner<'a> {
            #[serde(borrow)]
            result: Option<&'a RawValue>,
        }
        let call = Call::get(self.guest.path(&format!("agent/{command}")));
        let answer = self.guest.session.ask(call).map_err(|error| self.explained(error))?;
        let wrapped: Option<Inner<'_>> =
            serde_json::from_str::<Wrapped<'_>>(&answer.reply.body).ok().and_then(|w| w.data);
        let Some(result) = wrapped.and_then(|inner| inner.result).map(RawValue::get) else {
            return Err(self.says_nothing(&answer));
        };
        if let Some(said) = refusal(result) {
            return Err(Error::Refused {
                call: answer.call.shown(),
                status: answer.reply.status,
                message: said,
                fields: vec![],
            });
        }
        let body = format!("{{\"data\":{result}}}").into();
        Ok(Answer { reply: Reply { body, ..answer.reply }, ..answer })
    }

    /// An answer without what was asked for: no list is not an empty one.
    fn says_nothing(&self, answer: &Answer) -> Error {
        Error::not_found(
            format!("The guest agent of {} did not say it ({})", self.guest.called(), answer.call),
            format!("pve.get({:?})? has its answer", answer.call.path),
        )
    }

    /// What the server says of an agent that does not answer, and what to do about it.
    fn explained(&self, error: Error) -> Error {
        let Error::Refused { message, .. } = &error else { return error };
        let called = self.guest.called();
        if message.contains("No QEMU guest agent configured") {
            return Error::not_found(
                format!("The guest agent of {called} is not set up"),
                "Install qemu-guest-agent in the guest and switch the agent on in its options; that holds from the next start",
            );
        }
        if message.contains("guest agent is not running") {
            return Error::not_found(
                format!("The guest agent of {called} is set up, and does not answer"),
                "It is not installed or not running in the guest, the guest is still starting, or it was not restarted since the agent was switched on",
            );
        }
        if message.contains("is not running") {
            return Error::not_found(
                format!("The guest agent of {called} cannot be asked: the guest does not run"),
                format!("It answers while the guest runs: {}.start()", self.guest.code()),
            );
        }
        error
    }
}

/// What an agent says instead of an answer.
fn refusal(result: &str) -> Option<Text> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Said,
    }
    #[derive(Deserialize)]
    struct Said {
        #[serde(default, deserialize_with = "loose::text")]
        desc: Option<Text>,
    }
    // A list would be taken for the fields in their order.
    let said = serde_json::from_str::<Refusal>(result).ok().filter(|_| result.trim_start().starts_with('{'))?.error;
    Some(said.desc.unwrap_or_else(|| "the guest agent refused".into()))
}

impl View for Agent {
    fn page(&self) -> Page {
        let code = format!("{}.agent()?", self.guest.code());
        let page = Page::new(format!("Guest agent of {}", self.guest.called().raw()))
            .question("What does the operating system in it say of itself?");
        let os = self.os();
        // One that does not answer takes its time: it is asked no more.
        if let Err(error @ Error::NotFound { .. }) = &os {
            return page.note(Level::Warning, error.to_string());
        }
        let named = self.ask("get-host-name");
        let name = match named.as_ref().map_err(ToString::to_string).map(Answer::object::<HostName>) {
            Ok(Ok((named, _))) => named.name.into(),
            Ok(Err(error)) => Cell::Missing(error.to_string().into()),
            Err(error) => Cell::Missing(error.into()),
        };
        let name = [("Calls itself".into(), name)];
        let from = self.guest.session.provenance(named.as_ref().ok(), None);
        let (page, from) = match &os {
            Ok(os) => {
                let facts = AgentOs::columns().into_iter().map(|column| (column.name().clone(), column.cell(os)));
                let system = os.pretty_name.as_ref().map_or_else(String::new, |system| format!(": {}", system.raw()));
                let page = page.answer("It answers", format!("{system}.")).facts(lens::facts(
                    os,
                    facts.chain(name),
                    &os.provenance(),
                ));
                (page, os.provenance().and(&from))
            }
            Err(error) => {
                let words = format!("Its operating system could not be read. {error}");
                (page.facts(name).note(Level::Warning, words), from)
            }
        };
        let parts = [
            ("File systems", "filesystems", self.filesystems().map(|list| list.page())),
            ("Addresses", "interfaces", self.interfaces().map(|list| list.page())),
            ("Logged in", "users", self.users().map(|list| list.page())),
        ];
        let page = parts
            .into_iter()
            .fold(page, |page, (title, method, list)| part(page, title, &format!("{code}.{method}()?"), list));
        page.provenance(from)
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agent({})", self.guest)
    }
}
