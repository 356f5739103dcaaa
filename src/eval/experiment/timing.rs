//! Latency of an experiment's systems: closed and open loop, warm and cold, and the primary pair
//! interleaved.
//!
//! Systems are asked whole messages, as a person would ask: rules, retrieval, answer. Programs are
//! timed from outside; what their pipe costs is measured by pings and shown as `overhead`.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::ExperimentError;
use super::command::Program;
use super::conduct::Prepared;
use super::dataset::Dataset;
use super::definition::LatencyPlan;
use super::system::{EngineSystem, Ready, Workshop};
use crate::engine::{Engine, Timings};
use crate::eval::error::EvalError;
use crate::eval::fit::query_of;
use crate::eval::latency::{
    ClosedOptions, ColdOptions, OpenOptions, PairOptions, RealClock, RequestRate, Samples,
    Schedule, StageTimes, closed, cold, open, paired, summarise,
};
use crate::eval::report::model::Latency;
use crate::eval::significance::Families;
use crate::eval::topic::Topic;
use crate::index::build::Progress;

/// Pings that the overhead of a program is measured with.
const PINGS: usize = 200;

/// What was measured.
#[derive(Default)]
pub struct Timed {
    /// Summaries.
    pub latency: Vec<Latency>,
    /// All samples, with a name for their file.
    pub samples: Vec<(String, Samples)>,
}

/// What an engine says of its stages.
pub fn stages(timings: &Timings) -> StageTimes {
    let mut stages = StageTimes::new();
    for (name, micros) in [
        ("rules", timings.rules_us),
        ("dialogue", timings.dialogue_us),
        ("lexical", timings.lexical_us),
        ("dense", timings.dense_us),
        ("rank", timings.rank_us),
        ("answer", timings.answer_us),
    ] {
        stages.push(name, Duration::from_micros(micros));
    }
    stages
}

/// Asks an engine one topic, for its time.
///
/// # Errors
/// [`EvalError::Engine`].
pub fn ask_timed(
    engine: &Engine,
    topic: &Topic,
    day: jiff::civil::Date,
) -> Result<StageTimes, EvalError> {
    Ok(stages(&engine.reply(&query_of(topic, day))?.timings))
}

/// Measures everything a plan asks for.
///
/// # Errors
/// [`EvalError`] of whatever fails.
pub fn measure(
    prepared: &Prepared,
    plan: &LatencyPlan,
    workshop: &Workshop<'_>,
    progress: &dyn Progress,
) -> Result<Timed, EvalError> {
    let mut timed = Timed::default();
    let seed = prepared.definition.seeds[0];
    for (dataset, systems) in prepared.datasets.iter().zip(&prepared.resolved) {
        let day = prepared.definition.day;
        let mut ask = Measuring::new(dataset, plan, seed, &mut timed)?;
        for resolved in systems {
            progress.begin(&format!("timing {}", resolved.plan.name), 1);
            match resolved.ready(dataset, &prepared.definition, &prepared.places, seed, workshop)? {
                Ready::Engine(system) => {
                    let engine = &system.engine;
                    ask.warm(&resolved.plan.name, &|i| ask_timed(engine, &dataset.topics[i], day))?;
                    let make = || resolved.engine(dataset, &prepared.definition, workshop);
                    ask.cold(&resolved.plan.name, &make, day)?;
                }
                Ready::Program(program, _) => {
                    ask.program(&resolved.plan.name, program.into_inner())?;
                }
                Ready::Rows(..) => {}
            }
            progress.end();
        }
        let named = |name: &str| systems.iter().find(|s| s.plan.name == name && s.index.is_some());
        let primary = &prepared.definition.primary;
        if let (Some(baseline), Some(system)) = (named(&primary.baseline), named(&primary.system))
            && primary.baseline != primary.system
        {
            let baseline = baseline.engine(dataset, &prepared.definition, workshop)?;
            let system = system.engine(dataset, &prepared.definition, workshop)?;
            ask.pair((&primary.baseline, &baseline), (&primary.system, &system), day)?;
        }
    }
    Ok(timed)
}

struct Measuring<'a> {
    dataset: &'a Dataset,
    plan: &'a LatencyPlan,
    seed: u64,
    ids: Vec<String>,
    families: Families,
    timed: &'a mut Timed,
    clock: RealClock,
}

impl<'a> Measuring<'a> {
    fn new(
        dataset: &'a Dataset,
        plan: &'a LatencyPlan,
        seed: u64,
        timed: &'a mut Timed,
    ) -> Result<Measuring<'a>, EvalError> {
        if plan.rounds == 0 || plan.threads.is_empty() || plan.threads.contains(&0) {
            let message = "`latency` needs at least one round and one thread".to_owned();
            return Err(ExperimentError::Plan { message }.into());
        }
        let ids = dataset.topics.iter().map(|t| dataset.shown(t.id.as_str())).collect();
        let families: Vec<&str> = dataset.topics.iter().map(Topic::family).collect();
        let families = Families::of(&families);
        Ok(Measuring { dataset, plan, seed, ids, families, timed, clock: RealClock::new() })
    }

    fn keep(&mut self, system: &str, name: &str, samples: Samples) -> Result<(), EvalError> {
        let label = self.dataset.label();
        let mut summary = summarise(&label, system, &samples, &self.families, 0.95)?;
        if self.dataset.sensitive {
            // The ends of a distribution are single messages.
            for stage in &mut summary {
                stage.quantiles.retain(|q| q.name != "max");
                stage.cdf.clear();
            }
        }
        self.timed.latency.extend(summary);
        if !self.dataset.sensitive {
            let name = format!("{}-{system}-{name}", label.replace('/', "-"));
            self.timed.samples.push((name, samples));
        }
        Ok(())
    }

    fn warm(
        &mut self,
        system: &str,
        ask: &(dyn Fn(usize) -> Result<StageTimes, EvalError> + Sync),
    ) -> Result<(), EvalError> {
        let mut most = NonZeroUsize::MIN;
        for &threads in &self.plan.threads {
            let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
            most = most.max(threads);
            let options =
                ClosedOptions { rounds: self.plan.rounds, warm_up: 1, threads, seed: self.seed };
            let samples = closed(ask, &self.ids, &options, &self.clock)?;
            self.keep(system, &format!("closed-{threads}"), samples)?;
        }
        let options = OpenOptions {
            rate: RequestRate::new(self.plan.rate)?,
            schedule: Schedule::Poisson,
            rounds: self.plan.rounds,
            warm_up: 1,
            threads: most,
            seed: self.seed,
        };
        let samples = open(ask, &self.ids, &options, &self.clock)?;
        self.keep(system, "open", samples)
    }

    fn cold(
        &mut self,
        system: &str,
        make: &dyn Fn() -> Result<EngineSystem, EvalError>,
        day: jiff::civil::Date,
    ) -> Result<(), EvalError> {
        let count = self.plan.cold.min(self.ids.len());
        if count == 0 {
            return Ok(());
        }
        let options = ColdOptions { rounds: 1, seed: self.seed };
        let ask = |system: &EngineSystem, i: usize| {
            ask_timed(&system.engine, &self.dataset.topics[i], day)
        };
        let samples = cold(make, &ask, &self.ids[..count], &options, &self.clock)?;
        let families: Vec<&str> = self.dataset.topics[..count].iter().map(Topic::family).collect();
        let families = Families::of(&families);
        let label = self.dataset.label();
        self.timed.latency.extend(summarise(&label, system, &samples, &families, 0.95)?);
        if !self.dataset.sensitive {
            let name = format!("{}-{system}-cold", label.replace('/', "-"));
            self.timed.samples.push((name, samples));
        }
        Ok(())
    }

    fn program(&mut self, system: &str, program: Program) -> Result<(), EvalError> {
        let program = Mutex::new(program);
        let locked = || program.lock().unwrap_or_else(PoisonError::into_inner);
        let options = ClosedOptions {
            rounds: self.plan.rounds,
            warm_up: 1,
            threads: NonZeroUsize::MIN,
            seed: self.seed,
        };
        let topics = &self.dataset.topics;
        let ask = |i: usize| -> Result<StageTimes, EvalError> {
            locked().ask(&topics[i])?;
            Ok(StageTimes::new())
        };
        let samples = closed(&ask, &self.ids, &options, &self.clock)?;
        self.keep(system, "closed-1", samples)?;
        let pings: Vec<String> = (0..PINGS).map(|i| format!("ping-{i}")).collect();
        let ping = |i: usize| -> Result<StageTimes, EvalError> {
            locked().ping(i as u64)?;
            Ok(StageTimes::new())
        };
        let samples = closed(&ping, &pings, &ClosedOptions { rounds: 1, ..options }, &self.clock)?;
        let families = Families::singletons(PINGS);
        let mut summary = summarise(&self.dataset.label(), system, &samples, &families, 0.95)?;
        for stage in &mut summary {
            "overhead".clone_into(&mut stage.stage);
        }
        self.timed.latency.extend(summary);
        Ok(())
    }

    fn pair(
        &mut self,
        baseline: (&str, &EngineSystem),
        system: (&str, &EngineSystem),
        day: jiff::civil::Date,
    ) -> Result<(), EvalError> {
        let topics = &self.dataset.topics;
        // An even number of rounds lets each go first equally often.
        let rounds = self.plan.rounds + self.plan.rounds % 2;
        let options = PairOptions { rounds, warm_up: 1, seed: self.seed };
        let samples = paired(
            &|i| ask_timed(&baseline.1.engine, &topics[i], day),
            &|i| ask_timed(&system.1.engine, &topics[i], day),
            &self.ids,
            &options,
            &self.clock,
        )?;
        self.keep(baseline.0, "paired", samples.baseline)?;
        self.keep(system.0, "paired", samples.system)
    }
}
