//! The same action for each guest of a list, as one plan: counted before, a few at a time, no more once one has failed.

use crate::model::guest::Guest;
use crate::model::list::{List, count};
use crate::model::resource::Resources;
use crate::plan::draft::{Act, Draft, Undo};
use crate::plan::several::{Expected, Several};
use crate::plan::{Check, Plan};
use crate::session::Session;

/// So many are at work at a time, unless somebody says otherwise.
const AT_ONCE: usize = 4;

impl List<Guest> {
    /// Those that have this tag.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let tests = Pve::demo()?.guests()?.tagged("stage.test");
    /// assert!(tests.len() > 0 && tests.all(|guest| guest.has_tag("stage.test")));
    /// # Ok(()) }
    /// ```
    pub fn tagged(&self, tag: &str) -> List<Guest> {
        self.filter(|guest| guest.has_tag(tag))
    }

    /// The plan to switch them all on. It refuses unless somebody says how many they are: `.expect(12)`. Those that run
    /// already are left alone.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let tests = pve.guests()?.tagged("stage.test");
    /// assert!(tests.start().run().is_err(), "nobody said how many");
    /// # Ok(()) }
    /// ```
    pub fn start(&self) -> Plan {
        plan(self, "Start", Guest::start)
    }

    /// The plan to ask all their operating systems to shut down. It refuses unless somebody says how many they are:
    /// `.expect(12)`. Those that are off already are left alone.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let tests = pve.guests()?.tagged("stage.test").filter(|guest| guest.is_running());
    /// tests.shutdown().expect(tests.len()).run()?;
    /// assert!(tests.map(|guest| guest.vmid).into_iter().all(|vmid| pve.guest(vmid).is_ok_and(|g| g.is_stopped())));
    /// # Ok(()) }
    /// ```
    pub fn shutdown(&self) -> Plan {
        plan(self, "Shut down", Guest::shutdown)
    }

    /// The plan to cut the power of all of them: it asks for a code, and refuses unless somebody says how many they are.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let plan = Pve::demo()?.guests()?.tagged("stage.test").stop();
    /// assert!(plan.page().text().contains(".confirm("));
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) -> Plan {
        let mut plan = plan(self, "Stop", Guest::stop);
        plan.draft = plan.draft.destroys(format!("what {} hold in memory", counted(self)));
        plan
    }

    /// The plan to shut all of them down and start them again. It refuses unless somebody says how many they are.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let plan = Pve::demo()?.guests()?.tagged("stage.test").reboot();
    /// assert!(plan.page().text().contains(".expect("));
    /// # Ok(()) }
    /// ```
    pub fn reboot(&self) -> Plan {
        plan(self, "Reboot", Guest::reboot)
    }
}

fn counted(guests: &List<Guest>) -> String {
    count(guests.len(), ("guest", "guests"))
}

/// The plan to do this to each.
pub(super) fn plan(guests: &List<Guest>, verb: &str, one: impl Fn(&Guest) -> Plan) -> Plan {
    let title = format!("{verb} {}", counted(guests));
    // What all of them ask of the cluster is asked once.
    let session = guests.first().map_or_else(Session::nowhere, |first| first.session.for_plans());
    let plans = guests.iter().map(|guest| one(&guest.within(&session))).collect();
    let several = Several { at_once: AT_ONCE, expected: Expected::NotSaid, ..Several::of(plans) };
    let mut draft = Draft::new(&session, title, Act::Several(several));
    match guests.is_empty() {
        true => draft.vain.push(("The list is empty".into(), "Look at how it was made".into())),
        false => draft = draft.check(not_all(guests, &session)),
    }
    draft.undo = Undo::Parts;
    draft.plan()
}

/// A list of everything is seldom what was meant.
fn not_all(guests: &List<Guest>, session: &Session) -> Check {
    const NAME: &str = "not everything";
    let all = Resources::read(session).map(|resources| resources.of(&["qemu", "lxc"]).count());
    match all {
        Ok(all) if guests.len() > 1 && guests.len() >= all => {
            Check::failed(NAME, format!("These are all {all} guests of the cluster."))
        }
        Ok(all) => Check::passed(NAME, format!("These are {} of {all} guests.", guests.len())),
        Err(error) => Check::unknown(NAME, format!("How many guests there are could not be read. {error}")),
    }
    .by("GET /cluster/resources")
}
