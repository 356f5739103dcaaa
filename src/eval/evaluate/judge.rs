//! Lays the grades of a topic along its hits.

use rustc_hash::FxHashMap;

use crate::eval::measure::JudgedRanking;
use crate::eval::trec::{Judgement, hit_order};

/// A hit with the line it stands at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'a> {
    pub(super) document: &'a str,
    pub(super) score: f64,
    pub(super) line: usize,
    grade: Option<i32>,
}

impl<'a> Hit<'a> {
    pub(super) fn new(document: &'a str, score: f64, line: usize) -> Self {
        Self { document, score, line, grade: None }
    }
}

/// A document that stands twice for a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duplicate<'a> {
    pub(super) document: &'a str,
    pub(super) line: usize,
    pub(super) before: usize,
}

/// What is known of a document.
struct Known {
    grade: Option<i32>,
    line: Option<usize>,
}

/// Room for one topic, used again for the next.
#[derive(Default)]
pub(super) struct Judge<'a> {
    documents: FxHashMap<&'a str, Known>,
    hits: Vec<Hit<'a>>,
    ranked: Vec<Option<i32>>,
    judged: Vec<i32>,
}

impl<'a> Judge<'a> {
    /// Takes a topic; tells the first document, in the order given, that stands twice.
    pub(super) fn take(
        &mut self,
        judgements: &'a [Judgement],
        hits: impl Iterator<Item = Hit<'a>>,
    ) -> Option<Duplicate<'a>> {
        self.documents.clear();
        self.judged.clear();
        self.hits.clear();
        for Judgement { document, grade } in judgements {
            self.judged.push(*grade);
            self.documents.insert(document, Known { grade: Some(*grade), line: None });
        }
        let mut duplicate = None;
        for mut hit in hits {
            let known = self.documents.entry(hit.document);
            let known = known.or_insert(Known { grade: None, line: None });
            if let Some(before) = known.line.replace(hit.line)
                && duplicate.is_none()
            {
                let Hit { document, line, .. } = hit;
                duplicate = Some(Duplicate { document, line, before });
            }
            hit.grade = known.grade;
            self.hits.push(hit);
        }
        duplicate
    }

    /// The grades of the topic taken, in the one order of hits.
    pub(super) fn ranking(&mut self) -> JudgedRanking<'_> {
        let order =
            |a: &Hit<'_>, b: &Hit<'_>| hit_order((a.score, a.document), (b.score, b.document));
        if !self.hits.is_sorted_by(|a, b| order(a, b).is_le()) {
            self.hits.sort_unstable_by(order);
        }
        self.judged.sort_unstable_by(|a, b| b.cmp(a));
        self.ranked.clear();
        self.ranked.extend(self.hits.iter().map(|hit| hit.grade));
        JudgedRanking { ranked: &self.ranked, judged: &self.judged }
    }
}
