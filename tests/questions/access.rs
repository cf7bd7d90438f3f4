//! Who may do what, and what somebody sees.

use pve_notebook::*;

use crate::seeded::{line, says, seeded, seeds};

#[test]
fn what_was_given_is_told_of_everyone_with_how_it_is_protected() {
    let Some(cluster) = seeded() else { return };
    let page = questions::who_may(&cluster.as_one("root@pam")).unwrap();
    let says_of = |who: &str, words: &str| assert!(line(&page, who).contains(words), "{who}: {words}\n{}", page.text());
    says_of("root@pam ", "everything");
    says_of("ops@pve ", "acts on guests /vms PVEVMUser ‖ no second factor");
    says_of("ops@pve!ci", "acts on guests /vms/102 PVEVMUser ● token until 2100-01-01");
    says_of("part@pve ", "looks /vms/101 PVEAuditor, by the group");
    says_of("part@pve!look", "looks as its user all that part@pve may ‖ token without an end");
    // Two entries of somebody who cannot log in count for nobody.
    says(&page, "3 users and tokens may act, 1 of them on everything; 1 of those has no second factor, 0 are tokens");
}

#[test]
fn whoever_may_not_see_access_is_told_which_privilege_that_takes() {
    let Some(cluster) = seeded() else { return };
    let pve = cluster.as_one("part@pve");
    for refused in [questions::who_may(&pve), questions::seen_by(&pve, "ops@pve")] {
        match refused {
            Ok(page) => says(&page, "may see"),
            Err(error) => assert!(error.to_string().contains("Sys.Audit"), "{error}"),
        }
    }
}

#[test]
fn a_user_sees_what_its_privileges_come_to() {
    let Some(cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    let all = seeds()["guests"].as_array().unwrap().len();
    let page = questions::seen_by(&pve, "part@pve").unwrap();
    says(&page, &format!("part@pve sees 1 of {all} guests and may start 0."));
    assert!(line(&page, "VM.Audit").contains("web-1"), "{}", page.text());
    let missing = questions::seen_by(&pve, "nobody@pve").unwrap_err();
    assert!(missing.to_string().contains("ops@pve"), "{missing}");
    assert!(questions::seen_by(&pve, "ops@pve!none").is_err());
}

#[test]
fn where_everything_was_taken_away_nothing_is_left_in_the_demo() {
    let pve = Pve::demo().unwrap();
    let denied = pve.acl().unwrap().filter(|entry| entry.denies());
    assert_eq!(denied.map(|entry| entry.path.to_string()), ["/vms/103"]);
    let page = questions::seen_by(&pve, "maint@pve").unwrap();
    let all = pve.guests().unwrap().len();
    says(&page, &format!("maint@pve sees 0 of {all} guests and may start {}.", all - 1));
    let page = questions::who_may(&pve).unwrap();
    assert!(line(&page, "maint@pve!patch").contains("all that maint@pve may"), "{}", page.text());
    assert!(line(&page, "zoe@pve").contains("disabled"), "{}", page.text());
}
