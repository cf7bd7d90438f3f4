//! Guests that are new: what a virtual machine or a container is to be, and the plan to make it.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::list::count;
use crate::model::node::Node;
use crate::page::{Page, Provenance};
use crate::plan::check::{self, place};
use crate::plan::configure::privilege_for;
use crate::plan::draft::{Act, Draft};
use crate::plan::{Check, Plan, newborn};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Reading};
use crate::wire::{Call, Method};

/// What a virtual machine is to be.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let spec = VmSpec::new("web-9")
///     .on_node("pve1")
///     .cores(2)
///     .memory(Bytes::gib(4))
///     .disk("ceph-vm", Bytes::gib(32))
///     .net("vmbr0")
///     .tag("owner.alice")
///     .pool("prod/web");
/// let done = pve.create(&spec).run()?;
/// assert!(pve.guest("web-9")?.is_stopped());
/// done.undo()?; // the plan to remove it
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct VmSpec(Spec);

/// What a container is to be.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let spec = CtSpec::new("dns-9", "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst")
///     .on_node("pve1")
///     .memory(Bytes::mib(512))
///     .disk("ceph-vm", Bytes::gib(8))
///     .net("vmbr0");
/// assert!(pve.create(&spec).page().text().contains("dns-9"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct CtSpec(Spec);

#[derive(Clone)]
struct Spec {
    is_vm: bool,
    name: String,
    vmid: Option<u32>,
    node: Option<String>,
    cores: u32,
    memory: Bytes,
    /// Storage and size of each disk.
    disks: Vec<(String, Bytes)>,
    /// Bridge and, where there is one, VLAN of each network card.
    nets: Vec<(String, Option<u16>)>,
    tags: Vec<String>,
    pool: Option<String>,
    template: Option<String>,
    cloud_init: Option<CloudInit>,
    start: bool,
    more: Vec<(String, String)>,
}

/// What cloud-init is told. A password is not among it: let people log in with keys.
#[derive(Clone)]
struct CloudInit {
    storage: String,
    user: String,
    ssh_key: String,
    address: String,
}

/// What both kinds of guest have in common.
macro_rules! common {
    ($type:ident) => {
        impl $type {
            /// Its number; without this the next that is free.
            pub fn vmid(mut self, vmid: u32) -> $type {
                self.0.vmid = Some(vmid);
                self
            }

            /// The node that it is made on.
            pub fn on_node(mut self, node: &str) -> $type {
                self.0.node = Some(node.to_owned());
                self
            }

            /// Its processors.
            pub fn cores(mut self, cores: u32) -> $type {
                self.0.cores = cores;
                self
            }

            /// The memory that it may use.
            pub fn memory(mut self, memory: Bytes) -> $type {
                self.0.memory = memory;
                self
            }

            /// One more disk, on this storage, of this size; of a container the first is its root.
            pub fn disk(mut self, storage: &str, size: Bytes) -> $type {
                self.0.disks.push((storage.to_owned(), size));
                self
            }

            /// One more network card, on this bridge or vnet.
            pub fn net(mut self, bridge: &str) -> $type {
                self.0.nets.push((bridge.to_owned(), None));
                self
            }

            /// One more network card, on this VLAN of a bridge.
            pub fn net_on_vlan(mut self, bridge: &str, vlan: u16) -> $type {
                self.0.nets.push((bridge.to_owned(), Some(vlan)));
                self
            }

            /// One more tag.
            pub fn tag(mut self, tag: &str) -> $type {
                self.0.tags.push(tag.to_owned());
                self
            }

            /// The pool that it belongs to.
            pub fn pool(mut self, pool: &str) -> $type {
                self.0.pool = Some(pool.to_owned());
                self
            }

            /// Starts it once it is made.
            pub fn started(mut self) -> $type {
                self.0.start = true;
                self
            }

            /// Any other setting, by the API's own name and words.
            pub fn set(mut self, key: &str, value: impl fmt::Display) -> $type {
                self.0.more.push((key.to_owned(), value.to_string()));
                self
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), self.0.sentence())
            }
        }

        impl crate::render::View for $type {
            fn page(&self) -> Page {
                self.0.page()
            }
        }

        impl From<&$type> for NewGuest {
            fn from(spec: &$type) -> NewGuest {
                NewGuest(spec.0.clone())
            }
        }
    };
}

common!(VmSpec);
common!(CtSpec);

/// A guest that is to be made: a [`VmSpec`] or a [`CtSpec`].
pub struct NewGuest(Spec);

impl VmSpec {
    /// One of 1 core and 2 GiB, with no disk and no network yet.
    pub fn new(name: &str) -> VmSpec {
        VmSpec(Spec::new(name, true, Bytes::gib(2)))
    }

    /// With a drive that tells cloud-init, on this storage: the user, their SSH key, and the address as Proxmox VE
    /// writes it (`ip=dhcp`, `ip=192.0.2.10/24,gw=192.0.2.1`).
    pub fn cloud_init(mut self, storage: &str, user: &str, ssh_key: &str, address: &str) -> VmSpec {
        let [storage, user, ssh_key, address] = [storage, user, ssh_key, address].map(str::to_owned);
        self.0.cloud_init = Some(CloudInit { storage, user, ssh_key, address });
        self
    }
}

impl CtSpec {
    /// One of 1 core and 512 MiB, made of this template: `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`. It has no
    /// disk and no network yet, and runs without the privileges of its node.
    pub fn new(name: &str, template: &str) -> CtSpec {
        CtSpec(Spec { template: Some(template.to_owned()), ..Spec::new(name, false, Bytes::mib(512)) })
    }
}

impl Spec {
    fn new(name: &str, is_vm: bool, memory: Bytes) -> Spec {
        Spec {
            is_vm,
            name: name.to_owned(),
            vmid: None,
            node: None,
            cores: 1,
            memory,
            disks: Vec::new(),
            nets: Vec::new(),
            tags: Vec::new(),
            pool: None,
            template: None,
            cloud_init: None,
            start: false,
            more: Vec::new(),
        }
    }

    fn kind(&self) -> &'static str {
        if self.is_vm { "virtual machine" } else { "container" }
    }

    fn sentence(&self) -> String {
        let disks: Vec<String> =
            self.disks.iter().map(|(storage, size)| format!("{size} on {}", Text::from(storage))).collect();
        let disks = if disks.is_empty() { "no disk".to_owned() } else { disks.join(" and ") };
        format!(
            "{}, a {} of {} and {}, {disks}, {}",
            Text::from(&self.name),
            self.kind(),
            count(self.cores as usize, ("core", "cores")),
            self.memory,
            count(self.nets.len(), ("network card", "network cards")),
        )
    }

    fn page(&self) -> Page {
        Page::new(format!("To be made: {}", Text::from(&self.name).raw()))
            .question("What would be made?")
            .answer(self.sentence(), ". Nothing is sent by this.")
            .code("pve.create(&spec)")
            .provenance(Provenance::default())
    }

    /// What its settings take, each once.
    fn privileges(&self, node: &str, vmid: u32) -> BTreeSet<&'static [&'static str]> {
        let own = ["vmid", "pool", "start", "ostemplate", "unprivileged"];
        let call = self.call(node, vmid);
        let settings = call.params.iter().map(|(key, _)| key.as_str()).filter(|key| !own.contains(key));
        settings.map(privilege_for).collect()
    }

    fn call(&self, node: &str, vmid: u32) -> Call {
        let kind = if self.is_vm { "qemu" } else { "lxc" };
        let mut call = Call::new(Method::Post, format!("/nodes/{node}/{kind}"))
            .with("vmid", vmid.to_string())
            .with(if self.is_vm { "name" } else { "hostname" }, &self.name)
            .with("cores", self.cores.to_string())
            .with("memory", (self.memory.0 >> 20).to_string());
        for (n, (storage, size)) in self.disks.iter().enumerate() {
            // Proxmox VE takes the size of a new disk in gibibytes, without a unit.
            let volume = format!("{storage}:{}", size.0.div_ceil(1 << 30));
            call = match (self.is_vm, n) {
                (true, n) => call.with(format!("scsi{n}"), volume),
                (false, 0) => call.with("rootfs", volume),
                (false, n) => call.with(format!("mp{}", n - 1), format!("{volume},mp=/data{n}")),
            };
        }
        for (n, (bridge, vlan)) in self.nets.iter().enumerate() {
            let vlan = vlan.map(|vlan| format!(",tag={vlan}")).unwrap_or_default();
            let card = match self.is_vm {
                true => format!("virtio,bridge={bridge}{vlan}"),
                false => format!("name=eth{n},bridge={bridge},ip=dhcp{vlan}"),
            };
            call = call.with(format!("net{n}"), card);
        }
        if self.is_vm {
            call = call.with("ostype", "l26").with("scsihw", "virtio-scsi-single").with("agent", "1");
        } else {
            call = call.with("unprivileged", "1");
        }
        if let Some(template) = &self.template {
            call = call.with("ostemplate", template);
        }
        if let Some(told) = &self.cloud_init {
            call = call
                .with("ide2", format!("{}:cloudinit", told.storage))
                .with("ciuser", &told.user)
                // The API takes keys percent-encoded, on top of the encoding of the form.
                .with(
                    "sshkeys",
                    percent_encoding::utf8_percent_encode(&told.ssh_key, percent_encoding::NON_ALPHANUMERIC)
                        .to_string(),
                )
                .with("ipconfig0", &told.address);
        }
        if !self.tags.is_empty() {
            call = call.with("tags", self.tags.join(";"));
        }
        if let Some(pool) = &self.pool {
            call = call.with("pool", pool);
        }
        if self.start {
            call = call.with("start", "1");
        }
        self.more.iter().fold(call, |call, (key, value)| call.with(key, value))
    }
}

/// The plan to make a guest. Its node is the one that was named; without one, the one with the most free memory.
pub(crate) fn plan(session: &Session, new: &NewGuest) -> Plan {
    let session = session.for_plans();
    let spec = &new.0;
    let title = format!("Make {}", spec.sentence());
    let number = newborn::number(&session, spec.vmid);
    let node = node_for(&session, spec);
    let (vmid, node) = match (number, node) {
        (Ok(vmid), Ok(node)) => (vmid, node),
        (Err(error), _) | (_, Err(error)) => {
            return Draft::new(&session, title, Act::One(Call::get("/version"))).impossible(&error).plan();
        }
    };
    let name = node.name.raw().to_owned();
    let content = if spec.is_vm { "images" } else { "rootdir" };
    let mut draft = Draft::new(&session, format!("{title}, on {}", node.name), Act::One(spec.call(&name, vmid)))
        .check(check::quorum(&session))
        .check(place::node(&session, &name))
        .check(newborn::free(&session, vmid))
        .check(place::cores(&session, &name, spec.is_vm, Reading::Known(spec.cores.into())))
        .check(place::memory(&session, &name, Reading::Known(spec.memory)))
        .check(name_fits(&spec.name));
    for (storage, size) in &spec.disks {
        draft = draft
            .check(place::storage(&session, &node.name, storage, content, Some(*size)))
            .needs(&["Datastore.AllocateSpace"], format!("/storage/{storage}"));
    }
    let bridges: Vec<Text> = spec.nets.iter().map(|(bridge, _)| Text::from(bridge)).collect();
    draft = draft.checks(place::bridges(&node, &bridges));
    for bridge in &bridges {
        draft = draft.needs(&["SDN.Use"], format!("/sdn/zones/localnetwork/{}", bridge.raw()));
    }
    draft = match &spec.pool {
        Some(pool) => draft.needs(&["VM.Allocate"], format!("/pool/{pool}")),
        None => draft.needs(&["VM.Allocate"], format!("/vms/{vmid}")),
    };
    // Each setting takes the privilege that changing it takes, on the pool where it is made in one.
    let on = spec.pool.as_ref().map_or_else(|| format!("/vms/{vmid}"), |pool| format!("/pool/{pool}"));
    for privilege in spec.privileges(&name, vmid) {
        draft = draft.needs(privilege, on.clone());
    }
    let draft = draft
        .sees(&["VM.Audit"], format!("/vms/{vmid}"))
        .tasks(if spec.is_vm { &["qmcreate"] } else { &["vzcreate"] })
        .effect(match spec.start {
            true => format!("It becomes {} {vmid} and is started.", if spec.is_vm { "VM" } else { "CT" }),
            false => format!("It becomes {} {vmid} and is off.", if spec.is_vm { "VM" } else { "CT" }),
        })
        .makes(vmid);
    if spec.start { draft.and_runs(vmid) } else { draft }.plan()
}

fn node_for(session: &Session, spec: &Spec) -> Result<Node, crate::error::Error> {
    if let Some(name) = &spec.node {
        return Node::find(session, name);
    }
    let free = |node: &Node| match (node.maxmem, node.mem) {
        (Reading::Known(all), Reading::Known(used)) => all.0.saturating_sub(used.0),
        _ => 0,
    };
    let nodes = Node::list(session)?;
    nodes.filter(Node::is_online).max_by_key(free).ok_or_else(|| {
        crate::error::Error::setup("No node is online", "pve.nodes()? shows them; name one with .on_node(\"pve1\")")
    })
}

/// A guest's name is a DNS name.
fn name_fits(name: &str) -> Check {
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    match name.len() <= 253 && name.split('.').all(part) {
        true => Check::passed("name", "The name is one that Proxmox VE takes."),
        false => Check::failed("name", "Proxmox VE takes names as of hosts: letters, digits, hyphens, dots between."),
    }
}
