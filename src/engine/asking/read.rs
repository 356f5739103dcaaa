//! From a question to the head of a ranking and what is thought of it.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Asking, micros};
use crate::answer::response::Meaning;
use crate::calibrate::artifact::{Judgement, Verdict};
use crate::calibrate::evidence::{Context, wording};
use crate::calibrate::{Evidence, Pool};
use crate::corpus::document::{Document, Kind};
use crate::engine::Explanation;
use crate::error::Error;
use crate::fuse::Fusion as _;
use crate::ids::{Nation, PassageId, Programme};
use crate::index::postings::TextField;
use crate::retrieve::{BoundQuery, Candidates, Hit, Ranking, RetrieveError, Retriever as _, Row};
use crate::score::Score;
use crate::text::fold;

use super::quote::query_terms;

/// Candidates each retriever gives when a message is asked.
pub const ASK_DEPTH: usize = 100;
/// Added to the fused score of guidance written for the very locality or nation asked about, so
/// that it wins over general guidance that matches about as well.
const SCOPE_BONUS: f64 = 0.05;

/// A question with its two bound retrievers and what they found.
pub(super) struct Retrieved<'a> {
    pub(super) lexical: Box<dyn BoundQuery + 'a>,
    pub(super) dense: Box<dyn BoundQuery + 'a>,
    pub(super) candidates: Candidates,
    /// Everything the person's locality may see, whatever the programme.
    pub(super) ranking: Ranking,
    /// Programme of the best hit before any bonus.
    subject: Option<Programme>,
    /// Whether another service's local guidance scored best of all.
    pub(super) is_local: bool,
    /// How the message is put.
    wording: [f64; wording::WIDTH],
}

/// The head of a ranking with what is thought of it.
pub(super) struct Head {
    pub(super) row: Row,
    pub(super) pool: Pool,
    pub(super) evidence: Evidence,
    pub(super) verdict: Option<Verdict>,
}

/// A question, read: what may answer it, and how sure that is.
pub(super) struct Reading<'a> {
    pub(super) text: String,
    pub(super) retrieved: Retrieved<'a>,
    /// The best of what may answer this person.
    pub(super) head: Option<Head>,
    /// The best of any scope, where that is another.
    pub(super) overall: Option<Head>,
    /// The programmes that could each answer.
    pub(super) meanings: Vec<Meaning>,
}

impl Reading<'_> {
    /// The confidence of the head; 0 without one.
    pub(super) fn confidence(&self) -> f64 {
        let verdict = self.head.as_ref().and_then(|head| head.verdict);
        verdict.map_or(0.0, |verdict| verdict.confidence.get())
    }
}

impl<'a> Asking<'a> {
    /// Reads a question. With a programme known from before, that one decides where several could
    /// be meant. The passage that was said last is left out for a question that leans on it, since
    /// that one asks for something else.
    pub(super) fn read(
        &self,
        text: &str,
        programme: Option<&Programme>,
        said: Option<&PassageId>,
    ) -> Result<Reading<'a>, Error> {
        let mut retrieved = self.retrieve(text)?;
        if let Some(row) = said.and_then(|passage| self.state.snapshot.row(passage)) {
            let others = retrieved.ranking.hits().iter().copied().filter(|hit| hit.row != row);
            retrieved.ranking = Ranking::from_hits(others);
        }
        let judging = Instant::now();
        let served = self.restrict(&retrieved, |d| self.is_served(d) && self.holds_here(d));
        let head = self.head(&retrieved, &served)?;
        let overall = match retrieved.ranking.first() {
            Some(_) if served.first() != retrieved.ranking.first() => {
                self.head(&retrieved, &retrieved.ranking)?
            }
            _ => None,
        };
        // The best guidance of any scope may be guidance for this person after all.
        let overall = overall.filter(|other| {
            let document = self.state.snapshot.document_of(other.row);
            !document.is_some_and(|d| self.is_served(d) && self.holds_here(d))
        });
        let mut meanings = Vec::new();
        if let Some(head) = &head {
            meanings = self.meanings(&retrieved, &served)?;
            let is_plain = meanings.len() > 1
                && (meanings.iter().any(|m| Some(&m.programme) == programme)
                    || self.is_named(text, head)
                    || (self.is_sure(head) && self.names_a_programme(&retrieved, head)?));
            if is_plain {
                meanings.clear();
            }
        }
        self.clock(|t| t.rank_us += micros(judging.elapsed()));
        Ok(Reading { text: text.to_owned(), retrieved, head, overall, meanings })
    }

    /// Reads a question that only some documents may answer, which the person chose.
    pub(super) fn read_only(
        &self,
        text: &str,
        may: impl Fn(&Document) -> bool,
    ) -> Result<Reading<'a>, Error> {
        let retrieved = self.retrieve(text)?;
        let chosen = self.restrict(&retrieved, |d| may(d) && self.is_served(d));
        let head = self.head(&retrieved, &chosen)?;
        Ok(Reading { text: text.to_owned(), retrieved, head, overall: None, meanings: Vec::new() })
    }

    pub(super) fn explain(&self, reading: &Reading<'_>, head: &Head) -> Result<Explanation, Error> {
        let retrieved = &reading.retrieved;
        let document = self.state.snapshot.document_of(head.row);
        self.state.explain(
            head.row,
            retrieved.lexical.as_ref(),
            retrieved.dense.as_ref(),
            &retrieved.candidates,
            document.map_or(0.0, |d| self.scope_bonus(d, retrieved.subject.as_ref())),
        )
    }

    fn retrieve(&self, text: &str) -> Result<Retrieved<'a>, Error> {
        let start = Instant::now();
        let lexical = self.state.lexical.bind(text)?;
        let after_lexical = start.elapsed();
        let dense = self.state.dense.bind_begun(text, &self.begun.borrow())?;
        let after_dense = start.elapsed();
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), ASK_DEPTH);
        let fused = self.state.settings.fusion.fuse(&candidates);
        let visible = |row: Row| {
            let document = self.state.snapshot.document_of(row);
            document.filter(|d| {
                d.kind != Kind::Local || (d.locality.is_some() && d.locality == self.query.locality)
            })
        };
        let is_local = self.query.locality.is_none()
            && fused.first().is_some_and(|hit| {
                self.state.snapshot.document_of(hit.row).is_some_and(|d| d.kind == Kind::Local)
            });
        // Guidance of the person's own scope may win over general guidance on the same subject,
        // not change the subject: the bonus keeps to the programme of the best hit without it.
        let subject = fused.hits().iter().find_map(|hit| visible(hit.row)).map(|d| &d.programme);
        let subject = subject.cloned();
        let ranking = Ranking::from_hits(fused.hits().iter().filter_map(|hit| {
            let bonus = self.scope_bonus(visible(hit.row)?, subject.as_ref());
            Some(Hit { row: hit.row, score: Score::new(hit.score.get() + bonus)? })
        }));
        self.clock(|t| {
            t.lexical_us += micros(after_lexical);
            t.dense_us += micros(after_dense.saturating_sub(after_lexical));
            t.rank_us += micros(start.elapsed().saturating_sub(after_dense));
        });
        let wording = wording::features(text);
        Ok(Retrieved { lexical, dense, candidates, ranking, subject, is_local, wording })
    }

    /// Guidance written for the very locality or nation asked about wins over general guidance
    /// on the same subject.
    fn scope_bonus(&self, document: &Document, subject: Option<&Programme>) -> f64 {
        let own_locality =
            self.query.locality.is_some() && document.locality == self.query.locality;
        let own_nation = self
            .nation
            .is_some_and(|nation| nation != Nation::England && document.nations == [nation]);
        let same_subject = subject.is_some_and(|s| document.programme.serves(s));
        if same_subject && (own_locality || own_nation) { SCOPE_BONUS } else { 0.0 }
    }

    pub(super) fn holds_here(&self, document: &Document) -> bool {
        document.nations.contains(&self.nation.unwrap_or(Nation::England))
    }

    pub(super) fn is_served(&self, document: &Document) -> bool {
        self.query.programmes.is_empty()
            || self.query.programmes.iter().any(|p| document.programme.serves(p))
    }

    pub(super) fn restrict(
        &self,
        retrieved: &Retrieved<'_>,
        keep: impl Fn(&Document) -> bool,
    ) -> Ranking {
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
        let pool = Pool::gather(&Context {
            candidates: &retrieved.candidates,
            ranking,
            unrestricted,
            lexical: retrieved.lexical.as_ref(),
            dense: retrieved.dense.as_ref(),
            vectors: self.state.snapshot.vectors(),
            background: self.state.background()?,
            is_rival: &|winner, row| self.is_rival(winner, row),
            wording: &retrieved.wording,
        })?;
        let Some(pool) = pool else {
            return Ok(None);
        };
        let judgement = match &self.state.calibrator {
            Some(calibrator) => calibrator.judge(&pool),
            None => Judgement::uncalibrated(&pool),
        };
        Ok(judgement.and_then(|Judgement { place, evidence, verdict }| {
            let row = pool.contenders().get(place)?.row;
            Some(Head { row, pool, evidence, verdict })
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

    pub(super) fn is_sure(&self, head: &Head) -> bool {
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

    /// Whether the message names the programme of the best guidance, and no other.
    fn is_named(&self, text: &str, head: &Head) -> bool {
        let words: Vec<String> = fold::words(text).map(|word| word.folded).collect();
        let named = |programme: &Programme| {
            programme.as_str() != Programme::ALL
                && programme.as_str().split('-').all(|part| words.iter().any(|word| word == part))
        };
        let snapshot = &self.state.snapshot;
        let best = snapshot.programme_of(head.row);
        best.is_some_and(|best| {
            let mut others = snapshot.programmes().iter().filter(|other| *other != best);
            named(best) && others.all(|other| !named(other))
        })
    }

    /// Whether the message holds a word that only one programme's guidance uses.
    fn names_a_programme(&self, retrieved: &Retrieved<'_>, head: &Head) -> Result<bool, Error> {
        let snapshot = &self.state.snapshot;
        for term in query_terms(&retrieved.lexical.explain(head.row)?) {
            let mut programmes: BTreeSet<&Programme> = BTreeSet::new();
            for form in &term.forms {
                for field in TextField::ALL {
                    let visited = snapshot.postings().visit(field, form, |row, _| {
                        programmes.extend(snapshot.programme_of(Row(row)));
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
}
