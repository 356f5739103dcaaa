//! One message on its way: from raw text to a reply.
//!
//! The order is the point: urgent rules first, then routes, both on the raw message; then
//! redaction, retrieval, scope, confidence; words last, and checked again before they leave.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use super::second::{FirstLook, SecondLook, SecondReader};
use super::{Reply, State, Timings};
use crate::answer::response::{
    Answer, Citation, Clarify, Handover, Meaning, Nearest, Reason, Response, Standing, Urgent,
};
use crate::answer::{extract, ground};
use crate::calibrate::Evidence;
use crate::calibrate::artifact::Verdict;
use crate::calibrate::evidence::Context;
use crate::corpus::document::{Barred, Document, Kind, Passage};
use crate::dialogue::safety::{Alarm, Decision};
use crate::error::Error;
use crate::fuse::Fusion as _;
use crate::ids::{DocumentId, Nation, Programme};
use crate::index::postings::TextField;
use crate::index::store::Revocation;
use crate::query::Query;
use crate::retrieve::{
    BoundQuery, Candidates, Hit, Ranking, RetrieveError, Retriever as _, RetrieverExplanation, Row,
};
use crate::score::Score;
use crate::text::fold;
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
const IN_SCOPE: f64 = 0.4;
/// Id of the approved line that points to another programme.
const OTHER_PROGRAMME_REPLY: &str = "route-other-programme";
/// Id of the approved line that asks which programme is meant.
const WHICH_PROGRAMME_REPLY: &str = "route-which-programme";
/// Id of the approved line sent when a message is not about screening.
const OUT_OF_SCOPE_REPLY: &str = "route-out-of-scope";
/// Id of the approved line sent when a person has to answer.
const HANDOVER_REPLY: &str = "route-handover";
/// Replies of an alarm whose own text was taken back.
const SEE_A_GP_REPLY: &str = "safety-see-a-gp";
const EMERGENCY_REPLY: &str = "safety-emergency";
/// Bytes of a message that are retrieved with; safety and routes read all of it.
const MOST_RETRIEVED_BYTES: usize = 8192;
/// Words with which guidance points to the local service; its contact text follows then.
const CONTACT_CUE: &str = "contact your local ";

/// One message on its way.
pub(super) struct Asking<'a> {
    pub(super) state: &'a State,
    pub(super) revocations: &'a BTreeMap<DocumentId, Revocation>,
    pub(super) query: &'a Query,
    pub(super) timings: Cell<Timings>,
    pub(super) second: &'a SecondReader,
    pub(super) second_look: RefCell<Option<SecondLook>>,
}

/// A message with its two bound retrievers and what they found.
struct Retrieved<'a> {
    lexical: Box<dyn BoundQuery + 'a>,
    dense: Box<dyn BoundQuery + 'a>,
    candidates: Candidates,
    /// Everything the person's locality may see, whatever the programme.
    ranking: Ranking,
    /// Programme of the best hit before any bonus.
    subject: Option<Programme>,
    asks: bool,
}

/// The head of a ranking with what is thought of it.
struct Head {
    row: Row,
    evidence: Evidence,
    verdict: Option<Verdict>,
}

impl<'a> Asking<'a> {
    pub(super) fn reply(self) -> Result<Reply, Error> {
        let start = Instant::now();
        let fixed = self.fixed();
        self.clock(|t| t.rules_us = micros(start.elapsed()));
        let mut reply = match fixed {
            Some(response) => self.wrap(response),
            None => self.retrieve_and_answer()?,
        };
        self.clock(|t| t.total_us = micros(start.elapsed()));
        reply.timings = self.timings.get();
        reply.second_look = self.second_look.take();
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
            second_look: None,
            timings: Timings::default(),
        }
    }

    /// The urgent reply alone, if the message sounds urgent.
    pub(super) fn alarm(&self) -> Option<Reply> {
        self.urgent().map(|response| self.wrap(response))
    }

    /// Safety and routes alone, with the time they took.
    pub(super) fn first_look(self) -> FirstLook {
        let start = Instant::now();
        let response = self.fixed();
        let took = start.elapsed();
        FirstLook { response, second_look: self.second_look.take(), took }
    }

    /// Safety first, on the whole raw message; then routes.
    fn fixed(&self) -> Option<Response> {
        self.urgent().or_else(|| self.route())
    }

    fn urgent(&self) -> Option<Response> {
        let by_rule = self.state.rules.assess(&self.query.text);
        if let Some(alarm) = by_rule.as_ref().filter(|alarm| alarm.always) {
            return Some(self.raise(alarm.clone()));
        }
        let look = self.second.look(&self.query.text, &self.state.rules, by_rule.as_ref());
        let overruled = look.as_ref().is_some_and(|l| l.overruled.is_some());
        let alarm = match by_rule {
            Some(_) if overruled => None,
            Some(alarm) => Some(alarm),
            None => look.as_ref().and_then(|l| l.alarm(&self.state.rules)),
        };
        self.second_look.replace(look);
        alarm.map(|alarm| self.raise(alarm))
    }

    fn raise(&self, alarm: Alarm) -> Response {
        // Withdrawn or revoked, a text is replaced by the nearest general one: an alarm must not
        // be silent.
        let replies = [alarm.reply.as_str(), SEE_A_GP_REPLY, EMERGENCY_REPLY];
        let texts = replies.into_iter().map(|reply| self.fixed_text(reply));
        let (text, citations) = texts.into_iter().find(|t| !t.0.is_empty()).unwrap_or_default();
        Response::Urgent(Urgent {
            text,
            citations,
            channel: alarm.channel,
            reason: alarm.reason,
            rule: alarm.rule,
            spans: alarm.spans,
        })
    }

    fn route(&self) -> Option<Response> {
        let route = self.state.rules.route(&self.query.text)?;
        let (text, citations) = self.fixed_text(route.reply.as_str());
        let (reason, rule) = (Reason::Route(route.reason), Some(route.rule));
        Some(match route.decision {
            Decision::Clarify | Decision::Chat => {
                Response::Clarify(Clarify { text, citations, reason, rule, options: Vec::new() })
            }
            Decision::Handover | Decision::Urgent => Response::Handover(Handover {
                reason,
                rule,
                text,
                citations,
                barred: None,
                confidence: None,
                nearest: Vec::new(),
            }),
        })
    }

    /// A fixed text, whole, if it may be said today.
    fn fixed_text(&self, id: &str) -> (String, Vec<Citation>) {
        let Some(document) =
            DocumentId::new(id).ok().and_then(|id| self.state.snapshot.document(&id))
        else {
            return (String::new(), Vec::new());
        };
        self.quote_whole(document).unwrap_or_default()
    }

    /// A fixed text of rules speaks on even when its review is overdue, as the rules do: silence
    /// would be the worse failure. Drafts, withdrawn and revoked texts never speak.
    fn quote_whole(&self, document: &Document) -> Option<(String, Vec<Citation>)> {
        let approval = &document.approval;
        let day = match (document.kind, approval.on, approval.review_due) {
            (Kind::Safety | Kind::Route, Some(on), Some(due)) if on <= due => {
                self.query.today.clamp(on, due)
            }
            _ => self.query.today,
        };
        ground::standing(document, self.revocations, day).ok()?;
        let spans = extract::whole(document);
        let citations: Vec<Citation> = spans
            .iter()
            .filter_map(|span| citation(document, String::new(), span.clone()))
            .collect();
        ground::check(&citations, &self.state.snapshot, self.revocations, day).ok()?;
        Some((extract::render(document, &spans), citations))
    }

    fn retrieve_and_answer(&self) -> Result<Reply, Error> {
        let plain = self.retrieval_text();
        if self.state.snapshot.analyzer().analyse(&plain).is_empty()
            && !plain.chars().any(char::is_alphanumeric)
        {
            let (text, citations) = self.fixed_text(WHICH_PROGRAMME_REPLY);
            let reason = Reason::Empty;
            let clarify = Clarify { text, citations, reason, rule: None, options: Vec::new() };
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
        let mut meanings = self.meanings(&retrieved, &served)?;
        if self.is_sure(&head) && meanings.len() > 1 && self.names_a_programme(&retrieved, &head)? {
            meanings.clear();
        }
        self.clock(|t| t.rank_us += micros(judging.elapsed()));
        let answering = Instant::now();
        let response = self.decide(&head, overall.as_ref(), meanings, &retrieved);
        self.clock(|t| t.answer_us = micros(answering.elapsed()));
        let explanation = self.state.explain(
            head.row,
            retrieved.lexical.as_ref(),
            retrieved.dense.as_ref(),
            &retrieved.candidates,
            self.state
                .snapshot
                .document_of(head.row)
                .map_or(0.0, |d| self.scope_bonus(d, retrieved.subject.as_ref())),
        )?;
        let mut reply = self.wrap(response);
        reply.winner = self.state.snapshot.passage(head.row).map(|p| p.id.clone());
        reply.evidence = Some(head.evidence);
        reply.verdict = head.verdict;
        reply.explanation = Some(explanation);
        Ok(reply)
    }

    /// What is retrieved with: the message without what names a person, without characters that
    /// cannot be seen, and not endlessly long.
    fn retrieval_text(&self) -> String {
        let mut plain = self.query.text.clone();
        for found in redact(&plain).found.iter().rev() {
            plain.replace_range(found.start..found.end, " ");
        }
        let mut plain = fold::visible(&plain).into_owned();
        plain.truncate(plain.floor_char_boundary(MOST_RETRIEVED_BYTES));
        plain
    }

    fn retrieve(&self, text: &str) -> Result<Retrieved<'a>, Error> {
        let start = Instant::now();
        let lexical = self.state.lexical.bind(text)?;
        let after_lexical = start.elapsed();
        let dense = self.state.dense.bind(text)?;
        let after_dense = start.elapsed();
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), ASK_DEPTH);
        let fused = self.state.settings.fusion.fuse(&candidates);
        let visible = |row: Row| {
            let document = self.state.snapshot.document_of(row);
            document.filter(|d| {
                d.kind != Kind::Local || (d.locality.is_some() && d.locality == self.query.locality)
            })
        };
        // Guidance of the person's own scope may win over general guidance on the same subject,
        // not change the subject: the bonus keeps to the programme of the best hit without it.
        let subject = fused.hits().iter().find_map(|hit| visible(hit.row)).map(|d| &d.programme);
        let subject = subject.cloned();
        let ranking = Ranking::from_hits(fused.hits().iter().filter_map(|hit| {
            let bonus = self.scope_bonus(visible(hit.row)?, subject.as_ref());
            Some(Hit { row: hit.row, score: Score::new(hit.score.get() + bonus)? })
        }));
        self.clock(|t| {
            t.lexical_us = micros(after_lexical);
            t.dense_us = micros(after_dense.saturating_sub(after_lexical));
            t.rank_us = micros(start.elapsed().saturating_sub(after_dense));
        });
        Ok(Retrieved { lexical, dense, candidates, ranking, subject, asks: asks(text) })
    }

    /// Guidance written for the very locality or nation asked about wins over general guidance
    /// on the same subject.
    fn scope_bonus(&self, document: &Document, subject: Option<&Programme>) -> f64 {
        let own_locality =
            self.query.locality.is_some() && document.locality == self.query.locality;
        let own_nation = self
            .query
            .nation
            .is_some_and(|nation| nation != Nation::England && document.nations == [nation]);
        let same_subject = subject.is_some_and(|s| document.programme.serves(s));
        if same_subject && (own_locality || own_nation) { SCOPE_BONUS } else { 0.0 }
    }

    fn holds_here(&self, document: &Document) -> bool {
        document.nations.contains(&self.query.nation())
    }

    fn is_served(&self, document: &Document) -> bool {
        self.query.programmes.is_empty()
            || self.query.programmes.iter().any(|p| document.programme.serves(p))
    }

    fn restrict(&self, retrieved: &Retrieved<'_>, keep: impl Fn(&Document) -> bool) -> Ranking {
        Ranking::from_hits(
            retrieved
                .ranking
                .hits()
                .iter()
                .copied()
                .filter(|hit| self.state.snapshot.document_of(hit.row).is_some_and(&keep)),
        )
    }

    fn head(&self, retrieved: &Retrieved<'_>, ranking: &Ranking) -> Result<Option<Head>, Error> {
        let Some(first) = ranking.first() else {
            return Ok(None);
        };
        let unrestricted =
            retrieved.ranking.first().map_or(first.score.get(), |hit| hit.score.get());
        let evidence = Evidence::of(&Context {
            candidates: &retrieved.candidates,
            ranking,
            unrestricted,
            lexical: &retrieved.lexical.explain(first.row)?,
            dense: &retrieved.dense.explain(first.row)?,
            is_rival: &|winner, row| self.is_rival(winner, row),
            asks: retrieved.asks,
        });
        Ok(evidence.map(|evidence| {
            let verdict = self.state.calibrator.as_ref().map(|c| c.judge(&evidence));
            Head { row: first.row, evidence, verdict }
        }))
    }

    fn is_rival(&self, winner: Row, row: Row) -> bool {
        let snapshot = &self.state.snapshot;
        let (Some(won), Some(other)) = (snapshot.document_of(winner), snapshot.document_of(row))
        else {
            return false;
        };
        let complete_each_other = (won.kind == Kind::Local) != (other.kind == Kind::Local)
            && other.programme.serves(&won.programme);
        won.id != other.id && !complete_each_other
    }

    fn is_sure(&self, head: &Head) -> bool {
        match (&self.state.calibrator, head.verdict) {
            (Some(calibrator), Some(verdict)) => calibrator.answers(verdict.confidence),
            _ => false,
        }
    }

    /// The programmes that could each answer, where the person's programme is not known.
    fn meanings(&self, retrieved: &Retrieved<'_>, served: &Ranking) -> Result<Vec<Meaning>, Error> {
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
            let Some(head) = self.head(retrieved, &only)? else {
                continue;
            };
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

    /// Whether the message holds a word that only one programme's guidance uses.
    fn names_a_programme(&self, retrieved: &Retrieved<'_>, head: &Head) -> Result<bool, Error> {
        let snapshot = &self.state.snapshot;
        for term in query_terms(&retrieved.lexical.explain(head.row)?) {
            let mut programmes: BTreeSet<&Programme> = BTreeSet::new();
            for form in &term.forms {
                for field in TextField::ALL {
                    let visited = snapshot.postings().visit(field, form, |row, _| {
                        programmes.extend(snapshot.document_of(Row(row)).map(|d| &d.programme));
                    });
                    visited.map_err(RetrieveError::from)?;
                }
            }
            if programmes.len() == 1 && programmes.iter().all(|p| p.as_str() != Programme::ALL) {
                return Ok(true);
            }
        }
        Ok(false)
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
        if meanings.len() > 1 {
            let (text, citations) = self.fixed_text(WHICH_PROGRAMME_REPLY);
            let reason = Reason::WhichProgramme;
            return Response::Clarify(Clarify {
                text,
                citations,
                reason,
                rule: None,
                options: meanings,
            });
        }
        if !self.is_sure(head) {
            let reason = if verdict.in_scope < IN_SCOPE {
                Reason::OutOfScope
            } else {
                Reason::LowConfidence
            };
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
        let Ok(quoted) = self.quoted_spans(head.row, document, retrieved) else {
            return self.decline(Reason::Ungrounded, Some(head), retrieved);
        };
        let spans: Vec<Range<usize>> = quoted.iter().map(|(s, _)| s.clone()).collect();
        let mut text = extract::render(document, &spans);
        let mut citations: Vec<Citation> = quoted
            .into_iter()
            .filter_map(|(span, section)| citation(document, section, span))
            .collect();
        if text.to_lowercase().contains(CONTACT_CUE)
            && let Some((contact, contact_citations)) = self.local_contact(document)
        {
            let whole = format!("{text}\n\n{contact}");
            if whole.len() < extract::MOST_BYTES {
                text = whole;
                citations.extend(contact_citations);
            }
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
    ) -> Result<Vec<(Range<usize>, String)>, Error> {
        let settings = &self.state.settings.answer;
        let analyzer = self.state.snapshot.analyzer();
        let query = query_terms(&retrieved.lexical.explain(winner)?);
        let mut worths: Vec<(Score, Row)> = Vec::new();
        for row in self.state.snapshot.rows_of_same_document(winner) {
            let Some(passage) = self.state.snapshot.passage(row) else {
                continue;
            };
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
        let mut chosen: Vec<(Row, Vec<Range<usize>>)> = Vec::new();
        let mut sentences = 0;
        for &(worth, row) in &worths {
            let Some(passage) = self.state.snapshot.passage(row) else {
                continue;
            };
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
                    self.state.snapshot.passage(row).map(Passage::section).unwrap_or_default();
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
            rule: None,
            text,
            citations,
            barred: None,
            confidence: other.verdict.map(|v| v.confidence),
            nearest: self.nearest(&retrieved.ranking),
        })
    }

    fn decline(&self, reason: Reason, head: Option<&Head>, retrieved: &Retrieved<'_>) -> Response {
        let reply = if reason == Reason::OutOfScope { OUT_OF_SCOPE_REPLY } else { HANDOVER_REPLY };
        let (text, citations) = self.fixed_text(reply);
        let document = head.and_then(|h| self.state.snapshot.document_of(h.row));
        let barred = match (&reason, document) {
            (Reason::Barred(why), Some(document)) => Some((document.id.clone(), why.clone())),
            _ => None,
        };
        Response::Handover(Handover {
            reason,
            rule: None,
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

fn citation(document: &Document, section: String, span: Range<usize>) -> Option<Citation> {
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
    text.contains('?') || fold::words(text).take(8).any(|w| CUES.contains(&w.folded.as_str()))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
