//! Servers that are not there, or that answer as no cluster should.

use super::*;

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
    // Where no name server can be reached, the time is over before it is known that there is no such name.
    assert!(said.contains("The name is not known here") || said.contains("nothing answered in time"), "{said}");
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
fn a_write_whose_connection_breaks_is_sent_once_and_a_read_three_times() {
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
    assert_eq!(server.lines().len(), 4);
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
            "GET /api2/json/slow" => Answer::Slowly(Duration::from_millis(250), pieces.to_vec()),
            _ => Answer::Slowly(Duration::from_secs(4), pieces.to_vec()),
        }
    });
    let wire = to(&server);
    let reply = ask(&wire, Call::get("/slow")).unwrap();
    assert!(reply.took > Duration::from_millis(700), "{:?}", reply.took);
    let since = Instant::now();
    let error = ask(&wire, Call::get("/silent")).unwrap_err();
    assert!(error.to_string().contains("broke during GET /silent: no answer came in time. It only read"), "{error}");
    assert!(since.elapsed() < Duration::from_secs(2));
    assert_eq!(server.lines().len(), 2);
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
fn a_long_write_by_ticket_that_was_dropped_says_what_would_pass() {
    let server = Server::new(|request| match request.line() {
        "POST /api2/json/access/ticket" => data(r#"{"ticket":"PVE:x","CSRFPreventionToken":"y"}"#),
        _ => Answer::Cut,
    });
    let wire = connect(&server.url(), password("secret"), pinned(&server.fingerprint)).open().unwrap();
    let config = |length| post("/nodes/pve1/qemu/101/config").with("description", "x".repeat(length));
    let hint = "Proxmox VE drops long writes of a user's login; an API token can send them";
    assert!(ask(&wire, config(60_000)).unwrap_err().to_string().contains(hint));
    assert!(!ask(&wire, config(60)).unwrap_err().to_string().contains(hint));
}

#[test]
fn reads_outlive_connections_that_the_server_closes_and_writes_use_none_twice() {
    // Proxmox VE sends both headers, and closes.
    let answer =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: Keep-Alive\r\nContent-Length: 11\r\n\r\n{\"data\":[]}";
    let server = Server::new(move |_| Answer::Slowly(Duration::ZERO, vec![answer.to_owned()]));
    let wire = to(&server);
    assert!((0..10).all(|_| ask(&wire, Call::get("/nodes")).is_ok()));

    let server = Server::new(|_| data("null"));
    let wire = to(&server);
    assert!((0..3).all(|_| ask(&wire, Call::get("/nodes")).is_ok()));
    assert_eq!(server.connections(), 1);
    assert!((0..3).all(|_| ask(&wire, post("/nodes/pve1/qemu/101/status/start")).is_ok()));
    assert_eq!(server.connections(), 4);
}
