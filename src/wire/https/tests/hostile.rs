//! Servers that break the rules of HTTP, or keep them in ways that no cluster does.

use super::*;

/// What a read of a list comes to: the number of rows, or the error.
fn list(wire: &Https) -> Result<usize, String> {
    let call = Call::get("/nodes");
    let reply = ask(wire, call.clone()).map_err(|error| error.to_string())?;
    match reply.is_ok() {
        true => reply
            .rows::<serde_json::Value>(&call)
            .map_or_else(|e| Err(e.to_string()), |rows| Ok(rows.into_iter().count())),
        false => Err(reply_error(&call, &reply, &wire.identity()).to_string()),
    }
}

/// The list that a server gives that always answers so.
fn answered(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Result<usize, String> {
    list(&to(&Server::new(move |_| answer())))
}

#[track_caller]
fn says(read: Result<usize, String>, words: &str) {
    let said = read.unwrap_err();
    assert!(said.contains(words), "{said}\ndoes not say: {words}");
}

fn raw(answer: &'static str) -> impl Fn() -> Answer {
    move || Answer::Send(answer.to_owned())
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again_and_then_told() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[1,2";
    says(
        answered(move || Answer::Slowly(Duration::ZERO, vec![half.into()])),
        "(tried 3 times). It only read; ask again",
    );
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"data\":\r\n";
    says(answered(move || Answer::Slowly(Duration::ZERO, vec![chunk.into()])), "(tried 3 times)");
    // Without a length, only the end of TLS tells a whole answer from one that somebody cut.
    let no_length = "HTTP/1.0 200 OK\r\n\r\n{\"data\":[1]}";
    says(answered(move || Answer::Slowly(Duration::ZERO, vec![no_length.into()])), "(tried 3 times)");
}

#[test]
fn an_answer_that_trickles_is_not_waited_for_longer_than_a_call_may_take() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    let server = Server::new(move |_| {
        let letters = std::iter::repeat_n(" ".to_owned(), 100);
        Answer::Slowly(Duration::from_millis(100), std::iter::once(head.to_owned()).chain(letters).collect())
    });
    let mut connect = connect(&server.url(), token(), pinned(&server.fingerprint));
    connect.timeouts.whole = Duration::from_secs(1);
    let since = Instant::now();
    says(list(&connect.open().unwrap()), "no answer came in time");
    assert!(since.elapsed() < Duration::from_secs(2));
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn more_than_a_machine_should_hold_is_not_read() {
    let most = |head: &'static str| {
        let server = Server::new(move |_| Answer::Endless(head.to_owned(), "x".repeat(1 << 16)));
        let mut connect = connect(&server.url(), token(), pinned(&server.fingerprint));
        connect.timeouts.whole = Duration::from_secs(30);
        says(list(&connect.open().unwrap()), "it is longer than 64 MiB. It began with: xxx");
        assert_eq!(server.lines().len(), 1, "it is not asked for again");
        server.endless()
    };
    let announced = most("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
    assert!(announced < 16 << 20, "refused by what it says of itself, after {announced} bytes");
    let silent = most("HTTP/1.1 200 OK\r\n\r\n");
    assert!((64 << 20..80 << 20).contains(&silent), "refused when it was too long, after {silent} bytes");
}

#[test]
fn a_head_without_end_is_no_answer() {
    let server =
        Server::new(|_| Answer::Endless("HTTP/1.1 200 OK\r\n".into(), format!("X-Filler: {}\r\n", "x".repeat(8_000))));
    says(list(&to(&server)), "it is not HTTP");
    assert_eq!(server.lines().len(), 1);
    assert!(server.endless() < 16 << 20);
    says(answered(|| Answer::Endless("HTTP/1.1 200 OK\r\nX-Filler: ".into(), "x".repeat(8_000))), "it is not HTTP");
}

#[test]
fn what_is_not_json_or_another_json_is_told_with_its_beginning() {
    says(answered(|| http("200 OK", "", "")), "was not understood: EOF while parsing");
    says(answered(|| http("200 OK", "", "Welcome to nginx!")), "It began with: Welcome to nginx!");
    says(answered(|| data("\"pve1\"")), "It began with: {\"data\":\"pve1\"}");
    says(answered(|| data("{\"0\":{}}")), "was not understood");
    says(answered(|| http("200 OK", "", "[1,2]")), "was not understood");
    says(answered(|| http("200 OK", "", &"[".repeat(100_000))), "was not understood");
    says(
        answered(|| Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00\x01".to_vec())),
        "was not understood",
    );
    assert_eq!(answered(|| data("null")), Ok(0));
    assert_eq!(
        answered(|| Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"data\":[\"\xff\"]}".to_vec())),
        Ok(1)
    );
}

#[test]
fn odd_but_sound_answers_are_read() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"data\":\r\n6;x=y\r\n[1,2]}\r\n0\r\n\r\n";
    assert_eq!(answered(raw(chunked)), Ok(2));
    let both = "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: Keep-Alive\r\nContent-Length: 12\r\nContent-Length: 12\r\n\r\n{\"data\":[1]}";
    assert_eq!(answered(raw(both)), Ok(1));
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"data\":[1]}";
    assert_eq!(answered(raw(early)), Ok(1));
}

#[test]
fn lengths_that_contradict_are_no_answer() {
    says(
        answered(raw("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Length: 13\r\n\r\n{\"data\":[1]}")),
        "it is not HTTP",
    );
    says(answered(raw("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{\"data\":[1]}")), "it is not HTTP");
    // Too long: the rest never comes.
    says(answered(raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"data\":[1]}")), "no answer came in time");
    // Too short: what is over must not be taken for the answer to the next call.
    let server = Server::new(|request| match request.line() {
        "GET /api2/json/nodes" => Answer::Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"data\":[1]}".into()),
        _ => data("\"right\""),
    });
    let wire = to(&server);
    says(list(&wire), "was not understood");
    assert_eq!(&*ask(&wire, Call::get("/version")).unwrap().body, r#"{"data":"right"}"#);
}

#[test]
fn what_is_not_http_is_told_as_such_also_of_a_write_that_may_have_arrived() {
    for answer in ["SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "HTTP/2 200\r\n\r\n", "\0\0\0\0\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n"] {
        says(answered(raw(answer)), "it is not HTTP");
    }
    let server = Server::new(|_| Answer::Send("SSH-2.0\r\n\r\n".into()));
    let error = ask(&to(&server), post("/nodes/pve1/qemu/101/status/start")).unwrap_err();
    assert!(matches!(error, Error::NotUnderstood { .. }), "{error}");
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn an_invitation_to_speak_something_else_is_not_followed() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert!(answered(raw(answer)).is_err());
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let server = Server::new(move |_| http(status, "Location: /api2/json/nodes\r\n", ""));
        says(list(&to(&server)), "Redirects are not followed, since they could carry the login elsewhere");
        let write = ask(&to(&server), post("/nodes/pve1/qemu/101/status/start")).unwrap_err();
        assert!(matches!(write, Error::NotUnderstood { .. }), "{write}");
        assert_eq!(server.lines().len(), 2);
    }
}

#[test]
fn no_compression_is_asked_for_and_what_is_compressed_all_the_same_is_told() {
    let server = Server::new(|_| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00";
        Answer::Bytes(head.to_vec())
    });
    says(list(&to(&server)), "it is compressed (gzip), which was not asked for");
    assert_eq!(server.requests()[0].header("accept-encoding"), None);
}
