//! How to reach a cluster: addresses, who asks, and which certificate to trust.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::journal::Place;
use crate::pve::{Pve, variable};
use crate::text::Text;
use crate::wire::auth::{Ask, Auth, Code};
use crate::wire::https::Connect;
use crate::wire::tls::{Fingerprint, Trust};

/// A connection being described; [`connect`](Connection::connect) makes it.
///
/// ```no_run
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// # let secret = "";
/// let pve = Pve::at("https://pve1:8006")
///     .or_at("https://pve2:8006")
///     .token("audit@pve!notebook", secret)
///     .fingerprint("AB:CD:…")
///     .connect()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a connection comes about by .connect()?"]
pub struct Connection {
    endpoints: Vec<String>,
    auth: Option<Result<Auth, Error>>,
    code: Option<Result<Code, Error>>,
    trust: Option<Result<Trust, Error>>,
    write: Option<String>,
}

impl Connection {
    pub(super) fn at(url: &str) -> Connection {
        Connection { endpoints: vec![url.to_owned()], auth: None, code: None, trust: None, write: None }
    }

    /// A further node of the same cluster, tried when those before it cannot be reached.
    pub fn or_at(mut self, url: &str) -> Connection {
        self.endpoints.push(url.to_owned());
        self
    }

    /// Asks with an API token: its id, `user@realm!name`, and its secret.
    pub fn token(mut self, id: &str, secret: impl Into<SecretString>) -> Connection {
        self.auth = Some(Auth::token(id, &secret.into()));
        self
    }

    /// Asks as a user, `name@realm`, with a password.
    pub fn password(mut self, user: &str, password: impl Into<SecretString>) -> Connection {
        self.auth = Some(Auth::password(user, &password.into()));
        self
    }

    /// The code of an authenticator app, for a user with a second factor (TOTP). It holds for half a minute and once, so
    /// the connection keeps its login alive for as long as it is held; when that has ended, connect again.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// # let password = "";
    /// let pve = Pve::at("https://pve1:8006").password("alice@pve", password).otp("123456").connect()?;
    /// # Ok(()) }
    /// ```
    pub fn otp(mut self, code: impl Into<SecretString>) -> Connection {
        self.code = Some(Code::totp(&code.into()));
        self
    }

    /// A recovery code, for a user with a second factor: one of those that were shown once, to be kept on paper. It is
    /// used up by the login.
    pub fn recovery_code(mut self, code: impl Into<SecretString>) -> Connection {
        self.code = Some(Code::recovery(&code.into()));
        self
    }

    /// Asks as a user, whose password the notebook asks for and does not keep. Where the server wants a second factor,
    /// its code is asked for as well.
    pub fn ask_password(self, user: &str) -> Connection {
        // The kernel cuts a prompt at a colon, and answers "" when nobody can be asked.
        let given = evcxr_input::get_password(&format!("Password of {user} "));
        if given.is_empty() {
            let auth = Err(Error::setup(
                format!("No password was given for {user}"),
                "Where nobody can be asked, as in a scheduled run, use a token: .token(\"user@realm!name\", secret)",
            ));
            return Connection { auth: Some(auth), ..self };
        }
        let connection = self.password(user, given);
        let ask: Ask = Arc::new(|prompt| evcxr_input::get_password(prompt).into());
        Connection { auth: connection.auth.map(|auth| auth.map(|auth| auth.asking(ask))), ..connection }
    }

    /// Trusts exactly the certificate with this SHA-256 fingerprint, as the node shows it under System, Certificates.
    /// Each node has its own: call it once for each that may be connected to.
    pub fn fingerprint(mut self, fingerprint: &str) -> Connection {
        let pin = Fingerprint::parse(fingerprint);
        self.trust = Some(match (self.trust, pin) {
            (_, Err(error)) | (Some(Err(error)), _) => Err(error),
            (Some(Ok(Trust::Pinned(mut pins))), Ok(pin)) => {
                pins.push(pin);
                Ok(Trust::Pinned(pins))
            }
            (_, Ok(pin)) => Ok(Trust::Pinned(vec![pin])),
        });
        self
    }

    /// Trusts what the certificate authority in this PEM file has signed: `/etc/pve/pve-root-ca.pem` of a node.
    pub fn ca_file(mut self, path: impl AsRef<Path>) -> Connection {
        self.trust = Some(Ok(Trust::Authority(path.as_ref().to_path_buf())));
        self
    }

    /// Connects, and sees that the login holds.
    ///
    /// # Errors
    /// When the description is incomplete or wrong, no node can be reached, its certificate is not trusted, or the
    /// login is refused.
    pub fn connect(self) -> Result<Pve, Error> {
        let auth = self.auth.unwrap_or_else(|| {
            Err(Error::setup(
                "Who is asking was not said",
                "Give an API token, .token(\"user@realm!name\", secret), or a user, .password(\"name@realm\", secret)",
            ))
        })?;
        let auth = match self.code {
            Some(code) => auth.with_code(code?)?,
            None => auth,
        };
        let trust = self.trust.unwrap_or(Ok(Trust::System))?;
        let pve = Pve::over(Arc::new(Connect::new(self.endpoints, auth, trust).open()?))?;
        pve.session.keep_journal(Place::from_env(&variable));
        if let Some(why) = self.write {
            pve.arm(&why)?;
        }
        Ok(pve)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands before an @ is a name and a password that do not belong there.
        let shown = |url: &String| Text::from(url.rsplit('@').next().unwrap_or_default()).to_string();
        write!(f, "Connection({})", self.endpoints.iter().map(shown).collect::<Vec<_>>().join(", "))
    }
}

/// From variables that `var` looks up.
pub(super) fn from_env(var: &dyn Fn(&str) -> Option<String>) -> Result<Pve, Error> {
    let url = var("PVE_URL").ok_or_else(|| {
        Error::setup(
            "The environment variable PVE_URL is not set",
            "Set it to the address of a node, https://pve1:8006, or to demo: for the built-in cluster, before the notebook server starts",
        )
    })?;
    if url.trim() == "demo:" {
        return Pve::demo();
    }
    if let Some(path) = url.trim().strip_prefix("file:") {
        return Pve::open_recording(path.strip_prefix("//").unwrap_or(path));
    }
    if url.trim() == "demo" || urls_first(&url).is_empty() {
        return Err(Error::setup(
            format!("PVE_URL holds no address: {url}"),
            "Set it to the address of a node, https://pve1:8006, or to demo: (with the colon) for the built-in cluster",
        ));
    }
    let urls = url.split(',').map(str::trim).filter(|url| !url.is_empty());
    let connection = urls.fold(Connection::at(urls_first(&url)), |connection, next| {
        if connection.endpoints == [next] { connection } else { connection.or_at(next) }
    });
    let connection = Connection { auth: Some(auth_from_env(var)), write: var("PVE_WRITE"), ..connection };
    trusting(connection, var)?.connect()
}

/// The connection with what the variables say of certificates.
fn trusting(connection: Connection, var: &dyn Fn(&str) -> Option<String>) -> Result<Connection, Error> {
    match (var("PVE_FINGERPRINT"), var("PVE_CA_FILE")) {
        (Some(_), Some(_)) => Err(Error::setup(
            "Both PVE_FINGERPRINT and PVE_CA_FILE are set",
            "Keep one: a fingerprint trusts one certificate, a CA file all that it signed",
        )),
        (Some(pins), None) => {
            let pins = pins.split(',').map(str::trim).filter(|pin| !pin.is_empty());
            Ok(pins.fold(connection, |connection, pin| connection.fingerprint(pin)))
        }
        (None, Some(path)) => Ok(connection.ca_file(path)),
        (None, None) => Ok(connection),
    }
}

fn urls_first(urls: &str) -> &str {
    urls.split(',').map(str::trim).find(|url| !url.is_empty()).unwrap_or_default()
}

/// The token that a file or a command gave.
fn token_from(named_by: &str, line: &SecretString) -> Result<Auth, Error> {
    if line.expose_secret().trim().is_empty() {
        return Err(Error::setup(
            format!("{named_by} gave nothing"),
            "It should hold or print one line: user@realm!name=secret",
        ));
    }
    Auth::token_line(line)
}

fn auth_from_env(var: &dyn Fn(&str) -> Option<String>) -> Result<Auth, Error> {
    if let Some(token) = var("PVE_TOKEN") {
        return Auth::token_line(&token.into());
    }
    if let Some(path) = var("PVE_TOKEN_FILE") {
        return token_from("PVE_TOKEN_FILE", &read(Path::new(&path), "PVE_TOKEN_FILE")?.into());
    }
    if let Some(command) = var("PVE_TOKEN_COMMAND") {
        return token_from("PVE_TOKEN_COMMAND", &said_by(&command)?);
    }
    match (var("PVE_USER"), var("PVE_PASSWORD")) {
        (Some(user), Some(password)) => {
            let auth = Auth::password(&user, &password.into())?;
            var("PVE_OTP").map_or(Ok(auth.clone()), |code| auth.with_code(Code::either(&code.into())?))
        }
        (Some(user), None) => Err(Error::setup(
            format!("PVE_USER is {user}, but PVE_PASSWORD is not set"),
            "Set it, or use a token: PVE_TOKEN=user@realm!name=secret",
        )),
        (None, _) => Err(Error::setup(
            "No login is set in the environment",
            "Set PVE_TOKEN=user@realm!name=secret, or PVE_TOKEN_FILE or PVE_TOKEN_COMMAND that give the same, or PVE_USER and PVE_PASSWORD",
        )),
    }
}

fn read(path: &Path, named_by: &str) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|e| {
        Error::setup(
            format!("{named_by}: {} cannot be read: {e}", path.display()),
            "Check that it exists and that you may read it",
        )
    })
}

/// What a command prints: the way to a password manager.
fn said_by(command: &str) -> Result<SecretString, Error> {
    let next = "Run it in a terminal: it should print user@realm!name=secret and nothing else";
    let output = Command::new("sh")
        .args(["-c", command])
        .output()
        .map_err(|e| Error::setup(format!("PVE_TOKEN_COMMAND could not be run: {e}"), next))?;
    if !output.status.success() {
        return Err(Error::setup(format!("PVE_TOKEN_COMMAND failed ({})", output.status), next));
    }
    String::from_utf8(output.stdout)
        .map(Into::into)
        .map_err(|_| Error::setup("PVE_TOKEN_COMMAND did not print text", next))
}

pub(super) fn from_file(path: &Path, var: &dyn Fn(&str) -> Option<String>) -> Result<Pve, Error> {
    let text = read(path, "The connection file")?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let [host, id, secret] = lines[..] else {
        return Err(Error::setup(
            format!("The connection file {} has {} lines and not three", path.display(), lines.len()),
            "It holds host and port, the token's id (user@realm!name), and its secret, a line each",
        ));
    };
    let url = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    trusting(Pve::at(&url).token(id, secret), var)?.connect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn from(vars: &[(&str, &str)], words: &str) {
        let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let error = from_env(&var).unwrap_err().to_string();
        assert!(error.contains(words), "{error}\ndoes not say: {words}");
        assert!(!error.contains("s3cret"), "{error}");
    }

    #[test]
    fn an_environment_that_says_too_little_or_too_much_is_told_what_to_set() {
        const URL: (&str, &str) = ("PVE_URL", "https://127.0.0.1:9");
        from(&[], "PVE_URL is not set");
        from(&[("PVE_URL", "file:/nowhere/prod.pve.json")], "The recording /nowhere/prod.pve.json cannot be read");
        from(&[("PVE_URL", "file:///nowhere/prod.pve.json")], "The recording /nowhere/prod.pve.json cannot be read");
        from(&[URL], "No login is set in the environment");
        from(&[URL, ("PVE_USER", "root@pam")], "PVE_PASSWORD is not set");
        from(
            &[URL, ("PVE_USER", "root@pam"), ("PVE_PASSWORD", "s3cret"), ("PVE_OTP", "12 34")],
            "The code of the authenticator app is none. It has six digits",
        );
        from(&[URL, ("PVE_TOKEN", "s3cret")], "no \"=\" between");
        from(&[URL, ("PVE_TOKEN_FILE", "/nonexistent/token")], "PVE_TOKEN_FILE: /nonexistent/token cannot be read");
        from(&[URL, ("PVE_TOKEN_COMMAND", "echo s3cret >&2; exit 3")], "PVE_TOKEN_COMMAND failed");
        from(&[URL, ("PVE_TOKEN_COMMAND", "true")], "PVE_TOKEN_COMMAND gave nothing");
        from(&[("PVE_URL", "demo"), ("PVE_TOKEN", "s3cret")], "demo: (with the colon)");
        from(&[("PVE_URL", ",,")], "PVE_URL holds no address");
        from(
            &[URL, ("PVE_TOKEN", "a@pve!n=s3cret"), ("PVE_FINGERPRINT", "AB:CD")],
            "fingerprint is not one of SHA-256",
        );
        let pins = format!("{}, ", "AB".repeat(32));
        from(
            &[URL, ("PVE_TOKEN", "a@pve!n=s3cret"), ("PVE_FINGERPRINT", &pins)],
            "Cannot connect to https://127.0.0.1:9",
        );
        from(
            &[URL, ("PVE_TOKEN", "a@pve!n=s3cret"), ("PVE_FINGERPRINT", "AB"), ("PVE_CA_FILE", "ca.pem")],
            "Both PVE_FINGERPRINT and PVE_CA_FILE are set",
        );
        from(&[URL, ("PVE_TOKEN_COMMAND", "echo a@pve!n=s3cret")], "Cannot connect to https://127.0.0.1:9");
    }

    #[test]
    fn the_environment_can_name_the_demo() {
        let pve = from_env(&|name| (name == "PVE_URL").then(|| "demo:".to_owned())).unwrap();
        assert_eq!(pve.nodes().unwrap().len(), 4);
    }

    #[test]
    fn a_code_is_looked_at_before_anything_is_sent_and_has_no_use_for_a_token() {
        let nobody = || Pve::at("https://127.0.0.1:9");
        let said = |connection: Connection| connection.connect().unwrap_err().to_string();
        let user = || nobody().password("root@pam", "s3cret");
        assert!(said(user().otp("12345")).starts_with("The code of the authenticator app is none"));
        assert!(said(user().recovery_code("123456")).starts_with("The recovery code is none"));
        assert!(said(user().otp("123456")).starts_with("Cannot connect"));
        let token = said(nobody().otp("123456").token("a@pve!n", "s3cret"));
        assert!(
            token.starts_with("A code of a second factor was given, but the API token a@pve!n needs none"),
            "{token}"
        );
    }

    #[test]
    fn a_description_shows_no_secret() {
        let connection = Pve::at("https://pve1:8006").token("a@pve!n", "s3cret").password("root@pam", "s3cret");
        assert_eq!(format!("{connection:?}"), "Connection(https://pve1:8006)");
        assert_eq!(format!("{:?}", Pve::at("https://root:s3cret@pve1:8006")), "Connection(pve1:8006)");
    }
}
