//! What a guest was read from: the overview, its node, and what this session knows better than the overview.

use crate::model::guest::Guest;
use crate::model::record::json_of;
use crate::model::why::{Explained, Sources, only};
use crate::wire::Call;

impl Explained for Guest {
    fn sources(&self) -> Sources {
        let overview = Call::get("/cluster/resources").shown();
        let sources = Sources::of(&self.provenance)
            .within(&self.session)
            .raw(format!("{}.raw()", self.code()))
            .about(format!("/vms/{}", self.vmid));
        let sources = match &self.listed {
            None => sources.part(overview, "", self.raw()),
            Some((listed, at)) => {
                let own = self.raw();
                let left = [("hastate", "ha"), ("template", "template")];
                let left = left.iter().filter(|(_, here)| own.get(here).is_none()).map(|(name, _)| *name);
                let names: Vec<&str> = ["type", "node", "pool"].into_iter().chain(left).collect();
                let listed = only(json_of(listed), &names);
                sources.part(Call::get(self.path("status/current")).shown(), "", own).part_of(overview, *at, listed)
            }
        };
        match self.seen {
            None => sources,
            Some(at) => sources.remark(
                ["status", "cpu", "mem", "uptime"],
                format!(
                    "The overview lags by up to 10 s. This session acted on it and saw it {} at {at}, which holds until the \
                     overview has it too.",
                    self.status
                ),
            ),
        }
    }
}
