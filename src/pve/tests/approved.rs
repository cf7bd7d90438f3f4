//! A plan that needs a second person runs with their signature: once, for these calls, on these targets in this state.

use std::fs;

use super::care::meant;
use super::*;
use crate::approval::Approver;
use crate::approval::tests::{has_openssh, ssh_keygen};
use crate::plan::Plan;

/// Somebody with a key of their own.
struct Bob {
    folder: Folder,
    approver: Approver,
}

impl Bob {
    fn new() -> Option<Bob> {
        if !has_openssh() {
            return None;
        }
        let folder = Folder::new();
        ssh_keygen(&folder, &["-t", "ed25519", "-q", "-N", "", "-C", "bob", "-f", "key"]);
        let key = fs::read_to_string(folder.path("key.pub")).unwrap();
        let approver = Approver::new("bob", &key).unwrap();
        Some(Bob { folder, approver })
    }

    /// Signs the lines that the plan shows.
    fn sign(&self, plan: &Plan) -> String {
        let text = plan.needs_approval(&self.approver).page().text();
        let lines = text.lines().map(str::trim_start).map(|line| line.strip_prefix("| ").unwrap_or(line));
        let lines: Vec<&str> = lines.skip_while(|line| !line.starts_with("Approval for")).collect();
        let end = lines.iter().position(|line| line.starts_with("hash: ")).unwrap();
        fs::write(self.folder.path("plan.txt"), lines[..=end].join("\n") + "\n").unwrap();
        let _ = fs::remove_file(self.folder.path("plan.txt.sig"));
        ssh_keygen(&self.folder, &["-Y", "sign", "-q", "-n", "pve-notebook", "-f", "key", "plan.txt"]);
        fs::read_to_string(self.folder.path("plan.txt.sig")).unwrap()
    }

    fn approved(&self, plan: &Plan, signature: &str) -> Plan {
        plan.needs_approval(&self.approver).approved(signature)
    }
}

/// Both web servers that run, stopped together.
fn several(pve: &Pve) -> Plan {
    let web = pve.guests().unwrap().filter(|guest| [102, 110].contains(&guest.vmid));
    web.stop().expect(2)
}

#[test]
fn a_signed_plan_runs_once_and_no_other_runs_with_its_signature() {
    let Some(bob) = Bob::new() else { return };
    let makes: [fn(&Pve) -> Plan; 2] = [several, |pve| pve.guest("web-2").unwrap().shutdown()];
    for make in makes {
        let pve = demo();
        let signature = bob.sign(&meant(&make(&pve)));
        let done = bob.approved(&meant(&make(&pve)), &signature).run();
        done.unwrap();
        let kinds: Vec<String> = pve.journal().entries().iter().map(|entry| entry.kind.to_string()).collect();
        assert!(kinds.iter().any(|kind| kind == "approved"), "{kinds:?}");
        // Once more, from the same state.
        for vmid in [102, 110] {
            let guest = pve.guest(vmid).unwrap();
            if guest.is_stopped() {
                guest.start().run().unwrap();
            }
        }
        refused(bob.approved(&meant(&make(&pve)), &signature).run(), "signed something else");
    }
}

#[test]
fn what_was_signed_of_several_is_each_call_and_each_state() {
    let Some(bob) = Bob::new() else { return };
    // Another state of one of them: it stands still.
    let pve = demo();
    let signature = bob.sign(&meant(&several(&pve)));
    pve.guest(110).unwrap().suspend().run().unwrap();
    refused(bob.approved(&meant(&several(&pve)), &signature).run(), "signed something else");
    pve.clear_halt("seen").unwrap();
    assert!(pve.guest(102).unwrap().is_running());

    // Another call to one of them, in a parameter that is not shown.
    let change = |password: &str| {
        let guests = pve.guests().unwrap().filter(|guest| [100, 104].contains(&guest.vmid));
        crate::plan::bulk_for_tests(&guests, |guest| guest.set("cipassword", password)).expect(2)
    };
    let signature = bob.sign(&change("hunter2"));
    refused(bob.approved(&change("hunter3"), &signature).run(), "signed something else");
    pve.clear_halt("seen").unwrap();
    bob.approved(&change("hunter2"), &signature).run().unwrap();
}
