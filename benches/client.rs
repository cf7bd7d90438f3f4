//! pve-notebook's side of the comparison: does what each line of its input names, and says how long it took, or how
//! much memory. `make bench` starts it, built as the notebook kernel builds crates at `:opt 0` and at `:opt 2`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::stdin;
use std::time::{Duration, Instant};
use std::{fs, thread};

use pve_notebook::*;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("PVE_URL").is_none() {
        println!("One side of a comparison: `make bench` runs it.");
        return Ok(());
    }
    let pve = Pve::from_env()?;
    for line in stdin().lines() {
        // The connection is there before the clock starts.
        pve.get("/version")?;
        match line?.trim() {
            "resources" => {
                let since = Instant::now();
                let guests = pve.guests()?;
                say(since.elapsed(), guests.len());
            }
            "configs" => {
                let guests = pve.guests()?;
                let since = Instant::now();
                // To become `guests.configs()?`.
                let configs = configs(&guests)?;
                say(since.elapsed(), configs.iter().filter(|config| config.get("digest").is_some()).count());
            }
            "memory" => {
                let before = kib("VmHWM")?;
                let guests = pve.guests()?;
                println!("{} {} {}", kib("VmHWM")? - before, kib("VmRSS")?.saturating_sub(before), guests.len());
            }
            other => return Err(format!("not understood: {other}").into()),
        }
    }
    Ok(())
}

fn say(took: Duration, count: usize) {
    println!("{} {count}", took.as_secs_f64());
}

/// The configurations of all these guests, two at a time from each node.
fn configs(guests: &List<Guest>) -> Result<Vec<Config>, Box<dyn Error>> {
    let readers: Vec<_> = guests
        .group_by(|guest| guest.node.clone())
        .into_iter()
        .flat_map(|(_, on_node)| {
            let (some, others) = (on_node.take(on_node.len() / 2), on_node.to_vec().split_off(on_node.len() / 2));
            [some.to_vec(), others]
        })
        .map(|guests| thread::spawn(move || guests.iter().map(Guest::config).collect::<Result<Vec<_>, _>>()))
        .collect();
    let mut configs = Vec::new();
    for reader in readers {
        configs.extend(reader.join().map_err(|_| "a reader failed")??);
    }
    Ok(configs)
}

/// A figure of this process: `VmHWM`, the most memory it ever had, or `VmRSS`, what it has now.
fn kib(figure: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    Ok(line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no such figure")?.trim().parse()?)
}
