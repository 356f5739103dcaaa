//! How long does Guidepost take where a peer takes the same text to the same list of documents?
//!
//! A worker for `run.py`, which keeps one process a system and asks them in turn. `prepare` builds
//! an index over a `corpus.jsonl`; `serve` opens it and answers JSON lines: a text comes in, the ten
//! best documents go out with the nanoseconds from the one to the other, taken by [`Instant`] in
//! this process, so that neither pipe nor JSON counts. Queries are answered one at a time, in one
//! thread, and nothing is remembered between them.
//!
//! Measured: the lexical retriever, tantivy's own collector, the embedding, the
//! dense retriever, the fused ranking, the whole `ask`; of all of them, how much was embedding. Not
//! measured: opening, building, reading a cold disk.

use std::cell::RefCell;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use guidepost::corpus::approve::{Grant, approve_all};
use guidepost::corpus::document::{Cut, Role};
use guidepost::corpus::import::{ImportOptions, SourceKind, import};
use guidepost::embed::{
    Begun, EmbedError, Embedder, Encoder, LoadError, Matrix, ModelBytes, TokensBegun, default_model,
};
use guidepost::engine::Engine;
use guidepost::ids::{Fingerprint, Nation, Programme};
use guidepost::index::build::{BuildOptions, Quiet, Sources, build};
use guidepost::index::settings::Settings;
use guidepost::index::snapshot::Snapshot;
use guidepost::index::store::Store;
use guidepost::query::Query;
use guidepost::retrieve::dense::Dense;
use guidepost::retrieve::lexical::Lexical;
use guidepost::retrieve::{Ranking, Retriever};
use guidepost::text::analyse::{Analyzer, STOP_WORDS};
use jiff::civil::{Date, date};
use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{
    LowerCaser, PreTokenizedString, SimpleTokenizer, StopWordFilter, TextAnalyzer, Token,
    TokenStream as _,
};
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, Term};

/// Documents of an answer.
const DEPTH: usize = 10;
/// A day on which every approval given here holds.
const DAY: Date = date(2026, 12, 1);
/// Memory that tantivy may fill before it starts a second segment; no corpus here does.
const WRITER_BYTES: usize = 256 << 20;

const USAGE: &str = "a worker for benches/peers/run.py:
  prepare CORPUS.jsonl INDEX (model | words)   builds an index; `words` has no vectors
  serve SYSTEM INDEX [SETTINGS.toml]           answers JSON lines
systems: lexical, tantivy, tantivy-same-words, embed, dense, search, ask, ask-rules-alone";

type Failure = Box<dyn Error>;

#[expect(clippy::print_stderr, reason = "cargo runs every bench; this one must be told what to do")]
fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["prepare", corpus, index, "model"] => {
            prepare(Path::new(corpus), Path::new(index), &embedder()?)
        }
        ["prepare", corpus, index, "words"] => {
            let none: Arc<dyn Embedder> = Arc::new(NoVectors);
            prepare(Path::new(corpus), Path::new(index), &none)
        }
        ["serve", system, index] => serve(system, Path::new(index), &Settings::default()),
        ["serve", system, index, settings] => {
            serve(system, Path::new(index), &Settings::parse(&fs_err::read_to_string(settings)?)?)
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(())
        }
    }
}

fn embedder() -> Result<Arc<dyn Embedder>, LoadError> {
    Ok(Arc::new(default_model()?))
}

/// Imports, approves and builds, as `corpus import`, `corpus approve` and `index build` do.
fn prepare(corpus: &Path, index: &Path, embedder: &Arc<dyn Embedder>) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let documents = folder.path().join("corpus");
    let options = ImportOptions {
        cut: Cut::Whole,
        programme: Programme::all(),
        nations: Nation::ALL.to_vec(),
        source: None,
        licence: None,
        allowed_paths: Vec::new(),
    };
    import(SourceKind::Jsonl, corpus, &documents, &options)?;
    let review_due = DAY.saturating_add(jiff::Span::new().years(1));
    let by = "Peers".to_owned();
    approve_all(&documents, &Grant { by, role: Role::Research, on: DAY, review_due })?;
    let sources = Sources::read(&documents)?;
    let whole = |_: &str| 0;
    let options = BuildOptions::default();
    build(&Store::new(index), &sources, embedder, &whole, &Settings::default(), options, &Quiet)?;
    Ok(())
}

#[derive(Deserialize)]
struct Asked {
    text: String,
    /// Whether a system whose answer is no list of documents shall rank them too, untimed.
    #[serde(default)]
    documents: bool,
}

#[derive(Serialize)]
struct Answered<'a> {
    documents: Vec<&'a str>,
    total_ns: u64,
    embed_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
}

/// What a system is and what it was told to be, for the record.
#[derive(Serialize)]
struct About<'a> {
    ready: &'a str,
    version: &'a str,
    kernel: String,
    settings: &'a Settings,
}

fn serve(system: &str, index: &Path, settings: &Settings) -> Result<(), Failure> {
    let clock = Arc::new(AtomicU64::new(0));
    let encoder = default_model()?;
    let kernel = encoder.cpu_path().to_string();
    let server = Server::open(system, index, settings, encoder, &clock)?;
    let version = env!("CARGO_PKG_VERSION");
    say(&About { ready: system, version, kernel, settings })?;
    for line in stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        clock.store(0, Ordering::Relaxed);
        let start = Instant::now();
        let outcome = server.answer(&asked.text)?;
        let total_ns = nanoseconds(start);
        let embed_ns = clock.load(Ordering::Relaxed);
        let (documents, decision) = match outcome {
            Outcome::Documents(documents) => (documents, None),
            Outcome::Decision(decision) if asked.documents => {
                (server.documents(&asked.text)?, Some(decision))
            }
            Outcome::Decision(decision) => (Vec::new(), Some(decision)),
        };
        let documents = documents.iter().map(String::as_str).collect();
        say(&Answered { documents, total_ns, embed_ns, decision })?;
    }
    Ok(())
}

fn say(line: &impl Serialize) -> Result<(), Failure> {
    let mut out = stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

enum Outcome {
    Documents(Vec<String>),
    Decision(String),
}

/// One of the systems, ready.
enum Server {
    Retriever(Box<dyn Retriever>, Arc<Snapshot>),
    Tantivy(Collector),
    Embedding(Arc<dyn Embedder>),
    Search(Engine),
    Ask(Engine),
}

impl Server {
    fn open(
        system: &str,
        index: &Path,
        settings: &Settings,
        encoder: Encoder,
        clock: &Arc<AtomicU64>,
    ) -> Result<Server, Failure> {
        let timed: Arc<dyn Embedder> =
            Arc::new(Timed { inner: Arc::new(encoder), nanoseconds: Arc::clone(clock) });
        let snapshot = || Store::new(index).open_current().map(Arc::new);
        let engine =
            || Engine::builder(index).embedder(Arc::clone(&timed)).settings(settings.clone());
        Ok(match system {
            "lexical" => {
                let snapshot = snapshot()?;
                let (postings, analyzer) = (snapshot.postings(), snapshot.analyzer());
                let settings = settings.lexical.clone();
                let lexical = Lexical::new(Arc::clone(postings), Arc::clone(analyzer), settings);
                Server::Retriever(Box::new(lexical), snapshot)
            }
            "dense" => {
                let snapshot = snapshot()?;
                let vectors = Arc::clone(snapshot.vectors());
                let dense = Dense::new(timed, vectors, settings.dense.clone());
                Server::Retriever(Box::new(dense), snapshot)
            }
            "tantivy" => Server::Tantivy(Collector::over(snapshot()?.as_ref(), Words::theirs())?),
            "tantivy-same-words" => {
                let snapshot = snapshot()?;
                let words = Words::Ours(Arc::clone(snapshot.analyzer()));
                Server::Tantivy(Collector::over(&snapshot, words)?)
            }
            "embed" => Server::Embedding(timed),
            "search" => Server::Search(engine().open()?),
            "ask" => Server::Ask(engine().open()?),
            "ask-rules-alone" => Server::Ask(engine().rules_alone().open()?),
            other => return Err(format!("`{other}` is no system here\n{USAGE}").into()),
        })
    }

    fn answer(&self, text: &str) -> Result<Outcome, Failure> {
        Ok(Outcome::Documents(match self {
            Server::Ask(engine) => {
                let reply = engine.reply(&Query::new(text, DAY))?;
                return Ok(Outcome::Decision(reply.response.decision().to_owned()));
            }
            Server::Retriever(retriever, snapshot) => {
                named(&retriever.bind(text)?.top(DEPTH), snapshot)
            }
            Server::Tantivy(collector) => collector.top(text)?,
            Server::Embedding(embedder) => {
                std::hint::black_box(embedder.embed(&[text])?);
                Vec::new()
            }
            Server::Search(_) => self.documents(text)?,
        }))
    }

    fn documents(&self, text: &str) -> Result<Vec<String>, Failure> {
        let (Server::Search(engine) | Server::Ask(engine)) = self else {
            return Ok(Vec::new());
        };
        let ranked = engine.rank_documents(text, DEPTH)?;
        Ok(ranked.iter().map(|found| found.document.to_string()).collect())
    }
}

/// The documents of a ranking of whole documents.
fn named(ranking: &Ranking, snapshot: &Snapshot) -> Vec<String> {
    let documents = ranking.hits().iter().filter_map(|hit| snapshot.document_of(hit.row));
    documents.map(|document| document.id.to_string()).collect()
}

/// Who cuts texts into words for tantivy.
enum Words {
    /// tantivy's simple tokenizer, the same stop words, Snowball stems.
    Theirs(RefCell<TextAnalyzer>, Stemmer),
    /// Guidepost's analyzer, so that both rank the same words.
    Ours(Arc<Analyzer>),
}

impl Words {
    fn theirs() -> Words {
        let stop_words = StopWordFilter::remove(STOP_WORDS.map(str::to_owned));
        let words = TextAnalyzer::builder(SimpleTokenizer::default());
        let analyzer = words.filter(LowerCaser).filter(stop_words).build();
        Words::Theirs(RefCell::new(analyzer), Stemmer::create(Algorithm::English))
    }

    fn of(&self, text: &str) -> Vec<String> {
        match self {
            Words::Ours(analyzer) => {
                analyzer.analyse(text).terms.into_iter().map(|term| term.text).collect()
            }
            Words::Theirs(analyzer, stemmer) => {
                let mut words = Vec::new();
                let mut stem = |token: &Token| words.push(stemmer.stem(&token.text).into_owned());
                analyzer.borrow_mut().token_stream(text).process(&mut stem);
                words
            }
        }
    }
}

/// tantivy as it is used by itself: its field norms, its BM25 (k1 1.2, b .75), its collector, over
/// one field that holds title and text.
struct Collector {
    searcher: Searcher,
    field: Field,
    words: Words,
    names: Vec<String>,
}

impl Collector {
    fn over(snapshot: &Snapshot, words: Words) -> Result<Collector, Failure> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqs);
        let options = TextOptions::default().set_indexing_options(indexing);
        let field = schema.add_text_field("text", options);
        let index = Index::create_in_ram(schema.build());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_BYTES)?;
        let mut names = Vec::new();
        // One thread writes one segment, in this order: its document numbers are our places.
        for document in snapshot.documents() {
            let mut entry = TantivyDocument::new();
            let text = document.slice(&document.body);
            entry.add_pre_tokenized_text(field, tokens(words.of(text)));
            writer.add_document(entry)?;
            names.push(document.id.to_string());
        }
        writer.commit()?;
        let searcher = index.reader()?.searcher();
        if searcher.segment_readers().len() != 1 {
            return Err("tantivy wrote more than one segment".into());
        }
        Ok(Collector { searcher, field, words, names })
    }

    fn top(&self, text: &str) -> Result<Vec<String>, Failure> {
        let clause = |word: String| {
            let term = Term::from_field_text(self.field, &word);
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(query) as Box<dyn tantivy::query::Query>)
        };
        let clauses = self.words.of(text).into_iter().map(clause).collect();
        let collector = TopDocs::with_limit(DEPTH).order_by_score();
        let found = self.searcher.search(&BooleanQuery::new(clauses), &collector)?;
        Ok(found.iter().map(|(_, at)| self.names[at.doc_id as usize].clone()).collect())
    }
}

fn tokens(words: Vec<String>) -> PreTokenizedString {
    let token = |(position, text)| Token { position, text, ..Token::default() };
    let tokens = words.into_iter().enumerate().map(token).collect();
    PreTokenizedString { text: String::new(), tokens }
}

/// An embedder that adds up how long it takes.
struct Timed {
    inner: Arc<dyn Embedder>,
    nanoseconds: Arc<AtomicU64>,
}

impl Timed {
    fn time<T>(&self, work: impl FnOnce(&dyn Embedder) -> T) -> T {
        let start = Instant::now();
        let made = work(self.inner.as_ref());
        self.nanoseconds.fetch_add(nanoseconds(start), Ordering::Relaxed);
        made
    }
}

impl Embedder for Timed {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }
    fn fingerprint(&self) -> Fingerprint {
        self.inner.fingerprint()
    }
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        self.time(|inner| inner.embed(texts))
    }
    fn embed_tokens(&self, text: &str) -> Result<Option<Matrix>, EmbedError> {
        self.time(|inner| inner.embed_tokens(text))
    }
    fn embed_tokens_begun(&self, text: &str) -> Result<Option<TokensBegun>, EmbedError> {
        self.time(|inner| inner.embed_tokens_begun(text))
    }
    fn finish(&self, text: &str, begun: &Begun) -> Result<Option<Vec<f32>>, EmbedError> {
        self.time(|inner| inner.finish(text, begun))
    }
    fn with_tail(&self, tail: ModelBytes) -> Result<Option<Arc<dyn Embedder>>, LoadError> {
        let nanoseconds = Arc::clone(&self.nanoseconds);
        let tailed = self.inner.with_tail(tail)?;
        Ok(tailed.map(|inner| Arc::new(Timed { inner, nanoseconds }) as Arc<dyn Embedder>))
    }
}

/// Stands in where an index of words alone is built.
struct NoVectors;

impl Embedder for NoVectors {
    fn name(&self) -> &'static str {
        "none"
    }
    fn dimension(&self) -> usize {
        1
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"no vectors")
    }
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        Ok(Matrix::ones((texts.len(), 1)))
    }
}
