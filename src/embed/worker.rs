//! How is a thing that only one thread may touch asked by many?
//!
//! A [`Worker`] makes the thing on a thread of its own and answers questions there, one after the
//! other in the order they came. Invariants: the thing never leaves its thread; a panic while it
//! is made or asked is an error of that call and of no other; dropping the worker ends the thread
//! and waits for it. It does not know what the thing is.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerError {
    /// The thread cannot be started.
    #[error("the worker's thread cannot be started")]
    Start {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What was asked panicked.
    #[error("the worker panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The thread has ended, which only a fault in this module can bring about.
    #[error("the worker has ended")]
    Ended,
}

struct Request<Q, A> {
    question: Q,
    reply: SyncSender<Result<A, WorkerError>>,
}

/// A thread that answers questions.
#[derive(Debug)]
pub(super) struct Worker<Q, A> {
    requests: Option<Sender<Request<Q, A>>>,
    thread: Option<JoinHandle<()>>,
}

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    /// Starts a thread, makes the thing there, and waits until it is made; the inner result is
    /// what `make` said.
    pub(super) fn start<F, E>(
        name: &str,
        make: impl FnOnce() -> Result<F, E> + Send + 'static,
    ) -> Result<Result<Self, E>, WorkerError>
    where
        F: FnMut(Q) -> A,
        E: Send + 'static,
    {
        let (requests, inbox) = channel();
        let (outcome, ready) = sync_channel(1);
        let body = move || {
            let answer = match caught(make) {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => return tell(&outcome, Ok(Err(error))),
                Err(error) => return tell(&outcome, Err(error)),
            };
            tell(&outcome, Ok(Ok(())));
            serve(&inbox, answer);
        };
        let thread = Builder::new().name(name.to_owned()).spawn(body);
        let thread = thread.map_err(|source| WorkerError::Start { source })?;
        let worker = Self { requests: Some(requests), thread: Some(thread) };
        Ok(ready.recv().map_err(|_| WorkerError::Ended)??.map(|()| worker))
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, question: Q) -> Result<A, WorkerError> {
        let (reply, answer) = sync_channel(1);
        let requests = self.requests.as_ref().ok_or(WorkerError::Ended)?;
        requests.send(Request { question, reply }).map_err(|_| WorkerError::Ended)?;
        answer.recv().map_err(|_| WorkerError::Ended)?
    }
}

impl<Q, A> Drop for Worker<Q, A> {
    fn drop(&mut self) {
        // Without a sender the thread's loop ends; the thing is dropped there.
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thing's own drop has nobody left to be told.
            let _ = thread.join();
        }
    }
}

fn serve<Q, A>(inbox: &Receiver<Request<Q, A>>, mut answer: impl FnMut(Q) -> A) {
    for Request { question, reply } in inbox {
        tell(&reply, caught(|| answer(question)));
    }
}

/// Whoever asked may have gone; then nobody misses the answer.
fn tell<T>(to: &SyncSender<T>, what: T) {
    let _ = to.send(what);
}

fn caught<T>(what: impl FnOnce() -> T) -> Result<T, WorkerError> {
    catch_unwind(AssertUnwindSafe(what))
        .map_err(|payload| WorkerError::Panicked { message: message(payload.as_ref()) })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts what was asked; neither `Send` nor `Sync`.
    fn counter() -> impl FnMut(usize) -> usize {
        let sum = Rc::new(Cell::new(0));
        move |question| {
            assert!(question != 13, "never {question}");
            sum.set(sum.get() + question);
            sum.get()
        }
    }

    fn counting() -> Worker<usize, usize> {
        Worker::start("counter", || Ok::<_, String>(counter())).unwrap().unwrap()
    }

    #[test]
    fn many_threads_ask_a_thing_that_stays_on_its_own() {
        let worker = counting();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| assert!(worker.ask(1).unwrap() <= 400)));
            }
        });
        assert_eq!(worker.ask(0).unwrap(), 400);
    }

    #[test]
    fn a_panic_is_an_error_of_its_question_alone() {
        let worker = counting();
        assert_eq!(worker.ask(1).unwrap(), 1);
        let error = worker.ask(13).unwrap_err();
        assert_eq!(error.to_string(), "the worker panicked: never 13");
        assert_eq!(worker.ask(2).unwrap(), 3);
    }

    #[test]
    fn what_cannot_be_made_is_an_error_or_a_panic_of_the_start() {
        type Never = fn(usize) -> usize;
        let refused = Worker::start("refused", || Err::<Never, _>("not today")).unwrap();
        assert_eq!(refused.unwrap_err(), "not today");
        let make = || -> Result<Never, String> { panic!("at once") };
        let error = Worker::<usize, usize>::start("broken", make).unwrap_err();
        assert_eq!(error.to_string(), "the worker panicked: at once");
    }

    #[test]
    fn dropping_the_worker_drops_the_thing_before_it_returns() {
        struct Dropped(Arc<AtomicUsize>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                std::thread::sleep(std::time::Duration::from_millis(20));
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let drops = Arc::new(AtomicUsize::new(0));
        let thing = Dropped(Arc::clone(&drops));
        let make = move || Ok::<_, String>(move |()| thing.0.load(Ordering::SeqCst));
        let worker = Worker::start("dropped", make).unwrap().unwrap();
        assert_eq!(worker.ask(()).unwrap(), 0);
        drop(worker);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }
}
