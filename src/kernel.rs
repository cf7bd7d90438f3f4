//! What the notebook kernel hides: a cell that failed looks to it like one that went well.
//!
//! evcxr prints a control line when a cell ends by `?` or by a panic, and then reports success. One watch a process
//! stands in the way of standard output, sees these lines, and passes everything on unchanged. What it saw is kept in
//! a file of this process, since each cell has statics of its own: so every session of the kernel knows, also one
//! that is opened after the failure. A failure before the first session is seen by nobody.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::own_file;

/// The failure that all sessions of this kernel share; outside the kernel, where a program sees its own errors, none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel {
    note: Option<PathBuf>,
}

impl Kernel {
    /// The kernel that this code runs in, watched from now on.
    pub(crate) fn here() -> io::Result<Kernel> {
        if std::env::var_os("EVCXR_IS_RUNTIME").is_none() {
            return Ok(Kernel { note: None });
        }
        let path = std::env::temp_dir().join(format!("pve-notebook-kernel-{}", std::process::id()));
        let file = own_file::open(&path, &mut how())?;
        // Only a living process holds the lock, and no other has this number: who gets it is the first here, and what
        // the file says is of a process that is gone.
        if own_file::try_lock(&file)? {
            file.set_len(0)?;
            std::mem::forget(file);
            watch(path.clone())?;
        }
        Ok(Kernel { note: Some(path) })
    }

    /// The failure that halted the sessions of this kernel. A note that cannot be read counts as one.
    pub(crate) fn halted(&self) -> Option<String> {
        let note = self.note.as_ref()?;
        match fs::read_to_string(note) {
            Ok(said) if said.is_empty() => None,
            Ok(said) => Some(said),
            Err(error) => Some(format!("whether a cell failed cannot be read: {}: {error}", note.display())),
        }
    }

    /// Halts the sessions of this kernel. The first failure is the one that stays.
    pub(crate) fn halt(&self, because: &str) {
        if let Some(note) = &self.note {
            write_first(note, because);
        }
    }

    /// Lets the sessions of this kernel go on.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.note.as_ref().map_or(Ok(()), |note| fs::write(note, ""))
    }
}

/// How the note is opened: what it says stays until it is known to be of a process that is gone.
fn how() -> OpenOptions {
    let mut how = OpenOptions::new();
    how.create(true).truncate(false).write(true);
    how
}

fn write_first(note: &Path, because: &str) {
    // Where the note cannot be written, it cannot be read as empty either once it is gone.
    let known = fs::read_to_string(note).is_ok_and(|said| !said.is_empty());
    if !known && fs::write(note, because).is_err() {
        let _ = fs::remove_file(note);
    }
}

/// Notes down when a cell ends by an error or a panic: before the kernel learns that the cell has ended, and so before
/// any later cell runs.
fn watch(note: PathBuf) -> io::Result<()> {
    let (pipe, entrance) = io::pipe()?;
    io::stdout().flush()?;
    let outlet = io::stdout().as_fd().try_clone_to_owned()?;
    let outlet_at_exit = outlet.try_clone()?;
    let (drained, is_drained) = mpsc::channel::<()>();
    let noted = note.clone();
    thread::Builder::new().name("pve-notebook cell watch".into()).spawn(move || {
        forward(BufReader::new(pipe), io::PipeWriter::from(outlet), |because| write_first(&noted, because));
        drop(drained);
    })?;
    redirect_stdout(&entrance)?;
    drop(entrance);
    drain_at_exit(Diversion { outlet: outlet_at_exit, is_drained, note });
    Ok(())
}

/// Passes lines on, reporting failures before the line that tells of them leaves.
fn forward(mut from: impl BufRead, mut to: impl Write, on_failure: impl Fn(&str)) {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        // A cell may have left half a line before it failed.
        match line.trim_ascii_end() {
            said if said.ends_with(b"EVCXR_ERROR_OCCURRED") => {
                on_failure("a cell ended with an error; its words stand where that cell is")
            }
            said if said.ends_with(b"EVCXR_PANIC_NOTIFICATION") => {
                on_failure("a cell panicked; its words stand where that cell is")
            }
            _ => {}
        }
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Standard output led through a pipe: where it went before, the sign that the pipe is empty, and the note.
struct Diversion {
    outlet: OwnedFd,
    is_drained: mpsc::Receiver<()>,
    note: PathBuf,
}

/// Makes `entrance` the standard output of the process.
#[allow(unsafe_code)]
fn redirect_stdout(entrance: &impl AsFd) -> io::Result<()> {
    // SAFETY: dup2 takes two numbers and has no memory effects; both descriptors are open.
    if unsafe { libc::dup2(entrance.as_fd().as_raw_fd(), libc::STDOUT_FILENO) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A cell may call `std::process::exit`, and what it printed last is then still in the pipe.
#[allow(unsafe_code)]
fn drain_at_exit(diversion: Diversion) {
    // One list for this copy of the crate, which is all that its own exit handler needs.
    static DIVERSIONS: Mutex<Vec<Diversion>> = Mutex::new(Vec::new());
    extern "C" fn drain() {
        let Ok(mut diversions) = DIVERSIONS.lock() else { return };
        while let Some(Diversion { outlet, is_drained, note }) = diversions.pop() {
            // Giving up the last entrance ends the thread once it has passed everything on.
            if redirect_stdout(&outlet).is_ok() {
                let _ = is_drained.recv_timeout(Duration::from_secs(1));
            }
            let _ = fs::remove_file(note);
        }
    }
    if let Ok(mut diversions) = DIVERSIONS.lock() {
        if diversions.is_empty() {
            // SAFETY: the handler is a function of this library, which the kernel never unloads, and takes no arguments.
            unsafe { libc::atexit(drain) };
        }
        diversions.push(diversion);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{forward, how, write_first};
    use crate::own_file::testing::Folder;
    use crate::own_file::{open, try_lock};

    #[test]
    fn the_first_failure_stays_in_the_note_and_one_alone_holds_it() {
        let folder = Folder::new();
        let path = folder.path("note");
        let first = open(&path, &mut how()).unwrap();
        assert!(try_lock(&first).unwrap());
        assert!(!try_lock(&open(&path, &mut how()).unwrap()).unwrap());
        write_first(&path, "a cell panicked");
        write_first(&path, "and then something else");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a cell panicked");
        drop(first);
        assert!(try_lock(&open(&path, &mut how()).unwrap()).unwrap());
    }

    #[test]
    fn a_failure_is_known_before_its_line_is_passed_on_and_nothing_is_lost() {
        let events = Arc::new(Mutex::new(Vec::<String>::new()));
        struct Sink(Arc<Mutex<Vec<String>>>);
        impl std::io::Write for Sink {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let seen = events.clone();
        forward(
            "half a line EVCXR_ERROR_OCCURRED\nEVCXR_ERROR_OCCURRED is not at the end\nEVCXR_ERROR_OCCURRED\nEVCXR_PANIC_NOTIFICATION\nEVCXR_EXECUTION_COMPLETE\nno end".as_bytes(),
            Sink(events.clone()),
            move |what| seen.lock().unwrap().push(format!("[{what}]")),
        );
        assert_eq!(
            *events.lock().unwrap(),
            [
                "[a cell ended with an error; its words stand where that cell is]",
                "half a line EVCXR_ERROR_OCCURRED\n",
                "EVCXR_ERROR_OCCURRED is not at the end\n",
                "[a cell ended with an error; its words stand where that cell is]",
                "EVCXR_ERROR_OCCURRED\n",
                "[a cell panicked; its words stand where that cell is]",
                "EVCXR_PANIC_NOTIFICATION\n",
                "EVCXR_EXECUTION_COMPLETE\n",
                "no end"
            ]
        );
    }
}
