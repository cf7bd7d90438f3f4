//! What can be made to happen to the simulated cluster beside the API: what breaks, and what people do at a shell.

use super::state::{Ms, State};
use crate::error::Error;
use crate::units::Age;
use crate::wire::practice::Fault;

/// What was asked for and has not come to pass yet, or goes on.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Kinds of tasks whose next one fails, and in which words.
    failing: Vec<(String, String)>,
    /// How much longer every answer takes.
    pub(super) slow: Ms,
    /// The answer to the next write is lost.
    pub(super) cut: bool,
    /// There is no quorum, however many nodes there are.
    pub(super) quorum: bool,
}

const HOUR: Ms = 3_600_000;

/// A time in milliseconds, unless it is more than what can be waited for.
fn at_most(most: Ms, time: Age, fault: &Fault) -> Result<Ms, Error> {
    let longest = Age(most.unsigned_abs() / 1_000);
    if time > longest {
        return Err(refused(fault, format!("It is more than {longest}"), format!("Ask for at most {longest}")));
    }
    Ok(Ms::try_from(time.duration().as_millis()).unwrap_or(most))
}

fn refused(fault: &Fault, why: impl Into<crate::text::Text>, next: impl Into<crate::text::Text>) -> Error {
    Error::not_run(format!("practice: {fault}"), why, next)
}

impl State {
    /// Brings a fault about.
    pub(super) fn practise(&mut self, fault: &Fault) -> Result<(), Error> {
        if let Fault::NodeDown(node)
        | Fault::NodeUp(node)
        | Fault::Maintenance(node, _)
        | Fault::Patched(node)
        | Fault::Rebooted(node) = fault
        {
            self.check_node(fault, node.raw())?;
        }
        match fault {
            Fault::NodeDown(node) => self.node_down(node.raw()),
            Fault::NodeUp(node) => self.node_up(node.raw()),
            Fault::StorageFull(storage) => self.fill(fault, storage.raw())?,
            Fault::QuorumLost | Fault::QuorumBack => {
                self.faults.quorum = *fault == Fault::QuorumLost;
                self.count_votes();
            }
            Fault::TaskFails(kind, words) => self.faults.failing.push((kind.raw().to_owned(), words.raw().to_owned())),
            Fault::SlowAnswers(time) => self.faults.slow = at_most(HOUR, *time, fault)?,
            Fault::TimePasses(time) => {
                let time = at_most(31 * 24 * HOUR, *time, fault)?;
                self.advance(time);
            }
            Fault::ConnectionCut => self.faults.cut = true,
            Fault::Maintenance(node, on) => {
                self.order_maintenance(node.raw(), *on);
            }
            Fault::Patched(node) => self.patch(node.raw()),
            Fault::Rebooted(node) => self.send_down(node.raw(), true),
        }
        Ok(())
    }

    /// Nodes are where they are only once: what cannot be done now is said.
    fn check_node(&self, fault: &Fault, name: &str) -> Result<(), Error> {
        let Some(node) = self.node(name) else {
            let names: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            return Err(refused(fault, format!("There is no node {name}"), format!("There are {}", names.join(", "))));
        };
        match (fault, node.offline) {
            (Fault::NodeUp(_), None) => Err(refused(fault, format!("{name} is online"), "Nothing is to be done")),
            (Fault::NodeUp(_), Some(_)) | (_, None) => Ok(()),
            (Fault::NodeDown(_), Some(_)) => Err(refused(fault, format!("{name} is offline"), "Nothing is to be done")),
            (_, Some(_)) => Err(refused(
                fault,
                format!("{name} is offline, so nobody works at its shell"),
                format!("Bring it back first: pve.practice(Fault::NodeUp(\"{name}\".into()))?"),
            )),
        }
    }

    fn fill(&mut self, fault: &Fault, id: &str) -> Result<(), Error> {
        let names: Vec<String> = self.storages.iter().map(|storage| storage.storage.clone()).collect();
        let Some(storage) = self.storages.iter().find(|storage| storage.storage == id) else {
            return Err(refused(fault, format!("There is no storage {id}"), format!("There are {}", names.join(", "))));
        };
        let nodes = self.nodes.iter().filter(|node| node.offline.is_none()).map(|node| {
            let (used, total) = storage.space(self, node, self.seconds());
            (node.name.clone(), i64::try_from(total - used).unwrap_or(i64::MAX))
        });
        let mut room: Vec<(String, i64)> = nodes.collect();
        if storage.shared {
            room.truncate(1);
        }
        room.into_iter().for_each(|(node, bytes)| self.note_written(id, &node, bytes));
        if let Some(storage) = self.storages.iter_mut().find(|storage| storage.storage == id) {
            storage.full = true;
        }
        Ok(())
    }

    /// The words in which a task is to fail, if its kind was named: once.
    pub(super) fn failure_of(&mut self, place: usize) -> Option<String> {
        let kind = &self.tasks[place].kind;
        let at = self.faults.failing.iter().position(|(failing, _)| failing == kind)?;
        Some(self.faults.failing.remove(at).1)
    }
}
