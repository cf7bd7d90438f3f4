//! Whether enough nodes are left to decide.

use super::ground::Ground;
use crate::error::Error;
use crate::model::cluster::member::{ClusterStatus, ConfiguredMember};
use crate::text::Text;
use crate::wire::Call;

/// The votes with and without a node.
pub(super) struct Quorum {
    /// Whether those left can decide; `None` where that is not known.
    pub(super) holds: Option<bool>,
    /// In a clause: `quorum holds with 2 of 3 votes`.
    pub(super) words: String,
    /// What must be said beside it.
    pub(super) caveats: Vec<String>,
    /// What is known beside it.
    pub(super) remark: Option<String>,
    /// The address of the lost node in the cluster's network.
    pub(super) address: Option<Text>,
}

impl Quorum {
    /// As it would be without this node.
    pub(super) fn without(ground: &mut Ground, lost: &Text) -> Quorum {
        let session = ground.session.clone();
        let status = match ClusterStatus::read(&session) {
            Ok(status) => status,
            Err(error) => return Quorum::not_known(&error),
        };
        ground.from = ground.from.clone().and(&status.provenance());
        if status.name.is_none() {
            let words = "it is the only node: nothing is left to take over".to_owned();
            return Quorum { holds: Some(false), words, caveats: Vec::new(), remark: None, address: None };
        }
        let (mut caveats, mut remark) = (Vec::new(), None);
        let configured = ConfiguredMember::list(&session);
        let votes_of = |name: &Text| -> Result<u64, Error> {
            let members = configured.as_ref().map_err(Clone::clone)?;
            let member = members.find(|member| member.node == *name || member.name.as_ref() == Some(name));
            Ok(member.and_then(|member| member.quorum_votes.known()).unwrap_or(1))
        };
        let (mut all, mut left) = (0_u64, 0_u64);
        for member in &status.members {
            let votes = votes_of(&member.name).unwrap_or(1);
            all = all.saturating_add(votes);
            if member.online == Some(true) && member.name != *lost {
                left = left.saturating_add(votes);
            }
        }
        match &configured {
            Ok(members) => ground.from = ground.from.clone().and(&members.provenance()),
            Err(error) => {
                caveats.push(format!("Each node is taken to have one vote: how many it has is not known. {error}"))
            }
        }
        let device = device(ground);
        if let Ok(Some(device)) = &device {
            let votes = if device.is_last_man { all.saturating_sub(1) } else { 1 };
            all = all.saturating_add(votes);
            remark = Some(match &device.away {
                // It votes for the side that it sees.
                None => {
                    left = left.saturating_add(votes);
                    let votes = if votes == 1 { "one vote".to_owned() } else { format!("{votes} votes") };
                    format!("The cluster has a QDevice, which is counted with {votes} for those that are left.")
                }
                Some(state) => {
                    format!("The cluster has a QDevice, which is not connected ({state}) and gives no vote.")
                }
            });
        }
        let needed = all / 2 + 1;
        let holds = left >= needed;
        if let (Err(error), false) = (&device, holds) {
            caveats.push(format!("Whether a QDevice would add a vote is not known. {error}"));
        }
        let words = match holds {
            true => format!("quorum holds with {left} of {all} votes"),
            false => format!("quorum is lost: {left} of {all} votes are left, {needed} are needed"),
        };
        let address = status.members.find(|member| member.name == *lost).and_then(|member| member.ip);
        Quorum { holds: Some(holds), words, caveats, remark, address }
    }

    fn not_known(error: &Error) -> Quorum {
        Quorum {
            holds: None,
            words: "whether quorum holds is not known".into(),
            caveats: vec![format!("Quorum is not known. {error}")],
            remark: None,
            address: None,
        }
    }
}

/// A device beside the nodes that votes.
struct Device {
    /// Its state, where that is not "connected": then it gives no vote.
    away: Option<Text>,
    /// Whether it has as many votes as all nodes but one, so that the last node that it sees can decide.
    is_last_man: bool,
}

/// The device, where there is one, as the node that answers sees it.
fn device(ground: &mut Ground) -> Result<Option<Device>, Error> {
    let answer = match ground.session.ask(Call::get("/cluster/config/qdevice")) {
        Ok(answer) => answer,
        // Of an old version, or of a cluster without one.
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    ground.from = ground.from.clone().and(&ground.session.provenance([&answer], None));
    let told: serde_json::Value = answer.reply.data(&answer.call)?;
    let Some(told) = told.as_object().filter(|told| !told.is_empty()) else { return Ok(None) };
    let word = |key: &str| told.get(key).and_then(|word| word.as_str()).map(str::trim);
    Ok(Some(Device {
        away: word("State").filter(|state| !state.eq_ignore_ascii_case("connected")).map(Text::from),
        is_last_man: word("Algorithm").is_some_and(|rule| rule.eq_ignore_ascii_case("LMS")),
    }))
}
