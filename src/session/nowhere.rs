//! A session with no cluster, for a plan that is about nothing: it has books, and whatever is asked fails.

use std::collections::hash_map::RandomState;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::approval::Approvals;
use super::books::Books;
use super::called::Called;
use super::privileges::Privileges;
use super::{Inner, Session};
use crate::error::Error;
use crate::journal::{Ledger, Place};
use crate::kernel::Kernel;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Wire};

struct Nowhere;

impl Wire for Nowhere {
    fn submit(&self, call: Call) -> Pending {
        Pending::ready(Err(Error::setup(format!("There is no cluster to ask: {call}"), "Connect to one first")))
    }

    fn far(&self) -> Far {
        Far::Cluster
    }

    fn identity(&self) -> Text {
        "nobody".into()
    }

    fn console(&self) -> Option<Text> {
        None
    }

    fn now(&self) -> Moment {
        Moment::now()
    }

    fn pause(&self, _time: Duration) {}
}

impl Session {
    /// One that asks nobody.
    pub(crate) fn nowhere() -> Session {
        let wire = Arc::new(Nowhere);
        let failed = || Err(Error::setup("There is no cluster to ask", "Connect to one first"));
        let privileges = Mutex::new(Privileges::new([failed(), failed()], wire.now()));
        let inner = Inner {
            wire,
            cluster: "no cluster".into(),
            privileges,
            memory: Mutex::default(),
            kernel: Kernel::default(),
            // What hinders a plan about nothing is that, and not that nobody allowed it.
            books: Mutex::new(Books::armed("there is nothing to be done")),
            journal: Mutex::new(Ledger::new(Place::Here)),
            id: "nowhere".into(),
            approvals: Mutex::new(Approvals::of_the_demo()),
            called: Mutex::new(Called::default()),
            codes: RandomState::new(),
        };
        Session { inner: Arc::new(inner), at_most: None, ahead: None, seen: None }
    }
}
