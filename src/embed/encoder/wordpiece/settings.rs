//! Is a `tokenizer.json` one that this crate can read by itself?
//!
//! Only what an uncased BERT is published with: every other value of a field that changes ids is
//! a refusal. Padding, truncation and the decoder change none and are passed over. This module
//! does not know texts.

use std::borrow::Cow;

use serde::Deserialize;

use super::vocabulary::Vocabulary;

/// What the splitter needs of the file.
pub(super) struct Settings<'a> {
    pub(super) vocabulary: Vocabulary,
    pub(super) added: Vec<AddedToken>,
    pub(super) unknown: Cow<'a, str>,
    pub(super) prefix: Cow<'a, str>,
    pub(super) most_chars: usize,
}

impl<'a> Settings<'a> {
    /// None when the file has a setting not known here or cannot be read.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        // One check of the whole text is faster than one of each string.
        let json = std::str::from_utf8(json).ok()?;
        let file: File<'a> = serde_json::from_str(json).ok()?;
        let known = file.version == "1.0"
            && file.normalizer.is_known()
            && file.pre_tokenizer.kind == "BertPreTokenizer"
            && file.post_processor.is_none_or(|processor| processor.keeps_ids())
            && file.model.kind == "WordPiece";
        known.then_some(Self {
            vocabulary: file.model.vocabulary,
            added: file.added_tokens,
            unknown: file.model.unk_token,
            prefix: file.model.continuing_subword_prefix,
            most_chars: file.model.max_input_chars_per_word,
        })
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
    added_tokens: Vec<AddedToken>,
    #[serde(borrow)]
    normalizer: Normalizer<'a>,
    #[serde(borrow)]
    pre_tokenizer: PreTokenizer<'a>,
    #[serde(borrow)]
    post_processor: Option<PostProcessor<'a>>,
    #[serde(borrow)]
    model: Model<'a>,
}

/// A token that is found in the text before it is split.
#[expect(clippy::struct_excessive_bools, reason = "the fields of the file")]
#[derive(Deserialize)]
pub(super) struct AddedToken {
    pub(super) id: u32,
    pub(super) content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
}

impl AddedToken {
    /// Whether it is found wherever it is spelt out, and takes nothing beside it.
    pub(super) fn is_plain(&self) -> bool {
        !(self.single_word || self.lstrip || self.rstrip || self.normalized)
    }
}

#[derive(Deserialize)]
struct Normalizer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    clean_text: bool,
    handle_chinese_chars: bool,
    strip_accents: Option<bool>,
    lowercase: bool,
}

impl Normalizer<'_> {
    fn is_known(&self) -> bool {
        // Accents that nothing is said of are stripped where capitals are made small.
        self.kind == "BertNormalizer"
            && self.clean_text
            && self.handle_chinese_chars
            && self.strip_accents.unwrap_or(self.lowercase)
            && self.lowercase
    }
}

#[derive(Deserialize)]
struct PreTokenizer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct PostProcessor<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    /// What a template makes of a text.
    #[serde(borrow, default)]
    single: Vec<Part<'a>>,
}

impl PostProcessor<'_> {
    /// Whether the text's own tokens stay what they are.
    fn keeps_ids(&self) -> bool {
        match &*self.kind {
            "BertProcessing" => true,
            "TemplateProcessing" => {
                let mut sequences = self.single.iter().filter_map(Part::sequence);
                sequences.next() == Some("A") && sequences.next().is_none()
            }
            _ => false,
        }
    }
}

#[derive(Deserialize)]
enum Part<'a> {
    Sequence {
        #[serde(borrow)]
        id: Cow<'a, str>,
    },
    SpecialToken {},
}

impl Part<'_> {
    fn sequence(&self) -> Option<&str> {
        match self {
            Self::Sequence { id } => Some(id),
            Self::SpecialToken {} => None,
        }
    }
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    unk_token: Cow<'a, str>,
    #[serde(borrow)]
    continuing_subword_prefix: Cow<'a, str>,
    max_input_chars_per_word: usize,
    #[serde(rename = "vocab")]
    vocabulary: Vocabulary,
}
