//! How long does somebody wait for this index, under which load, and is another one faster?
//!
//! Whole messages are asked, as a service would ask: rules, retrieval, answer. Before anything is
//! timed, a sample of the messages is asked alone and from all threads at once, and the replies
//! must be the same ([`verified`]); a fast wrong answer is not worth a number. Every message is
//! asked once a round, none stands twice in a round, and no reply is kept from one request to the
//! next: the engine has no cache of queries.
//!
//! Not known here: labels and quality (`eval run` measures those), files and arguments.

mod once;
mod report;
mod work;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread;

use jiff::civil::Date;

use super::error::EvalError;
use super::experiment::timing::stages;
use super::fit::query_of;
use super::latency::{
    ClosedOptions, LatencyError, LoadKind, OpenOptions, PairOptions, RatioOptions, RealClock,
    RequestRate, Samples, Schedule, StageTimes, closed, open, paired, quantile_ratio_test,
    summarise, throughput,
};
use super::report::model::{Latency, Throughput, TimeRatio};
use super::significance::Families;
use super::topic::Topic;
use crate::engine::{Engine, Reply, Timings};
use crate::error::Error;
use crate::query::Query;

pub use once::{Stage, once};
pub use report::{Setting, report};
pub use work::{ask_in_a_loop, rank_all, seconds_in_pool};

/// Nominal coverage of every interval.
pub const LEVEL: f64 = 0.95;
/// Messages that are asked for verification.
const SAMPLE: usize = 64;
/// Quantiles that two configurations are compared by.
const COMPARED: [(&str, f64); 2] = [("p50", 0.5), ("p99", 0.99)];
/// Share of what is due that must be answered for a system to count as keeping up.
const KEEPS_UP: f64 = 0.98;
/// Swaps drawn for a ratio's interval.
const PERMUTATIONS: usize = 4_999;

/// Messages to ask, no text twice.
#[derive(Debug, Clone)]
pub struct Messages {
    name: String,
    ids: Vec<String>,
    queries: Vec<Query>,
    families: Families,
    left_out: usize,
}

impl Messages {
    /// Messages of a file of topics; of topics with the same text the first is kept.
    #[must_use]
    pub fn new(name: &str, topics: &[Topic], day: Date) -> Messages {
        let mut seen = BTreeSet::new();
        let kept: Vec<&Topic> = topics.iter().filter(|t| seen.insert(t.text.as_str())).collect();
        let families: Vec<&str> = kept.iter().map(|topic| topic.family()).collect();
        Messages {
            name: name.to_owned(),
            ids: kept.iter().map(|topic| topic.id.to_string()).collect(),
            queries: kept.iter().map(|topic| query_of(topic, day)).collect(),
            families: Families::of(&families),
            left_out: topics.len() - kept.len(),
        }
    }

    /// What the set is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.queries.len()
    }

    /// Families among them.
    pub fn families(&self) -> usize {
        self.families.n()
    }

    /// The messages as they are asked.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// Topics left out because another one has the same text.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Places of a sample, evenly spaced.
    fn sample(&self) -> impl Iterator<Item = usize> {
        let count = self.count();
        let most = SAMPLE.min(count);
        (0..most).map(move |place| place * count / most)
    }
}

/// How messages are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchPlan {
    /// Threads of the closed loops, one loop each; the open loop has as many as the last.
    pub workers: Vec<NonZeroUsize>,
    /// Requests due in a second of the open loop; none: half of what the last closed loop answered.
    pub rate: Option<RequestRate>,
    /// How due moments are spread.
    pub schedule: Schedule,
    /// Rounds over the messages that are kept.
    pub rounds: usize,
    /// Rounds before them that are not.
    pub warm_up: usize,
    /// Seed of the order of the messages and of due moments.
    pub seed: u64,
}

/// What was measured.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Quantiles and distributions by stage.
    pub latency: Vec<Latency>,
    /// Requests answered in a second, by load.
    pub throughput: Vec<Throughput>,
    /// Times compared.
    pub time_ratios: Vec<TimeRatio>,
    /// All samples, with a name for their file.
    pub samples: Vec<(String, Samples)>,
    /// What a reader must know first.
    pub warnings: Vec<String>,
}

impl Measured {
    fn keep(
        &mut self,
        system: &str,
        name: &str,
        messages: &Messages,
        samples: Samples,
    ) -> Result<(), EvalError> {
        let found = summarise(&messages.name, system, &samples, &messages.families, LEVEL)?;
        self.latency.extend(found);
        self.samples.push((name.to_owned(), samples));
        Ok(())
    }

    fn count(&mut self, system: &str, messages: &Messages, samples: &Samples) -> f64 {
        let per_second = throughput(samples).unwrap_or(0.0);
        let due = match samples.load().kind {
            LoadKind::Open { rate, .. } => Some(rate.per_second()),
            _ => None,
        };
        if let Some(due) = due
            && per_second < due * KEEPS_UP
        {
            self.warnings.push(format!(
                "Of {due:.1} messages due in a second {per_second:.1} were answered. Where a \
                 system cannot keep up, waiting grows for as long as the test lasts; give a lower \
                 rate or more workers."
            ));
        }
        self.throughput.push(Throughput {
            dataset: messages.name.clone(),
            system: system.to_owned(),
            load: samples.load().to_string(),
            requests: messages.count() * samples.rows().last().map_or(0, |r| r.round as usize + 1),
            per_second,
            due_per_second: due,
        });
        per_second
    }
}

/// Asks a message, for the time of its stages.
fn ask(engine: &Engine, messages: &Messages, place: usize) -> Result<StageTimes, EvalError> {
    let Some(query) = messages.queries.get(place) else {
        return Ok(StageTimes::new());
    };
    Ok(stages(&engine.reply(query)?.timings))
}

/// A reply without what differs each time.
fn reply(engine: &Engine, query: &Query) -> Result<Reply, Error> {
    let mut reply = engine.reply(query)?;
    reply.timings = Timings::default();
    Ok(reply)
}

/// Asks a sample alone, then again from several threads at once, and compares.
///
/// # Errors
/// [`LatencyError::Unrepeatable`] for a reply that is not the same; [`EvalError::Engine`].
pub fn verified(
    engine: &Engine,
    messages: &Messages,
    workers: NonZeroUsize,
) -> Result<usize, EvalError> {
    let sample =
        || messages.sample().filter_map(|place| Some((place, messages.queries.get(place)?)));
    let expected: Vec<Reply> =
        sample().map(|(_, query)| reply(engine, query)).collect::<Result<_, _>>()?;
    let failure: Mutex<Option<EvalError>> = Mutex::new(None);
    let fail = |error: EvalError| {
        if let Ok(mut first) = failure.lock() {
            first.get_or_insert(error);
        }
    };
    thread::scope(|scope| {
        for _ in 0..workers.get() {
            scope.spawn(|| {
                for ((place, query), expected) in sample().zip(&expected) {
                    match reply(engine, query) {
                        Ok(again) if again == *expected => {}
                        Ok(_) => fail(unrepeatable(messages, place)),
                        Err(error) => fail(error.into()),
                    }
                }
            });
        }
    });
    let failure = failure.into_inner().unwrap_or_default();
    failure.map_or(Ok(expected.len()), Err)
}

fn unrepeatable(messages: &Messages, place: usize) -> EvalError {
    let topic = messages.ids.get(place).cloned().unwrap_or_default();
    LatencyError::Unrepeatable { topic }.into()
}

/// How two configurations agree on a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Messages with the same decision and the same best document.
    pub same: usize,
    /// Messages asked.
    pub asked: usize,
}

/// Asks both a sample. Two engines of one snapshot, settings and models must reply the same.
///
/// # Errors
/// [`LatencyError::Unrepeatable`] where they do not; [`EvalError::Engine`].
pub fn agreement(
    baseline: &Engine,
    other: &Engine,
    messages: &Messages,
) -> Result<Agreement, EvalError> {
    let mut found = Agreement { same: 0, asked: 0 };
    for place in messages.sample() {
        let Some(query) = messages.queries.get(place) else { continue };
        let (one, two) = (reply(baseline, query)?, reply(other, query)?);
        if one.snapshot == two.snapshot && one.made_with == two.made_with && one != two {
            return Err(unrepeatable(messages, place));
        }
        let decided = |reply: &Reply| {
            (reply.response.decision(), reply.winner.as_ref().map(|w| w.document.clone()))
        };
        found.asked += 1;
        found.same += usize::from(decided(&one) == decided(&two));
    }
    Ok(found)
}

/// Asks an engine in closed loops, then in an open one.
///
/// # Errors
/// [`EvalError`] of the engine or of the figures.
pub fn measure(
    system: &str,
    engine: &Engine,
    messages: &Messages,
    plan: &BenchPlan,
) -> Result<Measured, EvalError> {
    let mut measured = Measured::default();
    let system_of = |place: usize| ask(engine, messages, place);
    let (mut most, mut answered) = (NonZeroUsize::MIN, 0.0);
    for &threads in &plan.workers {
        let options =
            ClosedOptions { rounds: plan.rounds, warm_up: plan.warm_up, threads, seed: plan.seed };
        let samples = closed(&system_of, &messages.ids, &options, &RealClock::new())?;
        answered = measured.count(system, messages, &samples);
        measured.keep(system, &format!("closed-{threads}"), messages, samples)?;
        most = threads;
    }
    let rate = match plan.rate {
        Some(rate) => rate,
        None => RequestRate::new((answered / 2.0).max(1.0).round())?,
    };
    let options = OpenOptions {
        rate,
        schedule: plan.schedule,
        rounds: plan.rounds,
        warm_up: plan.warm_up,
        threads: most,
        seed: plan.seed,
    };
    let samples = open(&system_of, &messages.ids, &options, &RealClock::new())?;
    measured.count(system, messages, &samples);
    measured.keep(system, "open", messages, samples)?;
    Ok(measured)
}

/// Asks two engines, interleaved message by message by one thread, and compares their quantiles.
///
/// # Errors
/// [`EvalError`] of an engine or of the figures.
pub fn compare(
    baseline: (&str, &Engine),
    other: (&str, &Engine),
    messages: &Messages,
    plan: &BenchPlan,
) -> Result<Measured, EvalError> {
    let mut measured = Measured::default();
    // An even number of rounds lets each go first equally often.
    let rounds = plan.rounds + plan.rounds % 2;
    let options = PairOptions { rounds, warm_up: plan.warm_up, seed: plan.seed };
    let samples = paired(
        &|place| ask(baseline.1, messages, place),
        &|place| ask(other.1, messages, place),
        &messages.ids,
        &options,
        &RealClock::new(),
    )?;
    for stage in samples.baseline.stages().to_vec() {
        let sides = [samples.baseline.by_topic(&stage), samples.system.by_topic(&stage)];
        let found = ratios(&stage, sides, messages, plan.seed)?;
        measured.time_ratios.extend(found.into_iter().map(|ratio| TimeRatio {
            baseline: baseline.0.to_owned(),
            system: other.0.to_owned(),
            ..ratio
        }));
    }
    measured.keep(baseline.0, "paired-baseline", messages, samples.baseline)?;
    measured.keep(other.0, "paired-against", messages, samples.system)?;
    Ok(measured)
}

/// Quantiles of a stage compared, on the messages that took some time in it on both sides: a
/// message that a rule takes is not retrieved, and the engine counts whole microseconds.
fn ratios(
    stage: &str,
    sides: [Vec<Vec<f64>>; 2],
    messages: &Messages,
    seed: u64,
) -> Result<Vec<TimeRatio>, EvalError> {
    let [baseline, other] = sides;
    let timed = |times: &Vec<f64>| !times.is_empty() && times.iter().all(|time| *time > 0.0);
    let index = messages.families.index();
    let kept = baseline.into_iter().zip(other).zip(index);
    let kept = kept.filter(|((one, two), _)| timed(one) && timed(two));
    let (pairs, families): (Vec<_>, Vec<String>) =
        kept.map(|(pair, family)| (pair, family.to_string())).unzip();
    let (baseline, other): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    if families.is_empty() {
        return Ok(Vec::new());
    }
    let families = Families::of(&families);
    let compared = COMPARED.iter().map(|&(name, quantile)| {
        let options = RatioOptions {
            quantile,
            level: LEVEL,
            seed,
            permutations: PERMUTATIONS,
            ..RatioOptions::default()
        };
        let ratio = quantile_ratio_test(&baseline, &other, &families, &options)?;
        Ok(TimeRatio {
            dataset: messages.name.clone(),
            what: format!("the {name} of `{stage}`"),
            baseline: String::new(),
            system: String::new(),
            baseline_microseconds: ratio.baseline,
            system_microseconds: ratio.system,
            ratio: ratio.ratio,
            interval: ratio.interval,
            n: ratio.families,
        })
    });
    compared.collect()
}

#[cfg(test)]
mod tests;
