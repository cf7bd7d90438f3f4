//! What cloud-init is to set up in a virtual machine, and what of that its drive does not say yet.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::{Guest, GuestKind};
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::page::{Cell, State, Tone};
use crate::secret::is_secret;
use crate::text::Text;
use percent_encoding::percent_decode_str;

fields! {
    /// A setting that cloud-init is told, from `/nodes/{node}/qemu/{vmid}/cloudinit`. Passwords are never kept or shown.
    #[derive(Clone, Default)]
    pub struct CloudInitSetting {
        /// The setting: `ciuser`, `ipconfig0`, `sshkeys`.
        pub key: Text,
        /// What the drive says now.
        pub value: Option<Text>,
        /// What it will say once it is made anew.
        pub pending: Option<Text>,
        /// Whether it will no longer be said.
        #[field(loose::yes)]
        pub delete: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CloudInitSetting: "/nodes/{node}/qemu/{vmid}/cloudinit");

impl Guest {
    /// What cloud-init is told, and what of it waits until the drive is made anew, from
    /// `/nodes/{node}/qemu/{vmid}/cloudinit`.
    ///
    /// # Errors
    /// For a container, which has no cloud-init; when the node cannot be reached or VM.Audit is missing.
    pub fn cloud_init(&self) -> Result<List<CloudInitSetting>, Error> {
        if self.kind == GuestKind::Ct {
            return Err(Error::not_found(
                format!("{} has no cloud-init: it is a container", self.called()),
                format!("{}.config()? has its settings", self.code()),
            ));
        }
        Ask::new(&self.session, self.path("cloudinit"))
            .titled(format!("What cloud-init sets up in {}", self.called().raw()))
            .question("Who may log in, at which address, and does its drive say so already?")
            .place(format!("qemu/{}", self.vmid))
            .list_with(CloudInitSetting::harmless)
    }
}

impl CloudInitSetting {
    /// Forgets secrets, and makes keys readable.
    fn harmless(&mut self) {
        for value in [&mut self.value, &mut self.pending].into_iter().flatten() {
            if is_secret(self.key.raw()) {
                *value = "a secret, not shown".into();
            } else if self.key == "sshkeys" {
                *value = percent_decode_str(value.raw()).decode_utf8_lossy().trim().into();
            }
        }
    }

    /// Whether the drive says something else than it should.
    pub fn is_pending(&self) -> bool {
        self.delete || self.pending.is_some()
    }

    fn state(&self) -> Cell {
        match (&self.pending, self.delete) {
            (_, true) => State::new(Tone::Held, "will be left out").into(),
            (Some(then), _) => State::new(Tone::Held, format!("will be {}", then.raw())).into(),
            (None, _) => State::new(Tone::Good, "as on the drive").into(),
        }
    }
}

impl Listed for CloudInitSetting {
    const NOUN: (&'static str, &'static str) = ("setting", "settings");

    fn columns() -> Vec<Column<CloudInitSetting>> {
        vec![
            column!("Setting", |s: &CloudInitSetting| Cell::Code(s.key.clone())),
            column!("On the drive", |s: &CloudInitSetting| s.value.clone()),
            column!("State", CloudInitSetting::state)
                .by("pending delete", "what it will be once the drive is made anew; else as on the drive"),
        ]
    }

    fn summary(settings: &[CloudInitSetting]) -> (String, String) {
        let waiting = settings.iter().filter(|setting| setting.is_pending()).count();
        let rest = match waiting {
            0 => ".".into(),
            n => format!("; {} until its drive is made anew.", count(n, ("waits", "wait"))),
        };
        (count(settings.len(), CloudInitSetting::NOUN), rest)
    }
}
