//! Which work is worth a second thread: asking one engine, ranking a batch, building an index?
//!
//! Each function does its work once on a given number of threads and says in seconds how long it
//! took; [`scaling`](super::super::latency::scaling()) compares them.

use std::num::NonZeroUsize;
use std::time::Instant;

use rayon::prelude::*;

use super::super::error::EvalError;
use super::super::latency::{ClosedOptions, RealClock, closed, throughput};
use super::{Messages, ask};
use crate::engine::Engine;
use crate::error::Error;

/// Seconds in which some threads that share one engine answer every message once.
///
/// # Errors
/// [`EvalError`] of the engine.
pub fn ask_in_a_loop(
    engine: &Engine,
    messages: &Messages,
    threads: NonZeroUsize,
    seed: u64,
) -> Result<f64, EvalError> {
    let options = ClosedOptions { rounds: 1, warm_up: 0, threads, seed };
    let samples =
        closed(&|i| ask(engine, messages, i), &messages.ids, &options, &RealClock::new())?;
    // From the first request to the last answer: starting threads is not asking.
    Ok(throughput(&samples).map_or(0.0, |per_second| messages.count() as f64 / per_second))
}

/// Ranks documents for every message, as many at a time as the pool has threads.
///
/// # Errors
/// [`Error`] of the engine.
pub fn rank_all(engine: &Engine, messages: &Messages, depth: usize) -> Result<(), Error> {
    messages.queries.par_iter().try_for_each(|query| {
        engine.rank_documents(&query.text, depth)?;
        Ok(())
    })
}

/// Seconds that some work takes in a thread pool of its own; the pool is made before the clock
/// starts.
///
/// # Errors
/// Those of the work, and of a machine that gives no threads.
pub fn seconds_in_pool<T: Send, E: Send + From<std::io::Error>>(
    threads: NonZeroUsize,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<f64, E> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build();
    let pool = pool.map_err(std::io::Error::other)?;
    pool.install(|| {
        let start = Instant::now();
        work()?;
        Ok(start.elapsed().as_secs_f64())
    })
}
