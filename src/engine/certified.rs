//! Is this answer within what a certificate proves, today?
//!
//! A certificate speaks of first messages of conversations, answered from one snapshot. Whenever
//! documents are revoked, expire or are not served here, it is tested again on the families it
//! still answers, at the same threshold, and is suspended while that test fails. A suspension by
//! the shift monitor stands until a person lifts it. Nothing here sends anything: it says what
//! may be sent.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Reply, State};
use crate::answer::ground;
use crate::answer::response::{Response, Standing};
use crate::calibrate::Confidence;
use crate::calibrate::certificate::{
    Bound, Certificate, CertificateError, CertifyError, NotForSending, Review,
};
use crate::corpus::document::Role;
use crate::error::Error;
use crate::ids::{DocumentId, Fingerprint, Programme};
use crate::index::store::{Revocation, Suspension};
use crate::query::Query;

/// States of the corpus whose review is kept.
const KEPT_REVIEWS: usize = 64;

/// A certificate with what its last reviews said.
#[derive(Debug)]
pub(super) struct Certification {
    certificate: Certificate,
    /// Why it covers nothing here, where it was issued for something else.
    unfit: Option<String>,
    reviews: Mutex<Vec<(Situation, bool)>>,
}

/// Everything that decides which documents may be quoted.
#[derive(Debug, Clone, PartialEq)]
struct Situation {
    today: Date,
    revoked: Vec<DocumentId>,
    programmes: Vec<Programme>,
}

/// What a certificate says of a reply's engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Certified {
    /// Its id.
    #[schemars(with = "Fingerprint")]
    pub id: String,
    /// Whose messages it speaks of.
    pub population: String,
    /// Whether it holds today, on the documents that may still be quoted.
    pub in_force: bool,
    /// Why not, where the shift monitor or a person has suspended it, it was issued for something
    /// else than what is served, or what is served is not verified.
    pub suspended: Option<String>,
}

/// Why an answer may not leave without a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// It is no answer.
    #[error("only answers are certified")]
    NoAnswer,
    /// No certificate in force covers it.
    #[error("no certificate in force covers this answer; a person must send it")]
    Draft,
    /// The index is not verified, or is damaged.
    #[error("{reason}; a person must send it")]
    Unverified {
        /// How far it is: a lowercase fragment.
        reason: String,
    },
    /// The certificate is of messages that nobody sent.
    #[error(transparent)]
    Population(#[from] NotForSending),
    /// A text was approved for trying things out.
    #[error("`{document}` is approved as {role}, which may never leave through a channel")]
    Role {
        /// The document.
        document: DocumentId,
        /// Its role.
        role: &'static str,
    },
}

impl Certification {
    fn new(certificate: Certificate, unfit: Option<String>) -> Certification {
        Certification { certificate, unfit, reviews: Mutex::default() }
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Why it covers nothing now, where it was issued for something else or is suspended.
    pub(super) fn suspended(&self, suspensions: &[Suspension]) -> Option<String> {
        let last = suspensions.iter().rfind(|s| s.certificate == self.certificate.id());
        let reason = last.filter(|s| !s.lifted).map(|s| s.reason.clone());
        self.unfit.clone().or(reason)
    }
}

impl State {
    /// What a certificate must be bound to, to be used here; nothing without a calibrator.
    pub(super) fn bound(&self) -> Option<Bound> {
        let inputs = &self.snapshot.manifest().inputs;
        Some(Bound {
            snapshot: self.snapshot.id(),
            embedder: inputs.embedder,
            analyzer: inputs.analyzer,
            settings: self.settings.fingerprint(),
            calibrator: self.calibrator.as_ref()?.id(),
            urgency: self.made_with.urgency,
        })
    }

    /// Marks an answer that a certificate covers, and says what it says.
    pub(super) fn certify(
        &self,
        reply: &mut Reply,
        query: &Query,
        revocations: &BTreeMap<DocumentId, Revocation>,
        suspensions: &[Suspension],
    ) {
        let Some(certification) = &self.certification else {
            return;
        };
        let certificate = certification.certificate();
        let suspended = certification.suspended(suspensions).or_else(|| self.unverified());
        let in_force = suspended.is_none() && self.holds(certification, query, revocations);
        // The families were first messages: what comes later depends on what was answered.
        let is_first = query.conversation.turns == 0;
        let covers =
            |confidence: Confidence| in_force && is_first && certificate.covers(confidence);
        if let Response::Answer(answer) = &mut reply.response
            && covers(answer.confidence)
        {
            answer.standing = Standing::Certified(certificate.id());
        }
        reply.certificate = Some(Certified {
            id: certificate.id().to_string(),
            population: certificate.content().population.to_string(),
            in_force,
            suspended,
        });
    }

    /// Why nothing made from the snapshot may go anywhere without a person, if so: it is not
    /// verified yet, or damaged.
    pub(super) fn unverified(&self) -> Option<String> {
        self.snapshot.verification().why_not_sound()
    }

    /// A certificate tested again on the documents that may be quoted on a day.
    pub(super) fn review(
        &self,
        certificate: &Certificate,
        today: Date,
        revocations: &BTreeMap<DocumentId, Revocation>,
    ) -> Result<Review, CertifyError> {
        certificate.survivors(&|id| self.is_barred(id, &[], today, revocations))
    }

    /// Whether a document may not be quoted on a day, where these programmes are served; none
    /// means all.
    fn is_barred(
        &self,
        id: &DocumentId,
        programmes: &[Programme],
        today: Date,
        revocations: &BTreeMap<DocumentId, Revocation>,
    ) -> bool {
        self.snapshot.document(id).is_none_or(|document| {
            let is_served =
                programmes.is_empty() || programmes.iter().any(|p| document.programme.serves(p));
            !is_served || ground::standing(document, revocations, today).is_err()
        })
    }

    /// Whether a certificate holds on the documents that may be quoted in an answer to the query.
    fn holds(
        &self,
        certification: &Certification,
        query: &Query,
        revocations: &BTreeMap<DocumentId, Revocation>,
    ) -> bool {
        let situation = Situation {
            today: query.today,
            revoked: revocations.keys().cloned().collect(),
            programmes: query.programmes.clone(),
        };
        let mut reviews = certification.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, holds)) = reviews.iter().find(|(known, _)| *known == situation) {
            return *holds;
        }
        let is_barred =
            |id: &DocumentId| self.is_barred(id, &query.programmes, query.today, revocations);
        let review = certification.certificate.survivors(&is_barred);
        let holds = review.is_ok_and(|review| review.in_force);
        if reviews.len() == KEPT_REVIEWS {
            reviews.remove(0);
        }
        reviews.push((situation, holds));
        holds
    }
}

/// Whether a reply may leave without a person.
///
/// # Errors
/// [`NotSent`] saying why not.
pub(super) fn may_leave(reply: &Reply, certificate: Option<&Certificate>) -> Result<(), NotSent> {
    let Response::Answer(answer) = &reply.response else {
        return Err(NotSent::NoAnswer);
    };
    let Standing::Certified(id) = answer.standing else {
        return Err(NotSent::Draft);
    };
    let certificate = certificate.filter(|own| own.id() == id).ok_or(NotSent::Draft)?;
    certificate.automatic_sending()?;
    match answer.citations.iter().find(|citation| !citation.role.may_leave()) {
        Some(citation) => {
            Err(NotSent::Role { document: citation.document.clone(), role: name_of(citation.role) })
        }
        None => Ok(()),
    }
}

fn name_of(role: Role) -> &'static str {
    match role {
        Role::Example => "an example",
        Role::Research => "research",
        Role::Clinical | Role::Service => "guidance",
    }
}

/// The certificate given, else the index's own, else the built-in one. One that was asked for must
/// fit. The index's own that no longer fits, as after an edit of the corpus, is suspended: answers
/// stay drafts until it is certified again. The built-in one is left out where it does not fit.
pub(super) fn open(
    state: &State,
    given: Option<&str>,
    own: Option<&str>,
    shipped: &str,
) -> Result<Option<Certification>, Error> {
    let Some(bound) = state.bound() else {
        return Ok(None);
    };
    let fits = |certificate| Certification::new(certificate, None);
    if let Some(text) = given {
        return Ok(Some(fits(Certificate::open(text, &bound)?)));
    }
    let Some(text) = own else {
        return Ok(Certificate::open(shipped, &bound).ok().map(fits));
    };
    match Certificate::open(text, &bound) {
        Ok(certificate) => Ok(Some(fits(certificate))),
        Err(error @ CertificateError::Bound { .. }) => {
            Ok(Some(Certification::new(Certificate::reopen(text)?, Some(error.to_string()))))
        }
        Err(error) => Err(error.into()),
    }
}
