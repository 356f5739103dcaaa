//! `corpus check|import|approve|withdraw`.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::args::{ApproveArgs, CorpusCommand, Global, ImportFormat};
use crate::cli::{Outcome, printer, settings};
use crate::corpus::approve::{Changed, Grant, approve, approve_all, withdraw};
use crate::corpus::document::Role;
use crate::corpus::import::{ImportOptions, ImportReport, SourceKind, import};
use crate::corpus::lint::{CheckOptions, Finding, ReviewEntry, check, review_calendar};
use crate::corpus::read::{Issue, Severity, read_corpus};
use crate::dialogue::safety::SafetyRules;
use crate::error::Error;
use crate::ids::Nation;
use crate::index::build::Sources;

/// Who stands behind bulk approvals of research imports, unless a name is given.
pub(super) const RESEARCH_APPROVER: &str = "Research import";

/// Runs a `corpus` command.
pub(super) fn run(global: &Global, command: &CorpusCommand) -> Result<Outcome, Error> {
    match command {
        CorpusCommand::Check { now, json } => {
            check_corpus(&global.corpus, &CheckOptions { today: settings::day(*now) }, *json)
        }
        CorpusCommand::Import { from, format, to, programme, cut, json } => {
            let options = ImportOptions {
                programme: programme.clone(),
                nations: Nation::ALL.to_vec(),
                cut: cut.as_cut(),
                source: None,
                licence: None,
                allowed_paths: Vec::new(),
            };
            let format = format.unwrap_or_else(|| guess(from));
            let kind = match format {
                ImportFormat::Govuk => SourceKind::Govuk,
                ImportFormat::Jsonl => SourceKind::Jsonl,
                ImportFormat::Intents => SourceKind::Intents,
            };
            report_import(&import(kind, from, to, &options)?, to, *json)
        }
        CorpusCommand::Approve(args) => approve_documents(&global.corpus, args),
        CorpusCommand::Withdraw { documents } => {
            report_changes(&withdraw(&global.corpus, documents)?)
        }
    }
}

/// What a source is, from the names of its files.
fn guess(from: &Path) -> ImportFormat {
    let named = |name: &str| from.ends_with(name) || from.join(name).is_file();
    if named("train.jsonl") {
        ImportFormat::Intents
    } else if named("corpus.jsonl") || from.extension().is_some_and(|e| e == "jsonl") {
        ImportFormat::Jsonl
    } else {
        ImportFormat::Govuk
    }
}

/// What is wrong with a corpus.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WireCheck<'a> {
    /// Documents that were read.
    documents: usize,
    /// Files that were not.
    malformed: &'a [Issue],
    /// What a reader would stumble over.
    findings: &'a [Finding],
    /// When reviews are due, the earliest first.
    review_calendar: &'a [ReviewEntry],
    /// Safety and route rules that do not behave as their examples say, or whose approval lapsed.
    rules: &'a [String],
    /// Why no index can be built, apart from malformed files.
    unusable: Option<String>,
}

/// What is wrong with safety and route rules: examples that no longer behave, approvals that
/// have lapsed. Rules that do not load at all are reported as unusable.
fn rule_problems(root: &Path, today: Date) -> Vec<String> {
    let Ok(rules) = SafetyRules::load(root) else {
        return Vec::new();
    };
    let lapsed = rules.channels().filter(|c| {
        c.approval.status != "approved" || today < c.approval.on || today > c.approval.review_due
    });
    let lapsed = lapsed.map(|c| {
        format!(
            "{}: the approval of channel `{}` does not hold on {today} (its alarms still fire; \
             review it)",
            c.path, c.id
        )
    });
    lapsed.chain(rules.check_examples().iter().map(ToString::to_string)).collect()
}

fn check_corpus(root: &Path, options: &CheckOptions, json: bool) -> Result<Outcome, Error> {
    let corpus = read_corpus(root)?;
    let findings = check(&corpus, options);
    let calendar = review_calendar(&corpus, options.today);
    let malformed = corpus.issues.iter().any(|i| i.kind.severity() == Severity::Error);
    // Synonyms, rules and their replies are checked by reading what a build would read.
    let unusable = if malformed { None } else { Sources::read(root).err().map(Error::from) };
    let rules = rule_problems(root, options.today);
    if json {
        printer::json(&WireCheck {
            documents: corpus.documents.len(),
            malformed: &corpus.issues,
            findings: &findings,
            review_calendar: &calendar,
            rules: &rules,
            unusable: unusable.as_ref().map(ToString::to_string),
        })?;
    } else {
        for issue in &corpus.issues {
            printer::data(&issue.to_string())?;
        }
        for f in &findings {
            let severity = match f.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            printer::data(&format!(
                "{}:{}: {severity} [{}] {} ({})",
                f.path,
                f.line,
                f.rule.as_str(),
                f.message,
                f.cure
            ))?;
        }
        for problem in &rules {
            printer::data(problem)?;
        }
        if let Some(error) = &unusable {
            printer::data(&error.to_string())?;
        }
        let next = calendar
            .first()
            .map(|entry| format!("; next review due {} ({})", entry.review_due, entry.document));
        printer::talk(&format!(
            "{} documents, {} malformed, {} findings{}",
            corpus.documents.len(),
            corpus.issues.len(),
            findings.len(),
            next.unwrap_or_default()
        ));
    }
    let clean = !malformed
        && !findings.iter().any(|f| f.severity == Severity::Error)
        && rules.is_empty()
        && unusable.is_none();
    Ok(if clean { Outcome::Done } else { Outcome::Negative })
}

fn report_import(report: &ImportReport, to: &Path, json: bool) -> Result<Outcome, Error> {
    if json {
        printer::json(report)?;
    } else {
        for note in &report.notes {
            printer::talk(&format!("{}: {}", note.document, note.message));
        }
        for refused in &report.refused {
            let line = refused.line.map(|l| format!(":{l}")).unwrap_or_default();
            printer::talk(&format!(
                "refused {}{line}: {}",
                refused.source.display(),
                refused.reason
            ));
        }
        for quarantined in &report.quarantined {
            printer::talk(&format!("quarantined {} as {}", quarantined.document, quarantined.path));
        }
        printer::data(&format!(
            "{} drafts in {}; approve them with `guidepost corpus approve`",
            report.written.len(),
            to.display()
        ))?;
    }
    Ok(if report.written.is_empty() { Outcome::Negative } else { Outcome::Done })
}

fn approve_documents(root: &Path, args: &ApproveArgs) -> Result<Outcome, Error> {
    let on = settings::day(args.on);
    let grant = Grant {
        by: args.by.clone().unwrap_or_else(|| RESEARCH_APPROVER.to_owned()),
        role: args.role.unwrap_or(Role::Research),
        on,
        review_due: args.review_due.unwrap_or_else(|| on.saturating_add(1.year())),
    };
    let changed = match args.approve_all {
        Some(_) => approve_all(root, &Grant { role: Role::Research, ..grant })?,
        None => approve(root, &args.documents, &grant)?,
    };
    report_changes(&changed)
}

fn report_changes(changed: &[Changed]) -> Result<Outcome, Error> {
    for change in changed.iter().take(20) {
        printer::talk(&format!("{}: {}", change.path, change.document));
    }
    printer::data(&format!("{} documents changed", changed.len()))?;
    Ok(if changed.is_empty() { Outcome::Negative } else { Outcome::Done })
}
