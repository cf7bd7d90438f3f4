//! Signatures as `ssh-keygen -Y sign` makes them: the form that OpenSSH's PROTOCOL.sshsig describes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA512, digest};

use crate::approval::NAMESPACE;
use crate::approval::key::Key;
use crate::text::Text;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// What such a signature says of itself. Nothing of it is believed that the key did not sign.
pub(super) struct Signature {
    /// The public key of who signed.
    pub(super) key: Vec<u8>,
    pub(super) namespace: Vec<u8>,
    hash: &'static ring::digest::Algorithm,
    signature: Vec<u8>,
}

impl Signature {
    pub(super) fn read(armored: &str) -> Result<Signature, String> {
        if armored.contains("PRIVATE KEY") {
            return Err("that is a private key, which nobody but its owner may have; it was not kept here".into());
        }
        let inside = armored.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
        let Some((encoded, _)) = inside else {
            return Err(format!("it is not a signature, which goes from {BEGIN} to {END}"));
        };
        let encoded: String = encoded.split_whitespace().collect();
        let broken = || "the signature is cut or changed: what it is made of cannot be read".to_owned();
        let bytes = STANDARD.decode(encoded).map_err(|_| broken())?;
        let mut fields = Fields(bytes.strip_prefix(MAGIC).ok_or_else(broken)?);
        match fields.number() {
            Some(VERSION) => {}
            Some(version) => {
                return Err(format!(
                    "the signature is in version {version} of its form, and version {VERSION} is understood"
                ));
            }
            None => return Err(broken()),
        }
        let mut next = || fields.string().map(<[u8]>::to_vec).ok_or_else(broken);
        let (key, namespace, _reserved, hash, signature) = (next()?, next()?, next()?, next()?, next()?);
        if !fields.0.is_empty() {
            return Err(broken());
        }
        let hash = match hash.as_slice() {
            b"sha256" => &SHA256,
            b"sha512" => &SHA512,
            other => {
                let other = Text::from(String::from_utf8_lossy(other).as_ref()).brief(40);
                return Err(format!(
                    "the signature is over a hash of the kind {other}; sha256 and sha512 are understood"
                ));
            }
        };
        Ok(Signature { key, namespace, hash, signature })
    }

    /// Whether this key signed these bytes for our purpose.
    pub(super) fn is_over(&self, bytes: &[u8], key: &Key) -> bool {
        let name: &[u8] = if self.hash == &SHA256 { b"sha256" } else { b"sha512" };
        let mut signed = MAGIC.to_vec();
        for field in [NAMESPACE.as_bytes(), b"", name, digest(self.hash, bytes).as_ref()] {
            signed.extend_from_slice(&u32::try_from(field.len()).unwrap_or_default().to_be_bytes());
            signed.extend_from_slice(field);
        }
        key.signed(&signed, &self.signature)
    }
}

/// Fields one after the other, as SSH writes them.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// A number of four bytes.
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    /// Bytes after their number.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}
