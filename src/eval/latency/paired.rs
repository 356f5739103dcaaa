//! Which of two systems takes longer on the same topics, at the same time, on the same machine?
//!
//! Both are asked every topic, one right after the other, by one thread of one process: whatever
//! else the machine does falls on both. Who goes first is drawn per topic and changes with every
//! round, so that over an even number of rounds each goes first equally often on each topic: what
//! the first leaves in the caches helps both the same.

use rand::RngExt as _;

use super::clock::Clock;
use super::load::{Measured, Plan, Stream, System, collect, stream};
use super::samples::{Load, LoadKind, Samples};

/// Options of [`paired`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairOptions {
    /// Rounds over the topics that are kept; an even number balances who goes first.
    pub rounds: usize,
    /// Rounds before them that are not.
    pub warm_up: usize,
    /// Seed of the order of the topics and of who goes first.
    pub seed: u64,
}

/// Samples of two systems; the requests of a pair have the same number, and their starts tell who
/// went first.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedSamples {
    /// The one compared with.
    pub baseline: Samples,
    /// The one compared.
    pub system: Samples,
}

/// Asks two systems, interleaved topic by topic.
///
/// # Errors
/// The first error of either system.
pub fn paired<E>(
    baseline: &System<'_, E>,
    system: &System<'_, E>,
    topics: &[String],
    options: &PairOptions,
    clock: &dyn Clock,
) -> Result<PairedSamples, E> {
    let PairOptions { rounds, warm_up, seed } = *options;
    let plan = Plan::new(topics.len(), rounds, warm_up, seed);
    let mut coins = stream(seed, Stream::Coins);
    let system_first: Vec<bool> = topics.iter().map(|_| coins.random()).collect();
    let goes_first = |topic: usize, round: usize| {
        system_first.get(topic).is_some_and(|first| first ^ (round % 2 == 1))
    };
    for (request, &topic) in plan.warm_up.iter().enumerate() {
        if goes_first(topic, plan.round(request)) {
            system(topic)?;
            baseline(topic)?;
        } else {
            baseline(topic)?;
            system(topic)?;
        }
    }
    let origin = clock.now();
    let mut measured = [Vec::new(), Vec::new()];
    for (request, &topic) in plan.kept.iter().enumerate() {
        let round = plan.round(request);
        let first = usize::from(goes_first(topic, round));
        for side in [first, 1 - first] {
            let asked = if side == 0 { baseline } else { system };
            let start = clock.now();
            let stages = asked(topic)?;
            let end = clock.now();
            measured[side].push(Measured {
                request,
                topic,
                round,
                thread: 0,
                due: None,
                making: None,
                start: start - origin,
                end: end - origin,
                stages,
            });
        }
    }
    let load = Load { kind: LoadKind::Paired, warm_up, threads: 1 };
    let [baseline, system] = measured.map(|side| collect(load, topics, &side));
    Ok(PairedSamples { baseline, system })
}

#[cfg(test)]
mod tests {
    //! Both systems are asked every topic in every round; who goes first changes with the round.

    use std::convert::Infallible;
    use std::sync::Mutex;

    use super::super::clock::VirtualClock;
    use super::super::samples::{StageTimes, WHOLE};
    use super::*;

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|n| n.to_string()).collect()
    }

    fn run(seed: u64, rounds: usize) -> (PairedSamples, Vec<(char, usize)>) {
        let clock = VirtualClock::new();
        let log = Mutex::new(Vec::new());
        let asked = |name: char, nanoseconds: u64| {
            let (clock, log) = (&clock, &log);
            move |topic: usize| {
                clock.pass(nanoseconds + topic as u64);
                log.lock().unwrap().push((name, topic));
                Ok::<_, Infallible>(StageTimes::new())
            }
        };
        let options = PairOptions { rounds, warm_up: 1, seed };
        let (a, b) = (asked('a', 1_000), asked('b', 3_000));
        let samples = paired(&a, &b, &ids(40), &options, &clock).unwrap();
        (samples, log.into_inner().unwrap())
    }

    #[test]
    fn both_are_asked_each_topic_one_right_after_the_other() {
        let (samples, log) = run(1, 2);
        assert_eq!(log.len(), 2 * 40 * 3);
        for pair in log.chunks(2) {
            assert_eq!(pair[0].1, pair[1].1);
            assert_ne!(pair[0].0, pair[1].0);
        }
        let expected = |own: f64| -> Vec<Vec<f64>> {
            (0..40).map(|topic| vec![own + f64::from(topic) / 1000.0; 2]).collect()
        };
        assert_eq!(samples.baseline.by_topic(WHOLE), expected(1.0));
        assert_eq!(samples.system.by_topic(WHOLE), expected(3.0));
        assert_eq!(samples.system.load().to_string(), "paired, warm (1 round), 1 thread");
    }

    #[test]
    fn each_goes_first_equally_often_on_each_topic() {
        let (samples, _) = run(5, 4);
        let mut firsts = vec![[0, 0]; 40];
        let mut first_round = 0;
        for (a, b) in samples.baseline.of(WHOLE).zip(samples.system.of(WHOLE)) {
            assert_eq!((a.request, a.topic, a.round), (b.request, b.topic, b.round));
            let system_first = usize::from(b.start < a.start);
            firsts[a.topic as usize][system_first] += 1;
            first_round += if a.round == 0 { system_first } else { 0 };
        }
        assert_eq!(firsts, vec![[2, 2]; 40]);
        // Drawn, not fixed: 40 coins all but surely show 5 heads and 5 tails.
        assert!((5..=35).contains(&first_round), "{first_round}");
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(run(3, 2), run(3, 2));
        assert_ne!(run(3, 2).1, run(4, 2).1);
    }

    #[test]
    fn the_first_failure_is_returned() {
        let clock = VirtualClock::new();
        let good = |_| Ok(StageTimes::new());
        let bad = |topic| if topic == 2 { Err(topic) } else { Ok(StageTimes::new()) };
        let options = PairOptions { rounds: 1, warm_up: 0, seed: 1 };
        assert_eq!(paired(&good, &bad, &ids(5), &options, &clock), Err(2));
        assert_eq!(paired(&bad, &good, &ids(5), &options, &clock), Err(2));
    }
}
