//! A pool: guests and storages that belong together, for permissions and for people. Pools may lie in pools.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::loose;
use crate::model::cluster::overview_row::ClusterResource;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::list::{About, List};
use crate::model::record::{Ask, Origin, record};
use crate::model::resource::Resources;
use crate::model::sight::Sight;
use crate::model::storage::Storage;
use crate::model::together::some_of;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};
use crate::wire::Call;

mod page;

fields! {
    /// A pool, from `/pools`. A name with a slash is a pool inside a pool.
    #[derive(Clone, Default)]
    pub struct Pool {
        /// Its name, with those of the pools that it lies in: `prod/web`.
        #[field("poolid")]
        pub name: Text,
        /// What it is for, in the words of whoever made it.
        pub comment: Option<Text>,
        /// How many guests it has that the identity may see, without those in pools inside it; not known where it sees
        /// none and might be kept from seeing some.
        #[field(skip, "the rows of /cluster/resources that name it as their pool, counted")]
        pub guests: Reading<u64>,
        /// What belongs to it; only where one pool was asked for.
        #[field(loose::each)]
        members: Vec<ClusterResource>,
        /// All pools that were seen, to know those around it.
        #[field(skip, "the names of all pools in the answer")]
        all: Arc<[Text]>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Pool without page: "/pools", "/pools/{poolid}");

/// What pools are read from.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    vec![super::conformance::Typed::record::<Pool>()]
}

impl Pool {
    pub(crate) fn list(session: &Session) -> Result<List<Pool>, Error> {
        let pools = session.submit(Call::get("/pools"));
        let resources = Resources::read(session);
        let pools = session.answer(pools)?;
        let visible = Sight::filtered(session, "guests of these pools", &["VM.Audit"], "/vms");
        let mut counts = BTreeMap::<&Text, u64>::new();
        let rows = resources.iter().flat_map(|all| all.of(&["qemu", "lxc"]));
        rows.filter_map(|(row, _)| row.pool.as_ref()).for_each(|pool| *counts.entry(pool).or_default() += 1);
        let guests = |pool: &Text| match counts.get(pool) {
            Some(guests) => Reading::Known(*guests),
            None if resources.is_err() => Reading::Missing(Why::NotInAnswer),
            None if visible.is_whole() => Reading::Known(0),
            // A pool whose guests are not seen is no empty one.
            None => Reading::Missing(Why::needs("VM.Audit", "/vms")),
        };
        let ask = Ask::new(session, "/pools").filtered_by("pools", &["Pool.Audit"], "/pool");
        // Its guests are counted there.
        let ask = resources.iter().fold(ask, |ask, all| ask.besides(&all.answer));
        let list = ask.list_of(&pools, |pool: &mut Pool| pool.guests = guests(&pool.name))?;
        let mut sight = list.sight();
        let provenance = list.provenance();
        if resources.is_ok() {
            sight = sight.and(visible.clone());
        }
        let mut pools = list.to_vec();
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        let all: Arc<[Text]> = pools.iter().map(|pool| pool.name.clone()).collect();
        pools.iter_mut().for_each(|pool| pool.all = all.clone());
        let question = "Which guests belong together, and what for?".into();
        Ok(List::new(pools, About { title: "Pools".into(), question, sight, provenance, of: None }))
    }

    pub(crate) fn find(session: &Session, name: &str) -> Result<Pool, Error> {
        Pool::list(session)?.named(name, |pool| pool.name.clone())
    }

    /// What belongs to it. A pool inside a pool works in no path, only as a parameter.
    fn members(&self) -> Result<List<Pool>, Error> {
        Ask::new(self.origin.session()?, "/pools").with("poolid", self.name.raw()).list()
    }

    /// The guests in it, without those in pools inside it. Guests that belong to it and that you may not see are named
    /// beside the list.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn guests(&self) -> Result<List<Guest>, Error> {
        let called = (
            format!("Guests in the pool {}", self.name.raw()),
            "Which virtual machines and containers belong to it, where, and do they run?",
        );
        let guests = Guest::those(self.origin.session()?, called, |guest| guest.pool.as_ref() == Some(&self.name))?;
        let pools = match self.members() {
            Ok(pools) => pools,
            Err(error) => {
                return Ok(guests.with_sight(Sight::unknown(format!("Its members could not be read: {error}"))));
            }
        };
        let guests = guests.besides(&pools.provenance());
        let known = |vmid: u64| guests.any(|guest| u64::from(guest.vmid) == vmid);
        let members = pools.iter().flat_map(|pool| pool.members.iter().filter_map(|member| member.vmid));
        let hidden: Vec<String> = members.filter(|vmid| !known(*vmid)).map(|vmid| vmid.to_string()).collect();
        if hidden.is_empty() {
            return Ok(guests);
        }
        let words = format!("Guests of the pool that you may not see, or that just came: {}.", some_of(&hidden));
        Ok(guests.with_sight(Sight::hidden(words)))
    }

    /// The guests in it and in all pools inside it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let prod = Pve::demo()?.pool("prod")?;
    /// let (own, all) = (prod.guests()?, prod.all_guests()?);
    /// assert!(own.all(|g| g.name != "web-1") && all.any(|g| g.name == "web-1"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn all_guests(&self) -> Result<List<Guest>, Error> {
        let inside = format!("{}/", self.name.raw());
        let called = (
            format!("Guests in the pool {} and below", self.name.raw()),
            "Which virtual machines and containers belong to it or to a pool in it, where, and do they run?",
        );
        Guest::those(self.origin.session()?, called, |guest| {
            guest.pool.as_ref().is_some_and(|pool| *pool == self.name || pool.starts_with(&inside))
        })
    }

    /// The storages in it.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn storages(&self) -> Result<List<Storage>, Error> {
        let pools = self.members()?;
        let names: BTreeMap<&Text, ()> = pools
            .iter()
            .flat_map(|pool| pool.members.iter().filter_map(|member| member.storage.as_ref()))
            .map(|storage| (storage, ()))
            .collect();
        Ok(Storage::list(self.origin.session()?)?.filter(|storage| names.contains_key(&storage.name)))
    }

    /// The pool that it lies in.
    pub fn parent(&self) -> Option<Text> {
        self.name.raw().rsplit_once('/').map(|(parent, _)| parent.into())
    }

    /// The pools that lie in it, without those in them in turn.
    pub fn children(&self) -> Vec<Text> {
        let mine = |name: &&Text| name.raw().rsplit_once('/').is_some_and(|(parent, _)| self.name == parent);
        self.all.iter().filter(mine).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::canned::Canned;
    use crate::render::View;

    #[test]
    fn pools_know_those_around_them_and_keep_guests_of_inner_pools_apart() {
        let session = Canned::new().session();
        let prod = Pool::find(&session, "prod").unwrap();
        let web = Pool::find(&session, "prod/web").unwrap();
        assert_eq!((prod.parent(), prod.children()), (None, vec!["prod/web".into()]));
        assert_eq!((web.parent().unwrap().raw(), web.children()), ("prod", vec![]));
        let own = web.guests().unwrap();
        assert_eq!(own.map(|guest| guest.vmid), [101, 102, 110, 200]);
        assert_eq!(prod.guests().unwrap().len() + own.len(), prod.all_guests().unwrap().len());
        assert_eq!(prod.guests, prod.guests().unwrap().len() as u64);
        assert!(Pool::list(&session).unwrap().page().text().contains("4 pools; without a guest: retired."));
        let missing = Pool::find(&session, "web").unwrap_err().to_string();
        assert!(missing.contains("There is no pool \"web\"") && missing.contains("prod/web"), "{missing}");
    }

    #[test]
    fn members_that_are_not_seen_are_named() {
        let members = json!([{"poolid": "test", "members": [
            {"id": "qemu/106", "type": "qemu", "vmid": "106", "node": "pve1"}, {"id": "qemu/999", "type": "qemu", "vmid": 999},
            {"id": "storage/pve1/local", "type": "storage", "storage": "local"}, null,
        ]}]);
        let session = Canned::new().data("/pools?poolid=test", members).session();
        let test = Pool::find(&session, "test").unwrap();
        let text = test.guests().unwrap().page().text();
        assert!(text.contains("that you may not see, or that just came: 999."), "{text}");
        assert_eq!(test.storages().unwrap().map(|storage| storage.name.to_string()), ["local"]);
        assert!(test.page().text().contains("Storages"), "{}", test.page().text());
    }

    #[test]
    fn a_pool_whose_guests_may_not_be_seen_is_not_called_empty() {
        let session =
            Canned::new().privileges(&[("/", &["Pool.Audit"])]).data("/cluster/resources", json!([])).session();
        let pools = Pool::list(&session).unwrap();
        assert!(pools.all(|pool| pool.guests == Reading::Missing(Why::needs("VM.Audit", "/vms"))), "{pools:?}");
        let text = pools.page().text();
        assert!(text.contains("needs VM.Audit on /vms") && !text.contains("without a guest"), "{text}");
    }

    #[test]
    fn who_may_not_see_pools_is_told_so() {
        let session = Canned::new().privileges(&[("/", &["VM.Audit"])]).data("/pools", json!([])).session();
        let text = Pool::list(&session).unwrap().page().text();
        assert!(
            text.contains("lacks Pool.Audit on /pool") && text.contains("cannot say whether there are others"),
            "{text}"
        );
    }
}
