//! Literal refusals of a real cluster.

use std::time::Duration;

use super::*;
use crate::units::Moment;

fn reply(status: u16, reason: &str, body: &str) -> Reply {
    Reply { status, reason: reason.into(), body: body.into(), at: Moment::from_unix(0), took: Duration::ZERO }
}

fn message(words: &str) -> String {
    serde_json::json!({"data": null, "message": format!("{words}\n")}).to_string()
}

fn refused(call: &Call, status: u16, words: &str) -> Error {
    reply_error(call, &reply(status, words.lines().next().unwrap_or_default(), &message(words)), &"audit@pve!ci".into())
}

#[track_caller]
fn assert_said(error: &Error, expected: &str) {
    assert_eq!(error.to_string(), expected);
}

fn start() -> Call {
    Call::new(Method::Post, "/nodes/pve1/qemu/102/status/start")
}

#[test]
fn a_secret_that_the_server_repeats_is_not_in_the_error() {
    let set = Call::new(Method::Put, "/nodes/pve1/qemu/102/config").with("cipassword", "swordfish");
    let body = r#"{"data":null,"message":"bad 'swordfish'","errors":{"cipassword":"value 'swordfish' is too short"}}"#;
    let said = reply_error(&set, &reply(400, "Parameter verification failed.", body), &"root@pam".into()).to_string();
    assert!(said.contains("is too short") && !said.contains("swordfish"), "{said}");
}

#[test]
fn a_missing_privilege_is_named_with_its_path() {
    let error = refused(&start(), 403, "Permission check failed (/vms/102, VM.PowerMgmt)");
    assert_said(
        &error,
        "Not permitted: POST /nodes/pve1/qemu/102/status/start: Permission check failed (/vms/102, VM.PowerMgmt). \
         audit@pve!ci needs the privilege VM.PowerMgmt on /vms/102; an administrator grants it with a role under Datacenter, \
         Permissions",
    );
    let several = refused(&start(), 403, "Permission check failed (/vms/102, VM.Config.Disk|VM.Config.CDROM)");
    let Error::NotPermitted { privilege: Some(privilege), path: Some(path), .. } = several else { panic!("{several}") };
    assert_eq!((privilege.raw(), path.raw()), ("VM.Config.Disk or VM.Config.CDROM", "/vms/102"));
    for (status, words) in [
        (403, "Permission check failed"),
        (403, "Permission check failed (user != root@pam)"),
        (403, "Permission check failed (changing feature flags for privileged container is only allowed for root@pam)"),
        (500, "only root can set 'args' config"),
    ] {
        let error = refused(&start(), status, words);
        assert!(matches!(error, Error::NotPermitted { privilege: None, path: None, .. }), "{error}");
    }
}

#[test]
fn what_is_not_there_is_told_from_what_is_broken() {
    assert_said(
        &refused(
            &Call::get("/nodes/pve2/qemu/999/config"),
            500,
            "Configuration file 'nodes/pve2/qemu-server/999.conf' does not exist",
        ),
        "There is no virtual machine 999 on node pve2. It may be on another node, or of the other kind; pve.guest(999)? \
         finds it wherever it is",
    );
    assert_said(
        &refused(
            &Call::get("/nodes/pve1/lxc/999/config"),
            500,
            "Configuration file 'nodes/pve1/lxc/999.conf' does not exist",
        ),
        "There is no container 999 on node pve1. It may be on another node, or of the other kind; pve.guest(999)? finds it \
         wherever it is",
    );
    assert_said(
        &refused(
            &Call::get("/nodes/nosuchnode/qemu"),
            500,
            "hostname lookup 'nosuchnode' failed - failed to get address info for: nosuchnode: Temporary failure in name \
             resolution",
        ),
        "There is no node nosuchnode in the cluster. pve.nodes()? shows those there are",
    );
    assert_said(
        &refused(&Call::get("/nodes/pve1/storage/x/content"), 500, "storage 'x' does not exist"),
        "There is no storage x. pve.storages()? shows those there are, and on which nodes",
    );
    assert_said(
        &refused(&Call::get("/nodes/pve1/storage/x/content"), 500, "storage 'x' is not available on node 'pve1'"),
        "There is no storage x on node pve1. pve.storages()? shows those there are, and on which nodes",
    );
    assert_said(
        &refused(&Call::get("/nodes/pve1/lxc/200/snapshot/base/config"), 500, "snapshot 'base' does not exist"),
        "GET /nodes/pve1/lxc/200/snapshot/base/config found nothing: snapshot 'base' does not exist. Look at the path; \
         pve.get(..)? of the path above it lists what is there",
    );
    for words in ["binary not installed: /usr/bin/ceph-mon", "No such file or directory (os error 2)", "got timeout"] {
        let error = refused(&Call::get("/nodes/pve1/ceph/status"), 500, words);
        assert!(matches!(error, Error::Refused { status: 500, .. }), "{error}");
    }
}

#[test]
fn an_unknown_call_is_not_found() {
    assert_said(
        &refused(&Call::get("/nodes/pve1/nonexistent"), 501, "Method 'GET /nodes/pve1/nonexistent' not implemented"),
        "The API has no call GET /nodes/pve1/nonexistent. Look at the path and the method; or this version of Proxmox VE \
         does not have it (pve.version()? tells which it is). The console links to all calls under Help, API Viewer \
         (https://pve.proxmox.com/pve-docs/api-viewer)",
    );
    let too_large = reply_error(&start(), &reply(501, "for data too large", "for data too large"), &"x@pve".into());
    assert!(matches!(too_large, Error::Refused { status: 501, .. }), "{too_large}");
}

#[test]
fn parameters_are_refused_field_by_field() {
    let body = r#"{"data":null,"message":"Parameter verification failed.\n","errors":{"cores":"value must have a minimum value of 1","net0":"invalid format - format error\nnet0.foo: property is not defined in schema\n"}}"#;
    let call = Call::new(Method::Put, "/nodes/pve1/qemu/102/config").with("cores", "0").with("net0", "x");
    assert_said(
        &reply_error(&call, &reply(400, "Parameter verification failed.", body), &"x@pve".into()),
        "PUT /nodes/pve1/qemu/102/config was refused: Parameter verification failed; cores: value must have a minimum value of \
         1; net0: invalid format - format error\nnet0.foo: property is not defined in schema. Nothing was changed. Correct \
         the parameters and ask again",
    );
}

#[test]
fn a_word_of_the_path_that_stands_for_nothing_is_not_found() {
    let body = |field: &str, wrong: &str| {
        serde_json::json!({"message": "Parameter verification failed.\n", "errors": {field: wrong}}).to_string()
    };
    let ask = |call: Call, body: String| {
        reply_error(&call, &reply(400, "Parameter verification failed.", &body), &"x@pve".into())
    };
    let task = Call::get("/nodes/pve1/tasks/UPID%3Apve1%3A1/status");
    let error = ask(task, body("upid", "no such task"));
    assert!(error.to_string().starts_with("There is no such task on node pve1 any more, or never was: GET"), "{error}");
    let storage = ask(Call::get("/nodes/pve1/storage/nas/status"), body("storage", "No such storage."));
    assert!(storage.to_string().starts_with("There is no storage nas. "), "{storage}");
    // A parameter that was given is one that can be corrected.
    let given = Call::new(Method::Post, "/nodes/pve1/vzdump").with("storage", "nas");
    assert!(matches!(ask(given, body("storage", "storage 'nas' does not exist")), Error::Parameters { .. }));
    let odd = ask(Call::get("/nodes/pve1/tasks/bogus/status"), body("upid", "unable to parse worker upid"));
    assert!(matches!(odd, Error::Parameters { .. }));
}

#[test]
fn locks_and_quorum_are_told_apart_from_other_failures() {
    let locked = refused(&start(), 500, "VM is locked (backup)");
    assert!(matches!(&locked, Error::Locked { lock, .. } if lock == "backup"), "{locked}");
    let quorum = refused(&start(), 500, "cluster not ready - no quorum?");
    assert!(matches!(quorum, Error::NoQuorum { .. }), "{quorum}");
    let running =
        refused(&Call::new(Method::Delete, "/nodes/pve1/qemu/100"), 500, "VM 100 is running - destroy failed");
    assert_said(
        &running,
        "DELETE /nodes/pve1/qemu/100 failed: VM 100 is running - destroy failed (HTTP 500). What runs is not removed. Shut it down first",
    );
}

#[test]
fn a_dead_node_is_named_from_the_path() {
    let status = Call::get("/nodes/pve3/status");
    let error = reply_error(&status, &reply(595, "No route to host", ""), &"x@pve".into());
    assert!(
        error.to_string().starts_with("Node pve3 cannot be reached from the cluster: No route to host. "),
        "{error}"
    );
    let broken = reply_error(&status, &reply(596, "Broken pipe", ""), &"x@pve".into());
    assert!(matches!(broken, Error::NodeUnreachable { .. }), "{broken}");
}

#[test]
fn a_write_that_was_passed_on_and_lost_is_in_doubt() {
    let start = Call::new(Method::Post, "/nodes/pve3/qemu/113/status/start");
    let refused = reply_error(&start, &reply(595, "Connection refused", ""), &"x@pve".into());
    assert!(matches!(refused, Error::NodeUnreachable { .. }), "{refused}");
    let lost = reply_error(&start, &reply(596, "Broken pipe", ""), &"x@pve".into());
    assert!(matches!(lost, Error::ConnectionLost { write: true, .. }), "{lost}");
    let gateway = reply_error(&start, &reply(504, "Gateway Timeout", "<html>"), &"x@pve".into());
    assert!(matches!(gateway, Error::ConnectionLost { write: true, .. }), "{gateway}");
}

#[test]
fn a_refused_login_says_what_to_check() {
    let refused = |reason: &str, identity: &str| {
        reply_error(&Call::get("/nodes"), &reply(401, reason, ""), &identity.into()).to_string()
    };
    assert_eq!(
        refused("Authentication failed!", "audit@pve!ci"),
        "Not logged in as audit@pve!ci: Authentication failed. Check the token's id and secret, that it has not expired, \
         and that its user is enabled: Datacenter, Permissions, API Tokens"
    );
    assert!(refused("authentication failure", "root@pam").contains("Check the user, its realm"));
    assert!(refused("No ticket", "audit@pve!ci").contains("does a proxy in between take it away"));
    assert!(refused("Permission denied - invalid csrf token", "root@pam").contains("connect again"));
}

#[test]
fn a_web_page_is_no_answer() {
    let page = reply_error(&Call::get("/nodes"), &reply(404, "Not Found", "<html><h1>nginx"), &"x@pve".into());
    assert!(page.to_string().contains("it is a web page, not an answer of the API (HTTP 404 Not Found)"), "{page}");
}
