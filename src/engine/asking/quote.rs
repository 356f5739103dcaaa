//! Which words of the winning document are sent.

use std::ops::Range;

use super::Asking;
use super::read::Retrieved;
use crate::answer::extract;
use crate::answer::response::Citation;
use crate::corpus::document::{Document, Passage};
use crate::error::Error;
use crate::ids::DocumentId;
use crate::retrieve::{RetrieverExplanation, Row};
use crate::score::Score;

impl Asking<'_> {
    /// What to quote from the winning document, each span with its section: the passage worth
    /// most, and beside it a second one where both fit; see
    /// [`AnswerSettings`](crate::index::settings::AnswerSettings).
    pub(super) fn quoted_spans(
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
    pub(super) fn local_contact(&self, document: &Document) -> Option<(String, Vec<Citation>)> {
        let locality = self.query.locality.as_ref()?;
        ["contact", "other-programmes"].into_iter().find_map(|name| {
            let id = DocumentId::new(format!("local-{locality}-{name}")).ok()?;
            let contact = self.state.snapshot.document(&id)?;
            let fits = contact.programme.serves(&document.programme) && contact.id != document.id;
            if fits { self.quote_whole(contact) } else { None }
        })
    }
}

/// The query's terms as the lexical retriever saw them.
pub(super) fn query_terms(explanation: &RetrieverExplanation) -> Vec<extract::QueryTerm> {
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

pub(super) fn citation(
    document: &Document,
    section: String,
    span: Range<usize>,
) -> Option<Citation> {
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
