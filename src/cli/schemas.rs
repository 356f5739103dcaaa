//! Which JSON does this program print or keep, and in what form?
//!
//! Every form has a name and a JSON Schema, made from the very types that are written; the texts in
//! it are the types' own documentation. `guidepost eval schema` prints them, `docs/schemas` keeps
//! them. Forms that are only written are closed: a key that the schema does not name is wrong.
//! Forms that people and other programs write too, [`read`], are as open as their readers are.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::commands::{
    BatchLine, CheckReport, Scores, Shown, Watched, WireBuilt, WireCheck, WireFound, WireListed,
    WireReplayed,
};
use crate::calibrate::Artifact;
use crate::calibrate::certificate::Content;
use crate::calibrate::shift::State;
use crate::corpus::import::ImportReport;
use crate::embed::bench::BenchReport;
use crate::embed::models::{FileCheck, ModelEntry};
use crate::engine::log::LogEntry;
use crate::engine::wire::WireReply;
use crate::engine::{Account, Explanation};
use crate::eval::beir::QueryLine;
use crate::eval::convert::{Converted, IntentLine};
use crate::eval::experiment::cells::{Head, Row};
use crate::eval::experiment::command::Line;
use crate::eval::experiment::conduct::Part;
use crate::eval::experiment::freeze::{Freeze, Read};
use crate::eval::experiment::gate::Verdict;
use crate::eval::experiment::record::{Record, Replay};
use crate::eval::experiment::sweep::Swept;
use crate::eval::experiment::system::DocumentLine;
use crate::eval::fit::DecisionReport;
use crate::eval::fit::compare::Compared;
use crate::eval::report::model::Report;
use crate::eval::topic::{HeaderLine, Topic};
use crate::eval::triage::TriageReport;
use crate::eval::withhold::Withheld;
use crate::index::manifest::Manifest;
use crate::index::store::{Published, Revocation, Suspension};

/// Name and schema of each form, by name.
pub(crate) fn all() -> Vec<(&'static str, Schema)> {
    vec![
        written::<WireReply>("ask", "`ask --json`; a line of `chat --json`"),
        written::<BatchLine>("ask-batch", "a line of `ask --batch`"),
        written::<Vec<Compared>>("calibrate-compare", "`calibrate --compare --json`"),
        written::<DecisionReport>("calibrate-report", "`calibrate --report --json`"),
        written::<Artifact>("calibrator", "`calibrate --json`, and the file that `--out` names"),
        written::<Content>("certificate", "the file that `calibrate --certificate` names"),
        written::<Shown<'_>>("certificate-show", "`certificate show --json`"),
        written::<State>("certificate-state", "the file that `certificate watch --state` names"),
        written::<Watched>("certificate-watch", "`certificate watch --json`"),
        written::<WireCheck<'_>>("corpus-check", "`corpus check --json`"),
        written::<ImportReport>("corpus-import", "`corpus import --json`"),
        read::<Row>(
            "eval-answer",
            "a line of an answers file, of what a program answers, of a cell",
        ),
        written::<Head>("eval-cell", "the first line of a cell; `eval-answer` lines follow"),
        written::<CheckReport>("eval-check", "`eval check --json`"),
        written::<Converted>("eval-convert", "`eval convert --json`"),
        written::<DocumentLine<'_>>(
            "eval-document",
            "a line of the corpus that programs are given",
        ),
        written::<Freeze>("eval-freeze", "the file `X.freeze.json` that `eval freeze` writes"),
        written::<Verdict>("eval-gate", "`eval gate --json` and `eval compare --json`"),
        written::<IntentLine>("eval-intent", "a line of an intent set that `eval convert` writes"),
        written::<Part>("eval-part", "the file `part.json` that `eval run --shard` writes"),
        written::<Line<'_>>("eval-program", "a line that a program of an experiment is written"),
        written::<QueryLine<'_>>(
            "eval-query",
            "a line of `queries.jsonl` that `eval convert` writes",
        ),
        written::<Read>(
            "eval-read",
            "a line of `reads.jsonl`, where reads of test sets are counted",
        ),
        written::<Record>("eval-record", "the file `record.json` that `eval record` writes"),
        written::<Replay>("eval-replay", "`eval replay --json`"),
        written::<Report>(
            "eval-report",
            "`eval run --json`, `eval merge --json`, `report.json` and `results.json`",
        ),
        written::<Scores>("eval-score", "`eval score --json`"),
        written::<Swept>("eval-sweep", "`eval sweep --json`, and `sweep.json`"),
        read::<Topic>("eval-topic", "a line of a file of topics"),
        read::<HeaderLine>(
            "eval-topic-set",
            "the first line of a file of topics, where it has one",
        ),
        written::<Vec<String>>("eval-verify", "`eval verify --json`: what is wrong, in words"),
        written::<Withheld>("eval-withhold", "`eval withhold --json`"),
        written::<Explanation>("explain", "`explain --json`"),
        written::<Account>("explain-text", "`explain --text --json`"),
        written::<WireBuilt>("index-build", "`index build --json`"),
        written::<Manifest>("index-info", "`index info --json`, and a snapshot's `manifest.json`"),
        written::<Vec<WireListed>>("index-list", "`index list --json` and `index verify --json`"),
        written::<Published>("index-published", "a line of the index's `published.jsonl`"),
        written::<Revocation>("index-revocation", "a line of the index's `revocations.jsonl`"),
        written::<Suspension>(
            "index-suspension",
            "a line of the index's `certificates/suspensions.jsonl`",
        ),
        written::<LogEntry>(
            "log",
            "a line of the file that `ask --log` and `chat --log` append to",
        ),
        written::<Vec<BenchReport>>("models-bench", "`models bench --json`"),
        written::<Vec<ModelEntry>>("models-list", "`models list --json`"),
        written::<Vec<FileCheck>>("models-verify", "`models verify --json`"),
        written::<WireReplayed>("replay", "`replay --json`"),
        written::<Vec<WireFound<'_>>>("search", "`search --json`"),
        written::<TriageReport>("triage-check", "`triage check --json`"),
        written::<crate::triage::artifact::Manifest>(
            "triage-manifest",
            "the first line of the file that `triage fit` writes",
        ),
    ]
}

/// A form that this program alone writes.
fn written<T: JsonSchema>(name: &'static str, place: &str) -> (&'static str, Schema) {
    let mut schema = schema::<T>(SchemaSettings::draft2020_12().for_serialize(), name, place);
    RecursiveTransform(close).transform(&mut schema);
    (name, schema)
}

/// A form that others write too.
fn read<T: JsonSchema>(name: &'static str, place: &str) -> (&'static str, Schema) {
    (name, schema::<T>(SchemaSettings::draft2020_12().for_deserialize(), name, place))
}

fn schema<T: JsonSchema>(settings: SchemaSettings, name: &str, place: &str) -> Schema {
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    RecursiveTransform(tidy).transform(&mut schema);
    let what = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{what}\n\nWhere: {place}.").trim_start().to_owned();
    schema.insert("title".to_owned(), name.into());
    schema.insert("description".to_owned(), description.into());
    schema
}

/// Refuses keys that are not named.
fn close(schema: &mut Schema) {
    let known = ["additionalProperties", "unevaluatedProperties"];
    if schema.get("properties").is_some() && known.iter().all(|key| schema.get(*key).is_none()) {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
}

/// Takes out what only Rust understands: names of its number types, links in its documentation.
fn tidy(schema: &mut Schema) {
    let is_date = |format: &Value| format == "date" || format == "date-time";
    if schema.get("format").is_some_and(|format| !is_date(format)) {
        schema.remove("format");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> =
            without_links(text).split("\n\n").map(|p| p.replace('\n', " ")).collect();
        *text = paragraphs.join("\n\n").replace("`None`", "`null`");
    }
}

/// Markdown in which a link to code is the last part of its path, as code.
fn without_links(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((code, after)) = link.split_once("`]") else { break };
        kept.push_str(before);
        kept.push('`');
        kept.push_str(code.rsplit("::").next().unwrap_or(code));
        kept.push('`');
        rest = after
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'))
            .map_or(after, |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_each_stands_once() {
        let names: Vec<&str> = all().into_iter().map(|(name, _)| name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    }

    #[test]
    fn nothing_that_only_rust_understands_is_left() {
        for (name, schema) in all() {
            assert!(schema.get("$id").is_none(), "{name}");
            let text = schema.to_value().to_string();
            assert!(!text.contains("[`") && !text.contains("::"), "{name}: {text}");
        }
        assert_eq!(without_links("a [`b`], [`C::c`](d::e) [f] [`g"), "a `b`, `c` [f] [`g");
    }
}
