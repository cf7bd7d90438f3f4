//! Every setting of the API that holds a secret, by name: each is masked, and no other name sounds like one without having
//! been looked at.
//!
//! The API's schema is not part of this crate: where `PVE_SCHEMA` names one (`make conformance`), the lists are held
//! against it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{NOT_SHOWN, is_secret_parameter, masked, masked_body};

/// Names that hold a secret wherever they stand; one is a switch that is called like a secret, which costs nothing.
const SECRETS: [&str; 23] = [
    "CSRFPreventionToken",
    "challenge",
    "cipassword",
    "client-key",
    "confirmation-password",
    "corosync_authkey",
    "eab-hmac-key",
    "encryption-key",
    "env",
    "generate-password",
    "header",
    "keyring",
    "keys",
    "otel-headers",
    "otp",
    "password",
    "recovery",
    "secret",
    "tfa-challenge",
    "ticket",
    "token",
    "totp",
    "vncticket",
];

/// Names that hold one in some objects, or are kept from others alone: such an object, the mark standing for the secret.
fn secrets_of_some() -> [(&'static str, Value); 8] {
    [
        ("body", json!({"url": "https://hooks.example", "method": "post", "body": "MARK"})),
        ("data", json!({"plugin": "dns_x", "data": "MARK"})),
        ("key", json!({"url": "https://dns.example", "key": "MARK"})),
        ("lock-token", json!({"lock-token": "MARK"})),
        ("signature", json!({"url": "https://shop.example", "signature": "MARK"})),
        ("ssh-public-keys", json!({"ssh-public-keys": "MARK"})),
        ("sshkeys", json!([{"sshkeys": "MARK"}, {"key": "sshkeys", "value": "MARK", "pending": "MARK"}])),
        ("value", json!({"full-tokenid": "a@pve!t", "value": "MARK"})),
    ]
}

/// Names that sound like a secret and hold none: a path, a switch, a number, a name, something public; and what commands
/// in a guest say, which is asked for by nobody but a plan.
const NO_SECRETS: [&str; 48] = [
    "Key",
    "Values",
    "acr-values",
    "application_metadata",
    "authid",
    "author",
    "authsupported",
    "bond_xmit_hash_policy",
    "cert",
    "certificates",
    "certkey",
    "config-keys",
    "crypted",
    "data-pool",
    "data_pool",
    "datastore",
    "encrypted",
    "err-data",
    "full-tokenid",
    "hashpspool",
    "hotplug",
    "input-data",
    "keyboard",
    "master-pubkey",
    "max-body-size",
    "metadata_pool",
    "metadata_size",
    "metadata_used",
    "osd_data",
    "otel-max-body-size",
    "out-data",
    "privs",
    "privsep",
    "public-key-bits",
    "public-key-type",
    "signal",
    "skip-cert-verification",
    "token-coefficient",
    "tokenid",
    "tokens",
    "totp-locked",
    "unprivileged",
    "verify-certificate",
    "verify-certificates",
    "webauthn",
    "pre-enrolled-keys",
    "ms-cert",
    "keyctl",
];

/// Parts of names that a secret may go under.
const SOUNDS: [&str; 25] = [
    "pass",
    "secret",
    "key",
    "token",
    "ticket",
    "cred",
    "otp",
    "auth",
    "priv",
    "cert",
    "sign",
    "hash",
    "env",
    "header",
    "data",
    "value",
    "recovery",
    "challenge",
    "crypt",
    "login",
    "cookie",
    "csrf",
    "body",
    "psk",
    "chap",
];

#[test]
fn every_setting_that_holds_a_secret_is_masked_and_left_out_of_what_is_sent() {
    for name in SECRETS {
        for secret in [json!("MARK"), json!(["MARK"]), json!({"MARK": 1}), json!([{"name": "n", "value": "MARK"}])] {
            let shown = masked(json!({"data": [{ name: secret }]}));
            assert_eq!(shown["data"][0][name], NOT_SHOWN, "{name}");
        }
        assert!(is_secret_parameter(name), "{name}");
        // As a change that waits for the next start.
        let waiting = masked(json!({"key": name, "value": "MARK", "pending": "MARK"}));
        assert!(!waiting.to_string().contains("MARK"), "{waiting}");
    }
    for (name, object) in secrets_of_some() {
        let (left, secrets) = masked_body(&object.to_string());
        assert!(!left.contains("MARK") && secrets > 0, "{name}");
    }
}

#[test]
fn what_holds_none_stays() {
    for name in NO_SECRETS {
        let body = json!({ name: "kept" }).to_string();
        assert_eq!(masked_body(&body), (body, 0), "{name}");
    }
}

/// Every name of a parameter or of a field that is answered, with those within others.
fn names_in(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(named)) = (["properties", "format"].contains(&key.as_str()), value.as_object()) {
                    found.extend(named.keys().cloned());
                }
                names_in(value, found);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| names_in(value, found)),
        _ => {}
    }
}

#[test]
fn no_setting_of_the_schema_that_sounds_like_a_secret_was_overlooked() {
    let Some(path) = std::env::var_os("PVE_SCHEMA") else {
        return println!("Skipped: PVE_SCHEMA names no schema of the API");
    };
    let mut names = BTreeSet::new();
    names_in(&serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(), &mut names);
    assert!(names.len() > 1_000, "{}", names.len());
    let some = secrets_of_some().map(|(name, _)| name);
    let known = |name: &str| SECRETS.contains(&name) || NO_SECRETS.contains(&name) || some.contains(&name);
    let sounds = |name: &&String| SOUNDS.iter().any(|part| name.to_lowercase().contains(part));
    // Privileges are named there too.
    let overlooked: Vec<&String> =
        names.iter().filter(sounds).filter(|name| !known(name) && !name.starts_with("Datastore.")).collect();
    assert!(overlooked.is_empty(), "a secret or none? {overlooked:?}");
    let unknown: Vec<&&str> = SECRETS.iter().chain(&NO_SECRETS).filter(|name| !names.contains(**name)).collect();
    assert!(unknown.is_empty(), "the API has no such setting: {unknown:?}");
}
