//! What a plan is made of, and how the file of an action writes it down. Sends nothing but reads.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::task::Upid;
use crate::page::State;
use crate::plan::approved::Agreement;
use crate::plan::check::{self, Check, Need};
use crate::plan::several::Several;
use crate::plan::{Outcome, Plan};
use crate::secret::shown_parameter;
use crate::session::Session;
use crate::text::Text;
use crate::units::Age;
use crate::wire::{Call, Method};

/// What a plan says and would do.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) session: Session,
    /// `Start web-1 (VM 101 on pve1)`.
    pub(super) title: Text,
    pub(super) act: Act,
    pub(super) target: Option<Target>,
    /// Further guests that the call is about.
    pub(super) also: Vec<Guest>,
    /// The task that the call starts: its kinds, and what its UPID says it works on.
    pub(super) tasks: &'static [&'static str],
    pub(super) task_id: Text,
    needs: Vec<Need>,
    pub(super) checks: Vec<Check>,
    /// What follows from it, in sentences.
    pub(super) effects: Vec<Text>,
    pub(super) changes: Vec<Change>,
    pub(super) goal: Option<Goal>,
    pub(super) undo: Undo,
    pub(super) destroys: Destroys,
    /// How long it may take before nobody waits for it any more.
    pub(super) deadline: Option<Age>,
    pub(super) confirmed: Option<Text>,
    /// Who has to agree beside the one who runs it.
    pub(super) agreements: Vec<Agreement>,
    /// Settings of the plan that mean nothing: what is wrong with each, and what would be right.
    pub(super) vain: Vec<(String, String)>,
    /// What is said otherwise once a parameter is added.
    turns: Vec<Turn>,
}

/// What follows without a parameter, and with it.
#[derive(Clone)]
struct Turn {
    key: &'static str,
    without: Text,
    with: Text,
}

/// What is sent.
#[derive(Clone)]
pub(super) enum Act {
    One(Call),
    Several(Several),
}

/// A guest as it was when the plan was made.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) guest: Guest,
    /// Whether that was read from its node, and not only from the cluster's overview.
    pub(super) is_current: bool,
}

/// A setting as it is and as it will be.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) setting: Text,
    pub(super) is: Text,
    pub(super) becomes: Text,
}

type Look = Arc<dyn Fn(&Session) -> Result<Seen, Error> + Send + Sync>;
type Make = Arc<dyn Fn(&Session) -> Result<Plan, Error> + Send + Sync>;

/// What shows that the action did what it should: looked at before, and after its task ended well.
#[derive(Clone)]
pub(super) struct Goal {
    look: Look,
    /// How long it may take to come true after the task has ended.
    pub(super) patience: Age,
    /// Where to look when it does not.
    pub(super) otherwise: Text,
    /// Whether the manager of high availability brings it about, in its own time.
    pub(super) by_manager: bool,
}

/// What was seen of the goal.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) now: State,
    pub(super) reached: bool,
    /// The guest whose state that is, for what the session remembers of it.
    pub(super) guest: Option<(u32, Text)>,
}

impl Goal {
    pub(super) fn look(&self, session: &Session) -> Result<Seen, Error> {
        (self.look)(session)
    }
}

/// How an action is undone.
#[derive(Clone)]
pub(super) enum Undo {
    /// The code that undoes it, and the plan that it gives.
    By(Text, Make),
    /// Nothing does, and why.
    None(Text),
    /// Each part that ran by its own undo, the last first.
    Parts,
}

/// Whether an action takes away what nothing brings back, and so asks for a code before it runs.
#[derive(Clone)]
pub(super) enum Destroys {
    /// That depends on method, path and parameters of the call.
    AsTheCallSays,
    Nothing,
    /// This.
    This(Text),
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Undo::By(code, _) => code.raw(),
            Undo::None(why) => why.raw(),
            Undo::Parts => "each part",
        })
    }
}

impl Draft {
    /// An action that is no guest's.
    pub(super) fn new(session: &Session, title: impl Into<Text>, act: Act) -> Draft {
        Draft {
            session: session.clone(),
            title: title.into(),
            act,
            target: None,
            also: Vec::new(),
            tasks: &[],
            task_id: Text::default(),
            needs: Vec::new(),
            checks: Vec::new(),
            effects: Vec::new(),
            changes: Vec::new(),
            goal: None,
            undo: Undo::None("Not known.".into()),
            destroys: Destroys::Nothing,
            deadline: None,
            confirmed: None,
            agreements: Vec::new(),
            vain: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// An action on a guest: it is read anew, since the overview lags, and what any action on it depends on is checked.
    /// Several plans that are made together share what they read of the cluster.
    pub(super) fn on(seen: &Guest, verb: &str, act: impl FnOnce(&Guest) -> Call) -> Draft {
        let mut seen = seen.clone();
        // What may be done is not what might have been done when the session began.
        seen.session = seen.session.for_planning();
        let now = seen.current();
        let is_current = now.is_ok();
        let (guest, read) = match now {
            Ok(now) => (now, Check::passed("readable", "Its present state was read from its node.")),
            Err(error) => (
                seen,
                Check::unknown(
                    "readable",
                    format!("Its present state could not be read; this is how it was listed. {error}"),
                ),
            ),
        };
        let read = read.by(Call::get(guest.path("status/current")).shown());
        let mut draft = Draft::new(&guest.session, format!("{verb} {guest}"), Act::One(act(&guest)))
            .check(read)
            .check(check::node(&guest, is_current))
            .check(check::lock(&guest))
            .check(check::quorum(&guest.session));
        if is_current {
            draft = draft.check(check::at_work(&guest));
        }
        draft.task_id = guest.vmid.to_string().into();
        draft.target = Some(Target { guest, is_current });
        draft
    }

    /// The guest that it is about, as it is now. Only for drafts that are about one.
    pub(super) fn guest(&self) -> Option<&Guest> {
        self.target.as_ref().map(|target| &target.guest)
    }

    /// All guests that it is about.
    pub(super) fn guests(&self) -> impl Iterator<Item = &Guest> {
        self.guest().into_iter().chain(&self.also)
    }

    pub(super) fn check(mut self, check: Check) -> Draft {
        self.checks.push(check);
        self
    }

    pub(super) fn checks(mut self, checks: impl IntoIterator<Item = Check>) -> Draft {
        self.checks.extend(checks);
        self
    }

    /// What follows, in a sentence.
    pub(super) fn effect(mut self, effect: impl Into<Text>) -> Draft {
        self.effects.push(effect.into());
        self
    }

    /// What is said, as an effect or of its undoing, is said otherwise once this parameter is added.
    pub(super) fn unless(mut self, key: &'static str, without: &str, with: &str) -> Draft {
        self.turns.push(Turn { key, without: without.into(), with: with.into() });
        self
    }

    /// Whether the plan says something of this parameter.
    pub(super) fn says_of(&self, key: &str) -> bool {
        self.turns.iter().any(|turn| turn.key == key)
    }

    /// This parameter was added.
    pub(super) fn turn(&mut self, key: &str, value: &str) {
        let turns: Vec<Turn> = self.turns.iter().filter(|turn| turn.key == key && is_on(value)).cloned().collect();
        for turn in turns {
            self.effects.iter_mut().filter(|effect| **effect == turn.without).for_each(|it| *it = turn.with.clone());
            if let Undo::None(why) = &mut self.undo
                && *why == turn.without
            {
                *why = turn.with;
            }
        }
    }

    /// A setting that changes.
    pub(super) fn change(mut self, setting: impl Into<Text>, is: impl Into<Text>, becomes: impl Into<Text>) -> Draft {
        self.changes.push(Change { setting: setting.into(), is: is.into(), becomes: becomes.into() });
        self
    }

    /// One more parameter of the call.
    pub(super) fn with(mut self, key: &str, value: impl fmt::Display) -> Draft {
        if let Act::One(call) = &mut self.act {
            call.params.push((key.to_owned(), value.to_string()));
        }
        self
    }

    /// A privilege that the call needs; one of several that do.
    pub(super) fn needs(mut self, any_of: &'static [&'static str], path: impl Into<String>) -> Draft {
        self.needs.push(Need { any_of, path: path.into(), to_see: false });
        self
    }

    /// A privilege that it takes to see what became of it.
    pub(super) fn sees(mut self, any_of: &'static [&'static str], path: impl Into<String>) -> Draft {
        self.needs.push(Need { any_of, path: path.into(), to_see: true });
        self
    }

    /// The kinds of task that the call may start.
    pub(super) fn tasks(mut self, kinds: &'static [&'static str]) -> Draft {
        self.tasks = kinds;
        self
    }

    /// What shows that it did what it should, at once after its task.
    pub(super) fn goal(self, look: impl Fn(&Session) -> Result<Seen, Error> + Send + Sync + 'static) -> Draft {
        self.goal_within(Age(0), "Somebody else may have acted: look at pve.tasks()?", look)
    }

    /// The same where it may take longer.
    pub(super) fn goal_within(
        mut self,
        patience: Age,
        otherwise: impl Into<Text>,
        look: impl Fn(&Session) -> Result<Seen, Error> + Send + Sync + 'static,
    ) -> Draft {
        self.goal = Some(Goal { look: Arc::new(look), patience, otherwise: otherwise.into(), by_manager: false });
        self
    }

    /// The manager of high availability brings its goal about: whoever sets a deadline means the wait for that.
    pub(super) fn by_manager(mut self, by_manager: bool) -> Draft {
        if let Some(goal) = &mut self.goal {
            goal.by_manager = by_manager;
        }
        self
    }

    /// The code that undoes it, and the plan that it gives.
    pub(super) fn undo(
        mut self,
        code: impl Into<Text>,
        plan: impl Fn(&Session) -> Result<Plan, Error> + Send + Sync + 'static,
    ) -> Draft {
        self.undo = Undo::By(code.into(), Arc::new(plan));
        self
    }

    /// Nothing undoes it, and why.
    pub(super) fn no_undo(mut self, why: impl Into<Text>) -> Draft {
        self.undo = Undo::None(why.into());
        self
    }

    /// It takes this away, and nothing brings it back.
    pub(super) fn destroys(mut self, what: impl Into<Text>) -> Draft {
        self.destroys = Destroys::This(what.into());
        self
    }

    /// The plan. It is about what is, not about what was, and about all of it: nothing that it does later is answered from
    /// memory, or seen through a lens.
    pub(super) fn plan(mut self) -> Plan {
        self.checks.extend(check::privileges(&self.session, &self.needs));
        self.session = self.session.uncached().unseen();
        let targets = self.target.iter_mut().map(|target| &mut target.guest).chain(&mut self.also);
        targets.for_each(|guest| guest.session = self.session.clone());
        Plan::of(self)
    }

    /// Whether the end of its task, or the answer to its call, shows that it was done. High availability only takes a
    /// request, and does what it will with it.
    pub(super) fn is_proven_by(&self, task: Option<&Text>) -> bool {
        let asked = matches!(&self.act, Act::One(call) if call.path.starts_with("/cluster/ha/"));
        let by_ha =
            task.and_then(|upid| upid.raw().parse::<Upid>().ok()).is_some_and(|upid| upid.kind().starts_with("ha"));
        !asked && !by_ha
    }

    /// What it takes away for good, where it does.
    pub(super) fn destroyed(&self) -> Option<Text> {
        match (&self.destroys, &self.act) {
            (Destroys::This(what), _) => Some(what.clone()),
            (Destroys::AsTheCallSays, Act::One(call)) if is_destructive(call) => Some("something".into()),
            (Destroys::Nothing, Act::One(call)) if is_forced(call) => {
                Some("what is taken away by force, or together with it".into())
            }
            (_, Act::Several(several)) => several.destroyed(),
            _ => None,
        }
    }

    /// The call with its parameters; values that are secrets stay out.
    pub(super) fn call_shown(&self) -> Text {
        match &self.act {
            Act::One(call) => call_shown(call),
            Act::Several(several) => several.calls_shown(),
        }
    }
}

impl Undo {
    /// The plan that undoes what came of a plan.
    pub(super) fn plan(&self, done: &Outcome) -> Result<Plan, Error> {
        match self {
            Undo::By(_, plan) => plan(&done.session),
            Undo::None(why) => Err(Error::not_run(
                format!("Undo: {}", done.title.raw()),
                why.raw().trim_end_matches('.'),
                "Look at what there is, and decide",
            )),
            Undo::Parts => Several::undoing(done),
        }
    }
}

/// Whether a call takes away what nothing brings back.
pub(super) fn is_destructive(call: &Call) -> bool {
    let takes = |key: &str| matches!(key, "delete" | "force" | "archive" | "purge");
    call.method == Method::Delete || call.path.ends_with("/rollback") || call.params.iter().any(|(key, _)| takes(key))
}

/// Whether a parameter was added that takes away more than the action does by itself.
fn is_forced(call: &Call) -> bool {
    call.params.iter().any(|(key, value)| matches!(key.as_str(), "force" | "purge") && is_on(value))
}

/// Whether a flag with this value is set.
fn is_on(value: &str) -> bool {
    !matches!(value, "0" | "false" | "")
}

fn call_shown(call: &Call) -> Text {
    let params: Vec<String> =
        call.params.iter().map(|(key, value)| format!("{key}={}", shown_parameter(key, value))).collect();
    if params.is_empty() { call.shown() } else { format!("{call} {}", params.join(" ")).into() }
}

impl Guest {
    /// As it is now, wherever it is: an action or somebody else may have moved it meanwhile.
    pub(super) fn now(&self, session: &Session) -> Result<Guest, Error> {
        match self.within(session).current() {
            Err(Error::NotFound { .. } | Error::NodeUnreachable { .. }) => {
                Guest::find(session, i64::from(self.vmid).into())
            }
            now => now,
        }
    }
}
