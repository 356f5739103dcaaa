//! Does a message fit a rule that a clinician can read?
//!
//! A rule names word lists and phrases that must stand near each other; the first of them is its
//! *finding*, whose standing (reported, denied, general, past) is judged. This module turns rules
//! into compiled form and finds the first place where one fits. It is pure: same rules, same
//! message, same match. It does not know what a match leads to.

mod lexicon;
mod lists;
mod status;
mod tokens;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use lexicon::Slips;
use lists::{Hit, ListId, Lists, ListsBuilder, Sighting};
use status::{Cues, Judged, Standing};

/// Words that may stand between the finding and another part of a rule when the rule says nothing.
const DEFAULT_WITHIN: u32 = 8;

/// How far the parts of a match may lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// All in one sentence.
    #[default]
    Sentence,
    /// Anywhere within reach, over ends of sentences.
    Message,
}

/// A standing that a rule may choose not to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Judgement {
    /// "no lump"
    Denied,
    /// "what does a lump feel like"
    General,
    /// "had a lump removed in 2010"
    Past,
}

/// A rule as the file states it, parts already split into alternatives.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleText {
    pub(super) all: Vec<Vec<String>>,
    pub(super) any: Vec<Vec<String>>,
    pub(super) unless: Vec<Vec<String>>,
    pub(super) within: Option<u32>,
    pub(super) scope: Scope,
    pub(super) only: bool,
    pub(super) most_words: Option<u32>,
    pub(super) exact: bool,
    pub(super) judge: Vec<Judgement>,
}

/// Index of a rule in its set.
pub(super) type RuleIndex = usize;

/// Collects word lists and rules, then freezes into [`Patterns`].
#[derive(Debug, Default)]
pub(super) struct PatternsBuilder {
    named: BTreeMap<String, Vec<String>>,
    rules: Vec<RuleText>,
    spellings: HashMap<Box<str>, Box<str>>,
    slips: Slips,
}

/// What is wrong with a list or a part of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// `<name>` names no list.
    UnknownList(String),
    /// A list includes itself.
    Cycle(String),
    /// A phrase without a word.
    Wordless(String),
}

impl PatternsBuilder {
    /// Adds a named list; `false` when the name is taken.
    pub(super) fn add_list(&mut self, name: &str, entries: Vec<String>) -> bool {
        self.named.insert(name.to_owned(), entries).is_none()
    }

    /// Adds spellings: each variant is read as the word.
    pub(super) fn add_spelling(&mut self, word: &str, variants: &[String]) {
        for variant in variants {
            self.spellings.insert(tokens::plain(variant).into(), tokens::plain(word).into());
        }
    }

    /// Adds words that are never a slip of a list word.
    pub(super) fn add_never(&mut self, words: &[String]) {
        self.slips.never.extend(words.iter().map(|w| tokens::plain(w).into()));
    }

    /// Adds short words that may be misspelt once.
    pub(super) fn add_short(&mut self, words: &[String]) {
        self.slips.short.extend(words.iter().map(|w| tokens::plain(w).into()));
    }

    /// Adds a rule. Its parts must have passed [`PatternsBuilder::faults`].
    pub(super) fn add_rule(&mut self, rule: RuleText) -> RuleIndex {
        self.rules.push(rule);
        self.rules.len() - 1
    }

    /// What is wrong with one entry of a list or alternative of a part; call when all lists are in.
    pub(super) fn faults(&self, entry: &str) -> Option<Fault> {
        let mut out = Vec::new();
        self.expand(entry, &mut Vec::new(), &mut out).err()
    }

    /// Names of the lists that the engine needs and nobody gave.
    pub(super) fn missing_cues(&self) -> impl Iterator<Item = &'static str> {
        Cues::NAMES.into_iter().filter(|name| !self.named.contains_key(*name))
    }

    fn expand<'a>(
        &'a self,
        entry: &'a str,
        path: &mut Vec<&'a str>,
        out: &mut Vec<&'a str>,
    ) -> Result<(), Fault> {
        let Some(name) = entry.strip_prefix('<').and_then(|e| e.strip_suffix('>')) else {
            if entry.split_whitespace().all(|w| lists::phrase_words(w).is_empty()) {
                return Err(Fault::Wordless(entry.to_owned()));
            }
            out.push(entry);
            return Ok(());
        };
        if path.contains(&name) {
            return Err(Fault::Cycle(name.to_owned()));
        }
        let entries = self.named.get(name).ok_or_else(|| Fault::UnknownList(name.to_owned()))?;
        path.push(name);
        for entry in entries {
            self.expand(entry, path, out)?;
        }
        path.pop();
        Ok(())
    }

    /// Freezes lists and rules. Faulty entries (see [`PatternsBuilder::faults`]) are left out.
    pub(super) fn build(self) -> Patterns {
        let mut lists = ListsBuilder::default();
        let cues = Cues::from_ids(Cues::NAMES.map(|name| {
            let entry = format!("<{name}>");
            let mut phrases = Vec::new();
            let _ = self.expand(&entry, &mut Vec::new(), &mut phrases);
            lists.list(phrases.iter().copied())
        }));
        let rules = self.rules.iter().map(|rule| self.compile(rule, &mut lists)).collect();
        Patterns { lists: lists.build(self.spellings, self.slips), rules, cues }
    }

    fn compile(&self, rule: &RuleText, lists: &mut ListsBuilder) -> Rule {
        let mut parts = |texts: &[Vec<String>]| -> Vec<ListId> {
            let part = |alternatives: &Vec<String>| {
                let mut phrases = Vec::new();
                for entry in alternatives {
                    let _ = self.expand(entry, &mut Vec::new(), &mut phrases);
                }
                lists.list(phrases.iter().copied())
            };
            texts.iter().map(part).collect()
        };
        Rule {
            all: parts(&rule.all),
            any: parts(&rule.any),
            unless: parts(&rule.unless),
            within: rule.within.unwrap_or(DEFAULT_WITHIN),
            scope: rule.scope,
            only: rule.only,
            most_words: rule.most_words,
            exact: rule.exact,
            judged: Judged {
                denied: rule.judge.contains(&Judgement::Denied),
                general: rule.judge.contains(&Judgement::General),
                past: rule.judge.contains(&Judgement::Past),
            },
        }
    }
}

#[derive(Debug)]
struct Rule {
    all: Vec<ListId>,
    any: Vec<ListId>,
    unless: Vec<ListId>,
    within: u32,
    scope: Scope,
    only: bool,
    most_words: Option<u32>,
    /// No typing slips are forgiven.
    exact: bool,
    judged: Judged,
}

/// Compiled rules.
#[derive(Debug)]
pub(super) struct Patterns {
    lists: Lists,
    rules: Vec<Rule>,
    cues: Cues,
}

/// A message read against all lists.
#[derive(Debug)]
pub(super) struct Message(Sighting);

impl Message {
    /// Words of the message.
    pub(super) fn words(&self) -> usize {
        self.0.tokens.len()
    }
}

impl Patterns {
    /// Reads a message once; rules are then tried on it.
    pub(super) fn read(&self, raw: &str) -> Message {
        Message(self.lists.sight(raw))
    }

    /// The first place where a rule fits, as raw byte ranges of its parts in reading order.
    pub(super) fn fit(&self, rule: RuleIndex, message: &Message) -> Option<Vec<Range<usize>>> {
        let rule = self.rules.get(rule)?;
        let sighting = &message.0;
        if rule.most_words.is_some_and(|most| sighting.tokens.len() > most as usize) {
            return None;
        }
        let mut hits = if rule.only {
            rule.covering(sighting)
        } else {
            self.near(rule, sighting, rule.judged)
        }?;
        hits.sort_unstable_by_key(|h| (h.start, h.end));
        hits.dedup_by_key(|h| (h.start, h.end));
        Some(hits.iter().map(|h| bytes(sighting, h)).collect())
    }

    /// Whether a rule would fit if its finding counted whatever stands around it.
    pub(super) fn names(&self, rule: RuleIndex, message: &Message) -> bool {
        let unjudged = Judged { denied: false, general: false, past: false };
        self.rules
            .get(rule)
            .is_some_and(|rule| !rule.only && self.near(rule, &message.0, unjudged).is_some())
    }

    fn near(&self, rule: &Rule, sighting: &Sighting, judged: Judged) -> Option<Vec<Hit>> {
        let (&first, rest) = rule.all.split_first()?;
        sighting.of(first).iter().filter(|h| !rule.exact || h.slips == 0).find_map(|finding| {
            let mut parts = Vec::with_capacity(rest.len() + 1);
            for &part in rest {
                parts.push(rule.nearest(sighting, finding, part)?);
            }
            if !rule.any.is_empty() {
                let found = rule.any.iter().find_map(|&p| rule.nearest(sighting, finding, p))?;
                parts.push(found);
            }
            if rule.unless.iter().any(|&list| blocks(sighting, finding, list)) {
                return None;
            }
            let standing =
                Standing { cues: &self.cues, sighting, finding: *finding, parts: &parts };
            standing.counts(judged).then(|| {
                parts.push(*finding);
                parts
            })
        })
    }
}

impl Rule {
    /// The hit of a part that lies nearest to the finding, the earlier of two equals.
    fn nearest(&self, sighting: &Sighting, finding: &Hit, part: ListId) -> Option<Hit> {
        let sentence = sighting.sentence(finding.start);
        let fits = |h: &&Hit| {
            !h.overlaps(finding)
                && h.gap(finding) <= self.within
                && (self.scope == Scope::Message || sighting.sentence(h.start) == sentence)
        };
        sighting.of(part).iter().filter(fits).min_by_key(|h| h.gap(finding)).copied()
    }

    /// All hits of all parts, when they cover every word and each `all` part is there.
    fn covering(&self, sighting: &Sighting) -> Option<Vec<Hit>> {
        let present = |&list: &ListId| !sighting.of(list).is_empty();
        if sighting.tokens.is_empty() || !self.all.iter().all(present) {
            return None;
        }
        let parts = self.all.iter().chain(&self.any);
        let hits: Vec<Hit> = parts.flat_map(|&list| sighting.of(list)).copied().collect();
        let mut covered = vec![false; sighting.tokens.len()];
        for hit in &hits {
            covered[hit.start as usize..hit.end as usize].fill(true);
        }
        let blocked = self.unless.iter().any(present);
        (!blocked && covered.iter().all(|&c| c)).then_some(hits)
    }
}

fn blocks(sighting: &Sighting, finding: &Hit, list: ListId) -> bool {
    let sentence = sighting.sentence(finding.start);
    sighting.of(list).iter().any(|h| sighting.sentence(h.start) == sentence)
}

fn bytes(sighting: &Sighting, hit: &Hit) -> Range<usize> {
    let first = &sighting.tokens[hit.start as usize];
    let last = &sighting.tokens[hit.end as usize - 1];
    first.start..last.end
}
