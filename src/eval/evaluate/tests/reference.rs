//! Values of ir_measures, from the fixture that `scripts/eval/parity_measures.py --fixture`
//! writes; the script compares many more on the release binary.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::eval::trec::Scored;

const FIXTURE: &str = include_str!("../../../../tests/data/eval/measures.jsonl");

#[derive(Deserialize)]
struct Header {
    measures: Vec<Measure>,
}

#[derive(Deserialize)]
struct Case {
    judged: BTreeMap<String, i32>,
    hits: BTreeMap<String, f64>,
    values: Vec<f64>,
}

#[test]
fn values_are_those_of_ir_measures() {
    let mut lines = FIXTURE.lines();
    let header: Header = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut compared = 0;
    for line in lines {
        let case: Case = serde_json::from_str(line).unwrap();
        let mut qrels = Qrels::new();
        for (document, grade) in &case.judged {
            qrels.insert("1", document, *grade);
        }
        let hits = case.hits.into_iter().map(|(document, score)| Scored { document, score });
        let mut run = Run::new("t");
        run.push("1", hits.collect()).unwrap();
        let result = evaluate(&qrels, &run, &header.measures);
        for ((measure, found), expected) in
            header.measures.iter().zip(&result.values).zip(&case.values)
        {
            assert!((found[0] - expected).abs() <= 1e-12, "{measure} in {line}: {}", found[0]);
            compared += 1;
        }
    }
    assert!(compared > 5000, "{compared} values compared");
}
