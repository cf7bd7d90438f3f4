//! Each fault that a fakepve can be given, met by a client that does not know of it.

use super::*;

/// A cluster of two nodes, and a connection to it.
fn faulty(setup: &[&str]) -> Option<(Fake, Https)> {
    let mut fake = fakepve()?;
    fake.order("pve.add_node('pve2'); pve.add_vm(201, 'far', node='pve2', status='stopped'); pve.time_scale = 1");
    for line in setup {
        fake.order(line);
    }
    let wire = connect(&fake.url, token(), pinned(&fake.fingerprint)).open().unwrap();
    Some((fake, wire))
}

fn seen(fake: &mut Fake, method: &str) -> String {
    fake.order(&format!("answer = sum(method == '{method}' for method, path, _ in pve.requests)"))
}

fn said(wire: &Https, call: Call) -> String {
    match ask(wire, call.clone()) {
        Ok(reply) if reply.is_ok() => reply.body.to_string(),
        Ok(reply) => reply_error(&call, &reply, &wire.identity()).to_string(),
        Err(error) => error.to_string(),
    }
}

fn config(method: Method) -> Call {
    Call::new(method, "/nodes/pve1/qemu/101/config")
}

fn start() -> Call {
    post("/nodes/pve1/qemu/101/status/start")
}

#[test]
fn a_slow_network_is_waited_for_and_a_slow_node_holds_up_no_other() {
    let Some((mut fake, wire)) = faulty(&["pve.slow_network(0.2, jitter=0.1)"]) else { return };
    let reply = ask(&wire, config(Method::Get)).unwrap();
    assert!(reply.is_ok() && reply.took > Duration::from_millis(200), "{:?}", reply.took);
    fake.order("pve.slow_network(0); pve.slow_network(3, node='pve2')");
    let slow = wire.submit(Call::get("/nodes/pve2/qemu/201/config"));
    let since = Instant::now();
    assert!(ask(&wire, config(Method::Get)).unwrap().is_ok());
    assert!(since.elapsed() < Duration::from_millis(600));
    assert!(slow.wait().unwrap_err().to_string().contains("no answer came in time. It only read"));
}

#[test]
fn answers_that_are_not_there_just_now_are_asked_for_again_but_writes_are_not() {
    for fault in ["503, 'starting'", "502, '<html>Bad Gateway', html=True", "504, 'late'", "596, 'Broken pipe'"] {
        let order = format!("pve.fail('GET', '/qemu/101/config', {fault}, times=2)");
        let Some((mut fake, wire)) = faulty(&[&order]) else { return };
        assert!(ask(&wire, config(Method::Get)).unwrap().is_ok(), "{fault}");
        assert_eq!(seen(&mut fake, "GET"), "3");
        fake.order(&format!("pve.fail('POST', '/status/start', {fault}, times=1)"));
        assert!(!ask(&wire, start()).unwrap().is_ok());
        assert_eq!(seen(&mut fake, "POST"), "1");
    }
}

#[test]
fn what_stays_away_is_told_with_the_number_of_tries() {
    let order = "pve.fail('GET', '/qemu/101/config', 503, 'starting')";
    let Some((mut fake, wire)) = faulty(&[order]) else { return };
    assert!(said(&wire, config(Method::Get)).contains("failed: starting (tried 3 times) (HTTP 503)"));
    fake.order("pve.fail('GET', '/qemu/101/config', 502, '<html>Bad Gateway</html>', html=True)");
    let page = said(&wire, config(Method::Get));
    assert!(page.contains("a web page, not an answer of the API (HTTP 502 Bad Gateway (tried 3 times))"), "{page}");
    fake.order("pve.fail('GET', '/qemu/101/config', 500, 'got timeout')");
    assert!(said(&wire, config(Method::Get)).contains("failed: got timeout (HTTP 500)"));
}

#[test]
fn a_node_that_went_away_is_named_and_the_others_go_on() {
    let Some((mut fake, wire)) = faulty(&["pve.set_node_offline('pve2')"]) else { return };
    let far = Call::get("/nodes/pve2/qemu/201/status/current");
    let said = said(&wire, far.clone());
    assert!(
        said.starts_with("Node pve2 cannot be reached from the cluster: No route to host. It is offline"),
        "{said}"
    );
    assert_eq!(seen(&mut fake, "GET"), "1");
    assert!(ask(&wire, config(Method::Get)).unwrap().is_ok());
    fake.order("pve.set_node_offline('pve2', offline=False)");
    assert!(ask(&wire, far).unwrap().is_ok());
}

#[test]
fn connections_that_are_dropped_cost_a_read_a_moment_and_leave_a_write_in_doubt() {
    let Some((mut fake, wire)) = faulty(&["pve.flaky_network(drop_rate=1)"]) else { return };
    let lost = ask(&wire, start()).unwrap_err();
    assert!(matches!(lost, Error::ConnectionLost { write: true, .. }), "{lost}");
    assert!(said(&wire, config(Method::Get)).contains("(tried 3 times). It only read; ask again"));
    let read = wire.submit(config(Method::Get));
    thread::sleep(Duration::from_millis(50));
    fake.order("pve.flaky_network(drop_rate=0)");
    assert!(read.wait().unwrap().is_ok());
}

#[test]
fn a_server_that_hangs_is_asked_once() {
    let Some((mut fake, wire)) = faulty(&["pve.flaky_network(hang_rate=1, hang_secs=2)"]) else { return };
    assert!(said(&wire, config(Method::Get)).contains("no answer came in time"));
    assert!(said(&wire, start()).contains("It may or may not have reached the server, and was not sent again"));
    // Requests are noted down when they stop hanging.
    thread::sleep(Duration::from_millis(2_300));
    assert_eq!((seen(&mut fake, "GET"), seen(&mut fake, "POST")), ("1".to_owned(), "1".to_owned()));
}

#[test]
fn a_restart_of_the_server_is_outlived() {
    let Some((mut fake, wire)) = faulty(&[]) else { return };
    assert!(ask(&wire, config(Method::Get)).unwrap().is_ok());
    fake.order("later(restart(0.6))");
    thread::sleep(Duration::from_millis(100));
    assert!(ask(&wire, config(Method::Get)).unwrap().is_ok());
}

#[test]
fn tickets_that_are_revoked_cost_one_login_each_time() {
    let Some(mut fake) = fakepve() else { return };
    let wire = connect(&fake.url, password("secret"), pinned(&fake.fingerprint)).open().unwrap();
    for logins in ["2", "3"] {
        fake.order("pve.revoke_tickets()");
        assert!(ask(&wire, config(Method::Get)).unwrap().is_ok());
        assert_eq!(fake.order("answer = sum(path.endswith('/access/ticket') for _, path, _ in pve.requests)"), logins);
    }
    fake.order("pve.password = 'changed'; pve.revoke_tickets()");
    assert!(said(&wire, config(Method::Get)).starts_with("Not logged in as root@pam: authentication failure"));
}

#[test]
fn locks_and_a_lost_quorum_are_told_apart() {
    let Some((mut fake, wire)) = faulty(&["pve.lock_wait = 0", "pve.snapshot_lock(101)"]) else { return };
    let change = || config(Method::Put).with("cores", "2");
    assert!(said(&wire, change()).contains("(lock: snapshot)"), "{}", said(&wire, change()));
    fake.order("pve.unlock(101); later(pve.hold_config_lock(101, None))");
    let held = said(&wire, change());
    assert!(held.contains("can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout"), "{held}");
    fake.order("pve.release_config_lock(101); pve.lose_quorum()");
    let alone = said(&wire, change());
    assert!(alone.contains("fewer than half of its nodes see each other"), "{alone}");
    fake.order("pve.regain_quorum()");
    assert!(ask(&wire, change()).unwrap().is_ok());
}
