//! For tests: a way to a cluster around another one, which does something of its own to the calls that go through.

use std::time::Duration;

use serde_json::Value;

use crate::text::Text;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Wire};

/// Around the way that it goes on to. Whatever it says nothing of is as it is there.
pub(crate) trait Around: Send + Sync {
    /// What it is around.
    fn inner(&self) -> &dyn Wire;
    /// What becomes of a call.
    fn pass(&self, call: Call) -> Pending;
    fn far_end(&self) -> Far {
        self.inner().far()
    }
    fn who(&self) -> Text {
        self.inner().identity()
    }
    fn clock(&self) -> Moment {
        self.inner().now()
    }
    fn wait(&self, time: Duration) {
        self.inner().pause(time);
    }

    /// What an address answers in truth, asked past what this does; nothing where there is none.
    fn truth(&self, path: &str) -> Value {
        let reply = self.inner().submit(Call::get(path)).wait().unwrap();
        let mut json: Value = serde_json::from_str(&reply.body).unwrap();
        json["data"].take()
    }
}

impl<A: Around> Wire for A {
    fn submit(&self, call: Call) -> Pending {
        self.pass(call)
    }
    fn far(&self) -> Far {
        self.far_end()
    }
    fn identity(&self) -> Text {
        self.who()
    }
    fn console(&self) -> Option<Text> {
        None
    }
    fn now(&self) -> Moment {
        self.clock()
    }
    fn pause(&self, time: Duration) {
        self.wait(time);
    }
}
