//! Where a word occurs.

use pve_notebook::*;

use crate::seeded::{line, says, seeded};

#[test]
fn a_word_is_found_wherever_the_seeds_have_it() {
    let Some(cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    let disk = questions::find(&pve, "VM-101-DISK-0").unwrap();
    assert!(line(&disk, "scsi0").contains("local-lvm:vm-101-disk-0,size=10G"), "{}", disk.text());
    // A number is no part of a longer one.
    let number = questions::find(&pve, "20").unwrap();
    assert!(number.text().contains("size=20G") && !number.text().contains("dns-1"), "{}", number.text());
    let guest = questions::find(&pve, "101").unwrap();
    for place in ["qemu/101", "vm-101-disk-0", "vzdump-qemu-101", ":vzdump:101:", "101,201"] {
        assert!(guest.text().contains(place), "{place}:\n{}", guest.text());
    }
    let nothing = questions::find(&pve, "no such word").unwrap();
    says(&nothing, "Nowhere in what is looked through, as far as could be read.");
    says(&nothing, "Not read: 1 guest (VM 104), since node pve3 is offline.");
    assert!(questions::find(&pve, " ").is_err());
}

#[test]
fn what_may_not_be_looked_through_is_named() {
    let Some(cluster) = seeded() else { return };
    let page = questions::find(&cluster.as_one("part@pve"), "db-1").unwrap();
    says(&page, "Nowhere in what is looked through, as far as part@pve!look may see.");
    for place in ["/cluster/ha/resources", "VM.Audit on /vms", "Datastore.Audit"] {
        says(&page, place);
    }
}

#[test]
fn an_address_and_a_tag_of_the_demo_are_found() {
    let pve = Pve::demo().unwrap();
    let page = questions::find(&pve, "10.20.0.101").unwrap();
    assert!(line(&page, "ipconfig0").contains("web-1 (VM 101)"), "{}", page.text());
    let tagged = pve.guests().unwrap().filter(|guest| guest.has_tag("owner.alice")).len();
    let page = questions::find(&pve, "owner.alice").unwrap();
    let rows =
        page.text().lines().filter(|line| line.contains("owner.alice") && line.contains("pve.guests()?")).count();
    assert_eq!(rows, tagged, "{}", page.text());
}
