//! `guidepost bench`: what is timed was verified before, and what is printed holds together.
//!
//! 1. An engine that does not repeat itself is not timed; one that does is.
//! 2. Every load asks every message in every round; stages, throughput and files are there.
//! 3. Two configurations are told apart by the same messages; the same one decides the same.
//! 4. Work on one thread and on several is done in the same rounds.
//! 5. What makes no sense together is refused, with nothing on stdout.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use guidepost::embed::{EmbedError, Embedder, Encoder, Matrix};
use guidepost::engine::Engine;
use guidepost::eval::bench::{Messages, agreement, verified};
use guidepost::eval::topic::read_topics;
use guidepost::ids::Fingerprint;
use serde_json::Value;

use crate::evaluation::{Bench, check};
use crate::support::{Place, TODAY, data, encoder, names, sharp};

/// The encoder, but from its `last_sound`th text on every second vector points elsewhere.
struct Fickle {
    encoder: Arc<Encoder>,
    asked: AtomicUsize,
    last_sound: usize,
}

impl Embedder for Fickle {
    fn name(&self) -> &str {
        self.encoder.name()
    }
    fn dimension(&self) -> usize {
        self.encoder.dimension()
    }
    fn fingerprint(&self) -> Fingerprint {
        self.encoder.fingerprint()
    }
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        let mut vectors = self.encoder.embed(texts)?;
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if asked > self.last_sound && asked.is_multiple_of(2) {
            vectors.mapv_inplace(|number| -number);
        }
        Ok(vectors)
    }
}

#[test]
fn only_an_engine_that_repeats_itself_is_timed() {
    let place = Place::sample();
    place.build();
    let topics = read_topics(&data("topics.jsonl")).unwrap();
    let messages = Messages::new("topics", &topics, TODAY);
    let two = NonZeroUsize::new(2).unwrap();
    let sound = place.engine();
    assert!(verified(&sound, &messages, two).unwrap() > 5);
    let fickle = |last_sound: usize| {
        let encoder = encoder();
        let embedder = Arc::new(Fickle { encoder, asked: AtomicUsize::new(0), last_sound });
        Engine::builder(place.index()).embedder(embedder).calibrator(sharp()).open().unwrap()
    };
    for last_sound in [0, messages.count()] {
        let error = verified(&fickle(last_sound), &messages, two).unwrap_err();
        assert!(error.to_string().contains("another reply"), "{error}");
        assert_eq!(error.kind().exit_code(), 70);
    }
    let same = agreement(&sound, &place.engine(), &messages).unwrap();
    assert_eq!(same.same, same.asked);
    assert!(agreement(&fickle(usize::MAX), &fickle(0), &messages).is_err());
}

const SHORT: [&str; 8] =
    ["bench", "--topics", "topics.jsonl", "--rounds", "2", "--warm-up", "1", "--json"];

#[track_caller]
fn measured(bench: &Bench, more: &[&str]) -> Value {
    let printed = bench.ends(0, &[&SHORT[..], &["--now", "2026-06-01"], more].concat());
    serde_json::from_str(&printed).unwrap()
}

#[test]
fn loads_ask_every_message_and_are_written_down() {
    let bench = Bench::new();
    let report =
        measured(&bench, &["--workers", "1", "--workers", "2", "--rate", "400", "--out", "o"]);
    let messages = report["datasets"][0]["topics"].as_u64().unwrap();
    let loads = [
        "closed, warm (1 round), 1 thread",
        "closed, warm (1 round), 2 threads",
        "open Poisson 400/s, warm (1 round), 2 threads",
    ];
    for load in loads {
        let stages: Vec<&Value> = report["latency"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["load"] == load)
            .collect();
        for name in ["whole", "rules", "dialogue", "lexical", "dense", "rank", "answer"] {
            let row = stages.iter().find(|row| row["stage"] == name);
            assert_eq!(row.unwrap()["samples"], messages * 2, "{load}: {name}");
        }
        let throughput = report["throughput"].as_array().unwrap();
        let answered = throughput.iter().find(|row| row["load"] == load).unwrap();
        assert_eq!(answered["requests"], messages * 2);
        assert!(answered["per_second"].as_f64().unwrap() > 0.0);
    }
    let files = names(&bench.path("o"));
    let samples = ["closed-1", "closed-2", "open"].map(|name| format!("latency-{name}.csv.gz"));
    let mut expected = samples.to_vec();
    expected.extend(["report.html", "report.json", "report.md"].map(str::to_owned));
    assert_eq!(files, expected);
    let kept: Value = serde_json::from_str(&bench.read("o/report.json")).unwrap();
    assert_eq!(kept, report);
    let page = bench.read("o/report.html");
    assert!(page.contains("answered in a second") && !page.contains("<script"));
}

#[test]
fn two_configurations_are_compared_on_the_same_messages() {
    let bench = Bench::new();
    bench.write("lexical.toml", "[fusion]\nmethod = \"lexical-only\"\n");
    let report = measured(&bench, &["--against", "lexical.toml"]);
    let systems: Vec<&str> =
        report["systems"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(systems, ["as given", "lexical.toml"]);
    let families = report["datasets"][0]["families"].clone();
    let whole = report["time_ratios"].as_array().unwrap();
    let p50 = whole.iter().find(|row| row["what"] == "the p50 of `whole`").unwrap();
    assert_eq!(p50["n"], families);
    assert!(p50["ratio"].as_f64().unwrap() > 0.0);
    let verified = report["methods"][0]["text"].as_str().unwrap();
    assert!(verified.contains("Both decide the same on"), "{verified}");
}

#[test]
fn more_threads_do_the_same_rounds() {
    let bench = Bench::new();
    let report = measured(&bench, &["--scale", "ask,run", "--scale", "build", "--workers", "2"]);
    let rows = report["time_ratios"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!((&row["n"], &row["system"]), (&2.into(), &"2 threads".into()));
        // Two rounds bound nothing.
        assert!(row["interval"].is_null() && row["ratio"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn help_is_the_one_kept_and_nonsense_is_refused() {
    let bench = Bench::new();
    check("bench-help", &bench, &["bench", "--help"]);
    for nonsense in [
        &["--rate", "0"][..],
        &["--workers", "0"],
        &["--against", "a.toml", "--rate", "3"],
        &["--against", "a.toml", "--against-index", "b"],
        &["--scale", "sleep"],
    ] {
        bench.refuses(&[&["bench", "--topics", "topics.jsonl"], nonsense].concat());
    }
    bench.refuses(&["bench", "--topics", "nowhere.jsonl"]);
}
