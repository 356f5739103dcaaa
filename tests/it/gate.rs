//! The gate on simulated pairs whose truth is known.
//!
//! Equal systems are made of two really different ones: for every family a fair coin says which of
//! the two is called the candidate, so both labels have the same distribution, and differences per
//! topic are as large as between real systems. Latencies are lognormal with effects of families,
//! topics and systems. A loss is subtracted from every value of the candidate, a slowdown
//! multiplies every sample.
//!
//! 1. Of 500 equal pairs no more fail than the 99% binomial limit of the level.
//! 2. Of 500 pairs into which a loss of .03 is put, or a slowdown by a fifth, as many are found as
//!    the prospect of the pairs said beforehand, within what chance allows. What the prospect says
//!    of the altered pairs themselves promises no more than that.
//! 3. Of 500 pairs with a loss as large as the margin no more pass than the same limit; nor of those
//!    slower by the margin of latency.
//! 4. The prospect does not know which system is which: it is the same with the labels swapped.
//! 5. All three verdicts can be had, by the library and by exit code.
//! 6. The verdict is the same on any number of threads.
//!
//! That open-loop latency finds a stall and closed-loop does not is checked beside `eval::latency`.

use guidepost::eval::experiment::gate::{
    GateOptions, Outcome, Prospect, Quality, Tails, Verdict, judge, prospect,
};
use guidepost::eval::significance::{Families, binomial_limit};

use crate::support::{Dice, slow};

/// Pairs of each kind.
const PAIRS: usize = 500;
const LEVEL: f64 = 0.05;
/// The loss and the slowdown that the prospect speaks of.
const LOSS: f64 = 0.03;
const SLOWDOWN: f64 = 1.2;

/// Uniform on (0, 1).
fn uniform(dice: &mut Dice) -> f64 {
    (dice.below(1 << 52) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// Standard normal (Box and Muller).
fn normal(dice: &mut Dice) -> f64 {
    let radius = (-2.0 * uniform(dice).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(dice)).cos()
}

/// What is true of a pair.
#[derive(Clone, Copy, PartialEq)]
struct Truth {
    /// Subtracted from the candidate's values.
    loss: f64,
    /// Multiplies the candidate's samples.
    slowdown: f64,
}

const EQUAL: Truth = Truth { loss: 0.0, slowdown: 1.0 };

/// Values and samples of two systems on the same topics.
struct Pair {
    families: Families,
    values: [Vec<f64>; 2],
    samples: [Vec<Vec<f64>>; 2],
}

impl Pair {
    /// Families of one to three topics, six samples of each.
    fn draw(seed: u64, families: usize, truth: Truth) -> Pair {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9) + 77);
        let mut names = Vec::new();
        let mut values = [Vec::new(), Vec::new()];
        let mut samples = [Vec::new(), Vec::new()];
        for family in 0..families {
            let swapped = dice.below(2) as usize;
            let hardness = 0.55 + 0.25 * normal(&mut dice);
            let slowness = 7.0 + 0.1 * normal(&mut dice);
            for _ in 0..=dice.below(3) {
                names.push(family.to_string());
                let shared = hardness + 0.1 * normal(&mut dice);
                let slow = slowness + 0.05 * normal(&mut dice);
                for system in 0..2 {
                    let side = system ^ swapped;
                    // The second system ranks better in the mean and otherwise, and is faster.
                    let better = 0.04 * system as f64 + 0.1 * normal(&mut dice);
                    // Values of rankings stand in steps and pile up at the ends.
                    let value = ((shared + better).clamp(0.0, 1.0) * 20.0).round() / 20.0;
                    values[side].push(value - truth.loss * side as f64);
                    let factor = if side == 1 { truth.slowdown } else { 1.0 };
                    let faster = 0.05 * system as f64;
                    let drawn = (0..6).map(|_| {
                        let noise = 0.35 * normal(&mut dice);
                        factor * (slow - faster + noise).exp()
                    });
                    samples[side].push(drawn.collect());
                }
            }
        }
        Pair { families: Families::of(&names), values, samples }
    }

    fn quality(&self) -> Quality<'_> {
        let [baseline, candidate] = &self.values;
        Quality { baseline, candidate, families: &self.families }
    }

    fn tails(&self) -> Tails<'_> {
        let [baseline, candidate] = &self.samples;
        Tails { baseline, candidate, families: &self.families }
    }

    fn swapped(mut self) -> Pair {
        self.values.swap(0, 1);
        self.samples.swap(0, 1);
        self
    }

    fn prospect(&self, options: &GateOptions) -> Prospect {
        prospect(&self.quality(), Some(&self.tails()), options).unwrap()
    }

    fn judge(&self, prospect: Prospect, options: &GateOptions) -> Verdict {
        judge(&self.quality(), Some(&self.tails()), prospect, options).unwrap()
    }
}

/// Fewer draws than the defaults: these are many pairs, and each draw is exact in itself.
fn options() -> GateOptions {
    GateOptions { permutations: 399, simulations: 20, replicates: 100, ..GateOptions::default() }
}

/// Families of each pair: enough for a loss of .03 to be found more often than not.
const FAMILIES: usize = 60;

/// A pair: what was said of it before anything was put into it, and the verdict after.
struct Judged {
    before: Prospect,
    verdict: Verdict,
}

/// Verdicts on many pairs, with what was said before of each.
fn verdicts(truth: Truth, margins: (f64, f64), seed: u64, simulations: usize) -> Vec<Judged> {
    let (margin, latency_margin) = margins;
    (0..PAIRS as u64)
        .map(|number| {
            let seed = seed + number;
            let options = GateOptions { margin, latency_margin, seed, simulations, ..options() };
            let before = Pair::draw(seed, FAMILIES, EQUAL).prospect(&options);
            let pair = Pair::draw(seed, FAMILIES, truth);
            let said = if truth == EQUAL { before } else { pair.prospect(&options) };
            Judged { before, verdict: pair.judge(said, &options) }
        })
        .collect()
}

const MARGINS: (f64, f64) = (0.02, 1.1);

fn count(judged: &[Judged], outcome: Outcome) -> usize {
    judged.iter().filter(|j| j.verdict.outcome == outcome).count()
}

/// Share of pairs that were found, and the mean of what was said beforehand.
#[track_caller]
fn agree(what: &str, found: usize, said: f64) {
    let n = PAIRS as f64;
    let share = found as f64 / n;
    // What is said is itself drawn; its own error is smaller than that of 500 pairs.
    let chance = 3.3 * (2.0 * said * (1.0 - said) / n).sqrt();
    eprintln!("{what}: {share:.3} of {PAIRS} found, {said:.3} said beforehand");
    assert!(
        (share - said).abs() <= chance,
        "{what}: found {share:.3}, said {said:.3} ± {chance:.3}"
    );
}

/// What is said of the altered pairs must not be more than what is found, nor far less.
#[track_caller]
fn promise(what: &str, found: usize, said: f64) {
    let share = found as f64 / PAIRS as f64;
    eprintln!("{what}: {said:.3} said of the altered pairs");
    assert!(said <= share + 0.03, "{what}: found {share:.3}, promised {said:.3}");
    assert!(said >= share - 0.15, "{what}: found {share:.3}, only {said:.3} promised");
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    values.sum::<f64>() / PAIRS as f64
}

#[test]
fn equal_systems_fail_no_more_often_than_the_level_says() {
    let found = verdicts(EQUAL, MARGINS, 1_000, 8);
    let fails = count(&found, Outcome::Fail);
    let limit = binomial_limit(PAIRS, LEVEL, 0.99);
    eprintln!(
        "{fails} of {PAIRS} equal pairs failed (limit {limit}), {} passed",
        count(&found, Outcome::Pass)
    );
    assert!(fails <= limit, "{fails} of {PAIRS} fail, at most {limit} may");
    // Not by never saying anything: each side alone finds something at about half the level.
    assert!(fails > 0);
    // What was said of passing agrees too.
    let passes =
        |side: fn(&Verdict) -> f64| found.iter().filter(|j| side(&j.verdict) <= LEVEL).count();
    agree(
        "equal quality",
        passes(|v| v.quality.p_noninferior),
        mean(found.iter().map(|j| j.before.quality_passes_if_equal)),
    );
    agree(
        "equal latency",
        passes(|v| v.latency.unwrap().p_noninferior),
        mean(found.iter().map(|j| j.before.latency_passes_if_equal.unwrap())),
    );
}

#[test]
fn a_loss_of_three_hundredths_is_caught_as_often_as_was_said() {
    let found = verdicts(Truth { loss: LOSS, ..EQUAL }, MARGINS, 2_000, 1);
    let caught = found.iter().filter(|j| j.verdict.quality.p_worse_holm <= LEVEL).count();
    let said = mean(found.iter().map(|j| j.before.loss_found));
    assert!((0.2..0.95).contains(&said), "{said} would tell little");
    agree("a loss of .03", caught, said);
    promise("a loss of .03", caught, mean(found.iter().map(|j| j.verdict.prospect.loss_found)));
    assert!(count(&found, Outcome::Fail) >= caught);
}

#[test]
fn a_slowdown_by_a_fifth_is_caught_as_often_as_was_said() {
    let found = verdicts(Truth { slowdown: SLOWDOWN, ..EQUAL }, MARGINS, 3_000, 8);
    let is_caught = |j: &&Judged| j.verdict.latency.unwrap().p_worse_holm <= LEVEL;
    let caught = found.iter().filter(is_caught).count();
    let said = mean(found.iter().map(|j| j.before.slowdown_found.unwrap()));
    assert!((0.2..0.95).contains(&said), "{said} would tell little");
    agree("a slowdown by a fifth", caught, said);
    let promised = mean(found.iter().map(|j| j.verdict.prospect.slowdown_found.unwrap()));
    promise("a slowdown by a fifth", caught, promised);
    assert!(count(&found, Outcome::Fail) >= caught);
}

#[test]
fn what_is_worse_by_the_margin_passes_no_more_often_than_the_level_says() {
    let limit = binomial_limit(PAIRS, LEVEL, 0.99);
    let (margin, latency_margin) = MARGINS;
    // The other side is made easy, so that it stands in nobody's way.
    let cases = [
        ("quality", Truth { loss: margin, ..EQUAL }, (margin, 3.0)),
        ("latency", Truth { slowdown: latency_margin, ..EQUAL }, (0.5, latency_margin)),
    ];
    for (name, truth, margins) in cases {
        let passes = count(&verdicts(truth, margins, 4_000, 0), Outcome::Pass);
        eprintln!("{name} worse by the margin: {passes} of {PAIRS} passed (limit {limit})");
        assert!(passes <= limit, "{name}: {passes} of {PAIRS} pass, at most {limit} may");
    }
}

#[test]
fn the_prospect_does_not_know_who_is_who() {
    for seed in 0..3 {
        let truth = Truth { loss: 0.2, slowdown: 1.0 };
        let options = options();
        let said = Pair::draw(seed, 20, truth).prospect(&options);
        let swapped = Pair::draw(seed, 20, truth).swapped().prospect(&options);
        assert!((said.loss_found - swapped.loss_found).abs() < 1e-12);
        assert!((said.quality_passes_if_equal - swapped.quality_passes_if_equal).abs() < 1e-12);
        // Coins are tossed for the labels as they are given, so that draws differ by chance alone.
        let [a, b] = [said, swapped].map(|p| p.slowdown_found.unwrap());
        assert!((a - b).abs() <= 0.5, "{a} {b}");
    }
}

#[test]
fn every_verdict_can_be_had() {
    let options = options();
    let judged = |families: usize, truth: Truth, margin: f64, latency_margin: f64| {
        let options = GateOptions { margin, latency_margin, ..options };
        let pair = Pair::draw(5, families, truth);
        pair.judge(pair.prospect(&options), &options)
    };
    let pass = judged(80, EQUAL, 0.2, 2.0);
    assert_eq!(pass.outcome, Outcome::Pass, "{}", pass.sentence);
    assert!(pass.sentence.starts_with("pass: quality"), "{}", pass.sentence);
    let worse = judged(80, Truth { loss: 0.3, ..EQUAL }, 0.02, 1.1);
    assert_eq!(worse.outcome, Outcome::Fail, "{}", worse.sentence);
    let slower = judged(80, Truth { slowdown: 3.0, ..EQUAL }, 0.2, 1.1);
    assert_eq!(slower.outcome, Outcome::Fail, "{}", slower.sentence);
    assert!(slower.sentence.contains("quality") && slower.sentence.ends_with("worse"));
    let neither = judged(5, EQUAL, 0.02, 1.1);
    assert_eq!(neither.outcome, Outcome::CannotTell, "{}", neither.sentence);
    // Without latency, quality alone.
    let pair = Pair::draw(5, 80, EQUAL);
    let options = GateOptions { margin: 0.2, ..options };
    let before = prospect(&pair.quality(), None, &options).unwrap();
    assert_eq!((before.latency_passes_if_equal, before.slowdown_found), (None, None));
    let alone = judge(&pair.quality(), None, before, &options).unwrap();
    assert_eq!((alone.outcome, alone.latency), (Outcome::Pass, None));
}

#[test]
fn the_verdict_does_not_depend_on_threads() {
    let pair = Pair::draw(9, 40, Truth { loss: 0.01, slowdown: 1.05 });
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let options = GateOptions { permutations: 2_000, ..options() };
            let verdict = pair.judge(pair.prospect(&options), &options);
            serde_json::to_string(&verdict).unwrap()
        })
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(1), on(if slow() { 8 } else { 3 }));
}

#[cfg(feature = "cli")]
mod typed {
    use std::fmt::Write as _;
    use std::process::Command;

    use crate::support::Dice;

    /// Exit codes and words of a gate on runs.
    #[test]
    fn the_exit_code_is_the_verdict() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
        let qrels = |n: usize| {
            (0..n).fold(String::new(), |mut text, topic| {
                let _ = writeln!(text, "t{topic} 0 right 1");
                text
            })
        };
        // The right document at a rank that the closure gives.
        let run = |n: usize, rank: &mut dyn FnMut(usize) -> usize| {
            let mut text = String::new();
            for topic in 0..n {
                let right = rank(topic);
                for place in 0..4 {
                    let document =
                        if place == right { "right".to_owned() } else { format!("wrong{place}") };
                    let _ = writeln!(text, "t{topic} Q0 {document} {place} {} r", 10 - place);
                }
            }
            text
        };
        write("many.qrels", &qrels(200));
        write("few.qrels", &qrels(6));
        write("best.trec", &run(200, &mut |_| 0));
        write("worse.trec", &run(200, &mut |topic| topic % 2));
        let mut dice = Dice(3);
        write("few-a.trec", &run(6, &mut |_| dice.below(4) as usize));
        write("few-b.trec", &run(6, &mut |_| dice.below(4) as usize));
        let gate = |command: &str, baseline: &str, candidate: &str, qrels: &str| {
            let output = Command::new(env!("CARGO_BIN_EXE_guidepost"))
                .args(["eval", command, baseline, candidate, "--qrels", qrels, "--quality-only"])
                .current_dir(folder.path())
                .output()
                .unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            (output.status.code().unwrap(), said)
        };
        let cases = [
            (0, "worse.trec", "best.trec", "many.qrels", "pass: "),
            (1, "best.trec", "worse.trec", "many.qrels", "fail: "),
            (5, "few-a.trec", "few-b.trec", "few.qrels", "cannot tell: "),
        ];
        for (code, baseline, candidate, qrels, verdict) in cases {
            let (ended, said) = gate("gate", baseline, candidate, qrels);
            let lines: Vec<&str> = said.lines().collect();
            assert_eq!(ended, code, "{said}");
            // What could be told stands before what was found.
            assert!(lines[0].starts_with("before the result, labels hidden: "), "{said}");
            assert!(lines.last().unwrap().starts_with(verdict), "{said}");
            // A comparison says the same and judges nothing.
            assert_eq!(gate("compare", baseline, candidate, qrels), (0, said));
        }
    }
}
