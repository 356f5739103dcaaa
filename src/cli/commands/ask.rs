//! `ask` and `chat`.

use std::io::{self, BufRead as _, Write as _};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::replay::log;
use crate::answer::{Response, Standing};
use crate::cli::args::{AskArgs, ChatArgs, Global, Scope};
use crate::cli::{Outcome, printer, settings};
use crate::dialogue::conversation::Conversation;
use crate::durable;
use crate::engine::log::LogEntry;
use crate::engine::wire::WireReply;
use crate::engine::{Engine, Reply};
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::fit::turns;
use crate::eval::topic::{Topic, read_topics};
use crate::retrieve::RetrieverExplanation;

/// A reply with the id of its message.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BatchLine {
    /// Id of the message.
    _id: String,
    #[serde(flatten)]
    reply: WireReply,
}

/// Answers one message or a file of them.
pub(super) fn ask(global: &Global, args: &AskArgs) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    say_if_unverified(&engine);
    if let (Some(batch), Some(out)) = (&args.batch, &args.out) {
        return ask_batch(&engine, args, batch, out);
    }
    let message = args.message.as_deref().unwrap_or_default();
    let query = settings::query(message, &args.scope);
    let reply = engine.reply(&query)?;
    log(args.log.as_deref(), &query, &reply)?;
    let outcome = match reply.response {
        Response::Answer(_) | Response::Urgent(_) => Outcome::Done,
        _ => Outcome::Negative,
    };
    if args.json {
        printer::json(&WireReply::new(reply, true, args.explain))?;
    } else {
        printer::data(&text_of(&engine, &reply))?;
        if args.explain {
            printer::data(&explanation_of(&reply))?;
        }
    }
    Ok(outcome)
}

/// A great index is served before all of it is verified.
fn say_if_unverified(engine: &Engine) {
    if let Some(reason) = engine.verification().why_not_sound() {
        printer::talk(&format!("every answer is a draft: {reason}"));
    }
}

fn ask_batch(
    engine: &Engine,
    args: &AskArgs,
    batch: &Path,
    out: &Path,
) -> Result<Outcome, EvalError> {
    let mut lines = String::new();
    let mut logged = Vec::new();
    let topics = read_topics(batch)?;
    for turns in turns(&topics) {
        let mut conversation = Conversation::default();
        for topic in turns {
            let mut query = settings::query(&topic.text, &scope_of(topic, &args.scope));
            query.conversation = conversation;
            let reply = engine.reply(&query)?;
            conversation = reply.conversation.clone();
            if args.log.is_some() {
                logged.push(LogEntry::of(&query, &reply));
            }
            let reply = WireReply::new(reply, args.timings, args.explain);
            let line = BatchLine { _id: topic.id.to_string(), reply };
            lines.push_str(&serde_json::to_string(&line).map_err(io::Error::other)?);
            lines.push('\n');
        }
    }
    if let Some(log) = &args.log {
        durable::lines::append(log, &logged).map_err(Error::from)?;
    }
    write_out(out, &lines)?;
    Ok(Outcome::Done)
}

/// What a line says of its scope wins over the arguments.
fn scope_of(topic: &Topic, given: &Scope) -> Scope {
    Scope {
        programmes: match &topic.programme {
            Some(programme) => vec![programme.clone()],
            None => given.programmes.clone(),
        },
        nation: topic.nation.or(given.nation),
        locality: topic.locality.clone().or_else(|| given.locality.clone()),
        now: given.now,
    }
}

/// Writes a finished text to a file, whole, or to stdout for `-`.
pub(super) fn write_out(out: &Path, text: &str) -> Result<(), Error> {
    if out == Path::new("-") {
        printer::raw(text)
    } else {
        Ok(durable::write(out, text.as_bytes())?)
    }
}

/// Answers messages line by line.
pub(super) fn chat(global: &Global, args: &ChatArgs) -> Result<Outcome, Error> {
    let engine = settings::engine(global)?;
    say_if_unverified(&engine);
    let interactive = !args.json && io::IsTerminal::is_terminal(&io::stdin());
    if interactive {
        printer::talk("Type a message and press Enter; an empty line ends.");
    }
    prompt(interactive);
    let mut conversation = Conversation::default();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            if interactive {
                break;
            }
            continue;
        }
        let mut query = settings::query(&line, &args.scope);
        query.conversation = conversation;
        let reply = engine.reply(&query)?;
        log(args.log.as_deref(), &query, &reply)?;
        conversation = reply.conversation.clone();
        if args.json {
            printer::json_line(&WireReply::new(reply, false, false))?;
        } else {
            printer::data(&text_of(&engine, &reply))?;
            printer::data("")?;
        }
        prompt(interactive);
    }
    Ok(Outcome::Done)
}

fn prompt(interactive: bool) {
    if interactive {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "> ");
        let _ = stderr.flush();
    }
}

/// A reply as a person reads it. What a person must send is a draft to them, whether or not a
/// certificate of messages that nobody sent covers it.
fn text_of(engine: &Engine, reply: &Reply) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !reply.response.text().is_empty() {
        lines.push(reply.response.text().to_owned());
        lines.push(String::new());
    }
    match &reply.response {
        Response::Answer(answer) => {
            let standing = if engine.may_leave(reply).is_ok() { "certified" } else { "draft" };
            let covered = match (answer.standing, &reply.certificate) {
                (Standing::Certified(_), Some(certificate)) => {
                    format!(" · within the certificate on {} messages", certificate.population)
                }
                _ => String::new(),
            };
            lines.push(format!(
                "{standing} · confidence {}{}{covered}",
                rounded_down(answer.confidence.get()),
                if answer.calibrated_here { "" } else { " (fitted on another corpus)" }
            ));
        }
        Response::Clarify(clarify) => {
            lines.push(format!("asks back · {}", clarify.reason));
            for option in &clarify.options {
                lines.push(format!("  - {} ({})", option.title, option.programme));
            }
        }
        Response::Handover(handover) => {
            let confidence = handover
                .confidence
                .map(|c| format!(" · confidence of the best draft {}", rounded_down(c.get())));
            let reason = match &handover.barred {
                Some((document, why)) => format!("{document}: {why}"),
                None => handover.reason.to_string(),
            };
            lines.push(format!(
                "hands over to a person · {reason}{}",
                confidence.unwrap_or_default()
            ));
            if !handover.nearest.is_empty() {
                lines.push("nearest guidance:".to_owned());
            }
            for nearest in &handover.nearest {
                lines.push(format!("  - {} ({})", nearest.title, nearest.document));
            }
        }
        Response::Urgent(urgent) => {
            lines.push(format!("urgent · {} · rule {}", urgent.reason, urgent.rule));
        }
    }
    if let Some(other) = &reply.other_language {
        let code = other.code.as_deref().unwrap_or("which one is not clear");
        lines.push(format!("another language ({code}): treat as urgent unless cleared"));
        if let Some(wording) = &other.wording {
            let barred = wording.barred.as_ref().map(|why| format!(" (not to be sent: {why})"));
            lines.push(format!("  {}{}:", wording.document, barred.unwrap_or_default()));
            lines.push(format!("  {}", wording.text));
        }
    }
    let mut cited: Vec<String> = Vec::new();
    for c in reply.response.citations() {
        let section = if c.section.is_empty() { String::new() } else { format!(", {}", c.section) };
        cited.push(format!(
            "  {} ({} v{}{section}, bytes {}-{})",
            c.title, c.document, c.version, c.span.start, c.span.end
        ));
        let source = format!(
            "    source: {}, {} ({}); approved {} by {}, review due {}",
            c.source.title,
            c.source.publisher,
            c.source.updated,
            c.approved_on,
            c.approved_by,
            c.review_due
        );
        if !cited.contains(&source) {
            cited.push(source);
        }
    }
    if !cited.is_empty() {
        lines.push("quoted from:".to_owned());
        lines.append(&mut cited);
    }
    if let Some(notice) = &reply.notice {
        lines.push(notice.clone());
    }
    lines.join("\n")
}

/// Two decimals, rounded down: nothing short of certainty is shown as certainty.
fn rounded_down(confidence: f64) -> String {
    format!("{:.2}", (confidence * 100.0).floor() / 100.0)
}

fn explanation_of(reply: &Reply) -> String {
    let Some(explanation) = &reply.explanation else {
        return "decided by a fixed rule; nothing was ranked".to_owned();
    };
    let mut lines = explanation_lines(explanation);
    if let Some(evidence) = &reply.evidence {
        lines.push("evidence:".to_owned());
        for (name, value) in crate::calibrate::FEATURES.iter().zip(evidence.values()) {
            lines.push(format!("  {name:24} {value:.4}"));
        }
    }
    if let Some(verdict) = reply.verdict {
        lines.push(format!(
            "P(right) {:.4}   P(in scope) {:.4}",
            verdict.confidence.get(),
            verdict.in_scope
        ));
    }
    lines.join("\n")
}

/// An explanation, line by line.
pub(super) fn explanation_lines(explanation: &crate::engine::Explanation) -> Vec<String> {
    let mut lines = vec![format!("passage {}", explanation.passage)];
    if let RetrieverExplanation::Lexical(lexical) = &explanation.lexical {
        lines.push(format!(
            "lexical {:.6} of at most {:.6}   (k1 {}, {} passages)",
            lexical.score, lexical.attainable_maximum, lexical.k1, lexical.rows
        ));
        for term in &lexical.terms {
            let variants = if term.variants == [term.term.clone()] {
                String::new()
            } else {
                format!(" as {}", term.variants.join(", "))
            };
            let concepts = if term.concepts.is_empty() {
                String::new()
            } else {
                format!(" or {}", term.concepts.join(", "))
            };
            lines.push(format!(
                "  {}{variants}{concepts}: score {:.6} = {} x idf {:.6} (in {} passages), tf' {:.6}",
                term.term,
                term.score,
                term.count,
                term.idf,
                term.document_frequency,
                term.weighted_frequency
            ));
            for field in &term.fields {
                lines.push(format!(
                    "    {}: {} times, length {} (mean {:.2}), weight {}, b {}",
                    field.field,
                    field.frequency,
                    field.length,
                    field.average_length,
                    field.weight,
                    field.b
                ));
            }
        }
    }
    if let RetrieverExplanation::Dense(dense) = &explanation.dense {
        let variant = dense.variant_cosine.map_or_else(|| "none".to_owned(), |v| format!("{v:.6}"));
        lines.push(format!(
            "dense {:.6}   passage cosine {:.6}, nearest variant {variant}, variant share {}",
            dense.score, dense.passage_cosine, dense.variant_share
        ));
    }
    let fusion = &explanation.fusion;
    lines.push(format!(
        "fused {:.6} + scope bonus {} = {:.6}   (dense weight {}, lexical rank {}, dense rank {})",
        fusion.score,
        explanation.scope_bonus,
        explanation.score,
        fusion.dense_weight,
        fusion.lexical_rank,
        fusion.dense_rank
    ));
    lines
}
