//! A small TLS server for answers that no cluster gives on purpose: cut, slow, foreign ones. Keeps what it was asked.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether head and body came in one TLS record.
    pub(crate) in_one_record: bool,
}

impl Request {
    /// Method and path: `GET /api2/json/nodes`.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|h| h.1)
    }
}

/// What to do with a request.
pub(crate) enum Answer {
    /// Send this, and wait for the next.
    Send(String),
    /// Send these pieces with a pause before each, and hang up.
    Slowly(Duration, Vec<String>),
    /// Send the first, then the second over and over, until the other side hangs up.
    Endless(String, String),
    /// Send these bytes, whatever they are, and wait for the next.
    Bytes(Vec<u8>),
    /// Hang up.
    Cut,
}

/// An answer with its length.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> Answer {
    Answer::Send(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

/// A successful one of the API.
pub(crate) fn data(json: &str) -> Answer {
    http("200 OK", "Content-Type: application/json\r\n", &format!("{{\"data\":{json}}}"))
}

/// The server. Its threads end with the test process.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The certificate of the authority that signed the server's own, in PEM.
    pub(crate) authority: String,
    leaf: CertificateDer<'static>,
    pub(crate) fingerprint: String,
    seen: Arc<Seen>,
}

/// What the server has seen so far.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    connections: Mutex<usize>,
    /// How many bytes of endless answers went out.
    endless: AtomicUsize,
    /// The requests that are being answered.
    busy: Mutex<Vec<String>>,
    /// What was being answered at the moment when each request came, itself included.
    moments: Mutex<Vec<Vec<String>>>,
}

impl Seen {
    fn began(&self, request: &Request) {
        self.requests.lock().unwrap().push(request.clone());
        let mut busy = self.busy.lock().unwrap();
        busy.push(request.line().to_owned());
        self.moments.lock().unwrap().push(busy.clone());
    }

    fn ended(&self, request: &Request) {
        let mut busy = self.busy.lock().unwrap();
        let at = busy.iter().position(|line| line == request.line());
        at.map(|at| busy.swap_remove(at));
    }
}

impl Server {
    /// One for `127.0.0.1` that answers so.
    pub(crate) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        Server::named("127.0.0.1", answer)
    }

    /// One whose certificate was made for this name.
    pub(crate) fn named(name: &str, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let (authority, leaf, key) = certificates(name);
        Server::showing(authority, leaf, key, answer)
    }

    /// One that shows the certificate of another, whose key it does not have.
    pub(crate) fn impostor(of: &Server) -> Server {
        let (_, _, key) = certificates("127.0.0.1");
        Server::showing(of.authority.clone(), of.leaf.clone(), key, |_| data("null"))
    }

    fn showing(
        authority: String,
        leaf: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let fingerprint = hex(ring::digest::digest(&ring::digest::SHA256, &leaf).as_ref());
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let shown = CertifiedKey::new(vec![leaf.clone()], key);
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server { port, authority, leaf, fingerprint, seen: Arc::default() };
        let seen = Arc::clone(&server.seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                *seen.connections.lock().unwrap() += 1;
                let (config, answer, seen) = (Arc::clone(&config), Arc::clone(&answer), Arc::clone(&seen));
                thread::spawn(move || {
                    let tls = ServerConnection::new(config).unwrap();
                    // A client that refuses the certificate hangs up: that is the test's business.
                    let _ = serve(StreamOwned::new(tls, Tap::new(stream)), &*answer, &seen);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// What it was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Method and path of each request so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.line().to_owned()).collect()
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        *self.seen.connections.lock().unwrap()
    }

    /// How many bytes of endless answers went out.
    pub(crate) fn endless(&self) -> usize {
        self.seen.endless.load(Ordering::SeqCst)
    }

    /// How many requests of this kind, told by their first line, were being answered at once, at most.
    pub(crate) fn most_at_once(&self, kind: impl Fn(&str) -> bool) -> usize {
        let moments = self.seen.moments.lock().unwrap();
        moments.iter().map(|busy| busy.iter().filter(|line| kind(line)).count()).max().unwrap_or(0)
    }
}

fn serve(
    mut stream: StreamOwned<ServerConnection, Tap>,
    answer: &dyn Fn(&Request) -> Answer,
    seen: &Seen,
) -> io::Result<()> {
    while let Some(request) = read(&mut stream)? {
        seen.began(&request);
        let answer = answer(&request);
        // Before it is sent: the client may ask the next thing as soon as it has it.
        seen.ended(&request);
        match answer {
            Answer::Send(text) => {
                stream.write_all(text.as_bytes())?;
                stream.flush()?;
            }
            Answer::Slowly(pause, pieces) => {
                for piece in pieces {
                    thread::sleep(pause);
                    stream.write_all(piece.as_bytes())?;
                    stream.flush()?;
                }
                return Ok(());
            }
            Answer::Endless(head, piece) => {
                stream.write_all(head.as_bytes())?;
                loop {
                    stream.write_all(piece.as_bytes())?;
                    seen.endless.fetch_add(piece.len(), Ordering::SeqCst);
                }
            }
            Answer::Bytes(bytes) => {
                stream.write_all(&bytes)?;
                stream.flush()?;
            }
            Answer::Cut => return Ok(()),
        }
    }
    Ok(())
}

fn read(stream: &mut StreamOwned<ServerConnection, Tap>) -> io::Result<Option<Request>> {
    let mut text = Vec::new();
    let mut piece = [0; 16384];
    let mut records = stream.sock.records();
    loop {
        let end = text.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&text[..end]).into_owned();
            let mut request = Request { head, ..Request::default() };
            let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
            let whole = end + 4 + length;
            if text.len() >= whole {
                request.body = String::from_utf8_lossy(&text[end + 4..whole]).into_owned();
                request.in_one_record = stream.sock.records().split_off(records.len()).iter().any(|len| *len >= whole);
                return Ok(Some(request));
            }
        }
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            n => text.extend_from_slice(&piece[..n]),
        }
        if end.is_none() && text.is_empty() {
            records = stream.sock.records();
        }
    }
}

/// Looks at the TLS records as they arrive.
struct Tap {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Tap {
    fn new(stream: TcpStream) -> Tap {
        Tap { stream, seen: Vec::new() }
    }

    /// The lengths of the records so far.
    fn records(&self) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut rest = self.seen.as_slice();
        while let [_, _, _, high, low, more @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            lengths.push(length);
            rest = more.get(length..).unwrap_or_default();
        }
        lengths
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(buffer)?;
        self.seen.extend_from_slice(&buffer[..n]);
        Ok(n)
    }
}

impl Write for Tap {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// An authority, and a certificate that it signed for `name`.
fn certificates(name: &str) -> (String, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), leaf.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
