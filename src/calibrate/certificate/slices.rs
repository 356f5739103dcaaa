//! How well does the threshold do on each group of messages?
//!
//! An overall risk of 5% can hide a group at 20%. Each group shows its own counts and exact limit,
//! and says that it is not certified unless it would be by itself.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certify::Terms;
use super::outcome::Outcome;
use super::plan::Plan;
use super::risk::Counts;

/// A group of messages at the certified threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Name of the group.
    pub name: String,
    /// Families in it.
    pub families: usize,
    /// Families of it that are answered.
    pub n: usize,
    /// Errors among them.
    pub errors: usize,
    /// Exact upper limit of the group's risk, at what is spent of delta over the number of groups.
    pub risk_limit: f64,
    /// Whether the group by itself holds the risk at that level: tested from the first threshold
    /// that answers enough of it for no error to reject, down to the certified one. Never where
    /// fewer are answered. As that first threshold is found by counting answers, this supposes
    /// that the risk does not fall where more is answered.
    pub certified: bool,
}

/// The groups of some outcomes at a threshold of a plan, by name.
pub(super) fn slices(plan: &Plan, outcomes: &[Outcome], terms: &Terms, place: usize) -> Vec<Slice> {
    let names: BTreeSet<&str> =
        outcomes.iter().flat_map(|o| &o.slices).map(String::as_str).collect();
    let level = terms.spent() / names.len().max(1) as f64;
    let slice = |name: &str| {
        let is_in = |outcome: &&Outcome| outcome.slices.iter().any(|slice| slice == name);
        let members: Vec<Outcome> = outcomes.iter().filter(is_in).cloned().collect();
        let counts = Counts::at_each(&members, &plan.grid);
        let at = &counts[place];
        Slice {
            name: name.to_owned(),
            families: members.len(),
            n: at.answered(),
            errors: at.errors(),
            risk_limit: terms.method.risk_limit(at, level),
            certified: is_certified(&counts[..=place], terms, level),
        }
    };
    names.into_iter().map(slice).collect()
}

fn is_certified(counts: &[Counts], terms: &Terms, level: f64) -> bool {
    let rejects = |counts: &Counts| terms.method.rejects(counts, terms.alpha, level);
    let enough = counts.partition_point(|counts| !rejects(&counts.faultless()));
    enough < counts.len() && counts[enough..].iter().all(rejects)
}
