//! How guests are shown: in lists, in their state, their configuration, their snapshots, their guest agent.
//!
//! Knows which field PVE gives where, and in which type; changes nothing.

use serde_json::{Map, Value, json};

use super::answer::{Answered, Params, Refusal, failed};
use super::images::Feature;
use super::rrd::{merge, mix, plain};
use super::state::{Guest, Kind, Ms, Power, State};

impl Power {
    /// As `/cluster/resources` and `qmpstatus` have it.
    fn word(self) -> &'static str {
        match self {
            Power::Stopped => "stopped",
            Power::Running => "running",
            Power::Paused => "paused",
        }
    }
}

impl Guest {
    /// Its row in `/cluster/resources`, behind by some seconds.
    pub(super) fn resource(&self, state: &State) -> Value {
        let mut row = json!({
            "id": format!("{}/{}", self.kind.word(), self.vmid), "type": self.kind.word(), "node": self.node,
            "vmid": self.vmid, "status": "unknown",
        });
        // Of one that was only just made nothing is known yet.
        let seen = state.last_seen(&self.node).filter(|at| self.made.is_none_or(|made| made <= *at));
        if let Some(at) = seen {
            let (power, (mem, host)) = (self.power_at(at), self.memory_use(at));
            merge(
                &mut row,
                json!({
                    "status": power.word(), "name": self.name(), "maxcpu": self.cores(), "maxmem": self.memory(),
                    "maxdisk": self.maxdisk(), "cpu": plain(self.cpu_at(at)), "mem": mem, "memhost": host,
                    "disk": self.disk_now(at), "template": u8::from(self.is_set("template")), "uptime": self.uptime_at(at),
                }),
            );
            merge(&mut row, self.counters(at, true));
            merge(&mut row, json!(self.lock().map(|lock| json!({ "lock": lock }))));
        }
        if let Some(word) = self.ha_word() {
            merge(&mut row, json!({ "hastate": word }));
        }
        for (key, value) in [("tags", self.text("tags")), ("pool", self.pool.as_deref())] {
            if let Some(value) = value {
                merge(&mut row, json!({ key: value }));
            }
        }
        row
    }

    /// The same as a member of a pool, which leaves some fields out.
    pub(super) fn member(&self, state: &State) -> Value {
        let mut row = self.resource(state);
        if let Value::Object(row) = &mut row {
            for key in ["pool", "tags", "hastate", "lock"] {
                row.remove(key);
            }
        }
        row
    }

    /// Its memory as it says itself, and as the node sees it.
    fn memory_use(&self, at: Ms) -> (u64, u64) {
        let mem = self.mem_at(at);
        (mem, if self.kind == Kind::Qemu { mem + (mem >> 6) } else { 0 })
    }

    fn disk_now(&self, at: Ms) -> u64 {
        if self.power_at(at) == Power::Stopped { 0 } else { self.disk_used() }
    }

    fn counters(&self, at: Ms, disks: bool) -> Value {
        let mut counters = json!({ "netin": self.counter(1, at), "netout": self.counter(2, at) });
        if disks {
            merge(&mut counters, json!({ "diskread": self.counter(3, at), "diskwrite": self.counter(4, at) }));
        }
        counters
    }

    /// Its row in the list of its node, which is always up to date.
    pub(super) fn listed(&self, now: Ms) -> Value {
        let on = self.power_at(now) != Power::Stopped;
        let (mem, host) = self.memory_use(now);
        let lxc = self.kind == Kind::Lxc;
        let mut row = json!({
            "vmid": self.vmid, "name": self.name(), "status": if on { "running" } else { "stopped" },
            "cpus": self.cores(), "cpu": plain(self.cpu_at(now)), "mem": mem, "maxmem": self.memory(),
            "disk": self.disk_now(now), "maxdisk": self.maxdisk(), "uptime": self.uptime_at(now),
        });
        merge(&mut row, self.counters(now, lxc));
        merge(
            &mut row,
            if lxc {
                json!({ "type": "lxc", "swap": 0, "maxswap": self.number("swap").unwrap_or(0) << 20 })
            } else {
                json!({ "memhost": host })
            },
        );
        if on {
            merge(&mut row, json!({ "pid": self.pid(on) }));
            merge(&mut row, self.pressures(now));
        }
        for key in ["tags", "lock"] {
            if let Some(value) = self.text(key) {
                merge(&mut row, json!({ key: value }));
            }
        }
        if self.is_set("template") {
            merge(&mut row, json!({ "template": 1 }));
        }
        row
    }

    /// The process that it runs in.
    pub(super) fn pid(&self, on: bool) -> u64 {
        if on { 1_200 + mix(u64::from(self.vmid)) % 900_000 } else { 0 }
    }

    /// Numbers of a VM, strings of a container.
    fn pressures(&self, now: Ms) -> Value {
        let some = (self.cpu_at(now) * 40.0).round() / 100.0;
        let mut pressures = Map::new();
        for what in ["cpu", "io", "memory"] {
            for (part, value) in [("some", if what == "cpu" { some } else { 0.0 }), ("full", 0.0)] {
                let value = if self.kind == Kind::Qemu { plain(value) } else { format!("{value:.2}").into() };
                pressures.insert(format!("pressure{what}{part}"), value);
            }
        }
        pressures.into()
    }

    pub(super) fn current(&self, now: Ms) -> Value {
        let mut row = self.listed(now);
        let ha = match self.is_ha_managed() {
            true => json!({ "managed": 1, "state": self.ha_phase() }),
            false => json!({ "managed": 0 }),
        };
        merge(&mut row, json!({ "ha": ha }));
        if self.kind == Kind::Qemu {
            merge(&mut row, json!({ "qmpstatus": self.power_at(now).word(), "clipboard": null }));
            if self.has_agent() {
                merge(&mut row, json!({ "agent": 1 }));
            }
            if self.power_at(now) != Power::Stopped {
                merge(&mut row, self.process(now));
            }
        }
        row
    }

    /// What only the QEMU process tells.
    fn process(&self, now: Ms) -> Value {
        let [netin, netout, read, written] = [1, 2, 3, 4].map(|which| self.counter(which, now));
        let drive = json!({
            "rd_bytes": read, "rd_operations": read / 24_000, "wr_bytes": written, "wr_operations": written / 9_000,
            "failed_rd_operations": 0, "failed_wr_operations": 0, "invalid_rd_operations": 0,
            "invalid_wr_operations": 0, "timed_stats": [], "account_failed": true, "account_invalid": true,
        });
        let drives: Map<String, Value> = self.disks().map(|(key, ..)| (key.to_owned(), drive.clone())).collect();
        json!({
            "diskread": read, "diskwrite": written, "blockstat": drives, "balloon": self.memory(),
            "ballooninfo": { "actual": self.memory(), "max_mem": self.memory() },
            "nics": { format!("tap{}i0", self.vmid): { "netin": netin, "netout": netout } },
            "running-machine": "pc-i440fx-10.1+pve0", "running-qemu": "10.1.2",
            "proxmox-support": {
                "backup-access-api": true, "backup-fleecing": true, "backup-max-workers": true,
                "pbs-dirty-bitmap": true, "pbs-dirty-bitmap-migration": true, "pbs-dirty-bitmap-savevm": true,
                "pbs-library-version": "2.0.1", "pbs-masterkey": true, "query-bitmap-info": true,
            },
        })
    }

    pub(super) fn has_agent(&self) -> bool {
        self.text("agent").is_some_and(|agent| agent.starts_with('1'))
    }

    /// The configuration as it will be with what waits, or as it is, or as a snapshot keeps it.
    pub(super) fn config_answer(&self, params: Params<'_>) -> Answered {
        let params = params.only(&["current", "snapshot"])?;
        let current = params.flag("current")?;
        match params.get("snapshot") {
            Some(_) if current => {
                let why = "cannot use 'snapshot' parameter with 'current'";
                let both = ["snapshot", "current"].map(|key| (key.to_owned(), why.to_owned()));
                Err(Refusal::Parameters(both.into()))
            }
            Some(name) => {
                let mut config = self.config_of_snapshot(name)?;
                merge(&mut config, json!({ "digest": self.digest() }));
                Ok(config)
            }
            None => Ok(self.shown_config(!current)),
        }
    }

    /// The configuration with its digest, with or without what waits for a start.
    fn shown_config(&self, with_pending: bool) -> Value {
        let mut config = self.config.clone();
        if with_pending {
            config.retain(|key, _| !self.pending_delete.contains_key(key));
            config.extend(self.pending.clone());
        }
        config.insert("digest".into(), self.digest().into());
        config.into()
    }

    /// Stands for the SHA-1 of the configuration file: as long, and another one after every change.
    pub(super) fn digest(&self) -> String {
        let mut text = Value::from(self.config.clone()).to_string();
        if !self.pending.is_empty() || !self.pending_delete.is_empty() {
            text += &json!([self.pending, self.pending_delete]).to_string();
        }
        for snapshot in &self.snapshots {
            text += &json!([snapshot.name, snapshot.description, snapshot.time, snapshot.parent]).to_string();
        }
        let folded = text.bytes().fold(u64::from(self.vmid), |hash, byte| mix(hash ^ u64::from(byte)));
        let words = [mix(folded), mix(folded + 1), mix(folded + 2)];
        words.map(|word| format!("{word:016x}")).concat()[..40].to_owned()
    }

    /// Each option with its value, and with what it will be when the guest starts anew.
    pub(super) fn pending(&self) -> Value {
        let mut config = self.config.clone();
        config.insert("digest".into(), self.digest().into());
        let mut rows: Vec<Value> = Vec::new();
        for (key, value) in config {
            let mut row = json!({ "key": key, "value": value });
            merge(&mut row, json!(self.pending.get(&key).map(|pending| json!({ "pending": pending }))));
            merge(
                &mut row,
                json!(self.pending_delete.get(&key).map(|force| json!({ "delete": 1 + u8::from(*force) }))),
            );
            rows.push(row);
        }
        let new = self.pending.iter().filter(|(key, _)| !self.config.contains_key(*key));
        rows.extend(new.map(|(key, value)| json!({ "key": key, "pending": value })));
        rows.into()
    }

    /// Its snapshots, and PVE's pseudo entry for the present.
    pub(super) fn snapshot_list(&self, now: Ms) -> Value {
        let mut rows: Vec<Value> = Vec::new();
        for snapshot in &self.snapshots {
            let mut row = json!({
                "name": snapshot.name, "description": snapshot.description, "snaptime": snapshot.time,
            });
            if self.kind == Kind::Qemu {
                merge(&mut row, json!({ "vmstate": u8::from(snapshot.vmstate) }));
            }
            merge(&mut row, json!(snapshot.parent.as_ref().map(|parent| json!({ "parent": parent }))));
            rows.push(row);
        }
        let running = u8::from(self.power_at(now) != Power::Stopped);
        let mut current = json!({
            "name": "current", "description": "You are here!", "digest": self.digest(), "running": running,
        });
        merge(&mut current, json!(self.text("parent").map(|parent| json!({ "parent": parent }))));
        rows.push(current);
        rows.into()
    }

    /// The configuration that a snapshot keeps.
    pub(super) fn config_of_snapshot(&self, name: &str) -> Answered {
        let Some(snapshot) = self.snapshots.iter().find(|snapshot| snapshot.name == name) else {
            return failed(format!("snapshot '{name}' does not exist"));
        };
        let mut config = snapshot.config.clone();
        for key in ["parent", "lock", "description"] {
            config.remove(key);
        }
        if let Some(parent) = &snapshot.parent {
            config.insert("parent".into(), parent.as_str().into());
        }
        if !snapshot.description.is_empty() {
            config.insert("description".into(), snapshot.description.as_str().into());
        }
        config.insert("snaptime".into(), snapshot.time.into());
        Ok(config.into())
    }

    pub(super) fn feature(&self, state: &State, params: Params<'_>) -> Answered {
        let params = params.only(&["feature", "snapname"])?;
        params.required("feature")?;
        let feature = match params.one_of("feature", &["snapshot", "clone", "copy"])? {
            Some("clone") => Feature::Clone,
            Some("copy") => Feature::Copy,
            _ => Feature::Snapshot,
        };
        let config = match params.get("snapname") {
            None => &self.config,
            Some(name) => match self.snapshots.iter().find(|snapshot| snapshot.name == name) {
                Some(snapshot) => &snapshot.config,
                None => return failed(format!("snapshot '{name}' does not exist")),
            },
        };
        let has = u8::from(state.has_feature(self, config, feature, params.get("snapname").is_some()));
        if self.kind == Kind::Lxc {
            return Ok(json!({ "hasFeature": has }));
        }
        let reached = state.nodes.iter().filter(|node| node.name == self.node || state.is_shared(self));
        let nodes: Vec<&str> = reached.map(|node| node.name.as_str()).collect();
        Ok(json!({ "hasFeature": has, "nodes": nodes }))
    }
}
