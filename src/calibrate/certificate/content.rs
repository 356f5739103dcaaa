//! What does a certificate say, and is it the one that was issued, for what is being served?
//!
//! The file holds everything that the claim rests on, every family's outcome included, so that
//! whoever opens it can compute the claim again; [`Certificate::open`] does. It is refused unless
//! its text is to the byte what this program writes, its fingerprint is that of its content, it is
//! bound to just what is being served, and its claim follows from its outcomes. The fingerprint
//! shows damage and careless edits; it is no signature.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certify::{Certified, CertifyError, Nothing, Terms, Walk};
use super::outcome::{Mix, Outcome};
use super::plan::Plan;
use super::population::{NotForSending, Population};
use super::recompute::{check, unfounded};
use super::slices::{Slice, slices};
use crate::calibrate::Confidence;
use crate::ids::Fingerprint;
use crate::statistics::{clopper_pearson_lower, clopper_pearson_upper};

/// Version of the certificate's form.
pub const CERTIFICATE_VERSION: u32 = 2;

/// A certificate, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Version of this form.
    pub version: u32,
    /// BLAKE3 of the certificate's own text with this value as zeros: its id.
    pub fingerprint: Fingerprint,
    /// The certificate that this one follows after an edit of the corpus.
    pub revises: Option<Fingerprint>,
    /// Whose messages it speaks of.
    pub population: Population,
    /// How many families should and should not be answered.
    pub mix: Mix,
    /// The risk held, the chance of error, over which messages, and how often the families have
    /// been tested.
    pub terms: Terms,
    /// What this test spends of delta.
    pub delta_spent: f64,
    /// What this test and all before it on the same families spend: the chance that any of their
    /// certificates is wrong.
    pub delta_of_all: f64,
    /// What is certified, and every threshold that was tested for it.
    pub claim: Certified,
    /// Groups of messages, by name.
    pub slices: Vec<Slice>,
    /// Urgent messages: not certified, with exact limits of their own.
    pub urgent: Urgent,
    /// What it is bound to; with anything else it is void.
    pub bound_to: Bound,
    /// The labelled messages it rests on.
    pub labels: Labels,
    /// What was tested, in which order.
    pub plan: Plan,
    /// What was done with each family.
    pub outcomes: Vec<Outcome>,
}

/// What a certificate is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The snapshot.
    pub snapshot: Fingerprint,
    /// The embedding model with its tokenizer.
    pub embedder: Fingerprint,
    /// The analyzer with its synonyms.
    pub analyzer: Fingerprint,
    /// The settings of retrieval and fusion.
    pub settings: Fingerprint,
    /// The calibrator.
    pub calibrator: Fingerprint,
    /// The urgency model; that of no bytes, where rules work alone.
    pub urgency: Fingerprint,
}

impl Bound {
    /// The first thing in which two differ.
    fn difference(&self, other: &Bound) -> Option<&'static str> {
        let pairs = [
            ("snapshot", self.snapshot, other.snapshot),
            ("embedding model", self.embedder, other.embedder),
            ("analyzer", self.analyzer, other.analyzer),
            ("choice of settings", self.settings, other.settings),
            ("calibrator", self.calibrator, other.calibrator),
            ("urgency model", self.urgency, other.urgency),
        ];
        pairs.into_iter().find(|(_, own, given)| own != given).map(|(what, ..)| what)
    }
}

/// The labelled messages a certificate rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Those that the calibrator and the plan were made on.
    pub fit: Fingerprint,
    /// Those that the plan was tested on.
    pub calibrate: Fingerprint,
}

/// What was done with urgent and other families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UrgentCounts {
    /// Families that are urgent.
    pub urgent: usize,
    /// Of those, how many were recognised.
    pub recognised: usize,
    /// Families that are not urgent.
    pub others: usize,
    /// Of those, how many were taken for urgent.
    pub false_alarms: usize,
}

/// How well urgent messages are recognised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Urgent {
    /// The counts.
    pub counts: UrgentCounts,
    /// Level of each limit.
    pub level: f64,
    /// Exact lower limit of the share of urgent messages recognised.
    pub recall_limit: f64,
    /// Exact upper limit of the share of other messages taken for urgent.
    pub false_alarm_limit: f64,
}

impl Urgent {
    fn new(counts: UrgentCounts, delta: f64) -> Urgent {
        let level = 1.0 - delta;
        Urgent {
            counts,
            level,
            recall_limit: clopper_pearson_lower(counts.recognised, counts.urgent, level),
            false_alarm_limit: clopper_pearson_upper(counts.false_alarms, counts.others, level),
        }
    }
}

/// Everything a certificate is asked for with.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Whose messages.
    pub population: Population,
    /// What it will be bound to.
    pub bound_to: Bound,
    /// The labelled messages.
    pub labels: Labels,
    /// The risk, the chance of error, over which messages.
    pub terms: Terms,
    /// What to test, in which order.
    pub plan: Plan,
    /// One outcome a family.
    pub outcomes: Vec<Outcome>,
    /// What was done with urgent families.
    pub urgent: UrgentCounts,
}

impl Content {
    /// A claim with all that follows from the request.
    pub(super) fn new(request: Request, claim: Certified, revises: Option<Fingerprint>) -> Content {
        let Request { population, bound_to, labels, terms, plan, outcomes, urgent } = request;
        let place = plan.grid.partition_point(|&threshold| threshold > claim.threshold);
        let spent = terms.spent();
        Content {
            version: CERTIFICATE_VERSION,
            fingerprint: Fingerprint::ZERO,
            revises,
            population,
            mix: Mix::of(&outcomes),
            delta_spent: spent,
            delta_of_all: 2.0 * terms.delta - spent,
            slices: slices(&plan, &outcomes, &terms, place),
            urgent: Urgent::new(urgent, terms.delta),
            claim,
            terms,
            bound_to,
            labels,
            plan,
            outcomes,
        }
    }

    /// What it was asked for with.
    pub(super) fn request(&self) -> Request {
        Request {
            population: self.population.clone(),
            bound_to: self.bound_to.clone(),
            labels: self.labels.clone(),
            terms: self.terms,
            plan: self.plan.clone(),
            outcomes: self.outcomes.clone(),
            urgent: self.urgent.counts,
        }
    }

    fn text(&self) -> String {
        serde_json::to_string_pretty(self).map_or_else(|_| String::new(), |text| text + "\n")
    }

    fn own_fingerprint(&self) -> Fingerprint {
        let unsealed = Content { fingerprint: Fingerprint::ZERO, ..self.clone() };
        Fingerprint::of_parts([b"guidepost certificate".as_slice(), unsealed.text().as_bytes()])
    }
}

/// A certificate whose claim follows from its outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    content: Content,
}

/// What asking for a certificate leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Issued {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// No threshold holds the risk.
    Nothing(Nothing),
}

/// Why a certificate is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It does not parse.
    #[error("the certificate does not parse: {message}; certify again with `guidepost calibrate`")]
    Syntax {
        /// What is wrong.
        message: String,
    },
    /// It has another version.
    #[error(
        "the certificate has version {found}, this program reads {CERTIFICATE_VERSION}; certify \
         again with `guidepost calibrate`"
    )]
    Version {
        /// Its version.
        found: u32,
    },
    /// Its text is not the one that was written.
    #[error(
        "the certificate was changed after it was issued; certify again with `guidepost calibrate`"
    )]
    Altered,
    /// It was issued for something else than what is being served.
    #[error(
        "the certificate was issued for another {what}; certify again with `guidepost calibrate`"
    )]
    Bound {
        /// What differs.
        what: &'static str,
    },
    /// What it claims does not follow from its outcomes.
    #[error(
        "the certificate's `{what}` does not follow from its outcomes; certify again with \
         `guidepost calibrate`"
    )]
    Unfounded {
        /// The part that does not follow.
        what: String,
    },
    /// Its outcomes, plan or terms cannot be tested.
    #[error(transparent)]
    Certify(#[from] CertifyError),
}

impl Certificate {
    /// Tests a plan and certifies the lowest threshold that holds.
    ///
    /// # Errors
    /// [`CertifyError`] when the outcomes are not one a family with a confidence, or a number is
    /// out of range.
    pub fn issue(request: Request) -> Result<Issued, CertifyError> {
        check(&request)?;
        let walk = Walk::over(&request.plan, &request.outcomes, &request.terms)?;
        let Some(place) = walk.lowest() else {
            return Ok(Issued::Nothing(walk.nothing()));
        };
        let claim = walk.certified(place);
        let content = Content::new(request, claim, None);
        Ok(Issued::Certificate(Box::new(Certificate::seal(content))))
    }

    /// Reads a certificate for what is being served.
    ///
    /// # Errors
    /// [`CertificateError`] when it is not to the byte the text that was issued, was issued for
    /// anything else, or claims what does not follow from its outcomes.
    pub fn open(text: &str, serving: &Bound) -> Result<Certificate, CertificateError> {
        let certificate = Certificate::reopen(text)?;
        match certificate.content.bound_to.difference(serving) {
            Some(what) => Err(CertificateError::Bound { what }),
            None => Ok(certificate),
        }
    }

    /// Reads a certificate whatever is being served, to look at it or to test its threshold on
    /// an edited corpus. It covers nothing there.
    ///
    /// # Errors
    /// [`CertificateError`] as [`Certificate::open`], but for what it is bound to.
    pub fn reopen(text: &str) -> Result<Certificate, CertificateError> {
        let syntax = |e: serde_json::Error| CertificateError::Syntax { message: e.to_string() };
        let Version { version: found } = serde_json::from_str(text).map_err(syntax)?;
        if found != CERTIFICATE_VERSION {
            return Err(CertificateError::Version { found });
        }
        let content: Content = serde_json::from_str(text).map_err(syntax)?;
        if content.text() != text || content.own_fingerprint() != content.fingerprint {
            return Err(CertificateError::Altered);
        }
        if let Some(what) = unfounded(&content)? {
            return Err(CertificateError::Unfounded { what });
        }
        Ok(Certificate { content })
    }

    /// Writes the fingerprint into a content.
    pub(super) fn seal(mut content: Content) -> Certificate {
        content.fingerprint = content.own_fingerprint();
        Certificate { content }
    }

    /// The text to keep; [`Certificate::open`] reads just this.
    pub fn text(&self) -> String {
        self.content.text()
    }

    /// Identity of the certificate.
    pub fn id(&self) -> Fingerprint {
        self.content.fingerprint
    }

    /// Everything it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Whether it was issued on these labelled messages.
    pub fn rests_on(&self, labels: &Labels) -> bool {
        self.content.labels == *labels
    }

    /// Whether an answer of this confidence is within what is certified.
    pub fn covers(&self, confidence: Confidence) -> bool {
        confidence.get() >= self.content.claim.threshold
    }

    /// Whether answers that it covers may leave without a person.
    ///
    /// # Errors
    /// [`NotForSending`] saying why not.
    pub fn automatic_sending(&self) -> Result<(), NotForSending> {
        self.content.population.automatic_sending()
    }

    /// Whether answers that it covers may leave without a person;
    /// [`Certificate::automatic_sending`] says why not.
    pub fn permits_automatic_sending(&self) -> bool {
        self.automatic_sending().is_ok()
    }
}

/// The version alone, whatever else there is.
#[derive(Deserialize)]
struct Version {
    version: u32,
}
