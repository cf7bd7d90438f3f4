//! Who may do what: users, tokens, second factors, groups, roles, access control, realms.

use crate::error::Error;
use crate::model::access::acl::AclEntry;
use crate::model::access::factor::UserFactors;
use crate::model::access::group::UserGroup;
use crate::model::access::permission::Permission;
use crate::model::access::realm::Realm;
use crate::model::access::role::Role;
use crate::model::access::token::ApiToken;
use crate::model::access::user::User;
use crate::model::list::List;
use crate::pve::Pve;

#[cfg(test)]
mod tests;

impl Pve {
    /// All users with their groups and tokens, from `/access/users?full=1`, which the server limits to those that the
    /// identity may see.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let gone = pve.users()?.filter(|u| !u.is_active());
    /// assert_eq!(gone.map(|u| u.userid.to_string()), ["zoe@pve"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn users(&self) -> Result<List<User>, Error> {
        User::list(&self.session)
    }

    /// One user by name and realm: `pve.user("alice@pve")?`.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that are visible.
    pub fn user(&self, userid: &str) -> Result<User, Error> {
        User::find(&self.session, userid)
    }

    /// The API tokens of all users, from `/access/users?full=1`. Never their secrets.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let careless = pve.tokens()?.filter(|t| t.is_unlimited() && t.expire == ValidUntil::Never);
    /// println!("{}", careless.page().text());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn tokens(&self) -> Result<List<ApiToken>, Error> {
        ApiToken::of_all(&self.session)
    }

    /// Who has a second factor, from `/access/tfa`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn second_factors(&self) -> Result<List<UserFactors>, Error> {
        UserFactors::list(&self.session)
    }

    /// The groups of users, from `/access/groups`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn groups(&self) -> Result<List<UserGroup>, Error> {
        UserGroup::list(&self.session)
    }

    /// One group of users by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that are visible.
    pub fn group(&self, name: &str) -> Result<UserGroup, Error> {
        self.groups()?.named(name, |group| group.groupid.clone())
    }

    /// The roles with their privileges, from `/access/roles`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let starters = pve.roles()?.filter(|r| r.allows("VM.PowerMgmt"));
    /// assert!(starters.any(|r| r.roleid == "PowerOnly"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn roles(&self) -> Result<List<Role>, Error> {
        Role::list(&self.session)
    }

    /// One role by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn role(&self, name: &str) -> Result<Role, Error> {
        self.roles()?.named(name, |role| role.roleid.clone())
    }

    /// The access control list, by path, from `/access/acl`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn acl(&self) -> Result<List<AclEntry>, Error> {
        AclEntry::list(&self.session)
    }

    /// The realms, which check passwords, from `/access/domains`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn realms(&self) -> Result<List<Realm>, Error> {
        Realm::list(&self.session)
    }

    /// What this session may do in the end, path by path, from `/access/permissions`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// assert!(pve.permissions()?.any(|p| p.path == "/vms" && p.allows("VM.PowerMgmt")));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn permissions(&self) -> Result<List<Permission>, Error> {
        Permission::list(&self.session, None)
    }

    /// What a user or a token may do in the end, from `/access/permissions?userid=`:
    /// `pve.permissions_of("alice@pve")?`, `pve.permissions_of("alice@pve!deploy")?`.
    ///
    /// # Errors
    /// When the cluster cannot be read, or Sys.Audit on `/access` is missing.
    pub fn permissions_of(&self, userid: &str) -> Result<List<Permission>, Error> {
        Permission::list(&self.session, Some(userid))
    }
}
