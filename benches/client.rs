//! pve-notebook's side of the comparison: does what each line of its input names, and says how long it took, or how
//! much memory. `make bench` starts it, built as the notebook kernel builds crates at `:opt 0` and at `:opt 2`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::io::stdin;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pve_notebook::{Pve, View};

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
                let configs = guests.configs()?;
                say(since.elapsed(), configs.iter().filter(|config| config.get("digest").is_some()).count());
            }
            "render" => {
                let (guests, nodes) = (pve.guests()?, pve.nodes()?);
                let since = Instant::now();
                let page = guests.page().html();
                let every_row = guests.table().all().page().html();
                let drawing = guests.topology(&nodes).svg();
                let took = since.elapsed();
                if page.len().min(drawing.len()) < 10_000 {
                    return Err("nothing was rendered".into());
                }
                say(took, every_row.matches("<tr").count() - 2);
            }
            "record" => {
                let since = Instant::now();
                let recorded = pve.record_to(recording())?;
                say(since.elapsed(), usize::try_from(recorded.bytes.0)?);
            }
            "recording" => {
                let since = Instant::now();
                let recording = Pve::open_recording(recording())?;
                let page = recording.page().html();
                let took = since.elapsed();
                if page.len() < 10_000 {
                    return Err("nothing was shown".into());
                }
                say(took, recording.guests()?.len());
            }
            "memory" => {
                let before = kib("VmHWM")?;
                let guests = pve.guests()?;
                println!("= {} {}", kib("VmHWM")? - before, guests.len());
            }
            other => return Err(format!("not understood: {other}").into()),
        }
    }
    fs::remove_file(recording()).ok();
    Ok(())
}

/// Where this process keeps a recording.
fn recording() -> PathBuf {
    std::env::temp_dir().join(format!("pve-notebook-bench-{}.pve.json", std::process::id()))
}

/// The mark tells it from what the crate itself says of long reads.
fn say(took: Duration, count: usize) {
    println!("= {} {count}", took.as_secs_f64());
}

/// A figure of this process: `VmHWM` is the most memory it ever had.
fn kib(figure: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    Ok(line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no such figure")?.trim().parse()?)
}
