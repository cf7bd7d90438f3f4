//! Tickets over their life: renewed in time, got anew when they died early, and never in a loop.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::wire::Method;
use crate::wire::endpoint::Endpoint;
use crate::wire::https::tests::server::{Answer, Request, Server, data, http};
use crate::wire::peer::Timeouts;
use crate::wire::tls::{self, Fingerprint, Trust};

fn exchange(server: &Server) -> Exchange {
    let auth = Auth::password("root@pam", &"secret".into()).unwrap();
    let trust = Trust::Pinned(vec![Fingerprint::parse(&server.fingerprint).unwrap()]);
    let endpoints = vec![Endpoint::parse(&server.url()).unwrap()];
    let tls = tls::config(&trust).unwrap();
    Exchange::new(
        Rounds::new(endpoints, &tls, Timeouts::default(), Arc::default()).unwrap(),
        auth,
        Timeouts::default().renew,
        2,
    )
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn is_login(request: &Request) -> bool {
    request.line() == "POST /api2/json/access/ticket"
}

fn logins(server: &Server) -> Vec<String> {
    server.requests().into_iter().filter(is_login).map(|request| request.body).collect()
}

fn ticket(name: &str) -> Answer {
    data(&format!(r#"{{"ticket":"PVE:{name}","CSRFPreventionToken":"x"}}"#))
}

async fn age(exchange: &Exchange, minutes: u64) {
    let mut held = exchange.ticket.lock().await;
    let ticket = held.take().and_then(Arc::into_inner).unwrap();
    *held = Some(Arc::new(ticket.aged(Duration::from_secs(minutes * 60))));
}

const WITH_PASSWORD: &str = "username=root%40pam&password=secret";
const WITH_TICKET: &str = "username=root%40pam&password=PVE%3Anew";

#[test]
fn an_old_ticket_is_traded_in_and_a_dead_one_is_not() {
    let server = Server::new(|request| if is_login(request) { ticket("new") } else { data("null") });
    let exchange = exchange(&server);
    run(async {
        exchange.log_in().await.unwrap();
        for (minutes_more, logins_then) in [(30, 1), (70, 2), (119, 3)] {
            age(&exchange, minutes_more).await;
            assert!(exchange.carry_out(&Call::get("/nodes")).await.unwrap().is_ok());
            assert_eq!(logins(&server).len(), logins_then, "after {minutes_more} minutes more");
        }
    });
    assert_eq!(logins(&server), [WITH_PASSWORD, WITH_TICKET, WITH_PASSWORD]);
}

#[test]
fn a_renewal_that_is_refused_becomes_a_login() {
    let server = Server::new(|request| match is_login(request) {
        true if request.body == WITH_PASSWORD => ticket("new"),
        true => http("401 authentication failure", "", ""),
        false => data("null"),
    });
    let exchange = exchange(&server);
    run(async {
        exchange.log_in().await.unwrap();
        age(&exchange, 100).await;
        assert!(exchange.carry_out(&Call::get("/nodes")).await.unwrap().is_ok());
    });
    assert_eq!(logins(&server), [WITH_PASSWORD, WITH_TICKET, WITH_PASSWORD]);
}

#[test]
fn tickets_that_died_early_cost_one_login_for_all_calls_together() {
    let given = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        if is_login(request) {
            return ticket(&given.fetch_add(1, Ordering::SeqCst).to_string());
        }
        match request.header("cookie") {
            Some("PVEAuthCookie=PVE:0") => http("401 Authentication failed!", "", ""),
            _ => data("null"),
        }
    });
    let exchange = Arc::new(exchange(&server));
    run(async {
        let ask = |n| {
            let exchange = Arc::clone(&exchange);
            tokio::spawn(async move { exchange.carry_out(&Call::get(format!("/nodes/pve{n}/status"))).await })
        };
        for call in (0..4).map(ask).collect::<Vec<_>>() {
            assert!(call.await.unwrap().unwrap().is_ok());
        }
    });
    assert_eq!(logins(&server).len(), 2);
}

#[test]
fn a_401_that_stays_is_the_answer_and_one_about_a_given_password_is_not_repeated() {
    let server = Server::new(|request| match is_login(request) {
        true => ticket("new"),
        false => http("401 Authentication failed!", "", ""),
    });
    let exchange = exchange(&server);
    run(async {
        let reply = exchange.carry_out(&Call::get("/nodes")).await.unwrap();
        assert_eq!((reply.status, reply.reason.raw()), (401, "Authentication failed!"));
        assert_eq!(logins(&server).len(), 2);
        let change = Call::new(Method::Put, "/access/password").with("userid", "alice@pve");
        assert_eq!(exchange.carry_out(&change).await.unwrap().status, 401);
    });
    assert_eq!(logins(&server).len(), 2);
    assert_eq!(server.lines().last().unwrap(), "PUT /api2/json/access/password");
}

#[test]
fn a_write_whose_login_is_cut_off_was_certainly_not_sent() {
    let server = Server::new(|_| Answer::Cut);
    let start = Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start");
    let error = run(exchange(&server).carry_out(&start)).unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error}");
    assert_eq!(server.lines(), ["POST /api2/json/access/ticket"]);
}
