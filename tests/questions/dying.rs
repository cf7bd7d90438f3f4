//! What dies with a storage or a bridge.

use pve_notebook::*;

use crate::seeded::{says, seeded, seeds};

#[test]
fn every_running_guest_with_a_disk_on_a_storage_dies_with_it() {
    let Some(cluster) = seeded() else { return };
    let page = questions::dies_with_storage(&cluster.as_one("root@pam"), "shared").unwrap();
    for guest in seeds()["guests"].as_array().unwrap() {
        let on_it = guest["config"].to_string().contains("shared:") && guest["status"] == "running";
        let name = guest["name"].as_str().unwrap();
        let dies = page.text().lines().any(|line| line.contains(name) && line.contains("loses data"));
        assert_eq!(dies, on_it, "{name}:\n{}", page.text());
    }
    says(&page, "If shared is lost, 1 guest loses data; 1 of them runs now");
    says(&page, "Whether 1 guest has disks on it is not known: VM 104.");
    // Not on it, but its backups are.
    says(&page, "web-1 (101) ‖ loses its backups");
    let missing = questions::dies_with_storage(&cluster.as_one("root@pam"), "nowhere").unwrap_err();
    assert!(missing.to_string().contains("\"nowhere\"") && missing.to_string().contains("shared"), "{missing}");
}

#[test]
fn whoever_sees_one_guest_is_told_so() {
    let Some(cluster) = seeded() else { return };
    match questions::dies_with_storage(&cluster.as_one("part@pve"), "shared") {
        Ok(page) => says(&page, "lacks"),
        Err(error) => assert!(error.to_string().contains("visible to you"), "{error}"),
    }
}

#[test]
fn a_bridge_of_the_demo_takes_its_guests_along() {
    let pve = Pve::demo().unwrap();
    let guests = pve.guests().unwrap().filter(|guest| guest.node == "pve1" && guest.is_running());
    let on_it = guests.configs().unwrap().filter(|config| config.nets().any(|net| net.bridge == Some("vmbr1".into())));
    assert!(!on_it.is_empty());
    let page = questions::dies_with_bridge(&pve, "pve1", "vmbr1").unwrap();
    for config in &on_it {
        assert!(page.text().contains(&config.vmid.to_string()), "{}:\n{}", config.vmid, page.text());
    }
    assert!(questions::dies_with_bridge(&pve, "pve1", "vmbr99").unwrap_err().to_string().contains("vmbr99"));
}
