//! Does a certificate still hold when documents go, or the corpus is edited?
//!
//! **Documents that go.** A revoked, expired or filtered document is not quoted any more, and its
//! messages are declined: another policy, with another risk. [`Certificate::survivors`] tests it
//! again on the families that it still answers: the same threshold, the same sequence down to it,
//! the same level. This is sound if *which* documents go does not depend on how these families
//! were answered (a date passed, guidance changed, a programme is not served). The claim is then
//! true of each such state of the corpus with the same probability; it is not a claim on all
//! states that could have been. Where a document goes *because* of its errors among these
//! families, what survives looks better than it is, and only new families can tell. `errors_removed`
//! shows it.
//!
//! **Edits.** After an edit the caller asks every family again and
//! [`Certificate::recertify`] tests the new outcomes against the same threshold. Each test of the
//! same families is counted, and the k-th spends delta / 2^k, whether it passes or not: all tests
//! after the first spend no more than delta together. This supposes that edits are not made by
//! looking at the very families; text written to get them right needs new ones.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certify::{Attempt, Certified, CertifyError, Terms, Walk};
use super::content::{Bound, Certificate, Content, Request, UrgentCounts};
use super::outcome::Outcome;
use crate::ids::DocumentId;

/// What testing a certificate again says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Whether the certificate stays in force.
    pub in_force: bool,
    /// How often the same families had been tested before.
    pub revision: u32,
    /// Families answered before and not now.
    pub removed: usize,
    /// Errors among them.
    pub errors_removed: usize,
    /// Families answered at the threshold now.
    pub n: usize,
    /// Errors among them.
    pub errors: usize,
    /// The p-value of "the risk is above alpha" at the threshold.
    pub p: f64,
    /// The level it is held against, there and at every threshold tested before it.
    pub level: f64,
    /// The lowest threshold that still holds, where the certificate's own does not. It helps a
    /// person to decide; nothing takes it up by itself.
    pub fallback: Option<Attempt>,
}

/// What testing an edited corpus says.
#[derive(Debug, Clone, PartialEq)]
pub enum Recertification {
    /// The threshold holds the risk again.
    Certificate(Box<Certificate>),
    /// It does not; this test counts nevertheless.
    Suspended(Review),
}

impl Certificate {
    /// Tests the certificate without documents that may not be quoted any more.
    ///
    /// # Errors
    /// [`CertifyError`], never of a certificate that was issued or opened.
    pub fn survivors(
        &self,
        is_barred: &dyn Fn(&DocumentId) -> bool,
    ) -> Result<Review, CertifyError> {
        let content = self.content();
        let left = content.outcomes.iter().cloned().map(|o| o.without_barred(is_barred));
        retest(content, &left.collect::<Vec<_>>(), content.terms).map(|(review, _)| review)
    }

    /// Tests the certificate's threshold on what an edited corpus makes of the same families.
    /// `revision` is how often they have been tested before, failures counted.
    ///
    /// # Errors
    /// [`CertifyError`] when the outcomes are not of the certificate's families, or the revision
    /// was used before.
    pub fn recertify(
        &self,
        revision: u32,
        outcomes: Vec<Outcome>,
        bound_to: Bound,
        urgent: UrgentCounts,
    ) -> Result<Recertification, CertifyError> {
        let content = self.content();
        let last = content.terms.revision;
        if revision <= last {
            return Err(CertifyError::RevisionUsed { revision, last });
        }
        if families(&outcomes) != families(&content.outcomes) {
            return Err(CertifyError::OtherFamilies);
        }
        let terms = Terms { revision, ..content.terms };
        let (review, claim) = retest(content, &outcomes, terms)?;
        if !review.in_force {
            return Ok(Recertification::Suspended(review));
        }
        let request = Request { bound_to, terms, outcomes, urgent, ..content.request() };
        let content = Content::new(request, claim, Some(self.id()));
        Ok(Recertification::Certificate(Box::new(Certificate::seal(content))))
    }
}

fn families(outcomes: &[Outcome]) -> Vec<&str> {
    let mut families: Vec<&str> = outcomes.iter().map(|o| o.family.as_str()).collect();
    families.sort_unstable();
    families
}

/// Walks the certificate's plan over other outcomes; what holds at its threshold is certified only
/// if the review says so.
fn retest(
    content: &Content,
    outcomes: &[Outcome],
    terms: Terms,
) -> Result<(Review, Certified), CertifyError> {
    let threshold = content.claim.threshold;
    let walk = Walk::over(&content.plan, outcomes, &terms)?;
    let place = content.plan.place_of(threshold)?;
    let in_force = walk.holds(place);
    let claim = walk.certified(place);
    let answered: BTreeMap<&str, bool> =
        outcomes.iter().map(|o| (o.family.as_str(), o.is_answered(threshold))).collect();
    let gone = |before: &&Outcome| {
        before.is_answered(threshold) && answered.get(before.family.as_str()) == Some(&false)
    };
    let removed: Vec<&Outcome> = content.outcomes.iter().filter(gone).collect();
    let review = Review {
        in_force,
        revision: terms.revision,
        removed: removed.len(),
        errors_removed: removed.iter().filter(|before| before.loss(threshold)).count(),
        n: claim.n,
        errors: claim.errors,
        p: claim.p,
        level: claim.level,
        fallback: walk.lowest().filter(|_| !in_force).map(|place| walk.attempt(place)),
    };
    Ok((review, claim))
}
