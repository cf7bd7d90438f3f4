//! A fakepve in a process of its own, for as long as a test holds it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A fake Proxmox VE, reached over real HTTPS. Its user is `root@pam`, the password `secret`.
pub(crate) struct Fake {
    pub(crate) url: String,
    pub(crate) fingerprint: String,
    pub(crate) certificate: String,
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Fake {
    /// Starts one with these lines of Python run in it, `pve` being the fake; `None` where there is no Python to run it.
    pub(crate) fn start(setup: &[&str]) -> Option<Fake> {
        let Some(python) = std::env::var_os("PVE_NOTEBOOK_PYTHON") else {
            println!("skipped: PVE_NOTEBOOK_PYTHON names no Python that has fakepve[crypto]");
            return None;
        };
        let mut process = Command::new(python)
            .args(["-c", include_str!("serve.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python of PVE_NOTEBOOK_PYTHON starts");
        let orders = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut first = String::new();
        answers.read_line(&mut first).expect("fakepve says where it listens");
        let [url, fingerprint, certificate] = first.trim().split('\t').collect::<Vec<_>>()[..] else {
            panic!("fakepve did not start: {first:?}");
        };
        let (url, fingerprint, certificate) = (url.to_owned(), fingerprint.to_owned(), certificate.to_owned());
        let mut fake = Fake { url, fingerprint, certificate, process, orders, answers };
        for line in setup {
            fake.order(line);
        }
        Some(fake)
    }

    /// Runs one line of Python in it; what the line gives the name `answer` comes back.
    pub(crate) fn order(&mut self, line: &str) -> String {
        let orders = self.orders.as_mut().expect("it takes orders until it is dropped");
        writeln!(orders, "{line}").expect("fakepve listens to orders");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("fakepve answers orders");
        answer.trim_end().to_owned()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.orders = None;
        let _ = self.process.wait();
    }
}
