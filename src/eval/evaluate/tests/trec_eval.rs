//! What trec_eval makes of hard inputs, from the fixture that `scripts/eval/trec_eval_behaviour.py`
//! writes: the same values and the same refusals here, but for the cases that say otherwise.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

const FIXTURE: &str = include_str!("../../../../tests/data/eval/trec_eval_behaviour.jsonl");

type Values = BTreeMap<String, BTreeMap<String, f64>>;

#[derive(Deserialize)]
struct Case {
    name: String,
    qrels: String,
    run: String,
    options: Vec<String>,
    trec_eval: Outcome,
    here: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    values: Option<Values>,
}

fn cases() -> BTreeMap<String, Case> {
    let cases = FIXTURE.lines().skip(1).map(|line| serde_json::from_str::<Case>(line).unwrap());
    cases.map(|case| (case.name.clone(), case)).collect()
}

/// trec_eval's names of measures, and what they are called here under its options.
fn measures_of(case: &Case) -> Vec<(&'static str, Measure)> {
    let names = [
        ("map", "AP"),
        ("map_cut_2", "AP@2"),
        ("ndcg", "nDCG"),
        ("ndcg_cut_2", "nDCG@2"),
        ("recip_rank", "RR"),
        ("P_2", "P@2"),
        ("recall_2", "R@2"),
        ("success_1", "Success@1"),
        ("Rprec", "Rprec"),
        ("bpref", "Bpref"),
    ];
    let has = |option: &str| case.options.iter().any(|other| other == option);
    let ours_of = |name: &str| {
        let (stem, cutoff) = name.split_once('@').unwrap_or((name, ""));
        let mut parameters = Vec::new();
        if has("-l2") && stem != "nDCG" {
            parameters.push("rel=2");
        }
        if has("-J") && stem != "Bpref" {
            parameters.push("judged_only=True");
        }
        let at = if cutoff.is_empty() { String::new() } else { format!("@{cutoff}") };
        format!("{stem}({}){at}", parameters.join(",")).parse().unwrap()
    };
    names.into_iter().map(|(theirs, ours)| (theirs, ours_of(ours))).collect()
}

/// What Guidepost makes of a case, in trec_eval's terms; none where it is refused.
fn here(case: &Case) -> Option<Values> {
    let folder = tempfile::tempdir().unwrap();
    let (qrels, run) = (folder.path().join("qrels"), folder.path().join("run"));
    fs_err::write(&qrels, &case.qrels).unwrap();
    fs_err::write(&run, &case.run).unwrap();
    let qrels = Qrels::read(&qrels).ok()?;
    let names = measures_of(case);
    let measures: Vec<Measure> = names.iter().map(|(_, measure)| *measure).collect();
    let result = evaluate_stream(&qrels, &run, &measures).ok()?;
    let is_complete = case.options.iter().any(|option| option == "-c");
    let mut values = Values::new();
    for (column, (name, _)) in result.values.iter().zip(&names) {
        let mut sum = 0.0;
        for (topic, value) in result.topics.iter().zip(column) {
            if !result.coverage.missing.contains(topic) {
                values.entry(topic.clone()).or_default().insert((*name).to_owned(), *value);
            }
            sum += value;
        }
        let missing = if is_complete { 0 } else { result.coverage.missing.len() };
        let mean = sum / (result.topics.len() - missing) as f64;
        values.entry("all".to_owned()).or_default().insert((*name).to_owned(), mean);
    }
    Some(values)
}

/// Whether values are the same to the four digits trec_eval prints.
fn agree(here: Option<&Values>, theirs: Option<&Values>) -> bool {
    match (here, theirs) {
        (None, None) => true,
        (Some(here), Some(theirs)) => {
            here.keys().eq(theirs.keys())
                && here.iter().all(|(topic, values)| {
                    values.iter().all(|(name, value)| {
                        theirs[topic].get(name).is_some_and(|their| (their - value).abs() < 5.1e-5)
                    })
                })
        }
        _ => false,
    }
}

#[test]
fn hard_inputs_are_read_as_trec_eval_reads_them() {
    let cases = cases();
    assert!(cases.len() > 40);
    for (name, case) in &cases {
        let found = here(case);
        let theirs = case.trec_eval.values.as_ref();
        let Some(expected) = &case.here else {
            assert!(agree(found.as_ref(), theirs), "{name}: {found:?} instead of {theirs:?}");
            continue;
        };
        let expected = match expected.as_str() {
            "refuses" => None,
            other => cases[other].trec_eval.values.as_ref(),
        };
        assert!(agree(found.as_ref(), expected), "{name}: {found:?} instead of {expected:?}");
    }
}
