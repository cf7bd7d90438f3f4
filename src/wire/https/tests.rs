//! The whole way over real TLS: against a fakepve, and against a server that misbehaves on purpose.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Barrier;
use std::time::Instant;

use super::*;
use crate::wire::Method;
use crate::wire::refusal::reply_error;
use crate::wire::tls::Fingerprint;

#[path = "../../../tests/https/fake.rs"]
mod fake;
#[path = "../../../tests/https/server.rs"]
mod server;

use fake::Fake;
use server::{Answer, Server, data, http};

const TOKEN: &str = "root@pam!notebook";
const SECRET: &str = "1b3f6a5e-7a0c-4c5e-9f57-1f1b6a2c9d10";

fn token() -> Auth {
    Auth::token(TOKEN, &SECRET.into()).unwrap()
}

fn password(password: &str) -> Auth {
    Auth::password("root@pam", &password.into()).unwrap()
}

fn pinned(fingerprint: &str) -> Trust {
    Trust::Pinned(vec![Fingerprint::parse(fingerprint).unwrap()])
}

fn connect(url: &str, auth: Auth, trust: Trust) -> Connect {
    let timeouts =
        Timeouts { connect: Duration::from_secs(2), read: Duration::from_millis(700), whole: Duration::from_secs(5) };
    Connect { timeouts, ..Connect::new(vec![url.to_owned()], auth, trust) }
}

fn to(server: &Server) -> Https {
    connect(&server.url(), token(), pinned(&server.fingerprint)).open().unwrap()
}

fn ask(wire: &Https, call: Call) -> Result<Reply, Error> {
    wire.submit(call).wait()
}

fn post(path: &str) -> Call {
    Call::new(Method::Post, path)
}

/// A port on which nobody listens.
fn closed() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("https://127.0.0.1:{port}")
}

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
    assert_eq!(rows.len(), 3);
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

#[test]
fn a_wrong_pin_is_named_and_nothing_is_sent() {
    let server = Server::new(|_| data("[]"));
    let other = "00".repeat(32);
    let wire = connect(&server.url(), token(), pinned(&other)).open().unwrap();
    let error = ask(&wire, Call::get("/nodes")).unwrap_err();
    let shown = Fingerprint::parse(&server.fingerprint).unwrap().to_string();
    assert!(matches!(&error, Error::Untrusted { presented: Some(seen), .. } if *seen == shown), "{error}");
    let said = error.to_string();
    assert!(said.contains(&format!(
        "is not trusted: its fingerprint is not the pinned one; the server presented the SHA-256 fingerprint {shown}. \
         Nothing was sent. See it in a shell on the node: openssl x509 -noout -fingerprint -sha256 -in"
    )));
    assert!(said.ends_with("something stands between you and the node: do not go on"), "{said}");
    assert_eq!(server.lines(), Vec::<String>::new());
    // One of several pins is enough: each node of a cluster has its own.
    let both =
        Trust::Pinned(vec![Fingerprint::parse(&other).unwrap(), Fingerprint::parse(&server.fingerprint).unwrap()]);
    assert!(ask(&connect(&server.url(), token(), both).open().unwrap(), Call::get("/nodes")).is_ok());
}

#[test]
fn a_ca_file_is_believed_only_for_the_name_in_the_address() {
    let folder = std::env::temp_dir().join(format!("pve-notebook-ca-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let asked = |server: &Server, authority: &str| {
        let file = folder.join(format!("{}.pem", server.port));
        std::fs::write(&file, authority).unwrap();
        ask(&connect(&server.url(), token(), Trust::Authority(file)).open().unwrap(), Call::get("/nodes"))
    };
    let server = Server::new(|_| data("[]"));
    assert!(asked(&server, &server.authority).unwrap().is_ok());
    let elsewhere = Server::named("pve9.example.com", |_| data("[]"));
    let error = asked(&elsewhere, &elsewhere.authority).unwrap_err();
    assert!(error.to_string().contains("it was made for another name than the one in the address"), "{error}");
    let error = asked(&server, &elsewhere.authority).unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
    assert_eq!(server.lines().len(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_roots_of_the_system_do_not_vouch_for_a_stranger() {
    let server = Server::new(|_| data("[]"));
    let wire = connect(&server.url(), token(), Trust::System).open().unwrap();
    let error = ask(&wire, Call::get("/nodes")).unwrap_err();
    let shown = Fingerprint::parse(&server.fingerprint).unwrap().to_string();
    assert!(error.to_string().contains("nobody that is trusted here has signed it; the server presented"), "{error}");
    assert!(
        error.to_string().contains(&format!("pin it with .fingerprint(\"{shown}\") or PVE_FINGERPRINT")),
        "{error}"
    );
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_check() {
    let address = closed();
    let wire = connect(&address, token(), Trust::System).open().unwrap();
    let said = ask(&wire, post("/nodes/pve1/qemu/101/status/start")).unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "Cannot connect to {address}: Connection refused (os error 111). Nothing was sent. The machine is there, but \
             nothing listens on that port: check the address; Proxmox VE listens on port 8006, and on the node: systemctl \
             status pveproxy"
        )
    );
    let unknown = connect("https://no-such-host.invalid:8006", token(), Trust::System).open().unwrap();
    let said = ask(&unknown, Call::get("/nodes")).unwrap_err().to_string();
    assert!(said.contains("Nothing was sent. The name is not known here"), "{said}");
}

#[test]
fn something_else_than_tls_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        use std::io::Write;
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n");
        }
    });
    let wire = connect(&address, token(), Trust::System).open().unwrap();
    let error = ask(&wire, Call::get("/nodes")).unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error}");
    assert!(error.to_string().contains("Something answered, but not in TLS"), "{error}");
}

#[test]
fn a_server_that_accepts_and_says_nothing_was_sent_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut connect = connect(&format!("https://{}", silent.local_addr().unwrap()), token(), Trust::System);
    connect.timeouts.connect = Duration::from_millis(300);
    let error = ask(&connect.open().unwrap(), post("/nodes/pve1/qemu/101/status/start")).unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error}");
    assert!(error.to_string().contains("nothing answered in time"), "{error}");
}

#[test]
fn a_web_page_and_a_redirect_are_no_answers() {
    let server = Server::new(|request| match request.line() {
        "GET /api2/json/nodes" => http("200 OK", "", "<!DOCTYPE html><title>Login</title>"),
        _ => http("302 Found", "Location: https://evil.example/login\r\n", ""),
    });
    let wire = to(&server);
    let nodes = Call::get("/nodes");
    let page = ask(&wire, nodes.clone()).unwrap().rows::<serde_json::Value>(&nodes).unwrap_err().to_string();
    assert!(page.contains("it is a web page, not an answer of the API. It began with: <!DOCTYPE html>"), "{page}");
    let error = ask(&wire, Call::get("/version")).unwrap_err();
    assert!(
        matches!(&error, Error::NotUnderstood { excerpt, .. } if excerpt == "https://evil.example/login"),
        "{error}"
    );
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_write_whose_connection_breaks_is_sent_once_and_a_read_once_more() {
    let server = Server::new(|_| Answer::Cut);
    let connect = Connect {
        endpoints: vec![server.url(), closed()],
        ..connect(&server.url(), token(), pinned(&server.fingerprint))
    };
    let wire = connect.open().unwrap();
    let error = ask(&wire, post("/nodes/pve1/qemu/101/status/start")).unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { write: true, .. }), "{error}");
    assert!(error.to_string().contains("It may or may not have reached the server, and was not sent again"), "{error}");
    assert_eq!(server.lines(), ["POST /api2/json/nodes/pve1/qemu/101/status/start"]);
    let error = ask(&wire, Call::get("/nodes")).unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { write: false, .. }), "{error}");
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn a_half_answer_to_a_write_leaves_it_in_doubt() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":";
    let server = Server::new(move |_| Answer::Slowly(Duration::ZERO, vec![half.to_owned()]));
    let error = ask(&to(&server), post("/nodes/pve1/qemu/101/status/start")).unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { write: true, .. }), "{error}");
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn a_slow_server_is_waited_for_and_a_silent_one_is_not() {
    let server = Server::new(|request| {
        let pieces = ["HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "{\"data\":", "[]}"].map(str::to_owned);
        match request.line() {
            "GET /api2/json/slow" => Answer::Slowly(Duration::from_millis(300), pieces.to_vec()),
            _ => Answer::Slowly(Duration::from_secs(4), pieces.to_vec()),
        }
    });
    let wire = to(&server);
    let reply = ask(&wire, Call::get("/slow")).unwrap();
    assert!(reply.took > Duration::from_millis(800), "{:?}", reply.took);
    let since = Instant::now();
    let error = ask(&wire, Call::get("/silent")).unwrap_err();
    assert!(error.to_string().contains("broke during GET /silent: no answer came in time. It only read"), "{error}");
    assert!(since.elapsed() < Duration::from_secs(2));
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn an_endless_answer_is_cut_off() {
    let server = Server::new(|_| {
        let body = "x".repeat(65 << 20);
        http("200 OK", "", &body)
    });
    let mut connect = connect(&server.url(), token(), pinned(&server.fingerprint));
    connect.timeouts.whole = Duration::from_secs(30);
    let error = ask(&connect.open().unwrap(), Call::get("/nodes")).unwrap_err();
    assert!(error.to_string().contains("it is longer than 64 MiB. It began with: xxx"), "{error}");
}

#[test]
fn calls_are_written_as_proxmox_wants_them() {
    let server = Server::new(|_| data("null"));
    let wire = to(&server);
    let config = |method| Call::new(method, "/nodes/pve1/qemu/101/config");
    ask(&wire, post("/nodes/pve1/qemu/101/status/start")).unwrap();
    ask(&wire, config(Method::Put).with("description", "a&b=ü +\n").with("tags", "x;y")).unwrap();
    ask(&wire, Call::new(Method::Delete, "/nodes/pve1/qemu/101").with("purge", "1")).unwrap();
    ask(&wire, config(Method::Post).with("description", "é".repeat(10_000))).unwrap();
    let [start, put, delete, long] = &server.requests()[..] else { panic!("four requests") };

    assert_eq!(start.header("content-length"), Some("0"));
    assert_eq!(start.header("content-type"), None);
    assert_eq!(start.header("authorization"), Some(&*format!("PVEAPIToken={TOKEN}={SECRET}")));

    assert_eq!(put.body, "description=a%26b%3D%C3%BC+%2B%0A&tags=x%3By");
    assert_eq!(put.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(put.in_one_record, "head and body are sent together");

    assert_eq!(delete.line(), "DELETE /api2/json/nodes/pve1/qemu/101?purge=1");
    assert_eq!((delete.body.as_str(), delete.header("transfer-encoding")), ("", None));

    assert_eq!(long.body.len(), 60_012);
    assert_eq!(long.header("content-length"), Some("60012"));
    assert_eq!(long.header("transfer-encoding"), None);
}

#[test]
fn a_ticket_writes_with_its_csrf_token_and_one_record() {
    let server = Server::new(|request| match request.line() {
        "POST /api2/json/access/ticket" => data(r#"{"ticket":"PVE:root@pam:6B::a+/=","CSRFPreventionToken":"6B:y"}"#),
        _ => data("null"),
    });
    let wire = connect(&server.url(), password("p&ss wörd"), pinned(&server.fingerprint)).open().unwrap();
    ask(&wire, Call::get("/nodes")).unwrap();
    ask(&wire, post("/nodes/pve1/qemu/101/config").with("cores", "2")).unwrap();
    let [login, read, write] = &server.requests()[..] else { panic!("three requests") };
    assert_eq!(login.body, "username=root%40pam&password=p%26ss+w%C3%B6rd");
    assert_eq!((login.header("cookie"), login.header("authorization")), (None, None));
    for request in [read, write] {
        assert_eq!(request.header("cookie"), Some("PVEAuthCookie=PVE:root@pam:6B::a+/="));
    }
    assert_eq!((read.header("csrfpreventiontoken"), write.header("csrfpreventiontoken")), (None, Some("6B:y")));
    assert!(login.in_one_record && write.in_one_record);
}

#[test]
fn the_reason_phrase_comes_along() {
    let server = Server::new(|request| match request.line() {
        "GET /api2/json/nodes/pve3/status" => http("595 No route to host", "", ""),
        _ => http("200 OK", "", "{\"data\":null}"),
    });
    let wire = to(&server);
    let status = Call::get("/nodes/pve3/status");
    let reply = ask(&wire, status.clone()).unwrap();
    assert_eq!((reply.status, reply.reason.raw()), (595, "No route to host"));
    assert!(reply_error(&status, &reply, &wire.identity()).to_string().starts_with("Node pve3 cannot be reached"));
    assert_eq!(ask(&wire, Call::get("/nodes")).unwrap().reason, "OK");
}

#[test]
fn a_call_moves_on_when_nothing_was_sent_and_stays_where_it_got_an_answer() {
    let server = Server::new(|_| data("null"));
    let connect = Connect {
        endpoints: vec![closed(), server.url()],
        ..connect(&server.url(), token(), pinned(&server.fingerprint))
    };
    let wire = connect.open().unwrap();
    assert!(ask(&wire, post("/nodes/pve1/qemu/101/status/start")).unwrap().is_ok());
    assert_eq!(wire.console().unwrap(), server.url());
    assert!(ask(&wire, Call::get("/nodes")).unwrap().is_ok());
    assert_eq!(server.lines().len(), 2);

    let (one, other) = (closed(), closed());
    let nobody = Connect { endpoints: vec![one.clone(), other.clone()], ..connect_to_nobody() }.open().unwrap();
    let said = ask(&nobody, Call::get("/nodes")).unwrap_err().to_string();
    assert!(said.starts_with(&format!("Cannot connect to {one} or {other}: {one}: Connection refused")), "{said}");
}

fn connect_to_nobody() -> Connect {
    connect("https://127.0.0.1:1", token(), Trust::System)
}

#[test]
fn two_calls_at_once_go_to_a_node_and_no_more() {
    let busy = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&busy), Arc::clone(&most));
    let server = Server::new(move |_| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(100));
        now.fetch_sub(1, Ordering::SeqCst);
        data("null")
    });
    let wire = to(&server);
    let since = Instant::now();
    let pending: Vec<_> = (0..6).map(|n| wire.submit(Call::get(format!("/nodes/pve1/qemu/{n}/config")))).collect();
    assert!(pending.into_iter().all(|answer| answer.wait().is_ok()));
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert!(since.elapsed() < Duration::from_millis(550), "{:?}", since.elapsed());
    // Other nodes have a gate of their own.
    let pending: Vec<_> = (0..6).map(|n| wire.submit(Call::get(format!("/nodes/pve{n}/status")))).collect();
    assert!(pending.into_iter().all(|answer| answer.wait().is_ok()));
    assert_eq!(most.load(Ordering::SeqCst), 6);
}

#[test]
fn a_connection_serves_many_threads_and_ends_with_its_last_handle() {
    let server = Server::new(|_| data("null"));
    let wire: Arc<dyn Wire> = Arc::new(to(&server));
    let start = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (wire, start) = (Arc::clone(&wire), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                (0..5).all(|n| wire.submit(Call::get(format!("/nodes/pve{n}/status"))).wait().is_ok())
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!(server.lines().len(), 40);
    assert_eq!(server.lines().into_iter().collect::<HashSet<_>>().len(), 5);
    assert!(server.connections() < 20, "reads share connections: {}", server.connections());
}

#[test]
fn the_thread_ends_after_the_answers_that_are_still_awaited() {
    let server = Server::new(|_| {
        thread::sleep(Duration::from_millis(200));
        data("null")
    });
    let wire = to(&server);
    let awaited = wire.submit(Call::get("/nodes"));
    let Https { jobs, _thread: thread, .. } = wire;
    drop(jobs);
    assert!(awaited.wait().unwrap().is_ok());
    let since = Instant::now();
    while !thread.is_finished() && since.elapsed() < Duration::from_secs(1) {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(thread.is_finished());
}
