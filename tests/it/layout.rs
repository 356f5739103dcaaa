//! The same corpus and model give the same bytes, however they came to be indexed.
//!
//! 1. 1, 2 and 12 commits, 1 and 2 threads, batches of 1, 3 and 64 texts: one snapshot id, the
//!    same ranking (document, passage and every bit of the score) and the same replies.
//! 2. Files created in another order: the same.
//! 3. Files added, indexed, then deleted and indexed again, over the same cache: the same.
//! 4. A cold cache and a warm one: the same vectors, byte for byte.
//! 5. What should change the id does: a byte of a document, of a rule, of the synonyms; its path.
//! 6. Slow tier: the shipped corpus, two layouts, all dev topics.

use std::fmt::Write as _;
use std::path::Path;

use guidepost::engine::Engine;
use guidepost::eval::fit::query_of;
use guidepost::eval::topic::{Topic, read_topics};
use guidepost::index::build::{BuildOptions, Built};
use guidepost::index::snapshot::VECTORS_FILE;
use guidepost::index::store::Store;
use jiff::civil::Date;

use crate::support::{
    Dice, Place, SHIPPED_TODAY, TODAY, build_at, bytes, data, encoder, root, sharp, shipped_corpus,
    slow,
};

/// Everything a person or a tool could see of an engine, for some topics.
fn transcript(engine: &Engine, topics: &[Topic], today: Date) -> String {
    let mut text = String::new();
    for topic in topics {
        for ranked in engine.rank_documents(&topic.text, 100).unwrap() {
            let bits = ranked.score.get().to_bits();
            let _ = writeln!(text, "{} {} {bits:016x}", topic.id, ranked.document);
        }
        for found in engine.search(&topic.text, 50).unwrap() {
            let bits = found.score.get().to_bits();
            let _ = writeln!(text, "{} {} {bits:016x}", topic.id, found.passage);
        }
        let reply = engine.reply(&query_of(topic, today)).unwrap();
        let _ = writeln!(text, "{} {}", topic.id, bytes(reply));
    }
    text
}

fn topics() -> Vec<Topic> {
    let topics = read_topics(&data("topics.jsonl")).unwrap();
    assert!(topics.len() >= 12);
    topics
}

fn open(index: &Path) -> Engine {
    Engine::builder(index).embedder(encoder()).calibrator(sharp()).open().unwrap()
}

fn on_threads<T: Send>(threads: usize, act: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(act)
}

/// Builds a place into an index of its own and reads everything back.
fn observed(place: &Place, index: &str, threads: usize, options: BuildOptions) -> (Built, String) {
    let index = place.root().join(index);
    let store = Store::new(&index);
    on_threads(threads, || {
        let built = build_at(&store, &place.corpus(), options).unwrap();
        let seen = transcript(&open(&index), &topics(), TODAY);
        (built, seen)
    })
}

#[test]
fn commits_threads_and_batches_change_nothing() {
    let place = Place::sample();
    let (first, expected) = observed(&place, "index-0", 2, BuildOptions { batch: 64, commits: 1 });
    assert!(expected.lines().count() > 200, "the queries rank something");
    let layouts = [(2, 1, 1), (12, 2, 3), (12, 1, 64), (1, 2, 1), (1000, 2, 7)];
    for (number, (commits, threads, batch)) in (1..).zip(layouts) {
        let options = BuildOptions { batch, commits };
        let (built, seen) = observed(&place, &format!("index-{number}"), threads, options);
        assert_eq!(built.id, first.id);
        assert!(built.embedded > 0, "nothing comes from another index's cache");
        assert!(seen == expected, "{commits} commits, {threads} threads, batch {batch}");
    }
}

#[test]
fn the_order_of_files_changes_nothing() {
    let expected = observed(&Place::sample(), "index", 1, BuildOptions::default());
    let original = Place::sample();
    let mut files = crate::support::files(&original.corpus());
    for seed in [7, 8] {
        Dice(seed).shuffle(&mut files);
        let place = Place::bare();
        fs_err::remove_dir_all(place.corpus()).unwrap();
        for file in &files {
            let text = fs_err::read_to_string(original.corpus().join(file)).unwrap();
            place.write(file.to_str().unwrap(), &text);
        }
        let seen = observed(&place, "index", 1, BuildOptions::default());
        assert_eq!(seen.0.id, expected.0.id);
        assert!(seen.1 == expected.1, "files created in the order of seed {seed}");
    }
}

#[test]
fn documents_added_and_deleted_leave_no_trace() {
    let place = Place::sample();
    let (before, expected) = observed(&place, "index", 1, BuildOptions::default());
    let extra: Vec<String> = (0..5).map(|n| format!("ear/extra-{n}.md")).collect();
    for (n, name) in extra.iter().enumerate() {
        let doc = crate::support::Doc::new(
            &format!("extra-{n}"),
            "does an ear check hurt",
            "An ear check is a check of ears, ear by ear. It does not hurt an ear.",
        );
        place.write(name, &doc.text());
    }
    let (between, other) = observed(&place, "index", 1, BuildOptions::default());
    assert_ne!(between.id, before.id);
    assert_ne!(other, expected);
    for name in &extra {
        fs_err::remove_file(place.corpus().join(name)).unwrap();
    }
    // Once with the first snapshot still there, once with nothing but the cache left.
    let (again, seen) = observed(&place, "index", 1, BuildOptions::default());
    assert!(again.reused && again.id == before.id);
    assert!(seen == expected);
    fs_err::remove_dir_all(place.root().join("index/snapshots")).unwrap();
    fs_err::remove_file(place.root().join("index/CURRENT")).unwrap();
    let (rebuilt, seen) = observed(&place, "index", 1, BuildOptions { batch: 3, commits: 12 });
    assert!(!rebuilt.reused && rebuilt.id == before.id && rebuilt.embedded == 0);
    assert!(seen == expected, "rebuilt after deletions");
}

#[test]
fn a_warm_cache_gives_the_vectors_of_a_cold_one() {
    let place = Place::sample();
    let cold = build_at(&Store::new(place.root().join("a")), &place.corpus(), options()).unwrap();
    let warm_store = Store::new(place.root().join("b"));
    warm_store.lock().unwrap();
    fs_err::copy(Store::new(place.root().join("a")).cache_path(), warm_store.cache_path()).unwrap();
    let warm = build_at(&warm_store, &place.corpus(), options()).unwrap();
    assert!(cold.embedded > 0 && warm.embedded == 0);
    let vectors = |index: &str| {
        let folder = Store::new(place.root().join(index)).folder(cold.id);
        fs_err::read(folder.join(VECTORS_FILE)).unwrap()
    };
    assert!(vectors("a") == vectors("b"));
}

fn options() -> BuildOptions {
    BuildOptions::default()
}

#[test]
fn whatever_is_said_changes_the_id() {
    let place = Place::sample();
    let mut ids = vec![place.build().id];
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    ids.push(place.build().id);
    place.edit("routes/test-complaint.toml", "complain | complaint", "complain | complaint | moan");
    ids.push(place.build().id);
    place.edit("synonyms.toml", "listening test", "listening check");
    ids.push(place.build().id);
    let from = place.corpus().join("ear/ear-what.md");
    fs_err::rename(from, place.corpus().join("ear/moved.md")).unwrap();
    ids.push(place.build().id);
    let last = ids.last().copied();
    fs_err::rename(place.corpus().join("ear/moved.md"), place.corpus().join("ear/ear-what.md"))
        .unwrap();
    ids.push(place.build().id);
    assert_eq!(ids[3], ids[5], "the same files again are the same snapshot");
    assert_ne!(last, Some(ids[5]));
    ids.truncate(5);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn the_shipped_corpus_too() {
    if !slow() {
        return;
    }
    let topics = read_topics(&root().join("eval/topics/screening-dev.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for (name, threads, options) in [
        ("a", 2, BuildOptions { batch: 64, commits: 1 }),
        ("b", 1, BuildOptions { batch: 5, commits: 12 }),
    ] {
        let index = folder.path().join(name);
        let store = Store::new(&index);
        seen.push(on_threads(threads, || {
            let built = build_at(&store, &shipped_corpus(), options).unwrap();
            let engine = Engine::builder(&index).embedder(encoder()).open().unwrap();
            (built.id, transcript(&engine, &topics, SHIPPED_TODAY))
        }));
    }
    assert_eq!(seen[0].0, seen[1].0);
    assert!(seen[0].1 == seen[1].1);
}
