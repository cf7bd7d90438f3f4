//! How far back charts are recorded: as far as they have room, since a chart is longer than all else of a thing together.

use std::cmp::max;

/// Whose charts: how many bytes a point takes in the file, and how many all of them may take.
pub(super) struct Charts {
    point: usize,
    room: usize,
    /// The most useful first: its name, and its points in Proxmox VE 9.
    spans: [(&'static str, usize); 5],
}

const HOUR: (&str, usize) = ("hour", 60);
const DAY: (&str, usize) = ("day", 1_440);
const WEEK: (&str, usize) = ("week", 336);
const MONTH: (&str, usize) = ("month", 1_440);
const YEAR: (&str, usize) = ("year", 1_460);

pub(super) const OF_GUESTS: Charts = Charts { point: 60, room: 14 << 20, spans: [WEEK, DAY, HOUR, MONTH, YEAR] };
pub(super) const OF_NODES: Charts = Charts { point: 80, room: 6 << 20, spans: [WEEK, MONTH, DAY, HOUR, YEAR] };
pub(super) const OF_STORAGES: Charts = Charts { point: 20, room: 6 << 20, spans: [MONTH, WEEK, DAY, HOUR, YEAR] };

impl Charts {
    /// The spans that have room for so many things: the first has all of it, the others what is left of a quarter.
    pub(super) fn spans(&self, things: usize) -> Vec<&'static str> {
        let (mut used, mut room) = (0, self.room);
        let fits = |(span, points): &(&'static str, usize)| {
            used += points * self.point * max(things, 1);
            let fits = used <= room;
            room = self.room / 4;
            fits.then_some(*span)
        };
        self.spans.iter().map_while(fits).collect()
    }

    /// Those that have none.
    pub(super) fn left_out(&self, things: usize) -> Vec<&'static str> {
        let kept = self.spans(things);
        self.spans.iter().map(|(span, _)| *span).filter(|span| !kept.contains(span)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_most_is_kept_longest() {
        assert_eq!(OF_GUESTS.spans(30), ["week", "day", "hour"]);
        assert_eq!(OF_GUESTS.spans(5), ["week", "day", "hour", "month", "year"]);
        assert_eq!(OF_GUESTS.spans(600), ["week"]);
        assert_eq!(OF_GUESTS.left_out(10_000), ["week", "day", "hour", "month", "year"]);
        assert_eq!(OF_NODES.spans(4), ["week", "month", "day", "hour", "year"]);
        assert_eq!(OF_NODES.spans(100), ["week"]);
        assert_eq!(OF_STORAGES.spans(30), ["month", "week"]);
        assert_eq!(OF_STORAGES.spans(140), ["month"]);
    }
}
