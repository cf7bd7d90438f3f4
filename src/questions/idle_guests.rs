//! Which guests do next to nothing, and which have far more than they use?
use crate::*;

/// What a guest used at most in a week, and its traffic on average.
struct Week {
    cpu: Ratio,
    memory: Bytes,
    a_second: Bytes,
}

impl Week {
    /// `None` of what was not seen for at least half of the week.
    fn of(history: &History) -> Option<Week> {
        let whole = |bytes: f64| Bytes(bytes.max(0.0) as u64);
        let traffic = history.average(|point| Some(point.netin? + point.netout?))?;
        let (cpu, memory) = (history.most(|point| point.cpu)?, history.most(|point| point.mem)?);
        let is_known = history.coverage(|point| point.cpu) >= 0.5;
        is_known.then(|| Week { cpu: Ratio(cpu), memory: whole(memory), a_second: whole(traffic) })
    }

    fn is_idle(&self) -> bool {
        self.cpu < 0.02 && self.a_second < Bytes(1_024)
    }

    /// What stands out, in words.
    fn says(&self, guest: &Guest) -> Option<&'static str> {
        let few_cores = guest.maxcpu > 1 && self.cpu < 0.25;
        let little_memory = guest.maxmem.known().and_then(|all| self.memory.of(all)).is_some_and(|used| used < 0.5);
        match (self.is_idle(), few_cores, little_memory) {
            (true, ..) => Some("next to idle"),
            (false, true, true) => Some("more CPU and memory than it uses"),
            (false, true, false) => Some("more CPU than it uses"),
            (false, false, true) => Some("more memory than it uses"),
            (false, false, false) => None,
        }
    }
}

/// Running guests by what they used at most in a week. A point is the average of half an hour, so a short peak may have
/// been higher; the memory of a virtual machine holds what its system keeps as a cache.
///
/// # Errors
/// When the guests cannot be read.
pub fn idle_guests(pve: &Pve) -> Result<Page, Error> {
    let running = pve.one_look().guests()?.filter(|guest| guest.is_running());
    let weeks = running.each(|guest| {
        let history = guest.history(Span::Week)?;
        Ok((Week::of(&history), history.evidence()))
    });
    let judged: Vec<(&Guest, &Week)> =
        weeks.iter().filter_map(|(guest, (week, _))| Some((guest, week.as_ref()?))).collect();
    let mut found: Vec<(&Guest, &Week, &str)> =
        judged.iter().filter_map(|(guest, week)| Some((*guest, *week, week.says(guest)?))).collect();
    let unused = |guest: &Guest, week: &Week| guest.maxmem.known().unwrap_or_default() - week.memory;
    found.sort_by_key(|(guest, week, _)| (Reverse(week.is_idle()), Reverse(unused(guest, week)), guest.vmid));
    let idle = found.iter().filter(|(_, week, _)| week.is_idle()).count();
    let memory: Bytes = found.iter().map(|(guest, week, _)| unused(guest, week)).sum();
    let rest = match weeks.len() - judged.len() {
        0 => ".".to_owned(),
        1 => "; 1 more ran for too short a time to be judged.".to_owned(),
        n => format!("; {n} more ran for too short a time to be judged."),
    };
    let rows = found.iter().map(|(guest, week, says)| {
        vec![
            Cell::from(*guest),
            State::new(Tone::Held, *says).into(),
            Cell::from(guest.maxcpu),
            Cell::from(week.cpu),
            Cell::usage(Reading::Known(week.memory), guest.maxmem),
            Cell::from(unused(guest, week)),
            Cell::from(format!("{}/s", week.a_second)),
        ]
    });
    let columns = ["Guest", "In the last week", "Cores", "CPU, at most", "Memory, at most", "Never used", "Network"];
    Ok(Page::new("Idle and oversized guests")
        .question("Which guests do next to nothing, and which have far more than they use?")
        .answer(
            format!("{idle} of {} running guests are next to idle, {} have more than they use", judged.len(), found.len() - idle),
            format!("; {memory} of their memory was never used in the last week{rest}"),
        )
        .paragraph(
            "Next to idle: below 2% of its CPU all week, and less than 1 KiB/s. More than it uses: below a quarter of several \
             cores, or below half of the memory.",
        )
        .table(Grid::new(columns).rows(rows).at_most(50))
        .code("questions::code(\"idle_guests\")?")
        .based_on(&weeks))
}
