//! Does everything a document names exist, and does a question lead to every document?

use std::collections::{BTreeMap, BTreeSet};

use super::vocabulary::content_stems;
use super::{Findings, Rule};
use crate::corpus::document::{Block, Document, Format};
use crate::corpus::facts::FACTS_FILE;
use crate::corpus::read::Corpus;
use crate::ids::{FactId, Programme};
use crate::text::fold::words;

pub(super) fn check(document: &Document, corpus: &Corpus, findings: &mut Findings) {
    for id in &document.see_also {
        let problem = if *id == document.id {
            "the document names itself as related"
        } else if corpus.document(id).is_none() {
            "the related document does not exist"
        } else {
            continue;
        };
        let message = format!("{problem}: `{id}`");
        let rule = Rule::DeadLink;
        findings.at_value(document, "see_also", id.as_str(), rule, message, "correct or remove it");
    }
    for id in &document.facts {
        if !corpus.facts.iter().any(|fact| fact.id == *id) {
            let message = format!("the fact `{id}` is not in {FACTS_FILE}");
            let rule = Rule::UnknownFact;
            let cure = "add the fact, or correct its id";
            findings.at_value(document, "facts", id.as_str(), rule, message, cure);
        }
    }
    if document.format == Format::Guidance && document.kind.is_retrieved() {
        reach(document, findings);
    }
}

fn reach(document: &Document, findings: &mut Findings) {
    let front = &document.text[..document.body.start];
    let offset = front.find("\nquestions =").map_or(0, |at| at + 1);
    if document.questions.is_empty() {
        let message = "the document has no question variants";
        let cure = "add `questions` in the words people use";
        findings.at(document, offset, Rule::Unreachable, message, cure);
        return;
    }
    let asked: BTreeSet<String> =
        document.questions.iter().flat_map(|question| content_stems(question)).collect();
    let said = document.blocks.iter().flat_map(|block| match block {
        Block::Heading { span, .. } => std::slice::from_ref(span),
        Block::Paragraph { sentences, .. } | Block::Item { sentences, .. } => sentences,
    });
    let shares = content_stems(&document.title).any(|stem| asked.contains(&stem))
        || said.into_iter().any(|s| content_stems(document.slice(s)).any(|w| asked.contains(&w)));
    if !shares {
        let message = "no question variant shares a word with the document";
        let cure = "ask what the document answers, in some of its words";
        findings.at(document, offset, Rule::Unreachable, message, cure);
    }
}

/// Facts that nobody cites.
pub(super) fn check_facts(corpus: &Corpus, findings: &mut Findings) {
    let cited: BTreeSet<&str> =
        corpus.documents.iter().flat_map(|d| &d.facts).map(FactId::as_str).collect();
    for fact in corpus.facts.iter().filter(|fact| !cited.contains(fact.id.as_str())) {
        let message = format!("no document cites the fact `{}`", fact.id);
        let cure = "cite it where it is used, or remove it";
        findings.line(FACTS_FILE, fact.line, Rule::UnusedFact, message, cure);
    }
}

/// Question variants that lead to two documents which may both answer one person.
pub(super) fn check_questions(documents: &[&Document], findings: &mut Findings) {
    let mut askers: BTreeMap<String, Vec<(&Document, &str)>> = BTreeMap::new();
    for document in documents {
        let mut seen = BTreeSet::new();
        for question in &document.questions {
            let key = words(question).map(|w| w.folded).collect::<Vec<_>>().join(" ");
            if seen.insert(key.clone()) {
                askers.entry(key).or_default().push((document, question));
            }
        }
    }
    for askers in askers.values() {
        for (n, (later, question)) in askers.iter().enumerate() {
            let Some((earlier, _)) = askers[..n].iter().find(|(d, _)| may_meet(d, later)) else {
                continue;
            };
            let message = format!("`{question}` is also a question variant of {}", earlier.path);
            let cure = "keep it where the answer is, and word the other differently";
            let rule = Rule::RepeatedQuestion;
            findings.at_value(later, "questions", question, rule, message, cure);
        }
    }
}

/// Whether two documents may answer one question of one person: they serve a programme in common
/// and share people.
pub(super) fn may_meet(a: &Document, b: &Document) -> bool {
    let all = |programme: &Programme| programme.as_str() == Programme::ALL;
    let programmes = a.programme == b.programme || all(&a.programme) || all(&b.programme);
    programmes && share_people(a, b)
}

/// Whether two documents hold for people in common: a nation of both, and no two localities.
pub(super) fn share_people(a: &Document, b: &Document) -> bool {
    let localities = match (&a.locality, &b.locality) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    localities && a.nations.iter().any(|nation| b.nations.contains(nation))
}
