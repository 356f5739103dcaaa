//! Conducting an experiment: load, resolve, ask, analyse; whole, in shards, or merged from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::analyse::{Analysis, Asked, analyse};
use super::cells::{Cells, Row};
use super::dataset::Dataset;
use super::definition::{Definition, Places};
use super::system::{Resolved, Workshop, resolve};
use super::{ExperimentError, freeze};
use crate::dialogue::conversation::Conversation;
use crate::durable;
use crate::error::Error;
use crate::eval::error::EvalError;
use crate::eval::report::model::{
    self, Environment, Input, Latency, REPORT_VERSION, Report, ResponseCurve, Section,
};
use crate::eval::sensitive::Key;
use crate::eval::spans::{Stale, stale_quotes};
use crate::eval::topic::Topic;
use crate::ids::{DocumentId, Fingerprint};
use crate::index::build::{Progress, Sources};
use crate::index::settings::Settings;

/// Topics asked between two writes of a cell.
const CHUNK: usize = 64;
/// Version of the form of a part.
const PART_VERSION: u32 = 1;
/// Name of a part's manifest.
const PART_FILE: &str = "part.json";

/// An experiment with everything it names loaded and resolved.
pub struct Prepared {
    /// The plan.
    pub definition: Definition,
    /// Where its files are.
    pub places: Places,
    /// Datasets, in the order of the plan.
    pub datasets: Vec<Dataset>,
    /// Systems for each dataset, in the order of the plan.
    pub resolved: Vec<Vec<Resolved>>,
    /// Everything that went in, sorted, each once.
    pub inputs: Vec<Input>,
    /// Hash of the program that asks.
    pub program: Fingerprint,
    /// Question variants of the corpus of each dataset with labels.
    pub variants: Vec<Vec<(DocumentId, String)>>,
    /// Texts of the documents of datasets with labelled answers, by id.
    bodies: Vec<BTreeMap<String, String>>,
}

/// A cell: one system on one dataset with one seed, by position in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellId {
    /// The dataset.
    pub dataset: usize,
    /// The system.
    pub system: usize,
    /// The seed.
    pub seed: u64,
}

/// Which cells a shard asks: those whose number leaves `index` when divided by `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many shards there are.
    pub of: usize,
}

impl std::str::FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Shard, String> {
        let wrong = || "write I/N with I from 1 to N, such as 2/8".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let index: usize = index.parse().map_err(|_| wrong())?;
        let of: usize = of.parse().map_err(|_| wrong())?;
        if index == 0 || index > of { Err(wrong()) } else { Ok(Shard { index: index - 1, of }) }
    }
}

/// Loads and resolves an experiment: builds indices, reads topics, hashes inputs.
///
/// # Errors
/// [`EvalError`] naming what is missing or wrong, and the cure.
pub fn prepare(
    definition: Definition,
    places: Places,
    key: Option<&Key>,
    workshop: &Workshop<'_>,
    program: Fingerprint,
) -> Result<Prepared, EvalError> {
    let mut datasets = Vec::new();
    let mut resolved = Vec::new();
    let (mut bodies, mut variants) = (Vec::new(), Vec::new());
    let mut inputs = Vec::new();
    for plan in &definition.datasets {
        let dataset = Dataset::load(plan, &places, key)?;
        inputs.extend(dataset.inputs.iter().cloned());
        let systems: Vec<Resolved> = definition
            .systems
            .iter()
            .map(|s| resolve(s, &dataset, &definition, &places, workshop))
            .collect::<Result<_, EvalError>>()?;
        inputs.extend(systems.iter().flat_map(|s| s.inputs.iter().cloned()));
        let known = texts(&dataset, &definition, workshop)?;
        bodies.push(known.0);
        variants.push(known.1);
        resolved.push(systems);
        datasets.push(dataset);
    }
    inputs.sort_by(|a, b| {
        (&a.role, &a.name, &a.fingerprint).cmp(&(&b.role, &b.name, &b.fingerprint))
    });
    inputs.dedup();
    Ok(Prepared { definition, places, datasets, resolved, inputs, program, variants, bodies })
}

/// Texts of documents by id, and the variants of questions with the document they belong to.
type Known = (BTreeMap<String, String>, Vec<(DocumentId, String)>);

/// Texts of the documents that labels and citations quote, and their question variants.
fn texts(
    dataset: &Dataset,
    definition: &Definition,
    workshop: &Workshop<'_>,
) -> Result<Known, EvalError> {
    if !dataset.has_decisions || dataset.corpus.is_none() {
        return Ok(Known::default());
    }
    let sources = Sources::read(&workshop.corpus(dataset, definition)?).map_err(Error::from)?;
    let documents = &sources.corpus().documents;
    let variants = documents
        .iter()
        .flat_map(|d| d.questions.iter().map(|question| (d.id.clone(), question.clone())))
        .collect();
    Ok((documents.iter().map(|d| (d.id.to_string(), d.text.clone())).collect(), variants))
}

impl Prepared {
    /// Labels whose quoted text no longer stands in the corpus: to be labelled again.
    pub fn stale(&self) -> Vec<(String, Stale)> {
        let mut found = Vec::new();
        for (dataset, bodies) in self.datasets.iter().zip(&self.bodies) {
            if bodies.is_empty() || dataset.plan.utterances.is_some() {
                continue;
            }
            let body_of = |id: &DocumentId| bodies.get(id.as_str()).cloned();
            let stale = stale_quotes(&dataset.topics, &body_of);
            found.extend(stale.into_iter().map(|s| (dataset.label(), s)));
        }
        found
    }

    /// What a reader must know of labels that are out of date, without a word of a sensitive set.
    pub fn stale_warnings(&self) -> Vec<String> {
        let stale = self.stale();
        let mut warnings = Vec::new();
        for dataset in &self.datasets {
            let here: Vec<String> = stale
                .iter()
                .filter(|(label, _)| *label == dataset.label())
                .map(|(_, s)| dataset.shown(s.topic.as_str()))
                .collect();
            if !here.is_empty() && dataset.sensitive {
                // How many there are, and so which, can be a small cell.
                warnings.push(format!(
                    "{}: some labels quote text that the corpus no longer holds and give no span figure until they are labelled again; `guidepost eval check` lists them.",
                    dataset.label()
                ));
            } else if !here.is_empty() {
                warnings.push(format!(
                    "{}: {} labels quote text that the corpus no longer holds and give no span figure until they are labelled again: {}.",
                    dataset.label(),
                    here.len(),
                    here.join(", ")
                ));
            }
        }
        warnings
    }

    /// All cells, in the order of the plan.
    pub fn cells(&self) -> Vec<CellId> {
        let mut cells = Vec::new();
        for dataset in 0..self.datasets.len() {
            for system in 0..self.definition.systems.len() {
                for &seed in &self.definition.seeds {
                    cells.push(CellId { dataset, system, seed });
                }
            }
        }
        cells
    }

    fn key(&self, cell: CellId) -> Fingerprint {
        let resolved = &self.resolved[cell.dataset][cell.system];
        resolved.key(&self.datasets[cell.dataset], &self.definition, cell.seed, self.program)
    }

    /// The rows of a cell: from the store, or asked.
    ///
    /// # Errors
    /// [`EvalError`] of whatever fails.
    pub fn rows(
        &self,
        cell: CellId,
        cells: Option<&Cells>,
        workshop: &Workshop<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Row>, EvalError> {
        let dataset = &self.datasets[cell.dataset];
        let resolved = &self.resolved[cell.dataset][cell.system];
        let ids: Vec<&str> = dataset.topics.iter().map(|t| t.id.as_str()).collect();
        let key = self.key(cell);
        // Rows of a sensitive set hold what must not be kept.
        let cells = cells.filter(|_| !dataset.sensitive);
        if let Some(cells) = cells
            && let Some(rows) = cells.finished(key, &ids)?
        {
            return Ok(rows);
        }
        let ready = resolved.ready(dataset, &self.definition, &self.places, cell.seed, workshop)?;
        progress.begin(&format!("{} on {}", resolved.plan.name, dataset.label()), ids.len());
        let ask = |range: std::ops::Range<usize>| -> Result<Vec<Row>, EvalError> {
            let rows = ready.ask(&dataset.topics[range.clone()])?;
            progress.advance(range.len());
            Ok(rows)
        };
        let rows = if let Some(cells) = cells {
            cells.complete(key, &ids, CHUNK, ask)?
        } else {
            let mut rows = Vec::with_capacity(ids.len());
            for start in (0..ids.len()).step_by(CHUNK) {
                rows.extend(ask(start..(start + CHUNK).min(ids.len()))?);
            }
            rows
        };
        progress.end();
        Ok(rows)
    }

    /// Rankings of a Guidepost system under other settings than the plan's, for a sweep. Nothing
    /// but rankings is asked for.
    ///
    /// # Errors
    /// [`EvalError`] of whatever fails.
    pub fn rankings(
        &self,
        (dataset, system, seed): (usize, usize, u64),
        settings: &Settings,
        cells: &Cells,
        workshop: &Workshop<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Row>, EvalError> {
        let mut resolved = self.resolved[dataset][system].clone();
        resolved.settings = Some(settings.clone());
        resolved.artifact = None;
        let dataset = &self.datasets[dataset];
        let ids: Vec<&str> = dataset.topics.iter().map(|t| t.id.as_str()).collect();
        let key = resolved.key(dataset, &self.definition, seed, self.program);
        let key = Fingerprint::of_parts([key.as_bytes().as_slice(), b"rankings"]);
        let cells = (!dataset.sensitive).then_some(cells);
        if let Some(cells) = cells
            && let Some(rows) = cells.finished(key, &ids)?
        {
            return Ok(rows);
        }
        let mut engine = resolved.engine(dataset, &self.definition, workshop)?;
        engine.only_rankings();
        progress.begin(&format!("sweeping on {}", dataset.label()), ids.len());
        let ask = |range: std::ops::Range<usize>| -> Result<Vec<Row>, EvalError> {
            let asked = dataset.topics[range.clone()].par_iter();
            let rows = asked.map(|t| engine.ask(t, &mut Conversation::default())).collect();
            progress.advance(range.len());
            rows
        };
        let rows = match cells {
            Some(cells) => cells.complete(key, &ids, ids.len(), ask)?,
            None => ask(0..ids.len())?,
        };
        progress.end();
        Ok(rows)
    }

    /// Asks everything and analyses it.
    ///
    /// # Errors
    /// [`EvalError`] of whatever fails.
    pub fn conduct(
        &self,
        cells: Option<&Cells>,
        workshop: &Workshop<'_>,
        progress: &dyn Progress,
    ) -> Result<Analysis, EvalError> {
        let mut rows: Vec<Vec<Vec<Row>>> = Vec::new();
        for cell in self.cells() {
            if cell.seed == self.definition.seeds[0] {
                rows.push(Vec::new());
            }
            let found = self.rows(cell, cells, workshop, progress)?;
            if let Some(last) = rows.last_mut() {
                last.push(found);
            }
        }
        Ok(self.analyse(rows))
    }

    fn analyse(&self, rows: Vec<Vec<Vec<Row>>>) -> Analysis {
        let systems = self.definition.systems.len();
        let asked: Vec<Asked<'_>> = rows
            .into_iter()
            .enumerate()
            .map(|(number, by_seed)| Asked {
                dataset: &self.datasets[number / systems],
                system: &self.definition.systems[number % systems],
                by_seed,
                bodies: &self.bodies[number / systems],
            })
            .collect();
        analyse(&self.definition, &asked)
    }

    /// Asks the cells of a shard and writes them, with a manifest, as a part that
    /// [`merge`] takes.
    ///
    /// # Errors
    /// [`EvalError`]; a sensitive set cannot be sharded, since its rows are never written.
    pub fn shard(
        &self,
        shard: Shard,
        out: &Path,
        workshop: &Workshop<'_>,
        progress: &dyn Progress,
    ) -> Result<usize, EvalError> {
        if let Some(dataset) = self.datasets.iter().find(|d| d.sensitive) {
            return Err(ExperimentError::Dataset {
                dataset: dataset.plan.name.clone(),
                message: "is sensitive, so its rows are never written and it cannot be sharded; run the experiment whole".to_owned(),
            }
            .into());
        }
        fs_err::create_dir_all(out)?;
        let store = Cells::new(out);
        let mut keys = Vec::new();
        for (number, cell) in self.cells().into_iter().enumerate() {
            if number % shard.of == shard.index {
                self.rows(cell, Some(&store), workshop, progress)?;
                keys.push(self.key(cell));
            }
        }
        let part = Part {
            version: PART_VERSION,
            experiment: self.definition.fingerprint(),
            program: self.program,
            inputs: self.inputs.clone(),
            shard,
            cells: keys,
        };
        let text = serde_json::to_string_pretty(&part).map_err(std::io::Error::other)? + "\n";
        durable::write(&out.join(PART_FILE), text.as_bytes())?;
        Ok(part.cells.len())
    }

    /// The report of an analysis.
    pub fn report(&self, analysis: Analysis, told: Told) -> Report {
        let definition = &self.definition;
        let mut warnings = told.warnings;
        warnings.extend(self.stale_warnings());
        warnings.extend(analysis.warnings);
        Report {
            version: REPORT_VERSION,
            name: definition.name.clone(),
            question: definition.question.clone(),
            command: told.command,
            seeds: definition.seeds.clone(),
            inputs: self.inputs.clone(),
            datasets: self.datasets.iter().map(|d| summary(d, &told.reads)).collect(),
            systems: self.systems(),
            measures: analysis.measures,
            comparisons: analysis.comparisons,
            resolution: analysis.resolution,
            answering: analysis.answering,
            differences: analysis.differences,
            worst: analysis.worst,
            responses: told.responses,
            latency: told.latency,
            throughput: Vec::new(),
            time_ratios: Vec::new(),
            environment: told.environment,
            methods: methods(),
            bias: bias(),
            warnings,
        }
    }

    fn systems(&self) -> Vec<model::System> {
        let definition = &self.definition;
        definition
            .systems
            .iter()
            .enumerate()
            .map(|(number, plan)| {
                let mut settings = BTreeMap::new();
                if let Some(table) = &plan.settings {
                    flatten(&mut settings, "", table);
                }
                if let Some(command) = &plan.command {
                    settings.insert("command".to_owned(), command.join(" "));
                }
                for (name, value) in
                    [("run", &plan.run), ("answers", &plan.answers), ("fit", &plan.fit)]
                {
                    if let Some(value) = value {
                        settings.insert(name.to_owned(), value.clone());
                    }
                }
                for resolved in self.resolved.iter().filter_map(|systems| systems.get(number)) {
                    if let Some(artifact) = &resolved.artifact {
                        settings
                            .insert("threshold".to_owned(), format!("{:.4}", artifact.threshold));
                    }
                }
                model::System {
                    name: plan.name.clone(),
                    kind: plan.kind().as_str().to_owned(),
                    description: plan.description.clone(),
                    settings,
                    baseline: plan.name == definition.primary.baseline,
                }
            })
            .collect()
    }
}

/// What a report holds besides the analysis.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The command.
    pub command: String,
    /// Reads of test sets.
    pub reads: Vec<freeze::Read>,
    /// Latency.
    pub latency: Vec<Latency>,
    /// The machine.
    pub environment: Option<Environment>,
    /// Responses of a sweep.
    pub responses: Vec<ResponseCurve>,
    /// What a reader must know first.
    pub warnings: Vec<String>,
}

fn summary(dataset: &Dataset, reads: &[freeze::Read]) -> model::Dataset {
    let read = reads.iter().find(|r| r.dataset == dataset.label());
    let mut families: Vec<&str> = dataset.topics.iter().map(Topic::family).collect();
    families.sort_unstable();
    families.dedup();
    model::Dataset {
        name: dataset.label(),
        split: dataset.plan.split.clone(),
        topics: dataset.topics.len(),
        families: families.len(),
        answerable: dataset.answerable(),
        sensitive: dataset.sensitive,
        reads: read.map(|r| r.number),
        exploratory: read.is_some_and(|r| !r.confirmatory),
    }
}

fn flatten(into: &mut BTreeMap<String, String>, prefix: &str, table: &toml::Table) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(into, &name, inner),
            other => {
                into.insert(name, other.to_string());
            }
        }
    }
}

/// The manifest of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Version of the form.
    version: u32,
    /// Hash of the plan.
    experiment: Fingerprint,
    /// Hash of the program that asked.
    program: Fingerprint,
    /// Everything that went in.
    inputs: Vec<Input>,
    /// Which shard it is.
    shard: Shard,
    /// Keys of its cells; each is a file beside it.
    cells: Vec<Fingerprint>,
}

/// What [`merge`] checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The program that asked.
    pub program: Fingerprint,
    /// The inputs of every part.
    pub inputs: Vec<Input>,
    experiment: Fingerprint,
}

/// Checks that parts belong together and are complete, and puts their cells into a store.
///
/// # Errors
/// [`ExperimentError::Merge`] naming the part that does not fit.
pub fn merge(parts: &[PathBuf], cells: &Path) -> Result<Merged, ExperimentError> {
    let wrong = |path: &Path, message: &str| ExperimentError::Merge {
        path: path.to_owned(),
        message: message.to_owned(),
    };
    let mut first: Option<Part> = None;
    let mut seen = BTreeMap::new();
    for folder in parts {
        let path = folder.join(PART_FILE);
        let part: Part = serde_json::from_str(&fs_err::read_to_string(&path)?).map_err(|_| {
            wrong(&path, "is no manifest of a part; give folders that `--shard` wrote")
        })?;
        if part.version != PART_VERSION {
            return Err(wrong(&path, "is of another version; run the shard again"));
        }
        if let Some(first) = &first {
            let differs = if part.experiment != first.experiment {
                "another experiment"
            } else if part.program != first.program {
                "another build of guidepost"
            } else if part.inputs != first.inputs {
                "other inputs"
            } else if part.shard.of != first.shard.of {
                "another number of shards"
            } else {
                ""
            };
            if !differs.is_empty() {
                let message = format!("was made from {differs} than {}", parts[0].display());
                return Err(wrong(&path, &message));
            }
        }
        if let Some(other) = seen.insert(part.shard.index, path.clone()) {
            let message = format!("is the same shard as {}", other.display());
            return Err(wrong(&path, &message));
        }
        first.get_or_insert(part);
    }
    let Some(first) = first else {
        return Err(wrong(cells, "no parts were given"));
    };
    if let Some(missing) = (0..first.shard.of).find(|i| !seen.contains_key(i)) {
        let message = format!("shard {}/{} is missing", missing + 1, first.shard.of);
        return Err(wrong(cells, &message));
    }
    fs_err::create_dir_all(cells)?;
    for path in seen.values() {
        let folder = super::system::folder_of(path);
        let part: Part = serde_json::from_str(&fs_err::read_to_string(path)?)
            .map_err(|_| wrong(path, "changed while it was read"))?;
        for key in &part.cells {
            let name = format!("{key}.jsonl");
            let bytes = fs_err::read(folder.join(&name))
                .map_err(|_| wrong(path, &format!("its cell {name} is missing")))?;
            durable::write(&cells.join(name), &bytes)?;
        }
    }
    Ok(Merged { program: first.program, inputs: first.inputs, experiment: first.experiment })
}

impl Merged {
    /// Checks that merged cells are those of an experiment as it stands here.
    ///
    /// # Errors
    /// [`ExperimentError::Merge`] naming what differs.
    pub fn belongs_to(&self, prepared: &Prepared, path: &Path) -> Result<(), ExperimentError> {
        let wrong = |message: String| ExperimentError::Merge { path: path.to_owned(), message };
        if self.experiment != prepared.definition.fingerprint() {
            return Err(wrong(
                "the parts were made from another version of this experiment".to_owned(),
            ));
        }
        match prepared.inputs.iter().find(|i| !self.inputs.contains(i)) {
            Some(input) => Err(wrong(format!(
                "the parts were made from another {} `{}` than is here",
                input.role, input.name
            ))),
            None => Ok(()),
        }
    }
}

/// Settings with one number among them changed, such as `fusion.dense_weight`.
///
/// # Errors
/// [`ExperimentError::Plan`] when there is no such number, or the value is out of its range.
pub fn with_setting(
    settings: &Settings,
    name: &str,
    value: f64,
) -> Result<Settings, ExperimentError> {
    let unknown = || ExperimentError::Plan {
        message: format!(
            "sweeps `{name}`, which is no number among the settings; `guidepost index build --show-settings` shows them"
        ),
    };
    let mut tree = serde_json::to_value(settings).map_err(|_| unknown())?;
    let pointer = format!("/{}", name.replace('.', "/"));
    let place = tree.pointer_mut(&pointer).filter(|v| v.is_number()).ok_or_else(unknown)?;
    *place = serde_json::json!(value);
    let settings: Settings = serde_json::from_value(tree).map_err(|_| unknown())?;
    settings
        .check()
        .map_err(|e| ExperimentError::Plan { message: format!("sweeps too far: {e}") })?;
    Ok(settings)
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sections.push(Section { heading: heading.to_owned(), text: String::new() });
        } else if let Some(section) = sections.last_mut() {
            section.text.push_str(line);
            section.text.push('\n');
        }
    }
    for section in &mut sections {
        section.text = section.text.trim().to_owned();
    }
    sections
}

/// Method, as every report carries it.
fn methods() -> Vec<Section> {
    sections(include_str!("methods.md"))
}

/// Reasons for distrust, as every report carries them.
fn bias() -> Vec<Section> {
    sections(include_str!("../../../eval/BIAS.md"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_read_and_refuse_nonsense() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 1, of: 8 }));
        for wrong in ["0/8", "9/8", "2", "a/b", "/", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sweep_sets_numbers_that_exist_and_fit() {
        let settings = with_setting(&Settings::default(), "lexical.title.weight", 2.0).unwrap();
        assert!((settings.lexical.title.weight - 2.0).abs() < f64::EPSILON);
        for (name, value) in
            [("lexical.k9", 1.0), ("fusion.method", 1.0), ("fusion.dense_weight", 2.0)]
        {
            assert!(with_setting(&Settings::default(), name, value).is_err(), "{name}");
        }
    }

    #[test]
    fn reports_carry_method_and_reasons_for_distrust() {
        assert!(methods().len() > 3 && bias().len() > 3);
        assert!(methods().iter().chain(&bias()).all(|s| !s.text.is_empty()));
    }
}
