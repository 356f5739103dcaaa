//! `eval withhold`.

use std::sync::Arc;

use crate::cli::args::Global;
use crate::cli::eval_args::WithholdArgs;
use crate::cli::printer::Bar;
use crate::cli::{Outcome, printer, settings};
use crate::embed::Embedder;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::topic::read_topics;
use crate::eval::withhold::{Withheld, Withholding, pick};
use crate::index::build::Sources;

/// Asks topics of a corpus without their documents.
pub(super) fn withhold(global: &Global, args: &WithholdArgs) -> Result<Outcome, EvalError> {
    let topics = read_topics(&args.topics)?;
    let sources = Sources::read(&global.corpus).map_err(Error::from)?;
    let encoder = settings::encoder(global)?;
    let embedder: Arc<dyn Embedder> = Arc::clone(&encoder) as Arc<dyn Embedder>;
    let count = |text: &str| encoder.count_tokens(text).unwrap_or(usize::MAX);
    let folder = tempfile::tempdir()?;
    let settings = settings::settings(global)?.unwrap_or_default();
    let artifact = settings::artifact(global)?;
    let withholding = Withholding {
        sources: &sources,
        embedder: &embedder,
        count_tokens: &count,
        settings: &settings,
        artifact: artifact.as_ref(),
        folder: folder.path(),
        today: settings::day(args.now),
    };
    let picked = pick(&topics, args.most, args.seed);
    let found = withholding.run(&picked, &Bar::new(global.quiet))?;
    if args.json {
        printer::json(&found)?;
    } else {
        printer::data(&text_of(&found))?;
    }
    Ok(Outcome::Done)
}

fn text_of(found: &Withheld) -> String {
    let counts: Vec<String> =
        found.decisions.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let mut lines = vec![
        format!(
            "{} of {} topics still answered without their document: {:.3} [{:.3}, {:.3}]",
            found.answered, found.n, found.rate, found.interval.low, found.interval.high
        ),
        counts.join(", "),
    ];
    lines.extend(found.answers.iter().map(|answer| {
        format!(
            "  {} {:.3} from {}: {}",
            answer.topic, answer.confidence, answer.document, answer.text
        )
    }));
    lines.join("\n")
}
