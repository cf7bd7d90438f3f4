//! A plan that a second person has to agree to, by a signature over what it shows.

use crate::approval::{Approval, Approver, Request};
use crate::error::Error;
use crate::page::{Cell, Page};
use crate::plan::Plan;
use crate::plan::draft::{Act, Draft};
use crate::text::Text;
use crate::wire::{Call, Method};

/// Who has to agree, and what they sent.
#[derive(Clone)]
pub(super) struct Agreement {
    approver: Approver,
    signature: Option<String>,
}

impl Plan {
    /// The same plan, which runs only once this person agreed: the plan shows what they have to sign, and
    /// [`approved`](Plan::approved) takes their signature.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let bob = Approver::new("bob", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDlmFcPUrC5NZNOV5vU5IuZYgMcYYXJ0Sm4kWxgXZ0hG bob@desk")?;
    /// let plan = pve.guest("web-2")?.stop().needs_approval(&bob);
    /// assert!(plan.page().text().contains("ssh-keygen -Y sign -n pve-notebook"));
    /// assert!(plan.run().is_err(), "nobody agreed, and nothing was sent");
    /// # Ok(()) }
    /// ```
    pub fn needs_approval(&self, approver: &Approver) -> Plan {
        self.changed(|draft| {
            draft.agreements.push(Agreement { approver: approver.clone(), signature: None });
        })
    }

    /// The signature of somebody who has to agree, as `ssh-keygen -Y sign` made it. It is good for this plan, its target in
    /// this state, in this session, once.
    pub fn approved(&self, signature: &str) -> Plan {
        self.changed(|draft| {
            let request = draft.request();
            let signed = |agreement: &&mut Agreement| agreement.approver.verify(request.text(), signature).is_ok();
            let by = draft.agreements.iter_mut().find(signed);
            // Where it is nobody's, the first who is waited for says what is wrong with it.
            let waiting = match by {
                Some(by) => Some(by),
                None => draft.agreements.iter_mut().find(|agreement| agreement.signature.is_none()),
            };
            match waiting {
                Some(agreement) => agreement.signature = Some(signature.to_owned()),
                None => draft.vain.push((
                    "A signature was given, and nobody has to agree".into(),
                    "Say who: .needs_approval(&approver)".into(),
                )),
            }
        })
    }

    /// What those who have to agree sent, as far as it is good.
    pub(super) fn approvals(&self) -> Vec<Result<Approval, Error>> {
        let draft = &self.draft;
        if draft.agreements.is_empty() {
            return Vec::new();
        }
        let request = draft.request();
        let agreements = draft.agreements.iter();
        agreements
            .map(|agreement| match &agreement.signature {
                Some(signature) => agreement.approver.verify(request.text(), signature),
                None => Err(Error::NotApproved {
                    approver: agreement.approver.name(),
                    why: "they did not agree yet".into(),
                    next: "Send them the lines that the plan shows, and give what they send back: .approved(\"…\")"
                        .into(),
                }),
            })
            .collect()
    }
}

impl Draft {
    /// The lines that have to be signed.
    fn request(&self) -> Request {
        let (title, call, target) = self.approval_of();
        self.session.approval(&title, &call, &target, &self.calls())
    }

    /// Makes the approvals worthless, since it is done now.
    pub(super) fn spend_approvals(&self) {
        if !self.agreements.is_empty() {
            let (title, call, target) = self.approval_of();
            self.session.spend_approval(&title, &call, &target, &self.calls());
        }
    }

    fn approval_of(&self) -> (Text, Call, Text) {
        let target = self.seen_as().join("; ");
        let call = match &self.act {
            Act::One(call) => call.clone(),
            // Of several, each call is one line.
            Act::Several(several) => {
                let all = Call::new(Method::Post, "several calls");
                let calls = several.plans.iter().enumerate();
                calls.fold(all, |all, (n, plan)| all.with((n + 1).to_string(), plan.draft.call_shown().raw()))
            }
        };
        (self.title.clone(), call, target.into())
    }

    /// What it acts on, each as it was seen.
    fn seen_as(&self) -> Vec<String> {
        let own = self.guests().map(|guest| format!("{guest}, {}", guest.state().word.raw()));
        let parts = match &self.act {
            Act::One(_) => &[][..],
            Act::Several(several) => &several.plans,
        };
        own.chain(parts.iter().flat_map(|plan| plan.draft.seen_as())).collect()
    }

    /// Every call that it is made of, with all its parameters: what is not shown is signed as well.
    fn calls(&self) -> Vec<Call> {
        match &self.act {
            Act::One(_) => Vec::new(),
            Act::Several(several) => several.plans.iter().flat_map(|plan| plan.draft.own_calls()).collect(),
        }
    }

    fn own_calls(&self) -> Vec<Call> {
        match &self.act {
            Act::One(call) => vec![call.clone()],
            Act::Several(_) => self.calls(),
        }
    }

    /// The part of its page for those who have to agree.
    pub(super) fn shown_request(&self, page: Page) -> Page {
        if self.agreements.is_empty() {
            return page;
        }
        let who = self.agreements.iter().map(|agreement| {
            let state = match &agreement.signature {
                Some(signature) => match agreement.approver.verify(self.request().text(), signature) {
                    Ok(_) => "agreed".to_owned(),
                    Err(error) => error.to_string(),
                },
                None => "did not agree yet".to_owned(),
            };
            (agreement.approver.name(), Cell::from(format!("{state} (key {})", agreement.approver.fingerprint())))
        });
        let part = Page::new("")
            .facts(who)
            .paragraph("Who agrees, saves these lines as plan.txt and signs them:")
            .lines(self.request().text().lines())
            .code("ssh-keygen -Y sign -n pve-notebook -f ~/.ssh/id_ed25519 plan.txt")
            .paragraph("What that writes into plan.txt.sig is given to the plan: .approved(\"-----BEGIN SSH SIGNATURE-----…\")");
        page.open_section("Needs the agreement of a second person", part)
    }
}
