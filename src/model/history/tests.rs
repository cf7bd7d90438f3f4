use serde_json::json;

use super::*;
use crate::model::canned::Canned;
use crate::model::guest::Guest;
use crate::model::node::Node;
use crate::model::storage::Storage;
use crate::page::Cell;
use crate::session::Session;
use crate::units::Moment;

const NOW: i64 = 1_768_467_600;
const DAY: i64 = 86_400;

/// A page's text without its line breaks.
fn words(shown: &impl View) -> String {
    shown.page().text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_gap_of_a_storage_stays_a_gap_and_every_number_is_kept() {
    let rows = json!([
        {"time": 1_768_467_000}, {"time": "1768467060", "used": "512.5", "total": 1024}, {"time": 1_768_467_120, "used": null},
        {"used": 7},
    ]);
    let session = Canned::new().data("/nodes/pve1/storage/local/rrddata", rows).session();
    let storage = Node::find(&session, "pve1").unwrap().storage("local").unwrap();
    let history = storage.history(Span::Hour).unwrap();
    let used: Vec<Option<f64>> = history.points().iter().map(|point| point.used).collect();
    assert_eq!(used, [None, Some(512.5), None]);
    assert!(history.page().text().contains("How full was it"), "{}", history.page().text());
}

#[test]
fn the_space_of_a_node_is_its_root_file_system_and_that_of_a_virtual_machine_is_not_known() {
    let pve = Canned::new()
        .data("/nodes/pve1/rrddata", json!([{"time": 1_768_467_060, "rootused": 512, "roottotal": 2048, "cpu": 0.5}]));
    let pve = pve.data("/nodes/pve1/qemu/103/rrddata", json!([{"time": 1_768_467_060, "disk": 0, "maxdisk": 2048}]));
    let session = pve.session();
    let of_node = words(&Node::find(&session, "pve1").unwrap().history(Span::Hour).unwrap().space());
    assert!(of_node.contains("512 B on average") && of_node.contains("of a limit of 2 KiB"), "{of_node}");
    let guest = Guest::find(&session, 103.into()).unwrap();
    let of_guest = guest.history(Span::Hour).unwrap().space().page().text();
    assert!(of_guest.contains("nothing was recorded"), "{of_guest}");
}

#[test]
fn a_guest_has_its_pressures() {
    let guest = Guest::find(&Canned::new().session(), 103.into()).unwrap();
    let history = guest.history(Span::Hour).unwrap();
    let last = history.points().into_iter().rev().find(|point| point.cpu.is_some()).unwrap();
    assert!(last.pressurecpusome.is_some() && last.memhost.is_some() && last.maxcpu == Some(8.0));
    assert!(history.pressure().svg().contains("for disks"));
}

#[test]
fn every_span_of_every_kind_shows_itself_in_words_with_the_code_to_go_on() {
    let session = Canned::new().session();
    let (guest, node) = (Guest::find(&session, 101.into()).unwrap(), Node::find(&session, "pve2").unwrap());
    for span in [Span::Hour, Span::Day, Span::Week, Span::Month, Span::Year] {
        let of_node = words(&node.history(span).unwrap());
        for said in ["CPU of pve2", "disk wait", "Memory of pve2", "Network of pve2", "Root file system of pve2"] {
            assert!(of_node.contains(said), "{said}: {of_node}");
        }
        assert!(of_node.contains(&format!("> pve.node(\"pve2\")?.history(Span::{span:?})?.against_before()?")));
        guest.history(span).unwrap().page();
    }
    let of_storage = words(&Storage::find(&session, "ceph-vm").unwrap().history(Span::Week).unwrap());
    assert!(of_storage.contains("47% full of 8 TiB, "), "{of_storage}");
    assert!(of_storage.contains("> pve.storage(\"ceph-vm\")?.history(Span::Month)?.full_when()"), "{of_storage}");
}

#[test]
fn a_coarse_history_says_that_short_peaks_do_not_show() {
    let guest = Guest::find(&Canned::new().session(), 102.into()).unwrap();
    let words_of = |span| words(&guest.history(span).unwrap());
    assert!(
        words_of(Span::Week).contains("Each point is the average of 30 min: a shorter peak shows lower than it was.")
    );
    assert!(!words_of(Span::Hour).contains("a shorter peak"));
}

#[test]
fn lines_for_cells_have_few_points_and_say_what_they_amount_to() {
    let guest = Guest::find(&Canned::new().session(), 102.into()).unwrap();
    let day = guest.history(Span::Day).unwrap();
    let lines = [day.cpu_line(), day.memory_line(), day.network_line(), day.disk_line()];
    let said: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert!(said[0].ends_with("31% on average, at most 53%"), "{said:?}");
    assert!(said[2].contains("KiB/s on average, at most "), "{said:?}");
    assert!(said.iter().all(|line| line.split(' ').next().unwrap().chars().count() <= 20), "{said:?}");
    assert!(day.space_line().to_string().ends_with("nothing recorded"));
}

#[test]
fn histories_of_many_are_sorted_and_name_those_that_could_not_be_read() {
    let session = Canned::new()
        .refusal("/nodes/pve1/qemu/102/rrddata", 403, "Permission check failed (/vms/102, VM.Audit)")
        .refusal("/nodes/pve4/qemu/131/rrddata", 595, "No route to host")
        .refusal("/nodes/pve1/qemu/104/rrddata", 500, "rrd file is broken")
        .data(
            "/nodes/pve1/qemu/103/rrddata",
            json!([{"time": NOW, "cpu": "nan", "mem": 1e300, "maxmem": 0}, {"odd": 1}]),
        )
        .session();
    let guests = Guest::list(&session).unwrap().filter(|guest| guest.vmid <= 105 || guest.vmid == 131);
    let day = guests.histories(Span::Day).unwrap();
    assert_eq!(day.len(), 7);
    let text = words(&day);
    assert!(text.contains("Not read: 1 guest (VM 102), since audit@pve!test lacks VM.Audit on them."), "{text}");
    assert!(text.contains("Not read: 1 guest (VM 131), since node pve4 cannot be reached."), "{text}");
    assert!(text.contains("Not read: 1 guest (VM 104). GET /nodes/pve1/qemu/104/rrddata"), "{text}");
    assert!(text.contains("Nothing was recorded of the CPU of 1 guest (db-main)"), "{text}");
    assert!(text.find("web-1 (VM 101)").unwrap() < text.find("dns-1 (VM 100)").unwrap(), "highest first: {text}");
    let cell = |vmid| day.cpu_of(&guests.find(|guest| guest.vmid == vmid).unwrap());
    assert!(matches!(cell(101), Cell::Line(_)));
    assert_eq!(cell(102), Cell::Missing("audit@pve!test lacks VM.Audit on them".into()));
    assert_eq!(cell(103), Cell::Missing("nothing recorded".into()));
    let other = Guest::find(&session, 200.into()).unwrap();
    assert_eq!(day.cpu_of(&other), Cell::Missing("not among those that were read".into()));
}

#[test]
fn however_many_there_are_each_is_read_once() {
    let (session, wire) = Canned::new().watched();
    let guests = Guest::list(&session).unwrap();
    let day = guests.histories(Span::Hour).unwrap();
    assert!(guests.len() > 40 && day.len() == guests.len());
    assert_eq!(wire.asked("rrddata?timeframe=hour").len(), guests.len());
    let said = words(&day);
    assert_eq!(said.matches("GET /nodes/{node}/{type}/{vmid}/rrddata?timeframe=hour of guests").count(), 1, "{said}");
    assert!(day.cpu().svg().len() < 400_000 && day.network().svg().len() < 400_000);
}

#[test]
fn a_table_has_a_line_for_each_guest() {
    let guests = Guest::list(&Canned::new().session()).unwrap().filter(|guest| guest.node == "pve1");
    let day = guests.histories(Span::Day).unwrap();
    let table = guests.table().column("CPU, last day", move |guest| day.cpu_of(guest));
    let html = table.page().html();
    assert_eq!(
        html.matches("% on average, at most ").count(),
        guests.filter(|g| g.vmid != 106 && g.vmid != 900).len() - 1
    );
    assert!(html.contains("data:image/svg+xml") && html.contains("nothing recorded"), "{html}");
}

#[test]
fn histories_of_nodes_tell_of_those_that_are_away_as_well() {
    let nodes = Node::list(&Canned::new().session()).unwrap();
    let week = nodes.histories(Span::Week).unwrap();
    let text = words(&week);
    assert!(text.contains("CPU of 4 nodes, last week") && text.contains("pve4 (node)"), "{text}");
    assert!(week.disk().words().text().contains("Proxmox VE keeps it of guests only"));
    assert!(matches!(week.space_of(&nodes.first().unwrap()), Cell::Line(_)));
}

#[test]
fn histories_that_nobody_may_read_are_an_error_and_none_are_none() {
    let session = Canned::new().refusal("/nodes/pve1/qemu/101/rrddata", 403, "Permission check failed").session();
    let guests = Guest::list(&session).unwrap();
    let error = guests.filter(|guest| guest.vmid == 101).histories(Span::Day).unwrap_err();
    assert!(matches!(error, Error::NotPermitted { .. }), "{error}");
    let none = guests.filter(|_| false).histories(Span::Day).unwrap();
    assert!(none.is_empty() && words(&none).contains("Nothing was recorded in this time"), "{}", words(&none));
}

#[test]
fn a_day_against_the_day_before_compares_points_of_one_kind() {
    let row =
        |at: i64, cpu: f64| json!({"time": at, "cpu": cpu, "mem": 512, "maxmem": 1024, "netin": 1024, "netout": 0});
    let week = (0..336).map(|n| row(NOW - n * 1_800, if n < 48 { 0.5 } else { 0.2 })).collect();
    let session = Canned::new().data("/nodes/pve1/qemu/101/rrddata?timeframe=week", week).session();
    let day = Guest::find(&session, 101.into()).unwrap().history(Span::Day).unwrap();
    let days = day.against_before().unwrap();
    let text = words(&days);
    assert!(
        text.contains("CPU 50% on average, 30 points more than before; memory 50% on average, as before;"),
        "{text}"
    );
    assert!(
        text.contains("last day lowest 50%, average 50%, highest 50% at 2026-01-14 09:30:00 UTC; 48 points"),
        "{text}"
    );
    assert!(text.contains("day before lowest 20%, average 20%"), "{text}");
    assert!(text.contains("Time of day before 2026-01-13 09:30:00 UTC to 2026-01-14 09:00:00 UTC"), "{text}");
    assert!(text.contains("Both from points that are averages of 30 min"), "{text}");
    assert!(!text.contains("Disks"), "what was never recorded is not compared: {text}");
}

#[test]
fn too_few_points_are_no_comparison_without_a_warning() {
    let old = (0..70).map(|n| json!({"time": NOW - n * 1_800, "cpu": 0.5, "mem": 1, "maxmem": 2})).collect();
    let session = Canned::new().data("/nodes/pve1/qemu/101/rrddata?timeframe=day", old).session();
    let hour = Guest::find(&session, 101.into()).unwrap().history(Span::Hour).unwrap();
    let text = words(&hour.against_before().unwrap());
    assert!(text.contains("Only 2 points of each were kept: hardly enough to compare."), "{text}");
}

/// When a storage is full whose month was like this: day and used, of a thousand.
fn full_when(kind: &str, used: impl Fn(f64) -> Option<f64>) -> FullWhen {
    let row = |n: i64| match used(n as f64 / 48.0) {
        Some(used) => json!({"time": NOW - (1_440 - n) * 1_800, "used": used * 1e9, "total": 1e12}),
        None => json!({"time": NOW - (1_440 - n) * 1_800}),
    };
    let rows = (1..=1_440).map(row).collect();
    let list = json!([{"storage": "tank", "type": kind, "active": 1, "enabled": 1, "content": "images"}]);
    let session: Session =
        Canned::new().data("/nodes/pve1/storage", list).data("/nodes/pve1/storage/tank/rrddata", rows).session();
    Node::find(&session, "pve1").unwrap().storage("tank").unwrap().history(Span::Month).unwrap().full_when()
}

#[test]
fn a_storage_that_fills_steadily_is_full_on_its_day() {
    // 10 a day from 100: 400 at the end of the month, 1000 sixty days later.
    let full = full_when("zfspool", |day| Some(100.0 + 10.0 * day));
    let due = Moment::from_unix(NOW + 60 * DAY);
    assert_eq!(full.filling(), Filling::Fills { about: due, earliest: due, latest: Some(due) });
    let text = words(&full);
    assert!(text.contains("Full in about 9 weeks: on 2026-03-16, if it goes on as in the last month."), "{text}");
    assert!(text.contains("Gains in a day +9.3 GiB") && text.contains("On ZFS, whatever else"), "{text}");
    assert_eq!(Cell::from(full).to_string(), "Full in about 9 weeks: on 2026-03-16");
}

#[test]
fn an_hour_tells_of_a_day_and_not_of_a_month() {
    let rows = (0..60).map(|n| json!({"time": NOW - n * 60, "used": 5e11 - n as f64 * 1e7, "total": 1e12})).collect();
    let session = Canned::new().data("/nodes/pve1/storage/local/rrddata", rows).session();
    let full = Node::find(&session, "pve1").unwrap().storage("local").unwrap().history(Span::Hour).unwrap().full_when();
    assert_eq!(full.filling(), Filling::DoesNotFill);
    let text = words(&full);
    assert!(text.contains("It does not fill within 23 hours, if it goes on as in the last hour."), "{text}");
    assert!(text.contains("It looks back over a short time, one hour"), "{text}");
}

#[test]
fn what_fills_only_at_times_may_fill() {
    // Ever fuller and emptier: no pace by and large.
    let full = full_when("dir", |day| Some(800.0 + 150.0 * (day / 30.0 * 2.0 * std::f64::consts::PI).cos()));
    assert!(matches!(full.filling(), Filling::MayFill { .. }), "{full:?}");
    assert!(words(&full).contains("at its usual pace; as fast as it was at times, it is full from 2026-"), "{full:?}");
}

#[test]
fn a_range_is_told_where_it_fills_unevenly() {
    let full = full_when("dir", |day| Some(300.0 + 10.0 * day + 8.0 * (day * 0.9).sin()));
    let Filling::Fills { about, earliest, latest: Some(latest) } = full.filling() else { panic!("{full:?}") };
    let due = Moment::from_unix(NOW + 40 * DAY);
    assert!(earliest < about && about < latest && earliest < due && due < latest, "{full:?}");
    assert!(latest.since(earliest).0 < 20 * 86_400, "{earliest} to {latest}");
    let (text, svg) = (words(&full), full.figure().svg());
    assert!(text.contains(&format!(": between {} and {}, if", earliest.date(), latest.date())), "{text}");
    assert!(svg.contains(">\ntrend\n<") && svg.matches("<polygon").count() == 2 && svg.len() < 400_000, "{svg}");
}

#[test]
fn what_does_not_fill_or_is_full_is_told_so() {
    for used in [|_| Some(500.0), |day| Some(500.0 - day), |day: f64| Some(500.0 + (day * 48.0).round() % 3.0)] {
        let steady = full_when("dir", used);
        assert_eq!(steady.filling(), Filling::DoesNotFill);
        assert!(words(&steady).contains("It does not fill within 2 years, if it goes on as in the last month."));
    }
    let full = full_when("dir", |day| Some(if day < 20.0 { 900.0 } else { 1_000.0 }));
    assert_eq!(full.filling(), Filling::Full);
    assert!(words(&full).contains("It is full."), "{}", words(&full));
}

#[test]
fn what_cannot_be_told_is_not_told_and_says_why() {
    let why = |used: &dyn Fn(f64) -> Option<f64>| match full_when("dir", used).filling() {
        Filling::NotTold(why) => why.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why(&|_| None), "nothing was recorded in this time");
    assert_eq!(why(&|_| Some(f64::NAN)), "nothing was recorded in this time");
    assert_eq!(why(&|day| (day > 29.9).then_some(5.0)), "only 5 points were recorded, too few for a trend");
    assert_eq!(why(&|day| (day < 20.0).then_some(5.0 + day)), "nothing was recorded since 2026-01-05 08:30:00 UTC");
    let jumped = why(&|day| Some(if day < 28.0 { 200.0 } else { 300.0 }));
    assert_eq!(jumped, "it jumped by +93 GiB about 2026-01-13, and too little came after that");
}

#[test]
fn a_storage_that_was_made_larger_is_measured_by_what_is_not_free_now() {
    // 500 of 1000 and 10 more a day; after ten days it has 2000.
    let row = |n: i64| {
        let day = n as f64 / 48.0;
        let size = if day < 10.0 { 1e12 } else { 2e12 };
        json!({"time": NOW - (1_440 - n) * 1_800, "used": 5e11 + day * 1e10, "total": size})
    };
    let rows = (1..=1_440).map(row).collect();
    let session = Canned::new().data("/nodes/pve1/storage/local/rrddata", rows).session();
    let storage = Node::find(&session, "pve1").unwrap().storage("local").unwrap();
    let full = storage.history(Span::Month).unwrap().full_when();
    let due = Moment::from_unix(NOW + 120 * DAY);
    assert!(matches!(full.filling(), Filling::Fills { about, .. } if about == due), "{full:?}");
    let text = words(&full);
    assert!(text.contains("Its size changed in this time") && text.contains("not free lowest"), "{text}");
    assert!(text.contains("It jumped by -931 GiB about 2025-12-26"), "{text}");
}

#[test]
fn a_clearing_and_holes_are_told_with_the_date() {
    let full = full_when("pbs", |day| match day {
        ..8.0 => Some(800.0 + 5.0 * day),
        12.0..17.0 => None,
        day => Some(300.0 + 5.0 * day),
    });
    let text = words(&full);
    assert!(
        matches!(full.filling(), Filling::Fills { .. }) && text.contains("It jumped by -466 GiB about 2025-12-24"),
        "{text}"
    );
    assert!(text.contains("240 of 1440 points are missing.") && text.contains("collects garbage"), "{text}");
}

#[test]
fn a_storage_whose_nodes_each_have_their_own_asks_which() {
    let session = Canned::new().session();
    let error = Storage::find(&session, "local-zfs").unwrap().history(Span::Month).unwrap_err().to_string();
    assert!(
        error.contains("each node has its own") && error.contains("pve.node(\"pve1\")?.storage(\"local-zfs\")?"),
        "{error}"
    );
    let error = Storage::find(&session, "nas-old").unwrap().history(Span::Month).unwrap_err().to_string();
    assert!(error.contains("it is available on none"), "{error}");
}

#[test]
fn whatever_a_server_says_there_is_a_page_of_it() {
    let odd = [json!(null), json!("nan"), json!(-5), json!(0), json!(1e300), json!("12 GiB"), json!([1]), json!(7e11)];
    for total in &odd {
        for shift in 0..odd.len() {
            let row = |n: usize| {
                let at = if n % 7 == 3 { json!("soon") } else { json!(NOW - 1_860 * i64::try_from(n).unwrap()) };
                let (used, cpu) = (&odd[(n + shift) % odd.len()], &odd[(n * 3 + shift) % odd.len()]);
                json!({"time": at, "used": used, "total": total, "cpu": cpu, "mem": used, "maxmem": total, "netin": cpu})
            };
            let rows: serde_json::Value = (0..60).map(row).collect();
            let session = Canned::new()
                .data("/nodes/pve1/storage/local/rrddata", rows.clone())
                .data("/nodes/pve1/qemu/103/rrddata", rows)
                .session();
            let node = Node::find(&session, "pve1").unwrap();
            let storage = node.storage("local").unwrap().history(Span::Month).unwrap();
            let guest = Guest::find(&session, 103.into()).unwrap();
            let day = guest.history(Span::Day).unwrap();
            let pages = [storage.page(), storage.full_when().page(), day.page(), day.against_before().unwrap().page()];
            for page in pages {
                let text = page.text();
                assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
                assert!(page.html().len() < 1_000_000);
            }
        }
    }
}

#[test]
fn what_stood_still_on_both_days_is_as_much_and_no_less() {
    let week = (0..96).map(|n| json!({"time": NOW - n * 1_800, "cpu": 0.5, "netin": 0, "netout": 0})).collect();
    let session = Canned::new().data("/nodes/pve1/qemu/101/rrddata?timeframe=week", week).session();
    let days = Guest::find(&session, 101.into()).unwrap().history(Span::Day).unwrap().against_before().unwrap();
    assert!(words(&days).contains("network 0 B/s on average, as before"), "{}", words(&days));
}

#[test]
fn times_before_and_after_all_calendars_are_compared_with_nothing() {
    let times = [i64::MIN, -1, 0, NOW, i64::MAX];
    let week = times.iter().map(|at| json!({"time": at.to_string(), "cpu": 0.5})).collect();
    let session = Canned::new().data("/nodes/pve1/qemu/101/rrddata?timeframe=week", week).session();
    let days = Guest::find(&session, 101.into()).unwrap().history(Span::Day).unwrap().against_before().unwrap();
    assert!(words(&days).contains("Nothing was recorded"), "{}", words(&days));
}
