//! Whom to trust: the system's roots, a CA file, or pinned fingerprints. Knows certificates; knows nothing of calls.
//!
//! There is no switch that accepts anything. With a pin the name in the certificate is not looked at, which is what a
//! pin means (a node of Proxmox VE signs its own certificate); the signature of the handshake is always verified.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use crate::error::Error;
use crate::text::Text;
use crate::wire::endpoint::Endpoint;
use crate::wire::outage::causes;

/// How a server proves that it is the right one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trust {
    /// By a certificate that the system's roots vouch for.
    #[default]
    System,
    /// By a certificate that a CA in this PEM file vouches for.
    Authority(PathBuf),
    /// By one of these very certificates: each node of a cluster has its own.
    Pinned(Vec<Fingerprint>),
}

/// The SHA-256 fingerprint of a certificate, shown as `AB:CD:…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Reads `AB:CD:…` or plain hex in any case, also with what `openssl` prints before it.
    pub(crate) fn parse(word: &str) -> Result<Fingerprint, Error> {
        let hex: String = word
            .rsplit('=')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, ':' | '-'))
            .collect();
        let wrong = |why: String| {
            Error::setup(
                format!("The fingerprint is not one of SHA-256: {why}"),
                format!("It has 32 pairs of hex digits, AB:CD:… {HOW_TO_SEE}"),
            )
        };
        if let Some(odd) = hex.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(wrong(format!("it holds \"{}\"", Text::from(odd.to_string()))));
        }
        let mut bytes = [0; 32];
        match hex.len() {
            64 => {}
            40 => return Err(wrong("with 20 pairs it is one of SHA-1".to_owned())),
            len => return Err(wrong(format!("it has {len} hex digits, not 64"))),
        }
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).map_err(|e| wrong(e.to_string()))?;
        }
        Ok(Fingerprint(bytes))
    }

    fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Fingerprint(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if n == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a person sees the true fingerprint, by a way that does not lead over the connection in question.
const HOW_TO_SEE: &str = "See it in a shell on the node: openssl x509 -noout -fingerprint -sha256 -in \
    /etc/pve/local/pveproxy-ssl.pem (/etc/pve/local/pve-ssl.pem where that is not there), or in the console under the \
    node, System, Certificates";

/// The TLS side of a connection. The provider is passed explicitly: a process-wide default would differ from cell to cell.
pub(crate) fn config(trust: &Trust) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = Judge { basis: basis(trust, &provider)?, provider: Arc::clone(&provider) };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::setup(format!("TLS cannot be used: {e}"), "This is a fault of the program"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_no_client_auth())
}

fn basis(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Basis, Error> {
    match trust {
        Trust::System => {
            let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider)).map_err(|e| {
                Error::setup(
                    format!("The certificates that this system trusts could not be read: {e}"),
                    "Name a CA file with .ca_file(\"pve-root-ca.pem\") or pin the node with .fingerprint(\"AB:CD:…\")",
                )
            })?;
            Ok(Basis::Chain(Arc::new(system)))
        }
        Trust::Authority(file) => Ok(Basis::Chain(authority(file, provider)?)),
        Trust::Pinned(pins) => Ok(Basis::Pins(pins.clone())),
    }
}

fn authority(file: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let wrong = |why: String| {
        Error::setup(
            format!("The CA file {} cannot be used: {why}", file.display()),
            "A cluster's own CA is /etc/pve/pve-root-ca.pem on each of its nodes; copy that file",
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(said(&e)))? {
        let certificate = certificate.map_err(|e| wrong(said(&e)))?;
        roots.add(certificate).map_err(|e| wrong(format!("a certificate in it is damaged ({e})")))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it (a PEM file has -----BEGIN CERTIFICATE-----)".to_owned()));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|e| wrong(e.to_string()))?;
    Ok(verifier)
}

fn said(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(io) => io.to_string(),
        other => other.to_string(),
    }
}

#[derive(Debug)]
enum Basis {
    Chain(Arc<dyn ServerCertVerifier>),
    Pins(Vec<Fingerprint>),
}

/// Judges a server's certificate, and says in its refusal which one was presented.
#[derive(Debug)]
struct Judge {
    basis: Basis,
    provider: Arc<CryptoProvider>,
}

/// Anybody can show a certificate; only its owner can sign with its key.
const NOT_ITS_OWN: &str = "the server shows it but does not hold its key";

impl Judge {
    fn refuse(&self, presented: Fingerprint, why: &str) -> rustls::Error {
        let advice = match &self.basis {
            _ if why == NOT_ITS_OWN => Advice::Stop,
            Basis::Pins(_) => Advice::PinAgain,
            Basis::Chain(_) => Advice::Pin,
        };
        let distrust = Distrust { presented, why: why.to_owned(), advice };
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(distrust))))
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented = Fingerprint::of(end_entity);
        match &self.basis {
            Basis::Pins(pins) if pins.contains(&presented) => Ok(ServerCertVerified::assertion()),
            Basis::Pins(_) => Err(self.refuse(presented, "its fingerprint is not the pinned one")),
            Basis::Chain(chain) => chain
                .verify_server_cert(end_entity, intermediates, name, ocsp, now)
                .map_err(|error| self.refuse(presented, &in_words(&error))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
            .map_err(|_| self.refuse(Fingerprint::of(certificate), NOT_ITS_OWN))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
            .map_err(|_| self.refuse(Fingerprint::of(certificate), NOT_ITS_OWN))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn in_words(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(why) = error else { return error.to_string() };
    match why {
        CertificateError::UnknownIssuer => "nobody that is trusted here has signed it".to_owned(),
        CertificateError::BadSignature => "the CA that it names has not signed it".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was made for another name than the one in the address".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is this machine's clock right?".to_owned()
        }
        other => other.to_string(),
    }
}

/// Why a certificate was refused. Travels through rustls, hyper and reqwest as the source of their errors.
#[derive(Debug)]
pub(crate) struct Distrust {
    presented: Fingerprint,
    why: String,
    advice: Advice,
}

#[derive(Debug, PartialEq)]
enum Advice {
    Pin,
    PinAgain,
    Stop,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Distrust {}

impl Distrust {
    /// The refusal of a certificate inside of a client's error, if it is one.
    pub(crate) fn in_chain<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Distrust> {
        causes(error).find_map(|cause| match cause.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(why)))) => why.downcast_ref(),
            _ => None,
        })
    }

    /// What a person is told: what was presented, how to see the truth, what to do with it.
    pub(crate) fn at(&self, endpoint: &Endpoint) -> Error {
        let presented = self.presented.to_string();
        let next = match self.advice {
            Advice::PinAgain => format!(
                "{HOW_TO_SEE}. If it shows {presented}, the node has got a new certificate, so pin that one; if not, \
                 something stands between you and the node: do not go on"
            ),
            Advice::Pin => format!(
                "{HOW_TO_SEE}. If it shows {presented}, pin it with .fingerprint(\"{presented}\") or PVE_FINGERPRINT, or \
                 name the cluster's CA with .ca_file(\"pve-root-ca.pem\"); if not, do not go on"
            ),
            Advice::Stop => "Something stands between you and the node: do not go on".to_owned(),
        };
        Error::Untrusted {
            endpoint: endpoint.shown(),
            why: format!("{}; the server presented the SHA-256 fingerprint {presented}", self.why).into(),
            presented: Some(presented.into()),
            next: next.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "59:48:B8:8B:76:01:89:33:34:EC:F1:77:41:88:88:95:3D:61:99:21:77:B2:EA:C6:79:76:82:07:F4:8A:C4:4F";

    #[test]
    fn a_fingerprint_is_read_however_it_was_copied() {
        for word in [
            HEX.to_owned(),
            HEX.to_lowercase(),
            HEX.replace(':', ""),
            format!(" {} \n", HEX.replace(':', " ")),
            format!("sha256 Fingerprint={HEX}"),
        ] {
            assert_eq!(Fingerprint::parse(&word).unwrap().to_string(), HEX, "{word}");
        }
    }

    #[track_caller]
    fn assert_refused(word: &str, why: &str) {
        let said = Fingerprint::parse(word).unwrap_err().to_string();
        assert!(said.starts_with(&format!("The fingerprint is not one of SHA-256: {why}. It has 32 pairs")), "{said}");
    }

    #[test]
    fn what_is_no_fingerprint_is_refused_with_the_reason() {
        assert_refused("", "it has 0 hex digits, not 64");
        assert_refused(&HEX[..92], "it has 62 hex digits, not 64");
        assert_refused(&HEX[..59], "with 20 pairs it is one of SHA-1");
        assert_refused(&HEX.replace('A', "X"), "it holds \"X\"");
        assert_refused(&HEX.replace('A', "é"), "it holds \"é\"");
    }

    #[test]
    fn a_ca_file_that_is_of_no_use_says_so() {
        let folder = std::env::temp_dir().join(format!("pve-notebook-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let said = |name: &str, content: Option<&str>| {
            let file = folder.join(name);
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            config(&Trust::Authority(file)).unwrap_err().to_string()
        };
        assert!(said("none.pem", None).contains("none.pem cannot be used: No such file"));
        assert!(said("empty.pem", Some("")).contains("empty.pem cannot be used: there is no certificate in it"));
        assert!(said("words.pem", Some("hello")).contains("there is no certificate in it"));
        let damaged = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert!(said("damaged.pem", Some(damaged)).contains("a certificate in it is damaged"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
