//! When a storage is full: a trend, a date with its range, and what that rests on.

use std::fmt;

use super::filling::{FULL, Filling, ahead, found, gain, horizon, moment};
use super::measure::floor;
use super::trend::Trend;
use super::{History, Source, Span, apart};
use crate::page::{Cell, Figure, Page, Provenance};
use crate::render::{Chart, Fan, Line, Points, Series, Unit, View, sanitise};
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio};

const DAY: f64 = 86_400.0;

/// When a storage is full, as [`History::full_when`] finds it.
#[derive(Clone)]
pub struct FullWhen {
    source: Source,
    span: Span,
    /// What is not free, of the size that there is now.
    points: Points,
    size: f64,
    /// How often something was recorded in how many seconds.
    apart: u64,
    trend: Option<Trend>,
    filling: Filling,
    /// Whether its size changed.
    resized: bool,
    provenance: Provenance,
}

impl History {
    /// When the storage is full, if things go on as they did: a date with its range, or why there is none. Of a node, its
    /// root file system; of a container, its root disk. A month or a year of history tells more than a day.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let full = Pve::demo()?.storage("nfs-backup")?.history(Span::Month)?.full_when();
    /// assert!(full.page().text().contains("Full in about"));
    /// if let Filling::Fills { about, earliest, latest } = full.filling() {
    ///     assert!(earliest <= about && latest.is_none_or(|latest| about <= latest));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn full_when(&self) -> FullWhen {
        let size = self.last(super::Point::space).filter(|size| *size > 0.0).unwrap_or(0.0);
        let not_free = |point: &super::Point| Some(size - (point.space()? - point.space_used()?));
        let mut points: Points = self.points.iter().map(|point| (point.at(), not_free(point))).collect();
        let resized = self.points.iter().filter_map(super::Point::space).any(|was| (was / size - 1.0).abs() > 0.005);
        sanitise(&mut points, Unit::Bytes);
        let (trend, filling) = match self.source.used {
            // Whatever the mean of a time says that has not ended.
            Some(used) if used >= FULL => (None, Filling::Full),
            _ => found(&points, size, self.source.no_space),
        };
        FullWhen {
            source: self.source.clone(),
            span: self.span,
            apart: apart(&self.points).unwrap_or(0),
            points,
            size,
            trend,
            filling,
            resized,
            provenance: self.provenance.clone(),
        }
    }
}

impl FullWhen {
    /// What becomes of its space.
    pub fn filling(&self) -> Filling {
        self.filling.clone()
    }

    /// What was measured, the trend, and its range up to the limit, as a chart.
    pub fn figure(&self) -> Figure {
        let name = if self.resized { "not free" } else { "used" };
        let title = format!("{} of {}, and where it tends to", self.source.space, self.source.called.raw());
        let chart = Chart::new(title, Unit::Bytes, vec![Series::new(name, self.points.clone())]);
        let chart = Chart {
            limit: Some(("all of it".into(), self.size)),
            floor: floor(&self.points, self.size),
            answer: Some(format!("{}.", self.said(&self.condition()).concat())),
            remarks: self.pace().into_iter().collect(),
            ..chart
        };
        let Some(trend) = &self.trend else { return chart.figure() };
        let (fan, line) = self.ahead(trend);
        let line = Series { line: Line::Trend, ..Series::new("trend", line) };
        Chart { fan, series: [chart.series, vec![line]].concat(), ..chart }.figure()
    }

    /// The range and the line as far ahead as they are drawn: to where it is full, but no longer than twice the time that
    /// was looked back.
    fn ahead(&self, trend: &Trend) -> (Fan, Points) {
        let back = self.span.seconds() as f64;
        let until = match &self.filling {
            Filling::Fills { about, latest, .. } => latest.unwrap_or(*about),
            Filling::MayFill { earliest } => *earliest,
            _ => moment(trend.to + back / 4.0),
        };
        let long = ((until.unix() as f64 - trend.to) * 1.05).clamp(back / 8.0, back * 2.0);
        const STEPS: i32 = 60;
        let times = (0..=STEPS).map(|n| trend.to + long * f64::from(n) / f64::from(STEPS));
        let within = |number: f64| number.clamp(0.0, self.size);
        let fan = times.map(|time| {
            let (low, high) = trend.between(time);
            (moment(time), within(low), within(high))
        });
        // The line ends where it meets the limit or the ground.
        let ends = [trend.reaches(self.size)[0], (trend.pace < 0.0).then(|| trend.to - trend.level / trend.pace)];
        let end = ends.into_iter().flatten().fold(trend.to + long, f64::min);
        let line = [trend.from, end].map(|time| (moment(time), Some(within(trend.at(time)))));
        (fan.collect(), line.into())
    }

    /// The pace in words.
    fn pace(&self) -> Option<(Text, String)> {
        let Trend { pace, paces: (slowest, fastest), .. } = self.trend?;
        let [pace, slowest, fastest] = [pace, slowest, fastest].map(|pace| gain(pace * DAY));
        let range =
            if slowest == fastest { String::new() } else { format!(", at times between {slowest} and {fastest}") };
        Some(("Gains in a day".into(), format!("{pace}{range}")))
    }

    /// On what an answer rests: `, if it goes on as in the last month`.
    fn condition(&self) -> String {
        format!(", if it goes on as in the last {}", self.span.word())
    }

    /// The answer: the fact, and the rest of the sentence, with the condition in these words.
    fn said(&self, on: &str) -> [String; 2] {
        let now = self.points.last().map_or(0, |(at, _)| at.unix());
        let until = |at: &Moment| ahead(at.unix() - now);
        let within = self.trend.map_or_else(String::new, |trend| ahead(horizon(&trend) as i64));
        match &self.filling {
            Filling::Full => ["It is full".into(), String::new()],
            Filling::Fills { about, earliest, latest: Some(latest) } if earliest.date() == latest.date() => {
                [format!("Full in about {}", until(about)), format!(": on {}{on}", about.date())]
            }
            Filling::Fills { about, earliest, latest: Some(latest) } => [
                format!("Full in about {}", until(about)),
                format!(": between {} and {}{on}", earliest.date(), latest.date()),
            ],
            Filling::Fills { about, earliest, latest: None } => [
                format!("Full in about {}", until(about)),
                format!(": {} at the earliest; as slow as it was at times, not within {within}", earliest.date()),
            ],
            Filling::MayFill { earliest } => [
                format!("It does not fill within {within} at its usual pace"),
                format!("; as fast as it was at times, it is full from {} on", earliest.date()),
            ],
            Filling::DoesNotFill => [format!("It does not fill within {within}"), on.into()],
            Filling::NotTold(why) => ["When it is full cannot be told".into(), format!(": {}", why.raw())],
        }
    }

    /// What this rests on, and what it does not know.
    fn assumptions(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(Trend { jump: Some((at, by)), .. }) = self.trend {
            words.push(format!(
                "It jumped by {} about {}: only what came after that counts.",
                gain(by),
                moment(at).date()
            ));
        }
        if self.resized {
            let words_of_size =
                "Its size changed in this time: what counts is what was not free of the size it has now.";
            words.push(words_of_size.into());
        }
        let missing = self.points.iter().filter(|(_, number)| number.is_none()).count();
        if missing * 10 > self.points.len() {
            words.push(format!("{missing} of {} points are missing.", self.points.len()));
        }
        if self.span < Span::Month {
            words.push(format!(
                "It looks back over a short time, one {}: what happens once a week or once a month does not show in it.",
                self.span.word()
            ));
        }
        if let (Filling::Fills { about, .. }, Some(trend)) = (&self.filling, &self.trend) {
            let times = (about.unix() as f64 - trend.to) / (trend.to - trend.from);
            if times > 6.0 {
                words.push(format!(
                    "The date is {times:.0} times as far ahead as this looks back: read it as \"not soon\"."
                ));
            }
        }
        let of_kind = self.source.kind.as_ref().and_then(|kind| match kind.raw() {
            "zfspool" | "zfs" => Some("On ZFS, whatever else lies in the same pool takes space as well."),
            "lvmthin" => {
                Some("A thin pool can run out of room for its metadata before that, which does not show here.")
            }
            "pbs" => {
                Some("A backup server frees space when it collects garbage, often long after backups were removed.")
            }
            "rbd" | "cephfs" => {
                Some("Ceph refuses writes as soon as one OSD is full, which is before the whole pool is.")
            }
            _ => None,
        });
        words.extend(of_kind.map(str::to_owned));
        words.push("What guests were promised and do not use yet is not counted, nor is what somebody plans.".into());
        words
    }
}

impl View for FullWhen {
    fn page(&self) -> Page {
        let [fact, rest] = self.said(&self.condition());
        let page = Page::new(format!("When is {} full?", self.source.called.raw()))
            .question("When does it run out of space, and how sure is that?")
            .answer(fact, format!("{rest}."));
        let Some(used) = self.points.iter().rev().find_map(|(_, number)| *number) else {
            return page.provenance(self.provenance.clone());
        };
        let (now, all) = (Bytes(used as u64), Bytes(self.size as u64));
        let now = [
            ("Now".into(), Cell::Meter(Ratio(used / self.size), format!("{now} of {all}").into())),
            ("Left".into(), Cell::from(all - now)),
        ];
        let pace = self.pace().map(|(name, words)| (name, Cell::from(words)));
        let method = Page::new("").paragraph(format!(
            "This time is taken as up to 30 stretches, each as its median. The pace is the median of the paces between any two of \
             them that are a fifth of the time apart (Theil-Sen); its range leaves out the slowest and the fastest twentieth, and \
             allows for how the numbers swing around the trend. A point was recorded every {}.",
            Age(self.apart)
        ));
        let page = page.facts(now.into_iter().chain(pace)).figure(self.figure());
        if self.trend.is_none() {
            return page.provenance(self.provenance.clone());
        }
        let notes = self.assumptions().into_iter().fold(method, Page::paragraph);
        page.section("What this rests on", notes).provenance(self.provenance.clone())
    }
}

impl From<FullWhen> for Cell {
    /// In the cell of a table: when, with its range.
    fn from(full: FullWhen) -> Cell {
        match &full.filling {
            Filling::NotTold(why) => Cell::Missing(why.clone()),
            _ => Cell::from(full.said("").concat()),
        }
    }
}

impl fmt::Debug for FullWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FullWhen({}: {})", self.source.called, self.said("")[0])
    }
}
