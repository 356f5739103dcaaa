//! How did the score of one row come about? Terms, fields and frequencies, from which the score
//! can be computed again to the bit.

use schemars::JsonSchema;
use serde::Serialize;

use super::groups::Form;
use super::{BoundLexical, Weighted};
use crate::index::postings::TextField;
use crate::retrieve::{RetrieveError, Row};

/// A BM25F score unfolded; see the module for the formula. The sum of the terms' scores, in
/// their order, is the score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LexicalExplanation {
    /// Saturation.
    pub k1: f64,
    /// N: rows of the snapshot.
    pub rows: u32,
    /// The query's terms, in the order they are summed.
    pub terms: Vec<TermExplanation>,
    /// Sum of count * idf * (k1 + 1).
    pub attainable_maximum: f64,
    /// The score.
    pub score: f64,
}

/// One term of a BM25F score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TermExplanation {
    /// The term as analysed.
    pub term: String,
    /// How often the query holds it.
    pub count: u32,
    /// What was looked up for it.
    pub variants: Vec<String>,
    /// Its concepts.
    pub concepts: Vec<String>,
    /// Rows that hold it.
    pub document_frequency: u32,
    /// idf, as used.
    pub idf: f64,
    /// Fields of this row that hold it.
    pub fields: Vec<FieldExplanation>,
    /// tf'.
    pub weighted_frequency: f64,
    /// count * idf * (k1 + 1) * tf' / (k1 + tf').
    pub score: f64,
}

/// One field of one term of a BM25F score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FieldExplanation {
    /// Name of the field.
    pub field: &'static str,
    /// Frequency of the term.
    pub frequency: u32,
    /// Length of the field, in terms.
    pub length: u32,
    /// Mean length of the field over all rows.
    pub average_length: f64,
    /// Weight of the field.
    pub weight: f64,
    /// Length normalisation of the field.
    pub b: f64,
}

impl BoundLexical<'_> {
    pub(super) fn explain_term(
        &self,
        weighted: &Weighted,
        row: Row,
    ) -> Result<TermExplanation, RetrieveError> {
        let Weighted { group, df, idf } = weighted;
        let lexical = self.lexical;
        let place: Vec<u32> = lexical.postings.place_of(row.0).into_iter().collect();
        let texts = |forms: &[Form]| forms.iter().map(|form| form.text.clone()).collect();
        let mut fields = Vec::new();
        let mut tf_prime = 0.0;
        for field in TextField::ALL {
            let Some(norm) = lexical.norm(field) else {
                continue;
            };
            let mut readings = vec![0; group.concepts.len() + 1];
            // Typo variants are added one by one when scored; keep that order of sums.
            let mut parts = Vec::new();
            let forms = group.variants.iter().map(|form| (0, form));
            let concepts = (1..).zip(&group.concepts);
            for (reading, form) in forms.chain(concepts) {
                let Some(list) = &form.lists[field as usize] else {
                    continue;
                };
                lexical.postings.visit_places(list, &place, |_, tf| {
                    readings[reading] += tf;
                    if reading == 0 {
                        parts.push(tf);
                    }
                })?;
            }
            let tf = readings.into_iter().max().unwrap_or(0);
            if tf == 0 {
                continue;
            }
            let length = lexical.postings.length(field, row.0);
            if group.concepts.is_empty() {
                for part in parts {
                    tf_prime += f64::from(part) * norm.factor(length);
                }
            } else {
                tf_prime += f64::from(tf) * norm.factor(length);
            }
            fields.push(FieldExplanation {
                field: field.as_str(),
                frequency: tf,
                length,
                average_length: norm.average,
                weight: norm.weight,
                b: norm.b,
            });
        }
        let score = f64::from(group.count) * idf * lexical.saturate(tf_prime);
        Ok(TermExplanation {
            term: group.term.clone(),
            count: group.count,
            variants: texts(&group.variants),
            concepts: texts(&group.concepts),
            document_frequency: *df,
            idf: *idf,
            fields,
            weighted_frequency: tf_prime,
            score: if tf_prime > 0.0 { score } else { 0.0 },
        })
    }
}
