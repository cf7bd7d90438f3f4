//! Users, tokens and rights against the demo cluster, odd answers, and identities that see only a part.

use crate::model::access::valid_until::ValidUntil;
use crate::pve::Pve;
use crate::pve::staged::{limited, staged, words};
use crate::render::View;
use crate::units::{Moment, Reading, Why};

fn demo() -> Pve {
    Pve::demo().unwrap()
}

#[test]
fn users_come_with_groups_tokens_and_what_is_wrong_with_them() {
    let users = demo().users().unwrap();
    let text = users.page().text();
    assert!(text.contains("9 users, 1 of them disabled or expired; with 4 API tokens."), "{text}");
    let carol = users.find(|user| user.userid == "carol@pve").unwrap();
    assert_eq!(carol.groups, ["auditors", "operators"]);
    assert_eq!(carol.expire, ValidUntil::At(Moment::from_unix(1_798_675_200)));
    assert!(carol.is_active() && carol.tokens.is_empty());
    let erik = users.find(|user| user.userid == "erik@pve").unwrap();
    assert!(erik.page().text().contains("second factor locked"));
    assert_eq!(format!("{:?}", users.first().unwrap()), "User(alice@pve, ● enabled)");
}

#[test]
fn an_account_ends_when_its_time_is_over_and_0_is_no_moment() {
    let row = r#"[{"userid":"x@pve","enable":"1","expire":"1700000000"},{"userid":"y@pve","enable":1,"expire":0}]"#;
    let users = staged(&[("/access/users", row)]).users().unwrap();
    let states = users.map(|user| (user.is_expired(), user.is_active(), user.expire.to_string()));
    assert_eq!(states[0], (true, false, "2023-11-14 22:13:20 UTC".to_owned()));
    assert_eq!(states[1], (false, true, "never".to_owned()));
}

#[test]
fn a_token_is_named_as_access_lists_name_it_and_never_shows_a_secret() {
    let pve = demo();
    let tokens = pve.tokens().unwrap();
    let patch = tokens.find(|token| token.is_unlimited() && !token.is_expired()).unwrap();
    assert_eq!(patch.full_id(), "maint@pve!patch");
    assert!(tokens.page().text().contains("4 API tokens, 1 with all the rights of their user, 2 without an end."));
    let own = pve.user("maint@pve").unwrap().tokens().unwrap();
    assert_eq!(own.first().unwrap().full_id(), "maint@pve!patch");
    let odd = r#"[{"tokenid":"patch","privsep":"0","value":"s3cr3t-s3cr3t","full-tokenid":"maint@pve!patch"}]"#;
    let pve = staged(&[("/access/users/maint%40pve/token", odd)]);
    let tokens = pve.user("maint@pve").unwrap().tokens().unwrap();
    let token = tokens.first().unwrap();
    assert!(token.is_unlimited());
    for shown in [format!("{token:?}"), token.page().text(), token.page().html(), token.raw().to_string()] {
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[test]
fn what_the_second_factor_of_an_account_is_set_to_is_not_kept() {
    let row = r#"[{"userid":"old@pve","enable":1,"expire":0,"keys":"v2-JBSWY3DP","tokens":null,"groups":""}]"#;
    let user = staged(&[("/access/users", row)]).user("old@pve").unwrap();
    assert!(user.has_keys && user.groups.is_empty());
    for shown in [format!("{user:?}"), user.page().text(), user.page().html(), user.raw().to_string()] {
        assert!(!shown.contains("JBSWY3DP"), "{shown}");
    }
    let without = staged(&[("/access/users", r#"[{"userid":"old@pve","keys":null}]"#)]).user("old@pve").unwrap();
    assert!(!without.has_keys);
    assert_eq!(without.enable, Reading::Missing(Why::NotInAnswer));
    assert!(!without.is_active());
}

#[test]
fn odd_rows_are_counted_and_said() {
    let rows = r#"[{"userid":"a@pve","enable":{"x":1},"tokens":"none","groups":["g"],"later":[1]}, 7]"#;
    let users = staged(&[("/access/users", rows)]).users().unwrap();
    assert_eq!(users.len(), 1);
    let user = users.first().unwrap();
    assert_eq!(user.enable, Reading::Missing(Why::NotUnderstood));
    assert!(user.tokens.is_empty() && user.raw()["later"][0] == 1);
    assert!(users.page().text().contains("1 more rows of the answer were not understood"));
}

#[test]
fn who_sees_only_a_part_is_told_so() {
    let nobody = limited(&[("/vms/101", "VM.Audit")], &[]);
    for (said, lacks) in [
        (words(&nobody.users().unwrap()), "User.Modify and Sys.Audit on /access/groups, so"),
        (words(&nobody.tokens().unwrap()), "User.Modify and Sys.Audit on /access/groups, so"),
        (words(&nobody.second_factors().unwrap()), "User.Modify and Sys.Audit on /access/groups, so"),
        (words(&nobody.groups().unwrap()), "User.Modify and Sys.Audit and Group.Allocate on /access/groups or"),
        (words(&nobody.acl().unwrap()), "Sys.Audit on /access, so"),
    ] {
        assert!(said.contains(&format!("audit@pve lacks {lacks}")), "{said}");
    }
    let none = limited(&[("/vms/101", "VM.Audit")], &[("/access/acl", "[]")]).acl().unwrap();
    assert!(words(&none).contains("0 entries visible to you; cannot say whether there are others."));
    // What is shown to everyone needs no such words.
    assert!(!nobody.roles().unwrap().is_partial() && !nobody.realms().unwrap().is_partial());
    let auditor = limited(&[("/access", "Sys.Audit")], &[]);
    assert!(!auditor.users().unwrap().is_partial() && !auditor.acl().unwrap().is_partial());
    let grantor = limited(&[("/", "Permissions.Modify")], &[]);
    assert!(!grantor.acl().unwrap().is_partial() && grantor.users().unwrap().is_partial());
}

#[test]
fn a_user_that_is_not_there_is_told_from_one_that_may_be_hidden() {
    let there = demo().user("yan@pve").unwrap_err().to_string();
    assert!(there.contains("There is no user \"yan@pve\"") && !there.contains("hidden"), "{there}");
    let hidden = limited(&[("/vms/101", "VM.Audit")], &[]).user("yan@pve").unwrap_err().to_string();
    assert!(hidden.contains("visible to you") && hidden.contains("there may be more"), "{hidden}");
}

#[test]
fn second_factors_tell_the_disabled_and_the_locked() {
    let pve = demo();
    let all = pve.second_factors().unwrap();
    let text = all.page().text();
    assert!(text.contains("4 users with second factors; locked: erik@pve."), "{text}");
    assert!(text.contains("totp, yubico (disabled)"), "{text}");
    let alice = pve.user("alice@pve").unwrap().second_factors().unwrap();
    assert_eq!(alice.map(|factor| (factor.kind.to_string(), factor.enable))[1], ("recovery".to_owned(), true));
    let none = pve.user("zoe@pve").unwrap().second_factors().unwrap();
    assert!(none.page().text().contains("0 second factors: the password alone is enough"));
}

#[test]
fn the_access_list_says_who_may_act_everywhere() {
    let text = demo().acl().unwrap().page().text();
    assert!(
        text.contains("everywhere: admins (PVEAdmin), auditors (PVEAuditor), monitor@pve!grafana (PVEAuditor)."),
        "{text}"
    );
    let pve = demo();
    assert!(pve.role("PVEAdmin").unwrap().allows("VM.PowerMgmt"));
    assert!(!pve.role("PVEAdmin").unwrap().allows("Permissions.Modify"));
    assert!(pve.group("operators").unwrap().has("dora@pve"));
    assert!(pve.roles().unwrap().page().text().contains("made here: PowerOnly."));
    let pam = pve.realms().unwrap().first().unwrap().configured().unwrap();
    assert_eq!((pam.realm.raw(), pam.plugin.unwrap().raw()), ("pam", "PVE::Auth::PAM"));
}

#[test]
fn rights_are_what_the_access_list_comes_to() {
    let pve = demo();
    let may = |who: &str, privilege: &str, path: &str| {
        pve.permissions_of(who).unwrap().any(|held| held.path == path && held.allows(privilege))
    };
    assert!(may("alice@pve", "VM.PowerMgmt", "/vms"));
    // A role further down takes the place of one from above, and one that does not propagate ends there.
    assert!(may("carol@pve", "Sys.Audit", "/nodes") && !may("carol@pve", "Sys.Audit", "/vms"));
    assert!(may("maint@pve", "VM.PowerMgmt", "/vms") && !may("maint@pve", "VM.PowerMgmt", "/vms/103"));
    assert!(may("maint@pve!patch", "VM.PowerMgmt", "/vms"));
    assert!(may("alice@pve!deploy", "VM.PowerMgmt", "/vms") && !may("alice@pve!deploy", "Sys.Audit", "/"));
    let console = pve.permissions_of("carol@pve").unwrap().find(|p| p.path == "/vms/116" && p.allows("VM.Console"));
    assert!(console.unwrap().there_alone.iter().any(|alone| *alone == "VM.Console"));
    let nothing = words(&pve.permissions_of("zoe@pve").unwrap());
    assert!(nothing.contains("0 paths with privileges: nothing may be done"), "{nothing}");
    assert!(nothing.contains("see whether zoe@pve does: pve.users()?"), "{nothing}");
    // The answer leaves out where nothing may be done, and says above it that all below is covered.
    let maint = words(&pve.permissions_of("maint@pve").unwrap());
    assert!(maint.contains("ends where another entry is, such as one of the role NoAccess"), "{maint}");
}

#[test]
fn what_is_said_of_a_part_of_a_list_holds_for_that_part_alone() {
    let pve = demo();
    let one = pve.acl().unwrap().filter(|entry| entry.path != "/");
    assert!(!words(&one).contains("nobody"), "{}", words(&one));
    let jobs = pve.backup_jobs().unwrap().filter(|job| job.enabled == false);
    assert!(!words(&jobs).contains("nothing is saved"), "{}", words(&jobs));
}
