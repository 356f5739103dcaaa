//! In which order does a report speak? Parts and blocks, before HTML or Markdown.
//!
//! The order is fixed: what was found, what to know first, what this many topics can tell, then
//! the results, then how they came about and why not to trust them. Invariant: a part without
//! blocks is left out, so that no heading stands alone. Knows neither form of output.

use super::model::Report;
use super::parts;
use super::plots::Figure;
use super::table::Table;

/// A report in order.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Name of the experiment.
    pub(super) title: String,
    /// What it asks.
    pub(super) question: String,
    /// When, with what and how often, in a line.
    pub(super) byline: String,
    /// Parts.
    pub(super) parts: Vec<Part>,
}

/// A part under its own heading.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Anchor.
    pub(super) id: &'static str,
    /// Heading.
    pub(super) title: &'static str,
    /// What stands in it.
    pub(super) blocks: Vec<Block>,
}

/// Something in a part. Texts set `code` between backticks.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// A heading within the part.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// A finding: what was asked first.
    Verdict(Verdict),
    /// What a reader must know first.
    Warnings(Vec<String>),
    /// A table.
    Table(Table),
    /// Small tables that may stand side by side.
    SmallTables(Vec<Table>),
    /// Figures that may stand side by side.
    Figures(Vec<Figure>),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// A topic and what became of it.
    Topic(TopicCard),
    /// A command.
    Command(String),
    /// What is shown on request.
    Fold(String, Vec<Block>),
}

/// A finding.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    /// How it came out.
    pub(super) outcome: Outcome,
    /// It in a sentence.
    pub(super) headline: String,
    /// What it rests on.
    pub(super) sentences: Vec<String>,
}

/// How a comparison came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Better, significantly.
    Better,
    /// Worse, significantly.
    Worse,
    /// Not worse by the margin.
    NotInferior,
    /// Undecided.
    Open,
}

/// A topic and what became of it.
#[derive(Debug, Clone)]
pub(super) struct TopicCard {
    /// Its id.
    pub(super) topic: String,
    /// What was asked.
    pub(super) text: Option<String>,
    /// What was wrong.
    pub(super) what: String,
    /// Names and values.
    pub(super) facts: Vec<(String, String)>,
    /// What was answered.
    pub(super) answer: Option<String>,
    /// Why.
    pub(super) why: Option<String>,
}

/// The report in order.
pub(super) fn document(report: &Report) -> Document {
    let part = |id, title, blocks| Part { id, title, blocks };
    let parts = vec![
        part("summary", "What was found", parts::summary::summary(report)),
        part("warnings", "Know this first", parts::summary::warnings(report)),
        part("resolution", "What these sets can tell", parts::setup::resolution(report)),
        part("setup", "What was compared", parts::setup::setup(report)),
        part("measures", "Measures", parts::measures::measures(report)),
        part("comparisons", "Comparisons", parts::comparisons::comparisons(report)),
        part("answering", "Decisions and answers", parts::answering::answering(report)),
        part("slices", "Slices", parts::slices::slices(report)),
        part("responses", "Responses to parameters", parts::setup::responses(report)),
        part("latency", "Latency", parts::latency::latency(report)),
        part("worst", "Worst topics", parts::topics::worst(report)),
        part("methods", "Methods", parts::provenance::methods(report)),
        part("bias", "Reasons not to trust these figures", parts::provenance::bias(report)),
        part("provenance", "How to make it again", parts::provenance::provenance(report)),
    ];
    Document {
        title: report.name.clone(),
        question: report.question.clone(),
        byline: parts::provenance::byline(report),
        parts: parts.into_iter().filter(|part| !part.blocks.is_empty()).collect(),
    }
}
