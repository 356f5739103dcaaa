//! The model over libtorch, where the feature is compiled in and `GUIDEPOST_MODELS` names the
//! folder with the f32 weights that `scripts/models.sh` obtains.
//!
//! 1. Its vectors agree with our f32 encoder's on 200 sentences and on odd texts: cosine above
//!    .9999.
//! 2. A vector depends on its text alone: not on neighbours, not on threads that ask beside.
//! 3. A text is cut at 256 tokens and never padded; an empty one has a vector.
//! 4. Rows of tokens have the vector's direction as their mean.
//! 5. Its fingerprint is its own, so that an index of one runtime does not open with another.
//! 6. Missing and malformed files are errors by name and no panics.
//! 7. The slow tier: on scifact, all documents, the train split's topics, dense scores alone and
//!    with default settings, nDCG@10 is that of our f32 encoder to 1e-4.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use guidepost::corpus::approve::{Grant, approve_all};
use guidepost::corpus::document::{Cut, Role};
use guidepost::corpus::import::{ImportOptions, SourceKind, import};
use guidepost::embed::model::{ModelFiles, Precision};
use guidepost::embed::{
    CpuPath, EmbedError, Embedder, Encoder, LoadError, Matrix, RustBertEmbedder,
};
use guidepost::engine::Engine;
use guidepost::error::Error;
use guidepost::eval::topic::{Topic, read_topics};
use guidepost::ids::{Nation, Programme};
use guidepost::index::build::{BuildOptions, Quiet, Sources, build};
use guidepost::index::settings::{FusionMethod, FusionSettings, Settings};
use guidepost::index::store::Store;
use jiff::civil::date;

use crate::public::{ndcg, qrels, set};
use crate::support::{Place, root, slow};

const SENTENCES: &str = include_str!("../../models/all-MiniLM-L6-v2/parity/sentences.txt");

const ODD_TEXTS: [&str; 8] = [
    "",
    " ",
    "?",
    "[SEP] [CLS] [MASK] [PAD]",
    "\u{0}\u{fffd}\u{200b}",
    "乳房 X 光 检查 疼 吗",
    "🩺💔",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

fn folder() -> Option<PathBuf> {
    let models = std::env::var_os("GUIDEPOST_MODELS");
    if models.is_none() {
        eprintln!("GUIDEPOST_MODELS names no folder with pulled models: rust-bert not tested");
    }
    models.map(|models| Path::new(&models).join("all-MiniLM-L6-v2"))
}

fn files() -> Option<ModelFiles> {
    static FILES: OnceLock<Option<ModelFiles>> = OnceLock::new();
    FILES.get_or_init(|| Some(ModelFiles::open(&folder()?, Precision::F32).unwrap())).clone()
}

/// Both implementations, loaded once.
fn both() -> Option<(Arc<Encoder>, Arc<RustBertEmbedder>)> {
    static OURS: OnceLock<Option<Arc<Encoder>>> = OnceLock::new();
    static THEIRS: OnceLock<Option<Arc<RustBertEmbedder>>> = OnceLock::new();
    let ours = OURS.get_or_init(|| Some(Arc::new(Encoder::load(files()?).unwrap())));
    let theirs = THEIRS.get_or_init(|| Some(Arc::new(RustBertEmbedder::load(files()?).unwrap())));
    ours.clone().zip(theirs.clone())
}

fn cosine(a: ndarray::ArrayView1<'_, f32>, b: ndarray::ArrayView1<'_, f32>) -> f64 {
    let dot = |a: &ndarray::ArrayView1<'_, f32>, b: &ndarray::ArrayView1<'_, f32>| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

fn least_cosine(a: &Matrix, b: &Matrix) -> f64 {
    assert_eq!(a.dim(), b.dim());
    a.rows().into_iter().zip(b.rows()).map(|(a, b)| cosine(a, b)).fold(1.0, f64::min)
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn vectors_agree_with_our_f32_encoder() {
    let Some((ours, theirs)) = both() else { return };
    let texts: Vec<&str> = SENTENCES.lines().chain(ODD_TEXTS).collect();
    assert_eq!(texts.len(), 208);
    let (a, b) = (ours.embed(&texts).unwrap(), theirs.embed(&texts).unwrap());
    let least = least_cosine(&a, &b);
    eprintln!("least cosine of rust-bert and our f32 encoder on {} texts: {least}", texts.len());
    assert!(least > 0.9999, "{least}");
    for row in b.rows() {
        let square: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
        assert!((square - 1.0).abs() < 1e-5, "{square}");
    }
}

#[test]
fn a_vector_depends_on_its_text_alone() {
    let Some((_, theirs)) = both() else { return };
    let texts: Vec<&str> = ODD_TEXTS.into_iter().chain(SENTENCES.lines().step_by(10)).collect();
    let all = theirs.embed(&texts).unwrap();
    let alone = || {
        let vectors = texts.iter().map(|text| theirs.embed(&[text]).unwrap());
        vectors.flat_map(|vector| bits(&vector)).collect::<Vec<u32>>()
    };
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..3).map(|_| scope.spawn(alone)).collect();
        for vectors in asked {
            assert!(vectors.join().unwrap() == bits(&all));
        }
    });
    assert_eq!(theirs.embed(&[]).unwrap().dim(), (0, theirs.dimension()));
}

#[test]
fn texts_are_cut_at_256_tokens_and_not_padded() {
    let Some((ours, theirs)) = both() else { return };
    let [cut, whole] = [254, 300].map(|words| "scan ".repeat(words));
    let vectors = theirs.embed(&[&cut, &whole]).unwrap();
    assert_eq!(
        bits(&vectors.slice_move(ndarray::s![..1, ..])),
        bits(&theirs.embed(&[&whole]).unwrap())
    );
    assert_eq!(theirs.count_tokens(&whole).unwrap(), 300);
    for (text, tokens) in [("does it hurt", 5), ("", 2), (whole.as_str(), 256)] {
        let rows = theirs.embed_tokens(text).unwrap().unwrap();
        assert_eq!(rows.dim(), (tokens, theirs.dimension()), "{text}");
        let mean = rows.mean_axis(ndarray::Axis(0)).unwrap();
        let vector = theirs.embed(&[text]).unwrap();
        assert!(cosine(mean.view(), vector.row(0)) > 0.999_999, "{text}");
        assert!(least_cosine(&rows, &ours.embed_tokens(text).unwrap().unwrap()) > 0.9999, "{text}");
    }
}

#[test]
fn an_index_of_one_runtime_does_not_open_with_the_other() {
    let Some((ours, theirs)) = both() else { return };
    assert_ne!(ours.fingerprint(), theirs.fingerprint());
    assert_ne!(ours.name(), theirs.name());
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sample();
    let count = |text: &str| theirs.count_tokens(text).unwrap();
    let embedder: Arc<dyn Embedder> = theirs.clone();
    let sources = Sources::read(&place.corpus()).unwrap();
    let (settings, options) = (Settings::default(), BuildOptions::default());
    let store = Store::new(folder.path());
    build(&store, &sources, &embedder, &count, &settings, options, &Quiet).unwrap();
    let open = |embedder: Arc<dyn Embedder>| {
        Engine::builder(folder.path()).embedder(embedder).rules_alone().open()
    };
    assert!(open(theirs).is_ok());
    assert!(matches!(open(ours), Err(Error::OtherEmbedder { .. })));
}

/// The files with their weights changed.
fn damaged(files: &ModelFiles, change: impl FnOnce(&mut Vec<u8>)) -> ModelFiles {
    let mut weights = files.weights.as_ref().to_vec();
    change(&mut weights);
    ModelFiles { weights: weights.into(), ..files.clone() }
}

fn place(weights: &[u8], text: &str) -> usize {
    weights.windows(text.len()).position(|bytes| bytes == text.as_bytes()).unwrap()
}

#[test]
fn missing_and_malformed_files_are_errors_by_name() {
    let nowhere = tempfile::tempdir().unwrap();
    let missing = ModelFiles::open(&nowhere.path().join("absent"), Precision::F32);
    assert!(matches!(missing, Err(LoadError::Read { .. })));
    let refused = |files: ModelFiles| RustBertEmbedder::load(files).unwrap_err();
    let int8 = ModelFiles::built_in().unwrap();
    assert!(matches!(refused(int8), LoadError::Unsuited { .. }));

    let Some(files) = files() else { return };
    for length in [0, 7, 8, 1000, 90_868_375] {
        let error = refused(damaged(&files, |weights| weights.truncate(length)));
        assert!(matches!(error, LoadError::Container { .. }), "{length}: {error}");
    }
    let name = "encoder.layer.3.output.dense.weight";
    let error = refused(damaged(&files, |weights| {
        let at = place(weights, name);
        weights[at] = b'E';
    }));
    assert_eq!(error.to_string(), format!("the weights have no tensor `{name}`"));
    let error = refused(damaged(&files, |weights| {
        // In the middle lies the table of words; the last tensor is one that nobody reads.
        let middle = weights.len() / 8 * 4;
        weights[middle..middle + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    }));
    assert!(matches!(error, LoadError::NotFinite { .. }), "{error}");
    let changed = |change: fn(&mut ModelFiles)| {
        let mut other = files.clone();
        change(&mut other);
        refused(other)
    };
    let error = changed(|files| files.manifest.vocabulary = 30_000);
    assert!(matches!(error, LoadError::Tensor { .. }), "{error}");
    let error = changed(|files| files.manifest.layers = 7);
    assert!(matches!(error, LoadError::MissingTensor { .. }), "{error}");
    let error = changed(|files| files.manifest.max_tokens = 600);
    assert!(matches!(error, LoadError::Positions { .. }), "{error}");
    let error = changed(|files| files.manifest.layer_norm_epsilon = 1e-5);
    assert!(matches!(error, LoadError::Unsuited { .. }), "{error}");
    let error = changed(|files| files.tokenizer = b"{}".to_vec().into());
    assert!(matches!(error, LoadError::Tokenizer { .. }), "{error}");
}

#[test]
fn a_token_that_the_weights_have_no_row_for_is_an_error() {
    let Some(mut files) = files() else { return };
    let tokenizer = String::from_utf8(files.tokenizer.as_ref().to_vec()).unwrap();
    let other = tokenizer.replacen("\"hurt\":3480", "\"hurt\":40000", 1);
    assert_ne!(other, tokenizer);
    files.tokenizer = other.into_bytes().into();
    let model = RustBertEmbedder::load(files).unwrap();
    let error = model.embed(&["fine", "does it hurt"]).unwrap_err();
    assert!(matches!(error, EmbedError::Vocabulary { index: 1, token: 40_000, .. }), "{error}");
    assert!(model.embed(&["fine"]).is_ok());
}

/// scifact as a corpus of whole documents, approved for research.
fn scifact(source: &Path, corpus: &Path) {
    let options = ImportOptions {
        programme: Programme::new("all").unwrap(),
        nations: Nation::ALL.to_vec(),
        cut: Cut::Whole,
        source: None,
        licence: None,
        allowed_paths: Vec::new(),
    };
    import(SourceKind::Jsonl, source, corpus, &options).unwrap();
    let (on, review_due) = (date(2026, 1, 10), date(2027, 1, 10));
    let by = "Research import".to_owned();
    approve_all(corpus, &Grant { by, role: Role::Research, on, review_due }).unwrap();
}

#[test]
fn scifact_is_ranked_as_well_as_by_our_f32_encoder() {
    if !slow() {
        return;
    }
    let Some(source) = set("beir/scifact") else { return };
    let Some((ours, theirs)) = both() else { return };
    if ours.cpu_path() == CpuPath::Scalar {
        eprintln!("no fast path for f32 on this processor: scifact would take hours, not tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    scifact(&source, &corpus);
    let sources = Sources::read(&corpus).unwrap();
    let grades = qrels(&source.join("qrels/train.tsv"));
    let mut topics = read_topics(&source.join("queries.jsonl")).unwrap();
    topics.retain(|topic| grades.contains_key(topic.id.as_str()));
    assert_eq!(topics.len(), grades.len());

    let score = |name: &str, embedder: Arc<dyn Embedder>| {
        let index = folder.path().join(name);
        let count = |text: &str| ours.count_tokens(text).unwrap();
        let (settings, options) = (Settings::default(), BuildOptions::default());
        let store = Store::new(&index);
        build(&store, &sources, &embedder, &count, &settings, options, &Quiet).unwrap();
        let mean = |settings: Settings| {
            let engine = Engine::builder(&index).embedder(Arc::clone(&embedder));
            let engine = engine.settings(settings).rules_alone().open().unwrap();
            let value = |topic: &Topic| {
                let ranked = engine.rank_documents(&topic.text, 10).unwrap();
                let ids: Vec<String> = ranked.iter().map(|r| r.document.to_string()).collect();
                ndcg(&ids, &grades[topic.id.as_str()])
            };
            topics.iter().map(value).sum::<f64>() / topics.len() as f64
        };
        let fusion = FusionSettings { method: FusionMethod::DenseOnly, ..Default::default() };
        [mean(Settings { fusion, ..Default::default() }), mean(Settings::default())]
    };
    // Ours embeds on all cores, theirs on one of them: side by side, they end at about one time.
    let (a, b) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| score("rust-bert", theirs.clone()));
        (score("ours", ours.clone()), theirs.join().unwrap())
    });
    for (how, (a, b)) in ["dense only", "default settings"].into_iter().zip(a.into_iter().zip(b)) {
        eprintln!("scifact, {} topics, {how}: nDCG@10 {a:.6} ours, {b:.6} rust-bert", topics.len());
        assert!((a - b).abs() <= 1e-4, "{how}: {a} and {b}");
    }
}
