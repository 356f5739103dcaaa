//! The last check before anything is said: every quote is verbatim, whole and allowed.
//!
//! Independent of extraction on purpose: it looks at the finished citations only and trusts no
//! earlier layer.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;

use super::response::Citation;
use crate::corpus::document::{Barred, Block, Document};
use crate::ids::DocumentId;
use crate::index::snapshot::Snapshot;
use crate::index::store::Revocation;

/// Why a quote must not be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ungrounded {
    /// There is no such document.
    #[error("no document `{document}` in the snapshot")]
    Missing {
        /// The document cited.
        document: DocumentId,
    },
    /// The document may not be quoted.
    #[error("document `{document}` may not be quoted: {why}")]
    Barred {
        /// The document cited.
        document: DocumentId,
        /// Why not.
        why: Barred,
    },
    /// The quote is not what stands at its place.
    #[error("the quote of `{document}` differs from bytes {start} to {end} of its file")]
    NotVerbatim {
        /// The document cited.
        document: DocumentId,
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// A sentence or keep group was cut.
    #[error("the quote of `{document}` cuts bytes {start} to {end}, which stay together")]
    Cut {
        /// The document cited.
        document: DocumentId,
        /// First byte of what was cut.
        start: usize,
        /// One past its last byte.
        end: usize,
    },
}

/// Whether a document may be quoted on a day, revocations included.
///
/// # Errors
/// [`Barred`] with the first reason why not.
pub fn standing(
    document: &Document,
    revocations: &BTreeMap<DocumentId, Revocation>,
    on: Date,
) -> Result<(), Barred> {
    if revocations.contains_key(&document.id) {
        return Err(Barred::Revoked);
    }
    document.standing(on)
}

/// Checks finished citations.
///
/// # Errors
/// [`Ungrounded`] naming the first quote that must not be given.
pub fn check(
    citations: &[Citation],
    snapshot: &Snapshot,
    revocations: &BTreeMap<DocumentId, Revocation>,
    on: Date,
) -> Result<(), Ungrounded> {
    for citation in citations {
        let id = &citation.document;
        let document =
            snapshot.document(id).ok_or_else(|| Ungrounded::Missing { document: id.clone() })?;
        standing(document, revocations, on)
            .map_err(|why| Ungrounded::Barred { document: id.clone(), why })?;
        let Range { start, end } = citation.span;
        if document.text.get(start..end) != Some(citation.quote.as_str()) {
            return Err(Ungrounded::NotVerbatim { document: id.clone(), start, end });
        }
        let quoted: Vec<&Range<usize>> =
            citations.iter().filter(|c| c.document == *id).map(|c| &c.span).collect();
        if let Some(cut) = first_cut(document, &quoted) {
            return Err(Ungrounded::Cut { document: id.clone(), start: cut.start, end: cut.end });
        }
    }
    Ok(())
}

/// The first sentence, lead-in or keep group that the quotes touch without covering it.
fn first_cut(document: &Document, quoted: &[&Range<usize>]) -> Option<Range<usize>> {
    let covers =
        |part: &Range<usize>| quoted.iter().any(|q| q.start <= part.start && part.end <= q.end);
    let touches =
        |part: &Range<usize>| quoted.iter().any(|q| q.start < part.end && part.start < q.end);
    let mut kept: BTreeMap<u32, Vec<Range<usize>>> = BTreeMap::new();
    for block in &document.blocks {
        let (sentences, keep, lead_in) = match block {
            Block::Heading { .. } => continue,
            Block::Paragraph { sentences, keep } => (sentences, keep, None),
            Block::Item { sentences, keep, lead_in } => (sentences, keep, Some(lead_in)),
        };
        for sentence in sentences {
            if touches(sentence) && !covers(sentence) {
                return Some(sentence.clone());
            }
        }
        if let Some(lead_in) = lead_in
            && sentences.iter().any(covers)
            && !covers(lead_in)
        {
            return Some(lead_in.clone());
        }
        if let Some(group) = keep {
            kept.entry(*group).or_default().extend(sentences.iter().cloned());
        }
    }
    kept.into_values().find_map(|group| {
        let any = group.iter().any(touches);
        group.into_iter().find(|sentence| any && !covers(sentence))
    })
}
