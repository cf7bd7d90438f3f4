//! The Ceph of the cluster.

use super::Pve;
use crate::error::Error;
use crate::model::ceph::Ceph;

impl Pve {
    /// The Ceph that nodes of the cluster run: of the first node that has one.
    ///
    /// # Errors
    /// [`Error::NotFound`] when none of the nodes that are online runs Ceph.
    pub fn ceph(&self) -> Result<Ceph, Error> {
        Ceph::find(&self.session)
    }
}
