//! The software-defined network of the cluster.

use super::Pve;
use crate::error::Error;
use crate::model::list::List;
use crate::model::sdn::controller::SdnController;
use crate::model::sdn::fabric::SdnFabric;
use crate::model::sdn::service::{SdnDns, SdnIpam};
use crate::model::sdn::vnet::SdnVnet;
use crate::model::sdn::zone::SdnZone;

impl Pve {
    /// The zones, from `/cluster/sdn/zones`, each with how it differs from what is in force.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn sdn_zones(&self) -> Result<List<SdnZone>, Error> {
        SdnZone::list(&self.session)
    }

    /// One zone by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn sdn_zone(&self, name: &str) -> Result<SdnZone, Error> {
        self.sdn_zones()?.named(name, |zone| zone.zone.clone())
    }

    /// The vnets, from `/cluster/sdn/vnets`, each with how it differs from what is in force.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let vnets = Pve::demo()?.vnets()?;
    /// let waiting = vnets.filter(|vnet| vnet.state == Some(SdnChange::New));
    /// assert_eq!(waiting.map(|vnet| vnet.vnet.to_string()), ["lab"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn vnets(&self) -> Result<List<SdnVnet>, Error> {
        SdnVnet::list(&self.session)
    }

    /// One vnet by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn vnet(&self, name: &str) -> Result<SdnVnet, Error> {
        self.vnets()?.named(name, |vnet| vnet.vnet.clone())
    }

    /// What exchanges routes, from `/cluster/sdn/controllers`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn sdn_controllers(&self) -> Result<List<SdnController>, Error> {
        SdnController::list(&self.session)
    }

    /// The routed underlays, from `/cluster/sdn/fabrics/fabric`. Proxmox VE 9 has them, 8 has not.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn sdn_fabrics(&self) -> Result<List<SdnFabric>, Error> {
        SdnFabric::list(&self.session)
    }

    /// What keeps track of addresses, from `/cluster/sdn/ipams`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn sdn_ipams(&self) -> Result<List<SdnIpam>, Error> {
        SdnIpam::list(&self.session)
    }

    /// The name servers that guests are entered in, from `/cluster/sdn/dns`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn sdn_dns(&self) -> Result<List<SdnDns>, Error> {
        SdnDns::list(&self.session)
    }
}
