//! Where in a message do the phrases of the word lists stand?
//!
//! A phrase is one or more words in a row; `...` between two words allows up to four others, `word*`
//! is any word that begins so, `#` is any number, `^` before the first word ties the phrase to the
//! start of a clause. Phrases never run over the end of a sentence.
//! Lists may include other lists as `<name>`. Nothing here knows what a list is for.

use std::collections::{BTreeMap, HashMap};

use super::lexicon::{Lexicon, LexiconBuilder, Reading, Slips, WordId};
use super::tokens::{Break, Token, tokens};

/// A list of phrases.
pub(super) type ListId = u32;

/// Words that `...` may skip.
const WIDEST_GAP: usize = 4;

/// One word of a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    word: WordId,
    /// Whether other words may stand before it.
    gap: bool,
}

/// A phrase found in a message: tokens `start..end` stand for a phrase of `list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) list: ListId,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Typing slips assumed in its words.
    pub(super) slips: u8,
}

impl Hit {
    /// Whether two hits share a word.
    pub(super) fn overlaps(&self, other: &Hit) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Words between two hits; 0 when they touch or overlap.
    pub(super) fn gap(&self, other: &Hit) -> u32 {
        other.start.saturating_sub(self.end).max(self.start.saturating_sub(other.end))
    }
}

/// Collects lists of phrases, then freezes into [`Lists`].
#[derive(Debug, Default)]
pub(super) struct ListsBuilder {
    lexicon: LexiconBuilder,
    phrases: BTreeMap<(Vec<Piece>, bool), Vec<ListId>>,
    count: u32,
}

impl ListsBuilder {
    /// Makes a list of phrases.
    pub(super) fn list<'a>(&mut self, phrases: impl IntoIterator<Item = &'a str>) -> ListId {
        let list = self.count;
        self.count += 1;
        for phrase in phrases {
            let (phrase, initial) = match phrase.strip_prefix('^') {
                Some(rest) => (rest, true),
                None => (phrase, false),
            };
            let pieces = self.pieces(phrase);
            let lists = self.phrases.entry((pieces, initial)).or_default();
            if lists.last() != Some(&list) {
                lists.push(list);
            }
        }
        list
    }

    fn pieces(&mut self, phrase: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut gap = false;
        for word in phrase.split_whitespace() {
            if word == "..." {
                gap = !pieces.is_empty();
                continue;
            }
            for text in phrase_words(word) {
                let word = self.lexicon.word(&text);
                pieces.push(Piece { word, gap });
                gap = false;
            }
        }
        pieces
    }

    /// Freezes the lists. Words that only the cures name (spellings) need not stand in a list.
    pub(super) fn build(self, spellings: HashMap<Box<str>, Box<str>>, slips: Slips) -> Lists {
        let mut lists = Lists { lexicon: self.lexicon.build(spellings, slips), ..Lists::default() };
        for ((pieces, initial), of) in self.phrases {
            let Some(first) = pieces.first() else {
                continue;
            };
            let first = first.word as usize;
            if lists.by_first.len() <= first {
                lists.by_first.resize_with(first + 1, Vec::new);
            }
            lists.by_first[first].push(lists.phrases.len() as u32);
            lists.phrases.push(Phrase { rest: pieces[1..].to_vec(), initial, lists: of });
        }
        lists
    }
}

/// The words of one blank-free piece of a phrase, folded as messages are.
pub(super) fn phrase_words(word: &str) -> Vec<String> {
    if word == "#" {
        return vec![word.to_owned()];
    }
    let (stem, star) = match word.strip_suffix('*') {
        Some(stem) => (stem, true),
        None => (word, false),
    };
    let mut words: Vec<String> = tokens(stem).into_iter().map(|t| t.text).collect();
    if star && let Some(last) = words.last_mut() {
        last.push('*');
    }
    words
}

#[derive(Debug)]
struct Phrase {
    /// The pieces after the first.
    rest: Vec<Piece>,
    /// Whether it must begin a clause.
    initial: bool,
    lists: Vec<ListId>,
}

/// The frozen lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lexicon: Lexicon,
    phrases: Vec<Phrase>,
    by_first: Vec<Vec<u32>>,
}

/// A message with everything the lists found in it.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) tokens: Vec<Token>,
    /// Ordered by list, start, end.
    hits: Vec<Hit>,
}

impl Lists {
    /// Reads a message once for all lists.
    pub(super) fn sight(&self, raw: &str) -> Sighting {
        let tokens = tokens(raw);
        let mut readings: Vec<Reading> = Vec::with_capacity(tokens.len() * 2);
        let mut starts: Vec<usize> = Vec::with_capacity(tokens.len() + 1);
        for token in &tokens {
            starts.push(readings.len());
            self.lexicon.readings(&token.text, &mut readings);
        }
        starts.push(readings.len());
        let read = Read { tokens: &tokens, readings: &readings, starts: &starts };
        let mut hits = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            for reading in read.at(at) {
                let phrases = self.by_first.get(reading.word as usize).into_iter().flatten();
                for &phrase in phrases {
                    let phrase = &self.phrases[phrase as usize];
                    if phrase.initial && at > 0 && token.before == Break::None {
                        continue;
                    }
                    if let Some((end, slips)) = read.follow(at, reading.slips, &phrase.rest) {
                        let (start, end) = (at as u32, end as u32);
                        hits.extend(phrase.lists.iter().map(|&list| Hit {
                            list,
                            start,
                            end,
                            slips,
                        }));
                    }
                }
            }
        }
        hits.sort_unstable();
        hits.dedup_by_key(|h| (h.list, h.start, h.end));
        Sighting { tokens, hits }
    }
}

/// The tokens of a message and the list words each may stand for.
struct Read<'a> {
    tokens: &'a [Token],
    readings: &'a [Reading],
    starts: &'a [usize],
}

impl<'a> Read<'a> {
    fn at(&self, token: usize) -> &'a [Reading] {
        &self.readings[self.starts[token]..self.starts[token + 1]]
    }

    /// Follows a phrase's later words from the token of its first; the end and the slips.
    fn follow(&self, first: usize, slips: u8, rest: &[Piece]) -> Option<(usize, u8)> {
        let mut next = first + 1;
        let mut total = slips;
        for piece in rest {
            let reach = if piece.gap { WIDEST_GAP } else { 0 };
            let mut found = None;
            for at in next..(next + reach + 1).min(self.tokens.len()) {
                if self.tokens[at].before == Break::Sentence {
                    break;
                }
                if let Some(reading) = self.at(at).iter().find(|r| r.word == piece.word) {
                    found = Some((at, reading.slips));
                    break;
                }
            }
            let (at, slips) = found?;
            next = at + 1;
            total += slips;
        }
        Some((next, total))
    }
}

impl Sighting {
    /// The hits of one list, by start, then end.
    pub(super) fn of(&self, list: ListId) -> &[Hit] {
        let from = self.hits.partition_point(|h| h.list < list);
        let to = from + self.hits[from..].partition_point(|h| h.list == list);
        &self.hits[from..to]
    }

    /// Whether a word stands inside a hit of the list.
    pub(super) fn covers(&self, list: ListId, token: u32) -> bool {
        self.of(list).iter().any(|h| h.start <= token && token < h.end)
    }

    /// The sentence of a word.
    pub(super) fn sentence(&self, token: u32) -> u32 {
        self.tokens.get(token as usize).map_or(0, |t| t.sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(phrase: &str, message: &str, expected: bool) {
        let mut builder = ListsBuilder::default();
        let list = builder.list([phrase]);
        let lists = builder.build(HashMap::new(), Slips::default());
        assert_eq!(!lists.sight(message).of(list).is_empty(), expected, "{phrase} in {message}");
    }

    #[test]
    fn phrases() {
        check("orange peel", "skin like Orange-peel!", true);
        check("orange peel", "orange. peel", false);
        check("orange peel", "orange juice peel", false);
        check("gone ... flat", "it has gone all flat", true);
        check("gone ... flat", "gone a b c d e flat", false);
        check("# weeks", "its 6 weeks", true);
        check("# weeks", "its six weeks", true);
        check("bleed*", "Bleeding", true);
        check("can't breathe", "cant breathe", true);
        check("discharge", "a dischrge", true);
        check("^is a", "hi. is a lump", true);
        check("^is a", "it is a lump", false);
    }
}
