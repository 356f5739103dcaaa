//! How is a system asked, when, and by how many at once?
//!
//! Three loads: closed loop, open loop and cold. The order of the topics is drawn anew for every
//! round from the seed, so that no topic is always asked after the same other one; everything but
//! the measured times is the same for the same options. Warm-up rounds run on the threads that
//! measure, are counted in rounds and not kept.
//!
//! A cold request meets a system that was just made. The operating system's file cache is as it
//! is: nobody without privileges can empty it, and it is not claimed to be empty.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::clock::{Attendance, Clock};
use super::error::LatencyError;
use super::samples::{Load, LoadKind, OPEN, SERVICE, Sample, Samples, StageTimes, WAIT, WHOLE};

/// From the release of the threads to the first moment at which a request is due: time for all of
/// them to be there, in nanoseconds.
pub(crate) const LEAD_IN: u64 = 20_000_000;
const SECOND: f64 = 1e9;

/// A system: answers the topic of that number and says how long its stages took.
pub type System<'a, E> = dyn Fn(usize) -> Result<StageTimes, E> + Sync + 'a;

/// Requests per second: finite and positive.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct RequestRate(f64);

impl RequestRate {
    /// A rate.
    ///
    /// # Errors
    /// [`LatencyError::Rate`] for what is not finite and positive.
    pub fn new(per_second: f64) -> Result<RequestRate, LatencyError> {
        if per_second.is_finite() && per_second > 0.0 {
            Ok(RequestRate(per_second))
        } else {
            Err(LatencyError::Rate { rate: per_second })
        }
    }

    /// Requests per second.
    pub fn per_second(self) -> f64 {
        self.0
    }
}

impl fmt::Display for RequestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How due moments are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// Equally.
    Uniform,
    /// With independent exponential gaps: a Poisson process, many senders who know nothing of each
    /// other.
    Poisson,
}

impl Schedule {
    pub(super) fn of(name: &str) -> Option<Schedule> {
        match name {
            "uniform" => Some(Schedule::Uniform),
            "Poisson" => Some(Schedule::Poisson),
            _ => None,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Schedule::Uniform => "uniform",
            Schedule::Poisson => "Poisson",
        })
    }
}

/// Options of [`closed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedOptions {
    /// Rounds over the topics that are kept.
    pub rounds: usize,
    /// Rounds before them that are not.
    pub warm_up: usize,
    /// Threads that ask.
    pub threads: NonZeroUsize,
    /// Seed of the order of the topics.
    pub seed: u64,
}

/// Options of [`open`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOptions {
    /// Requests that are due in a second.
    pub rate: RequestRate,
    /// How they are spread.
    pub schedule: Schedule,
    /// Rounds over the topics that are kept.
    pub rounds: usize,
    /// Rounds before them that are not; they are asked in a closed loop.
    pub warm_up: usize,
    /// Threads that ask: no more requests than these are under way at a time, and one that is due
    /// while all are busy waits, which counts as its latency.
    pub threads: NonZeroUsize,
    /// Seed of the order of the topics and of the moments.
    pub seed: u64,
}

/// Options of [`cold`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColdOptions {
    /// Rounds over the topics.
    pub rounds: usize,
    /// Seed of the order of the topics.
    pub seed: u64,
}

/// Asks in a closed loop: each thread sends its next request when its last one is answered.
///
/// A system that stalls delays the requests that would have shown it, so a closed loop
/// under-reports the tail; it answers what a batch job needs, not what users see.
///
/// # Errors
/// The system's own; of several, that of the earliest request. No request starts after one failed.
///
/// # Panics
/// Only where the system panics.
pub fn closed<E: Send>(
    system: &System<'_, E>,
    topics: &[String],
    options: &ClosedOptions,
    clock: &dyn Clock,
) -> Result<Samples, E> {
    let ClosedOptions { rounds, warm_up, threads, seed } = *options;
    let plan = Plan::new(topics.len(), rounds, warm_up, seed);
    let load = Load { kind: LoadKind::Closed, warm_up, threads: threads.get() };
    let measured = run(system, &plan, threads, clock)?;
    Ok(collect(load, topics, &measured))
}

/// Asks in an open loop: requests are due at moments that do not depend on the answers, and
/// latency counts from these moments.
///
/// Stages: `whole` from the moment a request was due to its answer, `wait` from that moment to its
/// start, `service` from its start to its answer, then the system's own. The generator's own
/// lateness is part of `wait`.
///
/// # Errors
/// The system's own; of several, that of the earliest request. No request starts after one failed.
///
/// # Panics
/// Only where the system panics.
pub fn open<E: Send>(
    system: &System<'_, E>,
    topics: &[String],
    options: &OpenOptions,
    clock: &dyn Clock,
) -> Result<Samples, E> {
    let OpenOptions { rate, schedule, rounds, warm_up, threads, seed } = *options;
    let mut plan = Plan::new(topics.len(), rounds, warm_up, seed);
    plan.due = Some(due_moments(plan.kept.len(), rate, schedule, seed));
    let kind = LoadKind::Open { rate, schedule };
    let load = Load { kind, warm_up, threads: threads.get() };
    let measured = run(system, &plan, threads, clock)?;
    Ok(collect(load, topics, &measured))
}

/// Makes a new system for every request and asks it once.
///
/// Stages: `whole` is the request, `open` the making of the system before it.
///
/// # Errors
/// The first error of making or asking a system.
pub fn cold<S, E>(
    make: &dyn Fn() -> Result<S, E>,
    ask: &dyn Fn(&S, usize) -> Result<StageTimes, E>,
    topics: &[String],
    options: &ColdOptions,
    clock: &dyn Clock,
) -> Result<Samples, E> {
    let plan = Plan::new(topics.len(), options.rounds, 0, options.seed);
    let load = Load { kind: LoadKind::Cold, warm_up: 0, threads: 1 };
    let origin = clock.now();
    let mut measured = Vec::with_capacity(plan.kept.len());
    for (request, &topic) in plan.kept.iter().enumerate() {
        let making = clock.now();
        let system = make()?;
        let start = clock.now();
        let stages = ask(&system, topic)?;
        let end = clock.now();
        measured.push(Measured {
            request,
            topic,
            round: plan.round(request),
            thread: 0,
            due: None,
            making: Some(start - making),
            start: start - origin,
            end: end - origin,
            stages,
        });
    }
    Ok(collect(load, topics, &measured))
}

/// Who is asked what, in which order.
pub(super) struct Plan {
    topics: usize,
    /// Topics of the warm-up.
    pub(super) warm_up: Vec<usize>,
    /// Topics of the requests that are kept.
    pub(super) kept: Vec<usize>,
    /// When these are due, nanoseconds since the first could be.
    due: Option<Vec<u64>>,
}

impl Plan {
    pub(super) fn new(topics: usize, rounds: usize, warm_up: usize, seed: u64) -> Plan {
        let mut random = stream(seed, Stream::Order);
        let mut order = |rounds| {
            let mut all = Vec::with_capacity(topics.saturating_mul(rounds));
            for _ in 0..rounds {
                let mut round: Vec<usize> = (0..topics).collect();
                round.shuffle(&mut random);
                all.append(&mut round);
            }
            all
        };
        Plan { topics, kept: order(rounds), warm_up: order(warm_up), due: None }
    }

    pub(super) fn round(&self, request: usize) -> usize {
        request.checked_div(self.topics).unwrap_or(0)
    }
}

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Order,
    Moments,
    Coins,
}

pub(super) fn stream(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream as u64);
    random
}

/// Moments at which requests are due: the first at 0 where they are spread equally, after the
/// first gap where they are not.
fn due_moments(count: usize, rate: RequestRate, schedule: Schedule, seed: u64) -> Vec<u64> {
    let gap = SECOND / rate.per_second();
    let mut random = stream(seed, Stream::Moments);
    let mut moment = 0.0;
    (0..count)
        .map(|number| match schedule {
            Schedule::Uniform => nanoseconds(number as f64 * gap),
            Schedule::Poisson => {
                // Inverse of the exponential distribution; 1 - u lies in (0, 1].
                moment -= gap * (1.0 - random.random::<f64>()).ln();
                nanoseconds(moment)
            }
        })
        .collect()
}

fn nanoseconds(moment: f64) -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "moments are not negative; the cast saturates")]
    let whole = moment.round() as u64;
    whole
}

/// A request as measured; moments are nanoseconds since the run began.
pub(super) struct Measured {
    pub(super) request: usize,
    pub(super) topic: usize,
    pub(super) round: usize,
    pub(super) thread: usize,
    pub(super) due: Option<u64>,
    pub(super) making: Option<u64>,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) stages: StageTimes,
}

/// What the threads of a run share.
struct Shared<'a, E> {
    system: &'a System<'a, E>,
    plan: &'a Plan,
    threads: usize,
    clock: &'a dyn Clock,
    warm_up_next: AtomicUsize,
    kept_next: AtomicUsize,
    stopped: AtomicBool,
    /// The earliest failure: whether in a request that is kept, its number, the error.
    failure: Mutex<Option<(bool, usize, E)>>,
}

/// Runs a plan on some threads and returns what is kept, in the order of the requests.
fn run<E: Send>(
    system: &System<'_, E>,
    plan: &Plan,
    threads: NonZeroUsize,
    clock: &dyn Clock,
) -> Result<Vec<Measured>, E> {
    let shared = Shared {
        system,
        plan,
        threads: threads.get(),
        clock,
        warm_up_next: AtomicUsize::new(0),
        kept_next: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
        failure: Mutex::new(None),
    };
    let mut measured = thread::scope(|scope| {
        let (ready, warm) = mpsc::channel();
        let (workers, releases): (Vec<_>, Vec<_>) = (0..threads.get())
            .map(|thread| {
                let (release, released) = mpsc::channel();
                let (shared, ready) = (&shared, ready.clone());
                (scope.spawn(move || shared.work(thread, ready, &released)), release)
            })
            .unzip();
        drop(ready);
        release_together(&warm, releases, clock);
        workers.into_iter().flat_map(joined).collect::<Vec<_>>()
    });
    let failure = shared.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, _, error)) = failure {
        return Err(error);
    }
    measured.sort_unstable_by_key(|m| m.request);
    Ok(measured)
}

/// Waits until every thread has said that it is warm, then tells all of them when the run begins.
/// Where one panicked, it drops its sender without a word, and nobody is told anything.
fn release_together(warm: &Receiver<()>, releases: Vec<Sender<u64>>, clock: &dyn Clock) {
    if warm.iter().count() < releases.len() {
        return;
    }
    let origin = clock.now().saturating_add(LEAD_IN);
    for release in releases {
        // The receivers wait for just this.
        let _ = release.send(origin);
    }
}

fn joined<T>(worker: thread::ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl<E> Shared<'_, E> {
    /// One thread's part of a run.
    fn work(&self, thread: usize, ready: Sender<()>, released: &Receiver<u64>) -> Vec<Measured> {
        self.warm_up(thread);
        // The receiver outlives the threads.
        let _ = ready.send(());
        drop(ready);
        match released.recv() {
            Ok(origin) => self.measure(thread, origin),
            Err(_) => Vec::new(),
        }
    }

    fn warm_up(&self, thread: usize) {
        let _here = Attendance::of(self.clock, thread, self.threads);
        while let Some((request, topic)) = self.claim(&self.warm_up_next, &self.plan.warm_up) {
            if let Err(error) = (self.system)(topic) {
                self.fail(false, request, error);
            }
        }
    }

    fn measure(&self, thread: usize, origin: u64) -> Vec<Measured> {
        let _here = Attendance::of(self.clock, thread, self.threads);
        let mut measured = Vec::new();
        self.clock.wait_until(origin);
        while let Some((request, topic)) = self.claim(&self.kept_next, &self.plan.kept) {
            let due = self.plan.due.as_ref().and_then(|due| due.get(request)).copied();
            if let Some(due) = due {
                self.clock.wait_until(origin.saturating_add(due));
            }
            let start = self.clock.now();
            match (self.system)(topic) {
                Ok(stages) => measured.push(Measured {
                    request,
                    topic,
                    round: self.plan.round(request),
                    thread,
                    due,
                    making: None,
                    start: start - origin,
                    end: self.clock.now() - origin,
                    stages,
                }),
                Err(error) => self.fail(true, request, error),
            }
        }
        measured
    }

    /// The next request that nobody has taken, unless one failed.
    fn claim(&self, next: &AtomicUsize, plan: &[usize]) -> Option<(usize, usize)> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let request = next.fetch_add(1, Ordering::Relaxed);
        plan.get(request).map(|&topic| (request, topic))
    }

    fn fail(&self, kept: bool, request: usize, error: E) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref().is_none_or(|(k, r, _)| (kept, request) < (*k, *r)) {
            *failure = Some((kept, request, error));
        }
    }
}

/// Makes rows of what was measured.
pub(super) fn collect(load: Load, topics: &[String], measured: &[Measured]) -> Samples {
    let mut samples = Samples::new(load, topics.to_vec());
    for request in measured {
        add(&mut samples, request);
    }
    samples
}

fn add(samples: &mut Samples, request: &Measured) {
    let intended = request.due.unwrap_or(request.start);
    let mut push = |stage: &str, nanoseconds| {
        let sample = Sample {
            request: request.request as u32,
            topic: request.topic as u32,
            round: request.round as u32,
            thread: request.thread as u32,
            stage: 0,
            nanoseconds,
            intended,
            start: request.start,
        };
        samples.push(sample, stage);
    };
    push(WHOLE, request.end - intended);
    if let Some(making) = request.making {
        push(OPEN, making);
    }
    if request.due.is_some() {
        push(WAIT, request.start - intended);
        push(SERVICE, request.end - request.start);
    }
    for (stage, time) in request.stages.iter() {
        push(stage, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests;
