//! JSON schemas of every form of JSON that this program prints or keeps.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};

use super::commands::{CheckReport, Scores};
use crate::eval::experiment::gate::Verdict;
use crate::eval::experiment::record::{Record, Replay};
use crate::eval::experiment::sweep::Swept;
use crate::eval::report::model::Report;

/// Name and schema of each form.
pub(crate) fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("eval-check", of::<CheckReport>()),
        ("eval-gate", of::<Verdict>()),
        ("eval-record", of::<Record>()),
        ("eval-replay", of::<Replay>()),
        ("eval-report", of::<Report>()),
        ("eval-score", of::<Scores>()),
        ("eval-sweep", of::<Swept>()),
    ]
}

fn of<T: JsonSchema>() -> Schema {
    SchemaGenerator::new(SchemaSettings::draft2020_12().for_serialize()).into_root_schema_for::<T>()
}
