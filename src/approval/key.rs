//! Public keys as OpenSSH writes them, and whether a signature is by one. The mathematics is ring's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::approval::signature::Fields;
use crate::text::Text;

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// As it is written, and as signatures name it.
    blob: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Ed25519(Vec<u8>),
    /// On a hardware token, which signs for an application.
    Ed25519OnToken {
        key: Vec<u8>,
        application: Vec<u8>,
    },
    EcdsaP256(Vec<u8>),
    EcdsaP384(Vec<u8>),
    Rsa {
        e: Vec<u8>,
        n: Vec<u8>,
    },
}

impl Key {
    /// The line of a `.pub` file.
    pub(super) fn read(line: &str) -> Result<Key, String> {
        if line.contains("PRIVATE KEY") {
            return Err("it is a private key, which nobody but its owner may have; it was not kept here".into());
        }
        let mut words = line.split_whitespace();
        let (Some(kind), Some(encoded)) = (words.next(), words.next()) else {
            return Err("it is not of the form \"ssh-ed25519 AAAA… name\"".into());
        };
        if line.trim().lines().count() > 1 {
            return Err("it has several lines, and one key is one line".into());
        }
        if !is_known(kind) {
            let kind = Text::from(kind).brief(60);
            return Err(format!("keys of the kind {kind} are not understood; ssh-keygen -t ed25519 makes one that is"));
        }
        let broken = || "it is cut or changed: what follows its kind is not a key of that kind".to_owned();
        let blob = STANDARD.decode(encoded).map_err(|_| broken())?;
        let mut fields = Fields(&blob);
        let read =
            fields.string().filter(|inside| *inside == kind.as_bytes()).and_then(|_| Kind::read(kind, &mut fields));
        let kind = read.filter(|_| fields.0.is_empty()).ok_or_else(broken)?;
        Ok(Key { blob, kind })
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// Whether this is its signature of the message: the name of how it was made, then what that takes.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let mut fields = Fields(signature);
        let (Some(how), Some(signature)) = (fields.string(), fields.string()) else { return false };
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        match (&self.kind, how) {
            (Kind::Ed25519(key), b"ssh-ed25519") => fields.0.is_empty() && by(&ED25519, key, message, signature),
            (Kind::Ed25519OnToken { key, application }, b"sk-ssh-ed25519@openssh.com") => {
                const TOUCHED: u8 = 1;
                let [flags, _, _, _, _] = fields.0 else { return false };
                let about =
                    [digest(&SHA256, application).as_ref(), fields.0, digest(&SHA256, message).as_ref()].concat();
                flags & TOUCHED != 0 && by(&ED25519, key, &about, signature)
            }
            (Kind::EcdsaP256(key), b"ecdsa-sha2-nistp256") => {
                let fixed = both_numbers(signature, 32).filter(|_| fields.0.is_empty());
                fixed.is_some_and(|signature| by(&ECDSA_P256_SHA256_FIXED, key, message, &signature))
            }
            (Kind::EcdsaP384(key), b"ecdsa-sha2-nistp384") => {
                let fixed = both_numbers(signature, 48).filter(|_| fields.0.is_empty());
                fixed.is_some_and(|signature| by(&ECDSA_P384_SHA384_FIXED, key, message, &signature))
            }
            (Kind::Rsa { e, n }, b"rsa-sha2-256" | b"rsa-sha2-512") => {
                let algorithm =
                    if how == b"rsa-sha2-256" { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA512 };
                fields.0.is_empty() && RsaPublicKeyComponents { n, e }.verify(algorithm, message, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn is_known(kind: &str) -> bool {
    const KINDS: [&str; 5] =
        ["ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ssh-rsa"];
    KINDS.contains(&kind)
}

impl Kind {
    fn read(kind: &str, fields: &mut Fields<'_>) -> Option<Kind> {
        let mut next = || fields.string().map(<[u8]>::to_vec);
        Some(match kind {
            "ssh-ed25519" => Kind::Ed25519(next().filter(|key| key.len() == 32)?),
            "sk-ssh-ed25519@openssh.com" => {
                Kind::Ed25519OnToken { key: next().filter(|key| key.len() == 32)?, application: next()? }
            }
            "ecdsa-sha2-nistp256" => {
                next().filter(|curve| curve == b"nistp256").and_then(|_| next()).map(Kind::EcdsaP256)?
            }
            "ecdsa-sha2-nistp384" => {
                next().filter(|curve| curve == b"nistp384").and_then(|_| next()).map(Kind::EcdsaP384)?
            }
            "ssh-rsa" => Kind::Rsa { e: number(&next()?).to_vec(), n: number(&next()?).to_vec() },
            _ => return None,
        })
    }
}

/// A number without the zeros before it.
fn number(written: &[u8]) -> &[u8] {
    let zeros = written.iter().take_while(|byte| **byte == 0).count();
    &written[zeros..]
}

/// The two numbers of a signature one after the other, each of this length.
fn both_numbers(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut fields = Fields(signature);
    let (r, s) = (number(fields.string()?), number(fields.string()?));
    if !fields.0.is_empty() || r.len() > length || s.len() > length {
        return None;
    }
    Some([&vec![0; length - r.len()], r, &vec![0; length - s.len()], s].concat())
}

/// As `ssh-keygen -l` shows it.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, blob)))
}
