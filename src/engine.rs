//! The way of a message: safety, routes, redaction, retrieval, fusion, evidence, confidence,
//! and only then words.
//!
//! [`Engine`] is `Send + Sync`; share it in an `Arc`. Asking takes no lock that a reload holds
//! for longer than a pointer's swap. A message is read in memory only: nothing here stores or
//! logs it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use crate::answer::response::{
    Answer, Citation, Clarify, Handover, Meaning, Nearest, Reason, Response, Standing, Urgent,
};
use crate::answer::{extract, ground};
use crate::calibrate::artifact::{Binding, Verdict};
use crate::calibrate::evidence::{Context, EVIDENCE_VERSION};
use crate::calibrate::{Artifact, Calibrator, Evidence};
use crate::corpus::document::{Barred, Document, Kind};
use crate::dialogue::safety::{Decision, SafetyRules};
use crate::embed::{Embedder, default_model};
use crate::error::Error;
use crate::fuse::{Fusion, FusionExplanation};
use crate::ids::{DocumentId, Fingerprint, Nation, PassageId, Programme};
use crate::index::settings::Settings;
use crate::index::snapshot::Snapshot;
use crate::index::store::{Revocation, Store, StoreError};
use crate::query::Query;
use crate::retrieve::dense::Dense;
use crate::retrieve::lexical::Lexical;
use crate::retrieve::{
    BoundQuery, Candidates, Hit, Ranking, Retriever, RetrieverExplanation, Row,
};
use crate::score::Score;
use crate::text::redact::redact;

/// Candidates each retriever gives when a message is asked.
pub const ASK_DEPTH: usize = 100;
/// Nearest documents named when a person takes over.
const NEAREST: usize = 3;
/// Added to the fused score of guidance written for the very locality or nation asked about, so
/// that it wins over general guidance that matches about as well.
const SCOPE_BONUS: f64 = 0.05;
/// How far below the best guidance of any scope the best guidance for this person may score and
/// still be considered: farther down, the question is about something else.
const SCOPE_REACH: f64 = 0.15;
/// P(in scope) below which a message that was not answered is called out of scope.
const IN_SCOPE: f64 = 0.5;
/// Id of the approved line that points to another programme.
const OTHER_PROGRAMME_REPLY: &str = "route-other-programme";
/// Id of the approved line that asks which programme is meant.
const WHICH_PROGRAMME_REPLY: &str = "route-which-programme";
/// Id of the approved line sent when a message is not about screening.
const OUT_OF_SCOPE_REPLY: &str = "route-out-of-scope";
/// Id of the approved line sent when a person has to answer.
const HANDOVER_REPLY: &str = "route-handover";
/// Words with which guidance points to the local service; its contact text follows then.
const CONTACT_CUE: &str = "contact your local ";
/// The calibrator fitted on the shipped corpus.
const SHIPPED_CALIBRATOR: &str = include_str!("../models/calibrators/shipped.json");

/// Answers messages from one index.
pub struct Engine {
    store: Store,
    embedder: Arc<dyn Embedder>,
    settings: Option<Settings>,
    artifact: Option<Artifact>,
    state: RwLock<Arc<State>>,
    revocations: Mutex<Revocations>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Everything that one snapshot answers with.
struct State {
    snapshot: Arc<Snapshot>,
    settings: Settings,
    lexical: Lexical,
    dense: Dense,
    rules: SafetyRules,
    calibrator: Option<Calibrator>,
}

/// Revocations as last read.
#[derive(Default)]
struct Revocations {
    seen: Option<(u64, SystemTime)>,
    by_document: Arc<BTreeMap<DocumentId, Revocation>>,
}

/// Makes an [`Engine`].
pub struct EngineBuilder {
    index: PathBuf,
    embedder: Option<Arc<dyn Embedder>>,
    settings: Option<Settings>,
    artifact: Option<Artifact>,
}

impl EngineBuilder {
    /// Uses another embedder than the built-in model; it must be the one the index was built
    /// with.
    #[must_use]
    pub fn embedder(mut self, embedder: Arc<dyn Embedder>) -> Self {
        self.embedder = Some(embedder);
        self
    }

    /// Uses other settings than those the index was built with.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Uses another calibrator than the index's or the built-in one.
    #[must_use]
    pub fn calibrator(mut self, artifact: Artifact) -> Self {
        self.artifact = Some(artifact);
        self
    }

    /// Opens the index.
    ///
    /// # Errors
    /// [`Error`] when the index is missing, damaged or made with another model.
    pub fn open(self) -> Result<Engine, Error> {
        if let Some(settings) = &self.settings {
            settings.check()?;
        }
        let embedder: Arc<dyn Embedder> = match self.embedder {
            Some(embedder) => embedder,
            None => Arc::new(default_model()?),
        };
        let store = Store::new(self.index);
        let state = State::open(&store, &embedder, self.settings.as_ref(), self.artifact.as_ref())?;
        let engine = Engine {
            store,
            embedder,
            settings: self.settings,
            artifact: self.artifact,
            state: RwLock::new(Arc::new(state)),
            revocations: Mutex::default(),
        };
        engine.revocations()?;
        Ok(engine)
    }
}

impl State {
    fn open(
        store: &Store,
        embedder: &Arc<dyn Embedder>,
        settings: Option<&Settings>,
        artifact: Option<&Artifact>,
    ) -> Result<State, Error> {
        let snapshot = Arc::new(store.open_current()?);
        let inputs = &snapshot.manifest().inputs;
        if inputs.embedder != embedder.fingerprint() {
            return Err(Error::OtherEmbedder {
                built_with: inputs.embedder_name.clone(),
                given: embedder.name().to_owned(),
            });
        }
        let settings = settings.unwrap_or(&snapshot.manifest().settings).clone();
        let lexical = Lexical::new(
            Arc::clone(snapshot.postings()),
            Arc::clone(snapshot.analyzer()),
            settings.lexical.clone(),
        );
        let dense = Dense::new(
            Arc::clone(embedder),
            Arc::clone(snapshot.vectors()),
            settings.dense.clone(),
        );
        let rules = SafetyRules::from_sources(snapshot.rules().to_vec())?;
        let binding = Binding {
            evidence: EVIDENCE_VERSION,
            embedder: embedder.fingerprint(),
            settings: settings.fingerprint(),
        };
        let calibrator = calibrator(store, artifact, &binding)?;
        Ok(State { snapshot, settings, lexical, dense, rules, calibrator })
    }
}

/// The calibrator given, else the index's own, else the built-in one. One that was asked for or
/// fitted for this index must fit; the built-in one is left out where it does not, and then
/// nothing is answered.
fn calibrator(
    store: &Store,
    given: Option<&Artifact>,
    binding: &Binding,
) -> Result<Option<Calibrator>, Error> {
    if let Some(artifact) = given {
        return Ok(Some(Calibrator::new(artifact.clone(), binding)?));
    }
    let own = store.calibrations().join("current.json");
    if own.exists() {
        let artifact = Artifact::parse(&fs_err::read_to_string(own)?)?;
        return Ok(Some(Calibrator::new(artifact, binding)?));
    }
    let shipped = Artifact::parse(SHIPPED_CALIBRATOR).ok();
    Ok(shipped.and_then(|artifact| Calibrator::new(artifact, binding).ok()))
}

/// What the engine says, with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What to say.
    pub response: Response,
    /// Id of the snapshot it was made from.
    pub snapshot: Fingerprint,
    /// What must be shown beside it, for example that the corpus is an example.
    pub notice: Option<String>,
    /// The winning passage, if anything was retrieved.
    pub winner: Option<PassageId>,
    /// What the calibrator saw.
    pub evidence: Option<Evidence>,
    /// What the calibrator said.
    pub verdict: Option<Verdict>,
    /// How the winner's score came about.
    pub explanation: Option<Explanation>,
    /// How long each stage took.
    pub timings: Timings,
}

/// Time spent by stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Timings {
    /// Safety and routes.
    pub rules_us: u64,
    /// Lexical retrieval.
    pub lexical_us: u64,
    /// Embedding the query and scanning the vectors.
    pub dense_us: u64,
    /// Candidates, fusion, evidence and confidence.
    pub rank_us: u64,
    /// Extraction and the last check.
    pub answer_us: u64,
    /// All of it.
    pub total_us: u64,
}

/// From postings to confidence, number by number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The passage explained.
    pub passage: String,
    /// Its lexical score.
    pub lexical: RetrieverExplanation,
    /// Its dense score.
    pub dense: RetrieverExplanation,
    /// How the two were blended.
    pub fusion: FusionExplanation,
    /// Added because the passage was written for the very locality or nation asked about.
    pub scope_bonus: f64,
    /// Fused score and bonus.
    pub score: f64,
}

/// A passage found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The passage.
    pub passage: PassageId,
    /// Title of its document.
    pub title: String,
    /// Its section.
    pub section: String,
    /// Its text.
    pub body: String,
    /// Its fused score.
    pub score: Score,
}

/// A document ranked.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedDocument {
    /// The document.
    pub document: DocumentId,
    /// Score of its best passage.
    pub score: Score,
}

impl Engine {
    /// Opens the index in a folder with the built-in model.
    ///
    /// # Errors
    /// [`Error`] when the index is missing, damaged or made with another model.
    pub fn open(index: impl AsRef<Path>) -> Result<Engine, Error> {
        Engine::builder(index).open()
    }

    /// Chooses embedder, settings or calibrator before opening.
    pub fn builder(index: impl AsRef<Path>) -> EngineBuilder {
        EngineBuilder {
            index: index.as_ref().to_owned(),
            embedder: None,
            settings: None,
            artifact: None,
        }
    }

    /// Serves the snapshot that is current now. Requests under way end on the old one.
    ///
    /// # Errors
    /// [`Error`] when the new snapshot does not open; the old one stays served.
    pub fn reload(&self) -> Result<(), Error> {
        let state = State::open(
            &self.store,
            &self.embedder,
            self.settings.as_ref(),
            self.artifact.as_ref(),
        )?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    /// The snapshot served.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state().snapshot)
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.state().settings.clone()
    }

    /// What a calibrator must be bound to, to be used with this engine.
    pub fn binding(&self) -> Binding {
        Binding {
            evidence: EVIDENCE_VERSION,
            embedder: self.embedder.fingerprint(),
            settings: self.state().settings.fingerprint(),
        }
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers a message, or says why not.
    ///
    /// # Errors
    /// [`Error`] when revocations, postings or the model cannot be read. A message is never an
    /// error, whatever it holds.
    pub fn ask(&self, query: &Query) -> Result<Response, Error> {
        self.reply(query).map(|reply| reply.response)
    }

    /// Answers a message, with everything the answer was made from.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn reply(&self, query: &Query) -> Result<Reply, Error> {
        let state = self.state();
        let revocations = self.revocations()?;
        Asking { state: &state, revocations: &revocations, query, timings: Cell::default() }
            .reply()
    }

    /// The best passages, whoever may be shown them.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn search(&self, text: &str, depth: usize) -> Result<Vec<Found>, Error> {
        let state = self.state();
        let ranking = state.rank(text, depth)?;
        let found = ranking.hits().iter().take(depth).filter_map(|hit| {
            let passage = state.snapshot.passage(hit.row)?;
            let document = state.snapshot.document_of(hit.row)?;
            Some(Found {
                passage: passage.id.clone(),
                title: document.title.clone(),
                section: passage.section(),
                body: passage.body.clone(),
                score: hit.score,
            })
        });
        Ok(found.collect())
    }

    /// The best `depth` documents, each scored by its best passage.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn rank_documents(&self, text: &str, depth: usize) -> Result<Vec<RankedDocument>, Error> {
        let state = self.state();
        let passages = state.snapshot.passages().len();
        let mut passage_depth = depth.max(1);
        loop {
            let ranking = state.rank(text, passage_depth)?;
            let mut seen = BTreeSet::new();
            let documents: Vec<RankedDocument> = ranking
                .hits()
                .iter()
                .filter_map(|hit| {
                    let document = state.snapshot.document_of(hit.row)?;
                    seen.insert(&document.id).then(|| RankedDocument {
                        document: document.id.clone(),
                        score: hit.score,
                    })
                })
                .take(depth)
                .collect();
            if documents.len() >= depth || passage_depth >= passages {
                return Ok(documents);
            }
            passage_depth = passage_depth.saturating_mul(4);
        }
    }

    /// How the score of a passage comes about for a text, as `search` ranks it.
    ///
    /// # Errors
    /// [`Error::UnknownPassage`] when the passage is not in the snapshot.
    pub fn explain(&self, text: &str, passage: &PassageId) -> Result<Explanation, Error> {
        let state = self.state();
        let row = state
            .snapshot
            .row(passage)
            .ok_or_else(|| Error::UnknownPassage { passage: passage.to_string() })?;
        let lexical = state.lexical.bind(text)?;
        let dense = state.dense.bind(text)?;
        let depth = state.snapshot.passages().len();
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), depth);
        state.explain(row, lexical.as_ref(), dense.as_ref(), &candidates, 0.0)
    }

    /// Reads revocations again whenever their file has changed.
    fn revocations(&self) -> Result<Arc<BTreeMap<DocumentId, Revocation>>, Error> {
        let path = self.store.revocations_path();
        let mut known = self.revocations.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = match fs_err::metadata(&path) {
            Ok(metadata) => Some((metadata.len(), metadata.modified().map_err(StoreError::from)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::from(error).into()),
        };
        if seen != known.seen {
            known.by_document = Arc::new(self.store.revocations()?);
            known.seen = seen;
        }
        Ok(Arc::clone(&known.by_document))
    }
}

impl State {
    fn rank(&self, text: &str, depth: usize) -> Result<Ranking, Error> {
        let lexical = self.lexical.bind(text)?;
        let dense = self.dense.bind(text)?;
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), depth);
        Ok(self.settings.fusion.fuse(&candidates))
    }

    fn explain(
        &self,
        row: Row,
        lexical: &dyn BoundQuery,
        dense: &dyn BoundQuery,
        candidates: &Candidates,
        scope_bonus: f64,
    ) -> Result<Explanation, Error> {
        let passage = self.snapshot.passage(row).map(|p| p.id.to_string()).unwrap_or_default();
        let candidate =
            candidates.get(row).ok_or(Error::UnknownPassage { passage: passage.clone() })?;
        let fusion = self.settings.fusion.explain(candidate, candidates);
        Ok(Explanation {
            passage,
            lexical: lexical.explain(row)?,
            dense: dense.explain(row)?,
            score: fusion.score + scope_bonus,
            fusion,
            scope_bonus,
        })
    }
}

/// One message on its way.
struct Asking<'a> {
    state: &'a State,
    revocations: &'a BTreeMap<DocumentId, Revocation>,
    query: &'a Query,
    timings: Cell<Timings>,
}

/// A message with its two bound retrievers and what they found.
struct Retrieved<'a> {
    lexical: Box<dyn BoundQuery + 'a>,
    dense: Box<dyn BoundQuery + 'a>,
    candidates: Candidates,
    /// Everything the person's locality may see, whatever the programme.
    ranking: Ranking,
    asks: bool,
}

/// The head of a ranking with what is thought of it.
struct Head {
    row: Row,
    evidence: Evidence,
    verdict: Option<Verdict>,
}

impl<'a> Asking<'a> {
    fn reply(self) -> Result<Reply, Error> {
        let start = Instant::now();
        let fixed = self.fixed();
        self.clock(|t| t.rules_us = micros(start.elapsed()));
        let mut reply = match fixed {
            Some(response) => self.wrap(response),
            None => self.retrieve_and_answer()?,
        };
        self.clock(|t| t.total_us = micros(start.elapsed()));
        reply.timings = self.timings.get();
        Ok(reply)
    }

    fn clock(&self, set: impl FnOnce(&mut Timings)) {
        let mut timings = self.timings.get();
        set(&mut timings);
        self.timings.set(timings);
    }

    fn wrap(&self, response: Response) -> Reply {
        Reply {
            response,
            snapshot: self.state.snapshot.id(),
            notice: self.state.snapshot.manifest().notice.clone(),
            winner: None,
            evidence: None,
            verdict: None,
            explanation: None,
            timings: Timings::default(),
        }
    }

    /// Safety first, on the whole raw message; then routes.
    fn fixed(&self) -> Option<Response> {
        let raw = &self.query.text;
        if let Some(alarm) = self.state.rules.assess(raw) {
            let (text, citations) = self.fixed_text(alarm.reply.as_str());
            return Some(Response::Urgent(Urgent {
                text,
                citations,
                channel: alarm.channel,
                reason: alarm.reason,
                rule: alarm.rule,
                spans: alarm.spans,
            }));
        }
        let route = self.state.rules.route(raw)?;
        let (text, citations) = self.fixed_text(route.reply.as_str());
        let reason = Reason::Route(route.reason);
        Some(match route.decision {
            Decision::Clarify | Decision::Chat => {
                Response::Clarify(Clarify { text, citations, reason, options: Vec::new() })
            }
            Decision::Handover | Decision::Urgent => handover(reason, text, citations),
        })
    }

    /// A fixed text, whole, if it may be said today.
    fn fixed_text(&self, id: &str) -> (String, Vec<Citation>) {
        let Some(document) = DocumentId::new(id).ok().and_then(|id| self.state.snapshot.document(&id))
        else {
            return (String::new(), Vec::new());
        };
        self.quote_whole(document).unwrap_or_default()
    }

    fn quote_whole(&self, document: &Document) -> Option<(String, Vec<Citation>)> {
        ground::standing(document, self.revocations, self.query.today).ok()?;
        let spans = extract::whole(document);
        let citations: Vec<Citation> =
            spans.iter().filter_map(|span| citation(document, String::new(), span.clone())).collect();
        ground::check(&citations, &self.state.snapshot, self.revocations, self.query.today).ok()?;
        Some((extract::render(document, &spans), citations))
    }

    fn retrieve_and_answer(&self) -> Result<Reply, Error> {
        let text = redact(&self.query.text);
        let mut plain = self.query.text.clone();
        for found in text.found.iter().rev() {
            plain.replace_range(found.start..found.end, " ");
        }
        if self.state.snapshot.analyzer().analyse(&plain).is_empty()
            && !plain.chars().any(char::is_alphanumeric)
        {
            let (text, citations) = self.fixed_text(WHICH_PROGRAMME_REPLY);
            let reason = Reason::Empty;
            let clarify = Clarify { text, citations, reason, options: Vec::new() };
            return Ok(self.wrap(Response::Clarify(clarify)));
        }
        let retrieved = self.retrieve(&plain)?;
        let judging = Instant::now();
        let served = self.restrict(&retrieved, |d| self.is_served(d) && self.holds_here(d));
        let head = self.head(&retrieved, &served)?;
        let overall = match retrieved.ranking.first() {
            Some(first) if Some(first.row) != head.as_ref().map(|h| h.row) => {
                self.head(&retrieved, &retrieved.ranking)?
            }
            _ => None,
        };
        let Some(head) = head else {
            self.clock(|t| t.rank_us += micros(judging.elapsed()));
            let response = match overall {
                Some(other) => self.out_of_reach(&other, &retrieved),
                None => self.decline(Reason::OutOfScope, None, &retrieved),
            };
            return Ok(self.wrap(response));
        };
        // A sure winner has left every other programme behind; only a doubtful one is ambiguous.
        let meanings =
            if self.is_sure(&head) { Vec::new() } else { self.meanings(&retrieved, &served)? };
        self.clock(|t| t.rank_us += micros(judging.elapsed()));
        let answering = Instant::now();
        let response = self.decide(&head, overall.as_ref(), meanings, &retrieved);
        self.clock(|t| t.answer_us = micros(answering.elapsed()));
        let explanation = self.state.explain(
            head.row,
            retrieved.lexical.as_ref(),
            retrieved.dense.as_ref(),
            &retrieved.candidates,
            self.scope_bonus(head.row),
        )?;
        let mut reply = self.wrap(response);
        reply.winner = self.state.snapshot.passage(head.row).map(|p| p.id.clone());
        reply.evidence = Some(head.evidence);
        reply.verdict = head.verdict;
        reply.explanation = Some(explanation);
        Ok(reply)
    }

    fn retrieve(&self, text: &str) -> Result<Retrieved<'a>, Error> {
        let start = Instant::now();
        let lexical = self.state.lexical.bind(text)?;
        let after_lexical = start.elapsed();
        let dense = self.state.dense.bind(text)?;
        let after_dense = start.elapsed();
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), ASK_DEPTH);
        let fused = self.state.settings.fusion.fuse(&candidates);
        let ranking = Ranking::from_hits(fused.hits().iter().filter_map(|hit| {
            let document = self.state.snapshot.document_of(hit.row)?;
            let visible = document.kind != Kind::Local
                || (document.locality.is_some() && document.locality == self.query.locality);
            let score = Score::new(hit.score.get() + self.scope_bonus(hit.row))?;
            visible.then_some(Hit { row: hit.row, score })
        }));
        self.clock(|t| {
            t.lexical_us = micros(after_lexical);
            t.dense_us = micros(after_dense - after_lexical);
            t.rank_us = micros(start.elapsed() - after_dense);
        });
        Ok(Retrieved { lexical, dense, candidates, ranking, asks: asks(text) })
    }

    /// Guidance written for the very locality or nation asked about wins over general guidance.
    fn scope_bonus(&self, row: Row) -> f64 {
        let Some(document) = self.state.snapshot.document_of(row) else { return 0.0 };
        let own_locality =
            self.query.locality.is_some() && document.locality == self.query.locality;
        let own_nation = self.query.nation.is_some_and(|nation| {
            nation != Nation::England && document.nations == [nation]
        });
        if own_locality || own_nation { SCOPE_BONUS } else { 0.0 }
    }

    fn holds_here(&self, document: &Document) -> bool {
        document.nations.contains(&self.query.nation())
    }

    fn is_served(&self, document: &Document) -> bool {
        self.query.programmes.is_empty()
            || self.query.programmes.iter().any(|p| document.programme.serves(p))
    }

    fn restrict(&self, retrieved: &Retrieved<'_>, keep: impl Fn(&Document) -> bool) -> Ranking {
        Ranking::from_hits(retrieved.ranking.hits().iter().copied().filter(|hit| {
            self.state.snapshot.document_of(hit.row).is_some_and(&keep)
        }))
    }

    fn head(&self, retrieved: &Retrieved<'_>, ranking: &Ranking) -> Result<Option<Head>, Error> {
        let Some(first) = ranking.first() else { return Ok(None) };
        let unrestricted =
            retrieved.ranking.first().map_or(first.score.get(), |hit| hit.score.get());
        let evidence = Evidence::of(&Context {
            candidates: &retrieved.candidates,
            ranking,
            unrestricted,
            lexical: &retrieved.lexical.explain(first.row)?,
            dense: &retrieved.dense.explain(first.row)?,
            document_of: &|row| self.state.snapshot.document_number_of(row),
            asks: retrieved.asks,
        });
        Ok(evidence.map(|evidence| {
            let verdict = self.state.calibrator.as_ref().map(|c| c.judge(&evidence));
            Head { row: first.row, evidence, verdict }
        }))
    }

    fn is_sure(&self, head: &Head) -> bool {
        match (&self.state.calibrator, head.verdict) {
            (Some(calibrator), Some(verdict)) => calibrator.answers(verdict.confidence),
            _ => false,
        }
    }

    /// The programmes that could each answer, where the person's programme is not known.
    fn meanings(
        &self,
        retrieved: &Retrieved<'_>,
        served: &Ranking,
    ) -> Result<Vec<Meaning>, Error> {
        if self.query.programmes.len() == 1 {
            return Ok(Vec::new());
        }
        let mut programmes: Vec<Programme> = Vec::new();
        for hit in served.hits() {
            if let Some(document) = self.state.snapshot.document_of(hit.row)
                && document.programme.as_str() != Programme::ALL
                && !programmes.contains(&document.programme)
            {
                programmes.push(document.programme.clone());
            }
        }
        let mut meanings = Vec::new();
        for programme in programmes {
            let only = self.restrict(retrieved, |d| d.programme == programme);
            let Some(head) = self.head(retrieved, &only)? else { continue };
            if self.is_sure(&head)
                && let Some(document) = self.state.snapshot.document_of(head.row)
            {
                meanings.push(Meaning {
                    programme,
                    document: document.id.clone(),
                    title: document.title.clone(),
                });
            }
        }
        Ok(meanings)
    }

    fn decide(
        &self,
        head: &Head,
        overall: Option<&Head>,
        meanings: Vec<Meaning>,
        retrieved: &Retrieved<'_>,
    ) -> Response {
        if let Some(other) = overall {
            let gap = head.evidence.scope_gap();
            let unsure = !self.is_sure(head);
            if gap > SCOPE_REACH || (unsure && self.is_sure(other)) {
                return self.out_of_reach(other, retrieved);
            }
        }
        let Some(document) = self.state.snapshot.document_of(head.row) else {
            return self.decline(Reason::OutOfScope, None, retrieved);
        };
        // The winner is barred: say so, whatever the confidence, and never fall through to the
        // next best.
        if let Err(barred) = self.may_quote(document) {
            return self.decline(Reason::Barred(barred), Some(head), retrieved);
        }
        let Some(verdict) = head.verdict else {
            return self.decline(Reason::Uncalibrated, Some(head), retrieved);
        };
        if !self.is_sure(head) {
            if meanings.len() > 1 {
                let (text, citations) = self.fixed_text(WHICH_PROGRAMME_REPLY);
                let reason = Reason::WhichProgramme;
                return Response::Clarify(Clarify { text, citations, reason, options: meanings });
            }
            let reason =
                if verdict.in_scope < IN_SCOPE { Reason::OutOfScope } else { Reason::LowConfidence };
            return self.decline(reason, Some(head), retrieved);
        }
        self.answer(head, document, verdict, retrieved)
    }

    fn may_quote(&self, document: &Document) -> Result<(), Barred> {
        ground::standing(document, self.revocations, self.query.today)?;
        if self.holds_here(document) { Ok(()) } else { Err(Barred::WrongNation) }
    }

    fn answer(
        &self,
        head: &Head,
        document: &Document,
        verdict: Verdict,
        retrieved: &Retrieved<'_>,
    ) -> Response {
        let quoted = match self.quoted_spans(head.row, document, retrieved) {
            Ok(quoted) => quoted,
            Err(_) => return self.decline(Reason::Ungrounded, Some(head), retrieved),
        };
        let spans: Vec<std::ops::Range<usize>> = quoted.iter().map(|(s, _)| s.clone()).collect();
        let mut text = extract::render(document, &spans);
        let mut citations: Vec<Citation> = quoted
            .into_iter()
            .filter_map(|(span, section)| citation(document, section, span))
            .collect();
        if text.to_lowercase().contains(CONTACT_CUE)
            && let Some((contact, contact_citations)) = self.local_contact(document)
        {
            text.push_str("\n\n");
            text.push_str(&contact);
            citations.extend(contact_citations);
        }
        if text.len() >= extract::MOST_BYTES {
            return self.decline(Reason::TooLong, Some(head), retrieved);
        }
        let checked =
            ground::check(&citations, &self.state.snapshot, self.revocations, self.query.today);
        if citations.is_empty() || checked.is_err() {
            return self.decline(Reason::Ungrounded, Some(head), retrieved);
        }
        let calibrated_here = self
            .state
            .calibrator
            .as_ref()
            .is_some_and(|c| c.fitted().snapshot == self.state.snapshot.id());
        Response::Answer(Answer {
            standing: Standing::Draft,
            text,
            citations,
            confidence: verdict.confidence,
            calibrated_here,
        })
    }

    /// What to quote from the winning document, each span with its section: the passage worth
    /// most, and beside it a second one where both fit; see
    /// [`AnswerSettings`](crate::index::settings::AnswerSettings).
    fn quoted_spans(
        &self,
        winner: Row,
        document: &Document,
        retrieved: &Retrieved<'_>,
    ) -> Result<Vec<(std::ops::Range<usize>, String)>, Error> {
        let settings = &self.state.settings.answer;
        let analyzer = self.state.snapshot.analyzer();
        let query = query_terms(&retrieved.lexical.explain(winner)?);
        let mut worths: Vec<(Score, Row)> = Vec::new();
        for row in self.state.snapshot.rows_of_same_document(winner) {
            let Some(passage) = self.state.snapshot.passage(row) else { continue };
            let cosine = match retrieved.dense.explain(row)? {
                RetrieverExplanation::Dense(dense) => dense.passage_cosine,
                _ => retrieved.dense.score(row).get(),
            };
            let opening = if passage.id.ordinal == 0 { settings.opening_bonus } else { 0.0 };
            let coverage = extract::coverage(passage, analyzer, &query);
            let worth = cosine + settings.coverage_weight * coverage + opening;
            worths.push((Score::new(worth).unwrap_or(Score::ZERO), row));
        }
        worths.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut chosen: Vec<(Row, Vec<std::ops::Range<usize>>)> = Vec::new();
        let mut sentences = 0;
        for &(worth, row) in &worths {
            let Some(passage) = self.state.snapshot.passage(row) else { continue };
            let spans = extract::extract(document, passage, analyzer, &query);
            let more = extract::sentences(passage, &spans);
            let near = worths[0].0.get() - worth.get() <= settings.second_within;
            let fits = chosen.len() < 2 && sentences + more <= extract::MOST_SENTENCES;
            if !spans.is_empty() && (chosen.is_empty() || (near && fits)) {
                sentences += more;
                chosen.push((row, spans));
            }
        }
        chosen.sort_by_key(|(row, _)| *row);
        Ok(chosen
            .into_iter()
            .flat_map(|(row, spans)| {
                let section =
                    self.state.snapshot.passage(row).map(|p| p.section()).unwrap_or_default();
                spans.into_iter().map(move |span| (span, section.clone()))
            })
            .collect())
    }

    /// The contact text of the locality asked, for the document's programme: the local document
    /// `local-<locality>-contact`, or `local-<locality>-other-programmes` where that one is not
    /// of the programme.
    fn local_contact(&self, document: &Document) -> Option<(String, Vec<Citation>)> {
        let locality = self.query.locality.as_ref()?;
        ["contact", "other-programmes"].into_iter().find_map(|name| {
            let id = DocumentId::new(format!("local-{locality}-{name}")).ok()?;
            let contact = self.state.snapshot.document(&id)?;
            let fits = contact.programme.serves(&document.programme) && contact.id != document.id;
            if fits { self.quote_whole(contact) } else { None }
        })
    }

    /// The best guidance is not for this person: of another nation, or of a programme that is
    /// not served here.
    fn out_of_reach(&self, other: &Head, retrieved: &Retrieved<'_>) -> Response {
        match self.state.snapshot.document_of(other.row) {
            Some(document) if !self.holds_here(document) => {
                self.decline(Reason::Barred(Barred::WrongNation), Some(other), retrieved)
            }
            Some(_) if self.is_sure(other) => self.signpost(other, retrieved),
            _ => self.decline(Reason::OutOfScope, Some(other), retrieved),
        }
    }

    fn signpost(&self, other: &Head, retrieved: &Retrieved<'_>) -> Response {
        let (text, citations) = self.fixed_text(OTHER_PROGRAMME_REPLY);
        Response::Handover(Handover {
            reason: Reason::OtherProgramme,
            text,
            citations,
            barred: None,
            confidence: other.verdict.map(|v| v.confidence),
            nearest: self.nearest(&retrieved.ranking),
        })
    }

    fn decline(&self, reason: Reason, head: Option<&Head>, retrieved: &Retrieved<'_>) -> Response {
        let reply =
            if reason == Reason::OutOfScope { OUT_OF_SCOPE_REPLY } else { HANDOVER_REPLY };
        let (text, citations) = self.fixed_text(reply);
        let document = head.and_then(|h| self.state.snapshot.document_of(h.row));
        let barred = match (&reason, document) {
            (Reason::Barred(why), Some(document)) => Some((document.id.clone(), why.clone())),
            _ => None,
        };
        Response::Handover(Handover {
            reason,
            text,
            citations,
            barred,
            confidence: head.and_then(|h| h.verdict).map(|v| v.confidence),
            nearest: self.nearest(&retrieved.ranking),
        })
    }

    /// The nearest documents that may be quoted.
    fn nearest(&self, ranking: &Ranking) -> Vec<Nearest> {
        let mut seen = BTreeSet::new();
        ranking
            .hits()
            .iter()
            .filter_map(|hit| self.state.snapshot.document_of(hit.row))
            .filter(|d| self.may_quote(d).is_ok() && seen.insert(&d.id))
            .take(NEAREST)
            .map(|d| Nearest {
                document: d.id.clone(),
                title: d.title.clone(),
                programme: d.programme.clone(),
            })
            .collect()
    }
}

/// The query's terms as the lexical retriever saw them.
fn query_terms(explanation: &RetrieverExplanation) -> Vec<extract::QueryTerm> {
    match explanation {
        RetrieverExplanation::Lexical(lexical) => lexical
            .terms
            .iter()
            .map(|t| extract::QueryTerm {
                forms: t.variants.iter().chain(&t.concepts).cloned().collect(),
                idf: t.idf,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn handover(reason: Reason, text: String, citations: Vec<Citation>) -> Response {
    Response::Handover(Handover {
        reason,
        text,
        citations,
        barred: None,
        confidence: None,
        nearest: Vec::new(),
    })
}

fn citation(document: &Document, section: String, span: std::ops::Range<usize>) -> Option<Citation> {
    let approval = &document.approval;
    Some(Citation {
        quote: document.slice(&span).to_owned(),
        document: document.id.clone(),
        title: document.title.clone(),
        version: approval.version.clone(),
        section,
        path: document.path.clone(),
        span,
        fingerprint: document.fingerprint(),
        source: document.source.clone(),
        role: approval.role?,
        approved_by: approval.by.clone(),
        approved_on: approval.on?,
        review_due: approval.review_due?,
    })
}

/// Whether a message is put as a question: it holds a question mark or begins a clause with a
/// question word.
fn asks(text: &str) -> bool {
    const CUES: [&str; 21] = [
        "what", "when", "where", "who", "why", "how", "which", "can", "could", "do", "does", "did",
        "is", "are", "am", "will", "would", "should", "shall", "may", "wot",
    ];
    text.contains('?')
        || crate::text::fold::words(text).take(8).any(|w| CUES.contains(&w.folded.as_str()))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_can_be_shared_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<Engine>();
        check::<Reply>();
    }
}
