//! 1. For random texts of everything that is easy to get wrong the ids are those of the library:
//!    with the shipped vocabulary, and with one of single characters, where no difference hides
//!    behind the unknown token.
//! 2. So they are for every character there is, in the midst of a word.
//! 3. So they are for the shipped guidance and for what people wrote.
//! 4. A limit cuts the ids and changes none of them.
//! 5. A tokenizer with any other setting is left to the library.

use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::*;

const SHIPPED: &[u8] = include_bytes!("../../../../models/all-MiniLM-L6-v2/tokenizer.json");

fn slow() -> bool {
    std::env::var_os("RUN_SLOW_TESTS").is_some_and(|value| value == "1")
}

/// Ours and the definition, of one file.
struct Both {
    ours: WordPiece,
    library: Tokenizer,
    ids: Vec<u32>,
}

impl Both {
    fn of(json: &[u8]) -> Self {
        let mut library = Tokenizer::from_bytes(json).unwrap();
        library.with_padding(None);
        library.with_truncation(None).unwrap();
        Self { ours: WordPiece::read(json).unwrap(), library, ids: Vec::new() }
    }

    #[track_caller]
    fn check(&mut self, text: &str) {
        self.ids.clear();
        self.ours.push_ids(text, usize::MAX, &mut self.ids);
        let expected = self.library.encode_fast(text, false).unwrap();
        assert_eq!(self.ids, expected.get_ids(), "{text:?}: {:?}", expected.get_tokens());
    }
}

/// A tokenizer that knows single characters only, each at the beginning of a word and within.
fn spelling() -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(SHIPPED).unwrap();
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(String::from);
    let ranges = ['!'..='\u{52f}', '\u{590}'..='\u{6ff}', '\u{900}'..='\u{11ff}'];
    let more = ['\u{1c80}'..='\u{2fff}', '\u{3000}'..='\u{318f}', '\u{fb00}'..='\u{ffff}'];
    let odd = ['\u{1d157}'..='\u{1d1ff}', '\u{1f000}'..='\u{1f6ff}', '\u{e0000}'..='\u{e01ff}'];
    let pieces = ranges.into_iter().chain(more).chain(odd).flatten();
    let pieces = special.into_iter().chain(pieces.flat_map(|c| [format!("{c}"), format!("##{c}")]));
    let vocabulary: serde_json::Map<_, _> =
        pieces.enumerate().map(|(id, piece)| (piece, json!(id))).collect();
    for added in file["added_tokens"].as_array_mut().unwrap() {
        added["id"] = vocabulary[added["content"].as_str().unwrap()].clone();
    }
    file["model"]["vocab"] = vocabulary.into();
    serde_json::to_vec(&file).unwrap()
}

/// The generator SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    fn within(&mut self, range: &RangeInclusive<char>) -> char {
        let (start, end) = (u32::from(*range.start()), u32::from(*range.end()));
        let number = start + self.below((end - start + 1) as usize) as u32;
        char::from_u32(number).unwrap_or('\u{fffd}')
    }

    /// Fragments of many kinds, glued together, so that every kind meets every other.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(16) {
            match self.below(10) {
                0..=3 => text.push_str(self.one_of(&WORDS)),
                4 => text.push_str(self.one_of(&TRAPS)),
                5 => text.push(self.within(&('\0'..='\u{ff}'))),
                6 => text.push(self.within(&('\0'..=char::MAX))),
                7 => {
                    let range = &RANGES[self.below(RANGES.len())];
                    (0..=self.below(4)).for_each(|_| text.push(self.within(range)));
                }
                8 if self.below(4) == 0 => {
                    let unit = self.one_of(&["a", "é", "e\u{301}", "ing", "好", "\u{3b1}", "0"]);
                    (0..90 + self.below(60)).for_each(|_| text.push_str(unit));
                }
                _ => {}
            }
            if self.below(2) == 0 {
                text.push(' ');
            }
        }
        text
    }
}

const WORDS: [&str; 14] = [
    "Does",
    "a",
    "MAMMOGRAM",
    "hurt",
    "unaffordability",
    "don't",
    "screening-test",
    "3.5mm",
    "I",
    "’m",
    "naïve",
    "café",
    "“worried”",
    "antidisestablishmentarianism",
];

/// Among them marks that change places though they are no accents: order shows only in those.
const TRAPS: [&str; 43] = [
    "[SEP]",
    "[CLS]",
    "[MASK]",
    "[PAD]",
    "[UNK]",
    "[sep]",
    "[SEP",
    "SEP]",
    "[[CLS]]",
    "[unused1]",
    "##ing",
    "#",
    "İ",
    "I\u{307}",
    "ı",
    "ΣΑΣ",
    "Σ",
    "ß",
    "ẞ",
    "ǅ",
    "ﬁ",
    "Å",
    "\u{212b}",
    "K",
    "각",
    "가\u{11a8}",
    "\u{1100}\u{1161}",
    "\u{301}",
    "\u{316}\u{301}",
    "a\u{301}\u{7f}\u{316}b",
    "\u{1d16d}\u{1d165}",
    "\u{1d16d}\u{7f}\u{1d165}",
    "a\u{302e}\0\u{1d165}b",
    "a\u{301}\u{ad}\u{316}",
    "\u{344}",
    "\u{37e}",
    "\u{1fef}",
    "\u{200b}",
    "\u{200d}",
    "🏽",
    "👩‍⚕️",
    "\u{d7ff}\u{e000}",
    "\r\n\u{85}\u{b}\u{c}\u{2028}\u{3000}",
];

const RANGES: [RangeInclusive<char>; 24] = [
    'a'..='z',
    '!'..='/',
    '\0'..=' ',
    '\u{80}'..='\u{24f}',
    '\u{300}'..='\u{36f}',
    '\u{370}'..='\u{52f}',
    '\u{590}'..='\u{6ff}',
    '\u{900}'..='\u{dff}',
    '\u{e00}'..='\u{fff}',
    '\u{1100}'..='\u{11ff}',
    '\u{1ab0}'..='\u{1aff}',
    '\u{1dc0}'..='\u{1dff}',
    '\u{1e00}'..='\u{1fff}',
    '\u{2000}'..='\u{206f}',
    '\u{20d0}'..='\u{214f}',
    '\u{3000}'..='\u{30ff}',
    '\u{4e00}'..='\u{9fff}',
    '\u{ac00}'..='\u{d7ff}',
    '\u{e000}'..='\u{faff}',
    '\u{fb00}'..='\u{ffff}',
    '\u{11900}'..='\u{119ff}',
    '\u{1d100}'..='\u{1d1ff}',
    '\u{1f300}'..='\u{1f6ff}',
    '\u{20000}'..='\u{2fa1f}',
];

#[test]
fn ids_of_random_texts_are_those_of_the_library() {
    let mut random = Random(5);
    let texts = if slow() { 100_000 } else { 5_000 };
    let (mut shipped, mut spelt) = (Both::of(SHIPPED), Both::of(&spelling()));
    for _ in 0..texts {
        let text = random.text();
        shipped.check(&text);
        spelt.check(&text);
    }
}

#[test]
fn ids_of_every_character_are_those_of_the_library() {
    let mut shipped = Both::of(SHIPPED);
    // In the quick tier up to where the assigned characters end, but for some tags.
    let end = if slow() { char::MAX } else { '\u{2ffff}' };
    let all: Vec<char> = ('\0'..=end).chain('\u{e0000}'..='\u{e01ff}').collect();
    for some in all.chunks(64) {
        let mut text = String::new();
        for c in some {
            write!(text, "un{c}ing {c} ").unwrap();
        }
        shipped.check(&text);
    }
}

fn texts_in(folder: &Path, extension: &str, texts: &mut Vec<String>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts_in(&path, extension, texts);
        } else if path.extension().is_some_and(|e| e == extension) {
            texts.push(fs_err::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn ids_of_guidance_and_messages_are_those_of_the_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    texts_in(&root.join("corpus"), "md", &mut texts);
    texts_in(&root.join("eval/topics"), "jsonl", &mut texts);
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    assert!(lines.len() > 5_000, "{}", lines.len());
    let mut shipped = Both::of(SHIPPED);
    let step = if slow() { 1 } else { lines.len() / 5_000 };
    lines.iter().step_by(step).for_each(|line| shipped.check(line));
}

#[test]
fn a_limit_only_cuts() {
    let shipped = WordPiece::read(SHIPPED).unwrap();
    let mut random = Random(6);
    let (mut all, mut some) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let text = random.text();
        all.clear();
        shipped.push_ids(&text, usize::MAX, &mut all);
        for most in [0, 1, 2, random.below(20), all.len()] {
            some.clear();
            some.push(7);
            shipped.push_ids(&text, most, &mut some);
            assert_eq!(some[1..], all[..most.min(all.len())], "{text:?}");
        }
    }
}

#[test]
fn other_settings_are_left_to_the_library() {
    let usual: Value = serde_json::from_slice(SHIPPED).unwrap();
    let reads = |pointer: &str, value: Value| {
        let mut file = usual.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        WordPiece::read(&serde_json::to_vec(&file).unwrap()).is_some()
    };
    assert!(reads("/truncation", Value::Null));
    assert!(reads("/padding", Value::Null));
    assert!(reads("/post_processor", Value::Null));
    assert!(reads("/normalizer/strip_accents", json!(true)));
    assert!(reads("/model/max_input_chars_per_word", json!(20)));
    for (pointer, value) in [
        ("/version", json!("2.0")),
        ("/added_tokens/1/single_word", json!(true)),
        ("/added_tokens/1/lstrip", json!(true)),
        ("/added_tokens/1/rstrip", json!(true)),
        ("/added_tokens/1/normalized", json!(true)),
        ("/added_tokens/1/id", json!(7)),
        ("/added_tokens/1/content", json!("")),
        ("/added_tokens/1/content", json!("[CLS]")),
        ("/added_tokens/1/content", json!("[not a piece]")),
        ("/normalizer", Value::Null),
        ("/normalizer/type", json!("Lowercase")),
        ("/normalizer/clean_text", json!(false)),
        ("/normalizer/handle_chinese_chars", json!(false)),
        ("/normalizer/strip_accents", json!(false)),
        ("/normalizer/lowercase", json!(false)),
        ("/pre_tokenizer", Value::Null),
        ("/pre_tokenizer/type", json!("Whitespace")),
        ("/post_processor/single/1/Sequence/id", json!("B")),
        ("/post_processor/single/0", json!({"Sequence": {"id": "A", "type_id": 0}})),
        ("/post_processor/type", json!("ByteLevel")),
        ("/model/type", json!("WordLevel")),
        ("/model/unk_token", json!("[not a piece]")),
        ("/model/max_input_chars_per_word", json!(MOST_CHARS + 1)),
        ("/model/vocab", json!({"[CLS]": 101})),
        ("/model/vocab/the", json!(-1)),
    ] {
        assert!(!reads(pointer, value.clone()), "{pointer} {value}");
    }
    for length in [0, 1, 1000, SHIPPED.len() - 1] {
        assert!(WordPiece::read(&SHIPPED[..length]).is_none());
    }
}

#[test]
fn a_key_given_twice_has_its_last_id() {
    let text = std::str::from_utf8(SHIPPED).unwrap();
    let twice = text.replace("\"the\":", "\"hurt\":5,\"th\\u0065\":");
    let mut both = Both::of(twice.as_bytes());
    both.check("the hurt");
    let twice = text.replace("\"##～\":30521", "\"##～\":30521,\"hurt\":5");
    assert_ne!(twice, text);
    both = Both::of(twice.as_bytes());
    both.check("the hurt");
    assert_eq!(both.ours.id("hurt"), Some(5));
}
