//! The numbers that change by themselves: load curves of guests, nodes and storages, now and in the past.
//!
//! Everything follows from identity and time, so that the same moment always shows the same numbers.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use serde_json::{Map, Value, json};

use super::answer::{Answered, Params};
use super::state::{Guest, Kind, Ms, Node, Power, State, Storage};

const GIB: f64 = 1_073_741_824.0;

/// A number between -1 and 1 that only looks random.
pub(super) fn noise(who: u64, tick: i64) -> f64 {
    (mix(who ^ mix(tick.unsigned_abs())) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Scatters neighbouring numbers over the whole range.
pub(super) fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The noise of five-minute steps, joined by straight lines.
fn drift(who: u64, seconds: i64) -> f64 {
    let (step, into) = (seconds.div_euclid(300), seconds.rem_euclid(300) as f64 / 300.0);
    noise(who, step) * (1.0 - into) + noise(who, step + 1) * into
}

/// The time of day as a wave: highest at 14:00, lowest at 02:00.
fn day(seconds: i64) -> f64 {
    ((seconds - 8 * 3600).rem_euclid(86_400) as f64 / 86_400.0 * TAU).sin()
}

/// Kept short, so that the last digits of a sine matter on no machine.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// A number as Perl writes it: a whole one without a point.
pub(super) fn plain(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

impl Guest {
    /// The part of its processors in use.
    pub(super) fn cpu_at(&self, at: Ms) -> f64 {
        let (who, seconds) = (u64::from(self.vmid), at / 1000);
        match self.power_at(at) {
            Power::Running => {
                let busy = self.load.0 * (1.0 + 0.45 * day(seconds) + 0.3 * drift(who, seconds));
                rounded((busy + 0.004 * noise(who + 7, seconds / 10)).clamp(0.001, 0.99))
            }
            _ => 0.0,
        }
    }

    pub(super) fn mem_at(&self, at: Ms) -> u64 {
        let (who, seconds) = (u64::from(self.vmid) << 8, at / 1000);
        if self.power_at(at) == Power::Stopped {
            return 0;
        }
        // A fresh guest fills its memory over five minutes.
        let filled = 0.25 + 0.75 * (self.uptime_at(at) as f64 / 300.0).min(1.0);
        let part = self.load.1 * (1.0 + 0.05 * day(seconds) + 0.03 * drift(who, seconds)) * filled;
        let pages = (part.clamp(0.02, 0.99) * self.memory() as f64 / 4096.0).round();
        pages as u64 * 4096
    }

    /// What is used of its root disk: known of containers only.
    pub(super) fn disk_used(&self) -> u64 {
        if self.kind == Kind::Qemu {
            return 0;
        }
        let part = 0.45 + 0.3 * noise(u64::from(self.vmid), 0);
        (self.maxdisk() as f64 * part / 4096.0).round() as u64 * 4096
    }

    /// Bytes since it was started, at a steady pace of its own.
    pub(super) fn counter(&self, which: u64, at: Ms) -> u64 {
        let pace = 2_000 + mix(u64::from(self.vmid) * 8 + which) % 90_000;
        u64::try_from(self.uptime_at(at)).unwrap_or_default() * pace
    }

    fn rrd_row(&self, seconds: i64) -> Value {
        let at = seconds * 1000;
        let mut row = json!({
            "time": seconds, "maxcpu": self.cores(), "maxmem": self.memory(), "maxdisk": self.maxdisk(),
            "disk": self.disk_used(),
        });
        if self.power_at(at) != Power::Stopped {
            let (mem, cpu) = (self.mem_at(at), self.cpu_at(at));
            merge(&mut row, json!({ "cpu": plain(cpu), "mem": mem }));
            for (which, key) in [(1, "netin"), (2, "netout"), (3, "diskread"), (4, "diskwrite")] {
                let pace = (2_000 + mix(u64::from(self.vmid) * 8 + which) % 90_000) as f64;
                merge(&mut row, json!({ key: plain((pace * (0.6 + 2.0 * cpu)).round()) }));
            }
            merge(&mut row, pressures(cpu));
            if self.kind == Kind::Qemu {
                merge(&mut row, json!({ "memhost": mem + (mem >> 6) }));
            }
        }
        row
    }
}

fn pressures(cpu: f64) -> Value {
    let some = rounded(cpu * cpu * 6.0);
    json!({
        "pressurecpusome": plain(some), "pressurecpufull": 0, "pressureiosome": plain(rounded(some / 3.0)),
        "pressureiofull": plain(rounded(some / 4.0)), "pressurememorysome": 0, "pressurememoryfull": 0,
    })
}

/// Adds the fields of one object to another.
pub(super) fn merge(row: &mut Value, more: Value) {
    if let (Value::Object(row), Value::Object(more)) = (row, more) {
        row.extend(more);
    }
}

/// What a node uses at a moment.
pub(super) struct Use {
    pub(super) cpu: f64,
    pub(super) mem: u64,
}

impl State {
    /// What a node's guests and its own services use.
    pub(super) fn use_of(&self, node: &Node, at: Ms) -> Use {
        let own = 0.015 + 0.01 * drift(u64::from(node.id) << 40, at / 1000).abs();
        let busy: f64 = self.guests_on(&node.name).map(|guest| guest.cpu_at(at) * guest.cores() as f64).sum();
        let mem: u64 = self.guests_on(&node.name).map(|guest| guest.mem_at(at)).sum();
        let services = (4.2 * GIB) as u64 + u64::from(node.id) * 91_000_832;
        let cpu = rounded((own + busy / f64::from(node.cpus.max(1))).min(0.99));
        Use { cpu, mem: (mem + services).min(node.mem_gib << 30) }
    }
}

impl Node {
    fn root(&self) -> (u64, u64) {
        let total = self.root_gib << 30;
        ((total as f64 * self.root_used / 4096.0).round() as u64 * 4096, total)
    }

    /// What is used of its own file system, with what storages on it hold.
    pub(super) fn root_at(&self, state: &State, seconds: i64) -> (u64, u64) {
        let on_it = state.storages.iter().find(|storage| storage.total_gib == 0 && !storage.disable);
        on_it.map_or_else(|| self.root(), |storage| storage.space_at(state, self, seconds))
    }

    fn is_silent(&self, seconds: i64) -> bool {
        self.offline.is_some_and(|since| seconds >= since)
            || self.gaps.iter().any(|(from, to)| (*from..*to).contains(&seconds))
    }
}

/// Step in seconds and number of rows of each time frame.
fn frame(params: Params<'_>) -> Answered<(i64, i64)> {
    let params = params.only(&["timeframe", "cf", "ds"])?;
    params.one_of("cf", &["AVERAGE", "MAX"])?;
    params.required("timeframe")?;
    Ok(match params.one_of("timeframe", &["hour", "day", "week", "month", "year", "decade"])? {
        Some("hour") => (60, 60),
        Some("day") => (60, 1440),
        Some("week") => (1800, 336),
        Some("month") => (1800, 1440),
        Some("year") => (21_600, 1439),
        _ => (604_800, 569),
    })
}

/// Rows from the oldest to the latest; those without data hold their time alone.
fn rows(state: &State, params: Params<'_>, row: impl Fn(i64) -> Option<Value>) -> Answered {
    let (step, count) = frame(params)?;
    let last = state.seconds() / step * step;
    let first_full = last - step * (count - 3);
    let times = (0..count).map(|n| last - step * (count - 1 - n));
    let bare = |time| json!({ "time": time });
    // What is kept for long is the average of its time: of a week, all hours of the day are in it.
    let at = |time| if step < LONG { row(time) } else { average(time, step, &row) };
    Ok(times.map(|time| if time < first_full { bare(time) } else { at(time).unwrap_or_else(|| bare(time)) }).collect())
}

/// From here on a point is worked out from several moments of its time.
const LONG: i64 = 21_600;

/// The average of some moments in the time that ends at this one.
fn average(time: i64, step: i64, row: impl Fn(i64) -> Option<Value>) -> Option<Value> {
    const MOMENTS: i64 = 12;
    let rows = (0..MOMENTS).filter_map(|n| row(time - step * n / MOMENTS));
    let mut sums: Map<String, Value> = Map::new();
    let mut seen: BTreeMap<String, (f64, f64, bool)> = BTreeMap::new();
    for row in rows {
        for (key, value) in fields(row) {
            match value.as_f64() {
                Some(number) => {
                    let (sum, n, whole) = seen.entry(key).or_insert((0.0, 0.0, true));
                    (*sum, *n, *whole) = (*sum + number, *n + 1.0, *whole && !value.is_f64());
                }
                None => {
                    sums.insert(key, value);
                }
            }
        }
    }
    for (key, (sum, n, whole)) in seen {
        let mean = sum / n;
        sums.insert(key, plain(if whole { mean.round() } else { rounded(mean) }));
    }
    sums.insert("time".to_owned(), time.into());
    (sums.len() > 1).then(|| sums.into())
}

pub(super) fn of_guest(state: &State, guest: &Guest, params: Params<'_>) -> Answered {
    let node = state.node(&guest.node);
    rows(state, params, |time| (!node.is_some_and(|node| node.is_silent(time))).then(|| guest.rrd_row(time)))
}

pub(super) fn of_node(state: &State, node: &Node, params: Params<'_>) -> Answered {
    let memtotal = node.mem_gib << 30;
    rows(state, params, |time| {
        if node.is_silent(time) || time < node.known_since.unwrap_or(node.boot) {
            return None;
        }
        let (rootused, roottotal) = node.root_at(state, time);
        let Use { cpu, mem } = state.use_of(node, time * 1000);
        let mut row = json!({
            "time": time, "cpu": cpu, "maxcpu": node.cpus, "iowait": rounded(cpu / 40.0),
            "loadavg": rounded(cpu * f64::from(node.cpus) * 1.1), "memtotal": memtotal, "memused": mem,
            "memavailable": memtotal - mem, "arcsize": 0, "swaptotal": 8_589_934_592_u64, "swapused": 0,
            "roottotal": roottotal, "rootused": rootused, "netin": plain((cpu * 9e6).round()),
            "netout": plain((cpu * 7e6).round()),
        });
        let mut pressures = fields(pressures(cpu));
        pressures.remove("pressurecpufull");
        merge(&mut row, pressures.into());
        Some(row)
    })
}

pub(super) fn of_storage(state: &State, node: &Node, storage: &Storage, params: Params<'_>) -> Answered {
    rows(state, params, |time| {
        let (used, total) = storage.space(state, node, time);
        (!node.is_silent(time) && total > 0).then(|| json!({ "time": time, "total": total, "used": used }))
    })
}

impl Storage {
    /// How its use swings around its course, by the day and by the week.
    fn swing(&self, seconds: i64) -> f64 {
        const DAY: i64 = 86_400;
        let who = self.storage.bytes().fold(0, |who, letter| mix(who ^ u64::from(letter)));
        let (day, into) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY) as f64 / DAY as f64);
        let days = noise(who, day) * (1.0 - into) + noise(who, day + 1) * into;
        // Pruned on the night to Monday.
        let week = (seconds - 4 * DAY).rem_euclid(7 * DAY) as f64 / (7 * DAY) as f64;
        self.swings * (0.5 * days + week)
    }

    /// Used and total bytes as a node sees them, on the way to what is used now.
    pub(super) fn space(&self, state: &State, node: &Node, seconds: i64) -> (u64, u64) {
        if self.disable || node.offline.is_some() {
            return (0, 0);
        }
        self.space_at(state, node, seconds)
    }

    /// The same, however the node is.
    pub(super) fn space_at(&self, state: &State, node: &Node, seconds: i64) -> (u64, u64) {
        if self.disable {
            return (0, 0);
        }
        if self.full && seconds >= state.seconds() {
            let total = if self.total_gib == 0 { node.root().1 } else { self.total_gib << 30 };
            return (total, total);
        }
        if self.total_gib == 0 {
            let (used, total) = node.root();
            return (used.saturating_add_signed(state.written(self, node, seconds)).min(total), total);
        }
        let total = self.total_gib << 30;
        let days = (state.seconds() - seconds) as f64 / 86_400.0;
        let own = if self.shared { 0.0 } else { 0.02 * f64::from(node.id) };
        let swung = self.swing(seconds) - self.swing(state.seconds());
        let used = total as f64 * ((self.used + own) * (1.0 - self.grows * days).max(0.1) + swung).max(0.0);
        let used = (used / 4096.0).round() as u64 * 4096;
        (used.saturating_add_signed(state.written(self, node, seconds)).min(total), total)
    }
}

/// Fields as a map, where PVE has an object.
pub(super) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
