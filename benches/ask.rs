//! How long does one message take on the shipped corpus?
//!
//! Before anything is timed, a dozen questions must get the documents that answer them; a fast
//! wrong answer is not worth a number, so a failed check ends the run.
//!
//! Measured, warm, one message at a time, in this process: a whole `ask` (rules, redaction, both
//! retrievers, fusion, evidence, confidence, extraction, last check), an urgent message, `search`,
//! each retriever alone to depth 100 (the dense one with the embedding of the query, which is most
//! of it), the embedding alone, and safety and routes on a message that neither takes.
//!
//! Not measured: starting the program and opening the index (both happen before the first
//! sample), building, disk reads of a cold index, several clients at once, JSON, a larger corpus.
//! Criterion reports a mean per batch, not the tail: percentiles are `guidepost ask --batch`'s
//! business, whose `--timings` keep every sample. Samples go through the questions in turn, so a
//! time is that of the list, not of its easiest member.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::Criterion;
use guidepost::answer::Response;
use guidepost::dialogue::safety::SafetyRules;
use guidepost::embed::{Embedder, Encoder, default_model};
use guidepost::engine::{ASK_DEPTH, Engine};
use guidepost::ids::Programme;
use guidepost::index::build::{BuildOptions, Quiet, Sources, build};
use guidepost::index::settings::Settings;
use guidepost::index::store::Store;
use guidepost::query::Query;
use guidepost::retrieve::Retriever;
use guidepost::retrieve::dense::Dense;
use guidepost::retrieve::lexical::Lexical;
use jiff::civil::{Date, date};

/// Programme of the channel, message, and the document that answers it.
const QUESTIONS: [(&str, &str, &str); 12] = [
    ("breast", "Does a mammogram hurt?", "breast-does-it-hurt"),
    ("breast", "how long do results take", "breast-when-results"),
    ("breast", "how much radiation do i get", "breast-radiation"),
    ("breast", "Can someone come with me", "breast-bringing-someone"),
    ("breast", "will a woman do my mammogram", "breast-female-staff"),
    ("bowel", "How do I do the bowel test at home?", "bowel-how-to-do-the-test"),
    ("bowel", "how long do results take", "bowel-when-results-come"),
    ("cervical", "What does the smear test look for?", "cervical-what-the-test-looks-for"),
    ("cervical", "hpv found but no cell changes", "cervical-hpv-found-no-cell-changes"),
    ("diabetic-eye", "Can I drive home after eye screening?", "diabetic-eye-driving"),
    ("aaa", "what happens at the AAA scan", "aaa-the-scan"),
    ("antenatal", "when is the heel prick test done", "antenatal-blood-spot-when"),
];
/// A message that must never reach retrieval.
const URGENT: &str = "hi, sorry to bother you, i found a lump in my left breast last night";
/// A message of the usual length that no rule takes, so that every rule is tried on it.
const ORDINARY: &str = "Hello, I have a letter for next Tuesday but I am at work that day, can I \
                        come on another day and is there anywhere to park?";
/// A day on which every approval of the shipped corpus holds.
const DAY: Date = date(2026, 12, 1);

/// Everything timed, ready and checked.
struct Bench {
    engine: Engine,
    encoder: Arc<Encoder>,
    lexical: Lexical,
    dense: Dense,
    rules: SafetyRules,
    queries: Vec<Query>,
}

impl Bench {
    fn open(index: &Path) -> Result<Bench, Box<dyn Error>> {
        let store = Store::new(index);
        let encoder = Arc::new(default_model()?);
        let embedder: Arc<dyn Embedder> = Arc::clone(&encoder) as Arc<dyn Embedder>;
        let sources = Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"))?;
        let settings = Settings::default();
        let count = |text: &str| encoder.count_tokens(text).unwrap_or(usize::MAX);
        build(&store, &sources, &embedder, &count, &settings, BuildOptions::default(), &Quiet)?;
        let engine = Engine::builder(index).embedder(Arc::clone(&embedder)).open()?;
        let snapshot = engine.snapshot();
        Ok(Bench {
            lexical: Lexical::new(
                Arc::clone(snapshot.postings()),
                Arc::clone(snapshot.analyzer()),
                settings.lexical,
            ),
            dense: Dense::new(embedder, Arc::clone(snapshot.vectors()), settings.dense),
            rules: SafetyRules::from_sources(snapshot.rules().to_vec())?,
            queries: queries()?,
            engine,
            encoder,
        })
    }

    /// What must hold before a time means anything.
    fn check(&self) -> Result<(), Box<dyn Error>> {
        for (query, (_, _, wanted)) in self.queries.iter().zip(QUESTIONS) {
            match self.engine.ask(query)? {
                Response::Answer(answer) if answer.citations[0].document.as_str() == wanted => {}
                other => {
                    return Err(
                        format!("`{}`: {wanted} expected, got {other:?}", query.text).into()
                    );
                }
            }
            let found = self.engine.search(&query.text, ASK_DEPTH)?;
            if found.is_empty() {
                return Err(format!("`{}`: nothing found", query.text).into());
            }
        }
        if self.engine.ask(&Query::new(URGENT, DAY))?.decision() != "urgent" {
            return Err(format!("`{URGENT}` is not urgent").into());
        }
        if self.rules.assess(ORDINARY).is_some() || self.rules.route(ORDINARY).is_some() {
            return Err(format!("a rule takes `{ORDINARY}`").into());
        }
        Ok(())
    }
}

fn queries() -> Result<Vec<Query>, Box<dyn Error>> {
    let scoped = |(programme, text, _): (&str, &str, &str)| {
        Ok(Query { programmes: vec![Programme::new(programme)?], ..Query::new(text, DAY) })
    };
    QUESTIONS.into_iter().map(scoped).collect()
}

fn time(criterion: &mut Criterion, bench: &Bench) {
    let mut turn = bench.queries.iter().cycle();
    let mut next = || turn.next().unwrap_or(&bench.queries[0]);
    let urgent = Query::new(URGENT, DAY);
    criterion.bench_function("ask/whole", |b| b.iter(|| bench.engine.ask(black_box(next()))));
    criterion.bench_function("ask/urgent", |b| b.iter(|| bench.engine.ask(black_box(&urgent))));
    criterion.bench_function("search/fused", |b| {
        b.iter(|| bench.engine.search(black_box(&next().text), ASK_DEPTH));
    });
    criterion.bench_function("retrieve/lexical", |b| {
        b.iter(|| bench.lexical.bind(black_box(&next().text)).map(|bound| bound.top(ASK_DEPTH)));
    });
    criterion.bench_function("retrieve/dense", |b| {
        b.iter(|| bench.dense.bind(black_box(&next().text)).map(|bound| bound.top(ASK_DEPTH)));
    });
    criterion.bench_function("embed/query", |b| {
        b.iter(|| bench.encoder.embed(&[black_box(next().text.as_str())]));
    });
    criterion.bench_function("rules/safety-and-routes", |b| {
        b.iter(|| {
            (bench.rules.assess(black_box(ORDINARY)), bench.rules.route(black_box(ORDINARY)))
        });
    });
}

#[expect(clippy::print_stderr, reason = "a time says little without the path that gave it")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::open(folder.path())?;
    bench.check()?;
    eprintln!("{} questions checked; encoder on {}", QUESTIONS.len(), bench.encoder.cpu_path());
    let mut criterion = Criterion::default().configure_from_args();
    time(&mut criterion, &bench);
    criterion.final_summary();
    Ok(())
}
