//! The topics on which a system did worst, and why.
//!
//! Of a sensitive set, only keyed ids, kinds of mistake and numbers are shown, whatever the model
//! holds: texts, answers, documents and evidence could tell what was asked.

use super::{distinct, is_sensitive};
use crate::eval::report::document::{Block, TopicCard};
use crate::eval::report::model::{Report, Worst};
use crate::eval::report::number::decimal;
use crate::eval::report::table::code;

/// A card for each topic, by dataset and system.
pub(in crate::eval::report) fn worst(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    for dataset in distinct(report.worst.iter().map(|worst| worst.dataset.as_str())) {
        let of_dataset = || report.worst.iter().filter(|worst| worst.dataset == dataset);
        for system in distinct(of_dataset().map(|worst| worst.system.as_str())) {
            blocks.push(Block::Heading(format!("{} on {}", code(system), code(dataset))));
            if is_sensitive(report, dataset) {
                let note = "The set is sensitive: only keyed ids, kinds of mistake and numbers.";
                blocks.push(Block::Paragraph(note.to_owned()));
            }
            let topics = of_dataset().filter(|worst| worst.system == system);
            blocks.extend(topics.map(|worst| Block::Topic(card(report, worst))));
        }
    }
    blocks
}

fn card(report: &Report, worst: &Worst) -> TopicCard {
    let sensitive = is_sensitive(report, &worst.dataset);
    let open = |text: &Option<String>| if sensitive { None } else { text.clone() };
    let mut facts = Vec::new();
    if !sensitive {
        facts.push(("Expected".to_owned(), worst.expected.clone()));
        facts.push(("Given".to_owned(), worst.given.clone()));
    }
    if let Some(value) = worst.value {
        facts.push(("Value".to_owned(), decimal(value)));
    }
    if let Some(confidence) = worst.confidence {
        facts.push(("Confidence".to_owned(), decimal(confidence)));
    }
    TopicCard {
        topic: worst.topic.clone(),
        text: open(&worst.text),
        what: worst.what.clone(),
        facts,
        answer: open(&worst.answer),
        why: open(&worst.why),
    }
}
