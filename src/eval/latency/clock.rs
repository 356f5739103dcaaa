//! What time is it, and who waits for whom?
//!
//! All moments are nanoseconds since an origin of the clock's own; they never go back. A
//! [`RealClock`] is the machine's. A [`VirtualClock`] passes time only when everybody waits, and
//! lets one worker run at a time, so that a load of any number of threads takes no real time and
//! comes out the same every time: what it shows is arithmetic, not weather.
//!
//! Clocks do not know what is measured with them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// A clock that workers share.
pub trait Clock: Sync {
    /// Nanoseconds since the clock's origin.
    fn now(&self) -> u64;

    /// Returns once the clock shows `moment` or later; at once where it does already.
    fn wait_until(&self, moment: u64);

    /// Announces the calling thread as the `worker`th of `workers`; it may have to wait for them.
    fn join(&self, worker: usize, workers: usize) {
        let _ = (worker, workers);
    }

    /// The calling thread no longer takes part.
    fn leave(&self) {}
}

/// Membership of a clock's workers that ends when it goes out of scope, panics included.
pub(crate) struct Attendance<'a>(&'a dyn Clock);

impl<'a> Attendance<'a> {
    pub(crate) fn of(clock: &'a dyn Clock, worker: usize, workers: usize) -> Attendance<'a> {
        clock.join(worker, workers);
        Attendance(clock)
    }
}

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The machine's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct RealClock {
    origin: Instant,
}

/// Sleeping overshoots by up to about this long; the rest is waited for awake.
const AWAKE: Duration = Duration::from_micros(200);

impl RealClock {
    /// A clock that starts at 0 now.
    #[must_use]
    pub fn new() -> RealClock {
        RealClock { origin: Instant::now() }
    }
}

impl Default for RealClock {
    fn default() -> RealClock {
        RealClock::new()
    }
}

impl Clock for RealClock {
    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn wait_until(&self, moment: u64) {
        loop {
            let left = Duration::from_nanos(moment.saturating_sub(self.now()));
            if left.is_zero() {
                return;
            }
            if left > AWAKE {
                thread::sleep(left.saturating_sub(AWAKE));
            } else {
                thread::yield_now();
            }
        }
    }
}

/// A clock that passes time when every worker waits for it.
///
/// Workers that have joined run one at a time. When the one that runs waits or leaves, the clock
/// goes to the earliest moment that any of them waits for, and that worker runs; of several that
/// wait for the same moment, the one with the lowest number. A thread that has not joined passes
/// time by itself: use the clock from such a thread only while no worker has joined. One load at a
/// time.
#[derive(Debug, Default)]
pub struct VirtualClock {
    state: Mutex<VirtualState>,
    turn: Condvar,
}

#[derive(Debug, Default)]
struct VirtualState {
    now: u64,
    /// Workers that have yet to join or have joined and not left.
    expected: usize,
    workers: Vec<Worker>,
    running: Option<ThreadId>,
}

#[derive(Debug)]
struct Worker {
    thread: ThreadId,
    number: usize,
    moment: u64,
}

impl VirtualClock {
    /// A clock that shows 0.
    #[must_use]
    pub fn new() -> VirtualClock {
        VirtualClock::default()
    }

    /// Waits until `nanoseconds` have passed: what a worker does that is busy for so long.
    pub fn pass(&self, nanoseconds: u64) {
        self.wait_until(self.now().saturating_add(nanoseconds));
    }

    fn state(&self) -> MutexGuard<'_, VirtualState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up the turn and returns when it comes again.
    fn yield_turn(&self, mut state: MutexGuard<'_, VirtualState>, me: ThreadId) {
        state.next_turn();
        self.turn.notify_all();
        while state.running != Some(me) {
            state = self.turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl VirtualState {
    /// Chooses who runs, once all expected workers are there and nobody runs.
    fn next_turn(&mut self) {
        if self.running.is_some() || self.workers.len() < self.expected {
            return;
        }
        if let Some(next) = self.workers.iter().min_by_key(|w| (w.moment, w.number)) {
            self.now = self.now.max(next.moment);
            self.running = Some(next.thread);
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> u64 {
        self.state().now
    }

    fn wait_until(&self, moment: u64) {
        let me = thread::current().id();
        let mut state = self.state();
        if moment <= state.now {
            return;
        }
        match state.workers.iter_mut().find(|w| w.thread == me) {
            Some(worker) => {
                worker.moment = moment;
                state.running = None;
                self.yield_turn(state, me);
            }
            None => state.now = moment,
        }
    }

    fn join(&self, worker: usize, workers: usize) {
        let me = thread::current().id();
        let mut state = self.state();
        if state.workers.is_empty() && state.expected == 0 {
            state.expected = workers;
        }
        let moment = state.now;
        state.workers.push(Worker { thread: me, number: worker, moment });
        self.yield_turn(state, me);
    }

    fn leave(&self) {
        let me = thread::current().id();
        let mut state = self.state();
        let before = state.workers.len();
        state.workers.retain(|w| w.thread != me);
        state.expected = state.expected.saturating_sub(before - state.workers.len());
        if state.running == Some(me) {
            state.running = None;
        }
        state.next_turn();
        self.turn.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_clock_never_returns_early() {
        let clock = RealClock::new();
        for wait in [0, 50_000, 700_000] {
            let moment = clock.now() + wait;
            clock.wait_until(moment);
            assert!(clock.now() >= moment);
        }
    }

    #[test]
    fn a_virtual_clock_passes_time_for_a_lone_thread() {
        let clock = VirtualClock::new();
        clock.pass(5);
        clock.wait_until(3);
        assert_eq!(clock.now(), 5);
        clock.wait_until(u64::MAX);
        clock.pass(1);
        assert_eq!(clock.now(), u64::MAX);
    }

    #[test]
    fn workers_run_in_the_order_of_their_moments_then_of_their_numbers() {
        let clock = VirtualClock::new();
        let log = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for worker in 0..3_usize {
                let (clock, log) = (&clock, &log);
                scope.spawn(move || {
                    let _here = Attendance::of(clock, worker, 3);
                    for step in 1..=3_u64 {
                        clock.wait_until(step * (1 + worker as u64 % 2));
                        log.lock().unwrap().push((clock.now(), worker));
                    }
                });
            }
        });
        // Workers 0 and 2 wake at 1, 2, 3 and worker 1 at 2, 4, 6.
        let expected = [(1, 0), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0), (3, 2), (4, 1), (6, 1)];
        assert_eq!(*log.lock().unwrap(), expected);
    }
}
