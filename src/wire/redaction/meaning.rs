//! What the fields of an answer mean, as far as that decides what is hidden of them.

use serde_json::{Map, Value};

use super::book::{Book, Kind};

/// An answer without what is hidden.
pub(super) fn hidden(book: &mut Book, path: &str, json: Value) -> Value {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Answer { parts }.value(book, "", "", json)
}

/// What somebody writes in the redacted session itself stays as it was written: the notebook shows it anyway.
pub(super) fn typed(book: &mut Book, key: &str, typed: &str, meant: &str) {
    match key {
        "description" | "comment" | "comments" | "notes" => book.keep_own(typed, meant),
        "name" | "hostname" | "newname" | "poolid" | "snapname" => book.keep_own(typed, meant),
        "tags" => {
            let tags = |words: &str| words.split([',', ';', ' ']).map(str::to_owned).collect::<Vec<_>>();
            tags(typed).iter().zip(tags(meant)).for_each(|(typed, meant)| book.keep_own(typed, &meant));
        }
        _ => {}
    }
}

struct Answer<'a> {
    parts: Vec<&'a str>,
}

impl Answer<'_> {
    fn is_below(&self, first: &str) -> bool {
        self.parts.first() == Some(&first)
    }

    fn has(&self, word: &str) -> bool {
        self.parts.contains(&word)
    }

    /// A value that stands under this key, in an object of this type.
    fn value(&self, book: &mut Book, key: &str, of: &str, value: Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(self.object(book, key, map)),
            Value::Array(each) => Value::Array(each.into_iter().map(|one| self.value(book, key, of, one)).collect()),
            Value::String(words) => self.words(book, key, of, &words).into(),
            number => number,
        }
    }

    fn object(&self, book: &mut Book, key: &str, map: Map<String, Value>) -> Map<String, Value> {
        let word = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (of, setting) = (word("type"), word("key"));
        let field = |(name, value): (String, Value)| {
            // What is wrong with a field is told under its name, and a setting under the name of it.
            let meaning = match name.as_str() {
                _ if key == "errors" => "message",
                "value" | "pending" | "old" if !setting.is_empty() => setting.as_str(),
                name => name,
            };
            let value = self.value(book, meaning, &of, value);
            (self.key(book, key, name), value)
        };
        map.into_iter().map(field).collect()
    }

    /// A name may also stand where fields have theirs.
    fn key(&self, book: &mut Book, within: &str, key: String) -> String {
        let is_field = key.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') && !within.ends_with("_status");
        match key.starts_with('/') {
            true => access_path(book, &key),
            false if is_field || key.len() < 3 => key,
            false => book.value(&key),
        }
    }

    fn words(&self, book: &mut Book, key: &str, of: &str, words: &str) -> String {
        match key {
            "type" | "status" if !words.contains(' ') => words.to_owned(),
            _ if key.to_ascii_lowercase().contains("version")
                || ["RunningKernel", "kversion", "release"].contains(&key) =>
            {
                words.to_owned()
            }
            "description" | "comment" | "comments" | "comments6" | "notes" | "consent-text"
                if !self.has("capabilities") && words != "You are here!" =>
            {
                book.note(words)
            }
            "tags" | "registered-tags" | "allowed-tags" => book.tags(words),
            key if key.contains("tag") => {
                let words = book.among_tags(words);
                any(book, &words)
            }
            "sshkeys" | "ssh-public-keys" if book.names => book.instead(Kind::Key, words),
            "name" | "hostname" => self.name(book, of, words),
            "node" | "nodes" => book.list(Kind::Node, words),
            "storage" => book.list(Kind::Storage, words),
            "cluster_name" | "clustername" => book.of(Kind::Cluster, words),
            "poolid" => book.list(Kind::Pool, words),
            "pool" if !self.is_below("storage") => book.list(Kind::Pool, words),
            "ciuser" => book.of(Kind::User, words),
            "snapname" | "parent" | "rule" => book.prose(words),
            "searchdomain" | "search" | "fqdn" | "host-name" | "smarthost" => hosts(book, words),
            _ if self.is_below("access") => access(book, key, of, words),
            _ if self.is_below("storage") => storage(book, key, words),
            _ => any(book, words),
        }
    }

    /// What is called so depends on what it is.
    fn name(&self, book: &mut Book, of: &str, words: &str) -> String {
        let is_of_a_guest = matches!(
            self.parts.as_slice(),
            ["nodes", _, "qemu" | "lxc"]
                | ["nodes", _, "qemu" | "lxc", _, "config" | "pending" | "status" | "migrate", ..]
                | ["nodes", _, "qemu" | "lxc", _, "snapshot", _, "config"]
        );
        match of {
            "qemu" | "lxc" => book.of(Kind::Guest, words),
            _ if is_of_a_guest => book.of(Kind::Guest, words),
            "cluster" if self.has("status") => book.of(Kind::Cluster, words),
            "node" if self.is_below("cluster") => book.of(Kind::Node, words),
            _ => book.prose(words),
        }
    }
}

fn any(book: &mut Book, words: &str) -> String {
    match words.starts_with('/') {
        true => access_path(book, words),
        false if words.contains(char::is_whitespace) => book.prose(words),
        false => book.value(words),
    }
}

/// A path of access control: `/pool/prod/web`; of any other the words.
fn access_path(book: &mut Book, path: &str) -> String {
    match path.strip_prefix("/pool/") {
        Some(pool) => format!("/pool/{}", book.list(Kind::Pool, pool)),
        None => book.value(path),
    }
}

fn access(book: &mut Book, key: &str, of: &str, words: &str) -> String {
    match key {
        "groupid" | "groups" => book.list(Kind::Group, words),
        "ugid" if of == "group" => book.of(Kind::Group, words),
        "tokenid" => book.of(Kind::Token, words),
        "realm" => book.of(Kind::Realm, words),
        "firstname" | "lastname" if book.names => book.instead(Kind::Person, words),
        "base_dn" | "bind_dn" | "group_dn" if book.names => book.instead(Kind::Place, words),
        "server1" | "server2" | "domain" => hosts(book, words),
        _ => any(book, words),
    }
}

/// Where a storage has its data.
fn storage(book: &mut Book, key: &str, words: &str) -> String {
    match key {
        "pool" | "data-pool" | "vgname" | "thinpool" | "datastore" | "namespace" | "export" | "share" | "subdir"
        | "target" | "fs-name" | "path" | "mountpoint" | "username" | "domain" | "base" | "zfs-base-path"
            if book.names && !words.starts_with("/var/lib/vz") && words.parse::<u64>().is_err() =>
        {
            book.instead(Kind::Place, words)
        }
        "server" | "portal" | "monhost" => hosts(book, words),
        _ => any(book, words),
    }
}

/// Hosts, by whatever they are called.
fn hosts(book: &mut Book, words: &str) -> String {
    if !book.addresses {
        return book.value(words);
    }
    let each = words.split_inclusive([',', ';', ' ']).map(|word| {
        let host = word.trim_end_matches([',', ';', ' ']);
        let known = book.value(host);
        let is_hidden = known != host || host.is_empty() || host == "localhost";
        let shown = if is_hidden { known } else { book.instead(Kind::Host, host) };
        format!("{shown}{}", &word[host.len()..])
    });
    each.collect()
}
