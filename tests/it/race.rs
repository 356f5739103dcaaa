//! Requests race a revocation, and none that begins after it is answered with what was revoked.
//!
//! 1. Ten thousand requests on four threads; midway the document that answers them is revoked
//!    through another handle of the index. The clock of a request is the moment before its call.
//! 2. The same while another process revokes and a library engine serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use guidepost::calibrate::Artifact;
use guidepost::embed::{EmbedError, Embedder, Matrix};
use guidepost::engine::Engine;
use guidepost::ids::Fingerprint;
use guidepost::index::build::{BuildOptions, Quiet, Sources, build};
use guidepost::index::settings::Settings;
use guidepost::index::store::Revocation;
use guidepost::query::Query;
use guidepost::text::fold::words;
use jiff::Timestamp;

use crate::support::{Doc, Place, TODAY, sharp_text};

const REQUESTS: usize = 10_000;
const THREADS: usize = 4;
const MESSAGES: [&str; 3] =
    ["Does the ear check hurt?", "does an ear check hurt", "will the ear check hurt"];

/// Counts words into a few places: quick, and near enough for words that are the same.
struct Words;

impl Embedder for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn dimension(&self) -> usize {
        32
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"words 1")
    }

    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        let mut matrix = Matrix::zeros((texts.len(), 32));
        for (mut row, text) in matrix.rows_mut().into_iter().zip(texts) {
            for word in words(text) {
                let place = Fingerprint::of(word.folded.as_bytes()).as_bytes()[0] % 32;
                row[usize::from(place)] += 1.0;
            }
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1.0);
            row.mapv_inplace(|value| value / length);
        }
        Ok(matrix)
    }
}

/// An index of two documents, and an engine that answers from the first.
fn serving() -> (Place, Engine) {
    let place = Place::with(&[
        Doc::new("hurts", MESSAGES[0], "The ear check does not hurt at all."),
        Doc::new("parking", "Where do I park?", "Park behind the library."),
    ]);
    let embedder: Arc<dyn Embedder> = Arc::new(Words);
    let sources = Sources::read(&place.corpus()).unwrap();
    let count = |text: &str| words(text).count();
    let (store, settings) = (place.store(), Settings::default());
    let options = BuildOptions::default();
    build(&store, &sources, &embedder, &count, &settings, options, &Quiet).unwrap();
    let mut calibrator = Artifact::parse(&sharp_text()).unwrap();
    calibrator.bound_to.embedder = Words.fingerprint();
    let engine =
        Engine::builder(place.index()).embedder(embedder).calibrator(calibrator).open().unwrap();
    (place, engine)
}

/// What requests met.
#[derive(Default)]
struct Met {
    begun: AtomicUsize,
    answered: AtomicUsize,
    refused_after: AtomicUsize,
    is_revoked: AtomicBool,
    failed: AtomicBool,
}

impl Met {
    /// One request; whether more are wanted.
    fn ask(&self, engine: &Engine, limit: usize) -> bool {
        let number = self.begun.fetch_add(1, Ordering::SeqCst);
        if number >= limit || self.failed.load(Ordering::SeqCst) {
            return false;
        }
        let began_after = self.is_revoked.load(Ordering::SeqCst);
        let reply = engine.reply(&Query::new(MESSAGES[number % MESSAGES.len()], TODAY)).unwrap();
        let said = reply.response.citations().iter().any(|c| c.document.as_str() == "hurts");
        if said {
            self.answered.fetch_add(1, Ordering::SeqCst);
            // A thread that fails must not leave the others asking.
            self.failed.fetch_or(began_after, Ordering::SeqCst);
            assert!(!began_after, "request {number} was answered with what was revoked before it");
        } else if began_after {
            self.refused_after.fetch_add(1, Ordering::SeqCst);
        }
        true
    }

    fn wait_for(&self, begun: usize) {
        while self.begun.load(Ordering::SeqCst) < begun && !self.failed.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    }
}

#[test]
fn no_request_that_begins_after_a_revocation_is_answered_from_it() {
    let (place, engine) = serving();
    let met = Met::default();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| while met.ask(&engine, REQUESTS) {});
        }
        met.wait_for(REQUESTS / 2);
        let revocation = Revocation {
            document: "hurts".parse().unwrap(),
            by: "Tester".to_owned(),
            reason: "a race".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        place.store().lock().unwrap().revoke(&revocation).unwrap();
        met.is_revoked.store(true, Ordering::SeqCst);
    });
    let (answered, refused) = (met.answered.into_inner(), met.refused_after.into_inner());
    assert!(answered >= REQUESTS / 2 - THREADS, "only {answered} were answered before");
    assert!(refused > REQUESTS / 10, "only {refused} began after");
}

#[cfg(feature = "cli")]
#[test]
fn a_revocation_by_another_process_holds_for_every_request_that_begins_after_it() {
    let (place, engine) = serving();
    let met = Met::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| while met.ask(&engine, usize::MAX) {});
        }
        met.wait_for(200);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_guidepost"))
            .args(["index", "revoke", "hurts", "--by", "Tester", "--reason", "a race", "--index"])
            .arg(place.index())
            .output();
        let is_done = output.as_ref().is_ok_and(|output| output.status.success());
        met.is_revoked.store(is_done, Ordering::SeqCst);
        met.wait_for(met.begun.load(Ordering::SeqCst) + 500);
        met.failed.store(true, Ordering::SeqCst);
        assert!(is_done, "{output:?}");
    });
    let (answered, refused) = (met.answered.into_inner(), met.refused_after.into_inner());
    assert!(answered > 100 && refused > 100, "{answered} before, {refused} after");
}
