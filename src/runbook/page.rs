//! How a runbook and its steps read: what was done, by whom, when, with what evidence, and the way back.

use crate::draw::timeline::{Bar, End, Row, Scene};
use crate::model::list::count;
use crate::page::{Block, Cell, Grid, Level, Page, State, Tone};
use crate::render::View;
use crate::runbook::Runbook;
use crate::runbook::step::{Found, Step, StepState};
use crate::text::Text;
use crate::units::Moment;

/// So many lines of a task's log stand in a book.
const TAIL: usize = 12;

pub(super) fn of(book: &Runbook) -> Page {
    let (steps, after) = {
        let kept = book.book();
        (kept.steps.clone(), kept.after.clone())
    };
    let (fact, rest) = answer(&steps);
    let halted = book.pve.halted();
    let mut page = Page::new(format!("Runbook: {}", book.title.raw()))
        .question(format!("What was done, and what came of it? {}", book.why.raw()))
        .answer(fact, rest);
    if let Some(because) = &halted {
        page = page.note(
            Level::Danger,
            format!(
                "The session is halted: {}. Nothing more runs until pve.clear_halt(\"what you saw\")?",
                because.raw()
            ),
        );
    }
    if !steps.is_empty() {
        let rows = steps.iter().enumerate().map(|(n, step)| row(n + 1, step));
        page = page.table(Grid::new(["", "Step", "Kind", "State", "Who", "When", "Took", "Task"]).rows(rows));
    }
    for (n, step) in steps.iter().enumerate().filter(|(_, step)| step.kind != "remark") {
        page = page.section(format!("{} · {} · {}", n + 1, step.title().raw(), step.state().state().word), body(step));
    }
    if steps.iter().any(|step| step.kind != "remark") {
        page = page.section("Over time", Page::new("").figure(timeline(book, &steps)));
    }
    if let (Some(before), Some(after)) = (&book.before, &after) {
        page = page.section("Guests before and after", Page::new("").figure(after.since(before)));
    }
    page = page.section(way_back_title(&steps), way_back(&steps));
    let mut from = book.pve.session().provenance([], None);
    from.at = Some(book.pve.now());
    page.provenance(from)
}

fn answer(steps: &[Step]) -> (String, String) {
    let real: Vec<&Step> = steps.iter().filter(|step| step.kind != "remark").collect();
    let n = |wanted: fn(&StepState) -> bool| real.iter().filter(|step| wanted(&step.state())).count();
    let (done, already) = (n(|s| *s == StepState::Done), n(|s| matches!(s, StepState::AlreadyDone(_))));
    let failed: Vec<String> =
        real.iter().filter(|step| step.state().is_failed()).map(|step| step.title().to_string()).collect();
    let already = if already > 0 { format!(", {already} had been done already") } else { String::new() };
    match (real.len(), failed.as_slice()) {
        (0, _) => ("Nothing was done yet".into(), ".".into()),
        (all, []) => (format!("{done} of {} done", count(all, ("step", "steps"))), format!("{already}; none failed.")),
        (all, names) => (
            format!("{} of {} not as it should be", names.len(), count(all, ("step", "steps"))),
            format!(": {}; {done} done{already}.", names.join(", ")),
        ),
    }
}

fn row(n: usize, step: &Step) -> Vec<Cell> {
    let tries = if step.attempts > 1 { format!(" ({} tries)", step.attempts) } else { String::new() };
    let state = step.state().state();
    vec![
        Cell::from(n),
        Cell::from(step.title()),
        Cell::from(step.kind),
        Cell::from(State::new(state.tone, format!("{}{tries}", state.word.raw()))),
        Cell::from(&step.who),
        Cell::from(step.began),
        Cell::from(step.took),
        step.outcome().and_then(|outcome| outcome.upid()).map_or(Cell::Empty, Cell::Code),
    ]
}

pub(super) fn of_step(step: &Step) -> Page {
    let state = step.state();
    let (fact, rest) = match &state {
        StepState::Done => ("Done".to_owned(), format!(" in {}.", step.took)),
        StepState::AlreadyDone(why) => ("Already done".into(), format!(": {}. Nothing was sent.", why.raw())),
        StepState::Failed(why) => ("Failed".into(), format!(": {}", why.raw())),
        StepState::NotKnown(why) => ("What came of it is not known".into(), format!(": {}", why.raw())),
        StepState::NotBegun(why) => ("Not begun".into(), format!(": {}", why.raw())),
        StepState::Remark => ("Noted".into(), ".".into()),
    };
    let page = Page::new(format!("Step: {}", step.title().raw())).answer(fact, rest);
    let page = body(step).blocks.into_iter().fold(page, Page::block);
    match step.outcome().and_then(|outcome| outcome.page().provenance) {
        Some(from) => page.provenance(from),
        None => page,
    }
}

/// What stands below its title.
fn body(step: &Step) -> Page {
    let mut page = Page::new("");
    if !step.because.is_blank() {
        page = page.paragraph(format!("Because: {}", step.because.raw()));
    }
    match step.state() {
        StepState::Failed(why) | StepState::NotKnown(why) | StepState::NotBegun(why) => {
            page = page.note(Level::Danger, why)
        }
        StepState::AlreadyDone(why) => page = page.paragraph(format!("Already done: {}", why.raw())),
        _ => {}
    }
    if !step.conditions.is_empty() {
        let rows = step.conditions.iter().map(|condition| {
            let good = if condition.kind == "unless" { Tone::Off } else { Tone::Good };
            let state = match &condition.found {
                Found::Holds => State::new(good, "holds"),
                Found::Fails if condition.kind == "unless" => State::new(Tone::Off, "does not hold, so it was done"),
                Found::Fails => State::new(Tone::Wrong, "does not hold"),
                Found::Said(yes, answer) => {
                    State::new(if *yes { Tone::Good } else { Tone::Wrong }, format!("answered: {}", answer.raw()))
                }
                Found::NotRead(why) => State::new(Tone::Unknown, format!("could not be read: {}", why.raw())),
            };
            vec![Cell::from(condition.kind), Cell::from(&condition.what), Cell::from(state)]
        });
        page = page.table(Grid::new(["Condition", "What", "Found"]).rows(rows));
    }
    let Some((outcome, earlier)) = step.outcomes.split_last() else { return page };
    for (n, before) in earlier.iter().enumerate() {
        page = page.section(format!("Attempt {} · {}", n + 1, before.title().raw()), before.page());
    }
    let log = outcome.log();
    let shown = outcome.page();
    // Why it failed stands above already.
    let keep = |block: &Block| !matches!(block, Block::Section(_) | Block::Answer(..) | Block::Note(Level::Danger, _));
    page = shown.blocks.into_iter().filter(keep).fold(page, Page::block);
    if !log.is_empty() {
        let tail = log.iter().skip(log.len().saturating_sub(TAIL)).cloned();
        page = page.lines(tail);
    }
    page
}

fn timeline(book: &Runbook, steps: &[Step]) -> crate::page::Figure {
    let rows = steps
        .iter()
        .filter(|step| step.kind != "remark")
        .map(|step| {
            let end = Moment::from_unix(step.began.unix() + i64::try_from(step.took.0).unwrap_or_default());
            let bar = Bar { name: step.title(), start: step.began, end: End::At(end), state: step.state().state() };
            Row { name: step.title(), bars: vec![bar] }
        })
        .collect();
    let scene = Scene {
        title: format!("{}, over time", book.title.raw()).into(),
        question: "Which step took how long?".into(),
        answer: (format!("{} in all", book.took()), ", waiting for people included.".into()),
        rows,
        now: book.pve.now(),
        caveats: Vec::new(),
        provenance: book.pve.session().provenance([], None),
    };
    scene.figure()
}

fn way_back_title(steps: &[Step]) -> String {
    let n = steps.iter().filter(|step| step.acted()).count();
    format!("The way back · {}", if n == 0 { "nothing to undo".into() } else { count(n, ("action", "actions")) })
}

/// What ran, the last first, each with what undoes it.
fn way_back(steps: &[Step]) -> Page {
    let ran: Vec<(Text, Cell)> = steps
        .iter()
        .rev()
        .flat_map(|step| step.outcomes.iter().rev().map(|outcome| (outcome.title(), outcome.undo_said())))
        .collect();
    if ran.is_empty() {
        return Page::new("").paragraph("Nothing was carried out, so nothing is to be undone.");
    }
    let rows = ran.into_iter().map(|(title, undo)| vec![Cell::from(title), undo]);
    Page::new("")
        .paragraph("From what really ran, the last first. Each is a plan of its own, or all of it is one:")
        .code("book.rollback()?")
        .table(Grid::new(["What ran", "What undoes it"]).rows(rows))
}
