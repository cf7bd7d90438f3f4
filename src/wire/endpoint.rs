//! Where a cluster is asked: the address of one of its nodes, as people write it. Opens no connection.

use std::net::IpAddr;

use reqwest::Url;
use rustls::pki_types::ServerName;

use crate::error::Error;
use crate::text::Text;
use crate::wire::{Call, Method};

/// The port of Proxmox VE's own web server.
const PVE_PORT: u16 = 8006;

/// The address of one node, `https://pve1:8006`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Reads `https://pve1:8006`, and `pve1` or `pve1:8006` as well. A URL means what it says: `https://pve1` is port 443.
    pub(crate) fn parse(word: &str) -> Result<Endpoint, Error> {
        let word = word.trim();
        let wrong = |why: &str| {
            // An address may hold a password before its `@`: what stands there is never repeated.
            let shown = word.rsplit('@').next().unwrap_or_default();
            Error::setup(
                format!("\"{shown}\" is not the address of a Proxmox VE node: {why}"),
                "Write it as https://pve1:8006, or several separated by commas",
            )
        };
        if word.is_empty() {
            return Err(wrong("it is empty"));
        }
        let bare = !word.contains("://");
        let mut url = Url::parse(&if bare { format!("https://{word}") } else { word.to_owned() })
            .map_err(|e| wrong(&e.to_string()))?;
        if url.scheme() != "https" {
            return Err(wrong("only https is spoken, since the login would be readable on the way otherwise"));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if ServerName::try_from(host).is_err() {
            return Err(wrong("no machine can have that name"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a user or a password; name them with .token(..) or .password(..)"));
        }
        if !matches!(url.path().trim_end_matches('/'), "" | "/api2/json") || url.query().is_some() {
            return Err(wrong("it goes on after the port"));
        }
        url.set_path("");
        url.set_fragment(None);
        // `pve1:443` loses its port in parsing, being the scheme's own.
        if bare && url.port().is_none() && !word.trim_end_matches('/').ends_with(":443") {
            url.set_port(Some(PVE_PORT)).map_err(|()| wrong("it can have no port"))?;
        }
        Ok(Endpoint(url))
    }

    /// As people write it and as the web console has it: `https://pve1:8006`.
    pub(crate) fn shown(&self) -> Text {
        self.0.as_str().trim_end_matches('/').into()
    }

    /// The name or the number of the machine.
    pub(crate) fn host(&self) -> Text {
        self.0.host_str().unwrap_or_default().into()
    }

    /// Whether it is asked for on the port that Proxmox VE listens on.
    pub(crate) fn has_usual_port(&self) -> bool {
        self.0.port() == Some(PVE_PORT)
    }

    /// Whether it is this very machine, which no proxy can stand in front of.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The full URL of a call. Parameters of a read or a delete are its query: Proxmox VE takes no body there.
    pub(crate) fn url(&self, call: &Call) -> Result<Url, Error> {
        if call.path.split('/').any(is_dots) {
            return Err(Error::not_found(
                format!("There is no such call: {call}"),
                "A path of the API holds no \".\" or \"..\"; look at the path",
            ));
        }
        let mut url = self.0.clone();
        let api = if call.is_documentation() { "" } else { "/api2/json" };
        url.set_path(&format!("{api}{}", call.path));
        if matches!(call.method, Method::Get | Method::Delete) && !call.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.params);
        }
        Ok(url)
    }
}

/// Segments that a URL does away with, so that another path than the one shown would be asked.
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_read(word: &str, shown: &str) {
        assert_eq!(Endpoint::parse(word).unwrap().shown(), shown);
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_read("https://pve1:8006", "https://pve1:8006");
        assert_read(" https://pve1:8006/ ", "https://pve1:8006");
        assert_read("https://pve1:8006/api2/json", "https://pve1:8006");
        assert_read("https://pve1:8006/#v1:0:=node%2Fpve1", "https://pve1:8006");
        assert_read("pve1", "https://pve1:8006");
        assert_read("pve1:18006", "https://pve1:18006");
        assert_read("pve1:443", "https://pve1");
        assert_read("https://pve.example.com", "https://pve.example.com");
        assert_read("[2001:db8::1]", "https://[2001:db8::1]:8006");
    }

    #[test]
    fn what_is_no_address_is_refused_and_no_password_is_repeated() {
        let refused = |word: &str| Endpoint::parse(word).unwrap_err().to_string();
        assert_eq!(
            refused("http://pve1:8006"),
            "\"http://pve1:8006\" is not the address of a Proxmox VE node: only https is spoken, since the login would be \
             readable on the way otherwise. Write it as https://pve1:8006, or several separated by commas"
        );
        assert!(refused("").contains("it is empty"));
        assert!(refused("https://pve1:8006/other").contains("it goes on after the port"));
        assert!(refused(&format!("https://{}:8006", "x".repeat(64))).contains("no machine can have that name"));
        assert!(refused("https://pve1:port").contains("invalid port number"));
        let secret = refused("https://root:hunter2@pve1:8006");
        assert!(secret.contains("holds a user or a password") && !secret.contains("hunter2"), "{secret}");
    }

    #[test]
    fn parameters_of_reads_and_deletes_are_the_query() {
        let at = Endpoint::parse("pve1").unwrap();
        let url = |call: Call| at.url(&call).unwrap().to_string();
        assert_eq!(url(Call::get("/nodes")), "https://pve1:8006/api2/json/nodes");
        assert_eq!(
            url(Call::get("/pools").with("poolid", "prod/web & more")),
            "https://pve1:8006/api2/json/pools?poolid=prod%2Fweb+%26+more"
        );
        assert_eq!(
            url(Call::new(Method::Delete, "/nodes/pve1/qemu/101").with("purge", "1")),
            "https://pve1:8006/api2/json/nodes/pve1/qemu/101?purge=1"
        );
        assert_eq!(
            url(Call::new(Method::Put, "/nodes/pve1/qemu/101/config").with("cores", "2")),
            "https://pve1:8006/api2/json/nodes/pve1/qemu/101/config"
        );
        assert_eq!(
            url(Call::documentation()),
            "https://pve1:8006/pve-docs/api-viewer/apidoc.js",
            "it stands beside the API"
        );
        assert_eq!(
            url(Call::get("/nodes/pve1/tasks/UPID%3Apve1%3A1/log")),
            "https://pve1:8006/api2/json/nodes/pve1/tasks/UPID%3Apve1%3A1/log"
        );
    }

    #[test]
    fn no_path_leads_elsewhere_than_it_says() {
        let at = Endpoint::parse("pve1").unwrap();
        for path in ["/nodes/../access", "/nodes/%2e%2E/access", "/nodes/./x"] {
            assert!(matches!(at.url(&Call::get(path)), Err(Error::NotFound { .. })), "{path}");
        }
    }

    #[test]
    fn this_very_machine_is_known() {
        for (word, here) in
            [("localhost", true), ("127.0.0.2", true), ("[::1]", true), ("pve1", false), ("10.0.0.1", false)]
        {
            assert_eq!(Endpoint::parse(word).unwrap().is_loopback(), here, "{word}");
        }
    }
}
