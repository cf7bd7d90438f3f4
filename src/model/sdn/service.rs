//! Services that the software-defined network uses: what keeps track of addresses, and name servers. Their keys are never
//! read.

use super::EITHER;
use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// What keeps track of addresses, from `/cluster/sdn/ipams`. Needs SDN.Audit or SDN.Allocate on `/sdn/ipams/{ipam}`.
    #[derive(Clone, Default)]
    pub struct SdnIpam {
        /// Its name; `pve` is the one built in.
        pub ipam: Text,
        /// What it is: `pve`, `netbox`, `phpipam`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// Where it is, outside the cluster.
        pub url: Option<Text>,
        /// A mark of the state that they are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnIpam: "/cluster/sdn/ipams", "/cluster/sdn/ipams/{ipam}");

fields! {
    /// A name server that guests are entered in, from `/cluster/sdn/dns`. Needs SDN.Audit or SDN.Allocate on `/sdn/dns/{dns}`.
    #[derive(Clone, Default)]
    pub struct SdnDns {
        /// Its name.
        pub dns: Text,
        /// What it is: `powerdns`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// Where it is.
        pub url: Option<Text>,
        /// For how many seconds others may remember an entry.
        pub ttl: Option<Text>,
        /// A mark of the state that they are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnDns: "/cluster/sdn/dns", "/cluster/sdn/dns/{dns}");

impl SdnIpam {
    pub(crate) fn list(session: &Session) -> Result<List<SdnIpam>, Error> {
        Ask::new(session, "/cluster/sdn/ipams")
            .titled("Address management of the software-defined network")
            .question("What keeps track of the addresses of guests?")
            .filtered_by("address managements", &EITHER, "/sdn/ipams")
            .list()
    }
}

impl SdnDns {
    pub(crate) fn list(session: &Session) -> Result<List<SdnDns>, Error> {
        Ask::new(session, "/cluster/sdn/dns")
            .titled("Name servers of the software-defined network")
            .question("Where are the names of guests entered?")
            .filtered_by("name servers", &EITHER, "/sdn/dns")
            .list()
    }
}

impl Listed for SdnIpam {
    const NOUN: (&'static str, &'static str) = ("address management", "address managements");

    fn columns() -> Vec<Column<SdnIpam>> {
        vec![
            column!("Name", |i: &SdnIpam| i.ipam.clone()),
            column!("Kind", |i: &SdnIpam| i.kind.clone()),
            column!("Address", |i: &SdnIpam| i.url.clone()),
        ]
    }
}

impl Listed for SdnDns {
    const NOUN: (&'static str, &'static str) = ("name server", "name servers");

    fn columns() -> Vec<Column<SdnDns>> {
        vec![
            column!("Name", |d: &SdnDns| d.dns.clone()),
            column!("Kind", |d: &SdnDns| d.kind.clone()),
            column!("Address", |d: &SdnDns| d.url.clone()),
        ]
    }
}
