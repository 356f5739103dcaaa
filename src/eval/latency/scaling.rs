//! How many requests are answered in a second, and do more threads answer more?
//!
//! A [`scaling`] test does the same work in rounds, each once on one thread and once on several,
//! one right after the other, and who goes first changes with the round: whatever else the machine
//! does falls on both. The speed-up is the ratio of the median times of a round; its interval is
//! the one of [`quantile_ratio_test`], the round being what is swapped.
//!
//! Not known here: what the work is, and how many processors there are.

use std::num::NonZeroUsize;

use crate::eval::estimate::Interval;
use crate::eval::significance::Families;

use super::error::LatencyError;
use super::ratio::{RatioOptions, quantile_ratio_test};
use super::samples::{Samples, WHOLE};

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// Requests a second, from the moment at which the first was due to the last answer; `None` where
/// nothing was asked.
#[must_use]
pub fn throughput(samples: &Samples) -> Option<f64> {
    let rows = || samples.of(WHOLE);
    let first = rows().map(|row| row.intended).min()?;
    let last = rows().map(|row| row.intended.saturating_add(row.nanoseconds)).max()?;
    (last > first).then(|| rows().count() as f64 / ((last - first) as f64 / SECOND))
}

/// Options of [`scaling`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingOptions {
    /// Threads that are compared with one.
    pub threads: NonZeroUsize,
    /// Rounds; fewer than six cannot bound a ratio at a level of .95.
    pub rounds: usize,
    /// Coverage of the interval.
    pub level: f64,
    /// Seed of the interval.
    pub seed: u64,
}

/// How several threads compare with one.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Threads compared with one.
    pub threads: NonZeroUsize,
    /// Seconds of each round on one thread.
    pub one: Vec<f64>,
    /// Seconds of each round on several.
    pub several: Vec<f64>,
    /// Median time on one thread over median time on several.
    pub speed_up: f64,
    /// Its interval; `None` where so few rounds bound nothing.
    pub interval: Option<Interval>,
}

/// Does some work on one thread and on several, interleaved. `work` is told the number of threads,
/// does the work once and returns the seconds it took; the first call on each number of threads
/// is a warm-up.
///
/// # Errors
/// The first error of `work`; [`LatencyError`] for times that cannot be compared.
pub fn scaling<E: From<LatencyError>>(
    options: &ScalingOptions,
    work: &mut dyn FnMut(NonZeroUsize) -> Result<f64, E>,
) -> Result<Scaling, E> {
    let numbers = [NonZeroUsize::MIN, options.threads];
    for threads in numbers {
        work(threads)?;
    }
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 0..options.rounds {
        let first = round % 2;
        for side in [first, 1 - first] {
            seconds[side].push(work(numbers[side])?);
        }
    }
    let [one, several] = seconds;
    let by_round = |times: &[f64]| times.iter().map(|time| vec![*time]).collect::<Vec<_>>();
    let ratio = quantile_ratio_test(
        &by_round(&one),
        &by_round(&several),
        &Families::singletons(options.rounds),
        &RatioOptions {
            quantile: 0.5,
            level: options.level,
            seed: options.seed,
            ..RatioOptions::default()
        },
    )?;
    let interval = ratio.interval.map(|ends| Interval {
        low: ends.high.recip(),
        high: ends.low.recip(),
        level: ends.level,
    });
    Ok(Scaling { threads: options.threads, one, several, speed_up: ratio.ratio.recip(), interval })
}

#[cfg(test)]
mod tests {
    //! 1. Throughput counts from the first due moment to the last answer.
    //! 2. Both numbers of threads do the same rounds, each goes first equally often, and a
    //!    speed-up that was put in comes out, within its interval.
    //! 3. The first error ends it.

    use std::convert::Infallible;

    use super::super::clock::VirtualClock;
    use super::super::load::{ClosedOptions, closed};
    use super::super::samples::StageTimes;
    use super::*;

    const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

    #[test]
    fn throughput_counts_what_all_threads_answer() {
        for (threads, expected) in [(NonZeroUsize::MIN, 1_000.0), (TWO, 2_000.0)] {
            let clock = VirtualClock::new();
            let system = |_: usize| {
                clock.pass(1_000_000);
                Ok::<_, Infallible>(StageTimes::new())
            };
            let topics: Vec<String> = (0..50).map(|n| n.to_string()).collect();
            let options = ClosedOptions { rounds: 2, warm_up: 1, threads, seed: 1 };
            let samples = closed(&system, &topics, &options, &clock).unwrap();
            let found = throughput(&samples).unwrap();
            assert!((found - expected).abs() < 1e-6, "{found}");
        }
    }

    #[test]
    fn a_speed_up_comes_out() {
        let mut asked = Vec::new();
        let mut noise = 0;
        let mut work = |threads: NonZeroUsize| {
            asked.push(threads.get());
            noise = (noise * 5 + 3) % 16;
            let base = 1.0 + f64::from(noise) / 1_000.0;
            Ok::<_, LatencyError>(if threads == TWO { base / 1.9 } else { base })
        };
        let options = ScalingOptions { threads: TWO, rounds: 12, level: 0.95, seed: 1 };
        let found = scaling(&options, &mut work).unwrap();
        assert_eq!((found.one.len(), found.several.len()), (12, 12));
        let ends = found.interval.unwrap();
        assert!((found.speed_up - 1.9).abs() < 0.03, "{found:?}");
        assert!(ends.low < 1.9 && 1.9 < ends.high && ends.high - ends.low < 0.1, "{ends:?}");
        assert_eq!(asked[..6], [1, 2, 1, 2, 2, 1]);
    }

    #[test]
    fn few_rounds_have_no_interval_and_no_round_no_ratio() {
        let mut work = |threads: NonZeroUsize| Ok::<_, LatencyError>(1.0 / threads.get() as f64);
        let options = ScalingOptions { threads: TWO, rounds: 3, level: 0.95, seed: 1 };
        assert_eq!(scaling(&options, &mut work).unwrap().interval, None);
        let none = ScalingOptions { rounds: 0, ..options };
        assert!(matches!(scaling(&none, &mut work), Err(LatencyError::NoTopic)));
        let mut broken = |_| Err(LatencyError::NoTopic);
        assert!(scaling(&options, &mut broken).is_err());
    }
}
