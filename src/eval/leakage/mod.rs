//! Has the system, or whoever tuned it, seen the questions it is measured on?
//!
//! Looked for: the same or nearly the same question in two sets, families that straddle sets, the
//! same question under two families of one set (which counts one thing twice), and question
//! variants of the corpus that are, or nearly are, a question of a set.
//!
//! Equal means equal after [`comparable`]: case, accents, punctuation and blanks do not count.
//! Nearly equal means that the Jaccard index of the texts' character 4-grams reaches a threshold;
//! every such pair is found (see `leakage/similar.rs`). Paraphrases in other words are not found:
//! that is what families are for. Of sensitive sets only keyed ids and counts leave this module,
//! and every id in a finding that touches one is keyed, since an equal public question would
//! give the text away. Reads no files and decides nothing: [`LeakageReport::leaks`] says what a
//! reviewer would not accept, the caller refuses or does not.

mod similar;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::similar::{GramSets, Pair};
use super::sensitive::{Key, SMALLEST_CELL, keyed_id, suppress};
use super::topic::Topic;
use crate::ids::DocumentId;
use crate::text::fold::{fold, visible, words};

/// Jaccard index from which two questions count as nearly equal.
pub const NEAR: f64 = 0.6;
/// The threshold is never taken below this: nothing alike would be meant, and all pairs would
/// have to be compared.
const LOWEST_NEAR: f64 = 0.2;
/// Findings listed of each kind.
pub const LISTED: usize = 200;
/// Places listed of each finding.
const PLACES: usize = 20;

/// Topics under the name that the report gives them.
#[derive(Debug, Clone, Copy)]
pub struct NamedTopics<'a> {
    /// Name of the set, such as `test`.
    pub name: &'a str,
    /// Its topics.
    pub topics: &'a [Topic],
    /// Whether results are reported on it: nothing in it may have been seen elsewhere.
    pub held_out: bool,
    /// Whether its content must not be shown.
    pub sensitive: bool,
}

/// What counts and what is shown.
#[derive(Debug, Clone, Copy)]
pub struct LeakageOptions<'a> {
    /// Jaccard index, above 0 to 1, from which texts count as nearly equal; below 0.2 it is taken
    /// as 0.2.
    pub near: f64,
    /// Most findings listed of each kind; counts are always complete.
    pub listed: usize,
    /// Smallest count shown of a sensitive set.
    pub smallest_cell: usize,
    /// The key under which ids of sensitive sets are shown; without it their findings are counted
    /// but not listed.
    pub key: Option<&'a Key>,
}

impl Default for LeakageOptions<'_> {
    fn default() -> Self {
        Self { near: NEAR, listed: LISTED, smallest_cell: SMALLEST_CELL, key: None }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakageReport {
    /// Jaccard index from which texts counted as nearly equal.
    pub near: f64,
    /// What each set holds, in the order given.
    pub sets: Vec<SetLeakage>,
    /// What each two sets share, in the order given.
    pub pairs: Vec<PairLeakage>,
    /// Where, by kind, the most alike first.
    pub findings: Vec<Finding>,
    /// Findings not listed because there are too many; those of sensitive sets without a key are
    /// neither listed nor counted here.
    pub findings_not_listed: usize,
    /// Whether a set that results are reported on shares a question or a family with another set,
    /// or a question with the variants of the corpus.
    pub leaks: bool,
}

/// What is within one set, and what it shares with the corpus. Counts are of topics; those of
/// sensitive sets are absent where they are small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLeakage {
    /// Name of the set.
    pub set: String,
    /// Whether results are reported on it.
    pub held_out: bool,
    /// Whether its content is not shown.
    pub sensitive: bool,
    /// Topics.
    pub topics: Option<usize>,
    /// Families.
    pub families: Option<usize>,
    /// Topics whose text is empty, which are not compared.
    pub empty: Option<usize>,
    /// Topics whose text stands in the set under another family too.
    pub repeated: Option<usize>,
    /// Topics whose text stands in the set under another family nearly.
    pub nearly_repeated: Option<usize>,
    /// Topics whose text is a question variant of the corpus.
    pub equal_to_variant: Option<usize>,
    /// Further topics whose text is nearly one.
    pub near_variant: Option<usize>,
    /// How much of the variants' wording the topics share; absent without variants.
    pub variant_words: Option<WordOverlap>,
}

/// Likeness of the wording of topics to that of the variants: for each topic the largest Jaccard
/// index of its different words with those of any one variant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordOverlap {
    /// Mean over topics, 0 to 1.
    pub mean: f64,
    /// Largest; absent for a sensitive set, where it is of one message.
    pub max: Option<f64>,
}

/// What two sets share. Counts are of topics or families; small ones are absent where one of the
/// sets is sensitive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairLeakage {
    /// Name of the one set.
    pub first: String,
    /// Name of the other.
    pub second: String,
    /// Topics of the first whose text stands in the second.
    pub equal_in_first: Option<usize>,
    /// Topics of the second whose text stands in the first.
    pub equal_in_second: Option<usize>,
    /// Further topics of the first whose text nearly stands in the second.
    pub near_in_first: Option<usize>,
    /// Further topics of the second whose text nearly stands in the first.
    pub near_in_second: Option<usize>,
    /// Named families that are in both.
    pub straddling_families: Option<usize>,
    /// Whether anything is shared and results are reported on one of the two.
    pub leaks: bool,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Jaccard index of the texts' character 4-grams; 1 for equal texts; absent for families.
    pub similarity: Option<f64>,
    /// Where it stands: at most 20 places.
    pub places: Vec<Place>,
    /// Number of all its places.
    pub n_places: usize,
}

/// Kinds of findings, the gravest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The same question in several sets.
    EqualAcrossSets,
    /// A family in several sets.
    FamilyStraddles,
    /// A question variant of the corpus that is a question of a set.
    EqualToVariant,
    /// Nearly the same question in two sets.
    NearAcrossSets,
    /// A question variant that is nearly a question of a set.
    NearVariant,
    /// The same question under several families of a set.
    EqualWithinSet,
    /// Nearly the same question under two families of a set.
    NearWithinSet,
}

impl FindingKind {
    /// The kind in words.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingKind::EqualAcrossSets => "the same question in several sets",
            FindingKind::FamilyStraddles => "a family in several sets",
            FindingKind::EqualToVariant => "a question variant of the corpus is a question",
            FindingKind::NearAcrossSets => "nearly the same question in two sets",
            FindingKind::NearVariant => "a question variant of the corpus is nearly a question",
            FindingKind::EqualWithinSet => "the same question under several families of a set",
            FindingKind::NearWithinSet => "nearly the same question under two families of a set",
        }
    }
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Place {
    /// A topic of a set.
    Topic {
        /// Name of the set.
        set: String,
        /// Id of the topic, keyed where the finding touches a sensitive set.
        id: String,
        /// Its family, keyed likewise.
        family: String,
    },
    /// A question variant of a document of the corpus.
    Variant {
        /// Id of the document, keyed where the finding touches a sensitive set.
        document: String,
    },
}

/// A question as it is compared: without characters that cannot be seen, folded, without
/// apostrophes, other punctuation as blanks, one blank between words. Symbols and emoji stay. Of a
/// text that is nothing but punctuation the punctuation stays.
pub fn comparable(text: &str) -> String {
    let folded = fold(&visible(text));
    let plain: String = folded.chars().filter_map(plain_char).collect();
    let joined = joined_words(&plain);
    if joined.is_empty() { joined_words(&folded) } else { joined }
}

fn joined_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain_char(c: char) -> Option<char> {
    match c {
        '\'' | '`' | '\u{b4}' => None,
        '\u{a1}'
        | '\u{a7}'
        | '\u{ab}'
        | '\u{b6}'
        | '\u{b7}'
        | '\u{bb}'
        | '\u{bf}'
        | '\u{2010}'..='\u{2027}'
        | '\u{2030}'..='\u{205e}'
        | '\u{3001}'..='\u{3003}' => Some(' '),
        // Of the ASCII symbols these carry meaning: 5% is not 5, and + is no blank.
        '%' | '+' | '<' | '>' | '=' | '$' | '&' | '#' => Some(c),
        c if c.is_ascii_punctuation() => Some(' '),
        c => Some(c),
    }
}

/// Looks for leakage between sets, within sets, and between sets and question variants of the
/// corpus.
///
/// Time grows with the pairs that are alike, not with all pairs; memory with the texts.
pub fn check(
    sets: &[NamedTopics<'_>],
    variants: &[(DocumentId, String)],
    options: &LeakageOptions<'_>,
) -> LeakageReport {
    let options = LeakageOptions { near: threshold(options.near), ..*options };
    let texts = Texts::of(sets, variants);
    let mut search = Search::new(&texts, &options);
    search.equal_texts();
    search.near_texts();
    search.families();
    search.report()
}

fn threshold(near: f64) -> f64 {
    if near.is_nan() { NEAR } else { near.clamp(LOWEST_NEAR, 1.0) }
}

/// One text of a set, or of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    /// Number of the set; that of the variants is the number of sets.
    source: usize,
    /// Number of the topic or variant.
    item: usize,
}

/// All texts, equal ones together.
struct Texts<'a> {
    sets: &'a [NamedTopics<'a>],
    variants: &'a [(DocumentId, String)],
    /// Different texts, ascending.
    different: Vec<String>,
    /// Who has each text, ascending by source and item.
    members: Vec<Vec<Member>>,
    /// Topics without text, by set.
    empty: Vec<usize>,
}

impl<'a> Texts<'a> {
    fn of(sets: &'a [NamedTopics<'a>], variants: &'a [(DocumentId, String)]) -> Self {
        let topics = sets.iter().enumerate().flat_map(|(source, set)| {
            let texts = set.topics.iter().map(|topic| topic.text.as_str());
            texts.enumerate().map(move |(item, text)| (Member { source, item }, text))
        });
        let source = sets.len();
        let others = variants.iter().enumerate();
        let others = others.map(|(item, (_, text))| (Member { source, item }, text.as_str()));
        let all: Vec<(Member, &str)> = topics.chain(others).collect();
        let mut all: Vec<(String, usize, usize)> = all
            .into_par_iter()
            .map(|(member, text)| (comparable(text), member.source, member.item))
            .collect();
        all.par_sort_unstable();
        let mut found = Texts {
            sets,
            variants,
            different: Vec::new(),
            members: Vec::new(),
            empty: vec![0; sets.len() + 1],
        };
        for (text, source, item) in all {
            if text.is_empty() {
                found.empty[source] += 1;
            } else {
                found.add(text, Member { source, item });
            }
        }
        found
    }

    /// Adds a text that is not below the last one.
    fn add(&mut self, text: String, member: Member) {
        match self.members.last_mut() {
            Some(members) if self.different.last() == Some(&text) => members.push(member),
            _ => {
                self.different.push(text);
                self.members.push(vec![member]);
            }
        }
    }

    fn family(&self, member: Member) -> &'a str {
        self.sets[member.source].topics[member.item].family()
    }

    fn is_variant(&self, member: Member) -> bool {
        member.source == self.sets.len()
    }

    /// Members of a text by source.
    fn by_source(&self, text: usize) -> impl Iterator<Item = &[Member]> {
        self.members[text].chunk_by(|a, b| a.source == b.source)
    }

    /// Two members of a set under different families, one of each list.
    fn of_two_families(&self, a: &[Member], b: &[Member]) -> Option<[Member; 2]> {
        let (first_a, first_b) = (*a.first()?, *b.first()?);
        let differs = |one: Member, other: Member| self.family(one) != self.family(other);
        // If none of b differs from the first of a, all of b are of one family.
        let of_b = b.iter().find(|member| differs(first_a, **member)).map(|m| [first_a, *m]);
        of_b.or_else(|| a.iter().find(|member| differs(**member, first_b)).map(|m| [*m, first_b]))
    }
}

/// Findings of one kind: all counted, the first few kept.
#[derive(Debug, Clone, Default)]
struct Listed {
    found: Vec<Found>,
    n: usize,
}

/// A finding before its ids are written.
#[derive(Debug, Clone)]
struct Found {
    similarity: f64,
    /// Numbers of the texts or of the family, for a fixed order.
    order: (usize, usize),
    members: Vec<Member>,
    n_places: usize,
    /// Whether any place, shown or not, is in a sensitive set.
    is_sensitive: bool,
}

impl Listed {
    fn add(&mut self, found: Found, limit: usize) {
        self.n += 1;
        self.found.push(found);
        if self.found.len() > 2 * limit.max(64) {
            self.cut(limit);
        }
    }

    fn cut(&mut self, limit: usize) {
        let place = |m: &Found| m.members.iter().map(|m| (m.source, m.item)).collect::<Vec<_>>();
        self.found.sort_by(|a, b| {
            b.similarity
                .total_cmp(&a.similarity)
                .then_with(|| a.order.cmp(&b.order))
                .then_with(|| place(a).cmp(&place(b)))
        });
        self.found.truncate(limit);
    }

    fn join(&mut self, other: Listed, limit: usize) {
        self.n += other.n;
        self.found.extend(other.found);
        self.cut(limit);
    }
}

/// What a block of the near search found.
#[derive(Default)]
struct NearBlock {
    /// Texts that are near one of a source.
    near: FxHashSet<(u32, usize)>,
    /// Topics near one of their set under another family: text and set.
    within: FxHashSet<(u32, usize)>,
    listed: BTreeMap<FindingKind, Listed>,
}

struct Search<'a> {
    texts: &'a Texts<'a>,
    options: &'a LeakageOptions<'a>,
    /// By set and other source: topics whose text stands there.
    equal: Vec<Vec<usize>>,
    /// By set and other source: further topics whose text nearly stands there.
    near: Vec<Vec<usize>>,
    repeated: Vec<usize>,
    nearly_repeated: Vec<usize>,
    straddling: BTreeMap<(usize, usize), usize>,
    listed: BTreeMap<FindingKind, Listed>,
}

impl<'a> Search<'a> {
    fn new(texts: &'a Texts<'a>, options: &'a LeakageOptions<'a>) -> Self {
        let n = texts.sets.len();
        Search {
            texts,
            options,
            equal: vec![vec![0; n + 1]; n + 1],
            near: vec![vec![0; n + 1]; n + 1],
            repeated: vec![0; n],
            nearly_repeated: vec![0; n],
            straddling: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    }

    fn is_sensitive(&self, members: &[Member]) -> bool {
        let sets = self.texts.sets;
        members.iter().any(|member| sets.get(member.source).is_some_and(|set| set.sensitive))
    }

    fn list(&mut self, kind: FindingKind, found: Found) {
        if self.options.key.is_some() || !found.is_sensitive {
            self.listed.entry(kind).or_default().add(found, self.options.listed);
        }
    }

    fn equal_texts(&mut self) {
        for text in 0..self.texts.different.len() {
            let groups: Vec<&[Member]> = self.texts.by_source(text).collect();
            for (i, group) in groups.iter().enumerate() {
                for other in groups.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, g)| g) {
                    self.equal[group[0].source][other[0].source] += group.len();
                }
                self.equal_within(text, group);
            }
            let is_of_set = |group: &&[Member]| !self.texts.is_variant(group[0]);
            let (of_sets, variants): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_of_set);
            if of_sets.len() > 1 {
                self.list_equal(FindingKind::EqualAcrossSets, text, of_sets.concat());
            }
            if !of_sets.is_empty() && !variants.is_empty() {
                let members = [of_sets.concat(), variants.concat()].concat();
                self.list_equal(FindingKind::EqualToVariant, text, members);
            }
        }
    }

    fn equal_within(&mut self, text: usize, group: &[Member]) {
        if group.len() < 2 || self.texts.is_variant(group[0]) {
            return;
        }
        if self.texts.of_two_families(group, group).is_some() {
            self.repeated[group[0].source] += group.len();
            self.list_equal(FindingKind::EqualWithinSet, text, group.to_vec());
        }
    }

    fn list_equal(&mut self, kind: FindingKind, text: usize, mut members: Vec<Member>) {
        let (n_places, is_sensitive) = (members.len(), self.is_sensitive(&members));
        if kind == FindingKind::EqualToVariant {
            // Both sides must be among the places shown.
            members.sort_by_key(|member| !self.texts.is_variant(*member));
            let n_variants = members.iter().filter(|m| self.texts.is_variant(**m)).count();
            members.drain((PLACES / 2).min(n_variants)..n_variants);
        }
        members.truncate(PLACES);
        let order = (text, text);
        self.list(kind, Found { similarity: 1.0, order, members, n_places, is_sensitive });
    }

    fn near_texts(&mut self) {
        let (texts, limit) = (self.texts, self.options.listed);
        let grams = GramSets::of(&texts.different);
        let take = |block: &mut NearBlock, pair: Pair| self.near_pair(block, pair);
        let blocks = grams.pairs(self.options.near, NearBlock::default, take);
        let mut near: FxHashSet<(u32, usize)> = FxHashSet::default();
        let mut within: FxHashSet<(u32, usize)> = FxHashSet::default();
        for block in blocks {
            near.extend(block.near);
            within.extend(block.within);
            for (kind, listed) in block.listed {
                self.listed.entry(kind).or_default().join(listed, limit);
            }
        }
        for (text, source) in near {
            let groups: Vec<&[Member]> = texts.by_source(text as usize).collect();
            if groups.iter().any(|group| group[0].source == source) {
                continue;
            }
            for group in groups {
                self.near[group[0].source][source] += group.len();
            }
        }
        for (text, source) in within {
            let groups = texts.by_source(text as usize);
            let group = groups.filter(|group| group[0].source == source);
            self.nearly_repeated[source] += group.map(<[Member]>::len).sum::<usize>();
        }
    }

    fn near_pair(&self, block: &mut NearBlock, pair: Pair) {
        let (texts, limit) = (self.texts, self.options.listed);
        for a in texts.by_source(pair.a as usize) {
            for b in texts.by_source(pair.b as usize) {
                let (source_a, source_b) = (a[0].source, b[0].source);
                let (kind, members) = if source_a != source_b {
                    block.near.insert((pair.a, source_b));
                    block.near.insert((pair.b, source_a));
                    let is_variant = texts.is_variant(a[0]) || texts.is_variant(b[0]);
                    let near_variant = FindingKind::NearVariant;
                    let kind = if is_variant { near_variant } else { FindingKind::NearAcrossSets };
                    (kind, vec![a[0], b[0]])
                } else if texts.is_variant(a[0]) {
                    continue;
                } else if let Some(two) = texts.of_two_families(a, b) {
                    block.within.insert((pair.a, source_a));
                    block.within.insert((pair.b, source_a));
                    (FindingKind::NearWithinSet, two.to_vec())
                } else {
                    continue;
                };
                let is_sensitive = self.is_sensitive(&members);
                if self.options.key.is_some() || !is_sensitive {
                    let order = (pair.a as usize, pair.b as usize);
                    let similarity = pair.similarity;
                    let found = Found { similarity, order, members, n_places: 2, is_sensitive };
                    block.listed.entry(kind).or_default().add(found, limit);
                }
            }
        }
    }

    fn families(&mut self) {
        let mut families: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
        for (source, set) in self.texts.sets.iter().enumerate() {
            for (item, topic) in set.topics.iter().enumerate() {
                if !topic.family.is_empty() {
                    let members = families.entry(&topic.family).or_default();
                    members.push(Member { source, item });
                }
            }
        }
        for (number, members) in families.into_values().enumerate() {
            let sources: Vec<usize> =
                members.chunk_by(|a, b| a.source == b.source).map(|g| g[0].source).collect();
            if sources.len() < 2 {
                continue;
            }
            for (i, first) in sources.iter().enumerate() {
                for second in &sources[i + 1..] {
                    *self.straddling.entry((*first, *second)).or_default() += 1;
                }
            }
            let groups = members.chunk_by(|a, b| a.source == b.source);
            let found = Found {
                similarity: 0.0,
                order: (number, number),
                n_places: members.len(),
                is_sensitive: self.is_sensitive(&members),
                members: groups.map(|group| group[0]).take(PLACES).collect(),
            };
            self.list(FindingKind::FamilyStraddles, found);
        }
    }

    fn report(mut self) -> LeakageReport {
        let texts = self.texts;
        let overlaps = word_overlaps(texts);
        let sets: Vec<SetLeakage> =
            (0..texts.sets.len()).map(|set| self.set_leakage(set, overlaps[set])).collect();
        let all = || 0..texts.sets.len();
        let pairs: Vec<PairLeakage> = all()
            .flat_map(|a| all().filter(move |b| *b > a).map(move |b| (a, b)))
            .map(|(a, b)| self.pair_leakage(a, b))
            .collect();
        let variants = texts.sets.len();
        let leaks = pairs.iter().any(|pair| pair.leaks)
            || all().any(|set| texts.sets[set].held_out && self.equal[set][variants] > 0);
        let mut findings = Vec::new();
        let mut findings_not_listed = 0;
        for (kind, mut listed) in std::mem::take(&mut self.listed) {
            listed.cut(self.options.listed);
            findings_not_listed += listed.n - listed.found.len();
            findings.extend(listed.found.into_iter().map(|found| self.finding(kind, &found)));
        }
        LeakageReport { near: self.options.near, sets, pairs, findings, findings_not_listed, leaks }
    }

    fn set_leakage(&self, set: usize, overlap: Option<WordOverlap>) -> SetLeakage {
        let NamedTopics { name, topics, held_out, sensitive } = self.texts.sets[set];
        let variants = self.texts.sets.len();
        let families: BTreeSet<&str> = topics.iter().map(Topic::family).collect();
        let count = |n| if sensitive { suppress(n, self.options.smallest_cell) } else { Some(n) };
        let shown =
            |words: WordOverlap| WordOverlap { max: words.max.filter(|_| !sensitive), ..words };
        let enough = !sensitive || topics.len() >= self.options.smallest_cell;
        SetLeakage {
            set: name.to_owned(),
            held_out,
            sensitive,
            topics: count(topics.len()),
            families: count(families.len()),
            empty: count(self.texts.empty[set]),
            repeated: count(self.repeated[set]),
            nearly_repeated: count(self.nearly_repeated[set]),
            equal_to_variant: count(self.equal[set][variants]),
            near_variant: count(self.near[set][variants]),
            variant_words: overlap.filter(|_| enough).map(shown),
        }
    }

    fn pair_leakage(&self, a: usize, b: usize) -> PairLeakage {
        let (first, second) = (self.texts.sets[a], self.texts.sets[b]);
        let is_sensitive = first.sensitive || second.sensitive;
        let smallest = self.options.smallest_cell;
        let count = |n| if is_sensitive { suppress(n, smallest) } else { Some(n) };
        let families = self.straddling.get(&(a, b)).copied().unwrap_or(0);
        let shared = self.equal[a][b] + self.near[a][b] + families;
        PairLeakage {
            first: first.name.to_owned(),
            second: second.name.to_owned(),
            equal_in_first: count(self.equal[a][b]),
            equal_in_second: count(self.equal[b][a]),
            near_in_first: count(self.near[a][b]),
            near_in_second: count(self.near[b][a]),
            straddling_families: count(families),
            leaks: shared > 0 && (first.held_out || second.held_out),
        }
    }

    fn finding(&self, kind: FindingKind, found: &Found) -> Finding {
        let key = self.options.key.filter(|_| found.is_sensitive);
        let name = |id: &str| key.map_or_else(|| id.to_owned(), |key| keyed_id(key, id));
        let place = |member: &Member| match self.texts.sets.get(member.source) {
            None => Place::Variant { document: name(self.texts.variants[member.item].0.as_str()) },
            Some(set) => Place::Topic {
                set: set.name.to_owned(),
                id: name(set.topics[member.item].id.as_str()),
                family: name(self.texts.family(*member)),
            },
        };
        let similarity = (kind != FindingKind::FamilyStraddles).then_some(found.similarity);
        let places = found.members.iter().map(place).collect();
        Finding { kind, similarity, places, n_places: found.n_places }
    }
}

/// Likeness of the wording of each set's topics to that of the variants.
fn word_overlaps(texts: &Texts<'_>) -> Vec<Option<WordOverlap>> {
    let different = |text: &str| words(text).map(|word| word.folded).collect::<BTreeSet<String>>();
    let variants: Vec<BTreeSet<String>> =
        texts.variants.iter().map(|(_, text)| different(text)).collect();
    let mut index: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
    for (number, variant) in (0..).zip(&variants) {
        for word in variant {
            index.entry(word).or_default().push(number);
        }
    }
    let best = |shared: &mut Vec<u32>, topic: &Topic| {
        let words = different(&topic.text);
        let mut touched = Vec::new();
        for number in words.iter().filter_map(|word| index.get(word.as_str())).flatten() {
            let count = &mut shared[*number as usize];
            if *count == 0 {
                touched.push(*number as usize);
            }
            *count += 1;
        }
        let likeness = touched.into_iter().map(|number| {
            let both = std::mem::take(&mut shared[number]) as usize;
            both as f64 / (words.len() + variants[number].len() - both) as f64
        });
        likeness.fold(0.0, f64::max)
    };
    let of_set = |set: &NamedTopics<'_>| {
        let none = || vec![0_u32; variants.len()];
        let likeness: Vec<f64> = set.topics.par_iter().map_init(none, best).collect();
        let is_known = !likeness.is_empty() && !variants.is_empty();
        is_known.then(|| WordOverlap {
            mean: likeness.iter().sum::<f64>() / likeness.len() as f64,
            max: likeness.iter().copied().reduce(f64::max),
        })
    };
    texts.sets.iter().map(of_set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: &str, family: &str, text: &str) -> Topic {
        let json = serde_json::json!({"_id": id, "text": text, "family": family});
        serde_json::from_value(json).unwrap()
    }

    fn named<'a>(name: &'a str, topics: &'a [Topic], held_out: bool) -> NamedTopics<'a> {
        NamedTopics { name, topics, held_out, sensitive: false }
    }

    fn variant(document: &str, text: &str) -> (DocumentId, String) {
        (DocumentId::new(document).unwrap(), text.to_owned())
    }

    fn kinds(report: &LeakageReport) -> Vec<FindingKind> {
        report.findings.iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn case_accents_punctuation_and_blanks_do_not_make_a_question_another() {
        let same = [
            "Don\u{2019}t  they say:\u{200b} naïve?",
            "dont they say naive",
            "DON'T THEY SAY NAIVE!!",
        ];
        assert!(same.iter().all(|text| comparable(text) == "dont they say naive"));
        assert_ne!(comparable("5%"), comparable("5"));
        assert_eq!(comparable("👍 ?"), "👍");
        assert_ne!(comparable("???"), comparable("!"));
        assert_eq!(comparable(" \n"), "");
    }

    #[test]
    fn each_kind_of_leak_is_found_and_named() {
        let fit = [
            topic("f1", "a", "Does a mammogram hurt?"),
            topic("f2", "b", "how long does it take to get the results back"),
            topic("f3", "straddler", "can i bring my mum"),
            topic("f4", "", "wheres the parking"),
        ];
        let test = [
            topic("t1", "c", "does a mammogram HURT"),
            topic("t2", "d", "how long does it take to get my results back"),
            topic("t3", "straddler", "is a friend allowed in"),
            topic("t4", "e", "what is a smear"),
            topic("t5", "f", "What is a smear?"),
            topic("t6", "g", "is it free for everyone over fifty"),
            topic("t7", "h", "is it free for everyone over sixty"),
            topic("t8", "i", " "),
        ];
        let variants =
            [variant("smear", "what is a smear"), variant("park", "where's the parking?")];
        let sets = [named("fit", &fit, false), named("test", &test, true)];
        let report = check(&sets, &variants, &LeakageOptions::default());
        assert!(report.leaks);
        assert_eq!(
            kinds(&report),
            [
                FindingKind::EqualAcrossSets,
                FindingKind::FamilyStraddles,
                FindingKind::EqualToVariant,
                FindingKind::EqualToVariant,
                FindingKind::NearAcrossSets,
                FindingKind::EqualWithinSet,
                FindingKind::NearWithinSet,
            ]
        );
        let pair = &report.pairs[0];
        let counts = [pair.equal_in_first, pair.equal_in_second, pair.near_in_first];
        assert_eq!(counts, [Some(1), Some(1), Some(1)]);
        assert_eq!((pair.near_in_second, pair.straddling_families), (Some(1), Some(1)));
        let set = &report.sets[1];
        assert_eq!((set.topics, set.families, set.empty), (Some(8), Some(8), Some(1)));
        assert_eq!((set.repeated, set.nearly_repeated), (Some(2), Some(2)));
        assert_eq!((set.equal_to_variant, set.near_variant), (Some(2), Some(0)));
        assert_eq!(set.variant_words.unwrap().max, Some(1.0));
        assert_eq!(
            report.findings[0].places,
            [
                Place::Topic { set: "fit".into(), id: "f1".into(), family: "a".into() },
                Place::Topic { set: "test".into(), id: "t1".into(), family: "c".into() },
            ]
        );
    }

    #[test]
    fn paraphrases_of_one_family_in_one_set_are_no_finding() {
        let set = [topic("1", "a", "does it hurt"), topic("2", "a", "Does it hurt?")];
        let report = check(&[named("dev", &set, true)], &[], &LeakageOptions::default());
        assert!(report.findings.is_empty() && !report.leaks);
        assert_eq!(report.sets[0].variant_words, None);
        // Two sets that nothing is reported on may share.
        let sets = [named("fit", &set, false), named("more", &set, false)];
        let report = check(&sets, &[], &LeakageOptions::default());
        assert_eq!(report.pairs[0].equal_in_first, Some(2));
        assert!(!report.leaks);
    }

    #[test]
    fn counts_are_complete_where_the_list_is_cut() {
        let fit: Vec<Topic> =
            (0..300).map(|n| topic(&format!("f{n}"), "", &format!("is {n} a number"))).collect();
        let test: Vec<Topic> =
            (0..300).map(|n| topic(&format!("t{n}"), "", &format!("Is {n} a number?"))).collect();
        let sets = [named("fit", &fit, false), named("test", &test, true)];
        let options = LeakageOptions { listed: 7, near: 1.0, ..LeakageOptions::default() };
        let report = check(&sets, &[], &options);
        assert_eq!(report.pairs[0].equal_in_second, Some(300));
        assert_eq!((report.findings.len(), report.findings_not_listed), (7, 293));
        let all = LeakageOptions { listed: 1000, ..options };
        assert_eq!(check(&sets, &[], &all).findings[..7], report.findings[..]);
    }

    #[test]
    fn nothing_of_a_sensitive_set_is_shown_but_keyed_ids_and_large_counts() {
        let fit = [topic("plain-1", "fam", "canary one two three"), topic("plain-2", "", "x")];
        let inbox = [
            topic("canary-1", "fam", "Canary one two three"),
            topic("canary-2", "canary-f", "canary one two threes"),
            topic("canary-3", "canary-g", "canary one two threes"),
        ];
        let variants = [variant("document-1", "canary one two three")];
        let hidden = NamedTopics { sensitive: true, ..named("inbox", &inbox, true) };
        let sets = [named("fit", &fit, false), hidden];
        let key = Key::from_hex(&"0123456789abcdef".repeat(4)).unwrap();
        let without = check(&sets, &variants, &LeakageOptions::default());
        let options = LeakageOptions { key: Some(&key), ..LeakageOptions::default() };
        let with = check(&sets, &variants, &options);
        for report in [&without, &with] {
            let json = serde_json::to_string(report).unwrap();
            assert!(!json.contains("canary"), "{json}");
            assert_eq!(report.pairs[0].equal_in_first, None);
            assert_eq!(report.sets[1].topics, None);
            assert_eq!(report.sets[1].equal_to_variant, None);
            assert!(report.leaks);
        }
        // The public question is equal to the hidden one, so its name would give that away.
        let touching = |report: &LeakageReport| {
            let list = report.findings.iter().filter(|f| f.n_places > 1);
            serde_json::to_string(&list.collect::<Vec<_>>()).unwrap()
        };
        assert!(!touching(&with).contains("plain-1"));
        assert!(touching(&with).contains(&keyed_id(&key, "plain-1")));
        assert!(touching(&with).contains(&keyed_id(&key, "canary-1")));
        let of_variant = |report: &LeakageReport| {
            report.findings.iter().filter(|f| f.kind == FindingKind::EqualToVariant).count()
        };
        assert_eq!((of_variant(&without), of_variant(&with)), (0, 1));
    }

    #[test]
    fn reports_read_back_and_are_the_same_at_any_number_of_threads() {
        let text = |n: usize| format!("question {} about thing {}", n % 90, n % 7);
        let set: Vec<Topic> =
            (0..600).map(|n| topic(&format!("q{n}"), &format!("f{}", n % 200), &text(n))).collect();
        let sets = [named("a", &set[..300], false), named("b", &set[300..], true)];
        let variants = [variant("d", "question 3 about thing 3")];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| check(&sets, &variants, &LeakageOptions::default()))
        };
        let json = serde_json::to_string(&run(1)).unwrap();
        assert_eq!(json, serde_json::to_string(&run(3)).unwrap());
        assert_eq!(serde_json::from_str::<LeakageReport>(&json).unwrap(), run(2));
    }

    #[test]
    fn thresholds_out_of_range_are_taken_as_the_nearest_in_range() {
        for (asked, taken) in [(0.0, LOWEST_NEAR), (7.0, 1.0), (f64::NAN, NEAR), (0.7, 0.7)] {
            assert_eq!(threshold(asked).to_bits(), f64::to_bits(taken));
        }
    }
}
