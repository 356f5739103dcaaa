//! How the figures came about, why not to trust them, and how to make them again.

use crate::eval::report::document::Block;
use crate::eval::report::model::{Environment, Report, Section};
use crate::eval::report::number::{bytes, counted};
use crate::eval::report::table::{Cell, Table, code};

/// When, with what and how often, in a line.
pub(in crate::eval::report) fn byline(report: &Report) -> String {
    let mut said = Vec::new();
    if let Some(environment) = &report.environment {
        said.push(environment.began.clone());
        said.push(format!("Guidepost {}", environment.version));
        said.extend(environment.commit.as_ref().map(|commit| format!("commit {}", code(commit))));
    }
    said.push(counted(report.systems.len(), "system", "systems"));
    said.push(counted(report.datasets.len(), "dataset", "datasets"));
    let seeds: Vec<String> = report.seeds.iter().map(u64::to_string).collect();
    match seeds.as_slice() {
        [] => {}
        [one] => said.push(format!("seed {one}")),
        several => said.push(format!("seeds {}", several.join(", "))),
    }
    said.join(" \u{b7} ")
}

/// Paragraphs on method.
pub(in crate::eval::report) fn methods(report: &Report) -> Vec<Block> {
    sections(&report.methods)
}

/// Reasons not to trust the figures.
pub(in crate::eval::report) fn bias(report: &Report) -> Vec<Block> {
    sections(&report.bias)
}

fn sections(sections: &[Section]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for section in sections {
        blocks.push(Block::Heading(section.heading.clone()));
        let paragraphs = section.text.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
        blocks.extend(paragraphs.map(|text| Block::Paragraph(text.to_owned())));
    }
    blocks
}

/// The command, what went in and where it ran.
pub(in crate::eval::report) fn provenance(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Command(report.command.clone())];
    if !report.inputs.is_empty() {
        let mut table =
            Table::new("What went in, by BLAKE3").words(["Role", "Name", "Fingerprint"]);
        for input in &report.inputs {
            let cells = vec![Cell::text(input.name.clone()), Cell::code(&input.fingerprint)];
            table.push(Cell::text(input.role.clone()), cells);
        }
        blocks.push(Block::Table(table));
    }
    if let Some(environment) = &report.environment {
        blocks.push(Block::Heading("Where it ran".to_owned()));
        blocks.push(Block::Facts(facts(environment)));
    }
    blocks
}

fn facts(environment: &Environment) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![
        fact("Began", environment.began.clone()),
        fact("Guidepost", environment.version.clone()),
    ];
    if let Some(commit) = &environment.commit {
        facts.push(fact("Commit", code(commit)));
    }
    let threads = counted(environment.threads, "thread", "threads");
    let cores = counted(environment.cores, "core", "cores");
    facts.push(fact("Processor", format!("{}; {cores}, {threads}", environment.processor)));
    facts.push(fact("Encoder's path", environment.cpu_path.clone()));
    facts.push(fact("System", environment.system.clone()));
    if let Some(memory) = environment.memory {
        facts.push(fact("Memory", bytes(memory)));
    }
    if let Some(peak) = environment.peak_memory {
        facts.push(fact("Most memory held", bytes(peak)));
    }
    facts
}
