//! Wall times by criterion. Queries are asked in turn, so a time is that of the list, not of its
//! easiest member.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use guidepost::corpus::split::split;
use guidepost::dialogue::safety::SafetyRules;
use guidepost::embed::{Embedder, Encoder};
use guidepost::eval::evaluate::evaluate;
use guidepost::eval::measure::Measure;
use guidepost::eval::trec::{Qrels, Run, Scored};
use guidepost::fuse::Fusion as _;
use guidepost::index::build::Sources;
use guidepost::query::Query;
use guidepost::retrieve::{Candidates, Retriever as _};
use rayon::prelude::*;

use crate::corpora::{Corpus, DAY, DEPTH, Outcome, root};

/// A message that must never reach retrieval.
pub(crate) const URGENT: &str =
    "hi, sorry to bother you, i found a lump in my left breast last night";
/// A message of the usual length that no rule takes, so that every rule is tried on it.
pub(crate) const ORDINARY: &str = "Hello, I have a letter for next Tuesday but I am at work that day, can \
                            I come on another day and is there anywhere to park?";
/// About 128 tokens.
pub(crate) const PASSAGE_WORDS: usize = 110;

/// The next of some things, round and round.
fn in_turn<'a, T>(items: &'a [T]) -> impl FnMut() -> &'a T {
    let mut turn = items.iter().cycle();
    move || turn.next().unwrap_or(&items[0])
}

/// From files to documents to passages to terms.
pub(crate) fn ingest(criterion: &mut Criterion, corpus: &Corpus, encoder: &Encoder) -> Outcome<()> {
    let folder = root().join("corpus");
    let sources = Sources::read(&folder)?;
    let documents = &sources.corpus().documents;
    let bytes: usize = documents.iter().map(|document| document.text.len()).sum();
    let count = |text: &str| encoder.count_tokens(text).unwrap_or(usize::MAX);
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(20);
    group.bench_function("read", |b| b.iter(|| Sources::read(black_box(&folder))));
    group.bench_function("split", |b| {
        b.iter(|| documents.iter().map(|d| split(black_box(d), &count).len()).sum::<usize>());
    });
    group.finish();
    let snapshot = corpus.engine.snapshot();
    let bodies: Vec<&str> = snapshot.passages().map(|p| p.body.as_str()).collect();
    let mut group = criterion.benchmark_group("analyse");
    group.throughput(Throughput::Bytes(bodies.iter().map(|b| b.len() as u64).sum()));
    group.bench_function("passages", |b| {
        b.iter(|| bodies.iter().map(|t| snapshot.analyzer().analyse(t).len()).sum::<u32>());
    });
    group.finish();
    let mut next = in_turn(&corpus.queries);
    criterion.bench_function("analyse/query", |b| {
        b.iter(|| snapshot.analyzer().analyse(black_box(&next().1.text)));
    });
    Ok(())
}

/// Tokens and vectors, on every path of the processor and at every precision at hand.
pub(crate) fn embed(
    criterion: &mut Criterion,
    encoders: &[(String, Encoder)],
    queries: &[(String, Query)],
) {
    let words: Vec<&str> = queries.iter().flat_map(|(_, q)| q.text.split(' ')).collect();
    let passage = words.iter().cycle().take(PASSAGE_WORDS).copied().collect::<Vec<_>>().join(" ");
    if let Some((_, encoder)) = encoders.first() {
        let mut next = in_turn(queries);
        criterion.bench_function("embed/tokens-alone", |b| {
            b.iter(|| encoder.count_tokens(black_box(&next().1.text)));
        });
    }
    for (name, encoder) in encoders {
        let mut next = in_turn(queries);
        criterion.bench_with_input(BenchmarkId::new("embed/query", name), encoder, |b, encoder| {
            b.iter(|| encoder.embed(&[black_box(next().1.text.as_str())]));
        });
        let mut group = criterion.benchmark_group("embed/passage");
        group.throughput(Throughput::Elements(1)).sample_size(20);
        group.bench_with_input(name, encoder, |b, encoder| {
            b.iter(|| encoder.embed(&[black_box(passage.as_str())]));
        });
        group.finish();
    }
}

/// Every stage of a query on one corpus.
pub(crate) fn query(criterion: &mut Criterion, corpus: &Corpus) -> Outcome<()> {
    let name = |stage: &str| format!("{}/{stage}", corpus.name);
    let vectors = corpus.engine.snapshot();
    let matrix = vectors.vectors().matrix();
    let mut cosines = Vec::new();
    let mut next_vector = in_turn(&corpus.vectors);
    let mut group = criterion.benchmark_group(corpus.name.as_str());
    // What a scan must read: one byte a number.
    group.throughput(Throughput::Bytes((matrix.rows() * matrix.dimension()) as u64));
    group.bench_function("cosines", |b| b.iter(|| matrix.cosines(next_vector(), &mut cosines)));
    group.finish();
    for (stage, retriever) in [("lexical", &corpus.lexical), ("lexical-plain", &corpus.plain)] {
        let mut next = in_turn(&corpus.queries);
        criterion.bench_function(&name(stage), |b| {
            b.iter(|| retriever.bind(black_box(&next().1.text)).map(|bound| bound.top(DEPTH)));
        });
    }
    let mut next = in_turn(&corpus.rows);
    criterion.bench_function(&name("dense-scan"), |b| {
        b.iter(|| corpus.scan.bind_vector(black_box(next())).map(|bound| bound.top(DEPTH)));
    });
    fuse(criterion, corpus)?;
    let mut next = in_turn(&corpus.pools);
    if !corpus.pools.is_empty() {
        criterion.bench_function(&name("calibrate"), |b| {
            b.iter(|| corpus.calibrator.judge(black_box(next())));
        });
    }
    let mut next = in_turn(&corpus.queries);
    criterion.bench_function(&name("search"), |b| {
        b.iter(|| corpus.engine.search(black_box(&next().1.text), DEPTH));
    });
    let mut next = in_turn(&corpus.queries);
    criterion
        .bench_function(&name("ask"), |b| b.iter(|| corpus.engine.reply(black_box(&next().1))));
    batch(criterion, corpus);
    Ok(())
}

fn fuse(criterion: &mut Criterion, corpus: &Corpus) -> Outcome<()> {
    let settings = corpus.engine.settings();
    let mut bound = Vec::new();
    for ((_, query), row) in corpus.queries.iter().zip(&corpus.rows).take(50) {
        bound.push((corpus.lexical.bind(&query.text)?, corpus.scan.bind_vector(row)?));
    }
    let mut next = in_turn(&bound);
    criterion.bench_function(&format!("{}/candidates", corpus.name), |b| {
        b.iter(|| {
            let (lexical, dense) = next();
            Candidates::gather(lexical.as_ref(), dense.as_ref(), black_box(DEPTH))
        });
    });
    let gathered: Vec<Candidates> =
        bound.iter().map(|(l, d)| Candidates::gather(l.as_ref(), d.as_ref(), DEPTH)).collect();
    let mut next = in_turn(&gathered);
    criterion.bench_function(&format!("{}/fuse", corpus.name), |b| {
        b.iter(|| settings.fusion.fuse(black_box(next())));
    });
    Ok(())
}

/// Ranked documents for all queries, one after the other and shared by all threads.
fn batch(criterion: &mut Criterion, corpus: &Corpus) {
    let rank = |(_, query): &(String, Query)| {
        corpus.engine.rank_documents(&query.text, DEPTH).map_or(0, |documents| documents.len())
    };
    let mut group = criterion.benchmark_group(format!("{}/run", corpus.name));
    group.throughput(Throughput::Elements(corpus.queries.len() as u64)).sample_size(10);
    group.bench_function("one-thread", |b| {
        b.iter(|| corpus.queries.iter().map(rank).sum::<usize>());
    });
    group.bench_function("all-threads", |b| {
        b.iter(|| corpus.queries.par_iter().map(rank).sum::<usize>());
    });
    group.finish();
}

/// What stands before retrieval.
pub(crate) fn rules(criterion: &mut Criterion, corpus: &Corpus) -> Outcome<()> {
    let rules = SafetyRules::from_sources(corpus.engine.snapshot().rules().to_vec())?;
    let urgent = Query::new(URGENT, DAY);
    if corpus.engine.ask(&urgent)?.decision() != "urgent" {
        return Err(format!("`{URGENT}` is not urgent").into());
    }
    if rules.assess(ORDINARY).is_some() || rules.route(ORDINARY).is_some() {
        return Err(format!("a rule takes `{ORDINARY}`").into());
    }
    criterion.bench_function("rules/safety-and-routes", |b| {
        b.iter(|| (rules.assess(black_box(ORDINARY)), rules.route(black_box(ORDINARY))));
    });
    criterion.bench_function("rules/urgent-reply", |b| {
        b.iter(|| corpus.engine.reply(black_box(&urgent)));
    });
    Ok(())
}

/// A run of 500 topics, 100 documents each, in which the single relevant one stands at a rank that
/// is known.
pub(crate) fn ranked() -> Outcome<(Qrels, Run)> {
    let (mut qrels, mut run) = (Qrels::new(), Run::new("bench"));
    for topic in 0..500_usize {
        let id = format!("t{topic:03}");
        qrels.insert(&id, &format!("d{:02}", topic % 10), 1);
        let hits = (0..100)
            .map(|rank| Scored { document: format!("d{rank:02}"), score: 100.0 - f64::from(rank) });
        run.push(&id, hits.collect())?;
    }
    Ok((qrels, run))
}

/// Measures of rankings.
pub(crate) fn measures() -> Outcome<Vec<Measure>> {
    ["nDCG@10", "RR@10", "AP@100", "R@100"].iter().map(|name| Ok(name.parse()?)).collect()
}

/// Measures, against what is known of [`ranked`]: the reciprocal ranks are 1, 1/2, ..., 1/10 in
/// equal shares.
pub(crate) fn check_measures() -> Outcome<()> {
    let (qrels, run) = ranked()?;
    let found = evaluate(&qrels, &run, &measures()?);
    let reciprocal = (1..=10).map(|rank| 1.0 / f64::from(rank)).sum::<f64>() / 10.0;
    for (measure, expected) in [(1, reciprocal), (2, reciprocal), (3, 1.0)] {
        if (found.mean(measure) - expected).abs() > 1e-12 {
            return Err(
                format!("measure {measure}: {expected} expected, {}", found.mean(measure)).into()
            );
        }
    }
    Ok(())
}

/// Scoring a run in memory.
pub(crate) fn measure(criterion: &mut Criterion) -> Outcome<()> {
    let ((qrels, run), measures) = (ranked()?, measures()?);
    criterion.bench_function("measures/four-of-500-topics", |b| {
        b.iter(|| evaluate(black_box(&qrels), &run, &measures));
    });
    Ok(())
}

/// Encoders of every precision and path at hand, the built-in one first.
pub(crate) fn encoders(models: &Path) -> Outcome<Vec<(String, Encoder)>> {
    use guidepost::embed::{CpuPath, LoadError, models};
    let mut encoders = Vec::new();
    for entry in models::list(models)? {
        for path in [CpuPath::Avx512Vnni, CpuPath::Scalar] {
            match Encoder::load_on(entry.files()?, path) {
                Ok(encoder) => encoders.push((format!("{}-{path}", entry.precision), encoder)),
                Err(LoadError::CpuPath { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(encoders)
}

/// The built-in encoder on the fastest path.
pub(crate) fn encoder() -> Outcome<Arc<Encoder>> {
    Ok(Arc::new(guidepost::embed::default_model()?))
}
