//! `search`, `explain` and `run`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::ask::{explanation_lines, write_out};
use crate::cli::args::{ExplainArgs, Global, RunArgs, SearchArgs};
use crate::cli::printer::Bar;
use crate::cli::{Outcome, printer, settings};
use crate::engine::RankedDocument;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::topic::read_topics;
use crate::ids::{DocumentId, PassageId};
use crate::index::build::Progress as _;

/// A passage found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WireFound<'a> {
    /// The passage: its document, `#` and its number.
    passage: String,
    /// Id of its document.
    document: &'a str,
    /// Title of its document.
    title: &'a str,
    /// Headings it stands under; empty where there are none.
    section: &'a str,
    /// Its text.
    text: &'a str,
    /// Its fused score: it ranks, and is no probability.
    score: f64,
}

/// Shows the best passages.
pub(super) fn search(global: &Global, args: &SearchArgs) -> Result<Outcome, Error> {
    let engine = settings::engine(global)?;
    let found = engine.search(&args.text, args.depth)?;
    if args.json {
        let wire: Vec<WireFound<'_>> = found
            .iter()
            .map(|f| WireFound {
                passage: f.passage.to_string(),
                document: f.passage.document.as_str(),
                title: &f.title,
                section: &f.section,
                text: &f.body,
                score: f.score.get(),
            })
            .collect();
        printer::json(&wire)?;
    } else {
        for f in &found {
            let section =
                if f.section.is_empty() { String::new() } else { format!(" > {}", f.section) };
            printer::data(&format!("{:.4}  {}  {}{section}", f.score.get(), f.passage, f.title))?;
            printer::data(&format!("        {}", f.body))?;
        }
    }
    Ok(if found.is_empty() { Outcome::Negative } else { Outcome::Done })
}

/// Shows how a score comes about, or how a message is decided.
pub(super) fn explain(global: &Global, args: &ExplainArgs) -> Result<Outcome, Error> {
    let engine = settings::engine(global)?;
    let Some(passage) = &args.passage else {
        let account = engine.account(&settings::query(&args.message, &args.scope))?;
        if args.json {
            printer::json(&account)?;
        } else {
            printer::data(&account.to_string())?;
        }
        return Ok(Outcome::Done);
    };
    let unknown = || Error::UnknownPassage { passage: passage.clone() };
    let (document, ordinal) = passage.rsplit_once('#').ok_or_else(unknown)?;
    let id = PassageId::new(
        DocumentId::new(document).map_err(|_| unknown())?,
        ordinal.parse().map_err(|_| unknown())?,
    );
    let explanation = engine.explain(&args.message, &id)?;
    if args.json {
        printer::json(&explanation)?;
    } else {
        printer::data(&explanation_lines(&explanation).join("\n"))?;
    }
    Ok(Outcome::Done)
}

/// Writes a TREC run: topics in the order of the file, strictly decreasing scores.
pub(super) fn run(global: &Global, args: &RunArgs) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    let mut topics = read_topics(&args.topics)?;
    if let Some(qrels) = &args.qrels {
        let judged = judged_topics(qrels)?;
        topics.retain(|t| judged.contains(t.id.as_str()));
    }
    let bar = Bar::new(global.quiet);
    bar.begin("ranking topics", topics.len());
    let mut run = String::new();
    for topic in &topics {
        let documents = engine.rank_documents(&topic.text, args.depth)?;
        write_topic(&mut run, topic.id.as_str(), &documents, &args.tag);
        bar.advance(1);
    }
    bar.end();
    write_out(&args.out, &run)?;
    Ok(Outcome::Done)
}

/// Appends one topic's ranking. Evaluation tools break ties each in their own way, so a score
/// that is not below the one before it is written as the next smaller f64.
fn write_topic(run: &mut String, topic: &str, documents: &[RankedDocument], tag: &str) {
    let mut last = f64::INFINITY;
    for (rank, ranked) in (1..).zip(documents) {
        let score = ranked.score.get().min(last.next_down());
        last = score;
        let _ = writeln!(run, "{topic} Q0 {} {rank} {score} {tag}", ranked.document);
    }
}

/// Topics judged in a qrels file: the first column, a BEIR header left out.
fn judged_topics(path: &Path) -> Result<BTreeSet<String>, Error> {
    let text = fs_err::read_to_string(path)?;
    let ids = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(ids.filter(|id| *id != "query-id").map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Score;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_scores_strictly_decrease(scores in proptest::collection::vec(0..3u8, 1..30)) {
            let mut scores = scores;
            scores.sort_unstable_by(|a, b| b.cmp(a));
            let documents: Vec<RankedDocument> = scores
                .iter()
                .enumerate()
                .map(|(i, &s)| RankedDocument {
                    document: DocumentId::new(format!("d{i}")).unwrap(),
                    score: Score::new(f64::from(s) / 3.0).unwrap(),
                })
                .collect();
            let mut run = String::new();
            write_topic(&mut run, "1", &documents, "t");
            let written: Vec<f64> = run
                .lines()
                .map(|l| l.split(' ').nth(4).unwrap().parse().unwrap())
                .collect();
            prop_assert!(written.windows(2).all(|pair| pair[0] > pair[1]));
            let order: Vec<&str> = run.lines().map(|l| l.split(' ').nth(2).unwrap()).collect();
            prop_assert_eq!(order.len(), documents.len());
        }
    }
}
