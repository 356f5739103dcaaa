//! Every number that shapes a ranking, in one place, each with its source.
//!
//! Defaults are named constants; `guidepost index build --show-settings` prints them, the
//! manifest of every snapshot stores them, and their hash is part of what a calibrator and a
//! certificate are bound to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Fingerprint;
use crate::text::place::line_of;

/// BM25F saturation. With [`TITLE_WEIGHT`] and [`DENSE_WEIGHT`] picked by mean nDCG@10 over the
/// train and dev topics of scifact and the two FeedbackQA sets, one value for all three.
pub const K1: f64 = 1.6;
/// BM25F length normalisation of every field. Lucene's default; .9 changed the mean by < .001.
pub const B: f64 = 0.75;
/// Weight of the title in BM25F, against 1 for every other field. Picked as [`K1`].
pub const TITLE_WEIGHT: f64 = 3.0;
/// Share of the dense score in the weighted sum. Picked as [`K1`].
pub const DENSE_WEIGHT: f64 = 0.5;
/// Share of the nearest question variant in the dense score. Picked on the `fit` topics of the
/// shipped corpus, where .3 to .7 differ by two topics of 236.
pub const VARIANT_SHARE: f64 = 0.5;
/// Constant of reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009.
pub const RRF_K: f64 = 60.0;

/// Everything that shapes a ranking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// BM25F and the query's terms.
    pub lexical: LexicalSettings,
    /// The dense retriever.
    pub dense: DenseSettings,
    /// How the two are blended.
    pub fusion: FusionSettings,
    /// Which passages of the winning document are quoted.
    pub answer: AnswerSettings,
}

/// Which passages of the winning document are quoted. A passage's worth is the cosine of query
/// and passage, plus `coverage_weight` times the share of the query's idf that its headings and
/// body hold, plus `opening_bonus` for the document's first passage, which is written as its
/// direct answer.
///
/// Defaults picked on the `fit` topics by how many answers hold a labelled sentence: 130 of 144,
/// against 104 when one passage is quoted by cosine alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerSettings {
    /// Worth of full coverage, in units of cosine.
    pub coverage_weight: f64,
    /// Worth of being the document's first passage, in units of cosine.
    pub opening_bonus: f64,
    /// How far below the best passage a second one may be worth to be quoted beside it, where
    /// both fit into three sentences.
    pub second_within: f64,
}

impl Default for AnswerSettings {
    fn default() -> Self {
        Self { coverage_weight: 0.15, opening_bonus: 0.05, second_within: 0.2 }
    }
}

/// Weight and length normalisation of one field in BM25F.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSettings {
    /// How much an occurrence counts; 0 leaves the field out.
    pub weight: f64,
    /// Length normalisation, from 0 (none) to 1 (full).
    pub b: f64,
}

/// BM25F and the query's terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LexicalSettings {
    /// Saturation of the weighted frequency.
    pub k1: f64,
    /// The document's title.
    pub title: FieldSettings,
    /// Headings above the passage.
    pub headings: FieldSettings,
    /// Approved question variants of the document.
    pub questions: FieldSettings,
    /// The passage.
    pub body: FieldSettings,
    /// Whether query terms are expanded by the concepts of `synonyms.toml`.
    pub synonyms: bool,
    /// Whether query terms missing from the lexicon are replaced by their nearest terms.
    pub typos: bool,
    /// Whether a query term that no passage holds counts towards the attainable maximum, with
    /// the idf of a term of document frequency 0.
    pub count_unseen: bool,
}

impl Default for LexicalSettings {
    fn default() -> Self {
        let field = |weight| FieldSettings { weight, b: B };
        Self {
            k1: K1,
            title: field(TITLE_WEIGHT),
            headings: field(1.0),
            questions: field(1.0),
            body: field(1.0),
            synonyms: true,
            typos: true,
            count_unseen: true,
        }
    }
}

/// The dense retriever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DenseSettings {
    /// Share of the nearest question variant in a passage's dense score: the score is
    /// (1 - s) * cosine(passage) + s * max(cosine(passage), cosine of the document's nearest
    /// variant). 0 ignores the variants.
    pub variant_share: f64,
}

impl Default for DenseSettings {
    fn default() -> Self {
        Self { variant_share: VARIANT_SHARE }
    }
}

/// How two retrievers become one ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FusionMethod {
    /// (1 - w) * lexical / attainable maximum + w * dense.
    WeightedSum,
    /// Reciprocal rank fusion.
    Rrf,
    /// The lexical score alone.
    LexicalOnly,
    /// The dense score alone.
    DenseOnly,
}

/// How the two are blended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FusionSettings {
    /// Which fusion.
    pub method: FusionMethod,
    /// w of the weighted sum, from 0 to 1.
    pub dense_weight: f64,
    /// k of reciprocal rank fusion.
    pub rrf_k: f64,
}

impl Default for FusionSettings {
    fn default() -> Self {
        Self { method: FusionMethod::WeightedSum, dense_weight: DENSE_WEIGHT, rrf_k: RRF_K }
    }
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The TOML does not parse, or names a setting that does not exist.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line in the file, from 1.
        line: usize,
        /// What the TOML reader found.
        message: String,
    },
    /// A number lies outside its range.
    #[error("`{name}` is {value}, but must lie from {least} to {most}")]
    Range {
        /// Name of the setting.
        name: &'static str,
        /// The value given.
        value: f64,
        /// Least value allowed.
        least: f64,
        /// Greatest value allowed.
        most: f64,
    },
}

impl Settings {
    /// Reads settings from TOML; what is left out keeps its default.
    ///
    /// # Errors
    /// [`SettingsError`] naming the line or the setting.
    pub fn parse(text: &str) -> Result<Settings, SettingsError> {
        let settings: Settings = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            SettingsError::Syntax { line, message: error.message().to_owned() }
        })?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`SettingsError::Range`] naming the first setting out of range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let lexical = &self.lexical;
        let mut ranges = vec![
            ("lexical.k1", lexical.k1, 0.0, 100.0),
            ("dense.variant_share", self.dense.variant_share, 0.0, 1.0),
            ("fusion.dense_weight", self.fusion.dense_weight, 0.0, 1.0),
            ("fusion.rrf_k", self.fusion.rrf_k, 0.0, 1e6),
            ("answer.coverage_weight", self.answer.coverage_weight, 0.0, 10.0),
            ("answer.opening_bonus", self.answer.opening_bonus, 0.0, 10.0),
            ("answer.second_within", self.answer.second_within, 0.0, 10.0),
        ];
        let names = [
            ("lexical.title.weight", "lexical.title.b"),
            ("lexical.headings.weight", "lexical.headings.b"),
            ("lexical.questions.weight", "lexical.questions.b"),
            ("lexical.body.weight", "lexical.body.b"),
        ];
        for ((weight, b), field) in names.into_iter().zip(lexical.fields()) {
            ranges.push((weight, field.weight, 0.0, 1000.0));
            ranges.push((b, field.b, 0.0, 1.0));
        }
        for (name, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(SettingsError::Range { name, value, least, most });
            }
        }
        Ok(())
    }

    /// The settings as canonical JSON: what is hashed and stored.
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Identity of the settings.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.canonical().as_bytes())
    }
}

impl LexicalSettings {
    /// The fields' settings, in the order of [`TextField::ALL`](super::postings::TextField::ALL).
    pub fn fields(&self) -> [FieldSettings; 4] {
        [self.title, self.headings, self.questions, self.body]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_round_trip_and_refuse_nonsense() {
        let settings = Settings::default();
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(Settings::parse(&text), Ok(settings));
        assert!(matches!(
            Settings::parse("\n[fusion]\ndense_wait = 1.0\n"),
            Err(SettingsError::Syntax { line: 3, .. })
        ));
        assert!(matches!(
            Settings::parse("[fusion]\ndense_weight = nan\n"),
            Err(SettingsError::Range { name: "fusion.dense_weight", .. })
        ));
    }
}
