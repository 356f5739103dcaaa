//! `eval check`: what would make figures untrue.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::eval_args::CheckArgs;
use crate::cli::{Outcome, printer};
use crate::corpus::read::{Corpus, read_corpus};
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::beir::read_queries;
use crate::eval::estimate::Estimate;
use crate::eval::evaluate::evaluate;
use crate::eval::experiment::ExperimentError;
use crate::eval::experiment::conduct::Prepared;
use crate::eval::experiment::dataset::Dataset;
use crate::eval::experiment::freeze::TEST;
use crate::eval::leakage::{
    LeakageOptions, LeakageReport, NamedTopics, Place, check as check_leakage,
};
use crate::eval::measure::Measure;
use crate::eval::sensitive::{Key, keyed_id};
use crate::eval::significance::agreement::{Distance, Kappa, cohen_kappa, krippendorff_alpha};
use crate::eval::significance::{
    Bootstrap, Families, clopper_pearson_upper, detectable_difference,
};
use crate::eval::spans::stale_quotes;
use crate::eval::topic::{Topic, TopicSet, read_topic_set, read_topics};
use crate::eval::trec::{Qrels, Run};
use crate::ids::DocumentId;

/// Spread of per-topic differences that "what this n can resolve" supposes; that of nDCG@10
/// between two retrievers usually lies between .15 and .35.
const SUPPOSED_DEVIATION: f64 = 0.25;
const LEVEL: f64 = 0.05;
const POWER: f64 = 0.8;

/// Everything that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckReport {
    /// Leaks between the sets, and with the corpus's question variants.
    leakage: Option<LeakageReport>,
    /// Labels to be made again.
    stale: Vec<StaleLabel>,
    /// What each set can resolve.
    resolves: Vec<Resolves>,
    /// Agreement of two labellings.
    agreement: Option<Agreement>,
    /// Share of the run's documents that are judged, at 10.
    judged: Option<Estimate>,
}

/// A label whose quote the corpus no longer holds.
#[derive(Debug, Serialize, JsonSchema)]
struct StaleLabel {
    /// The file of topics.
    set: String,
    /// Id of the topic; of a sensitive set keyed or withheld.
    topic: String,
    /// The document that was quoted.
    document: Option<String>,
    /// What is wrong, in words.
    reason: &'static str,
}

/// What a set can resolve.
#[derive(Debug, Serialize, JsonSchema)]
struct Resolves {
    /// The file of topics.
    set: String,
    /// Families.
    families: usize,
    /// Least difference found with power .8 at level .05, supposing a spread of .25; none can be
    /// found with a single family.
    difference: Option<f64>,
    /// Upper limit of an error rate when no error was seen in all families.
    error_rate_if_none_seen: f64,
}

/// How far two labellings agree.
#[derive(Debug, Serialize, JsonSchema)]
struct Agreement {
    /// Topics that both label.
    topics: usize,
    /// Topics of the first file that the second does not label, or the first itself does not.
    only_in_first: usize,
    /// Topics of the second file, likewise.
    only_in_second: usize,
    /// Cohen's kappa of the expected decisions.
    decision: Option<Kappa>,
    /// Krippendorff's alpha of the expected decisions.
    decision_alpha: Option<Estimate>,
    /// Cohen's kappa of the best document, among topics that both call answerable.
    document: Option<Kappa>,
    /// Topics that are labelled differently.
    differ: Vec<String>,
}

/// Looks for leaks in the datasets of an experiment: on a test split they are refused unless told
/// otherwise; elsewhere, and then, the report says so.
pub(super) fn refuse_leaks(
    prepared: &Prepared,
    despite: bool,
    key: Option<&Key>,
) -> Result<Vec<String>, EvalError> {
    let mut warnings = Vec::new();
    for (number, dataset) in prepared.datasets.iter().enumerate() {
        let mut others: Vec<(String, TopicSet)> = other_splits(prepared, dataset)?
            .into_iter()
            .map(|(name, topics)| (name, TopicSet { topics, ..TopicSet::default() }))
            .collect();
        for plan in prepared.definition.systems.iter().filter_map(|s| s.fit.as_ref()) {
            let set = read_topic_set(&prepared.places.resolve(plan)?)?;
            if !others.iter().any(|(name, _)| name == plan) {
                others.push((plan.clone(), set));
            }
        }
        let label = dataset.label();
        let scored = NamedTopics {
            name: &label,
            topics: &dataset.topics,
            held_out: true,
            sensitive: dataset.sensitive,
        };
        let sets: Vec<NamedTopics<'_>> = std::iter::once(scored)
            .chain(others.iter().map(|(name, set)| NamedTopics {
                name,
                topics: &set.topics,
                held_out: false,
                sensitive: set.header.sensitive,
            }))
            .collect();
        let options = LeakageOptions { key, ..LeakageOptions::default() };
        let found = check_leakage(&sets, &prepared.variants[number], &options);
        if !found.leaks {
            continue;
        }
        let what = leaks_in_words(&found);
        if dataset.plan.split == TEST && !despite {
            return Err(ExperimentError::Leaks { dataset: label, what }.into());
        }
        warnings.push(format!("{label}: {what}."));
    }
    Ok(warnings)
}

/// The splits beside that of a dataset with qrels: what systems may have been tuned on.
fn other_splits(
    prepared: &Prepared,
    dataset: &Dataset,
) -> Result<Vec<(String, Vec<Topic>)>, EvalError> {
    let (Some(queries), Some(qrels)) = (&dataset.plan.queries, &dataset.plan.qrels) else {
        return Ok(Vec::new());
    };
    let own = prepared.places.resolve(qrels)?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let mut beside: Vec<PathBuf> = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path != own && path.extension().is_some_and(|e| e == "tsv") {
            beside.push(path);
        }
    }
    beside.sort();
    if beside.is_empty() {
        return Ok(Vec::new());
    }
    let topics = read_queries(&prepared.places.resolve(queries)?)?;
    let mut splits = Vec::new();
    for path in beside {
        let judged = Qrels::read(&path)?;
        let here = topics.iter().filter(|t| judged.of(t.id.as_str()).is_some());
        splits.push((name_of(&path), here.cloned().collect()));
    }
    Ok(splits)
}

fn leaks_in_words(report: &LeakageReport) -> String {
    let shown = |count: Option<usize>| count.map_or("a few".to_owned(), |n| n.to_string());
    let mut parts = Vec::new();
    if let Some(set) = report.sets.first()
        && (set.equal_to_variant != Some(0) || set.near_variant != Some(0))
    {
        parts.push(format!(
            "{} questions are question variants of the corpus and {} nearly are",
            shown(set.equal_to_variant),
            shown(set.near_variant)
        ));
    }
    for pair in report.pairs.iter().filter(|p| p.leaks) {
        parts.push(format!(
            "{} questions stand in {} and {} nearly do, {} families are in both",
            shown(pair.equal_in_first),
            pair.second,
            shown(pair.near_in_first),
            shown(pair.straddling_families)
        ));
    }
    parts.join("; ")
}

/// Checks.
pub(super) fn check(global: &Global, args: &CheckArgs) -> Result<Outcome, EvalError> {
    let key = super::read_key(args.id_key.as_deref())?;
    let mut sets: Vec<(String, TopicSet)> = Vec::new();
    for path in &args.topics {
        sets.push((name_of(path), read_topic_set(path)?));
    }
    let corpus = if !sets.is_empty() && global.corpus.is_dir() {
        Some(read_corpus(&global.corpus).map_err(Error::from)?)
    } else {
        None
    };
    let report = CheckReport {
        leakage: (!sets.is_empty()).then(|| leakage(&sets, corpus.as_ref(), args, key.as_ref())),
        stale: corpus.as_ref().map(|c| stale(&sets, c, key.as_ref())).unwrap_or_default(),
        resolves: sets.iter().map(|(name, set)| resolves(name, &set.topics)).collect(),
        agreement: match args.labels.as_slice() {
            [first, second] => Some(agreement(first, second, args.seed)?),
            _ => None,
        },
        judged: match (&args.run, &args.qrels) {
            (Some(run), Some(qrels)) => Some(judged(run, qrels, args.seed)?),
            _ => None,
        },
    };
    if args.json {
        printer::json(&report)?;
    } else {
        print(&report)?;
    }
    let found = report.leakage.as_ref().is_some_and(|l| l.leaks) || !report.stale.is_empty();
    Ok(if found { Outcome::Negative } else { Outcome::Done })
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}

fn leakage(
    sets: &[(String, TopicSet)],
    corpus: Option<&Corpus>,
    args: &CheckArgs,
    key: Option<&Key>,
) -> LeakageReport {
    let named: Vec<NamedTopics<'_>> = sets
        .iter()
        .map(|(name, set)| NamedTopics {
            name,
            topics: &set.topics,
            // What is fitted on may share with nothing that is measured on, so one side is enough.
            held_out: !name.contains("fit") && !name.contains("train"),
            sensitive: set.header.sensitive,
        })
        .collect();
    let variants: Vec<(DocumentId, String)> = corpus
        .iter()
        .flat_map(|c| &c.documents)
        .flat_map(|d| d.questions.iter().map(|q| (d.id.clone(), q.clone())))
        .collect();
    let options = LeakageOptions { near: args.near, key, ..LeakageOptions::default() };
    check_leakage(&named, &variants, &options)
}

fn stale(sets: &[(String, TopicSet)], corpus: &Corpus, key: Option<&Key>) -> Vec<StaleLabel> {
    let body_of = |id: &DocumentId| corpus.document(id).map(|d| d.text.clone());
    let mut found = Vec::new();
    for (name, set) in sets {
        let stale = stale_quotes(&set.topics, &body_of);
        // Of a sensitive set one line says that there are some, and not how many.
        let shown = if set.header.sensitive { 1 } else { stale.len() };
        for stale in stale.into_iter().take(shown) {
            let topic = match (set.header.sensitive, key) {
                (true, Some(key)) => keyed_id(key, stale.topic.as_str()),
                (true, None) => "withheld".to_owned(),
                (false, _) => stale.topic.to_string(),
            };
            let document = stale.document.filter(|_| !set.header.sensitive);
            found.push(StaleLabel {
                set: name.clone(),
                topic,
                document: document.map(|d| d.to_string()),
                reason: stale.reason.as_str(),
            });
        }
    }
    found
}

fn families_of(topics: &[&Topic]) -> Families {
    Families::of(&topics.iter().map(|t| t.family()).collect::<Vec<_>>())
}

fn resolves(name: &str, topics: &[Topic]) -> Resolves {
    let n = families_of(&topics.iter().collect::<Vec<_>>()).n();
    Resolves {
        set: name.to_owned(),
        families: n,
        difference: Some(detectable_difference(SUPPOSED_DEVIATION, n, LEVEL, POWER))
            .filter(|d| d.is_finite()),
        error_rate_if_none_seen: clopper_pearson_upper(0, n, 1.0 - LEVEL),
    }
}

/// How far two labellings agree. Sensitive sets are refused: the topics on which two labellers
/// differ, and how many, are what must not be shown of them.
fn agreement(first: &Path, second: &Path, seed: u64) -> Result<Agreement, EvalError> {
    let read = |path: &Path| -> Result<TopicSet, EvalError> {
        let topics = read_topics(path)?;
        Ok(TopicSet { topics, ..TopicSet::default() })
    };
    let (first, second) = (read(first)?, read(second)?);
    let others: BTreeMap<&str, &Topic> = second.topics.iter().map(|t| (t.id.as_str(), t)).collect();
    let both: Vec<(&Topic, &Topic)> = first
        .topics
        .iter()
        .filter_map(|t| Some((t, *others.get(t.id.as_str())?)))
        .filter(|(a, b)| a.expected.is_some() && b.expected.is_some())
        .collect();
    let options = Bootstrap { seed, ..Bootstrap::default() };
    let label = |t: &Topic| t.expected.map_or(0, |e| e as u8);
    let (a, b): (Vec<u8>, Vec<u8>) = both.iter().map(|(a, b)| (label(a), label(b))).unzip();
    let families = families_of(&both.iter().map(|(a, _)| *a).collect::<Vec<_>>());
    let numbers = |labels: &[u8]| labels.iter().map(|l| Some(f64::from(*l))).collect::<Vec<_>>();
    let answerable: Vec<&(&Topic, &Topic)> =
        both.iter().filter(|(a, b)| !a.documents.is_empty() && !b.documents.is_empty()).collect();
    let best = |t: &Topic| t.documents[0].to_string();
    let (c, d): (Vec<String>, Vec<String>) =
        answerable.iter().map(|(a, b)| (best(a), best(b))).unzip();
    let answerable_families = families_of(&answerable.iter().map(|(a, _)| *a).collect::<Vec<_>>());
    let differ = both
        .iter()
        .filter(|(a, b)| a.expected != b.expected || a.documents.first() != b.documents.first());
    Ok(Agreement {
        topics: both.len(),
        only_in_first: first.topics.len() - both.len(),
        only_in_second: second.topics.len() - both.len(),
        decision: cohen_kappa(&a, &b, &families, &options),
        decision_alpha: krippendorff_alpha(
            &[numbers(&a), numbers(&b)],
            Distance::Nominal,
            &families,
            &options,
        ),
        document: cohen_kappa(&c, &d, &answerable_families, &options),
        differ: differ.map(|(a, _)| a.id.to_string()).collect(),
    })
}

fn judged(run: &Path, qrels: &Path, seed: u64) -> Result<Estimate, EvalError> {
    let qrels = Qrels::read(qrels)?;
    let measure: Measure = "Judged@10".parse()?;
    let mut found = evaluate(&qrels, &Run::read(run)?, &[measure]);
    let values = found.values.remove(0);
    let options = Bootstrap { seed, ..Bootstrap::default() };
    Ok(crate::eval::significance::mean(&values, &Families::singletons(values.len()), &options))
}

fn print(report: &CheckReport) -> Result<(), Error> {
    let shown = |count: Option<usize>| count.map_or("few".to_owned(), |n| n.to_string());
    if let Some(leakage) = &report.leakage {
        for set in &leakage.sets {
            printer::data(&format!(
                "{}: {} topics, {} families, {} empty, {} repeated and {} nearly repeated under another family",
                set.set,
                shown(set.topics),
                shown(set.families),
                shown(set.empty),
                shown(set.repeated),
                shown(set.nearly_repeated)
            ))?;
            printer::data(&format!(
                "  {} equal to a question variant of the corpus, {} nearly{}",
                shown(set.equal_to_variant),
                shown(set.near_variant),
                set.variant_words.map_or_else(String::new, |w| format!(
                    "; shares {:.2} of its words with the nearest one on average",
                    w.mean
                ))
            ))?;
        }
        for pair in &leakage.pairs {
            printer::data(&format!(
                "{} and {}: {} equal, {} nearly, {} families in both",
                pair.first,
                pair.second,
                shown(pair.equal_in_first),
                shown(pair.near_in_first),
                shown(pair.straddling_families)
            ))?;
        }
        for finding in &leakage.findings {
            let places: Vec<String> = finding
                .places
                .iter()
                .map(|place| match place {
                    Place::Topic { set, id, .. } => format!("{set} {id}"),
                    Place::Variant { document } => format!("variant of {document}"),
                })
                .collect();
            printer::data(&format!("  {}: {}", finding.kind.as_str(), places.join(", ")))?;
        }
    }
    for stale in &report.stale {
        printer::data(&format!("label again: {} {}: {}", stale.set, stale.topic, stale.reason))?;
    }
    for set in &report.resolves {
        let difference = set
            .difference
            .map_or_else(|| "no difference".to_owned(), |d| format!("a difference of {d:.3}"));
        printer::data(&format!(
            "{}: {} families resolve {difference} (power .8, level .05, supposing a spread of .25); no error in all of them would mean a rate below {:.3}",
            set.set, set.families, set.error_rate_if_none_seen
        ))?;
    }
    if let Some(agreement) = &report.agreement {
        let kappa = |k: &Option<Kappa>| {
            k.as_ref().map_or_else(|| "undefined".to_owned(), |k| super::estimate(&k.estimate))
        };
        printer::data(&format!(
            "{} topics labelled twice ({} only in the first, {} only in the second)",
            agreement.topics, agreement.only_in_first, agreement.only_in_second
        ))?;
        printer::data(&format!("  kappa of decisions {}", kappa(&agreement.decision)))?;
        let alpha = agreement.decision_alpha.as_ref();
        let alpha = alpha.map_or_else(|| "undefined".to_owned(), super::estimate);
        printer::data(&format!("  alpha of decisions {alpha}"))?;
        printer::data(&format!("  kappa of best documents {}", kappa(&agreement.document)))?;
        printer::data(&format!("  differ: {}", agreement.differ.join(", ")))?;
    }
    if let Some(judged) = &report.judged {
        printer::data(&format!("Judged@10 {}", super::estimate(judged)))?;
    }
    Ok(())
}
