//! What each question costs: requests, and time on a large cluster that is far away.

use std::time::{Duration, Instant};

use pve_notebook::*;

use crate::all::{ALL, About};
use crate::seeded::seeded;

/// What the large cluster has of what is asked about.
const LARGE: About =
    About { node: "node1", pool: "shop", bridge: "vmbr0", storage: "shared", word: "1007", user: "part@pve" };

const NODES: usize = 10;
const GUESTS: usize = 1_000;

/// Reads of the cluster as a whole, which do not grow with it: as many as what is lost with a node rests on.
const WIDE: usize = 16;

/// Storages that all nodes share, each of which is looked into once.
const SHARED: usize = 1;

/// A thousand guests on ten nodes, each answer 20 ms away.
fn large() -> String {
    format!(
        "[pve.add_node(f'node{{n}}') for n in range({NODES})]; pve.nodes.pop('pve1', None); \
         [pve.add_vm(1000 + n, f'guest-{{n}}', node=f'node{{n % {NODES}}}', status='running' if n % 4 else 'stopped', \
          config={{'memory': 2048, 'cores': 2, 'scsi0': f'shared:{{1000 + n}}/vm-{{1000 + n}}-disk-0.raw,size=20G', \
          'net0': f'virtio=BC:24:11:00:{{n // 256:02X}}:{{n % 256:02X}},bridge=vmbr0', 'tags': f'owner.team{{n % 7}}'}}) \
          for n in range({GUESTS})]; pve.max_requests = 10**6"
    )
}

#[test]
fn each_question_is_in_the_list_of_costs() {
    let words = questions::all().text();
    let named =
        |line: &str| line.split("questions::code(\"").nth(1).and_then(|rest| rest.split('"').next().map(str::to_owned));
    let asked: Vec<String> = words.lines().filter_map(named).collect();
    assert!(!asked.is_empty(), "{words}");
    for name in &asked {
        assert!(ALL.iter().any(|(known, _)| known == name), "nobody knows what {name} costs");
    }
    assert_eq!(asked.len(), ALL.len());
}

#[test]
fn a_question_costs_three_requests_a_node_and_one_a_guest_and_ten_seconds_at_most() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order(&large());
    let pve = cluster.as_one("root@pam");
    cluster.fake.order("pve.time_scale = 1; pve.slow_network(0.02)");
    let mut wrong = Vec::new();
    for (name, question) in ALL {
        let since = Instant::now();
        let (page, asked) = cluster.asked(|| question(&pve, &LARGE));
        let (took, count) = (since.elapsed(), asked.len());
        let is_guest = |call: &&String| call.contains("/qemu/") || call.contains("/lxc/");
        let guests = asked.iter().filter(is_guest).count();
        let of_nodes = asked.iter().filter(|call| call.contains("/nodes/") && !is_guest(call)).count();
        // Two parts that ask the same in the same instant may be told by two answers.
        let is_wide = |call: &&String| !call.contains("/nodes/") && !is_guest(call);
        let wide = asked.iter().filter(is_wide).collect::<std::collections::BTreeSet<_>>().len();
        let parts = format!("{guests} of guests, {of_nodes} of nodes, {wide} of all");
        println!("{name}: {count} requests, {parts}, {} ms", took.as_millis());
        if let Err(error) = &page {
            wrong.push(format!("{name} fails: {error}"));
        }
        let all = cluster_size(&pve);
        if guests > all.1 || of_nodes > 3 * all.0 + SHARED || wide > WIDE {
            let mut others: Vec<&String> = asked.iter().filter(|call| !is_guest(call)).collect();
            others.sort();
            wrong.push(format!("{name} asks {count} times, {parts}: {others:?}"));
        }
        if took > Duration::from_secs(10) {
            wrong.push(format!("{name} took {} s", took.as_secs()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cluster_size(pve: &Pve) -> (usize, usize) {
    (pve.nodes().unwrap().len(), pve.guests().unwrap().len())
}
