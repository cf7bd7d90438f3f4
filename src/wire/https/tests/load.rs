//! How much is asked of a cluster at once.

use super::*;

/// A server that takes its time.
fn unhurried() -> Server {
    Server::new(|_| {
        thread::sleep(Duration::from_millis(60));
        data("null")
    })
}

fn all_answered(wire: &Https, paths: impl Iterator<Item = String>) {
    let pending: Vec<_> = paths.map(|path| wire.submit(Call::get(path))).collect();
    assert!(pending.into_iter().all(|answer| answer.wait().is_ok()));
}

#[test]
fn two_calls_at_once_go_to_a_node_and_no_more() {
    let server = unhurried();
    let wire = to(&server);
    all_answered(&wire, (0..6).map(|n| format!("/nodes/pve1/qemu/{n}/config")));
    assert_eq!(server.most_at_once(|_| true), 2);
    // Other nodes have a gate of their own.
    all_answered(&wire, (0..6).map(|n| format!("/nodes/pve{n}/status")));
    assert!(server.most_at_once(|_| true) > 2);
}

#[test]
fn agents_and_volume_lists_are_asked_one_at_a_time_and_leave_a_place_at_their_node() {
    let server = unhurried();
    let wire = to(&server);
    let slow = |n| match n % 2 {
        0 => format!("/nodes/pve{}/qemu/{n}/agent/get-osinfo", n / 4),
        _ => format!("/nodes/pve{}/storage/s{n}/content", n / 4),
    };
    let quick = |n| format!("/nodes/pve{}/qemu/{n}/status/current", n / 4);
    all_answered(&wire, (0..8).map(slow).chain((0..8).map(quick)));
    assert_eq!(server.lines().len(), 16);
    let is_quick = |line: &str| line.ends_with("/status/current");
    assert_eq!(server.most_at_once(|line| !is_quick(line)), 1);
    let lines = server.lines();
    let last_quick = lines.iter().rposition(|line| is_quick(line)).unwrap();
    let slow_before = lines[..last_quick].iter().filter(|line| !is_quick(line)).count();
    assert!(slow_before < 6, "what is quick does not wait for what is slow: {lines:#?}");
}

#[test]
fn what_is_asked_twice_at_a_time_is_sent_once_and_anew_after_a_write() {
    let server = unhurried();
    let wire = to(&server);
    let config = || Call::get("/nodes/pve1/qemu/101/config");
    let pending: Vec<_> = (0..5).map(|_| wire.submit(config())).collect();
    assert!(pending.into_iter().all(|answer| answer.wait().is_ok()));
    assert_eq!(server.lines().len(), 1);

    let before = wire.submit(config());
    let change = wire.submit(Call::new(Method::Put, "/nodes/pve1/qemu/101/config").with("cores", "2"));
    let after = [wire.submit(config()), wire.submit(config())];
    assert!([before, change].into_iter().chain(after).all(|answer| answer.wait().is_ok()));
    let reads = server.lines().iter().filter(|line| line.starts_with("GET")).count();
    assert_eq!(reads, 3, "one of the first five, one before the write, one for the two after it");
}
