//! The one analyzer: turns text into terms, for documents and queries alike.
//!
//! Steps: Unicode words, folding ([`crate::text::fold`]), listed misspellings made right,
//! Snowball English stems, concepts (phrases that mean the same thing, from `synonyms.toml`)
//! found over the stems, stop words dropped. Free text never reaches a query parser: every
//! text analyses to a list of terms, possibly empty.
//!
//! Typo tolerance is not here: it needs the lexicon, so it belongs to the lexical retriever.

use std::collections::{BTreeMap, HashMap};

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};

use crate::ids::Fingerprint;
use crate::text::fold::{fold, words};
use crate::text::place::line_of;

/// Version of the analysis itself; part of every snapshot's identity. Raise it with any change
/// of the steps above.
pub const ANALYZER_VERSION: u32 = 1;

/// Stop words: the 33 of Lucene's `EnglishAnalyzer`, which the peers we compare with use too.
pub const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "will", "with",
];

/// First character of a concept's term; no word holds it, since it is not alphanumeric.
pub const CONCEPT_MARK: char = '\u{a7}';

/// Phrases that mean the same thing, and misspellings of words, as read from `synonyms.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Synonyms {
    /// Groups of phrases with one meaning.
    #[serde(default, rename = "concept")]
    pub concepts: Vec<Concept>,
    /// Misspellings and their right forms.
    #[serde(default, rename = "misspelling")]
    pub misspellings: Vec<Misspelling>,
}

/// A group of phrases that mean the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concept {
    /// Name, unique among the concepts.
    pub id: String,
    /// The phrases, each of one or more words.
    pub phrases: Vec<String>,
    /// Why they belong together.
    #[serde(default)]
    pub note: Option<String>,
}

/// A word and the ways it is misspelt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misspelling {
    /// The right form, one or more words.
    pub right: String,
    /// Wrong forms, one word each.
    pub wrong: Vec<String>,
}

/// Why a synonym file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SynonymError {
    /// The TOML does not parse.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line in the file, from 1.
        line: usize,
        /// What the TOML reader found.
        message: String,
    },
    /// Two concepts share an id.
    #[error("concept `{id}` stands twice; give the second another id")]
    DuplicateConcept {
        /// The id.
        id: String,
    },
    /// A phrase holds no word.
    #[error("phrase `{phrase}` of `{id}` holds no word; remove it")]
    EmptyPhrase {
        /// The concept or right form.
        id: String,
        /// The phrase.
        phrase: String,
    },
    /// A misspelling is listed for two right forms.
    #[error("misspelling `{wrong}` is listed for `{first}` and `{second}`; keep one")]
    AmbiguousMisspelling {
        /// The wrong form.
        wrong: String,
        /// Its first right form.
        first: String,
        /// Its second right form.
        second: String,
    },
}

/// A term at its place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The stem, as indexed.
    pub text: String,
    /// First byte of the word in the raw text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Concepts whose phrases cover this word, as indexed terms (each begins with
    /// [`CONCEPT_MARK`]).
    pub concepts: Vec<String>,
}

/// What a text analyses to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Terms in order, stop words left out.
    pub terms: Vec<Term>,
    /// Concepts found, one entry an occurrence, in order.
    pub concepts: Vec<String>,
}

impl Analysis {
    /// Length of the text in terms: stop words and concepts do not count.
    pub fn len(&self) -> u32 {
        u32::try_from(self.terms.len()).unwrap_or(u32::MAX)
    }

    /// Whether no term is left.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Every term to index, with its frequency, in lexical order.
    pub fn frequencies(&self) -> BTreeMap<&str, u32> {
        let mut counts = BTreeMap::new();
        let texts = self.terms.iter().map(|t| t.text.as_str());
        for text in texts.chain(self.concepts.iter().map(String::as_str)) {
            *counts.entry(text).or_insert(0) += 1;
        }
        counts
    }
}

/// Turns text into terms. Cheap to share, `Send + Sync`.
pub struct Analyzer {
    stemmer: Stemmer,
    misspellings: HashMap<String, Vec<String>>,
    phrases: HashMap<String, Vec<(Vec<String>, usize)>>,
    concepts: Vec<String>,
    fingerprint: Fingerprint,
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Synonyms {
    /// Reads `synonyms.toml`.
    ///
    /// # Errors
    /// [`SynonymError::Syntax`] with the line, when it is not the TOML expected.
    pub fn parse(text: &str) -> Result<Synonyms, SynonymError> {
        toml::from_str(text).map_err(|error: toml::de::Error| SynonymError::Syntax {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })
    }
}

impl Analyzer {
    /// An analyzer over some synonyms; [`Synonyms::default`] has none.
    ///
    /// # Errors
    /// [`SynonymError`] when ids, phrases or misspellings clash.
    pub fn new(synonyms: &Synonyms) -> Result<Analyzer, SynonymError> {
        let mut analyzer = Analyzer {
            stemmer: Stemmer::create(Algorithm::English),
            misspellings: HashMap::new(),
            phrases: HashMap::new(),
            concepts: Vec::new(),
            fingerprint: fingerprint(synonyms),
        };
        analyzer.add_misspellings(&synonyms.misspellings)?;
        for concept in &synonyms.concepts {
            let term = format!("{CONCEPT_MARK}{}", fold(&concept.id));
            if analyzer.concepts.contains(&term) {
                return Err(SynonymError::DuplicateConcept { id: concept.id.clone() });
            }
            let number = analyzer.concepts.len();
            analyzer.concepts.push(term);
            for phrase in &concept.phrases {
                let stems: Vec<String> =
                    analyzer.stems(phrase).into_iter().map(|s| s.text).collect();
                let Some(first) = stems.first().cloned() else {
                    return Err(SynonymError::EmptyPhrase {
                        id: concept.id.clone(),
                        phrase: phrase.clone(),
                    });
                };
                let known = analyzer.phrases.entry(first).or_default();
                if !known.iter().any(|(s, n)| *n == number && *s == stems) {
                    known.push((stems, number));
                }
            }
        }
        for known in analyzer.phrases.values_mut() {
            known.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        }
        Ok(analyzer)
    }

    /// Identity of the analysis: version, stop words and synonyms.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Analyses a text.
    pub fn analyse(&self, text: &str) -> Analysis {
        let stems = self.stems(text);
        let mut covering: Vec<Vec<String>> = vec![Vec::new(); stems.len()];
        let mut concepts = Vec::new();
        for at in 0..stems.len() {
            let Some(candidates) = self.phrases.get(&stems[at].text) else {
                continue;
            };
            for (phrase, number) in candidates {
                let end = at + phrase.len();
                let matches = end <= stems.len()
                    && stems[at..end].iter().zip(phrase).all(|(s, p)| s.text == *p);
                let concept = &self.concepts[*number];
                // A longer phrase of the same concept that began here or before counts once.
                if matches && !covering[at].contains(concept) {
                    concepts.push(concept.clone());
                    for cover in &mut covering[at..end] {
                        if !cover.contains(concept) {
                            cover.push(concept.clone());
                        }
                    }
                }
            }
        }
        let terms = stems
            .into_iter()
            .zip(covering)
            .filter(|(stem, _)| !stem.stop)
            .map(|(s, concepts)| Term { text: s.text, start: s.start, end: s.end, concepts })
            .collect();
        Analysis { terms, concepts }
    }

    fn add_misspellings(&mut self, misspellings: &[Misspelling]) -> Result<(), SynonymError> {
        for Misspelling { right, wrong } in misspellings {
            let rights: Vec<String> = words(right).map(|w| w.folded).collect();
            if rights.is_empty() {
                return Err(SynonymError::EmptyPhrase { id: right.clone(), phrase: right.clone() });
            }
            for form in wrong {
                let folded = fold(form);
                if let Some(first) = self.misspellings.insert(folded, rights.clone())
                    && first != rights
                {
                    return Err(SynonymError::AmbiguousMisspelling {
                        wrong: form.clone(),
                        first: first.join(" "),
                        second: right.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn stems(&self, text: &str) -> Vec<Stem> {
        let mut stems = Vec::new();
        for word in words(text) {
            let plain = word.folded.strip_suffix("'s").unwrap_or(&word.folded).replace('\'', "");
            let forms =
                self.misspellings.get(&word.folded).or_else(|| self.misspellings.get(&plain));
            if let Some(forms) = forms {
                stems.extend(forms.iter().map(|f| self.stem(f, word.start, word.end)));
            } else if !plain.is_empty() {
                stems.push(self.stem(&plain, word.start, word.end));
            }
        }
        stems
    }

    fn stem(&self, word: &str, start: usize, end: usize) -> Stem {
        Stem {
            stop: STOP_WORDS.contains(&word),
            text: self.stemmer.stem(word).into_owned(),
            start,
            end,
        }
    }
}

struct Stem {
    text: String,
    stop: bool,
    start: usize,
    end: usize,
}

fn fingerprint(synonyms: &Synonyms) -> Fingerprint {
    let mut parts: Vec<Vec<u8>> = vec![ANALYZER_VERSION.to_le_bytes().to_vec()];
    parts.extend(STOP_WORDS.iter().map(|w| w.as_bytes().to_vec()));
    for concept in &synonyms.concepts {
        parts.push(concept.id.as_bytes().to_vec());
        parts.push(concept.phrases.join("\n").into_bytes());
    }
    for misspelling in &synonyms.misspellings {
        parts.push(misspelling.right.as_bytes().to_vec());
        parts.push(misspelling.wrong.join("\n").into_bytes());
    }
    Fingerprint::of_parts(parts.iter().map(Vec::as_slice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn analyzer() -> Analyzer {
        let synonyms = Synonyms::parse(
            r#"
            [[concept]]
            id = "cervical-screening"
            phrases = ["cervical screening", "smear", "smear test"]
            [[misspelling]]
            right = "mammogram"
            wrong = ["mamagram"]
            "#,
        )
        .unwrap();
        Analyzer::new(&synonyms).unwrap()
    }

    #[track_caller]
    fn check(text: &str, terms: &str, concepts: &str) {
        let analysis = analyzer().analyse(text);
        let found: Vec<_> = analysis.terms.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(found.join(" "), terms);
        assert_eq!(analysis.concepts.join(" "), concepts);
    }

    #[test]
    fn words_fold_stem_and_lose_stop_words() {
        check("Does a Mammogram's X-ray hurt?", "doe mammogram x ray hurt", "");
        check("mamagram", "mammogram", "");
        check("the of and", "", "");
    }

    #[test]
    fn phrases_of_one_concept_meet_in_one_term() {
        check("my smear test", "my smear test", "\u{a7}cervical-screening");
        check("Cervical screenings", "cervic screen", "\u{a7}cervical-screening");
        check("smear, smear", "smear smear", "\u{a7}cervical-screening \u{a7}cervical-screening");
    }

    #[test]
    fn every_word_of_a_phrase_knows_its_concept() {
        let analysis = analyzer().analyse("cervical screening at 25");
        let covered: Vec<_> = analysis.terms.iter().map(|t| t.concepts.len()).collect();
        assert_eq!(covered, [1, 1, 0]);
    }

    #[test]
    fn clashing_synonyms_are_refused() {
        let twice =
            "[[misspelling]]\nright='a'\nwrong=['x']\n[[misspelling]]\nright='b'\nwrong=['x']";
        assert!(matches!(
            Analyzer::new(&Synonyms::parse(twice).unwrap()),
            Err(SynonymError::AmbiguousMisspelling { .. })
        ));
        assert!(matches!(
            Synonyms::parse("# one\nx = 1\n"),
            Err(SynonymError::Syntax { line: 2, .. })
        ));
    }

    proptest! {
        #[test]
        fn any_text_analyses_and_terms_lie_in_it(text in "\\PC{0,100}") {
            let analysis = analyzer().analyse(&text);
            for term in &analysis.terms {
                prop_assert!(text.get(term.start..term.end).is_some());
                prop_assert!(!term.text.is_empty());
            }
        }
    }
}
