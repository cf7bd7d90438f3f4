//! What changed since a moment, and who did it?
use crate::*;

/// Every task of all nodes that began since then: who did what how often, when it ran, and each one, newest first. Beside
/// them what the cluster's log says that is about no task: logins, failures, what the cluster itself noticed.
///
/// # Errors
/// When no node can be asked.
pub fn changed_since(pve: &Pve, since: Moment) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let tasks = pve.task_query().since(since).read()?;
    let of_a_task = |line: &LogEntry| ["starting task UPID:", "end task UPID:"].iter().any(|start| line.msg.starts_with(start));
    let log = pve.log_since(since).or_unseen().filter(|line| !of_a_task(line));
    let ago = |moment: Moment| Cell::Ago(now.since(moment), moment);
    let mut doings: Vec<_> = tasks.group_by(|task| (task.user.clone(), task.kind.clone())).into_iter().collect();
    doings.sort_by_key(|((user, _), of_kind)| (user.clone(), Reverse(of_kind.len())));
    let who = doings.iter().map(|((user, kind), of_kind)| {
        let about = of_kind.group_by(|task| task.id.clone()).into_iter().map(|(id, _)| id).filter(|id| !id.is_blank());
        let about: Vec<String> = about.map(|id| id.to_string()).collect();
        let rest = if about.len() > 5 { format!(" and {} more", about.len() - 5) } else { String::new() };
        let failed = of_kind.filter(|task| task.is_failed()).len();
        vec![
            user.into(),
            kind.into(),
            of_kind.len().into(),
            if failed > 0 { State::new(Tone::Wrong, format!("{failed} failed")).into() } else { Cell::Empty },
            of_kind.first().map(|task| ago(task.started)).into(),
            format!("{}{rest}", about.iter().take(5).cloned().collect::<Vec<_>>().join(", ")).into(),
        ]
    });
    let each = tasks.iter().map(|task| {
        let state = match &task.status {
            TaskStatus::Ok => State::new(Tone::Good, "OK"),
            TaskStatus::Failed(words) => State::new(Tone::Wrong, format!("failed: {words}")),
            TaskStatus::Stopped(words) => State::new(Tone::Wrong, format!("stopped: {words}")),
            TaskStatus::Unknown => State::new(Tone::Unknown, "end not known"),
            other => State::new(Tone::Held, other.to_string()),
        };
        let what = format!("{} {}", task.kind, task.id);
        let who = Cell::from(&task.user);
        vec![task.started.into(), who, what.trim_end().into(), (&task.node).into(), state.into(), task.took().into()]
    });
    let lines = log.iter().map(|line| {
        let when = line.time.map(ago);
        vec![when.into(), line.user.clone().into(), (&line.node).into(), (&line.msg).into()]
    });
    let lines = Grid::new(["When", "Who", "Node", "What"]).rows(lines).at_most(50);
    let users = tasks.group_by(|task| task.user.clone()).len();
    let failed = match tasks.filter(|task| task.is_failed()).len() {
        0 => "none failed".to_owned(),
        1 => "1 task failed".to_owned(),
        n => format!("{n} tasks failed"),
    };
    let fact = match (tasks.len(), tasks.is_complete()) {
        (0, Some(true)) => "No task began".to_owned(),
        (0, _) => "No task was seen".to_owned(),
        (1, _) => "1 task began".to_owned(),
        (n, _) => format!("{n} tasks began"),
    };
    let by = if users == 1 { "1 user".to_owned() } else { format!("{users} users") };
    let by = if tasks.is_empty() { String::new() } else { format!(", by {by}; {failed}") };
    let columns = ["Who", "What", "How often", "Failed", "Last", "About"];
    let mut page = Page::new("Changes")
        .question("What changed since a moment, and who did it?")
        .answer(format!("{fact} since {} {} UTC", since.date(), since.time()), format!("{by}."))
        .table(Grid::new(columns).caption("Who did what").rows(who).at_most(50));
    if !tasks.is_empty() {
        page = page.figure(tasks.timeline());
    }
    let beside = match log.len() {
        1 => "Beside the tasks: 1 line of the cluster's log".to_owned(),
        n => format!("Beside the tasks: {n} lines of the cluster's log"),
    };
    let columns = ["When", "Who", "What", "Node", "How it ended", "It took"];
    Ok(page
        .table(Grid::new(columns).caption("Each, newest first").rows(each).at_most(50))
        .section(beside, Page::new("Log").table(lines))
        .paragraph("A setting that is changed at once leaves no task: the journal of the node that took the call has it.")
        .code("pve.tasks_since(pve.ago(hours(24)))?")
        .based_on(&tasks)
        .based_on(&log))
}
