//! Which certificates are believed, and that nothing is sent to the others.

use super::*;

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
fn the_documentation_is_asked_for_without_a_login_and_only_where_the_certificate_is_trusted() {
    let server = Server::new(|_| http("200 OK", "", "const apiSchema = [];"));
    let reply = ask(&to(&server), Call::documentation()).unwrap();
    assert_eq!(&*reply.body, "const apiSchema = [];");
    let requests = server.requests();
    let [request] = &requests[..] else { panic!("one request") };
    assert_eq!(request.line(), "GET /pve-docs/api-viewer/apidoc.js");
    assert_eq!((request.header("authorization"), request.header("cookie")), (None, None));
    let stranger = connect(&server.url(), token(), pinned(&"00".repeat(32))).open().unwrap();
    assert!(matches!(ask(&stranger, Call::documentation()), Err(Error::Untrusted { .. })));
    assert_eq!(server.lines().len(), 1);
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
fn a_pinned_certificate_without_its_key_is_not_believed() {
    let server = Server::new(|_| data("[]"));
    let impostor = Server::impostor(&server);
    let wire = connect(&impostor.url(), token(), pinned(&server.fingerprint)).open().unwrap();
    let error = ask(&wire, Call::get("/nodes")).unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
    assert!(error.to_string().contains("the server shows it but does not hold its key"), "{error}");
    assert_eq!(impostor.lines(), Vec::<String>::new());
}
