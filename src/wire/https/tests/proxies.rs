//! Proxies that the environment names: each test runs another one again in a process whose environment does.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Mutex;

use super::*;

/// A proxy that notes down what it is asked for, and answers so; what it answers with 200 it leads to this port.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn answering(status: &'static str, leads_to: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let mut head = BufReader::new(client.try_clone().unwrap()).lines().map_while(Result::ok);
                seen.lock().unwrap().push(head.next().unwrap_or_default());
                let _ = head.find(String::is_empty);
                let _ = write!(client, "HTTP/1.1 {status}\r\n\r\n");
                if status.starts_with("200") {
                    let node = TcpStream::connect(("127.0.0.1", leads_to)).unwrap();
                    join(client.try_clone().unwrap(), node.try_clone().unwrap());
                    join(node, client);
                }
            }
        });
        Proxy { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn join(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || std::io::copy(&mut from, &mut to));
}

/// Runs a test again, in a process with this proxy and these variables; gives what it said.
fn again(test: &str, proxy: &Proxy, variables: &[(&str, &str)]) -> String {
    let this = std::env::current_exe().unwrap();
    let module = module_path!().split_once("::").unwrap().1.rsplit_once("::").unwrap().0;
    let mut process = Command::new(this);
    process.args(["--exact", &format!("{module}::{test}"), "--include-ignored", "--nocapture"]);
    process.env("HTTPS_PROXY", &proxy.address).env("https_proxy", &proxy.address).env("NO_PROXY", "");
    let output = process.env_remove("no_proxy").envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    said
}

/// The name of a node that only a proxy knows.
const BEHIND: &str = "https://pve1.invalid:8006";

#[test]
#[ignore = "run by the tests of proxies, with one in its environment"]
fn a_node_behind_a_proxy() {
    let trust = std::env::var("TEST_FINGERPRINT").map_or(Trust::System, |pin| pinned(&pin));
    let wire = connect(BEHIND, token(), trust).open().unwrap();
    match ask(&wire, post("/nodes/pve1/qemu/101/status/start")) {
        Ok(reply) => println!("answered: {}", reply.body),
        Err(error) => {
            assert!(matches!(error, Error::NotConnected { .. }), "{error}");
            println!("refused: {error}");
        }
    }
}

#[test]
fn a_proxy_leads_to_a_node_that_has_no_name_here() {
    let server = Server::new(|_| data("\"through\""));
    let proxy = Proxy::answering("200 Connection established", server.port);
    let fingerprint = [("TEST_FINGERPRINT", server.fingerprint.as_str())];
    let said = again("proxies::a_node_behind_a_proxy", &proxy, &fingerprint);
    assert!(said.contains(r#"answered: {"data":"through"}"#), "{said}");
    assert_eq!(proxy.asked(), ["CONNECT pve1.invalid:8006 HTTP/1.1"]);
    assert_eq!(server.lines(), ["POST /api2/json/nodes/pve1/qemu/101/status/start"]);
}

#[test]
fn a_proxy_is_not_asked_for_this_very_machine_nor_for_whom_it_is_not_meant() {
    let proxy = Proxy::answering("403 Forbidden", 0);
    again("calls_are_written_as_proxmox_wants_them", &proxy, &[]);
    for exempt in ["pve1.invalid", ".invalid", "other.example,pve1.invalid", "*"] {
        let said = again("proxies::a_node_behind_a_proxy", &proxy, &[("NO_PROXY", exempt)]);
        assert!(said.contains("refused: Cannot connect to https://pve1.invalid:8006: "), "{said}");
    }
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[test]
fn a_proxy_that_does_not_lead_there_is_told_with_what_to_do() {
    let or_go_without = "or name pve1.invalid in NO_PROXY to go there without a proxy";
    for (status, why) in [
        (
            "403 Forbidden",
            "the proxy would not or could not connect to it. Nothing was sent. Have it let through there",
        ),
        ("502 Bad Gateway", "the proxy would not or could not connect to it"),
        ("407 Proxy Authentication Required", "the proxy wants to know who asks. Nothing was sent. Give it user and"),
    ] {
        let proxy = Proxy::answering(status, 0);
        let said = again("proxies::a_node_behind_a_proxy", &proxy, &[]);
        assert!(said.contains(&format!("Cannot connect to {BEHIND}: {why}")) && said.contains(or_go_without), "{said}");
        assert_eq!(proxy.asked(), ["CONNECT pve1.invalid:8006 HTTP/1.1"]);
    }
    let nobody = Proxy { address: closed().replace("https", "http"), asked: Arc::default() };
    let said = again("proxies::a_node_behind_a_proxy", &nobody, &[]);
    assert!(said.contains("the proxy cannot be used (Connection refused (os error 111)). Nothing was sent. Check the"));
}
