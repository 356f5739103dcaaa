//! What an account needs to know of a message beside its reply.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Asking;
use super::read::Reading;
use crate::answer::response::Response;
use crate::calibrate::Calibrator;
use crate::calibrate::evidence::Evidence;
use crate::corpus::document::Document;
use crate::engine::account::{
    Account, EvidenceAccount, HiddenAccount, NearAccount, QuestionAccount, RuleAccount, approvals,
    sentence,
};
use crate::engine::log::FixedDecision;
use crate::engine::{PartReply, Reply};
use crate::error::Error;
use crate::ids::PassageId;
use crate::retrieve::lexical::TermExplanation;
use crate::retrieve::{RetrieverExplanation, Row};
use crate::text::redact::{Kind, redact};

/// Documents named as near.
const NEAREST: usize = 3;

impl Asking<'_> {
    /// The account of a reply to this very message, without what would change it.
    pub(in crate::engine) fn account(&self, reply: &Reply) -> Result<Account, Error> {
        let questions: Result<Vec<QuestionAccount>, Error> =
            reply.parts.iter().map(|part| self.question_account(part)).collect();
        let message = self.kept().text.clone();
        Ok(Account {
            hidden: hidden(&message),
            message,
            rule: reply.fixed.as_ref().and_then(|fixed| self.rule_account(fixed)),
            questions: questions?,
            threshold: self.state.calibrator.as_ref().map(Calibrator::threshold),
            decision: reply.response.decision().to_owned(),
            standing: match &reply.response {
                Response::Answer(a) => Some(a.standing.as_str().to_owned()),
                _ => None,
            },
            reason: reply.response.reason().map(str::to_owned),
            says: reply.response.text().to_owned(),
            approvals: approvals(reply),
            changes: Vec::new(),
            notice: reply.notice.clone(),
        })
    }

    fn rule_account(&self, fixed: &FixedDecision) -> Option<RuleAccount> {
        let (channel, _) = self.state.rules.named(&fixed.channel, &fixed.rule)?;
        Some(RuleAccount {
            by: fixed.by,
            channel: fixed.channel.clone(),
            rule: fixed.rule.clone(),
            reason: fixed.reason.clone(),
            words: shown(&self.query.text, &fixed.spans),
            reply: fixed.reply.clone(),
            approved_by: channel.approval.by.clone(),
            review_due: channel.approval.review_due.to_string(),
        })
    }

    fn question_account(&self, part: &PartReply) -> Result<QuestionAccount, Error> {
        let mut account = QuestionAccount {
            text: part.text.clone(),
            read_as: part.read_as.clone(),
            nearest: Vec::new(),
            unknown_words: Vec::new(),
            evidence: part.evidence.as_ref().map(|e| self.evidence_account(e)).unwrap_or_default(),
            confidence: part.verdict.map(|verdict| verdict.confidence.get()),
            in_scope: part.verdict.map(|verdict| verdict.in_scope),
            decision: part.response.decision().to_owned(),
            reason: part.response.reason().map(str::to_owned),
        };
        if part.explanation.is_some() {
            let said = part.read_as.as_ref().and(self.query.conversation.answered.as_ref());
            let text = part.read_as.as_ref().unwrap_or(&part.text);
            let reading = self.read(text, None, said)?;
            account.nearest = self.nearest_account(&reading, part.winner.as_ref())?;
            let terms = terms(&reading, Row(0))?;
            account.unknown_words =
                self.words_of(&reading.text, &terms, |term| term.document_frequency == 0);
        }
        Ok(account)
    }

    /// What the calibrator saw, strongest first.
    fn evidence_account(&self, evidence: &Evidence) -> Vec<EvidenceAccount> {
        let Some(calibrator) = &self.state.calibrator else {
            return Vec::new();
        };
        let mut account: Vec<EvidenceAccount> = calibrator
            .contributions(evidence)
            .map(|(feature, value, contribution)| EvidenceAccount {
                feature: feature.to_owned(),
                value,
                contribution,
                says: sentence(feature, value),
            })
            .collect();
        account.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        account
    }

    /// The nearest documents that this person's locality may see, the winner among them.
    fn nearest_account(
        &self,
        reading: &Reading<'_>,
        winner: Option<&PassageId>,
    ) -> Result<Vec<NearAccount>, Error> {
        let snapshot = &self.state.snapshot;
        let mut seen = BTreeSet::new();
        let mut nearest = Vec::new();
        for hit in reading.retrieved.ranking.hits() {
            let (Some(document), Some(passage)) =
                (snapshot.document_of(hit.row), snapshot.passage(hit.row))
            else {
                continue;
            };
            let has_won = winner.is_some_and(|winner| winner.document == document.id);
            if !seen.insert(&document.id) || (seen.len() > NEAREST && !has_won) {
                continue;
            }
            let terms = terms(reading, hit.row)?;
            nearest.push(NearAccount {
                document: document.id.clone(),
                title: document.title.clone(),
                section: passage.section(),
                won: has_won,
                score: hit.score.get(),
                words: self.words_of(&reading.text, &terms, |term| term.weighted_frequency > 0.0),
                barred: self.barred(document),
            });
        }
        Ok(nearest)
    }

    fn barred(&self, document: &Document) -> Option<String> {
        if !self.is_served(document) {
            return Some("belongs to a programme that is not served here".to_owned());
        }
        self.may_quote(document).err().map(|why| why.to_string())
    }

    /// The words of a text whose terms are wanted, each once, in order, with what they were read as
    /// where that is another word.
    fn words_of(
        &self,
        text: &str,
        terms: &[TermExplanation],
        wanted: impl Fn(&TermExplanation) -> bool,
    ) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for found in self.state.snapshot.analyzer().analyse(text).terms {
            let Some(term) = terms.iter().find(|term| term.term == found.text) else {
                continue;
            };
            let Some(mut word) = text.get(found.start..found.end).map(str::to_lowercase) else {
                continue;
            };
            if term.variants != [found.text] {
                word = format!("{word} (as {})", term.variants.join(" or "));
            }
            if wanted(term) && !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }
}

/// The terms of a question, each with what a row holds of it.
fn terms(reading: &Reading<'_>, row: Row) -> Result<Vec<TermExplanation>, Error> {
    Ok(match reading.retrieved.lexical.explain(row)? {
        RetrieverExplanation::Lexical(lexical) => lexical.terms,
        _ => Vec::new(),
    })
}

/// How often each kind of placeholder stands in a kept message.
fn hidden(kept: &str) -> Vec<HiddenAccount> {
    let kinds = Kind::ALL.into_iter().map(|kind| HiddenAccount {
        kind: kind.placeholder().trim_matches(['[', ']']).to_owned(),
        count: kept.matches(kind.placeholder()).count(),
    });
    kinds.filter(|hidden| hidden.count > 0).collect()
}

/// Words of a raw message, placeholders in the place of what names a person.
fn shown(raw: &str, spans: &[Range<usize>]) -> Vec<String> {
    let found = redact(raw).found;
    let mut words: Vec<String> = Vec::new();
    for span in spans {
        let hidden = found.iter().find(|f| f.start < span.end && span.start < f.end);
        let word = match hidden {
            Some(found) => found.kind.placeholder().to_owned(),
            None => raw.get(span.clone()).unwrap_or_default().to_owned(),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}
