//! How data are copied from one volume to another: how long it takes and what the log says meanwhile.
//!
//! Knows the programs that do it: one for disks at rest, a mirror for those of a running VM, one for file systems.

use super::course::Course;
use crate::twin::state::{Ms, State};
use crate::twin::written::{bytes, short_time};

/// Bytes in a millisecond.
const PACE: u64 = 420 << 10;

/// How long so many bytes take.
pub(super) fn time_for(written: u64) -> Ms {
    400 + Ms::try_from(written / PACE).unwrap_or(Ms::MAX / 4)
}

/// How much there is of a volume.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) size: u64,
    pub(super) written: u64,
}

impl Course {
    /// A disk at rest is copied; says when it is done.
    pub(super) fn converted(mut self, at: Ms, load: Load) -> (Course, Ms) {
        let takes = time_for(load.written);
        let step = if takes < 1_000 { 100 } else { 1 };
        for percent in (0..=100_u64).step_by(step) {
            let part = bytes((u128::from(load.size) * u128::from(percent) / 100) as u64, 1);
            let line = format!("transferred {part} of {} ({percent}.00%)", bytes(load.size, 1));
            self = self.line(at + takes * percent.cast_signed() / 100, line);
        }
        (self, at + takes)
    }

    /// A disk of a running VM is mirrored until both are alike.
    pub(super) fn mirrored(mut self, at: Ms, key: &str, load: Load) -> (Course, Ms) {
        let takes = time_for(load.written).max(1_000);
        self = self.line(at, format!("drive mirror is starting for drive-{key}"));
        let all = takes / 1_000;
        let step = usize::try_from(all / 200 + 1).unwrap_or(1);
        for second in (0..=all).step_by(step).chain((all % step.cast_signed() as Ms != 0).then_some(all)) {
            let part =
                u128::from(load.size) * u128::from(second.unsigned_abs()) / u128::from(all.unsigned_abs().max(1));
            let percent = second as f64 * 100.0 / all.max(1) as f64;
            let ready = if second == all { ", ready" } else { "" };
            let line = format!(
                "drive-{key}: transferred {} of {} ({percent:.2}%) in {}{ready}",
                bytes(part as u64, 1),
                bytes(load.size, 1),
                short_time(second),
            );
            self = self.line(at + second * 1_000, line);
        }
        (self.line(at + takes, "all 'mirror' jobs are ready"), at + takes)
    }

    /// A file system is copied.
    pub(super) fn synced(mut self, at: Ms, load: Load) -> (Course, Ms) {
        let takes = time_for(load.written) * 3;
        let files = 9_000 + load.written / 60_000;
        let pace = load.written as f64 * 1_000.0 / takes as f64;
        for line in [
            format!("Number of files: {}", thousands(files)),
            format!("Total file size: {} bytes", thousands(load.written)),
            format!(
                "sent {} bytes  received {} bytes  {pace:.2} bytes/sec",
                thousands(load.written + files * 80),
                thousands(files * 19)
            ),
            format!("total size is {}  speedup is 1.00", thousands(load.written)),
        ] {
            self = self.line(at + takes, line);
        }
        (self, at + takes)
    }
}

/// `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// How the copying of a disk at rest fails when the storage is full.
pub(super) fn no_room(state: &State, from: &str, to: &str) -> String {
    let path = |volid: &str| state.storage_of(volid).map(|storage| storage.path(volid)).unwrap_or_default();
    let is_zfs = |volid: &str| state.storage_of(volid).is_some_and(|storage| storage.kind == "zfspool");
    let cache = [(to, "-t none "), (from, "-T none ")]
        .iter()
        .filter(|(volid, _)| is_zfs(volid))
        .map(|(_, words)| *words)
        .collect::<String>();
    format!(
        "copy failed: command '/usr/bin/qemu-img convert -p -n {cache}-f raw -O raw {} zeroinit:{}' failed: exit code 1",
        path(from),
        path(to)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_as_pve_tells_it() {
        let small = Load { size: 1 << 30, written: 0 };
        let (course, end) = Course::ok(0).converted(100, small);
        let lines: Vec<&str> = course.lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["transferred 0.0 B of 1.0 GiB (0.00%)", "transferred 1.0 GiB of 1.0 GiB (100.00%)"]);
        assert_eq!(end, 500);
        let (course, end) = Course::ok(0).mirrored(0, "scsi0", Load { written: 900 << 20, ..small });
        let lines: Vec<&str> = course.lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines[0], "drive mirror is starting for drive-scsi0");
        assert_eq!(lines[1], "drive-scsi0: transferred 0.0 B of 1.0 GiB (0.00%) in 0s");
        assert_eq!(lines[lines.len() - 2], "drive-scsi0: transferred 1.0 GiB of 1.0 GiB (100.00%) in 2s, ready");
        assert_eq!(lines[lines.len() - 1], "all 'mirror' jobs are ready");
        assert!(end > 2_000 && course.lines.iter().all(|(at, _)| *at <= end));
        assert_eq!(
            (thousands(0), thousands(999), thousands(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
    }
}
