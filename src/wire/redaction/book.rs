//! The pseudonyms of a session: which name has which, and the way back. Made with a key, so that nobody without it can
//! find a name by trying.

use std::collections::HashMap;

use ring::hmac;
use ring::rand::SystemRandom;

use super::Redaction;
use crate::error::Error;

/// What a name is the name of; a pseudonym begins with that.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Node,
    Guest,
    Storage,
    Pool,
    User,
    Token,
    Group,
    Realm,
    Cluster,
    Tag,
    Host,
    Person,
    Place,
    Key,
    Note,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Node => "node",
            Kind::Guest => "guest",
            Kind::Storage => "storage",
            Kind::Pool => "pool",
            Kind::User => "user",
            Kind::Token => "token",
            Kind::Group => "group",
            Kind::Realm => "realm",
            Kind::Cluster => "cluster",
            Kind::Tag => "tag",
            Kind::Host => "host",
            Kind::Person => "person",
            Kind::Place => "place",
            Kind::Key => "key",
            Kind::Note => "note",
        }
    }
}

/// Names that every installation has, and so are nobody's.
const COMMON: [&str; 11] =
    ["local", "local-lvm", "local-zfs", "pve", "pam", "pbs", "root", "root@pam", "localhost", "localdomain", "rpool"];

/// Words of the API's own, which mean themselves wherever they stand alone, whatever else is called so.
const VOCABULARY: &str = "running stopped paused online offline unknown available active inactive disabled enabled started ignored error \
    ok started queued fence freeze migrate relocate qemu lxc vm ct node nodes storage storages pool sdn zone network cluster user users group \
    token tokens pve pam dir nfs cifs rbd cephfs zfspool zfs lvm lvmthin btrfs iscsi iscsidirect esxi images image rootdir backup backups vztmpl \
    iso snippets import none raw qcow2 vmdk subvol debian ubuntu alpine centos fedora arch gentoo unmanaged l26 other host kvm64 virtio e1000 \
    scsi ide sata eth bridge bond vlan static dhcp manual auto inet inet6 http https tcp udp icmp in out forward accept drop reject all any \
    snapshot suspend stop start shutdown reboot reset resume create clone rollback lock mon mgr osd mds name type status id level content \
    enable value key data total used avail free cpu mem disk memory uptime version release config current description comment tags text \
    day week month year hour minute mail proxy-none daily weekly monthly hourly yearly prod-none simple vxlan qinq evpn high low normal";

/// The pseudonyms of a session.
pub(super) struct Book {
    key: hmac::Key,
    pub(super) names: bool,
    pub(super) addresses: bool,
    pub(super) notes: bool,
    by_kind: HashMap<(Kind, String), String>,
    /// What is replaced wherever it stands as a word of its own; the first kind that a name was met as.
    words: HashMap<String, String>,
    back: HashMap<String, String>,
    /// What was written in this session, by what became of it on its way.
    own: HashMap<String, String>,
}

impl Book {
    pub(super) fn new(redaction: &Redaction) -> Result<Book, Error> {
        let key = match &redaction.key {
            Some(key) if key.trim().is_empty() => {
                return Err(Error::setup(
                    "The key of the redaction is empty",
                    "Give one, or none at all for one of this session",
                ));
            }
            Some(key) => hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()),
            None => hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| {
                Error::setup("This machine gave no random number for the key of the redaction", "Give one: .key(\"…\")")
            })?,
        };
        let Redaction { names, addresses, notes, .. } = *redaction;
        let (by_kind, words, back, own) = (HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
        Ok(Book { key, names, addresses, notes, by_kind, words, back, own })
    }

    /// What stands in the place of a name.
    pub(super) fn of(&mut self, kind: Kind, name: &str) -> String {
        if !self.names
            || is_common(name)
            || name.bytes().all(|digit| digit.is_ascii_digit())
            || self.back.contains_key(name)
        {
            return name.to_owned();
        }
        let pseudonym = self.made(kind, name);
        // Tags are words of every day, and notes no words at all.
        if !matches!(kind, Kind::Tag | Kind::Note | Kind::Key | Kind::Person) {
            self.words.entry(name.to_owned()).or_insert_with(|| pseudonym.clone());
        }
        pseudonym
    }

    /// What was written here stays, unless it stands for something that is hidden already.
    pub(super) fn keep_own(&mut self, typed: &str, meant: &str) {
        let meant = meant.trim_end();
        let is_hidden = self.is_pseudonym(typed)
            || self.words.contains_key(meant)
            || self.is_tag(meant)
            || self.by_kind.keys().any(|(_, name)| name.trim_end() == meant);
        if !meant.is_empty() && !is_hidden {
            self.own.insert(meant.to_owned(), typed.trim_end().to_owned());
        }
    }

    /// How something was written here.
    pub(super) fn as_typed(&self, words: &str) -> Option<String> {
        let typed = self.own.get(words.trim_end())?;
        Some(format!("{typed}{}", &words[words.trim_end().len()..]))
    }

    /// What stands in the place of something that is no name: a note, a key.
    pub(super) fn instead(&mut self, kind: Kind, what: &str) -> String {
        if what.trim().is_empty() || self.back.contains_key(what) { what.to_owned() } else { self.made(kind, what) }
    }

    fn made(&mut self, kind: Kind, name: &str) -> String {
        if let Some(known) = self.by_kind.get(&(kind, name.to_owned())) {
            return known.clone();
        }
        let letters = self.letters(kind.word(), name);
        // As short as it can be while nothing else has it.
        let taken = |pseudonym: &String| self.back.contains_key(pseudonym) || self.words.contains_key(pseudonym);
        let pseudonym = (4..=letters.len())
            .map(|length| format!("{}-{}", kind.word(), &letters[..length]))
            .find(|pseudonym| !taken(pseudonym))
            .unwrap_or_else(|| format!("{}-{letters}", kind.word()));
        self.keep(&pseudonym, name);
        self.by_kind.insert((kind, name.to_owned()), pseudonym.clone());
        pseudonym
    }

    pub(super) fn keep(&mut self, pseudonym: &str, name: &str) {
        self.back.insert(pseudonym.to_owned(), name.to_owned());
    }

    /// A tag that is no word of every day is replaced wherever it stands.
    pub(super) fn keep_tag(&mut self, pseudonym: &str, tag: &str) {
        self.keep(pseudonym, tag);
        if !tag.bytes().all(|letter| letter.is_ascii_alphabetic()) {
            self.words.entry(tag.to_owned()).or_insert_with(|| pseudonym.to_owned());
        }
    }

    pub(super) fn is_tag(&self, word: &str) -> bool {
        !word.is_empty() && word.split('.').all(|part| self.by_kind.contains_key(&(Kind::Tag, part.to_owned())))
    }

    /// Bytes that nobody can find again without the key.
    pub(super) fn bytes(&self, what: &str, name: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.key, format!("{what}\0{name}").as_bytes());
        tag.as_ref().try_into().unwrap_or_default()
    }

    fn letters(&self, what: &str, name: &str) -> String {
        // No vowels, so that no words come of it, and nothing that looks like something else.
        const LETTERS: &[u8; 27] = b"23456789bcdfghjkmnpqrstvwxz";
        self.bytes(what, name).iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
    }

    /// The pseudonym of a word that is a name, wherever it stands.
    pub(super) fn known(&self, word: &str, in_prose: bool) -> Option<&str> {
        let known = self.words.get(word)?;
        (in_prose || !VOCABULARY.split_whitespace().any(|own| own == word)).then_some(known.as_str())
    }

    /// The name behind a pseudonym.
    pub(super) fn behind(&self, pseudonym: &str) -> Option<&str> {
        self.back.get(pseudonym).map(String::as_str)
    }

    /// Whether this is what stands in the place of something.
    pub(super) fn is_pseudonym(&self, word: &str) -> bool {
        self.back.contains_key(word)
    }
}

pub(super) fn is_common(name: &str) -> bool {
    name.trim().is_empty() || COMMON.contains(&name)
}
