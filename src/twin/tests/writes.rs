//! Promises about acting: tasks with their logs and failures, high availability.

use serde_json::Value;

use super::*;

#[test]
fn a_stopped_vm_starts_in_a_task_with_a_log() {
    let twin = Twin::demo();
    let web = "/nodes/pve1/qemu/101";
    assert_eq!(power(&twin, web), "stopped");
    let upid = post(&twin, &format!("{web}/status/start"));
    let log = format!("/nodes/pve1/tasks/{upid}/log");
    assert_eq!(data(&twin, &log)[0]["t"], "no content");
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active")[0]["status"], "RUNNING");
    assert_ne!(data(&twin, "/nodes/pve1/tasks")[0]["upid"], upid);
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=all")[0]["upid"], upid);
    let running = &data(&twin, "/cluster/tasks")[0];
    assert_eq!((&running["upid"], &running["status"]), (&upid.as_str().into(), &Value::Null));
    assert_eq!(power(&twin, web), "stopped");

    let (exit, lines) = follow(&twin, &upid);
    assert_eq!((exit.as_str(), lines), ("OK", vec!["generating cloud-init ISO".to_owned(), "TASK OK".to_owned()]));
    assert_eq!(power(&twin, web), "running");
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active"), Value::Array(Vec::new()));
}

#[test]
fn starting_what_runs_fails_as_pve_says() {
    let twin = Twin::demo();
    let upid = post(&twin, "/nodes/pve1/qemu/102/status/start");
    assert_eq!(follow(&twin, &upid).1, ["TASK ERROR: VM 102 already running"]);
    let start = Call::new(Method::Post, "/nodes/pve1/lxc/200/status/start");
    refused(&ask(&twin, start), 500, "CT 200 already running");
}

#[test]
fn tasks_fail_in_the_words_of_pve() {
    let twin = Twin::demo();
    for (path, exit) in [
        ("/nodes/pve2/qemu/117/status/start", "VM is locked (backup)"),
        ("/nodes/pve1/qemu/900/status/start", "you can't start a vm if it's a template"),
        ("/nodes/pve3/qemu/123/status/start", "bridge 'vmbr7' does not exist"),
        ("/nodes/pve3/qemu/127/status/start", "WARNINGS: 1"),
        ("/nodes/pve3/qemu/124/status/shutdown", "VM quit/powerdown failed - got timeout"),
        ("/nodes/pve1/qemu/999/status/start", "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"),
        ("/nodes/pve1/qemu/106/status/stop", "OK"),
        ("/nodes/pve3/qemu/125/status/reboot", "OK"),
    ] {
        let upid = post(&twin, path);
        assert_eq!(follow(&twin, &upid).0, exit, "{path}");
    }
    assert_eq!(power(&twin, "/nodes/pve3/qemu/124"), "running");
    assert_eq!(power(&twin, "/nodes/pve3/qemu/125"), "running");
}

#[test]
fn the_list_of_resources_lags_behind() {
    let twin = Twin::demo();
    let listed = || {
        let rows = data(&twin, "/cluster/resources?type=vm");
        let row = rows.as_array().unwrap().iter().find(|row| row["vmid"] == 101).unwrap().clone();
        row["status"].as_str().unwrap().to_owned()
    };
    let upid = post(&twin, "/nodes/pve1/qemu/101/status/start");
    follow(&twin, &upid);
    assert_eq!((power(&twin, "/nodes/pve1/qemu/101").as_str(), listed().as_str()), ("running", "stopped"));
    twin.pause(Duration::from_secs(10));
    assert_eq!(listed(), "running");
}

#[test]
fn two_tasks_run_side_by_side() {
    let twin = Twin::demo();
    let (one, two) =
        (post(&twin, "/nodes/pve1/qemu/101/status/start"), post(&twin, "/nodes/pve1/qemu/106/status/start"));
    assert_ne!(one, two);
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active").as_array().unwrap().len(), 2);
    assert_eq!((follow(&twin, &one).0.as_str(), follow(&twin, &two).0.as_str()), ("OK", "OK"));
    assert_eq!(
        (power(&twin, "/nodes/pve1/qemu/101"), power(&twin, "/nodes/pve1/qemu/106")),
        ("running".into(), "running".into())
    );
}

#[test]
fn tasks_of_one_guest_wait_for_each_other() {
    let twin = Twin::demo();
    let (start, stop) =
        (post(&twin, "/nodes/pve1/qemu/101/status/start"), post(&twin, "/nodes/pve1/qemu/101/status/stop"));
    assert_eq!((follow(&twin, &start).0, follow(&twin, &stop).0), ("OK".into(), "OK".into()));
    assert_eq!(power(&twin, "/nodes/pve1/qemu/101"), "stopped");

    let slow = post(&twin, "/nodes/pve3/qemu/124/status/shutdown");
    let hasty = post(&twin, "/nodes/pve3/qemu/124/status/stop");
    assert_eq!(follow(&twin, &hasty).0, "can't lock file '/var/lock/qemu-server/lock-124.conf' - got timeout");
    assert_eq!(follow(&twin, &slow).0, "VM quit/powerdown failed - got timeout");
}

#[test]
fn the_ha_manager_starts_a_guest_some_seconds_after_it_was_asked() {
    let twin = Twin::demo();
    let batch = "/nodes/pve3/qemu/126";
    let upid = post(&twin, &format!("{batch}/status/start"));
    assert!(upid.contains(":hastart:126:"));
    assert_eq!(follow(&twin, &upid).0, "OK");
    twin.pause(Duration::from_secs(5));
    assert_eq!(power(&twin, batch), "stopped");
    twin.pause(Duration::from_secs(4));
    assert_eq!(power(&twin, batch), "running");
    let last = &data(&twin, "/nodes/pve3/tasks?vmid=126&limit=1")[0];
    assert_eq!(last["type"], "qmstart");
    let ha = data(&twin, &format!("{batch}/status/current"));
    assert_eq!(ha["ha"], serde_json::json!({ "managed": 1, "state": "started" }));

    let upid = post(&twin, &format!("{batch}/status/shutdown"));
    assert!(upid.contains(":hastop:126:"));
    twin.pause(Duration::from_secs(20));
    assert_eq!(power(&twin, batch), "stopped");
    assert_eq!(data(&twin, &format!("{batch}/status/current"))["ha"]["state"], "stopped");
}

#[test]
fn an_agent_that_does_not_answer_takes_three_seconds() {
    let twin = Twin::demo();
    let ping = |path: &str| ask(&twin, Call::new(Method::Post, path));
    assert_eq!(&*ping("/nodes/pve1/qemu/102/agent/ping").body, r#"{"data":{"result":{}}}"#);
    let silent = ping("/nodes/pve2/qemu/116/agent/ping");
    refused(&silent, 500, "QEMU guest agent is not running");
    assert!(silent.took >= Duration::from_secs(3));
}

#[test]
fn a_stopped_guest_can_be_removed_and_a_running_one_moved() {
    let twin = Twin::demo();
    let upid = write(&twin, Method::Delete, "/nodes/pve1/qemu/106", &[]);
    assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "OK");
    assert_eq!(read(&twin, "/nodes/pve1/qemu/106/config").status, 500);

    let upid = write(&twin, Method::Post, "/nodes/pve1/qemu/104/migrate", &[("target", "pve3"), ("online", "1")]);
    assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "OK");
    assert_eq!(power(&twin, "/nodes/pve3/qemu/104"), "running");
}
