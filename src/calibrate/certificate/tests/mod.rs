//! Tests of certificates; each file opens with its list of properties. Here: what they share.

mod parity;
mod prevalence;
mod procedure;
mod review;
mod sealing;
mod simulation;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::*;
use crate::ids::{DocumentId, Fingerprint};

/// An outcome of an answerable message with its own family.
fn outcome(family: usize, confidence: f64, wrong: bool) -> Outcome {
    let document = DocumentId::new(format!("d{}", family % 7)).unwrap();
    Outcome {
        family: format!("f{family}"),
        answerable: true,
        proposed: Some(Proposal { confidence, document, wrong }),
        slices: Vec::new(),
    }
}

/// As many outcomes of one confidence, the first of them wrong.
fn outcomes(n: usize, errors: usize, confidence: f64) -> Vec<Outcome> {
    (0..n).map(|family| outcome(family, confidence, family < errors)).collect()
}

fn terms(alpha: f64, delta: f64) -> Terms {
    Terms { alpha, delta, method: Method::SampleMix, revision: 0 }
}

fn plan(grid: &[f64], starts: &[usize]) -> Plan {
    Plan { grid: grid.to_vec(), starts: starts.to_vec() }
}

fn certified(plan: &Plan, outcomes: &[Outcome], terms: &Terms) -> Certified {
    match certify(plan, outcomes, terms).unwrap() {
        Verdict::Certified(certified) => certified,
        Verdict::Nothing(nothing) => panic!("nothing is certified: {nothing:?}"),
    }
}

fn nothing(plan: &Plan, outcomes: &[Outcome], terms: &Terms) -> Nothing {
    match certify(plan, outcomes, terms).unwrap() {
        Verdict::Nothing(nothing) => nothing,
        Verdict::Certified(certified) => panic!("certified: {certified:?}"),
    }
}

fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn bound() -> Bound {
    Bound {
        snapshot: Fingerprint::of(b"snapshot"),
        embedder: Fingerprint::of(b"embedder"),
        analyzer: Fingerprint::of(b"analyzer"),
        settings: Fingerprint::of(b"settings"),
        calibrator: Fingerprint::of(b"calibrator"),
        urgency: Fingerprint::of(b"urgency"),
    }
}

/// What is asked for with some outcomes.
fn request(plan: Plan, outcomes: Vec<Outcome>, terms: Terms) -> Request {
    Request {
        population: Population::Rehearsal,
        bound_to: bound(),
        labels: Labels { fit: Fingerprint::of(b"fit"), calibrate: Fingerprint::of(b"calibrate") },
        terms,
        plan,
        outcomes,
        urgent: UrgentCounts { urgent: 30, recognised: 29, others: 200, false_alarms: 4 },
    }
}

fn issued(request: Request) -> Certificate {
    match Certificate::issue(request).unwrap() {
        Issued::Certificate(certificate) => *certificate,
        Issued::Nothing(nothing) => panic!("nothing is certified: {nothing:?}"),
    }
}
