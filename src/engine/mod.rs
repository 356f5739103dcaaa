//! The way of a message: safety, routes, redaction, retrieval, fusion, evidence, confidence,
//! and only then words.
//!
//! [`Engine`] is `Send + Sync`; share it in an `Arc`. Asking takes no lock that a reload holds
//! for longer than a pointer's swap. A message is read in memory only: nothing here stores or
//! logs it.

mod account;
mod asking;
pub mod certified;
pub mod log;
mod second;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::response::Response;
use crate::calibrate::artifact::{Binding, Verdict};
use crate::calibrate::certificate::{Bound, Certificate, CertificateError, Review};
use crate::calibrate::evidence::EVIDENCE_VERSION;
use crate::calibrate::evidence::background::Background;
use crate::calibrate::{Artifact, Calibrator, Evidence, Pool};
use crate::dialogue::conversation::Conversation;
use crate::dialogue::safety::SafetyRules;
use crate::embed::{Embedder, default_model};
use crate::error::Error;
use crate::fuse::{Fusion, FusionExplanation};
use crate::ids::{DocumentId, Fingerprint, PassageId};
use crate::index::settings::Settings;
use crate::index::snapshot::{Snapshot, VERIFIED_FIRST, Verification};
use crate::index::store::{Revocation, Store, StoreError, Suspension};
use crate::query::Query;
use crate::retrieve::dense::Dense;
use crate::retrieve::lexical::Lexical;
use crate::retrieve::{
    BoundQuery, Candidates, Ranking, RetrieveError, Retriever, RetrieverExplanation, Row,
};
use crate::score::Score;
use crate::triage;

pub use account::Account;
pub use asking::ASK_DEPTH;
pub use certified::{Certified, NotSent};
#[cfg(feature = "cli")]
pub(crate) use second::signals;
pub use second::{FirstLook, LikelyKind, NearestExample, RulesAlone, SecondLook, shipped_triage};

use asking::Asking;
use certified::Certification;
use log::FixedDecision;
use second::SecondReader;

/// The calibrator fitted on the shipped corpus.
const SHIPPED_CALIBRATOR: &str = include_str!("../../models/calibrators/shipped.json");

/// The certificate issued for the shipped corpus on rehearsal messages.
const SHIPPED_CERTIFICATE: &str = include_str!("../../models/certificates/shipped.json");

/// The calibrator fitted on the shipped corpus.
///
/// # Errors
/// [`Error::Calibrator`] when this build carries a damaged one.
pub fn shipped_calibrator() -> Result<Artifact, Error> {
    Ok(Artifact::parse(SHIPPED_CALIBRATOR)?)
}

/// Answers messages from one index.
pub struct Engine {
    store: Store,
    embedder: Arc<dyn Embedder>,
    settings: Option<Settings>,
    artifact: Option<Artifact>,
    certificate: Option<String>,
    second: SecondReader,
    verified_first: u64,
    state: RwLock<Arc<State>>,
    revocations: Mutex<Watched<BTreeMap<DocumentId, Revocation>>>,
    suspensions: Mutex<Watched<Vec<Suspension>>>,
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
    certification: Option<Certification>,
    /// Measured when it is first needed.
    background: OnceLock<Background>,
    made_with: MadeWith,
}

/// A file as last read, read again whenever it has changed.
#[derive(Default)]
struct Watched<T> {
    seen: Option<(u64, SystemTime)>,
    content: Arc<T>,
}

impl<T> Watched<T> {
    fn current(
        &mut self,
        path: &Path,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Arc<T>, Error> {
        let seen = match fs_err::metadata(path) {
            Ok(metadata) => Some((metadata.len(), metadata.modified().map_err(StoreError::from)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::from(error).into()),
        };
        if seen != self.seen {
            self.content = Arc::new(read()?);
            self.seen = seen;
        }
        Ok(Arc::clone(&self.content))
    }
}

/// Makes an [`Engine`].
pub struct EngineBuilder {
    index: PathBuf,
    embedder: Option<Arc<dyn Embedder>>,
    settings: Option<Settings>,
    artifact: Option<Artifact>,
    certificate: Option<String>,
    triage: Option<triage::Artifact>,
    rules_alone: bool,
    verified_first: u64,
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

    /// Uses another certificate than the index's or the built-in one: its text. It must have been
    /// issued for just what is opened.
    #[must_use]
    pub fn certificate(mut self, text: impl Into<String>) -> Self {
        self.certificate = Some(text.into());
        self
    }

    /// Uses another urgency model than the built-in one.
    #[must_use]
    pub fn triage(mut self, model: triage::Artifact) -> Self {
        self.triage = Some(model);
        self
    }

    /// Uses no urgency model: rules alone raise alarms.
    #[must_use]
    pub fn rules_alone(mut self) -> Self {
        self.rules_alone = true;
        self
    }

    /// Verifies indices of at most so many bytes before they are served, [`VERIFIED_FIRST`] if
    /// nothing else is said. A greater one is served at once and verified behind; until that has
    /// ended well all its answers are drafts.
    #[must_use]
    pub fn verified_first(mut self, bytes: u64) -> Self {
        self.verified_first = bytes;
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
        let second = SecondReader::open(self.triage, self.rules_alone, &embedder)?;
        let store = Store::new(self.index);
        let state = State::open(
            &store,
            &embedder,
            self.settings.as_ref(),
            self.artifact.as_ref(),
            (self.certificate.as_deref(), second.id()),
            self.verified_first,
        )?;
        let engine = Engine {
            store,
            embedder,
            settings: self.settings,
            artifact: self.artifact,
            certificate: self.certificate,
            second,
            verified_first: self.verified_first,
            state: RwLock::new(Arc::new(state)),
            revocations: Mutex::default(),
            suspensions: Mutex::default(),
        };
        engine.revocations()?;
        engine.suspensions()?;
        Ok(engine)
    }
}

impl State {
    fn open(
        store: &Store,
        embedder: &Arc<dyn Embedder>,
        settings: Option<&Settings>,
        artifact: Option<&Artifact>,
        (certificate, urgency): (Option<&str>, Fingerprint),
        verified_first: u64,
    ) -> Result<State, Error> {
        let snapshot = Arc::new(store.open_current_at_once(verified_first)?);
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
        let sources = rules.sources().iter().flat_map(|(path, text)| [path, text]);
        let made_with = MadeWith {
            settings: settings.fingerprint(),
            rules: Fingerprint::of_parts(sources.map(String::as_bytes)),
            calibrator: calibrator.as_ref().map(Calibrator::id),
            urgency,
        };
        let mut state = State {
            snapshot,
            settings,
            lexical,
            dense,
            rules,
            calibrator,
            made_with,
            certification: None,
            background: OnceLock::new(),
        };
        let own = store.certificates().join("current.json");
        let own = if own.exists() { Some(fs_err::read_to_string(own)?) } else { None };
        state.certification =
            certified::open(&state, certificate, own.as_deref(), SHIPPED_CERTIFICATE)?;
        Ok(state)
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
    let shipped = shipped_calibrator().ok();
    Ok(shipped.and_then(|artifact| Calibrator::new(artifact, binding).ok()))
}

/// What the engine says, with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What to say.
    pub response: Response,
    /// The questions of the message, each with what was made of it; empty where the whole message
    /// was taken by an alarm or a route.
    pub parts: Vec<PartReply>,
    /// What the caller must give back with the next message of this conversation.
    pub conversation: Conversation,
    /// Id of the snapshot it was made from.
    pub snapshot: Fingerprint,
    /// What it was made with besides.
    pub made_with: MadeWith,
    /// The decision that a rule took on the whole message, if one did.
    pub fixed: Option<FixedDecision>,
    /// Whether the rules decide otherwise once what names a person is left out of the message: then
    /// their decision cannot be made again from a log.
    pub rules_need_raw: bool,
    /// What must be shown beside it, for example that the corpus is an example.
    pub notice: Option<String>,
    /// What the engine's certificate says, if it has one.
    pub certificate: Option<Certified>,
    /// The winning passage of the part that decided, if anything was retrieved.
    pub winner: Option<PassageId>,
    /// What the calibrator saw of it.
    pub evidence: Option<Evidence>,
    /// The documents among which the winner was chosen.
    pub pool: Option<Pool>,
    /// What the calibrator said of it.
    pub verdict: Option<Verdict>,
    /// How the winner's score came about.
    pub explanation: Option<Explanation>,
    /// What the urgency model made of the message, where it was asked.
    pub second_look: Option<SecondLook>,
    /// For the person who takes over a message in another language.
    pub other_language: Option<OtherLanguage>,
    /// How long each stage took.
    pub timings: Timings,
}

/// A message in another language than the corpus. Rules and models read English: whoever takes it
/// over treats it as urgent until somebody who reads the language has cleared it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OtherLanguage {
    /// BCP 47 code of the best guess, when one language stands out.
    pub code: Option<String>,
    /// How to treat it: `urgent_unless_cleared`.
    #[schemars(extend("enum" = ["urgent_unless_cleared"]))]
    pub handle_as: &'static str,
    /// The reply in that language, where the corpus has one. The engine never sends it.
    pub wording: Option<OtherWording>,
}

/// A reply in another language, for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OtherWording {
    /// The document.
    #[schemars(with = "DocumentId")]
    pub document: String,
    /// Its text.
    pub text: String,
    /// Why it may not be sent today; none: a person may send it.
    pub barred: Option<String>,
}

/// What a reply was made with, besides the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MadeWith {
    /// The settings of retrieval, fusion and extraction.
    pub settings: Fingerprint,
    /// The texts of all safety and route rules.
    pub rules: Fingerprint,
    /// The calibrator, where there is one.
    pub calibrator: Option<Fingerprint>,
    /// The urgency model; that of no bytes, where rules work alone.
    pub urgency: Fingerprint,
}

/// One question of a message and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PartReply {
    /// Its words, redacted.
    pub text: String,
    /// The words it was read with, where it leaned on what went before.
    pub read_as: Option<String>,
    /// What to say to it alone.
    pub response: Response,
    /// The winning passage, if anything was retrieved.
    pub winner: Option<PassageId>,
    /// What the calibrator saw.
    pub evidence: Option<Evidence>,
    /// The documents among which the winner was chosen.
    pub pool: Option<Pool>,
    /// What the calibrator said.
    pub verdict: Option<Verdict>,
    /// How the winner's score came about.
    pub explanation: Option<Explanation>,
}

/// Time spent by stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Timings {
    /// Safety.
    pub rules_us: u64,
    /// Redaction, routes, and finding the questions of the message.
    pub dialogue_us: u64,
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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
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
            certificate: None,
            triage: None,
            rules_alone: false,
            verified_first: VERIFIED_FIRST,
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
            (self.certificate.as_deref(), self.second.id()),
            self.verified_first,
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
        match self.revocations() {
            Ok(revocations) => {
                let asking = Asking::new(&state, &self.second, &revocations, query);
                let mut reply = match state.snapshot.verification() {
                    Verification::Failed { .. } => asking.over_damage(),
                    _ => asking.reply()?,
                };
                state.certify(&mut reply, query, &revocations, &self.suspensions()?);
                Ok(reply)
            }
            // Without its revocations an engine cannot answer; an alarm it can still raise.
            Err(error) => {
                Asking::new(&state, &self.second, &BTreeMap::new(), query).alarm().ok_or(error)
            }
        }
    }

    /// What safety and routes alone say of a message, before anything is retrieved.
    ///
    /// # Errors
    /// [`Error`] when revocations cannot be read.
    pub fn first_look(&self, query: &Query) -> Result<FirstLook, Error> {
        let state = self.state();
        let revocations = self.revocations()?;
        let asking = Asking::new(&state, &self.second, &revocations, query);
        Ok(asking.first_look())
    }

    /// Why rules alone raise alarms, if no urgency model helps them.
    pub fn rules_alone(&self) -> Option<RulesAlone> {
        self.second.rules_alone()
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
        let passages = state.snapshot.passage_count();
        let mut passage_depth = depth.max(1);
        loop {
            let ranking = state.rank(text, passage_depth)?;
            let mut seen = BTreeSet::new();
            let documents: Vec<RankedDocument> = ranking
                .hits()
                .iter()
                .filter_map(|hit| {
                    let document = state.snapshot.document_of(hit.row)?;
                    seen.insert(&document.id)
                        .then(|| RankedDocument { document: document.id.clone(), score: hit.score })
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
        let depth = state.snapshot.passage_count();
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), depth);
        state.explain(row, lexical.as_ref(), dense.as_ref(), &candidates, 0.0)
    }

    fn revocations(&self) -> Result<Arc<BTreeMap<DocumentId, Revocation>>, Error> {
        let mut known = self.revocations.lock().unwrap_or_else(PoisonError::into_inner);
        known.current(&self.store.revocations_path(), || self.store.revocations())
    }

    fn suspensions(&self) -> Result<Arc<Vec<Suspension>>, Error> {
        let mut known = self.suspensions.lock().unwrap_or_else(PoisonError::into_inner);
        known.current(&self.store.suspensions_path(), || self.store.suspensions())
    }

    /// Whether a reply of this engine may leave without a person: only an answer that a
    /// certificate of the service's own messages covers, quoting guidance approved for people.
    ///
    /// # Errors
    /// [`NotSent`] saying why not.
    pub fn may_leave(&self, reply: &Reply) -> Result<(), NotSent> {
        let state = self.state();
        if let Some(reason) = state.unverified() {
            return Err(NotSent::Unverified { reason });
        }
        certified::may_leave(reply, state.certification.as_ref().map(Certification::certificate))
    }

    /// How far the index is verified. While that is under way every answer is a draft; where it
    /// has failed every message that is not urgent is handed over.
    pub fn verification(&self) -> Verification {
        self.state().snapshot.verification()
    }

    /// Waits until verification of the index served now has ended, and says how.
    pub fn verified(&self) -> Verification {
        self.state().snapshot.verified()
    }

    /// The certificate in use, whether or not it is in force.
    pub fn certificate(&self) -> Option<Certificate> {
        self.state().certification.as_ref().map(|own| own.certificate().clone())
    }

    /// Why the certificate in use covers nothing now: the shift monitor or a person has suspended it,
    /// it was issued for something else than what is served, or what is served is not verified.
    ///
    /// # Errors
    /// [`Error`] when suspensions cannot be read.
    pub fn certificate_suspended(&self) -> Result<Option<String>, Error> {
        let suspensions = self.suspensions()?;
        let state = self.state();
        let suspended = state.certification.as_ref().map(|own| own.suspended(&suspensions));
        Ok(suspended.and_then(|reason| reason.or_else(|| state.unverified())))
    }

    /// A certificate tested again on the documents that may be quoted on a day.
    ///
    /// # Errors
    /// [`Error`] when revocations cannot be read.
    pub fn review(&self, certificate: &Certificate, today: Date) -> Result<Review, Error> {
        let revocations = self.revocations()?;
        let review = self.state().review(certificate, today, &revocations);
        review.map_err(|error| CertificateError::from(error).into())
    }

    /// What a certificate must be bound to, to be used with this engine; nothing without a
    /// calibrator.
    pub fn bound(&self) -> Option<Bound> {
        self.state().bound()
    }
}

impl State {
    /// How the snapshot's own texts score against each other.
    fn background(&self) -> Result<&Background, Error> {
        if let Some(background) = self.background.get() {
            return Ok(background);
        }
        let background = Background::of(self.snapshot.vectors()).map_err(RetrieveError::from)?;
        Ok(self.background.get_or_init(|| background))
    }

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
