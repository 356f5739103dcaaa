//! The corpora: the shipped one, scifact where it is at hand, and generated ones. Indices are kept
//! in the target folder and built again only when what goes into them has changed.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guidepost::calibrate::{Calibrator, Pool};
use guidepost::corpus::approve::{Grant, approve_all};
use guidepost::corpus::document::{Cut, Role};
use guidepost::corpus::import::{ImportOptions, SourceKind, import};
use guidepost::embed::matrix::{QuantisedVector, quantise_row};
use guidepost::embed::{Embedder, Encoder};
use guidepost::engine::{Engine, shipped_calibrator};
use guidepost::eval::topic::read_topics;
use guidepost::ids::{Fingerprint, Nation, Programme};
use guidepost::index::build::{BuildOptions, Quiet, Sources, build};
use guidepost::index::settings::Settings;
use guidepost::index::store::Store;
use guidepost::query::Query;
use guidepost::retrieve::dense::Dense;
use guidepost::retrieve::lexical::Lexical;
use jiff::civil::{Date, date};

use crate::generate::{self, Shape};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A day on which every approval holds.
pub(crate) const DAY: Date = date(2026, 12, 1);
/// Candidates of each retriever.
pub(crate) const DEPTH: usize = guidepost::engine::ASK_DEPTH;
/// 20,000 passages of about 16 words: embedding them takes two minutes, once.
pub(crate) const LARGE: Shape =
    Shape { documents: 2_000, passages: 10, words: 16, seed: 20_261_201 };
const GENERATED_QUERIES: usize = 200;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where indices are kept.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("benches").join(name)
}

/// Everything timed on one corpus, ready.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) lexical: Lexical,
    /// The same without synonyms and corrections.
    pub(crate) plain: Lexical,
    pub(crate) scan: Dense,
    pub(crate) queries: Vec<(String, Query)>,
    /// Of each query, so that a scan is timed without the embedding before it.
    pub(crate) rows: Vec<Vec<f32>>,
    pub(crate) vectors: Vec<QuantisedVector>,
    pub(crate) calibrator: Calibrator,
    pub(crate) pools: Vec<Pool>,
    /// What results depend on.
    pub(crate) fingerprint: Fingerprint,
}

impl Corpus {
    /// The shipped corpus with the messages of the `dev` set.
    pub(crate) fn shipped(encoder: &Arc<Encoder>) -> Outcome<Corpus> {
        let topics = read_topics(&root().join("eval/topics/screening-dev.jsonl"))?;
        let queries = topics
            .iter()
            .map(|topic| (topic.id.to_string(), guidepost::eval::fit::query_of(topic, DAY)));
        Corpus::open("shipped", &root().join("corpus"), distinct(queries), encoder)
    }

    /// scifact's test queries, one passage a document; `None` where the data sets are not at hand.
    pub(crate) fn scifact(encoder: &Arc<Encoder>) -> Outcome<Option<Corpus>> {
        let Some(data) = std::env::var_os("GUIDEPOST_DATA") else { return Ok(None) };
        let set = Path::new(&data).join("beir/scifact");
        if !set.is_dir() {
            return Ok(None);
        }
        let folder = kept("scifact-corpus");
        if !folder.is_dir() {
            let options = ImportOptions {
                programme: Programme::new(Programme::ALL)?,
                nations: vec![Nation::England],
                cut: Cut::Whole,
                source: None,
                licence: None,
                allowed_paths: Vec::new(),
            };
            // Approved before it gets its name, so that a run cut off leaves nothing half done.
            let aside = kept("scifact-aside");
            let _ = fs_err::remove_dir_all(&aside);
            import(SourceKind::Jsonl, &set.join("corpus.jsonl"), &aside, &options)?;
            let grant = Grant {
                by: "Bench".to_owned(),
                role: Role::Research,
                on: date(2026, 11, 1),
                review_due: date(2027, 11, 1),
            };
            approve_all(&aside, &grant)?;
            fs_err::rename(&aside, &folder)?;
        }
        let judged = guidepost::eval::trec::Qrels::read(&set.join("qrels/test.tsv"))?;
        let topics = guidepost::eval::beir::read_queries(&set.join("queries.jsonl"))?;
        let queries = topics.iter().filter(|topic| judged.of(topic.id.as_str()).is_some());
        let queries =
            queries.map(|topic| (topic.id.to_string(), Query::new(topic.text.as_str(), DAY)));
        Ok(Some(Corpus::open("scifact", &folder, distinct(queries), encoder)?))
    }

    /// A generated corpus.
    pub(crate) fn generated(name: &str, shape: Shape, encoder: &Arc<Encoder>) -> Outcome<Corpus> {
        let files: Vec<(String, String)> = (0..)
            .zip(generate::passages(shape))
            .map(|(number, passages)| {
                let id = format!("g{number:05}");
                (format!("{id}.md"), generate::file(&id, &passages))
            })
            .collect();
        let parts = files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
        let hash = Fingerprint::of_parts(parts).to_string();
        let folder = kept(&format!("{name}-{}", &hash[..16]));
        if !folder.is_dir() {
            let aside = kept(&format!("{name}-aside"));
            let _ = fs_err::remove_dir_all(&aside);
            fs_err::create_dir_all(&aside)?;
            for (name, text) in &files {
                fs_err::write(aside.join(name), text)?;
            }
            fs_err::rename(&aside, &folder)?;
        }
        let queries = (0..).zip(generate::queries(shape, GENERATED_QUERIES));
        let queries =
            queries.map(|(number, text)| (format!("q{number:03}"), Query::new(text, DAY)));
        Corpus::open(name, &folder, queries.collect(), encoder)
    }

    fn open(
        name: &str,
        folder: &Path,
        queries: Vec<(String, Query)>,
        encoder: &Arc<Encoder>,
    ) -> Outcome<Corpus> {
        let embedder: Arc<dyn Embedder> = Arc::clone(encoder) as Arc<dyn Embedder>;
        let index = kept(&format!("{name}-index"));
        let sources = Sources::read(folder)?;
        let settings = Settings::default();
        let count = |text: &str| encoder.count_tokens(text).unwrap_or(usize::MAX);
        let store = Store::new(&index);
        let options = BuildOptions::default();
        say(&format!("{name}: indexing, unless it was before"));
        build(&store, &sources, &embedder, &count, &settings, options, &Quiet)?;
        let artifact = shipped_calibrator()?;
        let engine = Engine::builder(&index)
            .embedder(Arc::clone(&embedder))
            .calibrator(artifact.clone())
            .open()?;
        let snapshot = engine.snapshot();
        let lexical = |settings| {
            Lexical::new(Arc::clone(snapshot.postings()), Arc::clone(snapshot.analyzer()), settings)
        };
        let mut plain = settings.lexical.clone();
        (plain.synonyms, plain.typos) = (false, false);
        let texts: Vec<&str> = queries.iter().map(|(_, query)| query.text.as_str()).collect();
        let vectors = embedder.embed(&texts)?;
        let rows: Vec<Vec<f32>> = vectors.rows().into_iter().map(|row| row.to_vec()).collect();
        let mut pools = Vec::new();
        for (_, query) in &queries {
            pools.extend(engine.reply(query)?.pool);
        }
        let inputs = &snapshot.manifest().inputs;
        let parts = [inputs.documents, inputs.rules].map(|hash| hash.to_string());
        let asked = queries.iter().flat_map(|(id, query)| [id.as_str(), query.text.as_str()]);
        let parts = parts.iter().map(String::as_str).chain(asked).map(str::as_bytes);
        Ok(Corpus {
            name: name.to_owned(),
            lexical: lexical(settings.lexical),
            plain: lexical(plain),
            scan: Dense::new(embedder, Arc::clone(snapshot.vectors()), settings.dense),
            vectors: rows.iter().map(|row| quantise_row(row)).collect::<Result<_, _>>()?,
            rows,
            calibrator: Calibrator::new(artifact, &engine.binding())?,
            pools,
            fingerprint: Fingerprint::of_parts(parts),
            engine,
            queries,
        })
    }
}

/// Queries of which no two have the same text.
fn distinct(queries: impl Iterator<Item = (String, Query)>) -> Vec<(String, Query)> {
    let mut seen = std::collections::BTreeSet::new();
    queries.filter(|(_, query)| seen.insert(query.text.clone())).collect()
}

/// Says something beside the results.
#[expect(clippy::print_stderr, reason = "a bench talks to whoever runs it")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
