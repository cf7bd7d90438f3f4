//! The whole way over real TLS: against a fakepve, and against a server that misbehaves on purpose.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use super::*;
use crate::wire::Method;
use crate::wire::refusal::reply_error;
use crate::wire::tls::Fingerprint;

#[path = "../../../tests/https/fake.rs"]
mod fake;
#[path = "../../../tests/https/server.rs"]
pub(crate) mod server;

mod failures;
mod fakepve;
mod hostile;
mod load;
mod proxies;
mod retries;
mod second_factor;
mod trust;

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
    let timeouts = Timeouts {
        connect: Duration::from_secs(2),
        read: Duration::from_millis(700),
        whole: Duration::from_secs(5),
        ..Timeouts::default()
    };
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

/// A port on which nobody listens: of those that no system gives to whoever asks for any.
fn closed() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(700);
    format!("https://127.0.0.1:{}", NEXT.fetch_add(1, Ordering::Relaxed))
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
    ask(&wire, post("/nodes/pve1/qemu/101/config").with("description", "x".repeat(7_500))).unwrap();
    let [login, read, write, longer] = &server.requests()[..] else { panic!("four requests") };
    assert_eq!(login.body, "username=root%40pam&password=p%26ss+w%C3%B6rd");
    assert_eq!((login.header("cookie"), login.header("authorization")), (None, None));
    for request in [read, write] {
        assert_eq!(request.header("cookie"), Some("PVEAuthCookie=PVE:root@pam:6B::a+/="));
    }
    assert_eq!((read.header("csrfpreventiontoken"), write.header("csrfpreventiontoken")), (None, Some("6B:y")));
    assert!(login.in_one_record && write.in_one_record && longer.in_one_record);
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
fn a_connection_serves_many_threads_and_ends_with_its_last_handle() {
    let server = Server::new(|_| data("null"));
    let wire: Arc<dyn Wire> = Arc::new(to(&server));
    let start = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (wire, start) = (Arc::clone(&wire), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let call = |n| Call::get(format!("/nodes/pve{n}/qemu/{thread}/config"));
                (0..5).all(|n| wire.submit(call(n)).wait().is_ok())
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!(server.lines().len(), 40);
    assert_eq!(server.lines().into_iter().collect::<HashSet<_>>().len(), 40);
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
    while !thread.is_finished() && since.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(thread.is_finished());
}

#[test]
fn a_call_that_the_program_fails_at_gets_an_answer_too() {
    let (to, coming) = mpsc::channel();
    let call = post("/nodes/pve1/qemu/101/status/start");
    drop(AnswerTo { to, endpoint: "https://pve1:8006".into(), call: call.shown(), write: true });
    let error = Pending::coming(coming, call.shown()).wait().unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { write: true, .. }), "{error}");
}
