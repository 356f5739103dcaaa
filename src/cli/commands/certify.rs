//! `calibrate --certify` and `certificate`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::calibrate::Artifact;
use crate::calibrate::certificate::{
    Attempt, Certificate, Content, Issued, Method, Nothing, Recertification, Review, Slice, Terms,
};
use crate::cli::args::Global;
use crate::cli::certify_args::{CertificateCommand, CertifyArgs};
use crate::cli::{Outcome, printer, settings};
use crate::durable;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::certifying::{Wanted, issue, labels, recertify};
use crate::eval::topic::read_topic_set;
use crate::index::store::Suspension;
use jiff::Timestamp;
use jiff::civil::Date;

/// What `certificate show --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Shown<'a> {
    /// The certificate.
    content: &'a Content,
    /// The same test on the documents that may be quoted today.
    review: Review,
    /// Why it covers nothing now, where it is suspended.
    suspended: Option<String>,
    /// Whether answers it covers may leave without a person, or why not.
    automatic_sending: String,
}

/// Certifies a threshold of a calibrator, or tests a certificate again.
pub(super) fn certify(
    global: &Global,
    args: &CertifyArgs,
    artifact: Option<Artifact>,
    fit_topics: &[PathBuf],
    today: Date,
) -> Result<Outcome, EvalError> {
    let (Some(topics), Some(out)) = (&args.certify, &args.certificate) else {
        return Ok(Outcome::Done);
    };
    let calibrate = read_topic_set(topics)?.topics;
    let engine = settings::engine_fitted(global, artifact)?;
    if let Some(path) = &args.recertify {
        let certificate = read_for_another(path)?;
        let revision = args.revision.unwrap_or(certificate.content().terms.revision + 1);
        return match recertify(&engine, &certificate, revision, &calibrate, today)? {
            Recertification::Certificate(certificate) => write(&certificate, out),
            Recertification::Suspended(review) => {
                printer::talk(&review_line(&review));
                printer::talk("nothing was written; the certificate does not hold after the edit");
                Ok(Outcome::Negative)
            }
        };
    }
    let (mut fit, mut fit_bytes) = (Vec::new(), Vec::new());
    for path in fit_topics {
        fit.extend(read_topic_set(path)?.topics);
        fit_bytes.extend(fs_err::read(path)?);
    }
    let wanted = Wanted {
        fit: &fit,
        calibrate: &calibrate,
        labels: labels(&fit_bytes, &fs_err::read(topics)?),
        population: args.population.clone(),
        terms: Terms {
            alpha: args.alpha,
            delta: args.delta,
            method: args.prevalence.unwrap_or(Method::SampleMix),
            revision: 0,
        },
        starts: args.starts,
        today,
    };
    match issue(&engine, wanted)? {
        Issued::Certificate(certificate) => write(&certificate, out),
        Issued::Nothing(nothing) => {
            printer::talk(&nothing_line(&nothing, args.alpha));
            Ok(Outcome::Negative)
        }
    }
}

/// A certificate of another state of the corpus: everything but what it is bound to is checked.
fn read_for_another(path: &Path) -> Result<Certificate, EvalError> {
    let text = fs_err::read_to_string(path)?;
    let in_file = |error| EvalError::Engine(Error::in_file(path, Error::Certificate(error)));
    Certificate::reopen(&text).map_err(in_file)
}

fn write(certificate: &Certificate, out: &Path) -> Result<Outcome, EvalError> {
    if let Some(folder) = out.parent() {
        fs_err::create_dir_all(folder)?;
    }
    durable::write(out, certificate.text().as_bytes())?;
    printer::talk(&lines(certificate.content()).join("\n"));
    Ok(Outcome::Done)
}

fn nothing_line(nothing: &Nothing, alpha: f64) -> String {
    format!(
        "no threshold holds a risk of {alpha}: at best {} of {} answers are wrong. The smallest \
         risk that would have been certified is {:.3}",
        nothing.at.errors, nothing.at.n, nothing.smallest_alpha
    )
}

fn review_line(review: &Review) -> String {
    format!(
        "{}: {} of {} answers wrong, p {:.4} against {:.4}; {} families less than when it was \
         issued, {} errors among them",
        if review.in_force { "in force" } else { "suspended" },
        review.errors,
        review.n,
        review.p,
        review.level,
        review.removed,
        review.errors_removed
    )
}

/// What a certificate says, in words.
fn lines(content: &Content) -> Vec<String> {
    let claim = &content.claim;
    let families = content.mix.total();
    let mut lines = vec![
        format!("certificate {}", content.fingerprint),
        format!(
            "on messages of the kind {}: at most {} of the answers with confidence {:.4} or more \
             are wrong or should not have been given, with probability {} over the draw of the \
             families",
            content.population,
            content.terms.alpha,
            claim.threshold,
            1.0 - content.delta_spent
        ),
        format!(
            "{} families ({} answerable); {} answered, {} of them wrongly; p {:.4} against {:.4}; \
             coverage {:.3}, at least {:.3}",
            families,
            content.mix.answerable,
            claim.n,
            claim.errors,
            claim.p,
            claim.level,
            claim.coverage,
            claim.coverage_limit
        ),
        format!(
            "{} thresholds tested: {}",
            claim.attempts.len(),
            claim.attempts.iter().map(attempt).collect::<Vec<_>>().join(", ")
        ),
    ];
    let urgent = &content.urgent;
    lines.push(format!(
        "urgent messages are not certified: {} of {} recognised (at least {:.3}), {} of {} others \
         taken for urgent (at most {:.3})",
        urgent.counts.recognised,
        urgent.counts.urgent,
        urgent.recall_limit,
        urgent.counts.false_alarms,
        urgent.counts.others,
        urgent.false_alarm_limit
    ));
    lines
}

fn attempt(attempt: &Attempt) -> String {
    format!("{:.4} ({} of {})", attempt.threshold, attempt.errors, attempt.n)
}

/// Runs a `certificate` command.
pub(super) fn run(global: &Global, command: &CertificateCommand) -> Result<Outcome, EvalError> {
    match command {
        CertificateCommand::Show { file, now, json } => {
            show(global, file.as_deref(), settings::day(*now), *json)
        }
        CertificateCommand::Suspend { reason } => suspend(global, reason, false),
        CertificateCommand::Lift { reason } => suspend(global, reason, true),
        CertificateCommand::Watch(args) => super::watch::watch(global, args),
    }
}

fn show(
    global: &Global,
    file: Option<&Path>,
    today: Date,
    json: bool,
) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    let certificate = match file {
        Some(path) => Some(read_for_another(path)?),
        None => engine.certificate(),
    };
    let Some(certificate) = certificate else {
        printer::talk("no certificate is in use; make one with `guidepost calibrate --certify`");
        return Ok(Outcome::Negative);
    };
    let review = engine.review(&certificate, today)?;
    let sending = match certificate.automatic_sending() {
        Ok(()) => "allowed for what it covers".to_owned(),
        Err(why) => why.to_string(),
    };
    let suspended = match file {
        Some(_) => None,
        None => engine.certificate_suspended()?,
    };
    let holds = review.in_force && suspended.is_none();
    let outcome = if holds { Outcome::Done } else { Outcome::Negative };
    if json {
        let content = certificate.content();
        printer::json(&Shown { content, review, suspended, automatic_sending: sending })?;
        return Ok(outcome);
    }
    let mut shown = lines(certificate.content());
    shown.push(format!("today {}", review_line(&review)));
    if let Some(why) = &suspended {
        shown.push(format!("suspended: {why}"));
    }
    shown.push(format!("automatic sending: {sending}"));
    for slice in &certificate.content().slices {
        shown.push(slice_line(slice));
    }
    printer::data(&shown.join("\n"))?;
    Ok(outcome)
}

fn slice_line(slice: &Slice) -> String {
    let holds = if slice.certified { "holds by itself" } else { "does not hold by itself" };
    format!(
        "  {:24} {:4} families, {:4} answered, {:3} wrongly, risk at most {:.3}; {holds}",
        slice.name, slice.families, slice.n, slice.errors, slice.risk_limit
    )
}

/// Appends a line to the audit trail of the certificate in use.
fn suspend(global: &Global, reason: &str, lifted: bool) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    let Some(certificate) = engine.certificate() else {
        printer::talk("no certificate is in use");
        return Ok(Outcome::Negative);
    };
    record(global, &certificate, reason, lifted)?;
    Ok(Outcome::Done)
}

/// Records a suspension, or that one is lifted.
pub(super) fn record(
    global: &Global,
    certificate: &Certificate,
    reason: &str,
    lifted: bool,
) -> Result<(), EvalError> {
    let store = settings::store(global);
    let suspension = Suspension {
        certificate: certificate.id(),
        reason: reason.to_owned(),
        lifted,
        at: Timestamp::now(),
    };
    store.lock().and_then(|mut writer| writer.suspend(&suspension)).map_err(Error::from)?;
    Ok(())
}
