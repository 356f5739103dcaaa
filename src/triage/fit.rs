//! How is the model fitted, and how far can it be trusted on people it has never read?
//!
//! Messages of one source (one writer) resemble each other, so every number used to choose anything
//! is out of source: for each source a model is fitted on all others and reads that source. On those
//! readings the last step is fitted and the two thresholds are set. The model kept is fitted on
//! everything. Deterministic on one machine: fixed seeds, fixed order.

use rayon::prelude::*;
use serde::Serialize;

use super::artifact::{Artifact, ArtifactError, Fitted, HeldOut, Manifest, Parts, Source, VERSION};
use super::attention::Attention;
use super::exemplar::{Exemplar, Exemplars};
use super::wording::{Buckets, Wording};
use super::{FEATURES, Signals, pooled, row, views};
use crate::calibrate::logistic::{FitError as LogisticError, Logistic};
use crate::embed::{EmbedError, Embedder, Matrix};

/// L2 penalty of the last step.
const LAST_PENALTY: f64 = 1.0;
/// Rounds in which the last step is fitted to the views it found loudest.
const ROUNDS: usize = 3;

/// A labelled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The message.
    pub text: String,
    /// Whether it tells of something urgent.
    pub urgent: bool,
    /// Whether it is harmless and yet tempts to think otherwise.
    pub tempting: bool,
    /// What it is, by its label: `urgent`, `crisis`, `personal`, …; `answer` for an ordinary one.
    pub kind: String,
    /// Place of its source among the sources.
    pub source: usize,
}

/// Everything a model is fitted on.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Where messages come from; those held out in turn are named in [`Sample::held_out`].
    pub sources: Vec<Source>,
    /// Places of the sources that are held out, in groups that are held out together, one group
    /// after the other; other sources are always fitted on.
    pub held_out: Vec<Vec<usize>>,
    /// The messages.
    pub examples: Vec<Example>,
    /// Approved examples, which name the channel of an alarm.
    pub exemplars: Vec<Exemplar>,
}

/// A message as programs that tune an encoder read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleRow<'a> {
    /// The message.
    pub text: &'a str,
    /// Whether it tells of something urgent.
    pub urgent: bool,
    /// Whether it is harmless and tempts.
    pub tempting: bool,
    /// What it is, by its label.
    pub kind: &'a str,
    /// Name of its source.
    pub source: &'a str,
    /// The group it is held out with; none: always fitted on.
    pub fold: Option<usize>,
}

impl Sample {
    /// The messages, each with its group.
    pub fn rows(&self) -> impl Iterator<Item = SampleRow<'_>> {
        self.examples.iter().map(|e| SampleRow {
            text: &e.text,
            urgent: e.urgent,
            tempting: e.tempting,
            kind: &e.kind,
            source: self.sources.get(e.source).map_or("", |s| s.name.as_str()),
            fold: self.held_out.iter().position(|group| group.contains(&e.source)),
        })
    }
}

/// A fitted model, and what was read of each source by a model that had not seen it.
#[derive(Debug)]
pub struct Fitting {
    /// The model.
    pub artifact: Artifact,
    /// The readings that chose the last step and the thresholds.
    pub readings: Vec<HeldReading>,
}

/// A message read by a model that had not seen its source.
#[expect(clippy::struct_excessive_bools, reason = "labels and findings, each its own column")]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldReading {
    /// The message.
    pub text: String,
    /// Place of its source.
    pub source: usize,
    /// Whether it is labelled urgent.
    pub urgent: bool,
    /// Whether it is harmless and tempts.
    pub tempting: bool,
    /// Whether a rule fits it.
    pub fits: bool,
    /// Whether a rule that is never overruled fits it.
    pub certain: bool,
    /// P(urgent).
    pub probability: f64,
    /// Features of the whole message and of its sentences.
    pub rows: Vec<[f64; FEATURES.len()]>,
}

/// What the thresholds are set for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Targets {
    /// Share of false alarms among harmless messages.
    pub false_alarms: f64,
    /// Greatest share of rightly fitting symptom rules that may be overruled.
    pub cleared: f64,
}

/// What rules say of a text, and whether one of a channel fits that always alarms.
pub type Listen<'a> = dyn Fn(&str) -> (Signals, bool) + Sync + 'a;

/// Why no model can be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TriageFitError {
    /// The embedder failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The embedder shows no tokens.
    #[error("the embedding model shows no token vectors; an urgency model needs them")]
    NoTokens,
    /// Fewer than two sources to hold out, or one of the outcomes is missing.
    #[error("urgent and harmless messages from at least two sources are needed")]
    TooFewSources,
    /// The last step cannot be fitted.
    #[error(transparent)]
    Last(#[from] LogisticError),
    /// The model cannot be stored.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// One held-out message, read by a model that had not seen its source.
struct Held<'a> {
    example: &'a Example,
    rows: Vec<[f64; FEATURES.len()]>,
    /// A rule fits the whole message.
    fits: bool,
    /// A rule that always alarms fits it.
    certain: bool,
}

impl Held<'_> {
    fn probability(&self, last: &Logistic) -> f64 {
        self.rows.iter().map(|row| last.predict(row)).fold(0.0, f64::max)
    }

    fn reading(&self, last: &Logistic) -> HeldReading {
        HeldReading {
            text: self.example.text.clone(),
            source: self.example.source,
            urgent: self.example.urgent,
            tempting: self.example.tempting,
            fits: self.fits,
            certain: self.certain,
            probability: self.probability(last),
            rows: self.rows.clone(),
        }
    }

    fn loudest(&self, last: &Logistic) -> Option<&[f64; FEATURES.len()]> {
        self.rows.iter().max_by(|a, b| last.predict(*a).total_cmp(&last.predict(*b)))
    }

    fn counts_as_harmless(&self, only_tempting: bool) -> bool {
        !self.example.urgent && (self.example.tempting || !only_tempting)
    }
}

/// Fits a model.
///
/// # Errors
/// [`TriageFitError`].
pub fn fit(
    sample: &Sample,
    embedder: &dyn Embedder,
    listen: &Listen<'_>,
    targets: Targets,
) -> Result<Fitting, TriageFitError> {
    let outcomes = |keep: &dyn Fn(&Example) -> bool, urgent: bool| {
        sample.examples.iter().any(|e| keep(e) && e.urgent == urgent)
    };
    let enough = |group: &Vec<usize>| {
        let others = |e: &Example| !group.contains(&e.source);
        outcomes(&others, true) && outcomes(&others, false)
    };
    if sample.held_out.len() < 2 || !sample.held_out.iter().all(enough) {
        return Err(TriageFitError::TooFewSources);
    }
    let tokens: Vec<Matrix> = sample
        .examples
        .par_iter()
        .map(|e| tokens(embedder, &e.text))
        .collect::<Result<_, TriageFitError>>()?;
    let buckets: Vec<Buckets> = sample.examples.par_iter().map(|e| Buckets::of(&e.text)).collect();
    let train = |keep: &dyn Fn(&Example) -> bool| {
        let places: Vec<usize> =
            (0..sample.examples.len()).filter(|&i| keep(&sample.examples[i])).collect();
        let outcomes: Vec<bool> = places.iter().map(|&i| sample.examples[i].urgent).collect();
        let words: Vec<&Buckets> = places.iter().map(|&i| &buckets[i]).collect();
        let texts: Vec<&Matrix> = places.iter().map(|&i| &tokens[i]).collect();
        (Wording::fit(&words, &outcomes), Attention::fit(&texts, &outcomes))
    };
    let mut held = Vec::new();
    for group in &sample.held_out {
        let (wording, attention) = train(&|e| !group.contains(&e.source));
        let of_group: Vec<&Example> =
            sample.examples.iter().filter(|e| group.contains(&e.source)).collect();
        let read = of_group
            .par_iter()
            .map(|&example| hold(example, embedder, listen, &wording, &attention))
            .collect::<Result<Vec<_>, TriageFitError>>()?;
        held.extend(read);
    }
    let last = last_step(&held)?;
    let (alarm_from, clear_below) = thresholds(&held, &last, targets);
    let fitted = Fitted {
        sources: sample.sources.clone(),
        target_false_alarms: targets.false_alarms,
        target_cleared: targets.cleared,
        held_out: report(sample, &held, &last, alarm_from, clear_below),
    };
    let (wording, attention) = train(&|_| true);
    let mut exemplars = Exemplars::default();
    for exemplar in &sample.exemplars {
        exemplars.push(exemplar.clone(), &pooled(&self::tokens(embedder, &exemplar.text)?));
    }
    let manifest = Manifest {
        version: VERSION,
        embedder: embedder.fingerprint(),
        embedder_name: embedder.name().to_owned(),
        features: FEATURES.map(str::to_owned).to_vec(),
        last,
        alarm_from,
        clear_below,
        fitted,
        parts: Parts {
            dimension: 0,
            buckets: 0,
            wording_step: 0.0,
            wording_intercept: 0.0,
            detectors: 0,
            attention_intercept: 0.0,
        },
        exemplars: Vec::new(),
    };
    let readings = held.iter().map(|h| h.reading(&manifest.last)).collect();
    Ok(Fitting { artifact: Artifact::new(manifest, wording, attention, exemplars)?, readings })
}

fn tokens(embedder: &dyn Embedder, text: &str) -> Result<Matrix, TriageFitError> {
    embedder.embed_tokens(text)?.ok_or(TriageFitError::NoTokens)
}

fn hold<'a>(
    example: &'a Example,
    embedder: &dyn Embedder,
    listen: &Listen<'_>,
    wording: &Wording,
    attention: &Attention,
) -> Result<Held<'a>, TriageFitError> {
    let mut rows = Vec::new();
    for span in views(&example.text).spans {
        let text = &example.text[span];
        let attention = attention.score(&tokens(embedder, text)?);
        rows.push(row(wording.score(text), attention, listen(text).0));
    }
    let (signals, certain) = listen(&example.text);
    Ok(Held { example, rows, fits: signals.fits, certain })
}

/// Fits the last step to whole messages, then to the views it found loudest.
fn last_step(held: &[Held<'_>]) -> Result<Logistic, TriageFitError> {
    let outcomes: Vec<bool> =
        held.iter().filter(|h| !h.rows.is_empty()).map(|h| h.example.urgent).collect();
    let whole: Vec<&[f64]> =
        held.iter().filter_map(|h| h.rows.first()).map(<[f64; FEATURES.len()]>::as_slice).collect();
    let mut last = Logistic::fit(&whole, &outcomes, LAST_PENALTY)?;
    for _ in 1..ROUNDS {
        let loudest: Vec<&[f64]> = held
            .iter()
            .filter_map(|h| h.loudest(&last))
            .map(<[f64; FEATURES.len()]>::as_slice)
            .collect();
        last = Logistic::fit(&loudest, &outcomes, LAST_PENALTY)?;
    }
    Ok(last)
}

/// The least probability that alarms, and the probability below which a symptom rule is overruled:
/// the pair that finds most urgent messages within both targets.
fn thresholds(held: &[Held<'_>], last: &Logistic, targets: Targets) -> (f64, f64) {
    let read: Vec<(&Held<'_>, f64)> = held.iter().map(|h| (h, h.probability(last))).collect();
    let only_tempting = held.iter().any(|h| h.example.tempting);
    let mut right: Vec<f64> = read
        .iter()
        .filter(|(h, _)| h.example.urgent && h.fits && !h.certain)
        .map(|(_, p)| *p)
        .collect();
    right.sort_by(f64::total_cmp);
    let most = share_of(targets.cleared, right.len());
    let mut best = (0, 0.5, 0.0);
    for may_clear in 0..=most {
        let clear_below = right.get(may_clear).copied().unwrap_or(0.0);
        let by_rule = |h: &Held<'_>, p: f64| h.certain || h.fits && p >= clear_below;
        let harmless = read.iter().filter(|(h, _)| h.counts_as_harmless(only_tempting));
        let (loud, quiet): (Vec<_>, Vec<_>) = harmless.partition(|(h, p)| by_rule(h, *p));
        let allowed = share_of(targets.false_alarms, loud.len() + quiet.len());
        let Some(left) = allowed.checked_sub(loud.len()) else {
            continue;
        };
        let mut quiet: Vec<f64> = quiet.into_iter().map(|(_, p)| p).collect();
        quiet.sort_by(|a, b| b.total_cmp(a));
        // Just above the harmless message that would be one too many.
        let alarm_from = quiet.get(left).map_or(0.5, |p| p.next_up().min(1.0)).max(clear_below);
        let found = read
            .iter()
            .filter(|(h, p)| h.example.urgent && (by_rule(h, *p) || *p >= alarm_from))
            .count();
        if found > best.0 {
            best = (found, alarm_from, clear_below);
        }
    }
    (best.1, best.2)
}

/// How many of `n` a share allows.
#[expect(clippy::cast_sign_loss, reason = "a product of numbers that are not negative")]
fn share_of(share: f64, n: usize) -> usize {
    (share.max(0.0) * n as f64).floor() as usize
}

fn report(
    sample: &Sample,
    held: &[Held<'_>],
    last: &Logistic,
    alarm_from: f64,
    clear_below: f64,
) -> Vec<HeldOut> {
    let of_source = |&source: &usize| {
        let mine: Vec<&Held<'_>> = held.iter().filter(|h| h.example.source == source).collect();
        let only_tempting = mine.iter().any(|h| h.example.tempting);
        let alarms = |h: &Held<'_>| {
            let probability = h.probability(last);
            h.certain || probability >= alarm_from || h.fits && probability >= clear_below
        };
        let count = |keep: &dyn Fn(&Held<'_>) -> bool| mine.iter().filter(|h| keep(h)).count();
        let harmless = |h: &Held<'_>| h.counts_as_harmless(only_tempting);
        let cleared = |h: &Held<'_>| h.fits && !alarms(h);
        HeldOut {
            source: sample.sources.get(source).map(|s| s.name.clone()).unwrap_or_default(),
            urgent: count(&|h| h.example.urgent),
            found: count(&|h| h.example.urgent && alarms(h)),
            found_by_rules: count(&|h| h.example.urgent && h.fits),
            harmless: count(&harmless),
            false_alarms: count(&|h| harmless(h) && alarms(h)),
            false_alarms_of_rules: count(&|h| harmless(h) && h.fits),
            wrongly_cleared: count(&|h| h.example.urgent && cleared(h)),
            rightly_cleared: count(&|h| harmless(h) && cleared(h)),
        }
    };
    sample.held_out.iter().flatten().map(of_source).collect()
}
