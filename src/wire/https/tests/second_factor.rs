//! Logins with a second factor, in the words of `/access/ticket`.

use std::sync::Mutex;

use super::*;
use crate::wire::auth::Code;

/// What the account has, as the server writes it into its challenge: `{"totp":true,"recovery":[0,1]}`.
const CHALLENGE: &str = "PVE:!tfa!%7B%22totp%22%3Atrue%2C%22recovery%22%3A%5B0%2C1%5D%7D:6B2A11F0::c2ln+bmF0dXJl/w==";
const FULL: &str = "PVE:alice@pve:6B2A11F1::ZnVsbA==";

/// A server that wants a second factor of whom gives a password, and trades tickets in for others.
fn guarded(renews: bool) -> Server {
    let renewed = AtomicUsize::new(0);
    Server::new(move |request| {
        if request.line() != "POST /api2/json/access/ticket" {
            return match request.header("cookie") {
                Some(cookie) if cookie.starts_with("PVEAuthCookie=PVE:alice@pve:6B2A11F") => data("null"),
                _ => http("401 Authentication failed!", "", ""),
            };
        }
        let form: Vec<(String, String)> = form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        let given = |key: &str| form.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let ticket = |ticket: &str, more: &str| {
            data(&format!(r#"{{"username":"alice@pve","ticket":"{ticket}","CSRFPreventionToken":"6B2A11F0:x"{more}}}"#))
        };
        match (given("username"), given("password"), given("tfa-challenge")) {
            (Some("alice@pve"), Some("secret"), None) => ticket(CHALLENGE, r#","NeedTFA":1"#),
            (Some("alice@pve"), Some("totp:123456" | "recovery:1a2b-3c4d-5e6f-7081"), Some(CHALLENGE)) => {
                ticket(FULL, "")
            }
            (Some("alice@pve"), Some(old), None) if renews && old.starts_with("PVE:alice@pve:6B2A11F") => {
                ticket(&format!("PVE:alice@pve:6B2A11F{}::", 2 + renewed.fetch_add(1, Ordering::SeqCst) % 8), "")
            }
            _ => http("401 authentication failure", "", r#"{"data":null,"message":"authentication failure\n"}"#),
        }
    })
}

fn alice() -> Auth {
    Auth::password("alice@pve", &"secret".into()).unwrap()
}

fn with_totp(code: &str) -> Auth {
    alice().with_code(Code::totp(&code.into()).unwrap()).unwrap()
}

fn logins(server: &Server) -> usize {
    server.lines().iter().filter(|line| line.ends_with("/access/ticket")).count()
}

fn at(server: &Server, auth: Auth) -> Connect {
    connect(&server.url(), auth, pinned(&server.fingerprint))
}

#[test]
fn a_code_opens_the_door() {
    let paper = alice().with_code(Code::recovery(&"1A2B-3C4D-5E6F-7081".into()).unwrap()).unwrap();
    for auth in [with_totp("123 456"), paper] {
        let server = guarded(true);
        let wire = at(&server, auth).open().unwrap();
        assert!(ask(&wire, Call::get("/nodes")).unwrap().is_ok());
        assert!(ask(&wire, post("/nodes/pve1/qemu/101/status/start")).unwrap().is_ok());
        assert_eq!(logins(&server), 2);
        let second = &server.requests()[1];
        assert!(second.body.starts_with("username=alice%40pve&password="), "{}", second.body);
        assert!(second.header("cookie").is_none() && second.in_one_record);
    }
}

#[test]
fn whoever_can_be_asked_is_asked_only_when_a_code_is_wanted() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asking = |auth: Auth| {
        let asked = Arc::clone(&asked);
        auth.asking(Arc::new(move |prompt| {
            asked.lock().unwrap().push(prompt.to_owned());
            "123456".into()
        }))
    };
    let open = Server::new(|_| data(r#"{"ticket":"PVE:alice@pve:1","CSRFPreventionToken":"x"}"#));
    at(&open, asking(alice())).open().unwrap();
    assert!(asked.lock().unwrap().is_empty());
    at(&guarded(true), asking(alice())).open().unwrap();
    let prompt = "Second factor of alice@pve, a code of an authenticator app (TOTP) or a recovery code (2 left) ";
    assert_eq!(*asked.lock().unwrap(), [prompt]);
}

#[test]
fn a_wrong_code_and_a_missing_one_are_told_apart() {
    let server = guarded(true);
    let wrong = at(&server, with_totp("654321")).open().unwrap_err().to_string();
    assert!(
        wrong.starts_with(
            "Not logged in as alice@pve: the password is right, but the code of the second factor was not accepted \
             (authentication failure). A code of an authenticator app holds for half a minute and once"
        ),
        "{wrong}"
    );
    assert_eq!(logins(&server), 2, "a code is tried once");
    let missing = at(&server, alice()).open().unwrap_err().to_string();
    assert!(
        missing.contains("asked for: a code of an authenticator app (TOTP) or a recovery code (2 left)"),
        "{missing}"
    );
}

#[test]
fn a_login_with_a_code_is_kept_alive_while_nobody_asks_for_anything() {
    let server = guarded(true);
    let mut connect = at(&server, with_totp("123456"));
    connect.timeouts.renew = Duration::from_millis(300);
    let wire = connect.open().unwrap();
    let since = Instant::now();
    while logins(&server) < 5 && since.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(logins(&server) >= 5, "it was traded in again and again");
    let bodies: Vec<String> = server.requests().into_iter().skip(2).map(|request| request.body).collect();
    assert!(bodies.iter().all(|body| body.starts_with("username=alice%40pve&password=PVE%3Aalice%40pve%3A6B2A11F")));
    assert!(ask(&wire, Call::get("/nodes")).unwrap().is_ok());

    // Of an ordinary login, nothing is sent while nobody asks for anything.
    let open = Server::new(|_| data(r#"{"ticket":"PVE:alice@pve:1","CSRFPreventionToken":"x"}"#));
    let mut connect = at(&open, alice());
    connect.timeouts.renew = Duration::from_millis(90);
    let _wire = connect.open().unwrap();
    thread::sleep(Duration::from_millis(400));
    assert_eq!(logins(&open), 1);
}

#[test]
fn a_login_with_a_code_that_has_ended_is_never_made_anew_by_the_password() {
    let server = guarded(false);
    let mut connect = at(&server, with_totp("123456"));
    connect.timeouts.renew = Duration::from_millis(200);
    let wire = connect.open().unwrap();
    thread::sleep(Duration::from_millis(600));
    assert_eq!(logins(&server), 3, "a renewal that is refused is not tried again and again");
    for call in [Call::get("/nodes"), post("/nodes/pve1/qemu/101/status/start")] {
        assert_eq!(
            ask(&wire, call).unwrap_err().to_string(),
            "Not logged in as alice@pve: the login has ended (its renewal was refused), and it was made with a code \
             that holds once. Connect again, with a new code"
        );
    }
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn a_ticket_with_a_code_that_the_server_no_longer_takes_ends_the_login() {
    let taken = AtomicUsize::new(0);
    let server = Server::new(move |request| match (request.line(), request.body.contains("tfa-challenge")) {
        ("POST /api2/json/access/ticket", false) => {
            data(&format!(r#"{{"ticket":"{CHALLENGE}","CSRFPreventionToken":"x","NeedTFA":1}}"#))
        }
        ("POST /api2/json/access/ticket", true) => data(&format!(r#"{{"ticket":"{FULL}","CSRFPreventionToken":"x"}}"#)),
        _ if taken.fetch_add(1, Ordering::SeqCst) == 0 => data("null"),
        _ => http("401 Authentication failed!", "", ""),
    });
    let wire = at(&server, with_totp("123456")).open().unwrap();
    assert!(ask(&wire, Call::get("/nodes")).unwrap().is_ok());
    for _ in 0..2 {
        let error = ask(&wire, post("/nodes/pve1/qemu/101/status/start")).unwrap_err().to_string();
        assert!(error.contains("the login has ended (the server took it no longer)"), "{error}");
    }
    assert_eq!(logins(&server), 2);
    assert_eq!(server.lines().len(), 4, "once it is known, nothing more is sent");
}
