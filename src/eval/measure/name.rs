//! Names of measures: `Name(parameter=value, ...)@cutoff`, as ir_measures parses and prints.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::{Cutoff, Gain, Measure, Relevance};

const KNOWN: &str = "AP, nDCG, RR, P, R, Success, Rprec, Bpref, Judged";

/// Why a text is not the name of a measure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The text has not the form of a name.
    #[error("`{measure}` is not a measure: expected {expected}, as in `P(rel=2)@5`")]
    Form {
        /// The text.
        measure: String,
        /// What should stand where the text stops making sense.
        expected: &'static str,
    },
    /// No measure is called that.
    #[error("`{name}` is not a measure known here; known: {KNOWN}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The name is trec_eval's.
    #[error("`{name}` is trec_eval's name; write `{here}`")]
    OtherName {
        /// trec_eval's name.
        name: String,
        /// The name here.
        here: String,
    },
    /// The measure has no such parameter.
    #[error("`{name}` has no parameter `{parameter}`; it has: {known}")]
    Parameter {
        /// The measure.
        name: &'static str,
        /// The parameter.
        parameter: String,
        /// Its parameters.
        known: &'static str,
    },
    /// A parameter has a value it cannot have.
    #[error("`{parameter}` of `{name}` cannot be `{value}`; write {expected}")]
    Value {
        /// The measure.
        name: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The value.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
    /// The measure needs a cutoff.
    #[error("`{name}` needs a cutoff; write `{name}@10` for the first ten hits")]
    NoCutoff {
        /// The measure.
        name: &'static str,
    },
}

/// A kind of measure: its names and its parameters.
struct Kind {
    name: &'static str,
    aliases: &'static [&'static str],
    /// Parameters in the order they are printed in.
    parameters: &'static [&'static str],
    known: &'static str,
    build: fn(&Parameters) -> Result<Measure, MeasureError>,
}

const RELEVANCE: &[&str] = &["cutoff", "rel", "judged_only"];
const RELEVANCE_TEXT: &str = "cutoff, rel, judged_only";

const KINDS: &[Kind] = &[
    Kind {
        name: "AP",
        aliases: &["MAP"],
        parameters: RELEVANCE,
        known: RELEVANCE_TEXT,
        build: |p| Ok(Measure::AveragePrecision { cutoff: p.cutoff, relevance: p.relevance }),
    },
    Kind {
        name: "nDCG",
        aliases: &["NDCG"],
        parameters: &["cutoff", "dcg", "judged_only"],
        known: "cutoff, dcg, judged_only",
        build: |p| {
            let judged_only = p.relevance.judged_only;
            Ok(Measure::Ndcg { cutoff: p.cutoff, gain: p.gain, judged_only })
        },
    },
    Kind {
        name: "RR",
        aliases: &["MRR"],
        parameters: RELEVANCE,
        known: RELEVANCE_TEXT,
        build: |p| Ok(Measure::ReciprocalRank { cutoff: p.cutoff, relevance: p.relevance }),
    },
    Kind {
        name: "P",
        aliases: &["Precision"],
        parameters: RELEVANCE,
        known: RELEVANCE_TEXT,
        build: |p| {
            Ok(Measure::Precision { cutoff: p.required_cutoff("P")?, relevance: p.relevance })
        },
    },
    Kind {
        name: "R",
        aliases: &["Recall"],
        parameters: RELEVANCE,
        known: RELEVANCE_TEXT,
        build: |p| Ok(Measure::Recall { cutoff: p.required_cutoff("R")?, relevance: p.relevance }),
    },
    Kind {
        name: "Success",
        aliases: &[],
        parameters: RELEVANCE,
        known: RELEVANCE_TEXT,
        build: |p| {
            Ok(Measure::Success { cutoff: p.required_cutoff("Success")?, relevance: p.relevance })
        },
    },
    Kind {
        name: "Rprec",
        aliases: &["RPrec"],
        parameters: &["rel", "judged_only"],
        known: "rel, judged_only",
        build: |p| Ok(Measure::RPrecision { relevance: p.relevance }),
    },
    Kind {
        name: "Bpref",
        aliases: &["BPref"],
        parameters: &["rel"],
        known: "rel",
        build: |p| Ok(Measure::BinaryPreference { level: p.relevance.level }),
    },
    Kind {
        name: "Judged",
        aliases: &[],
        parameters: &["cutoff"],
        known: "cutoff",
        build: |p| Ok(Measure::Judged { cutoff: p.cutoff }),
    },
];

const COUNT: &str = "a whole number from 1";

#[derive(Default)]
struct Parameters {
    cutoff: Option<Cutoff>,
    relevance: Relevance,
    gain: Gain,
}

impl Parameters {
    fn required_cutoff(&self, name: &'static str) -> Result<Cutoff, MeasureError> {
        self.cutoff.ok_or(MeasureError::NoCutoff { name })
    }

    fn set(&mut self, kind: &Kind, parameter: &str, value: &str) -> Result<(), MeasureError> {
        let Some(&parameter) = kind.parameters.iter().find(|known| **known == parameter) else {
            return Err(MeasureError::Parameter {
                name: kind.name,
                parameter: parameter.to_owned(),
                known: kind.known,
            });
        };
        let wrong = |expected| MeasureError::Value {
            name: kind.name,
            parameter,
            value: value.to_owned(),
            expected,
        };
        match parameter {
            "cutoff" => self.cutoff = Some(count(value).ok_or_else(|| wrong(COUNT))?),
            "rel" => self.relevance.level = count(value).ok_or_else(|| wrong(COUNT))?,
            "judged_only" => {
                self.relevance.judged_only = match value {
                    "True" => true,
                    "False" => false,
                    _ => return Err(wrong("`True` or `False`")),
                }
            }
            _ => {
                self.gain = match unquoted(value) {
                    Some("log2") => Gain::Linear,
                    Some("exp-log2") => Gain::Exponential,
                    _ => return Err(wrong("`'log2'` or `'exp-log2'`")),
                }
            }
        }
        Ok(())
    }
}

fn count(value: &str) -> Option<NonZeroU32> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    if is_plain { value.parse().ok() } else { None }
}

fn unquoted(value: &str) -> Option<&str> {
    ['\'', '"'].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote))
}

impl FromStr for Measure {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let form = |expected| MeasureError::Form { measure: text.to_owned(), expected };
        let text = text.trim();
        let (call, at) = match text.rsplit_once('@') {
            Some((call, at)) => (call.trim_end(), Some(at.trim())),
            None => (text, None),
        };
        let (name, arguments) = match call.split_once('(') {
            Some((name, rest)) => {
                let arguments = rest.strip_suffix(')').ok_or_else(|| form("a closing `)`"))?;
                (name.trim_end(), arguments)
            }
            None => (call, ""),
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(|c| is_word(c) || c == '.') {
            return Err(form("a name"));
        }
        let kind = kind_called(name)?;
        let mut parameters = Parameters::default();
        for argument in arguments.split(',').filter(|argument| !argument.trim().is_empty()) {
            let (parameter, value) =
                argument.split_once('=').ok_or_else(|| form("`parameter=value`"))?;
            parameters.set(kind, parameter.trim(), value.trim())?;
        }
        if let Some(at) = at {
            parameters.set(kind, "cutoff", at)?;
        }
        (kind.build)(&parameters)
    }
}

fn kind_called(name: &str) -> Result<&'static Kind, MeasureError> {
    let found = KINDS.iter().find(|kind| kind.name == name || kind.aliases.contains(&name));
    found.ok_or_else(|| match name_here(name) {
        Some(here) => MeasureError::OtherName { name: name.to_owned(), here },
        None => MeasureError::Unknown { name: name.to_owned() },
    })
}

/// The name here of a measure that trec_eval calls `name`, such as `ndcg_cut_10`.
fn name_here(name: &str) -> Option<String> {
    let whole = match name {
        "map" => Some("AP"),
        "ndcg" => Some("nDCG"),
        "recip_rank" => Some("RR"),
        "bpref" => Some("Bpref"),
        _ => None,
    };
    if let Some(whole) = whole {
        return Some(whole.to_owned());
    }
    let (stem, cutoff) = name.rsplit_once(['_', '.'])?;
    let here = match stem {
        "map_cut" => "AP",
        "ndcg_cut" => "nDCG",
        "P" => "P",
        "recall" => "R",
        "success" => "Success",
        _ => return None,
    };
    count(cutoff).map(|cutoff| format!("{here}@{cutoff}"))
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = Relevance::default();
        let (name, cutoff, relevance, gain) = match *self {
            Self::AveragePrecision { cutoff, relevance } => ("AP", cutoff, relevance, None),
            Self::Ndcg { cutoff, gain, judged_only } => {
                ("nDCG", cutoff, Relevance { judged_only, ..plain }, Some(gain))
            }
            Self::ReciprocalRank { cutoff, relevance } => ("RR", cutoff, relevance, None),
            Self::Precision { cutoff, relevance } => ("P", Some(cutoff), relevance, None),
            Self::Recall { cutoff, relevance } => ("R", Some(cutoff), relevance, None),
            Self::Success { cutoff, relevance } => ("Success", Some(cutoff), relevance, None),
            Self::RPrecision { relevance } => ("Rprec", None, relevance, None),
            Self::BinaryPreference { level } => ("Bpref", None, Relevance { level, ..plain }, None),
            Self::Judged { cutoff } => ("Judged", cutoff, plain, None),
        };
        f.write_str(name)?;
        let mut separator = "(";
        let mut parameter = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            f.write_str(std::mem::replace(&mut separator, ","))?;
            f.write_fmt(text)
        };
        if relevance.level != plain.level {
            parameter(f, format_args!("rel={}", relevance.level))?;
        }
        if gain == Some(Gain::Exponential) {
            parameter(f, format_args!("dcg='exp-log2'"))?;
        }
        if relevance.judged_only {
            parameter(f, format_args!("judged_only=True"))?;
        }
        if separator == "," {
            f.write_str(")")?;
        }
        match cutoff {
            Some(cutoff) => write!(f, "@{cutoff}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for Measure {
    type Error = MeasureError;

    fn try_from(text: String) -> Result<Self, MeasureError> {
        text.parse()
    }
}

impl From<Measure> for String {
    fn from(measure: Measure) -> String {
        measure.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match text.parse::<Measure>() {
            Ok(measure) => measure.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn names_print_back_as_ir_measures_prints_them() {
        for name in [
            "AP",
            "AP@100",
            "AP(rel=2)@100",
            "nDCG",
            "nDCG@10",
            "nDCG(dcg='exp-log2')@10",
            "nDCG(dcg='exp-log2',judged_only=True)@10",
            "RR",
            "RR@10",
            "RR(rel=3)",
            "P@1",
            "P(rel=2)@5",
            "P(rel=2,judged_only=True)@5",
            "R@100",
            "Success@1",
            "Success(judged_only=True)@1",
            "Rprec",
            "Rprec(rel=2)",
            "Bpref",
            "Bpref(rel=2)",
            "Judged",
            "Judged@10",
        ] {
            check(name, name);
        }
    }

    #[test]
    fn other_ways_to_write_a_name() {
        check("MAP", "AP");
        check("MRR@10", "RR@10");
        check("NDCG@10", "nDCG@10");
        check("Precision@5", "P@5");
        check("Recall@5", "R@5");
        check("RPrec", "Rprec");
        check("BPref", "Bpref");
        check(" P( rel = 2 ) @ 5 ", "P(rel=2)@5");
        check("P(cutoff=5)", "P@5");
        check("P(cutoff=5)@6", "P@6");
        check("P(judged_only=True,rel=1)@5", "P(judged_only=True)@5");
        check("AP(rel=1,judged_only=False)", "AP");
        check("nDCG(dcg=\"log2\")@10", "nDCG@10");
        check("AP()", "AP");
    }

    #[test]
    fn what_is_no_name_is_told() {
        check("P", "`P` needs a cutoff; write `P@10` for the first ten hits");
        check("P@0", "`cutoff` of `P` cannot be `0`; write a whole number from 1");
        check("P@1.5", "`cutoff` of `P` cannot be `1.5`; write a whole number from 1");
        check("RR@", "`cutoff` of `RR` cannot be ``; write a whole number from 1");
        check("P(rel=-1)@5", "`rel` of `P` cannot be `-1`; write a whole number from 1");
        check("Bpref@5", "`Bpref` has no parameter `cutoff`; it has: rel");
        check("nDCG(rel=2)", "`nDCG` has no parameter `rel`; it has: cutoff, dcg, judged_only");
        check("nDCG(dcg=log2)", "`dcg` of `nDCG` cannot be `log2`; write `'log2'` or `'exp-log2'`");
        check(
            "P(rel=2@5",
            "`P(rel=2@5` is not a measure: expected a closing `)`, as in `P(rel=2)@5`",
        );
        check("", "`` is not a measure: expected a name, as in `P(rel=2)@5`");
        check(
            "P(2)@5",
            "`P(2)@5` is not a measure: expected `parameter=value`, as in `P(rel=2)@5`",
        );
        check("map", "`map` is trec_eval's name; write `AP`");
        check("ndcg_cut_10", "`ndcg_cut_10` is trec_eval's name; write `nDCG@10`");
        check("ndcg_cut.10", "`ndcg_cut.10` is trec_eval's name; write `nDCG@10`");
        check(
            "ERR@10",
            "`ERR` is not a measure known here; known: AP, nDCG, RR, P, R, Success, Rprec, Bpref, Judged",
        );
    }

    #[test]
    fn measures_are_texts_in_json() {
        let measure: Measure = serde_json::from_str("\"P(rel=2)@5\"").unwrap();
        assert_eq!(serde_json::to_string(&measure).unwrap(), "\"P(rel=2)@5\"");
        assert!(serde_json::from_str::<Measure>("\"P\"").is_err());
    }
}
