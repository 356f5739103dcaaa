//! One engine, many threads, and an index that changes under it.
//!
//! 1. `Engine` and `Reply` are `Send + Sync`.
//! 2. Four threads ask while snapshots are swapped and documents revoked: every reply is of one
//!    snapshot, with the text that stands in that snapshot and no other; after a revocation has
//!    returned, no reply that is asked from then on quotes the document.
//! 3. The same query twice, on one engine, on another, and on another thread: the same bytes.
//! 4. Any message is answered with a decision, never with an error: random Unicode and long text.
//! 5. Files of a snapshot may be removed after opening: requests under way end well.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use guidepost::engine::{Engine, Reply};
use guidepost::eval::fit::query_of;
use guidepost::eval::topic::read_topics;
use guidepost::ids::Fingerprint;
use guidepost::index::store::Revocation;
use guidepost::query::Query;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::support::{
    Doc, Place, SHIPPED_TODAY, TODAY, ask, bytes, data, encoder, root, sharp, shipped,
    shipped_index,
};

#[test]
fn an_engine_is_shared() {
    fn check<T: Send + Sync>() {}
    check::<Engine>();
    check::<Reply>();
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn no_reply_is_torn_while_snapshots_are_swapped() {
    let question = "Does the ear check hurt?";
    let doc = |word: &str| {
        Doc::new("hurts", question, &format!("The ear check never hurts, says {word}."))
    };
    let place = Place::with(&[doc("Anna")]);
    let first = place.build().id;
    place.add(&doc("Bert"));
    let second = place.build().id;
    let said: BTreeMap<Fingerprint, &str> = [(first, "Anna"), (second, "Bert")].into();
    let engine = place.open();
    let (stop, revoked) = (AtomicBool::new(false), AtomicBool::new(false));
    let (answers, refusals) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // Whatever fails below, the threads must not ask for ever.
        let _stopper = OnDrop(|| stop.store(true, Ordering::SeqCst));
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let is_revoked = revoked.load(Ordering::SeqCst);
                    let reply = ask(&engine, question);
                    let text = reply.response.text();
                    if reply.response.decision() == "answer" {
                        assert!(!is_revoked, "a revoked text was said");
                        let expected =
                            format!("The ear check never hurts, says {}.", said[&reply.snapshot]);
                        assert_eq!(text, expected);
                        assert_eq!(reply.response.citations()[0].quote, expected);
                        answers.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert!(!text.contains("Anna") && !text.contains("Bert"), "{text}");
                        refusals.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let swap = |round: usize| {
            let id = if round.is_multiple_of(2) { first } else { second };
            place.store().lock().unwrap().rollback(Some(id)).unwrap();
            engine.reload().unwrap();
            assert_eq!(engine.snapshot().id(), id);
        };
        (0..20).for_each(&swap);
        let revocation = Revocation {
            document: "hurts".parse().unwrap(),
            by: "Tester".to_owned(),
            reason: "a test".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        place.store().lock().unwrap().revoke(&revocation).unwrap();
        revoked.store(true, Ordering::SeqCst);
        (0..10).for_each(&swap);
    });
    assert!(answers.load(Ordering::SeqCst) > 10, "{answers:?}");
    assert!(refusals.load(Ordering::SeqCst) > 4, "{refusals:?}");
}

#[test]
fn the_same_query_gives_the_same_bytes() {
    let place = Place::sample();
    let engine = place.engine();
    let other = place.open();
    for topic in read_topics(&data("topics.jsonl")).unwrap() {
        let query = query_of(&topic, TODAY);
        let first = bytes(engine.reply(&query).unwrap());
        assert_eq!(bytes(engine.reply(&query).unwrap()), first);
        assert_eq!(bytes(other.reply(&query).unwrap()), first);
        let elsewhere = std::thread::scope(|scope| {
            scope.spawn(|| bytes(engine.reply(&query).unwrap())).join().unwrap()
        });
        assert_eq!(elsewhere, first);
    }
}

#[test]
fn the_shipped_topics_give_the_same_bytes_on_another_engine() {
    let topics = read_topics(&root().join("eval/topics/screening-dev.jsonl")).unwrap();
    let other = Engine::builder(shipped_index()).embedder(encoder()).open().unwrap();
    for topic in topics.iter().step_by(10) {
        let query = query_of(topic, SHIPPED_TODAY);
        let replies = [shipped(), &other].map(|engine| bytes(engine.reply(&query).unwrap()));
        assert_eq!(replies[0], replies[1]);
    }
}

#[test]
fn no_message_is_an_error() {
    static PLACE: std::sync::OnceLock<(Place, Engine)> = std::sync::OnceLock::new();
    let (_, engine) = PLACE.get_or_init(|| {
        let place = Place::sample();
        let engine = place.engine();
        (place, engine)
    });
    let decided = |text: &str| {
        let reply = engine.reply(&Query::new(text, TODAY)).unwrap();
        assert!(["answer", "clarify", "handover", "urgent"].contains(&reply.response.decision()));
    };
    for text in [
        "",
        " ",
        "\0",
        "\n\n",
        "?",
        "????",
        "👂",
        "\u{202e}",
        "\u{feff}",
        "title:(ear",
        "\"",
        "-ear +",
        "ear AND",
        "[* TO *]",
        "e\u{301}\u{301}\u{301}ar",
        "耳の検査は痛いですか",
        "؟",
        "1",
        "#",
        "٩٩٩",
        "NaN",
        "null",
        "{\"text\": 1}",
        "<script>",
        "%s%n",
        "../../etc/passwd",
        "ear\u{0}check",
    ] {
        decided(text);
    }
    decided(&"ear check ".repeat(20_000));
    decided(&"x".repeat(300_000));
    decided(&"\u{301}".repeat(5_000));
    let config =
        ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(text in prop_oneof![
        any::<String>(),
        "([a-z]{1,9}|ear check|hurt|\\PC| |\\?|\n){0,40}",
    ])| decided(&text));
}

#[test]
fn a_snapshot_removed_after_opening_is_still_served() {
    let place = Place::sample();
    let engine = place.engine();
    let expected = bytes(ask(&engine, "Does an ear check hurt?"));
    fs_err::remove_dir_all(place.store().folder(engine.snapshot().id())).unwrap();
    assert_eq!(bytes(ask(&engine, "Does an ear check hurt?")), expected);
    let builder = Engine::builder(place.index()).embedder(encoder()).calibrator(sharp());
    assert!(builder.open().is_err());
}
