//! A certificate that a node shows to those who connect to it.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::{Age, Moment, Reading};

fields! {
    /// A certificate, from `/nodes/{node}/certificates/info`.
    #[derive(Clone, Default)]
    pub struct Certificate {
        /// Its file: `pve-root-ca.pem` (the cluster's own authority), `pve-ssl.pem` (made by it), `pveproxy-ssl.pem` (one's own,
        /// shown instead where there is one).
        pub filename: Text,
        /// Whom it is for.
        pub subject: Reading<Text>,
        /// Who says so.
        pub issuer: Reading<Text>,
        /// The names and addresses that it holds for.
        #[field(loose::words)]
        pub san: Vec<Text>,
        /// From when it holds.
        pub notbefore: Reading<Moment>,
        /// Until when it holds.
        pub notafter: Reading<Moment>,
        /// Its SHA-256 fingerprint, as one gives it when connecting.
        pub fingerprint: Reading<Text>,
        /// The kind of its public key.
        #[field("public-key-type")]
        pub public_key_type: Reading<Text>,
        /// The length of its public key.
        #[field("public-key-bits")]
        pub public_key_bits: Reading<u64>,
        /// The certificate itself, which is public.
        pub pem: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Certificate: "/nodes/{node}/certificates/info");

impl Node {
    /// The certificates that it shows, from `/nodes/{node}/certificates/info`. Needs no privilege.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let certificates = Pve::demo()?.node("pve1")?.certificates()?;
    /// assert!(certificates.all(|certificate| certificate.left().is_some()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn certificates(&self) -> Result<List<Certificate>, Error> {
        Ask::new(&self.session, self.path("certificates/info"))
            .titled(format!("Certificates of {}", self.name.raw()))
            .question("Which certificates does it show, and until when do they hold?")
            .place(self.place())
            .list()
    }
}

impl Certificate {
    /// How long it still held when it was read; zero when it held no more. `None` when that is not known.
    pub fn left(&self) -> Option<Age> {
        Some(self.notafter.known()?.since(self.origin.provenance().at?))
    }

    fn state_cell(&self) -> Cell {
        const SOON: Age = Age(14 * 86_400);
        match self.left() {
            None => self.notafter.into(),
            Some(Age(0)) => State::new(Tone::Wrong, "expired").into(),
            Some(left) if left < SOON => State::new(Tone::Held, format!("{left} left")).into(),
            Some(left) => State::new(Tone::Good, format!("{left} left")).into(),
        }
    }
}

impl Listed for Certificate {
    const NOUN: (&'static str, &'static str) = ("certificate", "certificates");

    fn columns() -> Vec<Column<Certificate>> {
        vec![
            column!("File", |c: &Certificate| c.filename.clone()),
            column!("State", Certificate::state_cell).by(
                "notafter",
                "the time from the answer until then; on hold when it is less than 14 days, wrong when it is past",
            ),
            column!("Holds until", |c: &Certificate| c.notafter),
            column!("Holds for", |c: &Certificate| {
                c.san.iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
            }),
            column!("Subject", |c: &Certificate| c.subject.clone()),
            column!("Issuer", |c: &Certificate| c.issuer.clone()),
            column!("Fingerprint (SHA-256)", |c: &Certificate| c.fingerprint.clone().map(Cell::Code)),
        ]
    }

    fn summary(certificates: &[Certificate]) -> (String, String) {
        let first = certificates.iter().filter_map(|c| Some((c.left()?, c))).min_by_key(|(left, _)| *left);
        let rest = match first {
            None => ".".into(),
            Some((Age(0), first)) => format!("; {} has expired.", first.filename),
            Some((left, first)) => format!("; the first to expire is {}, in {left}.", first.filename),
        };
        (count(certificates.len(), Certificate::NOUN), rest)
    }
}
