//! The page of a guest, part by part.

use crate::error::Error;
use crate::model::access::right::{self, Right};
use crate::model::cluster::backup_job::BackupJob;
use crate::model::guest::config::Config;
use crate::model::guest::disk::on_storage::storages_call;
use crate::model::guest::page::{cpu_cell, join};
use crate::model::guest::{Guest, GuestKind, Status};
use crate::model::inspect::{FOUND, Inspection, raw_lines, without};
use crate::model::lens::{self, Inspected};
use crate::model::list::{List, Listed, count};
use crate::model::task::{self, Task};
use crate::page::{Cell, Level, Page};
use crate::render::View;
use crate::text::Text;
use crate::units::{Reading, Why};
use crate::wire::Call;

impl Guest {
    /// What it is and how it does, from what was read already; the first part of its page.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let page = Pve::demo()?.guest("web-1")?.overview();
    /// assert!(page.text().contains("High availability"));
    /// # Ok(()) }
    /// ```
    pub fn overview(&self) -> Page {
        let kind = if self.is_vm() { "virtual machine" } else { "container" };
        let root = self.is_ct().then(|| ("Root disk", Cell::usage(self.disk, self.maxdisk)));
        let disk = self.is_vm().then(|| ("First disk", self.maxdisk.into()));
        let head = [("State", Cell::from(self.state())), ("What", kind.into()), ("Node", Cell::from(&self.node))];
        let load = [("CPU", cpu_cell(self.cpu, self.maxcpu)), ("Memory", Cell::usage(self.mem, self.maxmem))];
        let tail = [
            ("Running for", Cell::from(self.uptime)),
            ("High availability", self.hastate.clone().map_or(Cell::from("does not look after it"), Cell::from)),
            ("Pool", self.pool.clone().map_or(Cell::from("none"), Cell::from)),
            ("Tags", if self.tags.is_empty() { Cell::from("none") } else { join(&self.tags) }),
        ];
        let facts = head.into_iter().chain(load).chain(root).chain(disk).chain(tail);
        Page::new(self.title())
            .question(QUESTION)
            .facts(lens::facts(self, facts, &self.provenance))
            .provenance((*self.provenance).clone())
    }

    /// What it does, in a few words.
    fn answer(&self) -> String {
        match self.status {
            _ if self.template => format!("{} is a template", self.called().raw()),
            Status::Unknown => format!("The state of {} is not known", self.called().raw()),
            _ => format!("{} is {}", self.called().raw(), self.status),
        }
    }

    /// Where it does so and for how long, or why that is not known; and what stands in its way.
    fn whereabouts(&self) -> String {
        let mut words = match (&self.status, self.cpu.why(), self.uptime) {
            (Status::Unknown, Some(Why::NodeOffline), _) => format!(": {} is offline", self.node),
            (Status::Unknown, Some(why), _) => format!(": {why}, on {}", self.node),
            (Status::Running, _, Reading::Known(uptime)) => format!(" on {}, for {uptime}", self.node),
            _ => format!(" on {}", self.node),
        };
        if let Some(lock) = &self.lock {
            words.push_str(&format!("; locked: {lock}"));
        }
        match self.hastate.as_ref().map(Text::raw) {
            Some("started") if self.is_stopped() => words.push_str("; high availability should have it run"),
            Some(state @ ("error" | "fence")) => words.push_str(&format!("; high availability: {state}")),
            _ => {}
        }
        words + "."
    }

    fn title(&self) -> String {
        let number = format!("{} {}", self.kind, self.vmid);
        match &self.name {
            Reading::Known(name) => format!("{} · {number}", name.raw()),
            Reading::Missing(_) => number,
        }
    }

    /// What its page reads of the whole cluster, and what of its node.
    fn reads(&self, of_the_node: bool) -> Vec<Call> {
        let mut all = vec![Call::get("/cluster/backup"), right::call(&self.access_path())];
        if of_the_node {
            all.push(storages_call());
            all.extend(["config", "pending", "snapshot"].map(|below| Call::get(self.path(below))));
            all.extend([task::call_of_guest(self), Call::get(format!("/nodes/{}/network", self.node.raw()))]);
        }
        all
    }

    fn access_path(&self) -> String {
        format!("/vms/{}", self.vmid)
    }

    /// What this session's identity may do with it, from `/access/permissions?path=/vms/{vmid}`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn permissions(&self) -> Result<List<Right>, Error> {
        Right::on(&self.session, &self.access_path(), self.called().raw())
    }

    /// What people wrote about it.
    fn notes(config: &Result<Config, Error>) -> Option<Page> {
        let notes = config.as_ref().ok()?.notes()?;
        Some(Page::new("").lines(notes.raw().lines()))
    }

    /// The jobs that save it, and the last backup that was made of it alone.
    fn saved(&self, tasks: Option<&List<Task>>) -> Result<Page, Error> {
        let jobs = self.backup_jobs()?;
        let enabled = jobs.filter(BackupJob::is_enabled).len();
        let fact = match (jobs.len(), enabled) {
            (0, _) => "No backup job saves it".to_owned(),
            (n, 0) => format!("{}, switched off", count(n, BackupJob::NOUN)),
            (_, n) => format!("in {}", count(n, ("backup job", "backup jobs"))),
        };
        let page = Page::new("").answer(fact, ".");
        let page = if jobs.is_empty() { page } else { page.table(jobs.table().hide_column("Saves").grid()) };
        let last = tasks.and_then(|tasks| tasks.find(|task| task.kind == "vzdump"));
        let page = match last {
            Some(last) => page.paragraph(format!(
                "The last backup of it alone began {} ago: {}.",
                self.session.now().since(last.started),
                last.status
            )),
            None => page,
        };
        let page = page.paragraph("Its backups are listed by its storages, which may take a while:");
        Ok(page.code(format!("{}.backups()?", self.code())).provenance(jobs.provenance()))
    }

    /// The parts that only its node can tell.
    fn parts_of_the_node(&self, page: Inspection) -> Inspection {
        let (config, tasks) = (self.config(), self.tasks());
        let page = match Guest::notes(&config) {
            Some(notes) => page.part("Notes", ".config()?.notes()", Ok(notes)),
            None => page,
        };
        page.part("Configuration", ".config()?", config.map(|config| config.settings()))
            .part("Disks", ".disks()?", self.disks().map(|disks| disks.page()))
            .part("Network", ".nets()?", self.nets().map(|nets| nets.page()))
            .part("Snapshots", ".snapshot_tree()?", self.snapshot_tree())
            .part("Backups", ".backup_jobs()?", self.saved(tasks.as_ref().ok()))
            .part("Recent tasks", ".tasks()?.take(10)", tasks.map(|tasks| without(&tasks.take(10), &["Node"])))
    }
}

const QUESTION: &str = "What is it, where is it, and how does it do?";

impl Inspected for Guest {
    const PARTS: &'static [&'static str] = &[
        "Status",
        "Notes",
        "Configuration",
        "Disks",
        "Network",
        "Snapshots",
        "Backups",
        "Recent tasks",
        "Permissions",
        "History",
        "Details",
        "Firewall",
        "Drawings",
        "Addresses",
        "Raw data",
        FOUND,
    ];
}

impl View for Guest {
    fn page(&self) -> Page {
        let away = self.cpu.why() == Some(Why::NodeOffline);
        let ahead = Guest { session: self.session.ahead(self.reads(!away)), ..self.clone() };
        let top = Page::new(self.title()).question(QUESTION).answer(self.answer(), self.whereabouts());
        let next = format!("{}.start()", self.code());
        let page = Inspection::of(&ahead, self.code(), &self.provenance, top)
            .open("Status", ".overview()", self.overview().code(format!("pve.why(&{}, \"mem\")?", self.code())))
            .with(|page| if self.is_stopped() && !self.template { page.code(next) } else { page });
        let page = if away {
            let words = format!("Its configuration, snapshots and tasks can be read once {} answers again.", self.node);
            let code = format!("pve.node({:?})?", self.node.raw());
            let page = page.with(|page| page.note(Level::Info, words).code(code));
            page.part("Backups", ".backup_jobs()?", ahead.saved(None))
        } else {
            ahead.parts_of_the_node(page)
        };
        let page = page.part("Permissions", ".permissions()?", ahead.permissions().map(|rights| rights.page()));
        let page = if away { page } else { self.offers(page) };
        page.part("Raw data", ".raw()", Ok(raw_lines(&self.raw()))).page()
    }
}

impl Guest {
    /// What takes long or is seldom wanted.
    fn offers(&self, page: Inspection) -> Inspection {
        let page = page.offered("History", ".history(Span::Day)?", "How it was loaded, as a chart.").offered(
            "Details",
            ".details()?",
            "What it waits for, what went through its cards and drives, which QEMU runs it.",
        );
        let page =
            page.offered("Firewall", ".firewall().rules()?", "Its own rules; .options()? tells whether they hold.");
        let page = page.offered_as(
            "Drawings",
            "What its networks hang on, and where its disks lie. Much of the cluster is read.",
            &[".network_topology()?", ".storage_topology()?"],
        );
        match (self.is_running(), self.kind) {
            (true, GuestKind::Vm) => page.offered(
                "Addresses",
                ".addresses()?",
                "The addresses that it has inside. Its guest agent is asked, which may take a while.",
            ),
            (true, GuestKind::Ct) => page.offered("Addresses", ".addresses()?", "The addresses that it has inside."),
            _ => page,
        }
    }
}
