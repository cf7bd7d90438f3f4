//! Tasks that only ask high availability for something: it takes the request and acts on it some seconds later.

use super::course::Course;
use crate::twin::ha::Order;
use crate::twin::state::{Guest, Kind, State};

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) enum Request {
    Start,
    /// Within so many seconds.
    Stop {
        timeout: i64,
    },
    Migrate {
        target: String,
    },
}

impl Request {
    pub(super) fn task_type(&self) -> &'static str {
        match self {
            Request::Start => "hastart",
            Request::Stop { .. } => "hastop",
            Request::Migrate { .. } => "hamigrate",
        }
    }

    /// How the task goes that takes it.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        let no_quorum = (!state.is_quorate()).then(|| "cfs-lock 'domain-ha' error: no quorum!".to_owned());
        let (vmid, sid, what) = (guest.vmid, guest.sid(), format!("{} {}", guest.kind.short(), guest.vmid));
        let course = |said: String, command: String| match no_quorum.clone().or_else(|| guest.ha_refuses(&sid)) {
            Some(why) => {
                Course::fails(700, format!("command '{command}' failed: exit code 255")).line(300, said).line(600, why)
            }
            None => Course::ok(700).line(300, said),
        };
        match self.clone() {
            Request::Start => {
                let course =
                    course(format!("Requesting HA start for {what}"), format!("ha-manager set {sid} --state started"));
                course.then(600, move |state| state.want(vmid, "started"))
            }
            Request::Stop { timeout } => {
                let said = format!("Requesting HA stop for {what}");
                // It is an order to the manager, which takes it whatever state the guest is in.
                let course = match no_quorum {
                    Some(_) => course(said, format!("ha-manager crm-command stop {sid} {timeout}")),
                    None => Course::ok(700).line(300, said),
                };
                course.then(600, move |state| state.order(vmid, Order::Stop { timeout }))
            }
            Request::Migrate { target } => {
                let said = format!("Requesting HA migration for {what} to node {target}");
                let course = course(said, format!("ha-manager migrate {sid} {target}"));
                course.then(600, move |state| state.order(vmid, Order::Move { online: true, target }))
            }
        }
    }
}

impl State {
    /// The way in which high availability moves a guest: with its disks, if they lie on its node.
    pub(in crate::twin) fn ha_migration(&self, vmid: u32, target: String) -> super::Work {
        let running = self.guests.get(&vmid).is_some_and(|guest| guest.kind == Kind::Qemu);
        super::Work::Migrate(super::migrate::Migration::for_ha(target, running))
    }
}
