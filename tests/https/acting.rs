//! Every action that a fakepve knows, with what undoes it, and connections that are cut at any byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use super::*;

/// A cluster with a virtual machine and a container that have disks and network cards.
fn furnished() -> Option<Fake> {
    Fake::start(&[
        "pve.time_scale = 0.02",
        "pve.add_node('pve2')",
        "pve.add_vm(101, 'web-1', status='stopped', config={'scsi0': 'local-lvm:vm-101-disk-0,size=8G', 'net0': 'virtio=BC:24:11:00:00:01,bridge=vmbr0', 'cores': 2})",
        "pve.add_vm(102, 'web-2', status='running', config={'scsi0': 'local-lvm:vm-102-disk-0,size=8G'})",
        "pve.add_vm(105, 'stuck', status='running')",
        "pve.vm(105).acpi = False",
        "pve.add_ct(201, 'dns', status='stopped')",
    ])
}

fn armed(fake: &Fake) -> Pve {
    let pve = by_password(fake);
    pve.arm("a test").unwrap();
    pve
}

/// Runs what needs a code.
#[track_caller]
fn confirmed(plan: &Plan) -> Outcome {
    let text = plan.page().text();
    let code = text.split(".confirm(\"").nth(1).and_then(|rest| rest.split('"').next()).expect("it asks for a code");
    plan.confirm(code).run().unwrap()
}

#[test]
fn snapshots_are_made_gone_back_to_and_removed() {
    let Some(fake) = furnished() else { return };
    let pve = armed(&fake);
    for vmid in [101, 201] {
        let plan = pve.guest(vmid).unwrap().snapshot("before");
        let done = plan.override_check("storages can", "the fake does not know").run().unwrap();
        assert_eq!(pve.guest(vmid).unwrap().snapshots().unwrap().map(|s| s.name.to_string()), ["before"]);
        confirmed(&pve.guest(vmid).unwrap().rollback("before"));
        confirmed(&done.undo().unwrap());
        assert!(pve.guest(vmid).unwrap().snapshots().unwrap().is_empty());
    }
}

#[test]
fn settings_are_changed_and_set_back_and_somebody_elses_change_is_not_overwritten() {
    let Some(fake) = furnished() else { return };
    let pve = armed(&fake);
    let done = pve.guest(101).unwrap().change().set("cores", 4).set("description", "seen").plan().run().unwrap();
    assert_eq!(pve.guest(101).unwrap().config().unwrap().cores(), Some(4));
    done.undo().unwrap().run().unwrap();
    assert_eq!(pve.guest(101).unwrap().config().unwrap().cores(), Some(2));
    pve.guest(101).unwrap().tag("chg-1").run().unwrap();
    assert!(pve.guest(101).unwrap().has_tag("chg-1"));
    let mine = pve.guest(101).unwrap().set("cores", 8);
    pve.guest(101).unwrap().set("memory", 4096).run().unwrap();
    says(mine.run(), &["checksum mismatch", "Somebody else changed these settings"]);
    assert_eq!(pve.guest(101).unwrap().config().unwrap().cores(), Some(2));
}

#[test]
fn copies_templates_and_new_guests_come_into_being_and_go() {
    let Some(fake) = furnished() else { return };
    let pve = armed(&fake);
    let copied = pve.guest(101).unwrap().copy(&CloneSpec::full("web-9").vmid(909)).run().unwrap();
    assert_eq!(pve.guest(909).unwrap().name, "web-9");
    confirmed(&copied.undo().unwrap());
    assert!(pve.guest(909).is_err());
    let spec = VmSpec::new("new-1").on_node("pve1").disk("local-lvm", Bytes::gib(4)).net("vmbr0").vmid(910);
    let made = pve.create(&spec);
    let made = made.override_check("memory", "the fake tells of none").run();
    let made = made.unwrap_or_else(|error| panic!("{error}"));
    assert!(pve.guest(910).unwrap().is_stopped());
    confirmed(&made.undo().unwrap());
    confirmed(&pve.guest(101).unwrap().make_template());
    assert!(pve.guest(101).unwrap().is_template());
    let linked = pve.guest(101).unwrap().copy(&CloneSpec::linked("web-8").vmid(908)).run().unwrap();
    confirmed(&linked.undo().unwrap());
}

#[test]
fn several_actions_are_counted_run_and_undone_together() {
    let Some(fake) = furnished() else { return };
    let pve = armed(&fake);
    let off = pve.guests().unwrap().filter(|guest| guest.is_stopped());
    says(off.start().expect(off.len() + 1).run(), &["3 were expected, and there are 2"]);
    pve.clear_halt("seen").unwrap();
    says(pve.guests().unwrap().start().expect(4).run(), &["These are all 4 guests of the cluster"]);
    pve.clear_halt("seen").unwrap();
    let done = off.start().expect(off.len()).run().unwrap();
    assert!(pve.guest(101).unwrap().is_running() && pve.guest(201).unwrap().is_running());
    done.undo().unwrap().run().unwrap();
    assert!(pve.guest(101).unwrap().is_stopped() && pve.guest(201).unwrap().is_stopped());
}

#[test]
fn a_shutdown_that_outlasts_its_deadline_is_told_goes_on_and_can_be_stopped() {
    let Some(mut fake) = furnished() else { return };
    fake.order("pve.time_scale = 0.2");
    let pve = armed(&fake);
    let plan = pve.guest("stuck").unwrap().shutdown().within(seconds(2));
    let error = plan.run().unwrap_err();
    let Error::Overdue { upid, .. } = &error else { panic!("{error}") };
    assert!(error.to_string().contains("It goes on, and was not stopped"));
    assert!(pve.task(upid.clone()).unwrap().is_running());
    pve.clear_halt("it ignores the request").unwrap();
    pve.task(upid.clone()).unwrap().abort().run().unwrap();
    assert!(!pve.task(upid.clone()).unwrap().is_running());
    assert!(pve.guest("stuck").unwrap().is_running());
}

/// Passes bytes on to the fake until so many came back, then cuts the connection.
struct Cutter {
    url: String,
    left: Arc<AtomicI64>,
}

impl Cutter {
    fn before(fake: &Fake) -> Cutter {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let to = fake.url.trim_start_matches("https://").to_owned();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let shared = left.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&to) else { continue };
                let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || drop(std::io::copy(&mut { up }, &mut { down })));
                let left = shared.clone();
                thread::spawn(move || pass(server, client, &left));
            }
        });
        Cutter { url, left }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64) {
    let mut buffer = [0; 4096];
    while let Ok(n) = from.read(&mut buffer) {
        let n = i64::try_from(n).unwrap();
        if n == 0
            || left.fetch_sub(n, Ordering::SeqCst) < n
            || to.write_all(&buffer[..usize::try_from(n).unwrap()]).is_err()
        {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#[test]
fn wherever_a_connection_is_cut_the_call_is_sent_once_and_nothing_is_claimed_that_is_not_so() {
    let Some(mut fake) = furnished() else { return };
    let cutter = Cutter::before(&fake);
    let (mut done, mut not) = (0, 0);
    for bytes in [0, 900, 1_500, 2_200, 2_600, 3_000, 3_600, 4_500, 6_000, 9_000] {
        cutter.left.store(i64::MAX, Ordering::SeqCst);
        let connect =
            || Pve::at(&cutter.url).password("root@pam", "secret").fingerprint(&fake.fingerprint).connect().unwrap();
        let pve = journaled(&fake, connect());
        pve.arm("a test").unwrap();
        let before = fake.order("answer = pve.vm(102).status");
        let guest = pve.guest(102).unwrap();
        let plan = if before == "running" { guest.stop() } else { guest.start() };
        let _ = plan.page();
        let sent: u64 = writes(&mut fake).parse().unwrap();
        // Cut once, somewhere; then the way is free again.
        cutter.left.store(bytes, Ordering::SeqCst);
        let left = cutter.left.clone();
        let healer = thread::spawn(move || {
            while left.load(Ordering::SeqCst) >= 0 {
                thread::sleep(std::time::Duration::from_millis(20));
                if Arc::strong_count(&left) == 1 {
                    return;
                }
            }
            thread::sleep(std::time::Duration::from_millis(150));
            left.store(i64::MAX, Ordering::SeqCst);
        });
        let came = plan.run();
        cutter.left.store(-1, Ordering::SeqCst);
        healer.join().unwrap();
        let sent = writes(&mut fake).parse::<u64>().unwrap() - sent;
        assert!(sent <= 1, "{bytes}: sent {sent} times");
        let after = fake.order("answer = pve.vm(102).status");
        match came {
            Ok(_) => {
                done += 1;
                assert_eq!(sent, 1, "{bytes}");
                assert_ne!(after, before, "{bytes}: claimed, and not so");
            }
            Err(error) => {
                not += 1;
                assert!(!error.to_string().is_empty());
                if sent == 0 {
                    assert_eq!(after, before, "{bytes}: {error}");
                }
            }
        }
    }
    assert!(done > 0 && not + done == 10, "{done} done, {not} not");
}
