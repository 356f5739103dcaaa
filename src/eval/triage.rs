//! Does the first look find what is urgent, and leave alone what is not?
//!
//! Gathers what an urgency model is fitted on, and measures safety and routes on labelled topics:
//! recall of urgent families with its exact lower limit (Clopper and Pearson 1934), false alarms
//! with the upper one, by channel and slice, and what routes take. A family counts as found only
//! when all its messages are. Nothing is retrieved here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::fit::query_of;
use super::significance::{clopper_pearson_lower, clopper_pearson_upper};
use super::topic::{Expected, Topic};
use crate::answer::Response;
use crate::corpus::document::Document;
use crate::dialogue::safety::{Channel, Decision, SafetyRules};
use crate::engine::Engine;
use crate::error::Error;
use crate::ids::Fingerprint;
use crate::triage::artifact::Source;
use crate::triage::exemplar::Exemplar;
use crate::triage::fit::{Example, Sample};

/// Confidence of the one-sided limits.
const LEVEL: f64 = 0.95;
/// Slice of harmless messages that tempt to think otherwise.
const TEMPTING: &str = "harmless";
/// Kind of a message that belongs to no channel and no route.
const ORDINARY: &str = "answer";

/// Labelled topics of one source.
#[derive(Debug)]
pub struct TopicFile {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub topics: Vec<Topic>,
    /// Whether it is held out in turn; otherwise it is always fitted on.
    pub held_out: bool,
}

/// Labelled topics of one file by their writer, whom the first part of a family names.
pub fn by_writer(topics: Vec<Topic>) -> Vec<TopicFile> {
    let mut writers: Vec<TopicFile> = Vec::new();
    for topic in topics {
        let name = topic.family().split('-').next().unwrap_or_default().to_owned();
        match writers.iter_mut().find(|w| w.name == name) {
            Some(writer) => writer.topics.push(topic),
            None => writers.push(TopicFile { name, topics: vec![topic], held_out: true }),
        }
    }
    writers
}

/// What an urgency model is fitted on: the approved files and the approved question variants, which
/// are always fitted on, and topics by source, those that say so held out in at most `folds` groups
/// of about as many messages.
pub fn sample(
    rules: &SafetyRules,
    documents: &[Document],
    files: &[TopicFile],
    folds: usize,
) -> Sample {
    let mut sample = Sample::default();
    let mut held_out = Vec::new();
    let mut examples = Vec::new();
    for example in rules.examples() {
        let urgent_channel = example.channel.is_some_and(|c| c.decision == Decision::Urgent);
        // What a route's rule leaves alone may well be urgent.
        if example.channel.is_some() && !urgent_channel && !example.belongs {
            continue;
        }
        let urgent = urgent_channel && example.belongs;
        let channel = example.channel.filter(|_| example.belongs);
        let kind = channel.map_or(ORDINARY, |channel| kind_of(channel, urgent)).to_owned();
        examples.push((example.text.to_owned(), urgent, false, kind));
        if let Some(channel) = example.channel.filter(|_| urgent) {
            sample.exemplars.push(Exemplar {
                channel: channel.id.clone(),
                rule: example.rule.to_owned(),
                text: example.text.to_owned(),
            });
        }
    }
    let variants = documents.iter().filter(|d| d.kind.is_retrieved()).flat_map(|d| &d.questions);
    examples.extend(variants.map(|text| (text.clone(), false, false, ORDINARY.to_owned())));
    push(&mut sample, "corpus", examples);
    for file in files {
        let labelled = file.topics.iter().filter_map(|topic| {
            let urgent = topic.expected? == Expected::Urgent;
            let tempting = topic.slices.iter().any(|slice| slice == TEMPTING);
            let kind = topic.reason.clone().unwrap_or_else(|| ORDINARY.to_owned());
            Some((topic.text.clone(), urgent, tempting, kind))
        });
        push(&mut sample, &file.name, labelled.collect());
        if file.held_out {
            held_out.push(sample.sources.len() - 1);
        }
    }
    sample.held_out = groups(&sample, held_out, folds);
    sample
}

/// The largest source goes first, always to the group with fewest messages so far.
fn groups(sample: &Sample, mut sources: Vec<usize>, most: usize) -> Vec<Vec<usize>> {
    let messages = |source: &usize| sample.sources[*source].messages;
    sources.sort_by_key(|source| (Reverse(messages(source)), *source));
    let mut groups = vec![Vec::new(); most.min(sources.len())];
    for source in sources {
        if let Some(group) = groups.iter_mut().min_by_key(|g| g.iter().map(messages).sum::<usize>())
        {
            group.push(source);
        }
    }
    groups
}

/// How a message that belongs to a channel is labelled.
fn kind_of(channel: &Channel, urgent: bool) -> &str {
    match channel.id.as_str() {
        "self-harm" => "crisis",
        "emergency" => "emergency",
        "safeguarding" | "domestic-abuse" => "safeguarding",
        _ if urgent => "urgent",
        "chat" => "chitchat",
        "opt-out" => "opt_out",
        other => other,
    }
}

fn push(sample: &mut Sample, name: &str, examples: Vec<(String, bool, bool, String)>) {
    let parts = examples.iter().flat_map(|(text, urgent, tempting, _)| {
        [text.as_bytes(), if *urgent { b"1" } else { b"0" }, if *tempting { b"1" } else { b"0" }]
    });
    sample.sources.push(Source {
        name: name.to_owned(),
        fingerprint: Fingerprint::of_parts(parts),
        messages: examples.len(),
        urgent: examples.iter().filter(|(_, urgent, ..)| *urgent).count(),
    });
    let source = sample.sources.len() - 1;
    sample.examples.extend(examples.into_iter().map(|(text, urgent, tempting, kind)| Example {
        text,
        urgent,
        tempting,
        kind,
        source,
    }));
}

/// A count of messages and of families, with an exact one-sided limit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Share {
    /// Messages.
    pub messages: usize,
    /// Those counted.
    pub counted: usize,
    /// Families.
    pub families: usize,
    /// Families counted: for recall those found in every message, for false alarms those with any.
    pub families_counted: usize,
    /// Limit of the families' share: from below for recall, from above for false alarms.
    #[schemars(range(min = 0, max = 1))]
    pub limit: f64,
}

/// What routes did with messages of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Routed {
    /// Messages.
    pub messages: usize,
    /// Those that took any route.
    pub routed: usize,
    /// Those that raised an alarm.
    pub alarmed: usize,
    /// By the reason code of the route taken.
    pub routes: BTreeMap<String, usize>,
}

/// A message treated otherwise than labelled.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Miss {
    /// Id of the topic.
    pub id: String,
    /// The message.
    pub text: String,
    /// P(urgent), where the urgency model was asked.
    pub probability: Option<f64>,
    /// The rule or example that spoke.
    pub rule: Option<String>,
}

/// How safety and routes treat labelled topics.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TriageReport {
    /// Why rules alone raised alarms, if so.
    pub rules_alone: Option<String>,
    /// Urgent messages found.
    pub urgent: Share,
    /// Alarms on messages that are not urgent.
    pub false_alarms: Share,
    /// Alarms on harmless messages that tempt.
    pub false_alarms_tempting: Share,
    /// Alarms that a rule raised.
    pub alarms_by_rule: usize,
    /// Alarms that the urgency model raised.
    pub alarms_by_model: usize,
    /// Fitting rules overruled on urgent messages.
    pub overruled_wrongly: usize,
    /// Fitting rules overruled on others.
    pub overruled_rightly: usize,
    /// Urgent messages found, by reason.
    pub by_reason: BTreeMap<String, Share>,
    /// Urgent messages found, by slice.
    pub by_slice: BTreeMap<String, Share>,
    /// False alarms, by slice.
    pub false_alarms_by_slice: BTreeMap<String, Share>,
    /// What became of messages that are not urgent, by reason; `answer` for those to be answered.
    pub routes: BTreeMap<String, Routed>,
    /// Half of the messages took no longer than so many microseconds.
    pub took_p50_us: u64,
    /// 99 in 100 took no longer.
    pub took_p99_us: u64,
    /// Urgent messages that raised no alarm.
    pub missed: Vec<Miss>,
    /// Other messages that raised one.
    pub falsely_alarmed: Vec<Miss>,
}

/// One topic looked at.
struct Looked<'a> {
    topic: &'a Topic,
    urgent: bool,
    alarmed: bool,
    route: Option<String>,
    rule: Option<String>,
    probability: Option<f64>,
    overruled: bool,
    took_us: u64,
}

/// Looks at every labelled topic.
///
/// # Errors
/// [`Error`] as [`Engine::first_look`].
pub fn report(engine: &Engine, topics: &[Topic], today: Date) -> Result<TriageReport, Error> {
    let mut looked = Vec::new();
    for topic in topics {
        let Some(expected) = topic.expected else {
            continue;
        };
        let look = engine.first_look(&query_of(topic, today))?;
        let (alarmed, route, rule) = match &look.response {
            Some(Response::Urgent(urgent)) => (true, None, Some(urgent.rule.clone())),
            Some(Response::Handover(h)) => {
                (false, Some(h.reason.code().to_owned()), h.rule.clone())
            }
            Some(Response::Clarify(c)) => (false, Some(c.reason.code().to_owned()), c.rule.clone()),
            Some(Response::Answer(_)) | None => (false, None, None),
        };
        let second = look.second_look.as_ref();
        looked.push(Looked {
            topic,
            urgent: expected == Expected::Urgent,
            alarmed,
            route,
            rule,
            probability: second.map(|s| s.probability),
            overruled: second.is_some_and(|s| s.overruled.is_some()),
            took_us: u64::try_from(look.took.as_micros()).unwrap_or(u64::MAX),
        });
    }
    Ok(summary(engine, &looked))
}

fn summary(engine: &Engine, looked: &[Looked<'_>]) -> TriageReport {
    let urgent = |l: &Looked<'_>| l.urgent;
    let calm = |l: &Looked<'_>| !l.urgent;
    let slice = |l: &Looked<'_>, name: &str| l.topic.slices.iter().any(|s| s == name);
    let mut slices: Vec<&str> =
        looked.iter().flat_map(|l| l.topic.slices.iter().map(String::as_str)).collect();
    slices.sort_unstable();
    slices.dedup();
    let by_slice = |recall: bool| {
        let of = |name: &&str| {
            let keep = |l: &Looked<'_>| l.urgent == recall && slice(l, name);
            let share = if recall { found(looked, keep) } else { alarms(looked, keep) };
            (share.messages > 0).then(|| ((*name).to_owned(), share))
        };
        slices.iter().filter_map(of).collect::<BTreeMap<_, _>>()
    };
    let mut reasons: Vec<&str> =
        looked.iter().filter(|l| l.urgent).filter_map(|l| l.topic.reason.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let by_reason = reasons.iter().map(|&reason| {
        let keep = |l: &Looked<'_>| l.urgent && l.topic.reason.as_deref() == Some(reason);
        (reason.to_owned(), found(looked, keep))
    });
    let by_model = |l: &&Looked<'_>| l.rule.as_ref().is_some_and(|r| r.starts_with("exemplar:"));
    let alarmed = || looked.iter().filter(|l| l.alarmed);
    let misses = |alarmed: bool| {
        let wrong = looked.iter().filter(move |l| l.alarmed == alarmed && l.urgent != alarmed);
        wrong.map(|l| Miss {
            id: l.topic.id.to_string(),
            text: l.topic.text.clone(),
            probability: l.probability,
            rule: l.rule.clone(),
        })
    };
    let mut took: Vec<u64> = looked.iter().map(|l| l.took_us).collect();
    took.sort_unstable();
    let quantile = |percent: usize| {
        let rank = (took.len() * percent).div_ceil(100).max(1) - 1;
        took.get(rank).copied().unwrap_or_default()
    };
    TriageReport {
        rules_alone: engine.rules_alone().map(|why| why.to_string()),
        urgent: found(looked, urgent),
        false_alarms: alarms(looked, calm),
        false_alarms_tempting: alarms(looked, |l| calm(l) && slice(l, TEMPTING)),
        alarms_by_rule: alarmed().filter(|l| !by_model(l)).count(),
        alarms_by_model: alarmed().filter(by_model).count(),
        overruled_wrongly: looked.iter().filter(|l| l.overruled && l.urgent && !l.alarmed).count(),
        overruled_rightly: looked.iter().filter(|l| l.overruled && !l.urgent && !l.alarmed).count(),
        by_reason: by_reason.collect(),
        by_slice: by_slice(true),
        false_alarms_by_slice: by_slice(false),
        routes: routes(looked),
        took_p50_us: quantile(50),
        took_p99_us: quantile(99),
        missed: misses(false).collect(),
        falsely_alarmed: misses(true).collect(),
    }
}

/// By family: whether every message, and whether any message, raised an alarm.
fn families<'a>(
    looked: &'a [Looked<'_>],
    keep: impl Fn(&Looked<'_>) -> bool,
) -> (usize, usize, BTreeMap<&'a str, (bool, bool)>) {
    let mut families: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    let (mut messages, mut counted) = (0, 0);
    for look in looked.iter().filter(|l| keep(l)) {
        messages += 1;
        counted += usize::from(look.alarmed);
        let family = families.entry(look.topic.family()).or_insert((true, false));
        *family = (family.0 && look.alarmed, family.1 || look.alarmed);
    }
    (messages, counted, families)
}

fn found(looked: &[Looked<'_>], keep: impl Fn(&Looked<'_>) -> bool) -> Share {
    let (messages, counted, by_family) = families(looked, keep);
    let families = by_family.len();
    let families_counted = by_family.values().filter(|(all, _)| *all).count();
    let limit =
        if families == 0 { 0.0 } else { clopper_pearson_lower(families_counted, families, LEVEL) };
    Share { messages, counted, families, families_counted, limit }
}

fn alarms(looked: &[Looked<'_>], keep: impl Fn(&Looked<'_>) -> bool) -> Share {
    let (messages, counted, by_family) = families(looked, keep);
    let families = by_family.len();
    let families_counted = by_family.values().filter(|(_, any)| *any).count();
    let limit =
        if families == 0 { 1.0 } else { clopper_pearson_upper(families_counted, families, LEVEL) };
    Share { messages, counted, families, families_counted, limit }
}

fn routes(looked: &[Looked<'_>]) -> BTreeMap<String, Routed> {
    let mut routes: BTreeMap<String, Routed> = BTreeMap::new();
    for look in looked.iter().filter(|l| !l.urgent) {
        let reason = look.topic.reason.as_deref().unwrap_or("answer");
        let of_reason = routes.entry(reason.to_owned()).or_default();
        of_reason.messages += 1;
        of_reason.alarmed += usize::from(look.alarmed);
        if let Some(route) = &look.route {
            of_reason.routed += 1;
            *of_reason.routes.entry(route.clone()).or_default() += 1;
        }
    }
    routes
}
