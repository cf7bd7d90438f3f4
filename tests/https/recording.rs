//! A cluster that is recorded over HTTPS and looked at when it is gone.

use super::*;

#[test]
fn a_cluster_is_recorded_over_https_by_reading_alone_and_looked_at_when_it_is_gone() {
    let Some(mut fake) = cluster() else { return };
    fake.order("pve.vm(101).config.update({'cipassword': 'hunter2', 'description': 'For the shop.'})");
    let pve = by_token(&fake);
    let path = std::env::temp_dir().join(format!("pve-notebook-test-{}.pve.json", std::process::id()));
    let recorded = pve.record_to(&path).unwrap();
    assert_eq!(writes(&mut fake), "0", "recording only reads");
    assert!(recorded.page().text().contains("Not asked for"), "{}", recorded.page().text());
    let rows = |pve: &Pve| -> Vec<String> {
        let guests = pve.guests().unwrap();
        guests.iter().map(|guest| format!("{} {} {} {}", guest.vmid, guest.name, guest.node, guest.status)).collect()
    };
    let (live, url) = (rows(&pve), fake.url.clone());
    drop(fake);
    assert!(pve.guests().is_err(), "nobody answers any more");

    let file = fs::read_to_string(&path).unwrap();
    assert!(![SECRET, &url, "hunter2"].iter().any(|secret| file.contains(secret)));
    let then = Pve::open_recording(&path).unwrap();
    assert_eq!(rows(&then), live);
    assert_eq!(then.recorded_at(), Some(recorded.at));
    assert_eq!(then.now(), recorded.at);
    let config = then.guest("web-1").unwrap().config().unwrap();
    assert_eq!(config.notes().unwrap(), "For the shop.");
    let raw = then.get("/nodes/pve1/qemu/101/config").unwrap();
    assert!(!format!("{}{}", config.page().html(), raw.page().text()).contains("hunter2"));
    let guest = then.guest("db-1").unwrap().page();
    let text = guest.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&format!("recorded {}", recorded.at)) && text.contains("as audit@pve!notebook"), "{text}");
    assert!(!guest.html().contains(&url), "the address of the cluster is not in it");
    then.arm("to see that this changes nothing").unwrap();
    says(then.guest("web-1").unwrap().start().run(), &["This is a recording from", "connect to the cluster itself"]);
    says(then.practice(Fault::QuorumLost), &["This is no simulated cluster"]);
    says(then.record_to(&path), &["This is a recording already"]);
    assert!(!then.is_simulated());
    fs::remove_file(path).unwrap();
}
