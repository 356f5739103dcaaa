//! Systems made ready: engines over indices built for a dataset, run files, answers, programs.
//!
//! Indices are kept by what they are made of, beside the cells, and shared by all systems of an
//! experiment: settings of ranking act when asking, so one index serves every configuration.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::ExperimentError;
use super::cells::{Cited, Row, read_rows};
use super::command::{Briefing, Program};
use super::dataset::{CorpusSource, Dataset};
use super::definition::{
    ConfidencePlan, CutPlan, Definition, Places, PrecisionPlan, SystemKind, SystemPlan,
};
use crate::answer::Response;
use crate::calibrate::Artifact;
use crate::corpus::approve::{Grant, approve_all};
use crate::corpus::document::{Cut, Role};
use crate::corpus::import::{ImportOptions, SourceKind, import};
use crate::dialogue::conversation::Conversation;
use crate::embed::{Embedder, Encoder};
use crate::engine::{Engine, Reply, shipped_calibrator};
use crate::error::Error;
use crate::eval::error::EvalError;
use crate::eval::fit::{examples, fit, query_of, turns};
use crate::eval::report::model::Input;
use crate::eval::topic::{Expected, Topic, read_topic_set};
use crate::eval::trec::Run;
use crate::ids::{Fingerprint, Nation, Programme};
use crate::index::build::{BuildOptions, Progress, Sources, build};
use crate::index::settings::Settings;
use crate::index::store::Store;
use crate::retrieve::RetrieverExplanation;

/// Makes the encoder of a precision.
pub type MakeEncoder<'a> = &'a (dyn Fn(PrecisionPlan) -> Result<Arc<Encoder>, Error> + Sync);
/// Selective risk that a calibrator fitted within an experiment aims at, as `guidepost calibrate`.
const TARGET_RISK: f64 = 0.1;

/// Indices and encoders of an experiment.
pub struct Workshop<'a> {
    root: PathBuf,
    encoder: MakeEncoder<'a>,
    encoders: RefCell<BTreeMap<PrecisionPlan, Arc<Encoder>>>,
    progress: &'a dyn Progress,
}

/// An index ready to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyIndex {
    /// Its folder.
    pub folder: PathBuf,
    /// Id of its snapshot.
    pub snapshot: Fingerprint,
    /// Hash of the corpus's documents.
    pub corpus: Fingerprint,
}

impl<'a> Workshop<'a> {
    /// A workshop whose indices lie in a folder.
    pub fn new(
        root: impl Into<PathBuf>,
        encoder: MakeEncoder<'a>,
        progress: &'a dyn Progress,
    ) -> Workshop<'a> {
        Workshop { root: root.into(), encoder, encoders: RefCell::default(), progress }
    }

    /// The encoder of a precision, loaded once.
    ///
    /// # Errors
    /// [`Error::Model`] when it cannot be loaded.
    pub fn encoder(&self, precision: PrecisionPlan) -> Result<Arc<Encoder>, Error> {
        if let Some(encoder) = self.encoders.borrow().get(&precision) {
            return Ok(Arc::clone(encoder));
        }
        let encoder = (self.encoder)(precision)?;
        self.encoders.borrow_mut().insert(precision, Arc::clone(&encoder));
        Ok(encoder)
    }

    /// The corpus of a dataset as a folder of documents; lines are imported once.
    ///
    /// # Errors
    /// [`EvalError`] when there is none, or it cannot be imported.
    pub fn corpus(&self, dataset: &Dataset, plan: &Definition) -> Result<PathBuf, EvalError> {
        let (kind, path, cut) = match &dataset.corpus {
            Some(CorpusSource::Folder(path)) => return Ok(path.clone()),
            Some(CorpusSource::Lines(path, cut)) => (SourceKind::Jsonl, path, *cut),
            Some(CorpusSource::Intents(path)) => (SourceKind::Intents, path, CutPlan::Whole),
            None => {
                return Err(ExperimentError::Dataset {
                    dataset: dataset.plan.name.clone(),
                    message: "has no corpus, so a Guidepost system or a program cannot be asked; name one with `corpus`".to_owned(),
                }
                .into());
            }
        };
        let day = plan.day.to_string();
        let parts = [fs_err::read(path)?, format!("{kind:?} {cut:?} {day}").into_bytes()];
        let key = Fingerprint::of_parts(parts.iter().map(Vec::as_slice));
        let folder = self.root.join("corpora").join(key.short());
        if folder.is_dir() {
            return Ok(folder);
        }
        let options = ImportOptions {
            cut: if cut == CutPlan::Whole { Cut::Whole } else { Cut::Sections },
            programme: Programme::all(),
            nations: Nation::ALL.to_vec(),
            source: None,
            licence: None,
            allowed_paths: Vec::new(),
        };
        // Approved aside, then named: a folder that is there is whole.
        fs_err::create_dir_all(self.root.join("corpora"))?;
        let aside = crate::durable::folder_aside(&self.root.join("corpora"), ".importing-")?;
        let staged = aside.path().join("corpus");
        import(kind, path, &staged, &options).map_err(Error::from)?;
        let until = plan.day.checked_add(jiff::Span::new().years(1)).unwrap_or(plan.day);
        let grant = Grant {
            by: "Research import".to_owned(),
            role: Role::Research,
            on: plan.day,
            review_due: until,
        };
        approve_all(&staged, &grant).map_err(Error::from)?;
        match crate::durable::rename(&staged, &folder) {
            // Another run was faster with the same corpus.
            Err(_) if folder.is_dir() => {}
            done => done?,
        }
        Ok(folder)
    }

    /// The documents of a dataset as JSON lines, for programs.
    ///
    /// # Errors
    /// As [`Workshop::corpus`].
    pub fn corpus_lines(&self, dataset: &Dataset, plan: &Definition) -> Result<PathBuf, EvalError> {
        if let Some(CorpusSource::Lines(path, _)) = &dataset.corpus {
            return Ok(std::path::absolute(path)?);
        }
        let sources = Sources::read(&self.corpus(dataset, plan)?).map_err(Error::from)?;
        let mut text = String::new();
        for document in sources.corpus().documents.iter().filter(|d| d.kind.is_retrieved()) {
            let line = DocumentLine {
                _id: document.id.as_str(),
                questions: &document.questions,
                text: document.slice(&document.body),
                title: &document.title,
            };
            text.push_str(&serde_json::to_string(&line).map_err(std::io::Error::other)?);
            text.push('\n');
        }
        let folder = self.root.join("lines");
        fs_err::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.jsonl", Fingerprint::of(text.as_bytes()).short()));
        if !path.exists() {
            crate::durable::write(&path, text.as_bytes())?;
        }
        Ok(std::path::absolute(path)?)
    }

    /// The index of a dataset, built once.
    ///
    /// # Errors
    /// [`EvalError`] when it cannot be built.
    pub fn index(
        &self,
        dataset: &Dataset,
        plan: &Definition,
        precision: PrecisionPlan,
    ) -> Result<ReadyIndex, EvalError> {
        let sources = Sources::read(&self.corpus(dataset, plan)?).map_err(Error::from)?;
        let encoder = self.encoder(precision)?;
        let settings = Settings::default();
        let inputs = sources.inputs(encoder.as_ref(), &settings);
        let (id, corpus) = (inputs.id(), inputs.documents);
        let folder = self.root.join("indices").join(id.short());
        let store = Store::new(&folder);
        if store.current().ok() != Some(id) {
            let count = |text: &str| encoder.count_tokens(text).unwrap_or(usize::MAX);
            let embedder: Arc<dyn Embedder> = Arc::clone(&encoder) as Arc<dyn Embedder>;
            let options = BuildOptions::default();
            build(&store, &sources, &embedder, &count, &settings, options, self.progress)
                .map_err(Error::from)?;
        }
        Ok(ReadyIndex { folder, snapshot: id, corpus })
    }
}

/// A document, as programs are given it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentLine<'a> {
    /// Id.
    _id: &'a str,
    /// Questions that it answers.
    questions: &'a [String],
    /// Its body.
    text: &'a str,
    /// Its title.
    title: &'a str,
}

/// A system ready to be asked the topics of a dataset.
pub enum Ready {
    /// An engine.
    Engine(Box<EngineSystem>),
    /// Rows from a file, and how many documents of each count.
    Rows(BTreeMap<String, Row>, usize),
    /// A program, and how many documents of each ranking count.
    Program(RefCell<Program>, usize),
}

/// An engine with what it takes as confidence.
pub struct EngineSystem {
    /// The engine.
    pub engine: Engine,
    confidence: ConfidencePlan,
    threshold: Option<f64>,
    depth: usize,
    day: jiff::civil::Date,
    has_decisions: bool,
}

/// Everything a system depends on, resolved; hashing it gives the key of its cells.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The plan.
    pub plan: SystemPlan,
    /// Settings of a Guidepost system.
    pub settings: Option<Settings>,
    /// Its index.
    pub index: Option<ReadyIndex>,
    /// Its calibrator, where another than the built-in one is used.
    pub artifact: Option<Artifact>,
    /// The file of a run or of answers.
    pub file: Option<PathBuf>,
    /// Files and settings that went in.
    pub inputs: Vec<Input>,
}

/// Resolves a system for a dataset.
///
/// # Errors
/// [`EvalError`] naming what cannot be found or built.
pub fn resolve(
    plan: &SystemPlan,
    dataset: &Dataset,
    definition: &Definition,
    places: &Places,
    workshop: &Workshop<'_>,
) -> Result<Resolved, EvalError> {
    let mut resolved = Resolved {
        plan: plan.clone(),
        settings: None,
        index: None,
        artifact: None,
        file: None,
        inputs: Vec::new(),
    };
    let filled = |name: &str| {
        name.replace("{dataset}", &dataset.plan.name).replace("{split}", &dataset.plan.split)
    };
    match plan.kind() {
        SystemKind::Guidepost => resolved.guidepost(dataset, definition, places, workshop)?,
        SystemKind::Run(name) | SystemKind::Answers(name) => {
            let path = places.resolve(&filled(name))?;
            let mut print = Fingerprint::of(&fs_err::read(&path)?);
            if dataset.sensitive {
                // What it says of a sensitive set could be guessed at from its hash.
                print = Fingerprint::of(dataset.shown(&print.to_string()).as_bytes());
            }
            resolved.input(plan.kind().as_str(), &plan.name, print);
            resolved.file = Some(path);
        }
        SystemKind::Command(command) => {
            // A script is part of the system; an interpreter is named by the record's versions.
            for argument in command {
                let path = places.base.join(argument);
                if path.is_file() && path.metadata().is_ok_and(|m| m.len() < 10_000_000) {
                    let print = Fingerprint::of(&fs_err::read(&path)?);
                    resolved.input("program", &format!("{} {argument}", plan.name), print);
                }
            }
        }
    }
    Ok(resolved)
}

impl Resolved {
    fn input(&mut self, role: &str, name: &str, print: Fingerprint) {
        let (role, name) = (role.to_owned(), name.to_owned());
        self.inputs.push(Input { role, name, fingerprint: print.to_string() });
    }

    fn guidepost(
        &mut self,
        dataset: &Dataset,
        definition: &Definition,
        places: &Places,
        workshop: &Workshop<'_>,
    ) -> Result<(), EvalError> {
        let settings = self.plan.engine_settings()?;
        let index = workshop.index(dataset, definition, self.plan.precision)?;
        let encoder = workshop.encoder(self.plan.precision)?;
        let name = self.plan.name.clone();
        self.input("settings", &name, settings.fingerprint());
        self.input("model", encoder.name(), encoder.fingerprint());
        self.input("corpus", &dataset.plan.name, index.corpus);
        self.input("index", &dataset.plan.name, index.snapshot);
        if let Some(path) = &self.plan.calibrator {
            let path = places.resolve(path)?;
            let text = fs_err::read_to_string(&path)?;
            self.artifact = Some(Artifact::parse(&text).map_err(|e| Error::in_file(&path, e))?);
        }
        if let Some(path) = &self.plan.fit {
            let path = places.resolve(path)?;
            let print = Fingerprint::of(&fs_err::read(&path)?);
            let engine = Engine::builder(&index.folder)
                .embedder(encoder as Arc<dyn Embedder>)
                .settings(settings.clone())
                .open()?;
            let found = examples(&engine, &read_topic_set(&path)?.topics, definition.day)?;
            self.artifact = Some(fit(&engine, &found, print, TARGET_RISK).map_err(Error::from)?);
        }
        if let Some(threshold) = self.plan.threshold
            && self.plan.confidence == ConfidencePlan::Calibrated
        {
            let artifact = match self.artifact.take() {
                Some(artifact) => artifact,
                None => shipped_calibrator()?,
            };
            self.artifact = Some(Artifact { threshold, ..artifact });
        }
        if let Some(artifact) = &self.artifact {
            let text = serde_json::to_string(artifact).map_err(std::io::Error::other)?;
            self.input("calibrator", &name, Fingerprint::of(text.as_bytes()));
        }
        self.settings = Some(settings);
        self.index = Some(index);
        Ok(())
    }

    /// Key of the cell of this system on a dataset with a seed.
    pub fn key(
        &self,
        dataset: &Dataset,
        definition: &Definition,
        seed: u64,
        program: Fingerprint,
    ) -> Fingerprint {
        let mut text = serde_json::json!({
            "plan": self.plan,
            "settings": self.settings,
            "inputs": self.inputs,
            "depth": definition.depth,
            "day": definition.day.to_string(),
            "seed": seed,
            "program": program.to_string(),
            "topics": dataset.fingerprint.to_string(),
            "dataset": dataset.plan,
        })
        .to_string();
        text.push('\n');
        Fingerprint::of(text.as_bytes())
    }

    /// Makes the system ready.
    ///
    /// # Errors
    /// [`EvalError`] when an index does not open, a file does not read or a program does not start.
    pub fn ready(
        &self,
        dataset: &Dataset,
        definition: &Definition,
        places: &Places,
        seed: u64,
        workshop: &Workshop<'_>,
    ) -> Result<Ready, EvalError> {
        match (self.plan.kind(), &self.file) {
            (SystemKind::Run(_), Some(path)) => {
                let run = Run::read(path).map_err(|e| dataset.withheld(e.into()))?;
                let rows = rows_of_run(&run);
                Ok(Ready::Rows(self.known(rows, dataset)?, definition.depth))
            }
            (SystemKind::Answers(_), Some(path)) => {
                Ok(Ready::Rows(self.known(read_rows(path)?, dataset)?, definition.depth))
            }
            (SystemKind::Command(command), _) => {
                let corpus = workshop.corpus_lines(dataset, definition)?;
                let program = Program::start(&Briefing {
                    system: &self.plan.name,
                    command,
                    folder: &places.base,
                    dataset: &dataset.plan.name,
                    corpus: &corpus,
                    depth: definition.depth,
                    seed,
                    sensitive: dataset.sensitive,
                })?;
                Ok(Ready::Program(RefCell::new(program), definition.depth))
            }
            _ => Ok(Ready::Engine(Box::new(self.engine(dataset, definition, workshop)?))),
        }
    }

    /// Rows of topics that the dataset holds; others are an error, since they belong to another set.
    fn known(
        &self,
        rows: BTreeMap<String, Row>,
        dataset: &Dataset,
    ) -> Result<BTreeMap<String, Row>, EvalError> {
        let topics: std::collections::BTreeSet<&str> =
            dataset.topics.iter().map(|t| t.id.as_str()).collect();
        let unknown = rows.keys().filter(|id| !topics.contains(id.as_str())).count();
        if unknown > 0 {
            return Err(ExperimentError::System {
                system: self.plan.name.clone(),
                message: format!(
                    "speaks of {unknown} topics that {} does not hold; give a file made for that set",
                    dataset.label()
                ),
            }
            .into());
        }
        Ok(rows)
    }

    /// The engine of a Guidepost system.
    ///
    /// # Errors
    /// [`EvalError`] when the index does not open, or for any other kind of system.
    pub fn engine(
        &self,
        dataset: &Dataset,
        definition: &Definition,
        workshop: &Workshop<'_>,
    ) -> Result<EngineSystem, EvalError> {
        let (Some(index), Some(settings)) = (&self.index, &self.settings) else {
            return Err(ExperimentError::System {
                system: self.plan.name.clone(),
                message: "is no Guidepost configuration".to_owned(),
            }
            .into());
        };
        let embedder: Arc<dyn Embedder> = workshop.encoder(self.plan.precision)?;
        let mut builder =
            Engine::builder(&index.folder).embedder(embedder).settings(settings.clone());
        if let Some(artifact) = &self.artifact {
            builder = builder.calibrator(artifact.clone());
        }
        Ok(EngineSystem {
            engine: builder.open()?,
            confidence: self.plan.confidence,
            threshold: self.plan.threshold,
            depth: definition.depth,
            day: definition.day,
            has_decisions: dataset.has_decisions,
        })
    }
}

fn rows_of_run(run: &Run) -> BTreeMap<String, Row> {
    run.topics()
        .map(|(topic, hits)| {
            let ranking = hits.iter().map(|h| (h.document.clone(), h.score)).collect();
            (topic.to_owned(), Row { ranking: Some(ranking), ..Row::empty(topic) })
        })
        .collect()
}

impl Ready {
    /// Asks some topics; rows come in their order, whatever the number of threads.
    ///
    /// # Errors
    /// [`EvalError`] of the first topic that fails.
    pub fn ask(&self, topics: &[Topic]) -> Result<Vec<Row>, EvalError> {
        match self {
            Ready::Engine(system) => {
                let turns: Vec<&[Topic]> = turns(topics).collect();
                let asked: Result<Vec<Vec<Row>>, EvalError> =
                    turns.par_iter().map(|turns| system.ask_turns(turns)).collect();
                Ok(asked?.into_iter().flatten().collect())
            }
            Ready::Rows(rows, depth) => Ok(topics
                .iter()
                .map(|t| rows.get(t.id.as_str()).cloned().unwrap_or(Row::empty(t.id.as_str())))
                .map(|row| row.cut(*depth))
                .collect()),
            Ready::Program(program, depth) => {
                topics.iter().map(|t| Ok(program.borrow_mut().ask(t)?.0.cut(*depth))).collect()
            }
        }
    }
}

impl EngineSystem {
    /// Leaves decisions and answers out of what is asked.
    pub(super) fn only_rankings(&mut self) {
        self.has_decisions = false;
    }

    /// What the engine says to the turns of a conversation, or to a topic of its own.
    ///
    /// # Errors
    /// [`EvalError::Engine`].
    pub fn ask_turns(&self, topics: &[Topic]) -> Result<Vec<Row>, EvalError> {
        let mut conversation = Conversation::default();
        topics.iter().map(|topic| self.ask(topic, &mut conversation)).collect()
    }

    pub(super) fn ask(
        &self,
        topic: &Topic,
        conversation: &mut Conversation,
    ) -> Result<Row, EvalError> {
        let ranked = self.engine.rank_documents(&topic.text, self.depth)?;
        let ranking: Vec<(String, f64)> =
            ranked.iter().map(|r| (r.document.to_string(), r.score.get())).collect();
        let mut row = Row::empty(topic.id.as_str());
        if self.has_decisions {
            match self.confidence {
                ConfidencePlan::Calibrated => {
                    let mut query = query_of(topic, self.day);
                    query.conversation = std::mem::take(conversation);
                    let reply = self.engine.reply(&query)?;
                    row.take(&reply);
                    *conversation = reply.conversation;
                }
                ConfidencePlan::Score => {
                    if let Some((document, score)) = ranking.first() {
                        row.document = Some(document.clone());
                        row.confidence = Some(*score);
                        let answers = self.threshold.is_none_or(|t| *score >= t);
                        row.decision =
                            Some(if answers { Expected::Answer } else { Expected::Handover });
                    } else {
                        row.decision = Some(Expected::Handover);
                    }
                }
            }
        }
        row.ranking = Some(ranking);
        Ok(row)
    }
}

impl Row {
    /// The row with at most so many documents: more of them would only help a system that was
    /// asked for fewer.
    fn cut(mut self, depth: usize) -> Row {
        if let Some(ranking) = &mut self.ranking {
            ranking.truncate(depth);
        }
        self
    }

    fn take(&mut self, reply: &Reply) {
        self.decision = Some(match &reply.response {
            Response::Answer(_) => Expected::Answer,
            Response::Clarify(_) => Expected::Clarify,
            Response::Urgent(_) => Expected::Urgent,
            _ => Expected::Handover,
        });
        self.document = reply.winner.as_ref().map(|w| w.document.to_string());
        self.confidence = reply.verdict.map(|v| v.confidence.get());
        self.answer = Some(reply.response.text().to_owned());
        if matches!(reply.response, Response::Answer(_)) {
            let cited = reply.response.citations().iter();
            self.citations = Some(
                cited
                    .map(|c| Cited { document: c.document.to_string(), quote: c.quote.clone() })
                    .collect(),
            );
        }
        self.why = Some(why(reply));
    }
}

/// Reason, scores and confidence in a line.
fn why(reply: &Reply) -> String {
    let mut parts = Vec::new();
    match &reply.response {
        Response::Clarify(c) => parts.push(format!("reason {}", c.reason.code())),
        Response::Handover(h) => parts.push(format!("reason {}", h.reason.code())),
        Response::Urgent(u) => parts.push(format!("rule {}", u.rule)),
        _ => {}
    }
    if let Some(found) = &reply.explanation {
        if let RetrieverExplanation::Lexical(lexical) = &found.lexical {
            let share = crate::fuse::normalised_lexical(lexical.score, lexical.attainable_maximum);
            parts.push(format!("lexical {share:.3} of what is attainable"));
        }
        if let RetrieverExplanation::Dense(dense) = &found.dense {
            parts.push(format!("dense {:.3}", dense.score));
        }
        parts.push(format!("fused {:.3}", found.score));
    }
    if let Some(verdict) = reply.verdict {
        parts.push(format!("P(in scope) {:.2}", verdict.in_scope));
    }
    parts.join(", ")
}

/// Hash of the program that runs: another build of it is another system.
///
/// # Errors
/// The IO error.
pub fn program_fingerprint() -> std::io::Result<Fingerprint> {
    Ok(Fingerprint::of(&fs_err::read(std::env::current_exe()?)?))
}

/// A path as an experiment's file names its folder.
pub fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
