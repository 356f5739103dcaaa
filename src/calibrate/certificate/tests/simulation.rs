//! Properties checked on simulated families whose true risk is known at every threshold:
//! 1. With one message a family, the share of draws in which a threshold of a greater risk than
//!    alpha is certified is not above the 99% binomial limit of delta: where the risk is a hair
//!    above alpha everywhere, where it rises through alpha, and where the surest answers are the
//!    worst.
//! 2. Certificates are not so rare that this says nothing.
//! 3. Counting every message of a family as independent breaks the promise by far.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::statistics::binomial_limit;

const DRAWS: u64 = 2_000;
const FAMILIES: usize = 600;
const ALPHA: f64 = 0.05;
const DELTA: f64 = 0.05;
/// Messages of a family, all right or wrong together.
const MESSAGES: usize = 5;

/// P(error | confidence), confidences being uniform.
type Risk = fn(f64) -> f64;

/// A hair above alpha whatever the confidence: every certificate is a mistake.
const LEVEL: Risk = |_| 0.0501;
/// Rises as confidence falls; the selective risk passes 5% at a coverage of .61.
const RISING: Risk = |confidence| 0.4 * (1.0 - confidence).powi(2);
/// The surest tenth is wrong too often; from a coverage of .15 on the selective risk is below 5%,
/// and above it again from .72 on.
const OVERSURE: Risk = |confidence| match confidence {
    c if c > 0.9 => 0.08,
    c if c > 0.4 => 0.01,
    _ => 0.2,
};

/// Mean error of the messages that a threshold answers.
fn true_risk(risk: Risk, threshold: f64) -> f64 {
    let steps = 2_000;
    let at = |step: i32| threshold + (1.0 - threshold) * (f64::from(step) + 0.5) / f64::from(steps);
    (0..steps).map(|step| risk(at(step))).sum::<f64>() / f64::from(steps)
}

/// Families drawn from the model; `messages` of each, taken for families of their own.
fn draw(generator: &mut ChaCha8Rng, risk: Risk, messages: usize) -> Vec<Outcome> {
    let mut drawn = Vec::with_capacity(FAMILIES * messages);
    for family in 0..FAMILIES {
        let confidence = uniform(generator);
        let error = uniform(generator) < risk(confidence);
        let should_decline = error && uniform(generator) < 0.5;
        for message in 0..messages {
            // Paraphrases differ a little in confidence and find the same document.
            let own = (confidence + 0.001 * message as f64).min(1.0);
            let like = outcome(family * messages + message, own, error);
            drawn.push(Outcome { answerable: !should_decline, ..like });
        }
    }
    drawn
}

/// How many draws certify, and how many of those a risk above alpha.
fn run(risk: Risk, messages: usize, draws: u64) -> (usize, usize) {
    let terms = terms(ALPHA, DELTA);
    let (mut certified, mut violations) = (0, 0);
    for seed in 0..draws {
        let generator = &mut ChaCha8Rng::seed_from_u64(seed);
        let fit = draw(generator, risk, 1);
        let calibrate = draw(generator, risk, messages);
        let plan = Plan::new(&fit, Mix::of(&calibrate), &terms, DEFAULT_STARTS).unwrap();
        if let Verdict::Certified(found) = certify(&plan, &calibrate, &terms).unwrap() {
            certified += 1;
            violations += usize::from(true_risk(risk, found.threshold) > ALPHA);
        }
    }
    (certified, violations)
}

#[test]
fn one_message_a_family_keeps_the_promise() {
    let limit = binomial_limit(DRAWS as usize, DELTA, 0.99);
    for (name, risk, least) in
        [("level", LEVEL, 0.005), ("rising", RISING, 0.8), ("oversure", OVERSURE, 0.3)]
    {
        let (certified, violations) = run(risk, 1, DRAWS);
        assert!(violations <= limit, "{name}: {violations} violations, limit {limit}");
        assert!(certified as f64 > least * DRAWS as f64, "{name}: {certified} certificates");
    }
}

#[test]
fn counting_messages_of_one_family_as_independent_breaks_it() {
    let draws = DRAWS / 4;
    let limit = binomial_limit(draws as usize, DELTA, 0.99);
    for (name, risk) in [("level", LEVEL), ("rising", RISING)] {
        let (_, violations) = run(risk, MESSAGES, draws);
        assert!(violations > limit, "{name}: {violations} violations, limit {limit}");
    }
}
