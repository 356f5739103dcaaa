//! Which words does a query look for? Its terms, what they may be misspellings of, and other
//! readings of them, each with where its postings lie.

use super::Lexical;
use crate::index::postings::{PerField, PostingList, Postings, PostingsError};

/// Terms shorter than this are never corrected: too many words lie near a short one.
const TYPO_LEAST_LENGTH: usize = 4;
/// Longer words are never corrected: no word of guidance is that long.
const TYPO_MOST_LENGTH: usize = 40;
/// From this length on, two edits are allowed.
const TYPO_TWO_EDITS: usize = 8;

/// One query term with its expansions.
#[derive(Debug)]
pub(super) struct Group {
    /// The term as analysed.
    pub(super) term: String,
    /// How often the query holds it.
    pub(super) count: u32,
    /// What is looked up for it: the term itself, or its nearest terms when it is unknown.
    pub(super) variants: Vec<Form>,
    /// Other readings.
    pub(super) concepts: Vec<Form>,
}

/// A word and its postings.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) text: String,
    pub(super) lists: PerField<Option<PostingList>>,
}

impl Form {
    fn new(postings: &Postings, text: String) -> Result<Form, PostingsError> {
        let lists = postings.lists(&text)?;
        Ok(Form { text, lists })
    }

    fn is_known(&self) -> bool {
        self.lists.iter().any(Option::is_some)
    }
}

impl Lexical {
    /// The terms of a text, in lexical order.
    pub(super) fn groups(&self, text: &str) -> Result<Vec<Group>, PostingsError> {
        let mut terms = self.analyzer.analyse(text).terms;
        terms.sort_by(|a, b| a.text.cmp(&b.text));
        let mut groups: Vec<Group> = Vec::with_capacity(terms.len());
        for same in terms.chunk_by_mut(|a, b| a.text == b.text) {
            let mut concepts: Vec<String> = Vec::new();
            if self.settings.synonyms {
                concepts.extend(same.iter_mut().flat_map(|term| term.concepts.drain(..)));
                concepts.sort_unstable();
                concepts.dedup();
            }
            let concepts = concepts.into_iter().map(|c| Form::new(&self.postings, c));
            let concepts = concepts.collect::<Result<_, _>>()?;
            let term = std::mem::take(&mut same[0].text);
            let variants = self.variants(&term)?;
            groups.push(Group { term, count: same.len() as u32, variants, concepts });
        }
        Ok(groups)
    }

    fn variants(&self, term: &str) -> Result<Vec<Form>, PostingsError> {
        let itself = Form::new(&self.postings, term.to_owned())?;
        if !self.settings.typos || itself.is_known() {
            return Ok(vec![itself]);
        }
        let length = term.chars().count();
        let is_correctable = (TYPO_LEAST_LENGTH..=TYPO_MOST_LENGTH).contains(&length)
            && term.chars().all(char::is_alphabetic);
        if !is_correctable {
            return Ok(vec![itself]);
        }
        let distance = if length >= TYPO_TWO_EDITS { 2 } else { 1 };
        let mut nearest = self.postings.nearest_terms(term, distance)?;
        // The first letter is rarely mistyped; in short words a change of it is another word.
        nearest
            .retain(|near| length >= TYPO_TWO_EDITS || near.chars().next() == term.chars().next());
        if nearest.is_empty() {
            return Ok(vec![itself]);
        }
        nearest.into_iter().map(|near| Form::new(&self.postings, near)).collect()
    }
}
