//! What is asked again, how often and how soon.

use super::*;

type Answering = fn() -> Answer;

/// A server that gives these answers in turn, and the last of them for ever.
fn in_turn(answers: Vec<Answering>) -> Server {
    let asked = AtomicUsize::new(0);
    Server::new(move |_| {
        let n = asked.fetch_add(1, Ordering::SeqCst);
        answers[n.min(answers.len() - 1)]()
    })
}

fn null() -> Answer {
    data("null")
}

fn busy() -> Answer {
    http("503 Service Unavailable", "Content-Type: application/json\r\n", r#"{"data":null,"message":"starting\n"}"#)
}

fn cut_between_nodes() -> Answer {
    http("596 Broken pipe", "", "")
}

fn said(wire: &Https, call: Call) -> String {
    match ask(wire, call.clone()) {
        Ok(reply) => reply_error(&call, &reply, &wire.identity()).to_string(),
        Err(error) => error.to_string(),
    }
}

/// All of these at the same time, since each takes its own.
fn together<T: Sync>(each: &[T], test: impl Fn(&T) + Sync) {
    let test = &test;
    thread::scope(|scope| each.iter().for_each(|one| drop(scope.spawn(move || test(one)))));
}

#[test]
fn a_read_outlives_what_is_over_in_a_moment() {
    let troubles: [Answering; 4] = [busy, cut_between_nodes, || Answer::Cut, || http("502 Bad Gateway", "", "<html>")];
    together(&troubles, |trouble| {
        let server = in_turn(vec![*trouble, *trouble, null]);
        assert!(ask(&to(&server), Call::get("/nodes")).unwrap().is_ok());
        assert_eq!(server.lines().len(), 3);
    });
}

#[test]
fn a_read_is_tried_three_times_in_seconds_and_the_error_says_so() {
    let ways: [(Answering, &str); 3] = [
        (busy, "GET /nodes/pve1/status failed: starting (tried 3 times) (HTTP 503)"),
        (cut_between_nodes, "Node pve1 cannot be reached from the cluster: Broken pipe (tried 3 times). It is offline"),
        (|| Answer::Cut, "(tried 3 times). It only read; ask again"),
    ];
    together(&ways, |(trouble, words)| {
        let server = in_turn(vec![null, *trouble]);
        let wire = to(&server);
        ask(&wire, Call::get("/version")).unwrap();
        let since = Instant::now();
        let said = said(&wire, Call::get("/nodes/pve1/status"));
        let took = since.elapsed();
        assert!(said.contains(words), "{said}");
        assert_eq!(server.lines().len(), 4);
        assert!(took > Duration::from_millis(1_700) && took < Duration::from_millis(4_500), "{took:?}");
    });
}

#[test]
fn an_address_where_nobody_ever_was_is_given_up_within_two_seconds() {
    let since = Instant::now();
    let wire = connect(&closed(), token(), Trust::System).open().unwrap();
    let said = said(&wire, Call::get("/version"));
    assert!(said.contains("Connection refused (os error 111) (tried 3 times). Nothing was sent"), "{said}");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

#[test]
fn a_write_is_never_tried_again() {
    for trouble in [busy, cut_between_nodes, || http("502 Bad Gateway", "", ""), || Answer::Cut] {
        let server = in_turn(vec![trouble, null]);
        let said = said(&to(&server), post("/nodes/pve1/qemu/101/status/start"));
        assert!(!said.contains("tried"), "{said}");
        assert_eq!(server.lines().len(), 1);
    }
    let since = Instant::now();
    let wire = connect(&closed(), token(), Trust::System).open().unwrap();
    assert!(!said(&wire, post("/nodes/pve1/qemu/101/status/start")).contains("tried"));
    assert!(since.elapsed() < Duration::from_secs(1));
}

#[test]
fn what_stays_as_it_is_is_not_asked_again() {
    for status in
        ["500 got timeout", "595 No route to host", "501 Method not implemented", "403 Permission check failed"]
    {
        let server = Server::new(move |_| http(status, "", ""));
        assert!(!said(&to(&server), Call::get("/nodes/pve1/status")).contains("tried"));
        assert_eq!(server.lines().len(), 1, "{status}");
    }
    let stranger = Server::new(|_| null());
    let wire = connect(&stranger.url(), token(), pinned(&"00".repeat(32))).open().unwrap();
    assert!(said(&wire, Call::get("/nodes")).contains("is not trusted"));
    assert_eq!(stranger.connections(), 1);
    // A time-out costs enough.
    let silent = Server::new(|_| Answer::Slowly(Duration::from_secs(3), vec![String::new()]));
    assert!(said(&to(&silent), Call::get("/nodes")).contains("no answer came in time. It only read"));
    assert_eq!(silent.lines().len(), 1);
}

#[test]
fn a_read_moves_on_at_once_and_pauses_only_after_a_round() {
    let (one, other) = (in_turn(vec![busy]), in_turn(vec![cut_between_nodes, null]));
    let trust = Trust::Pinned([&one, &other].map(|server| Fingerprint::parse(&server.fingerprint).unwrap()).to_vec());
    let endpoints = vec![one.url(), closed(), other.url()];
    let wire = Connect { endpoints, ..connect(&one.url(), token(), trust) }.open().unwrap();
    let since = Instant::now();
    assert!(ask(&wire, Call::get("/nodes")).unwrap().is_ok());
    assert_eq!((one.lines().len(), other.lines().len()), (2, 2));
    assert!(since.elapsed() > Duration::from_millis(200), "a pause after the first round");
    assert!(ask(&wire, Call::get("/version")).unwrap().is_ok());
    assert_eq!((one.lines().len(), other.lines().len()), (2, 3), "the one that answered is asked first");
}
