//! What the arguments mean: models loaded, files read, defaults resolved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::args::{Global, Precision, Runtime, Scope};
use super::follow;
use super::printer::{self, Bar};
use crate::calibrate::Artifact;
use crate::corpus::approve::Grant;
use crate::corpus::document::Cut;
use crate::corpus::import::ImportOptions;
use crate::embed::encoder::{Encoder, LoadError};
use crate::embed::{Embedder, default_model, model};
use crate::engine::{Engine, EngineBuilder};
use crate::error::Error;
use crate::ids::{Nation, Programme};
use crate::index::build::{BuildOptions, Built, LineSources, Sources, build, build_lines};
use crate::index::settings::Settings;
use crate::index::store::{Store, StoreError};
use crate::query::Query;
use crate::triage;

/// Folder of the default index, beside the corpus it follows.
const DEFAULT_INDEX: &str = ".guidepost";

/// Today, in UTC, unless a day was given.
pub(super) fn day(given: Option<Date>) -> Date {
    given.unwrap_or_else(|| Offset::UTC.to_datetime(Timestamp::now()).date())
}

/// The query of a message in a scope.
pub(super) fn query(text: &str, scope: &Scope) -> Query {
    let mut query = Query::new(text, day(scope.now));
    query.programmes.clone_from(&scope.programmes);
    query.nation = scope.nation;
    query.locality.clone_from(&scope.locality);
    query
}

/// The settings file, if one was named.
///
/// # Errors
/// [`Error`] when it cannot be read or used.
pub(super) fn settings(global: &Global) -> Result<Option<Settings>, Error> {
    let Some(path) = &global.settings else {
        return Ok(None);
    };
    let text = fs_err::read_to_string(path).map_err(|e| Error::in_file(path, e))?;
    Ok(Some(Settings::parse(&text).map_err(|e| Error::in_file(path, e))?))
}

/// The index folder.
pub(super) fn store(global: &Global) -> Store {
    Store::new(global.index.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_INDEX)))
}

/// What embeds, and how it counts the tokens of a text.
pub(super) struct Model {
    pub(super) embedder: Arc<dyn Embedder>,
    count: Box<dyn Fn(&str) -> usize + Send + Sync>,
}

/// The model asked for, on the runtime asked for.
///
/// # Errors
/// [`Error::Model`] when it cannot be loaded.
pub(super) fn model(global: &Global) -> Result<Model, Error> {
    match global.runtime {
        Runtime::Guidepost => {
            let encoder = encoder(global)?;
            let counter = Arc::clone(&encoder);
            let count = move |text: &str| counter.count_tokens(text).unwrap_or(usize::MAX);
            Ok(Model { embedder: encoder, count: Box::new(count) })
        }
        Runtime::RustBert => rust_bert(global),
    }
}

#[cfg(feature = "rust-bert")]
fn rust_bert(global: &Global) -> Result<Model, Error> {
    use std::num::NonZeroUsize;

    let folder = default_folder(&global.models)?;
    let files = model::ModelFiles::open(&folder, model::Precision::F32)?;
    let threads = global.threads.and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
    let embedder = crate::embed::RustBertEmbedder::load_with_threads(files, threads)?;
    let embedder = Arc::new(embedder);
    let counter = Arc::clone(&embedder);
    let count = move |text: &str| counter.count_tokens(text).unwrap_or(usize::MAX);
    Ok(Model { embedder, count: Box::new(count) })
}

#[cfg(not(feature = "rust-bert"))]
fn rust_bert(_: &Global) -> Result<Model, Error> {
    Err(LoadError::not_compiled_in().into())
}

/// This program's encoder, for commands that run on no other.
///
/// # Errors
/// [`Error::Model`] when it cannot be loaded, or another runtime was asked for.
pub(super) fn encoder(global: &Global) -> Result<Arc<Encoder>, Error> {
    encoder_of(global, global.precision)
}

/// The encoder of a precision, likewise.
///
/// # Errors
/// As [`encoder`].
pub(super) fn encoder_of(global: &Global, precision: Precision) -> Result<Arc<Encoder>, Error> {
    if global.runtime == Runtime::RustBert {
        let reason = "this command runs on Guidepost's own encoder only";
        return Err(LoadError::Unsuited { runtime: "rust-bert", reason }.into());
    }
    if let Some(threads) = global.threads {
        // A second pool cannot be set; the first one stays, which is the same number.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    let encoder = match precision {
        Precision::Int8 => default_model()?,
        Precision::F32 => Encoder::load(model::ModelFiles::open(
            &default_folder(&global.models)?,
            model::Precision::F32,
        )?)?,
    };
    Ok(Arc::new(encoder))
}

/// Folder of the default model's pulled files.
///
/// # Errors
/// [`Error::Model`] when the built-in manifest is damaged.
pub(super) fn default_folder(models: &Path) -> Result<PathBuf, Error> {
    Ok(models.join(model::default_manifest().map_err(LoadError::from)?.name))
}

/// Builds the index of the corpus with the settings given.
///
/// # Errors
/// [`Error`] as [`build`].
pub(super) fn build_index(
    global: &Global,
    model: &Model,
    options: BuildOptions,
) -> Result<Built, Error> {
    let sources = Sources::read(&global.corpus)?;
    let settings = settings(global)?.unwrap_or_default();
    build_from(&store(global), &sources, model, &settings, options, global.quiet)
}

/// Builds the index of the `corpus.jsonl` of a BEIR folder with the settings given, approved for
/// research.
///
/// # Errors
/// [`Error`] as [`build_lines`].
pub(super) fn build_beir(
    global: &Global,
    model: &Model,
    (folder, cut, grant): (&Path, Cut, &Grant),
    options: BuildOptions,
) -> Result<Built, Error> {
    let import = ImportOptions {
        programme: Programme::all(),
        nations: Nation::ALL.to_vec(),
        cut,
        source: None,
        licence: None,
        allowed_paths: Vec::new(),
    };
    let sources = LineSources::open(folder, &import, grant)?;
    let settings = settings(global)?.unwrap_or_default();
    let bar = Bar::new(global.quiet);
    let store = store(global);
    Ok(build_lines(&store, &sources, &model.embedder, &model.count, &settings, options, &bar)?)
}

fn build_from(
    store: &Store,
    sources: &Sources,
    model: &Model,
    settings: &Settings,
    options: BuildOptions,
    quiet: bool,
) -> Result<Built, Error> {
    let bar = Bar::new(quiet);
    Ok(build(store, sources, &model.embedder, &model.count, settings, options, &bar)?)
}

/// An engine over the index. Where no index was named, the default one follows the corpus: it is
/// built on first use, and again when the corpus has changed or the index does not open.
///
/// # Errors
/// [`Error`] when the index cannot be built or opened.
pub(super) fn engine(global: &Global) -> Result<Engine, Error> {
    engine_with(global, false)
}

/// An engine as [`engine`] opens it, if wished with rules alone to raise alarms.
///
/// # Errors
/// As [`engine`].
pub(super) fn engine_with(global: &Global, rules_alone: bool) -> Result<Engine, Error> {
    let model = model(global)?;
    if global.index.is_some() || !global.corpus.is_dir() {
        return open_engine(global, model.embedder, rules_alone);
    }
    let store = store(global);
    let settings = Settings::default();
    let hash = || follow::hash_of(&global.corpus, model.embedder.as_ref(), &settings);
    let files = hash();
    let known = files.and_then(|files| follow::snapshot_of(&store, files));
    if known.is_some() && store.current().ok() == known {
        match open_engine(global, Arc::clone(&model.embedder), rules_alone) {
            Err(Error::Store(StoreError::Snapshot { .. })) => {}
            opened => return opened,
        }
    }
    let sources = Sources::read(&global.corpus)?;
    let id = sources.inputs(model.embedder.as_ref(), &settings).id();
    if let Some(files) = files
        && hash() == Some(files)
        && store.root().join("cache").is_dir()
    {
        follow::keep(&store, files, id);
    }
    if store.current().ok() == Some(id) {
        match open_engine(global, Arc::clone(&model.embedder), rules_alone) {
            Err(Error::Store(StoreError::Snapshot { .. })) => {}
            opened => return opened,
        }
    }
    if !global.quiet {
        printer::talk(&format!("indexing {} …", global.corpus.display()));
    }
    let options = BuildOptions::default();
    build_from(&store, &sources, &model, &settings, options, global.quiet)?;
    open_engine(global, model.embedder, rules_alone)
}

/// An engine over another index, with the same model and settings and no calibrator of its own
/// choosing.
///
/// # Errors
/// As [`engine`].
pub(super) fn engine_over(global: &Global, index: &Path) -> Result<Engine, Error> {
    builder(global, index, model(global)?.embedder)?.open()
}

fn open_engine(
    global: &Global,
    embedder: Arc<dyn Embedder>,
    rules_alone: bool,
) -> Result<Engine, Error> {
    let mut builder = builder(global, store(global).root(), embedder)?;
    if let Some(artifact) = artifact(global)? {
        builder = builder.calibrator(artifact);
    }
    if rules_alone {
        builder = builder.rules_alone();
    }
    builder.open()
}

/// An engine over the index, built before, with a calibrator just fitted.
///
/// # Errors
/// [`Error`] when the index cannot be opened.
pub(super) fn engine_fitted(global: &Global, artifact: Option<Artifact>) -> Result<Engine, Error> {
    let Some(artifact) = artifact else {
        return engine(global);
    };
    builder(global, store(global).root(), model(global)?.embedder)?.calibrator(artifact).open()
}

/// What every engine is opened with: the model, and the settings and urgency model named.
fn builder(
    global: &Global,
    index: &Path,
    embedder: Arc<dyn Embedder>,
) -> Result<EngineBuilder, Error> {
    let mut builder = Engine::builder(index).embedder(embedder);
    if let Some(settings) = settings(global)? {
        builder = builder.settings(settings);
    }
    if let Some(path) = &global.triage {
        let bytes = fs_err::read(path).map_err(|e| Error::in_file(path, e))?;
        let model = triage::Artifact::parse(&bytes).map_err(|e| Error::in_file(path, e))?;
        builder = builder.triage(model);
    }
    Ok(builder)
}

/// The calibrator named, if one was.
///
/// # Errors
/// [`Error`] when it cannot be read.
pub(super) fn artifact(global: &Global) -> Result<Option<Artifact>, Error> {
    let Some(path) = &global.calibrator else {
        return Ok(None);
    };
    let text = fs_err::read_to_string(path).map_err(|e| Error::in_file(path, e))?;
    Artifact::parse(&text).map(Some).map_err(|e| Error::in_file(path, e))
}
