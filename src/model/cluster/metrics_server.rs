//! A metrics server: a database outside the cluster to which the nodes send their figures.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record, segment};
use crate::page::{State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Reading};

fields! {
    /// A metrics server, from `/cluster/metrics/server`. Needs Sys.Audit on `/`. The list has the first five fields;
    /// [`configured`](MetricsServer::configured) reads the others.
    #[derive(Clone, Default)]
    pub struct MetricsServer {
        /// Its name.
        pub id: Text,
        /// `graphite`, `influxdb` or `opentelemetry`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// Its address.
        pub server: Reading<Text>,
        /// Its port.
        pub port: Reading<u64>,
        /// Whether nothing is sent to it.
        #[field(loose::yes)]
        pub disable: bool,
        /// The largest packet.
        pub mtu: Reading<Bytes>,
        /// How long a send may take.
        pub timeout: Reading<Age>,
        /// Of Graphite: `udp` or `tcp`.
        pub proto: Option<Text>,
        /// Of Graphite: what the names of all figures begin with.
        pub path: Option<Text>,
        /// Of InfluxDB: `udp`, `http` or `https`.
        pub influxdbproto: Option<Text>,
        /// Of InfluxDB: the organization.
        pub organization: Option<Text>,
        /// Of InfluxDB: the bucket.
        pub bucket: Option<Text>,
        /// Of InfluxDB: what stands before its paths.
        #[field("api-path-prefix")]
        pub api_path_prefix: Option<Text>,
        /// Of InfluxDB: the most that is sent at once.
        #[field("max-body-size")]
        pub max_body_size: Reading<Bytes>,
        /// Of InfluxDB: whether its certificate is checked.
        #[field("verify-certificate")]
        pub verify_certificate: Reading<bool>,
        /// Of InfluxDB: whether a token is shown to it. The token itself is not kept.
        #[field("token", loose::is_set)]
        pub has_token: bool,
        /// Of OpenTelemetry: `http` or `https`.
        #[field("otel-protocol")]
        pub otel_protocol: Option<Text>,
        /// Of OpenTelemetry: its path.
        #[field("otel-path")]
        pub otel_path: Option<Text>,
        /// Of OpenTelemetry: `none` or `gzip`.
        #[field("otel-compression")]
        pub otel_compression: Option<Text>,
        /// Of OpenTelemetry: how long a send may take.
        #[field("otel-timeout")]
        pub otel_timeout: Reading<Age>,
        /// Of OpenTelemetry: the most that is sent at once.
        #[field("otel-max-body-size")]
        pub otel_max_body_size: Reading<Bytes>,
        /// Of OpenTelemetry: whether its certificate is checked.
        #[field("otel-verify-ssl")]
        pub otel_verify_ssl: Reading<bool>,
        /// Of OpenTelemetry: what is said of the cluster with each figure.
        #[field("otel-resource-attributes")]
        pub otel_resource_attributes: Option<Text>,
        /// Of OpenTelemetry: whether headers of its own are sent, which may hold keys and are not kept.
        #[field("otel-headers", loose::is_set)]
        pub has_headers: bool,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(MetricsServer: "/cluster/metrics/server", "/cluster/metrics/server/{id}");

impl MetricsServer {
    pub(crate) fn list(session: &Session) -> Result<List<MetricsServer>, Error> {
        Ask::new(session, "/cluster/metrics/server")
            .titled("Metrics servers")
            .question("Where do the nodes send their figures?")
            .list()
    }

    /// All of its configuration, from `/cluster/metrics/server/{id}`; never its token.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn configured(&self) -> Result<MetricsServer, Error> {
        let id = self.id.clone();
        Ask::new(self.origin.session()?, format!("/cluster/metrics/server/{}", segment(&self.id)))
            .one_with(|server: &mut MetricsServer| server.id = id)
    }
}

impl Listed for MetricsServer {
    const NOUN: (&'static str, &'static str) = ("metrics server", "metrics servers");

    fn columns() -> Vec<Column<MetricsServer>> {
        vec![
            column!("Name", |s: &MetricsServer| s.id.clone()),
            column!("State", |s: &MetricsServer| match s.disable {
                true => State::new(Tone::Off, "disabled"),
                false => State::new(Tone::Good, "enabled"),
            }),
            column!("Kind", |s: &MetricsServer| s.kind.clone()),
            column!("Address", |s: &MetricsServer| format!("{}, port {}", s.server, s.port))
                .by("server port", "the two, in words"),
        ]
    }

    fn summary(servers: &[MetricsServer]) -> (String, String) {
        let on = servers.iter().filter(|server| !server.disable).count();
        let rest = if on == servers.len() { ".".into() } else { format!(", {on} of them in use.") };
        (count(servers.len(), MetricsServer::NOUN), rest)
    }
}
