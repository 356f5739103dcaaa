//! Is every byte of a snapshot known to be the one that was built?
//!
//! A small snapshot is verified before anything is read from it. A great one is served at once
//! and verified by a thread behind; a [`Ledger`] is where that thread says how far it is, and
//! where whoever would send something looks first. This module does not know what is verified.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// How far a snapshot's files are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// Every byte is the one that was built.
    Verified,
    /// Not yet known; so far nothing is wrong.
    Running {
        /// Bytes verified.
        done: u64,
        /// Bytes to verify.
        total: u64,
    },
    /// A file is damaged: what is read from it may be anything.
    Failed {
        /// What is wrong.
        reason: String,
    },
}

impl Verification {
    /// Whether every byte is known to be the one that was built.
    pub fn is_sound(&self) -> bool {
        matches!(self, Verification::Verified)
    }

    /// Why nothing made from the snapshot may go anywhere without a person, if so: a lowercase
    /// fragment.
    pub fn why_not_sound(&self) -> Option<String> {
        match self {
            Verification::Verified => None,
            Verification::Running { done, total } => {
                let share = done.saturating_mul(100) / total.max(&1);
                Some(format!("the index is not yet verified ({share}%)"))
            }
            Verification::Failed { reason } => Some(format!("the index is damaged: {reason}")),
        }
    }
}

/// Where a verification says how far it is.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    total: u64,
    done: AtomicU64,
    outcome: Mutex<Option<Result<(), String>>>,
    ended: Condvar,
    stopped: AtomicBool,
}

impl Ledger {
    /// Of what was verified already.
    pub(super) fn verified() -> Arc<Ledger> {
        Arc::new(Ledger { outcome: Mutex::new(Some(Ok(()))), ..Ledger::default() })
    }

    /// Runs a verification of `total` bytes on a thread of its own.
    ///
    /// # Errors
    /// What the system says when it has no thread to give.
    pub(super) fn behind(
        total: u64,
        verify: impl FnOnce(&Ledger) -> Result<(), String> + Send + 'static,
    ) -> std::io::Result<Arc<Ledger>> {
        let ledger = Arc::new(Ledger { total, ..Ledger::default() });
        let of_thread = EndsOnDrop(Arc::clone(&ledger));
        std::thread::Builder::new().name("verification".to_owned()).spawn(move || {
            let outcome = verify(&of_thread.0);
            of_thread.0.end(outcome);
        })?;
        Ok(ledger)
    }

    /// So many more bytes are verified; whether to go on.
    pub(super) fn advance(&self, bytes: u64) -> bool {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        !self.stopped.load(Ordering::Relaxed)
    }

    /// Nobody waits for the outcome any more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The first outcome stands.
    fn end(&self, outcome: Result<(), String>) {
        let mut known = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert(outcome);
        self.ended.notify_all();
    }

    pub(super) fn state(&self) -> Verification {
        match &*self.outcome.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Verification::Running {
                done: self.done.load(Ordering::Relaxed).min(self.total),
                total: self.total,
            },
            Some(Ok(())) => Verification::Verified,
            Some(Err(reason)) => Verification::Failed { reason: reason.clone() },
        }
    }

    /// Waits for the end.
    pub(super) fn wait(&self) -> Verification {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        while outcome.is_none() {
            outcome = self.ended.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
        drop(outcome);
        self.state()
    }
}

/// Ends a ledger as failed where its thread ends without an outcome.
struct EndsOnDrop(Arc<Ledger>);

impl Drop for EndsOnDrop {
    fn drop(&mut self) {
        self.0.end(Err("verification ended early".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_tells_how_it_ended_and_a_thread_that_breaks_has_failed() {
        assert_eq!(Ledger::verified().wait(), Verification::Verified);
        let good = Ledger::behind(10, |ledger| {
            assert!(ledger.advance(4));
            Ok(())
        });
        assert_eq!(good.unwrap().wait(), Verification::Verified);
        let bad = Ledger::behind(10, |_| Err("no".to_owned())).unwrap();
        assert_eq!(bad.wait(), Verification::Failed { reason: "no".to_owned() });
        let broken = Ledger::behind(10, |_| panic!("as a test")).unwrap();
        assert!(matches!(broken.wait(), Verification::Failed { .. }));
    }

    #[test]
    fn progress_is_seen_and_a_stop_reaches_the_thread() {
        let (told, tell) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (told_there, tell_there) = (Arc::clone(&told), Arc::clone(&tell));
        let ledger = Ledger::behind(10, move |ledger| {
            ledger.advance(7);
            told_there.store(true, Ordering::SeqCst);
            while !tell_there.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            if ledger.advance(1) { Ok(()) } else { Err("stopped".to_owned()) }
        })
        .unwrap();
        while !told.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        assert_eq!(ledger.state(), Verification::Running { done: 7, total: 10 });
        ledger.stop();
        tell.store(true, Ordering::SeqCst);
        assert_eq!(ledger.wait(), Verification::Failed { reason: "stopped".to_owned() });
    }
}
