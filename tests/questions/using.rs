//! What is used of what was given.

use pve_notebook::*;

use crate::seeded::{line, says, seeded};

#[test]
fn who_does_next_to_nothing_and_who_has_too_much_are_told_apart() {
    let Some(cluster) = seeded() else { return };
    let page = questions::idle_guests(&cluster.as_one("root@pam")).unwrap();
    // A tenth of four cores and three quarters of the memory; nearly all of both; nothing at all.
    assert!(line(&page, "web-1").contains("more CPU than it uses"), "{}", page.text());
    assert!(!page.text().contains("db-1"), "{}", page.text());
    assert!(line(&page, "dns-1").contains("next to idle"), "{}", page.text());
    // It has run for a tenth of the week, and what does not run is not judged.
    assert!(!page.text().contains("saving-1") && !page.text().contains("old-crm"), "{}", page.text());
    says(&page, "1 of 3 running guests are next to idle, 1 have more than they use");
    says(&page, "1 more ran for too short a time to be judged.");
}

#[test]
fn who_sees_one_guest_judges_one() {
    let Some(cluster) = seeded() else { return };
    let page = questions::idle_guests(&cluster.as_one("part@pve")).unwrap();
    says(&page, "0 of 1 running guests are next to idle, 1 have more than they use, as far as part@pve!look may see");
}

#[test]
fn what_the_demo_has_is_judged_by_its_points() {
    let pve = Pve::demo().unwrap();
    let page = questions::idle_guests(&pve).unwrap();
    for guest in &pve.guests().unwrap().filter(|guest| guest.is_running()) {
        let week = guest.history(Span::Week).unwrap();
        if week.coverage(|point| point.cpu) < 0.5 {
            continue;
        }
        let (cpu, memory) = (week.most(|point| point.cpu).unwrap(), week.most(|point| point.mem).unwrap());
        let half = guest.maxmem.known().unwrap().0 as f64 / 2.0;
        let is_large = (guest.maxcpu > 1 && cpu < 0.25) || memory < half;
        assert_eq!(page.text().contains(&guest.name.to_string()), is_large, "{guest}:\n{}", page.text());
    }
}
