//! Public labelled sets, where they are at hand: the slow tier, with `GUIDEPOST_DATA` naming their
//! folder (`faq/feedbackqa_cdc/{corpus,queries}.jsonl`, `qrels/dev.tsv`). Only dev splits are read.
//!
//! 1. A BEIR corpus is imported, approved for research, built and ranked; two layouts of the index
//!    give the same ranking, bit for bit.
//! 2. nDCG@10, computed here, stays above a floor: a guard against regressions, not a result.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use guidepost::corpus::approve::{Grant, approve_all};
use guidepost::corpus::document::{Cut, Role};
use guidepost::corpus::import::{ImportOptions, SourceKind, import};
use guidepost::engine::Engine;
use guidepost::eval::topic::read_topics;
use guidepost::ids::{Nation, Programme};
use guidepost::index::build::BuildOptions;
use guidepost::index::store::Store;
use jiff::civil::date;

use crate::support::{build_at, encoder, slow};

/// Least nDCG@10 on the dev split.
const FLOOR: f64 = 0.70;

pub(crate) fn set(name: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("GUIDEPOST_DATA") else {
        eprintln!("GUIDEPOST_DATA is not set: {name} was not tried");
        return None;
    };
    let folder = PathBuf::from(data).join(name);
    if !folder.is_dir() {
        eprintln!("{} is not there: {name} was not tried", folder.display());
        return None;
    }
    Some(folder)
}

/// Grades by topic and document.
pub(crate) fn qrels(path: &Path) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut grades: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for line in fs_err::read_to_string(path).unwrap().lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [topic, document, grade] = columns[..] else { panic!("{line}") };
        grades
            .entry(topic.to_owned())
            .or_default()
            .insert(document.to_owned(), grade.parse().unwrap());
    }
    grades
}

/// Gain is the grade, the discount log2(rank + 1), the ideal from all judged documents.
pub(crate) fn ndcg(ranked: &[String], grades: &BTreeMap<String, f64>) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(10).enumerate().map(|(i, gain)| gain / (i as f64 + 2.0).log2()).sum()
    };
    let mut ideal: Vec<f64> = grades.values().copied().collect();
    ideal.sort_by(|a, b| b.total_cmp(a));
    let most = discounted(&mut ideal.into_iter());
    let found = discounted(&mut ranked.iter().map(|id| grades.get(id).copied().unwrap_or(0.0)));
    if most > 0.0 { found / most } else { 0.0 }
}

#[test]
fn a_public_set_is_imported_built_and_ranked() {
    if !slow() {
        return;
    }
    let Some(source) = set("faq/feedbackqa_cdc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    let options = ImportOptions {
        programme: Programme::new("all").unwrap(),
        nations: Nation::ALL.to_vec(),
        cut: Cut::Sections,
        source: None,
        licence: None,
        allowed_paths: Vec::new(),
    };
    let report = import(SourceKind::Jsonl, &source, &corpus, &options).unwrap();
    assert!(report.written.len() > 500, "{}", report.written.len());
    let (on, review_due) = (date(2026, 1, 10), date(2027, 1, 10));
    let grant = Grant { by: "Research import".to_owned(), role: Role::Research, on, review_due };
    assert_eq!(approve_all(&corpus, &grant).unwrap().len(), report.written.len());
    let grades = qrels(&source.join("qrels/dev.tsv"));
    let mut topics = read_topics(&source.join("queries.jsonl")).unwrap();
    topics.retain(|topic| grades.contains_key(topic.id.as_str()));
    assert_eq!(topics.len(), grades.len());
    let ranked = |name: &str, options: BuildOptions| {
        let index = folder.path().join(name);
        build_at(&Store::new(&index), &corpus, options).unwrap();
        let engine = Engine::builder(&index).embedder(encoder()).open().unwrap();
        topics.iter().map(|t| engine.rank_documents(&t.text, 100).unwrap()).collect::<Vec<_>>()
    };
    let first = ranked("a", BuildOptions::default());
    let second = ranked("b", BuildOptions { batch: 7, commits: 12 });
    assert!(first == second, "two layouts rank differently");
    let values = topics.iter().zip(&first).map(|(topic, ranked)| {
        let ids: Vec<String> = ranked.iter().map(|r| r.document.to_string()).collect();
        ndcg(&ids, &grades[topic.id.as_str()])
    });
    let mean = values.sum::<f64>() / topics.len() as f64;
    eprintln!("feedbackqa cdc, dev split, {} topics: nDCG@10 {mean:.4}", topics.len());
    assert!(mean >= FLOOR, "nDCG@10 {mean} on the dev split");
}
