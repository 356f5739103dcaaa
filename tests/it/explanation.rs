//! Every number that is reported can be worked out again, to the same f64, by someone who has the
//! documents, the formulas of the documentation, and none of our code for them.
//!
//! What is taken from the crate: the analyzer (text to terms), the encoder (text to f32), the
//! settings and the calibrator file. Everything else is recomputed here from the documents:
//!
//! 1. Lexical: lengths, averages, document frequencies, idf, tf', scores and attainable maximum,
//!    from an inverted index built here.
//! 2. Dense: the query quantised here, integer dot products with the stored bytes, cosines, the
//!    variant share; the stored bytes are those of the passage's text, quantised here.
//! 3. Fused: weighted sum and scope bonus; `score` is their sum.
//! 4. Confidence and P(in scope): the logistic formulas over the reported evidence, with the numbers
//!    of the calibrator file. Evidence that follows from the explanation is recomputed too.
//! 5. `search` and `explain` tell the score that `ask` used.
//! 6. The ranking is in order of that score, ties by document id descending, then by place.

use std::collections::BTreeMap;
use std::sync::Arc;

use guidepost::calibrate::{Artifact, FEATURES, Model};
use guidepost::embed::Embedder as _;
use guidepost::engine::{Engine, Explanation};
use guidepost::ids::{DocumentId, Nation, Row};
use guidepost::index::build::passage_text;
use guidepost::index::settings::Settings;
use guidepost::index::snapshot::Snapshot;
use guidepost::query::Query;
use guidepost::retrieve::RetrieverExplanation;
use guidepost::retrieve::dense::DenseExplanation;
use guidepost::retrieve::lexical::LexicalExplanation;

use crate::support::{Place, SHIPPED_CALIBRATOR, SHIPPED_TODAY, TODAY, encoder, sharp, shipped};

/// Terms of one field of one passage: how often each stands there, and how many there are.
type Counted = (BTreeMap<String, u32>, u32);

/// The documents, counted by hand.
struct Counts {
    snapshot: Arc<Snapshot>,
    /// By passage: title, headings, questions, body.
    rows: Vec<[Counted; 4]>,
    averages: [f64; 4],
    settings: Settings,
}

impl Counts {
    fn of(engine: &Engine) -> Counts {
        let snapshot = engine.snapshot();
        let count = |text: &str| -> Counted {
            let analysis = snapshot.analyzer().analyse(text);
            let mut counts = BTreeMap::new();
            let terms = analysis.terms.iter().map(|t| &t.text);
            for term in terms.chain(&analysis.concepts) {
                *counts.entry(term.clone()).or_insert(0) += 1;
            }
            (counts, analysis.terms.len() as u32)
        };
        let rows: Vec<[Counted; 4]> = snapshot
            .passages()
            .map(|p| {
                let document = snapshot.document(&p.id.document).unwrap();
                [
                    count(&document.title),
                    count(&p.headings.join("\n")),
                    count(&document.questions.join("\n")),
                    count(&p.body),
                ]
            })
            .collect();
        let averages = [0, 1, 2, 3].map(|field| {
            let total: u64 = rows.iter().map(|row| u64::from(row[field].1)).sum();
            total as f64 / rows.len() as f64
        });
        Counts { snapshot, rows, averages, settings: engine.settings() }
    }

    /// tf' of a term in a row: the word's variants add up, its concepts are other readings.
    fn weighted_frequency(&self, row: usize, variants: &[String], concepts: &[String]) -> f64 {
        let lexical = &self.settings.lexical;
        let fields = [lexical.title, lexical.headings, lexical.questions, lexical.body];
        let mut sum = 0.0;
        for (field, settings) in fields.iter().enumerate() {
            let (counts, length) = &self.rows[row][field];
            if settings.weight == 0.0 || self.averages[field] == 0.0 {
                continue;
            }
            let norm = 1.0 - settings.b + settings.b * f64::from(*length) / self.averages[field];
            let factor = settings.weight / norm;
            let frequency = |term: &String| counts.get(term).copied().unwrap_or(0);
            if concepts.is_empty() {
                for variant in variants {
                    sum += f64::from(frequency(variant)) * factor;
                }
            } else {
                let word: u32 = variants.iter().map(frequency).sum();
                let concept = concepts.iter().map(frequency).max().unwrap();
                sum += f64::from(word.max(concept)) * factor;
            }
        }
        sum
    }

    fn holds(&self, term: &str) -> bool {
        self.rows.iter().flatten().any(|(counts, _)| counts.contains_key(term))
    }

    /// The lexical score of a row and the attainable maximum, by the formulas alone.
    #[track_caller]
    fn check_lexical(&self, query: &str, row: usize, told: &LexicalExplanation) {
        let n = self.rows.len() as f64;
        let k1 = self.settings.lexical.k1;
        let mut groups: BTreeMap<String, (u32, Vec<String>)> = BTreeMap::new();
        for term in self.snapshot.analyzer().analyse(query).terms {
            let group = groups.entry(term.text).or_default();
            group.0 += 1;
            if self.settings.lexical.synonyms {
                group.1.extend(term.concepts);
            }
        }
        assert_eq!(told.terms.len(), groups.len(), "{query}");
        let (mut score, mut maximum) = (0.0, 0.0);
        for ((term, (count, mut concepts)), told) in groups.into_iter().zip(&told.terms) {
            concepts.sort();
            concepts.dedup();
            assert_eq!((&told.term, told.count, &told.concepts), (&term, count, &concepts));
            // Which words lie near an unknown one is taken as told; a known word stays itself.
            if self.holds(&term) {
                assert_eq!(told.variants, std::slice::from_ref(&term));
            }
            for variant in told.variants.iter().filter(|v| **v != term) {
                assert!(self.holds(variant), "`{variant}` for `{term}` stands nowhere");
            }
            let frequency = |row| self.weighted_frequency(row, &told.variants, &concepts);
            let df = (0..self.rows.len()).filter(|&row| frequency(row) > 0.0).count();
            assert_eq!(told.document_frequency as usize, df, "{term}");
            let idf = (1.0 + (n - df as f64 + 0.5) / (df as f64 + 0.5)).ln();
            assert_eq!(told.idf.to_bits(), idf.to_bits(), "idf of {term}");
            let tf = frequency(row);
            assert_eq!(told.weighted_frequency.to_bits(), tf.to_bits(), "tf' of {term}");
            let weight = f64::from(count) * idf;
            if tf > 0.0 {
                score += weight * ((k1 + 1.0) * tf / (k1 + tf));
            }
            if df > 0 || self.settings.lexical.count_unseen {
                maximum += weight * (k1 + 1.0);
            }
        }
        assert_eq!(told.score.to_bits(), f64::to_bits(score), "lexical score of `{query}`");
        assert_eq!(
            told.attainable_maximum.to_bits(),
            f64::to_bits(maximum),
            "maximum of `{query}`"
        );
    }

    /// The dense score of a row, by integers.
    #[track_caller]
    fn check_dense(&self, query: &str, row: usize, told: &DenseExplanation) {
        let vectors = self.snapshot.vectors().matrix();
        let query = quantised(query);
        let stored = |row: usize| vectors.row(row).unwrap().components().to_vec();
        let passage = cosine(&query, &stored(row));
        assert_eq!(told.passage_cosine.to_bits(), passage.to_bits(), "cosine of the passage");
        let own = &self.snapshot.passage(Row(row as u32)).unwrap().id.document;
        let mut variants: Vec<f64> = Vec::new();
        let mut at = self.snapshot.passage_count();
        for document in self.snapshot.documents().filter(|d| d.kind.is_retrieved()) {
            for _ in &document.questions {
                if document.id == *own {
                    variants.push(cosine(&query, &stored(at)));
                }
                at += 1;
            }
        }
        let nearest = variants.into_iter().reduce(f64::max);
        assert_eq!(told.variant_cosine.map(f64::to_bits), nearest.map(f64::to_bits));
        let share = self.settings.dense.variant_share;
        let score = match nearest {
            Some(variant) => (1.0 - share) * passage + share * passage.max(variant),
            None => passage,
        };
        assert_eq!(told.score.to_bits(), score.to_bits(), "dense score");
    }

    /// All of an explanation.
    #[track_caller]
    fn check(&self, query: &str, told: &Explanation) {
        let position = |id: &str| {
            let mut passages = self.snapshot.passages();
            passages.position(|p| p.id.to_string() == id).unwrap()
        };
        let row = position(&told.passage);
        let RetrieverExplanation::Lexical(lexical) = &told.lexical else { panic!("lexical") };
        let RetrieverExplanation::Dense(dense) = &told.dense else { panic!("dense") };
        self.check_lexical(query, row, lexical);
        self.check_dense(query, row, dense);
        let weight = self.settings.fusion.dense_weight;
        let share = if lexical.attainable_maximum > 0.0 {
            lexical.score / lexical.attainable_maximum
        } else {
            0.0
        };
        let fused = (1.0 - weight) * share + weight * dense.score;
        assert_eq!(told.fusion.score.to_bits(), fused.to_bits(), "fused score of `{query}`");
        assert_eq!(told.score.to_bits(), (fused + told.scope_bonus).to_bits());
    }
}

/// A text as bytes: scaled so that the greatest component is 127, rounded ties to even.
fn quantised(text: &str) -> Vec<i8> {
    let vector = encoder().embed(&[text]).unwrap().row(0).to_vec();
    let greatest = vector.iter().fold(0.0, |most: f64, x| most.max(f64::from(x.abs())));
    let scale = if greatest > 0.0 { 127.0 / greatest } else { 0.0 };
    vector.iter().map(|x| (f64::from(*x) * scale).round_ties_even() as i8).collect()
}

fn cosine(a: &[i8], b: &[i8]) -> f64 {
    let dot = |a: &[i8], b: &[i8]| -> i64 {
        a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum()
    };
    let (aa, bb) = (dot(a, a), dot(b, b));
    if aa == 0 || bb == 0 {
        return 0.0;
    }
    dot(a, b) as f64 / ((aa as f64).sqrt() * (bb as f64).sqrt())
}

/// The logistic formula, from the numbers of the calibrator file.
fn logistic(model: &guidepost::calibrate::logistic::Logistic, values: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (j, value) in values.iter().enumerate() {
        sum += (value - model.means[j]) / model.deviations[j] * model.weights[j];
    }
    let x = model.intercept + sum;
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// A probability, from the numbers of the calibrator file.
fn probability(model: &Model, values: &[f64]) -> f64 {
    match model {
        Model::Logistic(model) => logistic(model, values),
        Model::Product { in_scope, right } => logistic(in_scope, values) * logistic(right, values),
        other => panic!("{other:?} is never shipped"),
    }
}

/// Asks, and works everything out again. Whether anything was ranked.
#[track_caller]
fn check_reply(engine: &Engine, counts: &Counts, artifact: &Artifact, query: &Query) -> bool {
    let reply = engine.reply(query).unwrap();
    let Some(told) = &reply.explanation else {
        return false;
    };
    counts.check(&query.text, told);
    let evidence = reply.evidence.unwrap();
    let feature = |name: &str| evidence.values()[FEATURES.iter().position(|f| *f == name).unwrap()];
    let RetrieverExplanation::Lexical(lexical) = &told.lexical else { unreachable!() };
    let RetrieverExplanation::Dense(dense) = &told.dense else { unreachable!() };
    assert_eq!(feature("fused").to_bits(), told.score.to_bits());
    assert_eq!(feature("dense").to_bits(), dense.score.to_bits());
    assert_eq!(feature("passage_cosine").to_bits(), dense.passage_cosine.to_bits());
    let gain = dense.variant_cosine.map_or(0.0, |v| v - dense.passage_cosine);
    assert_eq!(feature("variant_gain").to_bits(), gain.to_bits());
    if lexical.attainable_maximum > 0.0 {
        let share = lexical.score / lexical.attainable_maximum;
        assert_eq!(feature("lexical_share").to_bits(), share.to_bits());
    }
    let terms: f64 = lexical.terms.iter().fold(0.0, |sum, t| sum + f64::from(t.count));
    assert_eq!(feature("log_terms").to_bits(), (1.0 + terms).ln().to_bits());
    let unseen = lexical.terms.iter().filter(|t| t.document_frequency == 0);
    let unseen: f64 = unseen.fold(0.0, |sum, t| sum + f64::from(t.count));
    if terms > 0.0 {
        assert_eq!(feature("unseen_share").to_bits(), (unseen / terms).to_bits());
    }
    let verdict = reply.verdict.unwrap();
    let confidence = probability(&artifact.correct, evidence.values());
    let in_scope = probability(&artifact.in_scope, evidence.values());
    assert_eq!(verdict.confidence.get().to_bits(), confidence.to_bits());
    assert_eq!(verdict.in_scope.to_bits(), in_scope.to_bits());
    let answers = confidence >= artifact.threshold;
    if reply.response.decision() == "answer" {
        assert!(answers, "answered below the threshold");
    }
    true
}

#[test]
fn stored_vectors_are_those_of_the_texts() {
    let place = Place::sample();
    let engine = place.engine();
    let snapshot = engine.snapshot();
    let vectors = snapshot.vectors().matrix();
    let mut texts: Vec<String> = snapshot
        .passages()
        .map(|p| passage_text(snapshot.document(&p.id.document).unwrap(), p))
        .collect();
    let retrieved = snapshot.documents().filter(|d| d.kind.is_retrieved());
    texts.extend(retrieved.flat_map(|d| d.questions.iter().cloned()));
    assert_eq!(vectors.rows(), texts.len());
    for (row, text) in texts.iter().enumerate() {
        assert_eq!(vectors.row(row).unwrap().components(), quantised(text), "{text}");
    }
}

#[test]
fn every_number_recomputes_on_the_sample() {
    let place = Place::sample();
    let engine = place.engine();
    let counts = Counts::of(&engine);
    let texts = [
        "does an ear check hurt?",
        "what happens at the tooth check",
        "do I need to bring my letter and my letter and hearing aids",
        "hearing check hearing check",
        "can i drink cofee before the tooth chek",
        "parkin",
        "who won the football",
        "tones tones tones",
        "how often",
        "the",
    ];
    let mut ranked = 0;
    for text in texts {
        for (nation, locality) in [(None, None), (Some(Nation::Wales), Some("millbrook"))] {
            let locality = locality.map(|l: &str| l.parse().unwrap());
            let query = Query { nation, locality, ..Query::new(text, TODAY) };
            ranked += usize::from(check_reply(&engine, &counts, &sharp(), &query));
        }
    }
    assert!(ranked >= 18, "{ranked} queries ranked anything");
}

#[test]
fn every_number_recomputes_on_the_shipped_corpus() {
    let engine = shipped();
    let counts = Counts::of(engine);
    let artifact = Artifact::parse(SHIPPED_CALIBRATOR).unwrap();
    let texts = [
        "does a mammogram hurt",
        "how long do results take for breast screening",
        "whats the poo test for",
        "do i still need a smaer after hysterectomy",
        "deoderant before mammogram",
        "can i drive after eye drops",
        "triple a scan for men over 65",
        "who won the cup final last night",
        "is the lung check in my area and is the lung check free",
    ];
    let ranked = texts
        .iter()
        .filter(|text| check_reply(engine, &counts, &artifact, &Query::new(**text, SHIPPED_TODAY)));
    assert!(ranked.count() >= 8);
}

#[test]
fn search_explain_and_ask_tell_one_score() {
    let place = Place::sample();
    let engine = place.engine();
    let counts = Counts::of(&engine);
    for text in ["does an ear check hurt?", "results by post", "brushing"] {
        let found = engine.search(text, 100).unwrap();
        assert!(found.len() >= 10);
        for hit in &found {
            let told = engine.explain(text, &hit.passage).unwrap();
            counts.check(text, &told);
            assert_eq!(told.score.to_bits(), hit.score.get().to_bits(), "{}", hit.passage);
        }
        for pair in found.windows(2) {
            let key = |n: usize| -> (DocumentId, u32) {
                (pair[n].passage.document.clone(), pair[n].passage.ordinal)
            };
            let tie = key(0).0 > key(1).0 || (key(0).0 == key(1).0 && key(0).1 < key(1).1);
            let falls = pair[0].score > pair[1].score || (pair[0].score == pair[1].score && tie);
            assert!(falls, "{} before {}", pair[0].passage, pair[1].passage);
        }
        let reply = engine.reply(&Query::new(text, TODAY)).unwrap();
        let asked = reply.explanation.unwrap();
        let searched = found.iter().find(|f| f.passage.to_string() == asked.passage).unwrap();
        assert_eq!(asked.fusion.score.to_bits(), searched.score.get().to_bits());
    }
    let unknown = guidepost::ids::PassageId::new("nowhere".parse().unwrap(), 0);
    assert!(engine.explain("ear", &unknown).is_err());
}

#[test]
fn a_ranking_does_not_depend_on_its_depth() {
    let place = Place::sample();
    let engine = place.engine();
    for text in ["ear check", "does it hurt", "letter", "zzz"] {
        let whole = engine.rank_documents(text, 1000).unwrap();
        for depth in [1, 2, 5, 13] {
            let head = engine.rank_documents(text, depth).unwrap();
            assert_eq!(head.len(), depth.min(whole.len()), "{text} at {depth}");
            let agree = head.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            assert!(agree >= 1, "{text}: the best document differs at depth {depth}");
            if depth >= 13 {
                assert_eq!(head, whole[..head.len()]);
            }
        }
        let mut documents: Vec<_> = whole.iter().map(|r| r.document.clone()).collect();
        documents.sort();
        documents.dedup();
        assert_eq!(documents.len(), whole.len(), "a document stands twice");
    }
}
