//! Whether two looks are at the same cluster: of two others nothing that is compared would mean anything.

use std::collections::BTreeSet;

use super::look::Look;
use crate::error::Error;
use crate::model::together::some_of;
use crate::text::Text;

/// Two looks at the same cluster.
pub(super) struct Pair {
    pub(super) before: Look,
    pub(super) after: Look,
}

/// Both, unless they are of two clusters.
pub(super) fn cluster(before: Look, after: Look) -> Result<Pair, Error> {
    const NEXT: &str =
        "Compare two looks at the same cluster; what two clusters have in common, each of them shows by itself";
    let name = |look: &Look| look.status.as_ref().and_then(|status| status.name.clone());
    if let (Some(one), Some(other)) = (name(&before), name(&after))
        && one != other
    {
        return Err(Error::setup(format!("These are two clusters, {one} and {other}"), NEXT));
    }
    let nodes = |look: &Look| -> BTreeSet<Text> { look.nodes.iter().map(|node| node.name.clone()).collect() };
    let (one, other) = (nodes(&before), nodes(&after));
    if !one.is_empty() && !other.is_empty() && one.is_disjoint(&other) {
        let said = |nodes: BTreeSet<Text>| some_of(&nodes.iter().map(Text::to_string).collect::<Vec<_>>());
        let what =
            format!("These are two clusters: no node of the one ({}) is one of the other ({})", said(one), said(other));
        return Err(Error::setup(what, NEXT));
    }
    let mut pair = Pair { before, after };
    if pair.before.status.is_none() || pair.after.status.is_none() {
        let words = "Whether both are the same cluster is known by the names of their nodes alone.";
        pair.after.unseen.remark("", "", words);
    }
    if pair.after.at < pair.before.at {
        pair.after.unseen.remark("", "", "What is called before was read later than what is called after.");
    }
    Ok(pair)
}
