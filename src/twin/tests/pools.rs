//! Promises about resource pools.

use serde_json::Value;

use super::*;

fn members(twin: &Twin, pool: &str) -> Vec<u64> {
    let rows = data(twin, &format!("/pools?poolid={pool}"));
    rows[0]["members"].as_array().unwrap().iter().map(|row| row["vmid"].as_u64().unwrap()).collect()
}

#[test]
fn guests_go_into_pools_and_out_of_them() {
    let twin = Twin::demo();
    assert_eq!(write(&twin, Method::Post, "/pools", &[("poolid", "lab"), ("comment", "a & b")]), Value::Null);
    assert_eq!(write(&twin, Method::Put, "/pools", &[("poolid", "lab"), ("vms", "116, 124;241")]), Value::Null);
    assert_eq!(members(&twin, "lab"), [116, 124, 241]);
    let update = |params: &[(&str, &str)]| send(&twin, Method::Put, "/pools/lab", params);
    for (params, words) in [
        (&[("vms", "116")][..], "VM 116 is already a pool member"),
        (&[("vms", "100")], "VM 100 belongs already to pool 'prod' and 'allow-move' is not set"),
        (&[("vms", "100"), ("delete", "1")], "VM 100 is not a pool member"),
    ] {
        refused(&update(params), 500, &format!("update pools failed: {words}"));
    }
    assert!(update(&[("vms", "100"), ("allow-move", "1")]).is_ok());
    assert!(members(&twin, "lab").contains(&100) && !members(&twin, "prod").contains(&100));
    let full = send(&twin, Method::Delete, "/pools/lab", &[]);
    refused(&full, 500, "delete pool failed: pool 'lab' is not empty (contains VM 100)");
    assert!(update(&[("vms", "100,116,124,241"), ("delete", "1"), ("comment", "")]).is_ok());
    assert_eq!(write(&twin, Method::Delete, "/pools", &[("poolid", "lab")]), Value::Null);
    refused(&read(&twin, "/pools/lab"), 500, "pool 'lab' does not exist");
}

#[test]
fn pools_are_refused_as_pve_refuses_them() {
    let twin = Twin::demo();
    for (id, words) in [
        ("prod", "pool 'prod' already exists"),
        ("none/such", "parent 'none' of pool 'none/such' does not exist"),
        ("1st", "pool name must start with a letter"),
    ] {
        let reply = send(&twin, Method::Post, "/pools", &[("poolid", id)]);
        refused(&reply, 500, &format!("create pool failed: {words}"));
    }
    let words = "invalid format - pool name 'a b' contains invalid characters\n";
    wrong(&twin, Method::Post, "/pools", &[("poolid", "a b")], "poolid", words);
    let inner = send(&twin, Method::Delete, "/pools", &[("poolid", "prod")]);
    refused(&inner, 500, "delete pool failed: pool 'prod' is not empty (contains pool 'prod/web')");
    let storage = send(&twin, Method::Put, "/pools", &[("poolid", "prod"), ("storage", "local")]);
    refused(&storage, 501, "Putting a storage into a pool is not simulated by the demo cluster");
}
