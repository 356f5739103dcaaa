//! Properties checked:
//! 1. Without documents that go, a certificate stays in force with the same figures.
//! 2. Messages of documents that go are declined: figures are those of the families that survive,
//!    at the same threshold and level; suspended once they no longer reject, with the lowest
//!    threshold that still holds.
//! 3. An edit is tested at delta / 2^k, on the same families, with a revision not used before;
//!    what it certifies opens and names what it revises.
//! 4. Whatever documents go whose choice does not look at the outcomes, a certificate in force has
//!    a risk above alpha no more often than delta.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::statistics::{binomial_at_most, binomial_limit};

/// 100 families at .9 without an error and 300 at .6 with some, of seven documents.
fn certificate(errors: usize) -> Certificate {
    let mut all = outcomes(400, 0, 0.9);
    for (number, outcome) in all[100..].iter_mut().enumerate() {
        let proposal = outcome.proposed.as_mut().unwrap();
        proposal.confidence = 0.6;
        proposal.wrong = number < errors;
    }
    issued(request(plan(&[0.8, 0.5, 0.2], &[0]), all, terms(0.05, 0.05)))
}

fn documents(names: &[&str]) -> impl Fn(&DocumentId) -> bool {
    move |document| names.contains(&document.as_str())
}

#[test]
fn nothing_gone_nothing_changed() {
    let certificate = certificate(8);
    let review = certificate.survivors(&|_| false).unwrap();
    let claim = &certificate.content().claim;
    assert!(review.in_force && review.fallback.is_none());
    assert_eq!((review.removed, review.n, review.errors), (0, claim.n, claim.errors));
    assert_eq!((review.p, review.level), (claim.p, claim.level));
}

#[test]
fn survivors_are_counted_at_the_same_threshold() {
    let certificate = certificate(8);
    // Documents d0 to d6 in turn; the wrong answers are those of families 100 to 107.
    let review = certificate.survivors(&documents(&["d3"])).unwrap();
    assert_eq!((review.removed, review.errors_removed), (57, 1));
    assert_eq!((review.n, review.errors), (343, 7));
    assert!((review.p - binomial_at_most(7, 343, 0.05)).abs() < 1e-15);
    assert!(review.in_force);
    let all = certificate.survivors(&|_| true).unwrap();
    assert_eq!((all.in_force, all.n, all.removed, all.fallback), (false, 0, 400, None));
}

#[test]
fn survivors_that_no_longer_reject_suspend_it() {
    let certificate = certificate(12);
    assert!(certificate.survivors(&|_| false).unwrap().in_force);
    // Right answers go; what stays is too few for its errors.
    let gone = documents(&["d0", "d1"]);
    let review = certificate.survivors(&gone).unwrap();
    assert!(review.p > review.level && !review.in_force);
    // 72 of the surest are left, none wrong.
    let fallback = review.fallback.unwrap();
    assert_eq!((fallback.threshold, fallback.errors), (0.8, 0));
    // Fewer than 59: not even those hold.
    let most = documents(&["d0", "d1", "d2"]);
    assert_eq!(certificate.survivors(&most).unwrap().fallback, None);
}

#[test]
fn the_sequence_down_to_the_threshold_must_hold_too() {
    let certificate = certificate(2);
    let half = documents(&["d0", "d2", "d4"]);
    let review = certificate.survivors(&half).unwrap();
    // At the threshold alone it would reject; from the start on, 57 without an error do not.
    assert!(review.p <= review.level && !review.in_force);
}

#[test]
fn edits_are_counted_and_spend_half_each() {
    let certificate = certificate(8);
    let same = certificate.content().outcomes.clone();
    let edited = Bound { snapshot: Fingerprint::of(b"edited"), ..bound() };
    let urgent = certificate.content().urgent.counts;
    let again = |revision: u32| {
        certificate.recertify(revision, same.clone(), edited.clone(), urgent).unwrap()
    };
    let Recertification::Certificate(second) = again(1) else { panic!("suspended") };
    let content = second.content();
    for (found, expected) in
        [(content.delta_spent, 0.025), (content.delta_of_all, 0.075), (content.claim.level, 0.025)]
    {
        assert!((found - expected).abs() < 1e-15);
    }
    assert_eq!(content.revises, Some(certificate.id()));
    let threshold = certificate.content().claim.threshold;
    assert_eq!(content.claim.threshold.to_bits(), threshold.to_bits());
    assert_eq!(Certificate::open(&second.text(), &edited).as_ref(), Ok(&*second));
    // Too many edits: the same figures are not enough any more.
    let Recertification::Suspended(review) = again(9) else { panic!("certified") };
    assert_eq!((review.revision, review.level, review.removed), (9, 0.05 / 512.0, 0));
    assert!(review.p > review.level);
    let used = second.recertify(1, same.clone(), edited.clone(), urgent);
    assert_eq!(used, Err(CertifyError::RevisionUsed { revision: 1, last: 1 }));
    let mut others = same;
    others[0].family = "another".to_owned();
    let others = certificate.recertify(1, others, edited.clone(), urgent);
    assert_eq!(others, Err(CertifyError::OtherFamilies));
}

#[test]
fn revocations_that_do_not_look_keep_the_promise() {
    // Twenty documents; the messages of each are wrong with a probability of its own, and the
    // better ones go.
    let rate = |document: usize| 0.005 * (document % 20) as f64;
    let risk = |from: usize| (from..20).map(rate).sum::<f64>() / (20 - from) as f64;
    let draws = 1_000;
    let mut broken: BTreeMap<usize, usize> = BTreeMap::new();
    for seed in 0..draws {
        let generator = &mut ChaCha8Rng::seed_from_u64(seed);
        let all: Vec<Outcome> = (0..400)
            .map(|family| {
                let number = (generator.next_u64() % 20) as usize;
                let mut made =
                    outcome(family, uniform(generator), uniform(generator) < rate(number));
                made.proposed.as_mut().unwrap().document =
                    DocumentId::new(format!("d{number}")).unwrap();
                made
            })
            .collect();
        let request = request(plan(&[0.8, 0.6, 0.4, 0.2], &[0]), all, terms(0.05, 0.05));
        let Issued::Certificate(certificate) = Certificate::issue(request).unwrap() else {
            continue;
        };
        for from in [2, 4, 8] {
            assert!(risk(from) > 0.05);
            let gone =
                |document: &DocumentId| document.as_str()[1..].parse::<usize>().unwrap() < from;
            let review = certificate.survivors(&gone).unwrap();
            *broken.entry(from).or_default() += usize::from(review.in_force);
        }
    }
    let limit = binomial_limit(draws as usize, 0.05, 0.99);
    assert!(broken.values().all(|broken| *broken <= limit), "{broken:?}, limit {limit}");
}
