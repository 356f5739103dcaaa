//! Text that nobody wrote: as many passages as asked for, the same for the same seed.
//!
//! Words are stems with endings, drawn by Zipf's law with the exponent 1, so that a few words stand
//! everywhere and most are rare, as in real text. A document has one subject: a handful of words
//! that its passages share. A query takes most of its words from one passage. Random numbers are
//! SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): thirty lines that no update changes.
//!
//! What it is not: grammatical, or full of near-duplicates, typing errors and names. Times on it
//! show how stages grow with the number of passages; how well anything is found, they do not show.

use std::fmt::Write as _;

const STEMS: [&str; 120] = [
    "screen",
    "scan",
    "letter",
    "clinic",
    "nurse",
    "result",
    "breast",
    "bowel",
    "kit",
    "sample",
    "cancer",
    "risk",
    "age",
    "year",
    "offer",
    "invite",
    "appoint",
    "book",
    "cancel",
    "travel",
    "park",
    "bus",
    "hospital",
    "doctor",
    "film",
    "image",
    "picture",
    "read",
    "report",
    "post",
    "home",
    "blood",
    "pressure",
    "drop",
    "eye",
    "diabet",
    "sugar",
    "insulin",
    "vessel",
    "leak",
    "treat",
    "laser",
    "surgeon",
    "surgery",
    "theatre",
    "ward",
    "sleep",
    "food",
    "drink",
    "water",
    "walk",
    "run",
    "lift",
    "weight",
    "smoke",
    "alcohol",
    "heart",
    "lung",
    "cough",
    "breath",
    "chest",
    "pain",
    "sore",
    "skin",
    "lump",
    "gland",
    "arm",
    "leg",
    "foot",
    "hand",
    "wrist",
    "neck",
    "baby",
    "mother",
    "father",
    "sister",
    "family",
    "gene",
    "test",
    "swab",
    "cell",
    "virus",
    "vaccin",
    "dose",
    "injection",
    "needle",
    "tablet",
    "cream",
    "wash",
    "clean",
    "towel",
    "gown",
    "room",
    "door",
    "stair",
    "ramp",
    "wheel",
    "chair",
    "hear",
    "deaf",
    "sign",
    "language",
    "translat",
    "form",
    "consent",
    "record",
    "private",
    "data",
    "share",
    "decide",
    "choice",
    "leaflet",
    "video",
    "phone",
    "text",
    "email",
    "address",
    "move",
    "abroad",
    "prison",
];
const ENDINGS: [&str; 8] = ["", "s", "ing", "ed", "er", "ment", "less", "ful"];
const SMALL: [&str; 24] = [
    "the", "a", "of", "to", "and", "in", "is", "you", "for", "with", "that", "it", "at", "be",
    "may", "if", "not", "from", "by", "your", "when", "after", "before", "about",
];

/// Shape of a generated corpus.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Documents.
    pub(crate) documents: usize,
    /// Passages of each.
    pub(crate) passages: usize,
    /// Words of a passage.
    pub(crate) words: usize,
    /// Seed.
    pub(crate) seed: u64,
}

struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Writes words.
struct Writer {
    random: SplitMix,
    /// Cumulative weights of ranks by Zipf's law, in whole numbers, so that no rounding of floating
    /// point decides.
    ranks: Vec<u64>,
}

impl Writer {
    fn new(seed: u64) -> Writer {
        let mut sum = 0;
        let ranks = (1..=(STEMS.len() * ENDINGS.len()) as u64).map(|rank| {
            sum += 1_000_000 / rank;
            sum
        });
        Writer { ranks: ranks.collect(), random: SplitMix(seed) }
    }

    fn word(&mut self) -> String {
        let last = self.ranks.last().copied().unwrap_or(1);
        let drawn = self.random.next() % last;
        let rank = self.ranks.partition_point(|sum| *sum <= drawn);
        // A step that shares no factor with the number of words spreads endings over ranks.
        let place = rank * 7 % (STEMS.len() * ENDINGS.len());
        format!("{}{}", STEMS[place % STEMS.len()], ENDINGS[place / STEMS.len()])
    }

    fn words(&mut self, count: usize, subject: &[String]) -> Vec<String> {
        (0..count)
            .map(|_| match self.random.below(10) {
                0..4 => SMALL[self.random.below(SMALL.len())].to_owned(),
                4..6 if !subject.is_empty() => subject[self.random.below(subject.len())].clone(),
                _ => self.word(),
            })
            .collect()
    }
}

/// The bodies of all passages, document by document.
pub(crate) fn passages(shape: Shape) -> Vec<Vec<String>> {
    let mut writer = Writer::new(shape.seed);
    (0..shape.documents)
        .map(|_| {
            let subject = writer.words(6, &[]);
            (0..shape.passages)
                .map(|_| {
                    let mut text = writer.words(shape.words, &subject).join(" ");
                    text.push('.');
                    text
                })
                .collect()
        })
        .collect()
}

/// Queries no two of which are the same, each of 6 to 13 words.
pub(crate) fn queries(shape: Shape, count: usize) -> Vec<String> {
    let passages = passages(shape);
    let mut writer = Writer::new(shape.seed ^ 0x5eed);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < count {
        let document = &passages[writer.random.below(passages.len())];
        let source: Vec<&str> = document[writer.random.below(document.len())]
            .trim_end_matches('.')
            .split(' ')
            .collect();
        let length = 6 + writer.random.below(8);
        let first = writer.random.below(source.len().saturating_sub(length).max(1));
        let mut words: Vec<String> =
            source.iter().skip(first).take(length).map(|word| (*word).to_owned()).collect();
        // One word in five comes from elsewhere.
        for word in &mut words {
            if writer.random.below(5) == 0 {
                *word = writer.word();
            }
        }
        seen.insert(words.join(" "));
    }
    seen.into_iter().collect()
}

/// A document's file: every passage under a heading of its own, so that none is joined with the
/// next.
pub(crate) fn file(id: &str, passages: &[String]) -> String {
    let title = passages.first().map(|p| p.split(' ').take(4).collect::<Vec<_>>().join(" "));
    let mut text = format!(
        "+++\nid = \"{id}\"\ntitle = \"{}\"\nprogramme = \"ear\"\nkind = \"guidance\"\n\
         nations = [\"england\"]\n\n[source]\ntitle = \"Generated\"\npublisher = \"Nobody\"\n\
         address = \"https://example.org\"\nupdated = \"2026-11-01\"\nlicence = \"None\"\n\n\
         [approval]\nstatus = \"approved\"\nby = \"Nobody\"\nrole = \"research\"\n\
         on = 2026-11-01\nreview_due = 2027-11-01\nversion = \"1\"\n+++\n",
        title.unwrap_or_default()
    );
    for (number, passage) in passages.iter().enumerate() {
        let heading: Vec<&str> = passage.split(' ').skip(4).take(3).collect();
        let _ = write!(text, "\n## {} {number}\n\n{passage}\n", heading.join(" "));
    }
    text
}
