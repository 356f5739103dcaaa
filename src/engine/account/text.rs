//! An account as text: one heading a step, in the order in which things happened.

use std::fmt::{self, Write as _};

use super::{Account, NearAccount, QuestionAccount};
use crate::engine::log::FixedBy;

/// Most pieces of evidence named on each side.
const MOST_NAMED: usize = 5;
/// Contributions to the log odds smaller than this are not named.
const LEAST_NAMED: f64 = 0.05;

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        f.write_str(text.trim_end())
    }
}

impl Account {
    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "The message\n  {}\n", self.message.replace('\n', "\n  "))?;
        self.write_hidden(out)?;
        self.write_rule(out)?;
        for (number, question) in (1..).zip(&self.questions) {
            self.write_question(out, number, question)?;
        }
        self.write_decision(out)?;
        self.write_approvals(out)?;
        writeln!(out, "What would have to change")?;
        for change in &self.changes {
            writeln!(out, "  - {change}")?;
        }
        if let Some(notice) = &self.notice {
            writeln!(out, "\n{notice}")?;
        }
        Ok(())
    }

    fn write_hidden(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Hidden as personal")?;
        if self.hidden.is_empty() {
            writeln!(out, "  Nothing was found that names a person.")?;
        }
        for hidden in &self.hidden {
            writeln!(out, "  {} ({})", hidden.kind, times(hidden.count))?;
        }
        writeln!(out)
    }

    fn write_rule(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Safety rules and routes")?;
        let Some(rule) = &self.rule else {
            return writeln!(out, "  None took the message.\n");
        };
        let kind = match rule.by {
            FixedBy::Urgent => "The safety rule",
            FixedBy::Route => "The route",
        };
        let words: Vec<String> = rule.words.iter().map(|word| quoted(word)).collect();
        let on =
            if words.is_empty() { "the message as a whole".to_owned() } else { words.join(", ") };
        writeln!(out, "  {kind} `{}` of `{}` spoke, on {on}.", rule.rule, rule.channel)?;
        writeln!(
            out,
            "  Its reply is the fixed text `{}`. Rules approved by {} until {}.\n",
            rule.reply, rule.approved_by, rule.review_due
        )
    }

    fn write_question(
        &self,
        out: &mut String,
        number: usize,
        question: &QuestionAccount,
    ) -> fmt::Result {
        let of = self.questions.len();
        writeln!(out, "Question {number} of {of}: {}", quoted(question.text.trim()))?;
        if let Some(read_as) = &question.read_as {
            writeln!(out, "  It leans on what went before and was read as {}.", quoted(read_as))?;
        }
        if !question.nearest.is_empty() {
            writeln!(out, "  Guidance that came nearest:")?;
        }
        for (place, near) in (1..).zip(&question.nearest) {
            write_near(out, place, near)?;
        }
        if !question.unknown_words.is_empty() {
            let words: Vec<String> = question.unknown_words.iter().map(|w| quoted(w)).collect();
            writeln!(out, "  No guidance holds {}.", words.join(", "))?;
        }
        let named = |sign: f64| {
            let strong =
                question.evidence.iter().filter(move |e| e.contribution * sign >= LEAST_NAMED);
            strong.take(MOST_NAMED)
        };
        for (heading, sign) in [("For an answer:", 1.0), ("Against it:", -1.0)] {
            if named(sign).next().is_some() {
                writeln!(out, "  {heading}")?;
            }
            for evidence in named(sign) {
                writeln!(
                    out,
                    "    {:+.2}  {} [{}]",
                    evidence.contribution, evidence.says, evidence.feature
                )?;
            }
        }
        if let Some(confidence) = question.confidence {
            let needed = self.threshold.map(|t| format!("; {t:.2} is needed")).unwrap_or_default();
            writeln!(out, "  Confidence that it answers: {}{needed}.", rounded_down(confidence))?;
        }
        let reason = question.reason.as_deref().map(|r| format!(", {r}")).unwrap_or_default();
        writeln!(out, "  This question alone: {}{reason}.\n", question.decision)
    }

    fn write_decision(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "The decision")?;
        let decision = match self.decision.as_str() {
            "answer" => "Answered with words of approved guidance",
            "clarify" => "Asked back",
            "urgent" => "Treated as urgent: the fixed text at once, and a person",
            _ => "Handed over to a person",
        };
        let standing = match self.standing.as_deref() {
            Some("draft") => ", as a draft that a person must send",
            _ => "",
        };
        let reason = self.reason.as_deref().map(|r| format!(" (reason: {r})")).unwrap_or_default();
        writeln!(out, "  {decision}{standing}{reason}.")?;
        if self.says.is_empty() {
            writeln!(out, "  Nothing is said: no approved text may be said today.\n")
        } else {
            writeln!(out, "  It says:\n    {}\n", self.says.replace('\n', "\n    "))
        }
    }

    fn write_approvals(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Whose approval the words carry")?;
        if self.approvals.is_empty() {
            writeln!(out, "  Nobody's: nothing is said.")?;
        }
        for a in &self.approvals {
            writeln!(
                out,
                "  {} (`{}` version {}): {} as {}, {} to {}",
                a.title, a.document, a.version, a.by, a.role, a.on, a.review_due
            )?;
        }
        writeln!(out)
    }
}

fn write_near(out: &mut String, place: usize, near: &NearAccount) -> fmt::Result {
    let section =
        if near.section.is_empty() { String::new() } else { format!(", {}", near.section) };
    let won = if near.won { " (this one won)" } else { "" };
    let words: Vec<String> = near.words.iter().map(|word| quoted(word)).collect();
    let on = if words.is_empty() {
        "near in meaning only".to_owned()
    } else {
        format!("matched on {}", words.join(", "))
    };
    writeln!(out, "    {place}. {} (`{}`{section}): {on}{won}", near.title, near.document)?;
    if let Some(barred) = &near.barred {
        writeln!(out, "       It may not answer this person today: {barred}.")?;
    }
    Ok(())
}

fn quoted(words: &str) -> String {
    format!("\u{201c}{words}\u{201d}")
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Two decimals, rounded down: nothing short of certainty is shown as certainty.
pub(super) fn rounded_down(confidence: f64) -> String {
    format!("{:.2}", (confidence * 100.0).floor() / 100.0)
}
