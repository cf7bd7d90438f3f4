//! Against a fakepve: what a session does all day.

use super::*;

mod faults;

fn fakepve() -> Option<Fake> {
    Fake::start(&[
        &format!("pve.apitokens['{TOKEN}'] = '{SECRET}'"),
        "pve.add_vm(101, 'web-1', status='stopped')",
        "pve.add_vm(102, 'db-1', status='running')",
        "pve.add_vm(107, 'mail', status='stopped', lock='backup')",
    ])
}

fn starts_a_vm(wire: &Https) {
    let status = Call::get("/nodes/pve1/qemu/101/status/current");
    let state = |reply: Reply| reply.data::<serde_json::Value>(&status).unwrap()["status"].clone();
    assert_eq!(state(ask(wire, status.clone()).unwrap()), "stopped");
    let start = post("/nodes/pve1/qemu/101/status/start");
    let started = ask(wire, start.clone()).unwrap();
    assert!(started.data::<String>(&start).unwrap().starts_with("UPID:pve1:"), "{}", started.body);
    assert_eq!(state(ask(wire, status.clone()).unwrap()), "running");
}

#[test]
fn a_token_lists_and_starts_a_vm_with_a_pin() {
    let Some(fake) = fakepve() else { return };
    let wire = connect(&fake.url, token(), pinned(&fake.fingerprint)).open().unwrap();
    assert_eq!(wire.identity(), TOKEN);
    assert_eq!(wire.console().unwrap(), fake.url);
    let list = Call::get("/cluster/resources").with("type", "vm");
    let rows = ask(&wire, list.clone()).unwrap().rows::<serde_json::Value>(&list).unwrap();
    assert_eq!(rows.into_iter().count(), 3);
    starts_a_vm(&wire);
}

#[test]
fn a_password_becomes_a_ticket_that_may_write_with_the_ca_file() {
    let Some(mut fake) = fakepve() else { return };
    let wire =
        connect(&fake.url, password("secret"), Trust::Authority(fake.certificate.clone().into())).open().unwrap();
    starts_a_vm(&wire);
    let logins = "answer = sum(path.endswith('/access/ticket') for _, path, _ in pve.requests)";
    assert_eq!(fake.order(logins), "1");
    // Tickets that died early: the session logs in again, for a read and for a write.
    let expire = "for t in pve.tickets.values(): t['expires'] = 0";
    fake.order(expire);
    assert!(ask(&wire, Call::get("/nodes")).unwrap().is_ok());
    assert_eq!(fake.order(logins), "2");
    fake.order(expire);
    assert!(ask(&wire, post("/nodes/pve1/qemu/102/status/stop")).unwrap().is_ok());
    assert_eq!(fake.order(logins), "3");
    let stops = "answer = sum(path.endswith('/status/stop') for _, path, _ in pve.requests)";
    assert_eq!((fake.order(stops), fake.order("answer = pve.vm(102).status")), ("2".to_owned(), "stopped".to_owned()));
}

#[test]
fn a_wrong_login_is_refused_in_words() {
    let Some(mut fake) = fakepve() else { return };
    let wrong = connect(&fake.url, password("hunter2"), pinned(&fake.fingerprint)).open().unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "Not logged in as root@pam: authentication failure. Check the user, its realm (root@pam, alice@pve) and the \
         password, and that the user is enabled"
    );
    let other = Auth::token("root@pam!other", &SECRET.into()).unwrap();
    let wire = connect(&fake.url, other, pinned(&fake.fingerprint)).open().unwrap();
    let nodes = Call::get("/nodes");
    let reply = ask(&wire, nodes.clone()).unwrap();
    let refused = reply_error(&nodes, &reply, &wire.identity());
    assert!(
        refused.to_string().starts_with("Not logged in as root@pam!other: authentication failure. Check the token's")
    );
    fake.order("pve.tfa = True");
    let second = connect(&fake.url, password("secret"), pinned(&fake.fingerprint)).open().unwrap_err();
    assert!(second.to_string().contains("a second factor is asked for"), "{second}");
}

#[test]
fn what_a_cluster_refuses_is_told_apart() {
    let Some(fake) = fakepve() else { return };
    let wire = connect(&fake.url, token(), pinned(&fake.fingerprint)).open().unwrap();
    let refusal = |call: Call| reply_error(&call, &ask(&wire, call.clone()).unwrap(), &wire.identity());
    let absent = refusal(Call::get("/nodes/pve1/qemu/999/status/current"));
    assert!(matches!(absent, Error::NotFound { .. }), "{absent}");
    let locked = refusal(Call::new(Method::Put, "/nodes/pve1/qemu/107/config").with("cores", "2"));
    assert!(matches!(&locked, Error::Locked { lock, .. } if lock == "backup"), "{locked}");
    let odd = refusal(Call::new(Method::Put, "/nodes/pve1/qemu/101/config").with("bogus", "2"));
    assert!(matches!(&odd, Error::Parameters { fields, .. } if fields[0].0 == "bogus"), "{odd}");
}
