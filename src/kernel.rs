//! What the notebook kernel hides: a cell that failed looks to it like one that went well.
//!
//! evcxr prints a control line when a cell ends by `?` or by a panic, and then reports success. A [`watch`] stands in
//! the way of standard output, sees these lines, and passes everything on unchanged. Knows nothing of sessions.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Calls `on_failure` with a sentence when a cell ends by an error or a panic: before the kernel learns that the
/// cell has ended, and so before any later cell runs. Does nothing outside the kernel.
pub(crate) fn watch(on_failure: impl Fn(&str) + Send + 'static) -> io::Result<()> {
    if std::env::var_os("EVCXR_IS_RUNTIME").is_none() {
        return Ok(());
    }
    let (pipe, entrance) = io::pipe()?;
    io::stdout().flush()?;
    let outlet = io::stdout().as_fd().try_clone_to_owned()?;
    let outlet_at_exit = outlet.try_clone()?;
    let (drained, is_drained) = mpsc::channel::<()>();
    thread::Builder::new().name("pve-notebook cell watch".into()).spawn(move || {
        forward(BufReader::new(pipe), io::PipeWriter::from(outlet), on_failure);
        drop(drained);
    })?;
    redirect_stdout(&entrance)?;
    drop(entrance);
    drain_at_exit(Diversion { outlet: outlet_at_exit, is_drained });
    Ok(())
}

/// Passes lines on, reporting failures before the line that tells of them leaves.
fn forward(mut from: impl BufRead, mut to: impl Write, on_failure: impl Fn(&str)) {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        match line.trim_ascii_end() {
            b"EVCXR_ERROR_OCCURRED" => on_failure("a cell ended with an error"),
            b"EVCXR_PANIC_NOTIFICATION" => on_failure("a cell panicked"),
            _ => {}
        }
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Standard output led through a pipe: where it went before, and the sign that the pipe is empty.
struct Diversion {
    outlet: OwnedFd,
    is_drained: mpsc::Receiver<()>,
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
        while let Some(Diversion { outlet, is_drained }) = diversions.pop() {
            // Giving up the last entrance ends the thread once it has passed everything on.
            if redirect_stdout(&outlet).is_ok() {
                let _ = is_drained.recv_timeout(Duration::from_secs(1));
            }
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

    use super::forward;

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
            "hello EVCXR_ERROR_OCCURRED\nEVCXR_ERROR_OCCURRED\nEVCXR_PANIC_NOTIFICATION\nEVCXR_EXECUTION_COMPLETE\nno end".as_bytes(),
            Sink(events.clone()),
            move |what| seen.lock().unwrap().push(format!("[{what}]")),
        );
        assert_eq!(
            *events.lock().unwrap(),
            [
                "hello EVCXR_ERROR_OCCURRED\n",
                "[a cell ended with an error]",
                "EVCXR_ERROR_OCCURRED\n",
                "[a cell panicked]",
                "EVCXR_PANIC_NOTIFICATION\n",
                "EVCXR_EXECUTION_COMPLETE\n",
                "no end"
            ]
        );
    }
}
