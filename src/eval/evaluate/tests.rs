//! Properties: the stream gives the same bits as the run in memory, whatever the sizes, the
//! thread count, the order of the lines and the compression; errors name the same line;
//! every judged topic has a value; elinor agrees.

mod elinor;
mod reference;
mod trec_eval;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::stream::{Sizes, stream};
use super::*;
use crate::eval::format_error::FormatError;

fn measures(names: &[&str]) -> Vec<Measure> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

const SOME: &[&str] = &["nDCG@10", "AP", "RR@2", "R@3", "Bpref", "Judged@2"];

struct Files {
    _folder: tempfile::TempDir,
    qrels: Qrels,
    run: PathBuf,
}

fn files(qrels: &str, run: &str) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qrels");
    fs_err::write(&path, qrels).unwrap();
    let qrels = Qrels::read(&path).unwrap();
    let path = folder.path().join("run");
    fs_err::write(&path, run).unwrap();
    Files { qrels, run: path, _folder: folder }
}

fn in_memory(qrels: &Qrels, run: &Path) -> Result<PerTopic, FormatError> {
    Ok(evaluate(qrels, &Run::read(run)?, &measures(SOME)))
}

fn bits(result: Result<PerTopic, FormatError>) -> String {
    match result {
        Ok(result) => {
            let values: Vec<u64> = result.values.iter().flatten().map(|v| v.to_bits()).collect();
            format!("{:?} {values:?} {:?}", result.topics, result.coverage)
        }
        Err(error) => error.to_string(),
    }
}

const QRELS: &str = "1 0 a 2\n1 0 b 1\n1 0 x 0\n2 0 a 1\n3 0 a 0\n";

#[test]
fn every_judged_topic_has_a_value_and_the_rest_is_listed() {
    let files = files(QRELS, "1 Q0 b 1 2 t\n1 Q0 a 2 1 t\n9 Q0 a 1 1 t\n3 Q0 a 1 1 t\n");
    let result = evaluate_stream(&files.qrels, &files.run, &measures(&["RR", "P@1"])).unwrap();
    assert_eq!(result.topics, ["1", "2", "3"]);
    assert_eq!(result.values, [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
    assert_eq!(result.coverage.missing, ["2"]);
    assert_eq!(result.coverage.unjudged, ["9"]);
    assert_eq!(result.coverage.without_relevant, ["3"]);
    assert!((result.mean(0) - 1.0 / 3.0).abs() < 1e-15);
    let error = result.coverage.complete().unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 judged topics have no hits, `2` the first; run them or judge less"
    );
    assert_eq!(bits(in_memory(&files.qrels, &files.run)), {
        bits(evaluate_stream(&files.qrels, &files.run, &measures(SOME)))
    });
}

#[test]
fn a_wrong_line_is_named_wherever_it_stands() {
    for (run, expected) in [
        ("1 Q0 a 1 1 t\n1 Q0 b 1 x t\n", "run:2: the score `x` is not a number"),
        (
            "# 1\n\n1 Q0 a 1 1 t\n1 Q0 a 2 0 t\n",
            "run:4: document `a` of topic `1` stands at line 3",
        ),
        ("9 Q0 a 1 1 t\n9 Q0 a 2 0 t\n", "run:2: document `a` of topic `9` stands at line 1"),
        (
            "1 Q0 a 1 1 t\n2 Q0 a 1 1 t\n1 Q0 a 2 0 t",
            "run:3: document `a` of topic `1` stands at line 1",
        ),
        ("1 Q0 a 1 1 t\n2 Q0 a 1 1 t\n1 Q0 b\n", "run:3: 3 columns instead of 6"),
        ("1 Q0 a 1 1 t\n2 Q0 \0 1 1 t\n", "run:2: a zero byte"),
        ("# nothing\n", "run: no hits"),
    ] {
        let files = files(QRELS, run);
        for size in [1, 7, 30, 1000] {
            let sizes = Sizes { chunk: size, piece: size, gathered: size };
            let error = stream(&files.qrels, &files.run, &measures(SOME), sizes).unwrap_err();
            assert!(error.to_string().contains(expected), "{size}: {error}");
        }
        let error = in_memory(&files.qrels, &files.run).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn compressed_runs_are_read() {
    let files = files(QRELS, "1 Q0 b 1 2 t\n2 Q0 a 2 1 t\n1 Q0 a 2 1 t\n");
    let plain = bits(evaluate_stream(&files.qrels, &files.run, &measures(SOME)));
    let content = fs_err::read(&files.run).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&content).unwrap();
    for stored in [gzip.finish().unwrap(), zstd::encode_all(&content[..], 0).unwrap()] {
        fs_err::write(&files.run, stored).unwrap();
        assert_eq!(bits(evaluate_stream(&files.qrels, &files.run, &measures(SOME))), plain);
    }
}

/// Lines of a run in any order, with ties, comments and unjudged topics; no duplicates.
fn runs() -> impl Strategy<Value = String> {
    let hit = ("[1-59]", "[a-fx]", -2i32..3);
    prop::collection::vec(hit, 1..60).prop_shuffle().prop_map(|hits| {
        let mut seen = std::collections::BTreeSet::new();
        let mut text = String::new();
        for (topic, document, score) in hits {
            if seen.insert((topic.clone(), document.clone())) {
                writeln!(text, "{topic} Q0 {document} 1 {score} t").unwrap();
            }
            if score == 0 {
                text.push_str("# a comment\n\n");
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn the_stream_is_the_run_in_memory(run in runs(), size in 1usize..200, gathered in 1usize..400) {
        let files = files("1 0 a 2\n1 0 b 1\n1 0 x 0\n2 0 a 1\n3 0 a 0\n3 0 f 1\n4 0 b 1\n", &run);
        let expected = bits(in_memory(&files.qrels, &files.run));
        let sizes = Sizes { chunk: size, piece: size, gathered };
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found =
                pool.install(|| stream(&files.qrels, &files.run, &measures(SOME), sizes));
            prop_assert_eq!(bits(found), expected.clone());
        }
    }
}
