//! How fast is the model on every runtime of this machine, side by side?
//!
//! The work behind `guidepost models bench`. Every runtime is first compared with committed
//! reference vectors and not timed when it disagrees; int8 must give the same bits on every path.
//! Then rounds go over the runtimes in turn, so that a noisy minute meets all of them. Measured:
//! one text at a time on one thread, tokenising included, memory warm. Not measured: several
//! texts at once, cold caches. This module prints nothing and does not know the command line.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use fs_err as fs;
use schemars::JsonSchema;
use serde::Serialize;

use super::encoder::kernels::Kernels;
use super::encoder::{CpuPath, Encoder, LoadError};
use super::model::{self, Precision};
use super::models::{ModelEntry, ModelsError, list};
use super::{EmbedError, Embedder, Matrix, default_model};

/// 200 sentences, and what an independent forward pass in f64 makes of them with the published
/// f32 weights: little-endian f32, a row a sentence. Their provenance lies beside them.
const SENTENCES: &str = include_str!("../../models/all-MiniLM-L6-v2/parity/sentences.txt");
const REFERENCE: &[u8] = include_bytes!("../../models/all-MiniLM-L6-v2/parity/reference.f32");

/// Least cosine to the reference of a runtime that computes in f32.
const LEAST_F32: f64 = 0.9999;

/// Least cosine to the reference in int8; it reaches .9965.
const LEAST_INT8: f64 = 0.99;

/// Sentences of the reference that every int8 path embeds; the fastest embeds them all.
const SENTENCES_A_PATH: usize = 20;

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Guidepost's own encoder on a path of the processor.
    Encoder(CpuPath),
    /// libtorch by way of rust-bert.
    RustBert,
}

/// A model and what computes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Runtime {
    /// The model.
    pub entry: ModelEntry,
    /// What computes it.
    pub backend: Backend,
}

impl Runtime {
    /// A name that no other runtime of a list has.
    pub fn name(&self) -> String {
        let place = match &self.entry.place {
            super::models::Place::BuiltIn => String::new(),
            super::models::Place::Folder(folder) => format!(" from {}", folder.display()),
        };
        format!("{} {}{place}", self.entry.precision, self.computed_by())
    }

    /// What computes, as reports carry it.
    pub fn computed_by(&self) -> &'static str {
        match self.backend {
            Backend::Encoder(path) => path.as_str(),
            Backend::RustBert => "rust-bert",
        }
    }

    /// Reads, checks and loads the model.
    ///
    /// # Errors
    /// [`LoadError`] when its files are refused or the runtime is not compiled in.
    pub fn load(&self) -> Result<Arc<dyn Embedder>, LoadError> {
        let files = self.entry.files()?;
        Ok(match self.backend {
            Backend::Encoder(path) => Arc::new(Encoder::load_on(files, path)?),
            #[cfg(feature = "rust-bert")]
            Backend::RustBert => Arc::new(super::RustBertEmbedder::load(files)?),
            #[cfg(not(feature = "rust-bert"))]
            Backend::RustBert => return Err(LoadError::not_compiled_in()),
        })
    }

    /// Whether the reference vectors are this model's.
    fn has_reference(&self) -> Result<bool, LoadError> {
        Ok(self.entry.name == model::default_manifest()?.name)
    }
}

/// The runtimes of this machine and this build: int8 on every path of the processor, f32 on the
/// fastest one and, where it is compiled in, on rust-bert.
///
/// # Errors
/// [`ModelsError`] when the models folder cannot be read.
pub fn runtimes(models: &Path) -> Result<Vec<Runtime>, ModelsError> {
    let mut found = Vec::new();
    for entry in list(models)? {
        let backends = match entry.precision {
            Precision::Int8 => paths(),
            Precision::F32 if cfg!(feature = "rust-bert") => {
                vec![Backend::Encoder(fastest()), Backend::RustBert]
            }
            Precision::F32 => vec![Backend::Encoder(fastest())],
        };
        found.extend(backends.into_iter().map(|b| Runtime { entry: entry.clone(), backend: b }));
    }
    Ok(found)
}

/// Every path of this processor, the fastest first.
fn paths() -> Vec<Backend> {
    let mut paths: Vec<CpuPath> = CpuPath::ALL.into_iter().collect();
    paths.retain(|path| Kernels::on(*path).is_some());
    paths.reverse();
    paths.into_iter().map(Backend::Encoder).collect()
}

fn fastest() -> CpuPath {
    Kernels::detect().path()
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchSettings {
    /// Rounds over all runtimes; in each, every query is timed once.
    pub rounds: usize,
    /// Passages timed in a round.
    pub passages: usize,
}

impl Default for BenchSettings {
    /// 20 rounds give 500 timed queries, enough for a p99, and 40 passages.
    fn default() -> Self {
        Self { rounds: 20, passages: 2 }
    }
}

/// Milliseconds, by share of calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Percentiles {
    /// Half of the calls took no longer.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// Ninety-nine in a hundred.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Percentiles {
    /// Nearest rank: the smallest value that at least the share of all values does not exceed.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let percentile = |percent: usize| {
            let rank = (percent * values.len()).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or(f64::NAN)
        };
        let [p50, p90, p99, max] = [50, 90, 99, 100].map(percentile);
        Self { p50, p90, p99, max }
    }
}

/// Agreement with the published f32 weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Agreement {
    /// Texts compared.
    pub texts: usize,
    /// Least cosine.
    pub least: f64,
    /// Median cosine.
    pub median: f64,
}

/// What [`bench()`] measured of one runtime, on one thread.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BenchReport {
    /// The runtime: precision, what computes, and where the model is unless it is built in.
    pub runtime: String,
    /// The embedder's name.
    pub model: String,
    /// What computed: a path of the processor, or `rust-bert`.
    pub computed_by: &'static str,
    /// Milliseconds until the model is ready: its files read and hashed, its weights laid out.
    pub load_ms: f64,
    /// Bytes that a process grows by when it loads the model and embeds a query and a passage.
    pub resident_bytes: Option<u64>,
    /// Calls timed.
    pub queries: usize,
    /// Fewest and most tokens of a query, special ones included.
    pub query_tokens: (usize, usize),
    /// Time of one query, tokenising included.
    pub query_ms: Percentiles,
    /// Passages timed, one at a time.
    pub passages: usize,
    /// Tokens of the first passage, special ones included.
    pub passage_tokens: usize,
    /// Passages a second: one over the median time of one.
    pub passages_per_second: f64,
    /// Agreement with the published f32 weights; none for a model without reference vectors.
    pub agreement: Option<Agreement>,
}

/// Questions of 9 to 14 tokens, the length of real ones.
const QUERIES: [&str; 25] = [
    "does having a mammogram hurt a lot",
    "how long do i wait for the results",
    "can i change the date of my appointment",
    "is it safe to be screened while pregnant",
    "what age do they stop inviting women",
    "why was i called back for more tests",
    "can my husband come into the room with me",
    "i have breast implants can i still go",
    "how do i collect a sample with the kit",
    "my bowel kit never arrived in the post",
    "do i need a smear test after the vaccine",
    "where is the mobile screening unit this week",
    "can i drive home after the eye drops",
    "what does a positive result really mean for me",
    "will anyone else be told about my result",
    "is there parking for disabled people at the clinic",
    "i moved house and did not get a letter",
    "what happens if they find an aneurysm in me",
    "how much radiation is there in one picture",
    "can a man be invited for breast screening",
    "i take blood thinners does that change anything",
    "how do i stop getting these invitations please",
    "what is the difference between a scan and a test",
    "do i have to say why i am not coming",
    "how often will i be invited in england",
];

/// Words of a passage that make about 128 tokens of the questions above.
const PASSAGE_WORDS: usize = 120;

/// The tokens that begin and end every text.
const SPECIAL_TOKENS: usize = 2;

fn passages(count: usize) -> Vec<String> {
    let words: Vec<_> = QUERIES.iter().flat_map(|query| query.split(' ')).collect();
    let words = words.iter().cycle().copied();
    let passage = |first| words.clone().skip(first).take(PASSAGE_WORDS).collect::<Vec<_>>();
    (0..count).map(|first| passage(first).join(" ")).collect()
}

/// A runtime that is loaded, found right and timed.
struct Contender<'a> {
    runtime: &'a Runtime,
    embedder: Arc<dyn Embedder>,
    load_ms: f64,
    agreement: Option<Agreement>,
    query_ms: Vec<f64>,
    passage_ms: Vec<f64>,
}

/// Loads, verifies and times runtimes; one report each, in their order. `resident_bytes` is left
/// out: only a fresh process can tell ([`resident_growth`]).
///
/// # Errors
/// [`ModelsError::Disagrees`] when a runtime's vectors are not those expected, else as loading
/// and embedding fail.
pub fn bench(
    runtimes: &[Runtime],
    settings: BenchSettings,
) -> Result<Vec<BenchReport>, ModelsError> {
    let mut contenders =
        runtimes.iter().map(Contender::load).collect::<Result<Vec<_>, ModelsError>>()?;
    verify(&mut contenders)?;
    let passages = passages(settings.passages.max(1));
    // The first round warms up and is not counted.
    for round in 0..=settings.rounds.max(1) {
        for contender in &mut contenders {
            contender.round(&passages, round > 0)?;
        }
    }
    let tokens = Tokens::count(&passages)?;
    Ok(contenders.into_iter().map(|contender| contender.report(&tokens)).collect())
}

impl<'a> Contender<'a> {
    fn load(runtime: &'a Runtime) -> Result<Self, ModelsError> {
        let start = Instant::now();
        let embedder = runtime.load()?;
        let load_ms = milliseconds(start);
        let (query_ms, passage_ms) = (Vec::new(), Vec::new());
        Ok(Self { runtime, embedder, load_ms, agreement: None, query_ms, passage_ms })
    }

    fn round(&mut self, passages: &[String], counts: bool) -> Result<(), EmbedError> {
        for query in QUERIES {
            let took = time(self.embedder.as_ref(), query)?;
            self.query_ms.extend(counts.then_some(took));
        }
        for passage in passages {
            let took = time(self.embedder.as_ref(), passage)?;
            self.passage_ms.extend(counts.then_some(took));
        }
        Ok(())
    }

    fn report(self, tokens: &Tokens) -> BenchReport {
        BenchReport {
            runtime: self.runtime.name(),
            model: self.embedder.name().to_owned(),
            computed_by: self.runtime.computed_by(),
            load_ms: self.load_ms,
            resident_bytes: None,
            queries: self.query_ms.len(),
            query_tokens: tokens.queries,
            query_ms: Percentiles::of(self.query_ms),
            passages: self.passage_ms.len(),
            passage_tokens: tokens.passage,
            passages_per_second: 1e3 / Percentiles::of(self.passage_ms).p50,
            agreement: self.agreement,
        }
    }
}

fn time(embedder: &dyn Embedder, text: &str) -> Result<f64, EmbedError> {
    let start = Instant::now();
    embedder.embed(&[text])?;
    Ok(milliseconds(start))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Lengths of the texts that are timed.
struct Tokens {
    queries: (usize, usize),
    passage: usize,
}

impl Tokens {
    fn count(passages: &[String]) -> Result<Self, ModelsError> {
        let encoder = default_model()?;
        let mut queries = (usize::MAX, 0);
        for query in QUERIES {
            let tokens = encoder.count_tokens(query)? + SPECIAL_TOKENS;
            queries = (queries.0.min(tokens), queries.1.max(tokens));
        }
        let passage = passages.first().map_or("", String::as_str);
        Ok(Self { queries, passage: encoder.count_tokens(passage)? + SPECIAL_TOKENS })
    }
}

/// Compares every contender with the reference. Paths of one model must give the same bits, so
/// the first of them, the fastest, embeds every sentence and the others some of them.
fn verify(contenders: &mut [Contender<'_>]) -> Result<(), ModelsError> {
    let sentences: Vec<&str> = SENTENCES.lines().collect();
    let mut last: Option<(ModelEntry, Matrix, Agreement)> = None;
    for contender in contenders.iter_mut() {
        let runtime = contender.runtime;
        if !runtime.has_reference()? {
            continue;
        }
        let embed = |texts: &[&str]| contender.embedder.embed(texts);
        let of_encoder = matches!(runtime.backend, Backend::Encoder(_));
        if let Some((entry, expected, agreement)) = &last
            && of_encoder
            && *entry == runtime.entry
        {
            let found = embed(&sentences[..SENTENCES_A_PATH])?;
            if !same_bits(&found, expected) {
                return Err(ModelsError::OtherBits { runtime: runtime.name() });
            }
            contender.agreement = Some(*agreement);
            continue;
        }
        let vectors = embed(&sentences)?;
        let agreement = agree(&vectors, &reference(vectors.ncols()));
        let floor = match runtime.entry.precision {
            Precision::Int8 => LEAST_INT8,
            Precision::F32 => LEAST_F32,
        };
        if agreement.least.is_nan() || agreement.least < floor {
            let (runtime, found) = (runtime.name(), agreement.least);
            return Err(ModelsError::Disagrees { runtime, found, floor });
        }
        contender.agreement = Some(agreement);
        if of_encoder {
            last = Some((runtime.entry.clone(), vectors, agreement));
        }
    }
    Ok(())
}

/// Whether `few` are the first rows of `all`, to the bit.
fn same_bits(few: &Matrix, all: &Matrix) -> bool {
    few.iter().zip(all).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn reference(columns: usize) -> Matrix {
    let numbers: Vec<f32> =
        REFERENCE.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let rows = numbers.len() / columns.max(1);
    Matrix::from_shape_vec((rows, columns), numbers).unwrap_or_default()
}

fn agree(ours: &Matrix, theirs: &Matrix) -> Agreement {
    let pairs = ours.rows().into_iter().zip(theirs.rows());
    let mut cosines: Vec<f64> = pairs
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum())
        .collect();
    cosines.sort_by(f64::total_cmp);
    let at = |place: usize| cosines.get(place).copied().unwrap_or(f64::NAN);
    let texts = cosines.len();
    Agreement { texts, least: at(0), median: at(texts.saturating_sub(1) / 2) }
}

/// Bytes that this process grows by when it loads the model and embeds a query and a passage;
/// `None` where the system does not say. Memory that was used and given back before counts as
/// grown no second time, so ask in a fresh process.
///
/// # Errors
/// [`ModelsError`] when the model cannot be loaded or a text not embedded.
pub fn resident_growth(runtime: &Runtime) -> Result<Option<u64>, ModelsError> {
    let before = resident();
    let embedder = runtime.load()?;
    for text in [QUERIES[0], passages(1)[0].as_str()] {
        embedder.embed(&[text])?;
    }
    Ok(before.zip(resident()).map(|(before, after)| after.saturating_sub(before)))
}

/// Resident memory of this process, where `/proc` tells it: `VmRSS:   1234 kB`.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runtime_of_this_machine_is_found_right_and_timed() {
        let nowhere = tempfile::tempdir().unwrap();
        let runtimes = runtimes(nowhere.path()).unwrap();
        let paths = CpuPath::ALL.into_iter().filter(|path| Kernels::on(*path).is_some());
        assert_eq!(runtimes.len(), paths.count());
        let reports = bench(&runtimes, BenchSettings { rounds: 1, passages: 1 }).unwrap();
        for (report, runtime) in reports.iter().zip(&runtimes) {
            assert_eq!(report.runtime, runtime.name());
            assert_eq!((report.queries, report.passages), (25, 1));
            assert_eq!(report.agreement, reports[0].agreement);
            assert!(report.query_ms.p50 > 0.0 && report.passages_per_second > 0.0);
        }
        assert_eq!(reports[0].agreement.unwrap().texts, 200);
    }

    #[test]
    fn a_runtime_that_disagrees_is_not_timed() {
        struct Broken(Encoder);
        impl Embedder for Broken {
            fn name(&self) -> &str {
                self.0.name()
            }
            fn dimension(&self) -> usize {
                self.0.dimension()
            }
            fn fingerprint(&self) -> crate::ids::Fingerprint {
                self.0.fingerprint()
            }
            fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
                let mut vectors = self.0.embed(texts)?;
                vectors.row_mut(0)[0] += 1e-6;
                if texts.len() > SENTENCES_A_PATH {
                    vectors.row_mut(7).fill(0.0);
                }
                Ok(vectors)
            }
        }
        let broken: Arc<dyn Embedder> = Arc::new(Broken(default_model().unwrap()));
        let nowhere = tempfile::tempdir().unwrap();
        let runtimes = runtimes(nowhere.path()).unwrap();
        let sound = || Contender::load(&runtimes[0]).unwrap();
        let other = || Contender { embedder: Arc::clone(&broken), ..sound() };
        let error = verify(&mut [other()]).unwrap_err();
        assert!(matches!(error, ModelsError::Disagrees { found, .. } if found < 0.1), "{error}");
        let error = verify(&mut [sound(), other()]).unwrap_err();
        assert!(matches!(error, ModelsError::OtherBits { .. }), "{error}");
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let found = Percentiles::of((1..=200).rev().map(f64::from).collect());
        assert_eq!(found, Percentiles { p50: 100.0, p90: 180.0, p99: 198.0, max: 200.0 });
        let one = Percentiles { p50: 3.0, p90: 3.0, p99: 3.0, max: 3.0 };
        assert_eq!(Percentiles::of(vec![3.0]), one);
    }

    #[test]
    fn texts_have_the_lengths_they_claim() {
        let encoder = default_model().unwrap();
        let (least, most) = Tokens::count(&passages(1)).unwrap().queries;
        assert!((9..=14).contains(&least) && (9..=14).contains(&most), "{least} to {most}");
        for passage in passages(3) {
            let tokens = encoder.count_tokens(&passage).unwrap() + SPECIAL_TOKENS;
            assert!((118..=138).contains(&tokens), "{tokens}");
        }
    }
}
