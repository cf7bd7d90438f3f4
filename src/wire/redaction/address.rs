//! Addresses: IPv4, IPv6, MAC, fingerprints, hosts in domains. Knows their form; knows no field.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::book::{Book, Kind};

impl Book {
    /// What stands in the place of an address; `None` of what is none, or is everybody's.
    pub(super) fn address(&mut self, word: &str) -> Option<String> {
        if !self.addresses || self.is_pseudonym(word) {
            return None;
        }
        if let Ok(address) = word.parse::<Ipv4Addr>() {
            return self.v4(word, address);
        }
        if !word.contains(':') {
            return None;
        }
        let pairs: Vec<&str> = word.split(':').collect();
        let is_hex = pairs.iter().all(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match pairs.len() {
            6 if is_hex => Some(self.mac(word, &pairs)),
            16.. if is_hex => Some(self.fingerprint(word, pairs.len())),
            _ => self.v6(word, word.parse().ok()?),
        }
    }

    /// Those of one /24 get the same first three numbers; the last one is told by none.
    fn v4(&mut self, word: &str, address: Ipv4Addr) -> Option<String> {
        let [a, b, c, last] = address.octets();
        if address.is_loopback() || address.is_unspecified() || a == 255 || address.is_multicast() {
            return None;
        }
        let net = self.bytes("net", &format!("{a}.{b}.{c}"));
        // Whole networks and their ends stay that.
        let numbers = (0..32).map(|n| 1 + self.bytes(&format!("address {n}"), word)[0] % 254);
        let ends = [0, 255].contains(&last).then_some(last);
        let made: Vec<String> =
            ends.into_iter().chain(numbers).map(|last| format!("10.{}.{}.{last}", net[0], net[1])).collect();
        Some(self.first_free(word, made))
    }

    /// Those of one /64 stay together.
    fn v6(&mut self, word: &str, address: Ipv6Addr) -> Option<String> {
        if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
            return None;
        }
        let parts = address.segments();
        let bytes = self.bytes("net", &format!("{:?}", &parts[..4]));
        let two = |bytes: &[u8], n: usize| u16::from_be_bytes([bytes[2 * n], bytes[2 * n + 1]]);
        let net = match parts[0] {
            0xfe80 => [0xfe80, 0, 0, 0],
            _ => [0xfd00 | two(&bytes, 0) & 0xff, two(&bytes, 1), two(&bytes, 2), two(&bytes, 3)],
        };
        let made: Vec<String> = (0..8)
            .map(|n| {
                let bytes = self.bytes(&format!("address {n}"), &address.to_string());
                let host = match parts[4..] == [0; 4] {
                    true => [0; 4],
                    false => [two(&bytes, 0) | 1, two(&bytes, 1), two(&bytes, 2), two(&bytes, 3)],
                };
                Ipv6Addr::from([net[0], net[1], net[2], net[3], host[0], host[1], host[2], host[3]]).to_string()
            })
            .collect();
        Some(self.first_free(word, made))
    }

    /// Whose card it is that Proxmox VE made, stays.
    fn mac(&mut self, word: &str, pairs: &[&str]) -> String {
        let upper = word.to_ascii_uppercase();
        let vendor = if upper.starts_with("BC:24:11") { "BC:24:11" } else { "02:00:00" };
        let is_lower = pairs.iter().any(|pair| pair.bytes().any(|digit| digit.is_ascii_lowercase()));
        let made: Vec<String> = (0..8)
            .map(|n| {
                let bytes = self.bytes(&format!("mac {n}"), &upper);
                let mac = format!("{vendor}:{:02X}:{:02X}:{:02X}", bytes[0], bytes[1], bytes[2]);
                if is_lower { mac.to_ascii_lowercase() } else { mac }
            })
            .collect();
        self.first_free(word, made)
    }

    fn fingerprint(&mut self, word: &str, length: usize) -> String {
        let bytes = self.bytes("fingerprint", word);
        let made: Vec<String> = bytes.iter().cycle().take(length).map(|byte| format!("{byte:02X}")).collect();
        self.first_free(word, vec![made.join(":")])
    }

    /// The first of these that stands for nothing else.
    fn first_free(&mut self, word: &str, made: Vec<String>) -> String {
        let free = made.iter().find(|made| self.behind(made).is_none_or(|known| known == word));
        let chosen = free.or(made.last()).cloned().unwrap_or_default();
        self.keep(&chosen, word);
        chosen
    }

    /// A host in a domain: `pve1.example.com`, whose first word may be a name that is known.
    pub(super) fn host(&mut self, word: &str) -> Option<String> {
        let (first, domain) = word.split_once('.')?;
        if !self.addresses || !is_domain(word) || self.is_pseudonym(word) || word.ends_with(".example") {
            return None;
        }
        let first = match self.known(first, true) {
            Some(known) => known.to_owned(),
            None => self.instead(Kind::Host, first),
        };
        let made = format!("{}.example", self.instead(Kind::Host, domain));
        self.keep(&made, domain);
        let whole = format!("{first}.{made}");
        self.keep(&whole, word);
        Some(whole)
    }
}

/// Whether a word has the form of a host in a domain, by how it ends: files end otherwise. Two words alone may be a tag.
fn is_domain(word: &str) -> bool {
    const SURE: [&str; 14] = [
        "com",
        "net",
        "org",
        "info",
        "biz",
        "eu",
        "de",
        "local",
        "lan",
        "internal",
        "intranet",
        "corp",
        "arpa",
        "localdomain",
    ];
    const OF_THREE: [&str; 36] = [
        "io", "dev", "app", "cloud", "uk", "at", "ch", "fr", "nl", "be", "it", "es", "pt", "pl", "cz", "dk", "se",
        "no", "fi", "ru", "us", "ca", "br", "au", "nz", "jp", "cn", "in", "ie", "gr", "hu", "ro", "home", "test",
        "edu", "gov",
    ];
    let labels: Vec<&str> = word.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let end = labels.last().map(|end| end.to_ascii_lowercase()).unwrap_or_default();
    let ends = |known: &[&str]| known.contains(&end.as_str());
    labels.iter().all(is_label) && (labels.len() > 1 && ends(&SURE) || labels.len() > 2 && ends(&OF_THREE))
}
