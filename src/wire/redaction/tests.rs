use super::book::{Book, Kind};
use super::*;

fn book() -> Book {
    let mut book = Book::new(&Redaction::new().names().addresses().notes().key("k")).unwrap();
    for (kind, name) in [(Kind::Guest, "web-1"), (Kind::Node, "pve1"), (Kind::Guest, "mail"), (Kind::Storage, "backup")]
    {
        book.of(kind, name);
    }
    book
}

#[test]
fn a_name_is_replaced_as_a_word_of_its_own_and_not_within_another() {
    let mut book = book();
    let (web, node) = (book.of(Kind::Guest, "web-1"), book.of(Kind::Node, "pve1"));
    let said = book.prose("moved web-1 from 'pve1', before-web-1-update; web-10, pve12, xweb-1");
    assert_eq!(said, format!("moved {web} from '{node}', before-{web}-update; web-10, pve12, xweb-1"));
    assert_eq!(book.meant(&said), "moved web-1 from 'pve1', before-web-1-update; web-10, pve12, xweb-1");
    // A value of the API is not prose.
    assert_eq!(book.value("backup"), "backup");
    assert!(book.prose("the storage backup is full").contains("storage-"));
}

#[test]
fn addresses_go_by_their_form_and_come_back() {
    let mut book = book();
    for words in [
        "ip=192.0.2.7/24,gw=192.0.2.1",
        "virtio=BC:24:11:64:D7:17,tag=7",
        "de:ad:be:ef:00:07",
        "fd00:1::7 and fe80::1",
        "[2001:db8::7]:8006",
        "pve1.acme.com",
        "host.acme.com:8006",
        "alice@pve!deploy",
        "UPID:pve1:0003AAAF:15ABE9BD:6968AC90:qmstart:101:alice@pve:",
    ] {
        let shown = book.prose(words);
        assert_ne!(shown, words);
        assert_eq!(book.meant(&shown), words, "{shown}");
        assert_eq!(book.prose(&shown), shown, "what is hidden already stays");
    }
    assert!(book.prose("BC:24:11:64:D7:17").starts_with("BC:24:11:"));
    for plain in [
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.0",
        "::1",
        "9.1.4",
        "09:00:00",
        "vm:101",
        "vm-101-disk-0",
        "debian-12.7-amd64.tar.zst",
        "root@pam",
    ] {
        assert_eq!(book.prose(plain), plain);
    }
}

#[test]
fn no_two_names_share_a_pseudonym_and_none_is_longer_than_it_has_to_be() {
    let mut book = book();
    let all: std::collections::BTreeSet<String> =
        (0..20_000).map(|n| book.of(Kind::Guest, &format!("vm-{n}-x"))).collect();
    assert_eq!(all.len(), 20_000);
    assert!(all.iter().filter(|name| name.len() == "guest-".len() + 4).count() > 19_000);
    let (guest, node) = (book.of(Kind::Guest, "same-1"), book.of(Kind::Node, "same-1"));
    assert!(guest.starts_with("guest-") && node.starts_with("node-"));
}

#[test]
fn a_note_is_one_word_and_comes_back_also_within_another() {
    let mut book = book();
    let shown = book.note("Call Bob\nat home\n");
    assert!(shown.starts_with("(note-") && shown.ends_with(", not shown)"), "{shown}");
    assert_eq!(book.meant(&shown), "Call Bob\nat home\n");
    assert_eq!(book.meant(&format!("{shown} and more")), "Call Bob\nat home\n and more");
}
