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
fn agents_and_volume_lists_are_asked_one_at_a_time_of_a_node_and_leave_a_place_there() {
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
    for node in ["/nodes/pve0/", "/nodes/pve1/"] {
        assert_eq!(server.most_at_once(|line| line.contains(node) && !is_quick(line)), 1, "{node}");
        assert_eq!(server.most_at_once(|line| line.contains(node)), 2, "{node}");
    }
    // The slow ones of one node do not wait for those of the other.
    assert_eq!(server.most_at_once(|line| !is_quick(line)), 2);
    let lines = server.lines();
    let last_quick = lines.iter().rposition(|line| is_quick(line)).unwrap();
    let slow_before = lines[..last_quick].iter().filter(|line| !is_quick(line)).count();
    assert!(slow_before < 8, "what is quick does not wait for what is slow: {lines:#?}");
}

#[test]
fn an_unrelated_call_is_quick_while_many_agents_do_not_answer() {
    let server = Server::new(|request| {
        thread::sleep(Duration::from_millis(if request.head.contains("/agent/") { 400 } else { 5 }));
        data("null")
    });
    let wire = to(&server);
    let mute: Vec<_> = (0..6).map(|n| wire.submit(Call::get(format!("/nodes/pve1/qemu/{n}/agent/ping")))).collect();
    let since = Instant::now();
    all_answered(&wire, ["/nodes/pve1/qemu/9/status/current".to_owned()].into_iter());
    assert!(since.elapsed() < Duration::from_millis(300), "{:?}", since.elapsed());
    drop(mute);
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
