//! Which words of the lists may a token of a message stand for?
//!
//! A token stands for a list word when it is that word, one of its spellings, begins with it (a
//! list word ending in `*`), is a number (`#`), or is a likely typing slip of it. Slips are counted
//! by the restricted Damerau-Levenshtein distance (insert, delete, substitute, swap neighbours):
//! at most 1 for list words of 5 or more letters (and short ones named so), 2 for 9 or more, first
//! letters kept. A token that
//! is itself a list word, a spelling or on the `never` list is never taken for a slip of another.
//!
//! Candidates come from deletion neighbourhoods (Garbe's symmetric delete scheme): two words within
//! distance d share a string reached by at most d deletions from each. The lexicon knows nothing of
//! phrases or rules.

use std::collections::{BTreeMap, HashMap, HashSet};

/// A word of the lists.
pub(super) type WordId = u32;

/// Shortest list word that may be misspelt, and how long it must be for two slips.
const ONE_SLIP_LETTERS: usize = 5;
const TWO_SLIPS_LETTERS: usize = 9;
/// Shortest list word that may be misspelt because it is named so.
const SHORTEST_SLIP: usize = 4;
/// Longer tokens are not looked up as slips: no list word is that long.
const LONGEST_SLIP: usize = 24;

const NUMBER_WORDS: [&str; 22] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "few", "couple",
    "several",
];

/// Collects the list words, then freezes into a [`Lexicon`].
#[derive(Debug, Default)]
pub(super) struct LexiconBuilder {
    ids: BTreeMap<String, WordId>,
}

impl LexiconBuilder {
    /// The id of a list word, made on first sight. The word is folded and may end in `*` or be `#`.
    pub(super) fn word(&mut self, word: &str) -> WordId {
        let next = self.ids.len() as WordId;
        *self.ids.entry(word.to_owned()).or_insert(next)
    }

    /// Freezes the words. `spellings` maps a variant to the word it stands for.
    pub(super) fn build(self, spellings: HashMap<Box<str>, Box<str>>, slips: Slips) -> Lexicon {
        let mut lexicon = Lexicon { spellings, slips, ..Lexicon::default() };
        for (word, id) in self.ids {
            if word == "#" {
                lexicon.number = Some(id);
            } else if let Some(prefix) = word.strip_suffix('*') {
                lexicon.longest_prefix = lexicon.longest_prefix.max(prefix.len());
                lexicon.prefixes.insert(prefix.into(), id);
            } else {
                lexicon.add_word(&word, id);
            }
        }
        lexicon
    }
}

/// The frozen words; see the module's head.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    exact: HashMap<Box<str>, WordId>,
    prefixes: HashMap<Box<str>, WordId>,
    longest_prefix: usize,
    number: Option<WordId>,
    spellings: HashMap<Box<str>, Box<str>>,
    slips: Slips,
    /// Deletion neighbourhoods: reduced string → words that reduce to it.
    reduced: HashMap<Box<str>, Vec<WordId>>,
    /// Letters of the words that may be misspelt.
    letters: HashMap<WordId, Vec<char>>,
}

/// A list word that a token may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// The word.
    pub(super) word: WordId,
    /// Typing slips assumed.
    pub(super) slips: u8,
}

impl Lexicon {
    fn add_word(&mut self, word: &str, id: WordId) {
        self.exact.insert(word.into(), id);
        let letters: Vec<char> = word.chars().collect();
        let slips = self.slips.allowed(word, letters.len());
        if slips == 0 || !letters.iter().all(|c| c.is_alphabetic()) {
            return;
        }
        for variant in deletions(&letters, slips) {
            let list = self.reduced.entry(variant.into()).or_default();
            if list.last() != Some(&id) {
                list.push(id);
            }
        }
        self.letters.insert(id, letters);
    }

    /// Appends the list words a folded token may stand for, in the order of their ids.
    pub(super) fn readings(&self, token: &str, out: &mut Vec<Reading>) {
        let start = out.len();
        self.prefix_readings(token, out);
        if let Some(word) = self.number
            && is_number(token)
        {
            out.push(Reading { word, slips: 0 });
        }
        if let Some(&word) = self.exact.get(token) {
            out.push(Reading { word, slips: 0 });
        } else if let Some(spelling) = self.spellings.get(token) {
            out.extend(self.exact.get(spelling).map(|&word| Reading { word, slips: 0 }));
            self.prefix_readings(spelling, out);
        } else if !self.slips.never.contains(token) {
            self.slip_readings(token, out);
        }
        out[start..].sort_unstable_by_key(|r| (r.word, r.slips));
        let mut kept = start;
        for i in start..out.len() {
            if i == start || out[i].word != out[kept - 1].word {
                out[kept] = out[i];
                kept += 1;
            }
        }
        out.truncate(kept);
    }

    fn prefix_readings(&self, token: &str, out: &mut Vec<Reading>) {
        if self.prefixes.is_empty() {
            return;
        }
        let ends = token.char_indices().map(|(at, c)| at + c.len_utf8());
        for end in ends.take_while(|&end| end <= self.longest_prefix) {
            if let Some(&word) = self.prefixes.get(&token[..end]) {
                out.push(Reading { word, slips: 0 });
            }
        }
    }

    fn slip_readings(&self, token: &str, out: &mut Vec<Reading>) {
        let letters: Vec<char> = token.chars().collect();
        let long_enough = letters.len() + 1 >= SHORTEST_SLIP;
        if !long_enough
            || letters.len() > LONGEST_SLIP
            || !letters.iter().all(|c| c.is_alphabetic())
        {
            return;
        }
        let slips = if letters.len() + 1 >= TWO_SLIPS_LETTERS { 2 } else { 1 };
        let mut candidates: Vec<WordId> = Vec::new();
        for variant in deletions(&letters, slips) {
            candidates.extend(self.reduced.get(variant.as_str()).into_iter().flatten());
        }
        candidates.sort_unstable();
        candidates.dedup();
        for word in candidates {
            let Some(wanted) = self.letters.get(&word) else {
                continue;
            };
            let distance = slips_between(&letters, wanted);
            if distance <= self.slips.of(wanted) && keeps_first_letter(&letters, wanted) {
                out.push(Reading { word, slips: distance as u8 });
            }
        }
    }
}

/// Which words may be misspelt beyond the rule of length, and which tokens are no slips.
#[derive(Debug, Default)]
pub(super) struct Slips {
    /// List words of 4 letters that may be misspelt once.
    pub(super) short: HashSet<Box<str>>,
    /// Tokens that are never a slip.
    pub(super) never: HashSet<Box<str>>,
}

impl Slips {
    fn of(&self, letters: &[char]) -> usize {
        if letters.len() >= ONE_SLIP_LETTERS {
            return slips_allowed(letters.len());
        }
        let word: String = letters.iter().collect();
        self.allowed(&word, letters.len())
    }

    fn allowed(&self, word: &str, letters: usize) -> usize {
        if self.short.contains(word) { 1 } else { slips_allowed(letters) }
    }
}

fn slips_allowed(letters: usize) -> usize {
    match letters {
        TWO_SLIPS_LETTERS.. => 2,
        ONE_SLIP_LETTERS.. => 1,
        _ => 0,
    }
}

/// The first letter stands first, or second after a swap.
fn keeps_first_letter(token: &[char], wanted: &[char]) -> bool {
    token.first() == wanted.first()
        || (token.first() == wanted.get(1) && token.get(1) == wanted.first())
}

fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit()) || NUMBER_WORDS.contains(&token)
}

/// The word itself and every string left after deleting at most `limit` letters.
fn deletions(letters: &[char], limit: usize) -> Vec<String> {
    let whole: String = letters.iter().collect();
    let mut found = vec![whole];
    for skip in 0..letters.len() {
        found.push(without(letters, &[skip]));
        if limit > 1 {
            found.extend((skip + 1..letters.len()).map(|other| without(letters, &[skip, other])));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn without(letters: &[char], skipped: &[usize]) -> String {
    let kept = letters.iter().enumerate().filter(|(at, _)| !skipped.contains(at));
    kept.map(|(_, c)| c).collect()
}

/// Restricted Damerau-Levenshtein distance (optimal string alignment; Boytsov 2011, section 2.2):
/// the least number of insertions, deletions, substitutions and swaps of neighbours, no substring
/// edited twice.
fn slips_between(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    let mut before = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for (i, &a) in left.iter().enumerate() {
        row[0] = i + 1;
        for (j, &b) in right.iter().enumerate() {
            let substituted = above[j] + usize::from(a != b);
            let mut best = substituted.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == right[j - 1] && left[i - 1] == b {
                best = best.min(before[j - 1] + 1);
            }
            row[j + 1] = best;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lexicon(words: &[&str], never: &[&str]) -> (Lexicon, HashMap<WordId, String>) {
        let mut builder = LexiconBuilder::default();
        let names = words.iter().map(|w| (builder.word(w), (*w).to_owned())).collect();
        let never = never.iter().map(|&w| w.into()).collect();
        let slips = Slips { short: ["rash".into()].into(), never };
        let spellings = [("bewbs".into(), "boobs".into())].into();
        (builder.build(spellings, slips), names)
    }

    fn read(words: &[&str], never: &[&str], token: &str) -> Vec<String> {
        let (lexicon, names) = lexicon(words, never);
        let mut out = Vec::new();
        lexicon.readings(token, &mut out);
        out.iter().map(|r| names[&r.word].clone()).collect()
    }

    #[test]
    fn slips_are_bounded_by_length() {
        let words = ["lump", "nipple", "discharge", "boobs"];
        assert_eq!(read(&words, &[], "nippel"), ["nipple"]);
        assert_eq!(read(&words, &[], "nple"), Vec::<String>::new());
        assert_eq!(read(&words, &[], "dischrage"), ["discharge"]);
        assert_eq!(read(&words, &[], "dicharg"), ["discharge"]);
        assert_eq!(read(&words, &[], "lamp"), Vec::<String>::new());
        assert_eq!(read(&words, &[], "bewbs"), ["boobs"]);
        assert_eq!(read(&["rash"], &[], "rsah"), ["rash"]);
        assert_eq!(read(&["rash"], &["rush"], "rush"), Vec::<String>::new());
    }

    #[test]
    fn a_word_of_its_own_is_not_a_slip() {
        let words = ["nipple", "dimple", "bleed*", "#"];
        assert_eq!(read(&words, &["dimmple"], "dimmple"), Vec::<String>::new());
        assert_eq!(read(&words, &[], "dimpel"), ["dimple"]);
        assert_eq!(read(&words, &[], "ripple"), Vec::<String>::new());
        assert_eq!(read(&words, &[], "bleeding"), ["bleed*"]);
        assert_eq!(read(&words, &[], "4"), ["#"]);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_equals(a in "[a-d]{0,7}", b in "[a-d]{0,7}") {
            let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(slips_between(&x, &y), slips_between(&y, &x));
            prop_assert_eq!(slips_between(&x, &y) == 0, a == b);
        }

        #[test]
        fn the_index_finds_what_the_distance_allows(token in "[a-c]{4,8}") {
            let words = ["abcab", "bacca", "cabbac"];
            let letters: Vec<char> = token.chars().collect();
            let wanted: Vec<String> = words
                .iter()
                .filter(|w| {
                    let w: Vec<char> = w.chars().collect();
                    slips_between(&letters, &w) <= 1 && keeps_first_letter(&letters, &w)
                })
                .map(|w| (*w).to_owned())
                .collect();
            let found = read(&words, &[], &token);
            // An exact word is never also a slip of another.
            if words.contains(&token.as_str()) {
                prop_assert_eq!(found, vec![token]);
            } else {
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
