//! Many reads at once, with a word on how far they are where that takes a while. Knows nothing of what is read.

use std::time::{Duration, Instant};

use super::{Answer, Asked, Session};
use crate::error::Error;
use crate::render::say;
use crate::units::Age;
use crate::wire::{Call, Reply};

impl Session {
    /// Sends all these reads off, and waits for all of them: the answers are in the order of the calls, each with its own
    /// success or failure. `what` names them in the lines of progress: "guest agents".
    #[allow(dead_code, reason = "for views that read each guest")]
    pub(crate) fn ask_all(&self, what: &str, calls: Vec<Call>) -> Vec<Result<Answer, Error>> {
        self.ask_all_saying(what, calls, say)
    }

    fn ask_all_saying(&self, what: &str, calls: Vec<Call>, say: impl FnMut(&str)) -> Vec<Result<Answer, Error>> {
        self.all_that_came(what, calls, say).into_iter().map(|asked| self.answer(asked)).collect()
    }

    /// The same, with whatever came as it came: a refusal is an answer as well. Nothing of it is from memory.
    pub(crate) fn replies(&self, what: &str, calls: Vec<Call>) -> Vec<(Call, Result<Reply, Error>)> {
        let came = self.uncached().unseen().all_that_came(what, calls, say);
        came.into_iter().map(|Asked { pending, call, .. }| (call, pending.wait())).collect()
    }

    /// Sends them off, and waits until all of them are answered.
    fn all_that_came(&self, what: &str, calls: Vec<Call>, mut say: impl FnMut(&str)) -> Vec<Asked> {
        let since = Instant::now();
        let mut asked: Vec<Asked> = calls.into_iter().map(|call| self.submit(call)).collect();
        let mut progress = Progress::new(what, asked.len());
        let mut open: Vec<&mut Asked> = asked.iter_mut().collect();
        loop {
            open.retain_mut(|asked| !asked.pending.has_come(Duration::ZERO));
            let line = progress.line_at(since.elapsed(), open.len());
            let Some(first) = open.first_mut() else { break };
            line.iter().for_each(|line| say(line));
            first.pending.has_come(progress.next.saturating_sub(since.elapsed()));
        }
        asked
    }
}

/// When to say how far it is, and how: nothing where it is quick.
pub(crate) struct Progress<'a> {
    what: &'a str,
    all: usize,
    /// How long after the beginning the next line is due.
    next: Duration,
}

impl Progress<'_> {
    pub(crate) fn new(what: &str, all: usize) -> Progress<'_> {
        Progress { what, all, next: Duration::from_secs(2) }
    }

    /// How long after the beginning the next line is due.
    pub(crate) fn due(&self) -> Duration {
        self.next
    }

    /// The line for this moment, if one is due, with so many still open.
    pub(crate) fn line_at(&mut self, elapsed: Duration, open: usize) -> Option<String> {
        if elapsed < self.next {
            return None;
        }
        self.next = elapsed + Duration::from_secs(3);
        let done = self.all - open;
        let left = elapsed.as_secs_f64() / done as f64 * open as f64;
        let estimate = match done {
            0 => String::new(),
            _ => format!(", about {} left", Age(left.ceil() as u64)),
        };
        Some(format!("Reading {}: {done} of {}{estimate}", self.what, self.all))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::*;
    use crate::session::tests::Scripted;
    use crate::text::Text;
    use crate::units::Moment;
    use crate::wire::{Far, Pending, Reply, Wire};

    /// Answers each call after as many milliseconds as its path says, the last one with a refusal.
    struct Slow(Arc<Scripted>);

    impl Wire for Slow {
        fn submit(&self, call: Call) -> Pending {
            let Some(time) = call.path.strip_prefix("/slow/").map(|time| time.parse().unwrap()) else {
                return self.0.submit(call);
            };
            let (to, coming) = mpsc::channel();
            let (shown, at) = (call.shown(), self.now());
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(time));
                let (status, body) = (if time % 2 == 1 { 500 } else { 200 }, format!("{{\"data\":{time}}}").into());
                let _ = to.send(Ok(Reply { status, reason: "broken".into(), body, at, took: Duration::ZERO }));
            });
            Pending::coming(coming, shown)
        }

        fn far(&self) -> Far {
            Far::Cluster
        }

        fn identity(&self) -> Text {
            self.0.identity()
        }

        fn console(&self) -> Option<Text> {
            None
        }

        fn now(&self) -> Moment {
            self.0.now()
        }

        fn pause(&self, _: Duration) {}
    }

    fn ask_all(times: &[u64]) -> (Vec<String>, Vec<String>) {
        let (wire, _) = Scripted::opened();
        let session = Session::open(Arc::new(Slow(wire))).unwrap();
        let said = Mutex::new(Vec::new());
        let calls = times.iter().map(|time| Call::get(format!("/slow/{time}"))).collect();
        let answers = session.ask_all_saying("guest agents", calls, |line| said.lock().unwrap().push(line.to_owned()));
        let word = |answer: Result<Answer, Error>| match answer {
            Ok(answer) => answer.reply.data::<u64>(&answer.call).unwrap().to_string(),
            Err(error) => error.to_string(),
        };
        (answers.into_iter().map(word).collect(), said.into_inner().unwrap())
    }

    #[test]
    fn answers_come_in_the_order_of_the_calls_and_what_is_quick_is_silent() {
        let (answers, said) = ask_all(&[300, 2, 151, 80]);
        assert_eq!(answers, ["300", "2", "GET /slow/151 failed: broken (HTTP 500)", "80"]);
        assert!(said.is_empty(), "{said:?}");
        assert!(ask_all(&[]).0.is_empty());
    }

    #[test]
    fn what_takes_a_while_says_how_far_it_is() {
        let (answers, said) = ask_all(&[2_400, 10, 20, 30]);
        assert_eq!(answers.len(), 4);
        assert_eq!(said, ["Reading guest agents: 3 of 4, about 1 s left"]);
    }

    #[test]
    fn lines_come_after_two_seconds_and_then_every_three() {
        let mut progress = Progress::new("guest agents", 40);
        let at = |progress: &mut Progress<'_>, ms, open| progress.line_at(Duration::from_millis(ms), open);
        assert_eq!(at(&mut progress, 1_999, 40), None);
        assert_eq!(at(&mut progress, 2_000, 40).unwrap(), "Reading guest agents: 0 of 40");
        assert_eq!(at(&mut progress, 4_900, 30), None);
        assert_eq!(at(&mut progress, 6_000, 30).unwrap(), "Reading guest agents: 10 of 40, about 18 s left");
        assert_eq!(at(&mut progress, 8_900, 20), None);
        assert_eq!(at(&mut progress, 90_000, 20).unwrap(), "Reading guest agents: 20 of 40, about 1 min left");
    }
}
