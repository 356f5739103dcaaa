//! 1. One field of weight 1 is textbook BM25, written without looking at the module.
//! 2. Scores, frequencies and rankings equal the plain definition to the bit, whatever the words,
//!    synonyms, typos, fields, and the order in which rows were written.
//! 3. Explanations recompute to the same f64.
//! 4. Free text is never query syntax.

#![expect(clippy::float_cmp, reason = "explanations recompute to the same bits")]

use std::collections::BTreeMap;

use super::*;
use crate::index::postings::write_postings;
use crate::index::settings::FieldSettings;
use crate::text::analyse::{Analysis, Synonyms};
use proptest::prelude::*;

struct Fixture {
    _folder: tempfile::TempDir,
    lexical: Lexical,
}

fn fixture(bodies: &[String], titles: &[String], settings: LexicalSettings) -> Fixture {
    written(bodies, titles, settings, 1)
}

fn written(
    bodies: &[String],
    titles: &[String],
    settings: LexicalSettings,
    commits: usize,
) -> Fixture {
    let synonyms =
        Synonyms::parse("[[concept]]\nid = 'cs'\nphrases = ['cervical screening', 'smear']\n")
            .unwrap();
    let analyzer = Analyzer::new(&synonyms).unwrap();
    let analyse = |texts: &[String]| texts.iter().map(|t| analyzer.analyse(t)).collect::<Vec<_>>();
    let (bodies, titles, empty) = (analyse(bodies), analyse(titles), Analysis::default());
    let folder = tempfile::tempdir().unwrap();
    let rows = bodies.iter().zip(&titles).map(|(b, t)| [t, &empty, &empty, b]);
    write_postings(folder.path(), rows.collect::<Vec<_>>().into_iter(), commits).unwrap();
    let postings = Postings::open(folder.path(), bodies.len() as u32).unwrap();
    let lexical = Lexical::new(Arc::new(postings), Arc::new(analyzer), settings);
    Fixture { _folder: folder, lexical }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&t| t.to_owned()).collect()
}

fn body_only() -> LexicalSettings {
    let off = FieldSettings { weight: 0.0, b: 0.75 };
    LexicalSettings { title: off, headings: off, questions: off, ..LexicalSettings::default() }
}

/// Textbook BM25 over white-space words, written without looking at the module above.
fn textbook(bodies: &[String], query: &str) -> Vec<f64> {
    let docs: Vec<Vec<&str>> = bodies.iter().map(|b| b.split_whitespace().collect()).collect();
    let n = docs.len() as f64;
    let average = docs.iter().map(Vec::len).sum::<usize>() as f64 / n;
    docs.iter()
        .map(|doc| {
            query
                .split_whitespace()
                .map(|q| {
                    let df = docs.iter().filter(|d| d.contains(&q)).count() as f64;
                    let tf = doc.iter().filter(|&&w| w == q).count() as f64;
                    let k = 1.2 * (0.25 + 0.75 * doc.len() as f64 / average);
                    (1.0 + (n - df + 0.5) / (df + 0.5)).ln() * tf * 2.2 / (tf + k)
                })
                .sum()
        })
        .collect()
}

/// The definition of a group's tf': every posting written out, then sorted and added up row by
/// row, in the order of fields.
fn plain_frequencies(lexical: &Lexical, group: &Group) -> BTreeMap<u32, f64> {
    let mut entries: Vec<(u32, TextField, usize, u32)> = Vec::new();
    let mut totals = BTreeMap::new();
    for field in TextField::ALL {
        let Some(norm) = lexical.norm(field) else {
            continue;
        };
        let variants = group.variants.iter().map(|form| (0, form));
        for (reading, form) in variants.chain((1..).zip(&group.concepts)) {
            let visit = |row, tf| {
                if group.concepts.is_empty() {
                    let length = lexical.postings.length(field, row);
                    let part = f64::from(tf) * norm.computed(length);
                    *totals.entry(row).or_insert(0.0) += part;
                } else {
                    entries.push((row, field, reading, tf));
                }
            };
            lexical.postings.visit(field, &form.text, visit).unwrap();
        }
    }
    entries.sort_unstable();
    for of_field in entries.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (row, field, ..) = of_field[0];
        let readings = of_field.chunk_by(|a, b| a.2 == b.2);
        let most = readings.map(|reading| reading.iter().map(|e| e.3).sum::<u32>()).max().unwrap();
        let length = lexical.postings.length(field, row);
        let part = f64::from(most) * lexical.norm(field).unwrap().computed(length);
        *totals.entry(row).or_insert(0.0) += part;
    }
    totals
}

/// The definition of all scores, and of the greatest attainable.
fn plain_scores(lexical: &Lexical, query: &str) -> (BTreeMap<u32, f64>, Vec<u32>, f64) {
    let (mut scores, mut dfs, mut maximum) = (BTreeMap::new(), Vec::new(), 0.0);
    for group in lexical.groups(query).unwrap() {
        let frequencies = plain_frequencies(lexical, &group);
        let df = frequencies.len() as u32;
        let weight = f64::from(group.count) * idf(lexical.postings.rows(), df);
        for (row, tf) in frequencies {
            *scores.entry(row).or_insert(0.0) += weight * lexical.saturate(tf);
        }
        maximum += weight * (lexical.settings.k1 + 1.0);
        dfs.push(df);
    }
    (scores, dfs, maximum)
}

const VOCABULARY: [&str; 6] = ["lump", "kit", "scan", "gown", "hpv", "aorta"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn scores_and_rankings_equal_the_plain_definition_to_the_bit(
        docs in proptest::collection::vec(
            (proptest::collection::vec(0..6usize, 0..9), proptest::collection::vec(0..6usize, 0..4)),
            1..300,
        ),
        queries in proptest::collection::vec("(lump|smear|cervical screening|scann|kit|aortta|zzz| ){1,6}", 1..4),
        commits in 1..4usize,
        depth in 0..40usize,
    ) {
        let text = |words: &[usize]| {
            words.iter().map(|&w| VOCABULARY[w]).collect::<Vec<_>>().join(" ")
        };
        let extra = |n: usize| ["", " smear", " cervical screening", " smear smear"][n % 4];
        let bodies: Vec<String> =
            docs.iter().enumerate().map(|(n, (b, _))| text(b) + extra(n)).collect();
        let titles: Vec<String> =
            docs.iter().enumerate().map(|(n, (_, t))| text(t) + extra(n / 3)).collect();
        let fixture = written(&bodies, &titles, LexicalSettings::default(), commits);
        let lexical = &fixture.lexical;
        // One after the other, so that a buffer left dirty would show.
        for query in queries {
            let bound = lexical.bind(&query).unwrap();
            let (scores, dfs, maximum) = plain_scores(lexical, &query);
            prop_assert_eq!(bound.attainable_maximum().to_bits(), maximum.to_bits());
            for row in 0..bodies.len() as u32 {
                let expected = scores.get(&row).copied().unwrap_or(0.0);
                prop_assert_eq!(bound.score(Row(row)).get().to_bits(), expected.to_bits());
            }
            let hits = scores.iter().map(|(&row, &s)| Hit { row: Row(row), score: finite(s) });
            prop_assert_eq!(bound.top(depth), Ranking::top(hits, depth));
            let rows: Vec<Row> = (0..bodies.len() as u32).step_by(3).map(Row).collect();
            let matches = bound.matches(&rows).unwrap().unwrap();
            let found: Vec<u32> = matches.terms.iter().map(|t| t.document_frequency).collect();
            prop_assert_eq!(found, dfs);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn one_field_of_weight_one_is_textbook_bm25(
        docs in proptest::collection::vec(proptest::collection::vec(0..6usize, 1..12), 1..8),
        query in proptest::collection::vec(0..6usize, 1..5),
    ) {
        let text = |words: &[usize]| {
            words.iter().map(|&w| VOCABULARY[w]).collect::<Vec<_>>().join(" ")
        };
        let bodies: Vec<String> = docs.iter().map(|d| text(d)).collect();
        let settings = LexicalSettings { k1: 1.2, typos: false, ..body_only() };
        let fixture = fixture(&bodies, &vec![String::new(); bodies.len()], settings);
        let bound = fixture.lexical.bind(&text(&query)).unwrap();
        for (row, expected) in (0..).zip(textbook(&bodies, &text(&query))) {
            let score = bound.score(Row(row)).get();
            prop_assert!((score - expected).abs() < 1e-12, "{score} {expected}");
            prop_assert!(score <= bound.attainable_maximum());
        }
    }

    #[test]
    fn explanations_recompute_to_the_same_f64(
        docs in proptest::collection::vec(
            (proptest::collection::vec(0..6usize, 0..9), proptest::collection::vec(0..6usize, 0..3)),
            1..6,
        ),
        query in "(lump|smear|cervical screening|scann|kit| ){1,5}",
    ) {
        let text = |words: &[usize]| {
            words.iter().map(|&w| VOCABULARY[w]).collect::<Vec<_>>().join(" ")
        };
        let bodies: Vec<String> =
            docs.iter().map(|(b, _)| format!("{} smear smear", text(b))).collect();
        let titles: Vec<String> = docs.iter().map(|(_, t)| text(t)).collect();
        let fixture = fixture(&bodies, &titles, LexicalSettings::default());
        let bound = fixture.lexical.bind(&query).unwrap();
        for row in 0..bodies.len() as u32 {
            let RetrieverExplanation::Lexical(e) = bound.explain(Row(row)).unwrap() else {
                panic!("a lexical explanation");
            };
            let recomputed: f64 = e.terms.iter().fold(0.0, |sum, t| {
                let tf: f64 = t.fields.iter().fold(0.0, |sum, f| {
                    let norm = 1.0 - f.b + f.b * f64::from(f.length) / f.average_length;
                    sum + f64::from(f.frequency) * (f.weight / norm)
                });
                let n = f64::from(e.rows);
                let df = f64::from(t.document_frequency);
                assert_eq!((1.0 + (n - df + 0.5) / (df + 0.5)).ln(), t.idf);
                if tf == 0.0 {
                    return sum;
                }
                sum + f64::from(t.count) * t.idf * ((e.k1 + 1.0) * tf / (e.k1 + tf))
            });
            prop_assert_eq!(recomputed, bound.score(Row(row)).get());
            prop_assert_eq!(e.score, recomputed);
        }
    }
}

#[test]
fn a_synonym_finds_the_passage_and_counts_once() {
    let bodies = strings(&["cervical screening at 25", "breast screening", "a smear"]);
    let empty = vec![String::new(); 3];
    let fixture = fixture(&bodies, &empty, LexicalSettings::default());
    let bound = fixture.lexical.bind("smear").unwrap();
    assert_eq!(bound.top(10).hits().len(), 2);
    let RetrieverExplanation::Lexical(e) = bound.explain(Row(2)).unwrap() else { panic!() };
    assert_eq!(e.terms.len(), 1);
    assert_eq!((e.terms[0].document_frequency, e.terms[0].fields[0].frequency), (2, 1));
}

#[test]
fn a_typo_finds_its_word_and_a_known_word_is_left_alone() {
    let bodies = strings(&["deodorant on the day", "the day of the scan"]);
    let fixture = fixture(&bodies, &strings(&["", ""]), LexicalSettings::default());
    let top = |query| fixture.lexical.bind(query).unwrap().top(9).first().map(|h| h.row);
    assert_eq!(top("deoderant"), Some(Row(0)));
    assert_eq!(top("scan"), Some(Row(1)));
    assert_eq!(top("zzz"), None);
}

#[test]
fn free_text_is_never_query_syntax() {
    let bodies = strings(&["and or not"]);
    let fixture = fixture(&bodies, &strings(&[""]), LexicalSettings::default());
    for query in ["title:(", "\"", "-kit +", "a AND", "[* TO *]", "\u{0}", ""] {
        assert!(fixture.lexical.bind(query).is_ok(), "{query}");
    }
}
