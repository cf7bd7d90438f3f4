//! Who may do what: users, tokens, second factors, groups, roles, and the list that puts them together.

pub(crate) mod acl;
pub(crate) mod factor;
pub(crate) mod group;
pub(crate) mod permission;
pub(crate) mod realm;
pub(crate) mod right;
pub(crate) mod role;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod valid_until;

/// The types of this family, for the conformance check.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<user::User>(),
        Typed::record::<token::ApiToken>(),
        Typed::record::<factor::UserFactors>(),
        Typed::record::<factor::SecondFactor>(),
        Typed::record::<group::UserGroup>(),
        Typed::record::<role::Role>(),
        Typed::record::<acl::AclEntry>(),
        Typed::record::<realm::Realm>(),
    ]
}
