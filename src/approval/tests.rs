//! Nobody but the approver approves, and nothing but what was shown. The files in `vectors/` were made by `ssh-keygen` of
//! OpenSSH 9.2.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use ring::digest::{SHA256, SHA512, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;
use crate::own_file::testing::Folder;
use crate::wire::{Call, Method};

const PLAN: &str = include_str!("vectors/plan.txt");
const ED25519: (&str, &str) = (include_str!("vectors/ed25519.pub"), include_str!("vectors/ed25519.sig"));
const FOR_GIT: &str = include_str!("vectors/ed25519-git.sig");
const OTHERS: [(&str, &str); 3] = [
    (include_str!("vectors/ecdsa.pub"), include_str!("vectors/ecdsa.sig")),
    (include_str!("vectors/ecdsa384.pub"), include_str!("vectors/ecdsa384.sig")),
    (include_str!("vectors/rsa.pub"), include_str!("vectors/rsa.sig")),
];

fn bob(key: &str) -> Approver {
    Approver::new("bob", key).unwrap()
}

#[track_caller]
fn refused<T: fmt::Debug>(result: Result<T, Error>, words: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(words), "{error}\ndoes not say: {words}");
}

#[test]
fn what_openssh_signed_with_a_key_of_each_kind_is_an_approval_and_of_nothing_else() {
    for (key, signature) in OTHERS.into_iter().chain([ED25519]) {
        let approval = bob(key).verify(PLAN, signature).unwrap();
        assert_eq!(approval.text(), PLAN);
        refused(bob(key).verify(&PLAN.replace("web-1", "web-2"), signature), "another plan");
        refused(bob(key).verify(&format!("{PLAN} "), signature), "another plan");
    }
}

#[test]
fn the_end_of_the_last_line_does_not_matter_nor_how_the_signature_is_indented() {
    let (key, signature) = ED25519;
    let indented = format!("Here it is:\r\n{}\r\nbob", signature.replace('\n', "\r\n    "));
    for text in [PLAN, PLAN.trim_end(), &format!("{PLAN}\n")] {
        bob(key).verify(text, &indented).unwrap();
    }
}

#[test]
fn a_refused_approval_says_what_is_wrong_with_it() {
    let (key, signature) = ED25519;
    let said = |key: &str, signature: &str| bob(key).verify(PLAN, signature);
    refused(
        said(OTHERS[0].0, signature),
        "it is signed with another key, SHA256:oyk4f1/KC1xxlZjGk7/CgdygQEQpX/zwZS0xfzWUZIA",
    );
    refused(said(key, FOR_GIT), "it is signed for \"git\" and not for \"pve-notebook\"");
    refused(said(key, "yes, go on"), "it is not a signature, which goes from -----BEGIN SSH SIGNATURE-----");
    refused(said(key, &signature.replacen("U1NI", "", 1)), "cut or changed");
    refused(said(key, &signature[..200]), "it is not a signature");
    let remade = |change: &dyn Fn(&mut Vec<u8>)| {
        let encoded: String = signature.lines().filter(|line| !line.starts_with('-')).collect();
        let mut bytes = STANDARD.decode(encoded).unwrap();
        change(&mut bytes);
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----", STANDARD.encode(bytes))
    };
    refused(said(key, &remade(&|bytes| bytes[9] = 7)), "in version 7 of its form, and version 1 is understood");
    refused(said(key, &remade(&|bytes| bytes.push(0))), "cut or changed");
    refused(said(key, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAs3cret"), "that is a private key");
    let error = said(key, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAs3cret").unwrap_err().to_string();
    assert!(
        !error.contains("s3cret") && error.starts_with("Not approved by bob") && error.contains("Nothing was sent"),
        "{error}"
    );
}

#[test]
fn what_is_no_public_key_is_refused_when_the_approver_is_named() {
    let said = |key: &str| Approver::new("bob", key);
    refused(Approver::new(" ", ED25519.0), "without a name");
    refused(said(""), "not of the form");
    refused(said("ssh-ed25519"), "not of the form");
    refused(said("ssh-dss AAAA bob"), "keys of the kind ssh-dss are not understood");
    refused(said(&ED25519.0[..60]), "cut or changed");
    refused(said(&ED25519.0.replace("ssh-ed25519", "ssh-rsa")), "cut or changed");
    refused(said(&format!("{}{}", ED25519.0, ED25519.0)), "several lines");
    refused(said("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAs3cret"), "it is a private key");
    assert!(!said("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAs3cret").unwrap_err().to_string().contains("s3cret"));
    assert_eq!(bob(ED25519.0).fingerprint(), "SHA256:oyk4f1/KC1xxlZjGk7/CgdygQEQpX/zwZS0xfzWUZIA");
    assert_eq!(format!("{:?}", bob(ED25519.0)), "Approver(bob, SHA256:oyk4f1/KC1xxlZjGk7/CgdygQEQpX/zwZS0xfzWUZIA)");
}

proptest! {
    #[test]
    fn no_signature_survives_a_changed_byte(which in 0_usize..4, at in any::<prop::sample::Index>(), mask in 1_u8..) {
        let (key, signature) = [ED25519, OTHERS[0], OTHERS[1], OTHERS[2]][which];
        let encoded: String = signature.lines().filter(|line| !line.starts_with('-')).collect();
        let mut bytes = STANDARD.decode(encoded).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        let changed = format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----", STANDARD.encode(bytes));
        prop_assert!(bob(key).verify(PLAN, &changed).is_err());
    }

    #[test]
    fn whatever_stands_in_a_plan_stays_on_its_line(title in ".{0,40}", value in any::<String>(), target in "[\\PC\n\r\t\u{2028}]{0,20}") {
        let request = request(&format!("{title}\nplan: another\r"), &value, &target);
        let lines: Vec<&str> = request.text().lines().collect();
        let labels: Vec<&str> = lines.iter().skip(1).map(|line| line.split(": ").next().unwrap()).collect();
        let about = if target.trim().is_empty() { vec![] } else { vec!["target"] };
        let expected = [vec!["plan", "call", "with", "with"], about, vec!["cluster", "asked by", "session", "hash"]].concat();
        prop_assert_eq!(labels, expected);
        prop_assert!(!request.text().contains("EVCXR_"));
        // What is shown is what is signed, to the letter.
        let shown = request.page().text();
        prop_assert!(lines.iter().all(|line| shown.contains(line)), "{shown}");
    }
}

fn request(title: &str, value: &str, target: &str) -> Request {
    let call =
        Call::new(Method::Post, "/nodes/pve1/qemu/101/status/stop").with("timeout", value).with("password", "hunter2");
    let asked = Asked {
        title: &title.into(),
        call: &call,
        target: &target.into(),
        parts: &[],
        cluster: &"lab · PVE 9.1.8".into(),
        identity: &"audit@pve!notebook".into(),
        session: &"3f9a2b1c0d4e5f60".into(),
        turn: 0,
    };
    Request::new(&asked, &Seal::new(hmac::HMAC_SHA256, b"a test"))
}

/// Whether OpenSSH is here; that it is not is said.
#[allow(clippy::print_stdout)]
pub(crate) fn has_openssh() -> bool {
    let here = Command::new("ssh-keygen").arg("-?").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !here {
        println!("SKIPPED: there is no ssh-keygen here; install openssh-client");
    }
    here
}

pub(crate) fn ssh_keygen(folder: &Folder, args: &[&str]) {
    let output =
        Command::new("ssh-keygen").args(args).current_dir(folder.path("")).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether OpenSSH says that this is that person's signature for our purpose.
fn openssh_says(folder: &Folder, key: &str, signature: &str, text: &str) -> bool {
    fs::write(folder.path("allowed"), format!("bob {key}\n")).unwrap();
    fs::write(folder.path("signature"), signature).unwrap();
    let mut process = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", "pve-notebook", "-I", "bob", "-f", "allowed", "-s", "signature"])
        .current_dir(folder.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    process.wait().unwrap().success()
}

#[test]
fn the_command_that_is_shown_makes_a_signature_that_approves_with_a_key_of_any_kind() {
    if !has_openssh() {
        return;
    }
    for kind in [&["-t", "ed25519"][..], &["-t", "ecdsa"], &["-t", "ecdsa", "-b", "384"], &["-t", "rsa"]] {
        let folder = Folder::new();
        fs::create_dir(folder.path(".ssh")).unwrap();
        ssh_keygen(&folder, &[kind, &["-q", "-N", "", "-C", "bob", "-f", ".ssh/id_ed25519"]].concat());
        let key = fs::read_to_string(folder.path(".ssh/id_ed25519.pub")).unwrap();
        let request = request("Stop größe\\1 $HOME `id` 'x'", "\"30\"", "running");
        let shown = request.page();
        let lines =
            shown.text().lines().filter_map(|line| line.strip_prefix("| ").map(str::to_owned)).collect::<Vec<_>>();
        let output = Command::new("sh").args(["-c", &lines.join("\n")]).env("HOME", folder.path("")).output().unwrap();
        let signature = String::from_utf8(output.stdout).unwrap();
        let approval = bob(&key).verify(request.text(), &signature).unwrap();
        assert!(openssh_says(&folder, &key, approval.signature().raw(), approval.text().raw()));
        let entry = approval.event(&"Stop web-1".into()).entry(
            crate::units::Moment::from_unix(0),
            "lab".into(),
            "audit@pve".into(),
            "3f9a".into(),
        );
        assert_eq!(
            (entry.kind.raw(), entry.signed, entry.signature),
            ("approved", Some(approval.text()), Some(approval.signature()))
        );
        assert!(entry.detail.contains(bob(&key).fingerprint().raw()));
        // A file instead of standard input, and hashed in the other way.
        fs::write(folder.path("plan.txt"), request.text()).unwrap();
        ssh_keygen(
            &folder,
            &["-Y", "sign", "-q", "-O", "hashalg=sha256", "-n", "pve-notebook", "-f", ".ssh/id_ed25519", "plan.txt"],
        );
        let signature = fs::read_to_string(folder.path("plan.txt.sig")).unwrap();
        assert!(signature.contains("SSH SIGNATURE"));
        bob(&key).verify(request.text(), &signature).unwrap();
    }
}

/// A signature as a hardware token makes it, without one.
fn by_token(flags: u8, text: &str) -> (String, String) {
    let field = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let kind = "sk-ssh-ed25519@openssh.com";
    let blob = [field(kind.as_bytes()), field(pair.public_key().as_ref()), field(b"ssh:")].concat();
    let message = [
        b"SSHSIG".to_vec(),
        field(b"pve-notebook"),
        field(b""),
        field(b"sha512"),
        field(digest(&SHA512, text.as_bytes()).as_ref()),
    ]
    .concat();
    let state = [&[flags][..], &9_u32.to_be_bytes()].concat();
    let about = [digest(&SHA256, b"ssh:").as_ref(), &state, digest(&SHA256, &message).as_ref()].concat();
    let signed = [field(kind.as_bytes()), field(pair.sign(&about).as_ref()), state].concat();
    let parts = [field(&blob), field(b"pve-notebook"), field(b""), field(b"sha512"), field(&signed)].concat();
    let bytes = [b"SSHSIG".to_vec(), 1_u32.to_be_bytes().to_vec(), parts].concat();
    let signature = format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", STANDARD.encode(bytes));
    (format!("{kind} {} bob", STANDARD.encode(blob)), signature)
}

#[test]
fn a_hardware_token_approves_when_it_was_touched() {
    let (key, touched) = by_token(1, PLAN);
    bob(&key).verify(PLAN, &touched).unwrap();
    refused(bob(&key).verify("another", &touched), "another plan");
    let (key, untouched) = by_token(0, PLAN);
    refused(bob(&key).verify(PLAN, &untouched), "signed something else");
    if has_openssh() {
        let folder = Folder::new();
        assert!(openssh_says(&folder, &key, &touched, PLAN), "the form is the one that OpenSSH has");
        assert!(Path::new(&folder.path("allowed")).exists());
    }
}
