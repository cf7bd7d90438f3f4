//! A second person's agreement to what is planned: a signature by their SSH key over a few lines that say what it is.
//!
//! Knows what has to be signed and whose signature it is; knows no plan, and keeps no keys.

use std::fmt;

use ring::hmac;

use crate::error::Error;
use crate::journal::{Event, Kind};
use crate::page::{Cell, Page};
use crate::render::View;
use crate::text::Text;

mod key;
mod request;
mod signature;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use request::{Asked, Request};

use key::Key;
use signature::Signature;

/// What tells one session's requests from those of all others, so that they cannot be made up elsewhere.
pub(crate) type Seal = hmac::Key;

/// What the signatures are for, so that none made for anything else is taken: the `-n` of `ssh-keygen -Y sign`.
const NAMESPACE: &str = "pve-notebook";

/// A second person who may agree to what is planned, known by their SSH key: what they have in `~/.ssh/id_ed25519.pub`.
/// Keys of the kinds Ed25519 (also on a hardware token), ECDSA (P-256, P-384) and RSA are understood.
///
/// They sign the lines that are shown, with nothing but OpenSSH:
///
/// ```sh
/// ssh-keygen -Y sign -n pve-notebook -f ~/.ssh/id_ed25519 plan.txt    # writes plan.txt.sig
/// ```
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let bob = Approver::new("bob", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDlmFcPUrC5NZNOV5vU5IuZYgMcYYXJ0Sm4kWxgXZ0hG bob@desk")?;
/// assert_eq!(bob.name(), "bob");
/// assert!(bob.fingerprint().starts_with("SHA256:"));
/// assert!(bob.verify("any lines", "no signature").is_err());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Approver {
    name: Text,
    key: Key,
}

/// That somebody agreed: who, to what, and the signature that shows it.
///
/// Who doubts it needs nothing of this crate: with the lines, the signature and a file that names the key,
/// `ssh-keygen -Y verify -n pve-notebook -f allowed_signers -I bob -s plan.txt.sig < plan.txt` says the same.
#[derive(Clone)]
pub struct Approval {
    by: Approver,
    text: Text,
    signature: Text,
}

impl Approver {
    /// A person by a name and their public key, the line of a `.pub` file.
    ///
    /// # Errors
    /// When the name is empty, or the line is no public key of a kind that is understood.
    pub fn new(name: &str, public_key: &str) -> Result<Approver, Error> {
        if name.trim().is_empty() {
            return Err(Error::setup("An approver without a name", "Say who it is: Approver::new(\"bob\", …)"));
        }
        let key = Key::read(public_key).map_err(|why| {
            Error::setup(
                format!("That is no public key of {}: {why}", Text::from(name.trim())),
                "Give the line that is in their ~/.ssh/id_ed25519.pub",
            )
        })?;
        Ok(Approver { name: name.trim().into(), key })
    }

    /// Who it is.
    pub fn name(&self) -> Text {
        self.name.clone()
    }

    /// The fingerprint of the key, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> Text {
        self.key.fingerprint().into()
    }

    /// Whether these lines were signed by this person for this purpose: `signature` is what `ssh-keygen -Y sign` made, from
    /// `-----BEGIN SSH SIGNATURE-----` on. Whether the lines end with a line break does not matter.
    ///
    /// # Errors
    /// [`Error::NotApproved`]: it is no signature, or one of another key, for another purpose, or over other lines.
    pub fn verify(&self, text: &str, signature: &str) -> Result<Approval, Error> {
        let refused = |why: String, next: &str| Error::NotApproved {
            approver: self.name.clone(),
            why: why.into(),
            next: next.into(),
        };
        const AGAIN: &str = "Have the lines signed that the plan shows now, with the command beside them";
        let read = Signature::read(signature).map_err(|why| refused(why, AGAIN))?;
        if read.key != self.key.blob() {
            let theirs = key::fingerprint(&read.key);
            let why = format!("it is signed with another key, {theirs}, and not with {}", self.fingerprint());
            return Err(refused(why, "Name the key's owner as the approver, if it is somebody who may approve"));
        }
        if read.namespace != NAMESPACE.as_bytes() {
            let other = Text::from(String::from_utf8_lossy(&read.namespace).as_ref());
            return Err(refused(format!("it is signed for \"{other}\" and not for \"{NAMESPACE}\""), AGAIN));
        }
        // An editor may have added an end to the last line, or have left it out, or ended lines as Windows does.
        let lines = text.trim_end_matches(['\r', '\n']);
        let forms = [format!("{lines}\n"), lines.to_owned(), format!("{lines}\n").replace('\n', "\r\n")];
        if !forms.iter().any(|form| read.is_over(form.as_bytes(), &self.key)) {
            let why = "their key signed something else: another plan, this one before it or its target changed, or in another \
                       session";
            return Err(refused(why.into(), AGAIN));
        }
        Ok(Approval { by: self.clone(), text: text.into(), signature: signature.trim().into() })
    }
}

impl Approval {
    /// Who agreed.
    pub fn approver(&self) -> Approver {
        self.by.clone()
    }

    /// What was signed.
    pub fn text(&self) -> Text {
        self.text.clone()
    }

    /// The signature, as it was given.
    pub fn signature(&self) -> Text {
        self.signature.clone()
    }

    /// As it goes into the journal, about the plan of this title.
    pub(crate) fn event(&self, title: &Text) -> Event {
        Event::new(Kind::Approved, title)
            .detail(format!("by {} with the key {}", self.by.name.raw(), self.by.key.fingerprint()))
            .signed(&self.text, &self.signature)
    }
}

impl fmt::Debug for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Approver({}, {})", self.name, self.fingerprint())
    }
}

impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Approval(by {})", self.by.name)
    }
}

impl View for Approver {
    fn page(&self) -> Page {
        Page::new(format!("Approver {}", self.name.raw()))
            .facts([("Name", Cell::from(&self.name)), ("Key", Cell::Code(self.fingerprint()))])
    }
}

impl View for Approval {
    fn page(&self) -> Page {
        Page::new("Approval")
            .question("Who agreed, and to what?")
            .answer(self.by.name.clone(), " signed these lines.")
            .lines(self.text.raw().lines())
            .facts([("Key", Cell::Code(self.by.fingerprint()))])
            .section("The signature", Page::new("").lines(self.signature.raw().lines()))
    }
}
