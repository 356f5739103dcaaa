//! From rows to a report: measures, answers, comparisons, what the set can resolve.
//!
//! Pure but for the corpus's texts, which it is given. The order of everything is that of the plan;
//! random draws take the plan's seed; so the same rows give the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::Row;
use super::dataset::Dataset;
use super::definition::{ConfidencePlan, Definition, SystemPlan};
use crate::eval::answers::{AnswerOptions, AnswerRow, Fault, Scope, answering};
use crate::eval::evaluate::{PerTopic, evaluate};
use crate::eval::measure::Measure;
use crate::eval::report::PerTopicRow;
use crate::eval::report::model::{Answering, Cell, Comparison, Differences, Resolution, Worst};
use crate::eval::sensitive::{SMALLEST_CELL, suppress_parts};
use crate::eval::significance::{
    Bootstrap, Paired, PairedOptions, compare, detectable_difference, holm, mean, power_of,
};
use crate::eval::spans::{overlap, stands_in};
use crate::eval::topic::Topic;
use crate::eval::trec::{Run, Scored};
use crate::ids::DocumentId;

/// Difference whose power every report states.
const STATED_DIFFERENCE: f64 = 0.03;
/// Rows of one system on one dataset, by seed in the order of the plan.
pub struct Asked<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// The system.
    pub system: &'a SystemPlan,
    /// Rows for each seed, in the order of the dataset's topics.
    pub by_seed: Vec<Vec<Row>>,
    /// Text of a document by id, for labelled quotes and citations.
    pub bodies: &'a BTreeMap<String, String>,
}

impl Asked<'_> {
    /// Topics with their rows, by id.
    fn by_topic<'r>(&'r self, rows: &'r [Row]) -> BTreeMap<&'r str, (&'r Topic, &'r Row)> {
        let pairs = self.dataset.topics.iter().zip(rows);
        pairs.map(|(topic, row)| (topic.id.as_str(), (topic, row))).collect()
    }
}

/// Everything that follows from the rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Analysis {
    /// Measures.
    pub measures: Vec<Cell>,
    /// Comparisons with the baseline.
    pub comparisons: Vec<Comparison>,
    /// What can be resolved.
    pub resolution: Vec<Resolution>,
    /// Decisions and answers.
    pub answering: Vec<Answering>,
    /// Sorted differences.
    pub differences: Vec<Differences>,
    /// Worst topics.
    pub worst: Vec<Worst>,
    /// Long per-topic values.
    pub rows: Vec<PerTopicRow>,
    /// What could not be filled, and why.
    pub warnings: Vec<String>,
}

/// Per-topic values of a system, mean over seeds.
struct Valued<'a> {
    asked: &'a Asked<'a>,
    /// Values by measure and topic; `None` where the system ranks nothing.
    values: Option<Vec<Vec<f64>>>,
}

/// Analyses everything asked. All entries of one dataset stand together, in the order of the plan.
pub fn analyse(definition: &Definition, asked: &[Asked<'_>]) -> Analysis {
    let mut analysis = Analysis::default();
    let mut at = 0;
    while at < asked.len() {
        let label = asked[at].dataset.label();
        let same = asked[at..].iter().take_while(|a| a.dataset.label() == label).count();
        analysis.dataset(definition, &asked[at..at + same]);
        at += same;
    }
    analysis.correct();
    analysis
}

/// The paired options that a plan asks for.
pub fn paired_options(definition: &Definition) -> PairedOptions {
    let primary = &definition.primary;
    PairedOptions {
        bootstrap: bootstrap(definition),
        permutations: primary.permutations,
        seed: definition.seeds[0],
        margin: primary.margin,
        level: primary.level,
        test: primary.test,
    }
}

fn bootstrap(definition: &Definition) -> Bootstrap {
    let plan = definition.bootstrap;
    Bootstrap { replicates: plan.replicates, level: plan.level, seed: definition.seeds[0] }
}

impl Analysis {
    fn dataset(&mut self, definition: &Definition, asked: &[Asked<'_>]) {
        let Some(first) = asked.first() else {
            return;
        };
        let dataset = first.dataset;
        let topics: Vec<String> = judged_topics(dataset, definition);
        let valued: Vec<Valued<'_>> =
            asked.iter().map(|a| self.value(definition, a, &topics)).collect();
        if dataset.sensitive && dataset.answerable().is_none() {
            self.warnings.push(format!(
                "{}: too few topics are, or are not, answerable to show ranking measures of a sensitive set.",
                dataset.label()
            ));
        } else if !topics.is_empty() {
            self.measure(definition, dataset, &topics, &valued);
            self.compare(definition, dataset, &topics, &valued);
        }
        for a in asked {
            self.answer(definition, a);
        }
    }

    fn value<'a>(
        &mut self,
        definition: &Definition,
        asked: &'a Asked<'a>,
        topics: &[String],
    ) -> Valued<'a> {
        let mut sums: Option<Vec<Vec<f64>>> = None;
        let family_of = asked.dataset.family_of();
        for (seed, rows) in definition.seeds.iter().zip(&asked.by_seed) {
            let Some(per_topic) = rank(definition, asked, rows) else {
                return Valued { asked, values: None };
            };
            for (measure, values) in per_topic.measures.iter().zip(&per_topic.values) {
                // Values that add up to counts would undo what is withheld.
                let shown = if asked.dataset.sensitive { 0 } else { per_topic.topics.len() };
                for (topic, value) in per_topic.topics.iter().zip(values).take(shown) {
                    let family = family_of.get(topic.as_str()).copied().unwrap_or(topic);
                    self.rows.push(PerTopicRow {
                        dataset: asked.dataset.label(),
                        system: asked.system.name.clone(),
                        measure: measure.to_string(),
                        seed: *seed,
                        topic: asked.dataset.shown(topic),
                        family: asked.dataset.shown(family),
                        value: *value,
                    });
                }
            }
            debug_assert_eq!(per_topic.topics, topics);
            match &mut sums {
                None => sums = Some(per_topic.values),
                Some(sums) => {
                    for (sum, values) in sums.iter_mut().zip(per_topic.values) {
                        for (sum, value) in sum.iter_mut().zip(values) {
                            *sum += value;
                        }
                    }
                }
            }
        }
        let seeds = definition.seeds.len() as f64;
        if let Some(sums) = &mut sums {
            for value in sums.iter_mut().flatten() {
                *value /= seeds;
            }
        }
        Valued { asked, values: sums }
    }

    fn measure(
        &mut self,
        definition: &Definition,
        dataset: &Dataset,
        topics: &[String],
        valued: &[Valued<'_>],
    ) {
        let families = dataset.families(topics);
        for system in valued {
            for (number, measure) in definition.measures.iter().enumerate() {
                let estimate = system
                    .values
                    .as_ref()
                    .map(|values| mean(&values[number], &families, &bootstrap(definition)));
                self.measures.push(Cell {
                    dataset: dataset.label(),
                    system: system.asked.system.name.clone(),
                    measure: measure.to_string(),
                    estimate,
                });
            }
            if system.values.is_none() {
                self.warnings.push(format!(
                    "{} gives no rankings on {}: its cells of ranking measures stay empty.",
                    system.asked.system.name,
                    dataset.label()
                ));
            }
        }
    }

    fn compare(
        &mut self,
        definition: &Definition,
        dataset: &Dataset,
        topics: &[String],
        valued: &[Valued<'_>],
    ) {
        let primary = &definition.primary;
        let name_of = |v: &Valued<'_>| v.asked.system.name.clone();
        let Some(baseline) = valued
            .iter()
            .find(|v| v.asked.system.name == primary.baseline)
            .and_then(|v| v.values.as_ref())
        else {
            return;
        };
        let families = dataset.families(topics);
        let options = paired_options(definition);
        for system in valued.iter().filter(|v| v.asked.system.name != primary.baseline) {
            let Some(own) = &system.values else {
                continue;
            };
            for (number, measure) in definition.measures.iter().enumerate() {
                let Ok(paired) = compare(&baseline[number], &own[number], &families, &options)
                else {
                    self.warnings.push(format!(
                        "{} and {} cannot be compared by {measure} on {}.",
                        primary.baseline,
                        system.asked.system.name,
                        dataset.label()
                    ));
                    continue;
                };
                let is_primary =
                    *measure == primary.measure && system.asked.system.name == primary.system;
                self.comparisons.push(comparison(
                    dataset,
                    measure,
                    &primary.baseline,
                    &name_of(system),
                    is_primary,
                    &paired,
                    &options,
                ));
                if *measure == primary.measure {
                    self.resolution.extend(resolution(
                        definition,
                        dataset,
                        measure,
                        &name_of(system),
                        &paired,
                    ));
                    if dataset.sensitive {
                        continue;
                    }
                    let mut sorted: Vec<f64> = own[number]
                        .iter()
                        .zip(&baseline[number])
                        .map(|(system, baseline)| system - baseline)
                        .collect();
                    sorted.sort_by(|a, b| b.total_cmp(a));
                    self.differences.push(Differences {
                        dataset: dataset.label(),
                        measure: measure.to_string(),
                        baseline: primary.baseline.clone(),
                        system: name_of(system),
                        values: sorted,
                    });
                }
            }
        }
    }

    /// Holm over all comparisons of the experiment: systems × measures × datasets.
    fn correct(&mut self) {
        let raw: Vec<f64> = self.comparisons.iter().map(|c| c.p).collect();
        for (comparison, p) in self.comparisons.iter_mut().zip(holm(&raw)) {
            comparison.p_holm = p;
        }
    }

    fn answer(&mut self, definition: &Definition, asked: &Asked<'_>) {
        let dataset = asked.dataset;
        let Some(rows) = asked.by_seed.first() else {
            return;
        };
        let missing = rows.iter().filter(|r| r.decision.is_none()).count();
        let has_decisions = dataset.has_decisions && !rows.is_empty() && missing == 0;
        if dataset.has_decisions && missing > 0 && missing < rows.len() {
            let some = if dataset.sensitive {
                "some topics".to_owned()
            } else {
                format!("{} of {} topics", rows.len() - missing, rows.len())
            };
            self.warnings.push(format!(
                "{} decides on {some} of {}; decisions are judged on all or none, so its cells on answers stay empty.",
                asked.system.name,
                dataset.label()
            ));
        } else if has_decisions {
            let answers: Vec<AnswerRow> = dataset
                .topics
                .iter()
                .zip(rows)
                .filter_map(|(topic, row)| answer_row(topic, row, asked.bodies))
                .collect();
            let options = AnswerOptions {
                bootstrap: bootstrap(definition),
                minimum_slice: definition.minimum_slice,
                sensitive: dataset.sensitive,
                smallest_cell: SMALLEST_CELL,
            };
            let mut table = answering(&dataset.label(), &asked.system.name, &answers, &options);
            if asked.system.confidence == ConfidencePlan::Score {
                without_probabilities(&mut table);
            }
            self.answering.push(table);
            if !dataset.sensitive {
                self.answer_values(dataset, &asked.system.name, definition.seeds[0], &answers);
                self.worst_answers(definition, asked, rows, &answers);
            }
        } else if dataset.has_decisions {
            self.warnings.push(format!(
                "{} gives no decisions on {}: its cells on answers stay empty.",
                asked.system.name,
                dataset.label()
            ));
        }
        if !dataset.has_decisions && !dataset.sensitive {
            self.worst_rankings(definition, asked, rows);
        }
    }

    fn answer_values(&mut self, dataset: &Dataset, system: &str, seed: u64, rows: &[AnswerRow]) {
        for row in rows {
            let flag = |value: bool| f64::from(u8::from(value));
            let values = [
                ("answered", flag(row.answered())),
                ("right", flag(row.right())),
                ("decided as expected", flag(row.decided_as_expected())),
                ("confidence", row.confidence.unwrap_or(f64::NAN)),
            ];
            for (name, value) in values {
                self.rows.push(PerTopicRow {
                    dataset: dataset.label(),
                    system: system.to_owned(),
                    measure: name.to_owned(),
                    seed,
                    topic: dataset.shown(&row.topic),
                    family: dataset.shown(&row.family),
                    value,
                });
            }
        }
    }

    fn worst_answers(
        &mut self,
        definition: &Definition,
        asked: &Asked<'_>,
        rows: &[Row],
        answers: &[AnswerRow],
    ) {
        let by_topic = asked.by_topic(rows);
        let mut faults: Vec<(Fault, &AnswerRow)> =
            answers.iter().filter_map(|row| row.fault().map(|fault| (fault, row))).collect();
        // The gravest first, and among equals the surest.
        faults.sort_by(|(a, x), (b, y)| {
            let sure = |row: &AnswerRow| row.confidence.unwrap_or(-1.0);
            a.cmp(b).then(sure(y).total_cmp(&sure(x))).then_with(|| x.topic.cmp(&y.topic))
        });
        for (fault, answer) in faults.into_iter().take(definition.worst) {
            let Some((topic, row)) = by_topic.get(answer.topic.as_str()) else {
                continue;
            };
            let shows = asked.dataset.shows_text();
            let documents: Vec<&str> = topic.documents.iter().map(DocumentId::as_str).collect();
            self.worst.push(Worst {
                dataset: asked.dataset.label(),
                system: asked.system.name.clone(),
                topic: answer.topic.clone(),
                text: shows.then(|| topic.text.clone()),
                what: fault.as_str().to_owned(),
                value: None,
                expected: joined(answer.expected.as_str(), &documents),
                given: joined(
                    answer.decision.as_str(),
                    &row.document.iter().map(String::as_str).collect::<Vec<_>>(),
                ),
                confidence: answer.confidence,
                answer: row.answer.clone().filter(|_| shows),
                why: row.why.clone(),
            });
        }
    }

    fn worst_rankings(&mut self, definition: &Definition, asked: &Asked<'_>, rows: &[Row]) {
        let Some(values) = rank(definition, asked, rows) else {
            return;
        };
        let Some(number) =
            definition.measures.iter().position(|m| *m == definition.primary.measure)
        else {
            return;
        };
        let texts = asked.by_topic(rows);
        let mut order: Vec<(f64, &str)> = values.values[number]
            .iter()
            .copied()
            .zip(values.topics.iter().map(String::as_str))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        for (value, id) in order.into_iter().take(definition.worst) {
            let Some((topic, row)) = texts.get(id) else {
                continue;
            };
            let relevant: Vec<&str> = asked
                .dataset
                .qrels
                .of(id)
                .unwrap_or_default()
                .iter()
                .filter(|j| j.grade > 0)
                .map(|j| j.document.as_str())
                .collect();
            let given: Vec<&str> =
                row.ranking.iter().flatten().take(3).map(|(d, _)| d.as_str()).collect();
            self.worst.push(Worst {
                dataset: asked.dataset.label(),
                system: asked.system.name.clone(),
                topic: id.to_owned(),
                text: asked.dataset.shows_text().then(|| topic.text.clone()),
                what: definition.primary.measure.to_string(),
                value: Some(value),
                expected: relevant.join(", "),
                given: given.join(", "),
                confidence: None,
                answer: None,
                why: None,
            });
        }
    }
}

fn joined(decision: &str, documents: &[&str]) -> String {
    if documents.is_empty() {
        decision.to_owned()
    } else {
        format!("{decision}: {}", documents.join(", "))
    }
}

/// Topics that ranking measures average over, in their order.
fn judged_topics(dataset: &Dataset, definition: &Definition) -> Vec<String> {
    evaluate(&dataset.qrels, &Run::new("none"), &definition.measures).topics
}

/// Values of a system's rankings; `None` where it ranks nothing at all.
fn rank(definition: &Definition, asked: &Asked<'_>, rows: &[Row]) -> Option<PerTopic> {
    if rows.iter().all(|r| r.ranking.is_none()) {
        return None;
    }
    let mut run = Run::new(asked.system.name.as_str());
    let judged: BTreeSet<&str> = asked.dataset.qrels.topics().map(|(topic, _)| topic).collect();
    for row in rows.iter().filter(|r| judged.contains(r.topic.as_str())) {
        let hits = row
            .ranking
            .iter()
            .flatten()
            .map(|(document, score)| Scored { document: document.clone(), score: *score })
            .collect();
        // Rows are checked when they are read; a topic stands once.
        run.push(&row.topic, hits).ok()?;
    }
    Some(evaluate(&asked.dataset.qrels, &run, &definition.measures))
}

fn comparison(
    dataset: &Dataset,
    measure: &Measure,
    baseline: &str,
    system: &str,
    primary: bool,
    paired: &Paired,
    options: &PairedOptions,
) -> Comparison {
    let counts = [paired.wins, paired.ties, paired.losses];
    let shown = if dataset.sensitive {
        suppress_parts(&counts, SMALLEST_CELL)
    } else {
        counts.into_iter().map(Some).collect()
    };
    let [wins, ties, losses] = <[Option<usize>; 3]>::try_from(shown).unwrap_or_default();
    Comparison {
        dataset: dataset.label(),
        measure: measure.to_string(),
        baseline: baseline.to_owned(),
        system: system.to_owned(),
        primary,
        difference: paired.difference,
        test: options.test.as_str().to_owned(),
        p: paired.p,
        p_holm: paired.p,
        effect: paired.effect,
        wins,
        ties,
        losses,
        t: paired.t,
        wilcoxon: paired.wilcoxon,
        noninferiority: paired.noninferiority,
    }
}

/// What the set can resolve; `None` for fewer than two families.
fn resolution(
    definition: &Definition,
    dataset: &Dataset,
    measure: &Measure,
    system: &str,
    paired: &Paired,
) -> Option<Resolution> {
    let primary = &definition.primary;
    let (n, level) = (paired.difference.n, primary.level);
    let deviation = paired.deviation?;
    let detectable = detectable_difference(deviation, n, level, primary.power);
    detectable.is_finite().then(|| Resolution {
        dataset: dataset.label(),
        measure: measure.to_string(),
        systems: format!("{} and {system}", primary.baseline),
        n,
        deviation,
        detectable,
        power: primary.power,
        level,
        power_at_three_hundredths: power_of(STATED_DIFFERENCE, deviation, n, level),
    })
}

/// What a system did with a labelled topic; `None` without a label or a decision.
pub fn answer_row(
    topic: &Topic,
    row: &Row,
    bodies: &BTreeMap<String, String>,
) -> Option<AnswerRow> {
    let (expected, scope, decision) = (topic.expected?, Scope::of(topic)?, row.decision?);
    let acceptable = row
        .document
        .as_ref()
        .map(|document| topic.documents.iter().any(|d| d.as_str() == document));
    let answered = decision == crate::eval::topic::Expected::Answer;
    // The quotes are of the best document.
    let from_best = topic.documents.first().map(DocumentId::as_str) == row.document.as_deref();
    let quotes_stand = topic.documents.first().is_some_and(|document| {
        bodies
            .get(document.as_str())
            .is_some_and(|body| topic.quotes.iter().all(|quote| stands_in(quote, body)))
    });
    let span_f1 = match &row.answer {
        Some(answer) if answered && from_best && quotes_stand => {
            overlap(answer, &topic.quotes).map(|o| o.f1)
        }
        _ => None,
    };
    let citation_correct = row.citations.as_ref().filter(|_| answered).map(|citations| {
        !citations.is_empty()
            && citations.iter().all(|c| {
                bodies.get(&c.document).is_some_and(|body| body.contains(c.quote.as_str()))
            })
            && citations.iter().any(|c| topic.documents.iter().any(|d| d.as_str() == c.document))
    });
    Some(AnswerRow {
        topic: topic.id.as_str().to_owned(),
        family: topic.family().to_owned(),
        slices: topic.slices.clone(),
        expected,
        scope,
        decision,
        document: row.document.clone(),
        acceptable,
        confidence: row.confidence,
        span_f1,
        citation_correct,
    })
}

/// A score ranks topics but is no probability: what reads it as one is left empty.
fn without_probabilities(table: &mut Answering) {
    let figures =
        table.figures.iter_mut().chain(table.slices.iter_mut().flat_map(|s| &mut s.figures));
    for figure in figures.filter(|f| f.name.starts_with("Brier") || f.name.starts_with("ECE")) {
        figure.estimate = None;
        figure.counts = None;
    }
    table.reliability.clear();
}
