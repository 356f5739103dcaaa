//! What was measured as a report: one form for the page and for programs.

use std::collections::BTreeMap;

use super::super::report::model::{
    Dataset, Environment, Input, REPORT_VERSION, Report, Section, System,
};
use super::{Measured, Messages};

/// What was timed, and where.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The command.
    pub command: String,
    /// Seed.
    pub seed: u64,
    /// What went in.
    pub inputs: Vec<Input>,
    /// Name and description of each configuration; the first is the one others are compared with.
    pub systems: Vec<(String, String)>,
    /// Messages whose replies were verified, in a sentence each.
    pub verified: Vec<String>,
    /// The machine.
    pub environment: Option<Environment>,
}

/// How the figures came about.
const METHODS: [(&str, &str); 3] = [
    (
        "What is timed",
        "A whole message: rules, redaction, routes, both retrievers, fusion, confidence, answer and \
         its last check. Not timed: starting the program, opening the index, reading topics, \
         writing JSON. Every round asks every message once, in an order drawn anew; no text stands \
         twice among them, and the engine keeps nothing from one message to the next. Stages are \
         the engine's own and count whole microseconds.",
    ),
    (
        "Loads",
        "In a closed loop each worker sends its next message when its last one is answered: what a \
         batch needs, and under-reporting what users feel. In an open loop messages are due at \
         moments drawn beforehand, and latency counts from the moment a message was due, so that a \
         stall is charged to every message it held up. Paired: one thread asks both configurations \
         each message, one right after the other, each going first equally often; whatever else the \
         machine does falls on both.",
    ),
    (
        "Intervals",
        "Quantiles: order statistics, for as many samples as the run is worth (families of messages \
         and blocks of time resemble each other). Ratios: all that a permutation test on families \
         does not reject.",
    ),
];

/// A report of times alone.
#[must_use]
pub fn report(messages: &Messages, measured: &Measured, setting: Setting) -> Report {
    let section = |heading: &str, text: String| Section { heading: heading.to_owned(), text };
    let mut methods: Vec<Section> =
        METHODS.iter().map(|(heading, text)| section(heading, (*text).to_owned())).collect();
    if !setting.verified.is_empty() {
        methods.insert(
            0,
            section("Verified before anything was timed", setting.verified.join("\n\n")),
        );
    }
    let systems = setting.systems.iter().enumerate();
    Report {
        version: REPORT_VERSION,
        name: format!("Latency on {}", messages.name()),
        question: "How long does somebody wait for an answer?".to_owned(),
        command: setting.command,
        seeds: vec![setting.seed],
        inputs: setting.inputs,
        datasets: vec![Dataset {
            name: messages.name().to_owned(),
            split: "timed".to_owned(),
            topics: messages.count(),
            families: messages.families(),
            answerable: None,
            sensitive: false,
            reads: None,
            exploratory: false,
        }],
        systems: systems
            .map(|(place, (name, description))| System {
                name: name.clone(),
                kind: "guidepost".to_owned(),
                description: description.clone(),
                settings: BTreeMap::new(),
                baseline: place == 0 && setting.systems.len() > 1,
            })
            .collect(),
        measures: Vec::new(),
        comparisons: Vec::new(),
        resolution: Vec::new(),
        answering: Vec::new(),
        differences: Vec::new(),
        worst: Vec::new(),
        responses: Vec::new(),
        latency: measured.latency.clone(),
        throughput: measured.throughput.clone(),
        time_ratios: measured.time_ratios.clone(),
        environment: setting.environment,
        methods,
        bias: vec![section(
            "One machine, one moment",
            "Times hold for the machine named below while it did what else it did. Compare two \
             configurations in one run (`--against`, `--against-index`), not two reports."
                .to_owned(),
        )],
        warnings: measured.warnings.clone(),
    }
}
