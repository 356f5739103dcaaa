//! How is the model fitted, and how far can it be trusted on people it has never read?
//!
//! Messages of one source (one writer) resemble each other, so every number used to choose anything
//! is out of source: for each source a model is fitted on all others and reads that source. On those
//! readings the last step is fitted and the two thresholds are set. Sources may be held out in
//! groups. Layers tuned elsewhere come with one file for each group that they were not fitted on.
//! The model kept is fitted on everything. Deterministic on one machine: fixed seeds, fixed order.

use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::artifact::{
    Artifact, ArtifactError, Fitted, HeldOut, KindRoute, Manifest, Parts, Source, VERSION,
};
use super::attention::Attention;
use super::exemplar::{Exemplar, Exemplars};
use super::tuned::{KINDS, Tuned, TunedSet};
use super::wording::{Buckets, Wording};
use super::{FEATURES, Row, Signals, loudest, pooled, row, shares, views, whole, with_layers};
use crate::calibrate::logistic::{FitError as LogisticError, Logistic};
use crate::embed::{EmbedError, Embedder, Matrix, ModelBytes};

/// L2 penalty of the last step.
const LAST_PENALTY: f64 = 1.0;
/// Kinds that a message may be taken for without a rule: a person takes over all of them.
const ROUTED: [&str; 5] = ["personal", "identity", "complaint", "opt_out", "person"];
/// Greatest share of ordinary messages that may be taken for one of a kind.
const FALSE_ROUTES: f64 = 0.004;
/// Labels of ordinary messages.
const ORDINARY: [&str; 2] = ["answer", "out_of_scope_near"];

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
    /// As many groups of tuned layers are needed as sources are held out in.
    #[error("{found} files of tuned layers for {expected} groups of sources held out")]
    Folds {
        /// Groups.
        expected: usize,
        /// Files.
        found: usize,
    },
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
    /// The whole message, then each sentence.
    rows: Vec<Row>,
    /// Shares of the kinds, where they were learned.
    kinds: Vec<f64>,
    /// A rule fits the whole message.
    fits: bool,
    /// A rule that always alarms fits it.
    certain: bool,
}

impl Held<'_> {
    fn probability(&self, last: &Logistic) -> f64 {
        loudest(&self.rows, last).map_or(0.0, |loudest| loudest.probability)
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

    fn counts_as_harmless(&self, only_tempting: bool) -> bool {
        !self.example.urgent && (self.example.tempting || !only_tempting)
    }
}

/// Fits a model, on layers tuned elsewhere if some are given.
///
/// # Errors
/// [`TriageFitError`].
pub fn fit(
    sample: &Sample,
    embedder: &Arc<dyn Embedder>,
    listen: &Listen<'_>,
    targets: Targets,
    tuned: Option<&TunedSet>,
) -> Result<Fitting, TriageFitError> {
    check(sample, tuned)?;
    let bench = Bench::new(sample, embedder, tuned)?;
    let mut held = Vec::new();
    for (at, group) in sample.held_out.iter().enumerate() {
        let fold = tuned.and_then(|tuned| tuned.folds.get(at));
        let reader = bench.reader(fold, &|e| !group.contains(&e.source))?;
        let of_group: Vec<&Example> =
            sample.examples.iter().filter(|e| group.contains(&e.source)).collect();
        let read = of_group
            .par_iter()
            .map(|&example| reader.hold(example, listen))
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
    let Reader { embedder: tuned_embedder, wording, attention } =
        bench.reader(tuned.map(|tuned| &tuned.all), &|_| true)?;
    let mut exemplars = Exemplars::default();
    for exemplar in &sample.exemplars {
        let tokens = tokens(tuned_embedder.as_ref(), &exemplar.text)?;
        exemplars.push(exemplar.clone(), &pooled(&tokens));
    }
    let kinds = if tuned.is_some() { KINDS.map(str::to_owned).to_vec() } else { Vec::new() };
    let manifest = Manifest {
        version: VERSION,
        embedder: embedder.fingerprint(),
        embedder_name: embedder.name().to_owned(),
        features: FEATURES.map(str::to_owned).to_vec(),
        last,
        alarm_from,
        clear_below,
        routes: routes(&held, &kinds),
        kinds,
        fitted,
        parts: Parts::default(),
        exemplars: Vec::new(),
    };
    let readings = held.iter().map(|h| h.reading(&manifest.last)).collect();
    let tail = tuned.map_or_else(|| ModelBytes::from(&[][..]), |tuned| tuned.all.tail.clone());
    let artifact = Artifact::new(manifest, wording, attention, exemplars, tail)?;
    Ok(Fitting { artifact, readings })
}

fn check(sample: &Sample, tuned: Option<&TunedSet>) -> Result<(), TriageFitError> {
    let outcomes = |keep: &dyn Fn(&Example) -> bool, urgent: bool| {
        sample.examples.iter().any(|e| keep(e) && e.urgent == urgent)
    };
    let enough = |group: &Vec<usize>| {
        let others = |e: &Example| !group.contains(&e.source);
        outcomes(&others, true) && outcomes(&others, false)
    };
    let expected = sample.held_out.len();
    if expected < 2 || !sample.held_out.iter().all(enough) {
        return Err(TriageFitError::TooFewSources);
    }
    let found = tuned.map_or(expected, |tuned| tuned.folds.len());
    if found != expected {
        return Err(TriageFitError::Folds { expected, found });
    }
    Ok(())
}

/// The messages, read once for all fits.
struct Bench<'a> {
    sample: &'a Sample,
    embedder: &'a Arc<dyn Embedder>,
    buckets: Vec<Buckets>,
    /// Token vectors, where the attention is fitted here.
    tokens: Vec<Matrix>,
}

/// What reads a message but for the last step.
struct Reader {
    embedder: Arc<dyn Embedder>,
    wording: Wording,
    attention: Attention,
}

impl<'a> Bench<'a> {
    fn new(
        sample: &'a Sample,
        embedder: &'a Arc<dyn Embedder>,
        tuned: Option<&TunedSet>,
    ) -> Result<Bench<'a>, TriageFitError> {
        let examples = &sample.examples;
        let tokens = match tuned {
            Some(_) => Vec::new(),
            None => examples
                .par_iter()
                .map(|e| tokens(embedder.as_ref(), &e.text))
                .collect::<Result<_, TriageFitError>>()?,
        };
        let buckets = examples.par_iter().map(|e| Buckets::of(&e.text)).collect();
        Ok(Bench { sample, embedder, buckets, tokens })
    }

    /// A reader fitted on some of the messages.
    fn reader(
        &self,
        tuned: Option<&Tuned>,
        keep: &dyn Fn(&Example) -> bool,
    ) -> Result<Reader, TriageFitError> {
        let examples = &self.sample.examples;
        let places: Vec<usize> = (0..examples.len()).filter(|&i| keep(&examples[i])).collect();
        let outcomes: Vec<bool> = places.iter().map(|&i| examples[i].urgent).collect();
        let words: Vec<&Buckets> = places.iter().map(|&i| &self.buckets[i]).collect();
        let attention = if let Some(tuned) = tuned {
            tuned.attention.clone()
        } else {
            let texts: Vec<&Matrix> = places.iter().map(|&i| &self.tokens[i]).collect();
            Attention::fit(&texts, &outcomes)
        };
        Ok(Reader {
            embedder: with_layers(self.embedder, tuned.map(|tuned| &tuned.tail))?,
            wording: Wording::fit(&words, &outcomes),
            attention,
        })
    }
}

impl Reader {
    fn hold<'a>(
        &self,
        example: &'a Example,
        listen: &Listen<'_>,
    ) -> Result<Held<'a>, TriageFitError> {
        let (mut rows, mut kinds) = (Vec::new(), Vec::new());
        for span in views(&example.text).spans {
            let text = &example.text[span];
            let scores = self.attention.scores(&tokens(self.embedder.as_ref(), text)?);
            let [urgency, of_kinds @ ..] = scores.as_slice() else {
                continue;
            };
            rows.push(row(self.wording.score(text), *urgency, listen(text).0));
            if rows.len() == 1 {
                kinds = shares(of_kinds);
            }
        }
        let (signals, certain) = listen(&example.text);
        Ok(Held { example, rows, kinds, fits: signals.fits, certain })
    }
}

fn tokens(embedder: &dyn Embedder, text: &str) -> Result<Matrix, TriageFitError> {
    embedder.embed_tokens(text)?.ok_or(TriageFitError::NoTokens)
}

/// Fits the last step to whole messages, their loudest view beside them.
fn last_step(held: &[Held<'_>]) -> Result<Logistic, TriageFitError> {
    let whole = held.iter().filter_map(|h| Some((whole(&h.rows)?, h.example.urgent)));
    let (rows, outcomes): (Vec<Row>, Vec<bool>) = whole.unzip();
    let rows: Vec<&[f64]> = rows.iter().map(Row::as_slice).collect();
    Ok(Logistic::fit(&rows, &outcomes, LAST_PENALTY)?)
}

/// The least probability of each routed kind at which few ordinary messages are taken for it.
fn routes(held: &[Held<'_>], kinds: &[String]) -> Vec<KindRoute> {
    let places = kinds.iter().enumerate().filter(|(_, k)| ROUTED.contains(&k.as_str()));
    places
        .map(|(at, kind)| {
            let taken = |h: &Held<'_>| {
                let most = h.kinds.iter().copied().fold(f64::MIN, f64::max);
                h.kinds.get(at).copied().filter(|&share| share >= most)
            };
            let of = |keep: &dyn Fn(&str) -> bool| {
                let kept: Vec<&Held<'_>> = held.iter().filter(|h| keep(&h.example.kind)).collect();
                let mut shares: Vec<f64> = kept.iter().filter_map(|h| taken(h)).collect();
                shares.sort_by(|a, b| b.total_cmp(a));
                (kept.len(), shares)
            };
            let (ordinary, wrong) = of(&|k| ORDINARY.contains(&k));
            let (messages, right) = of(&|k| k == kind);
            let most = share_of(FALSE_ROUTES, ordinary);
            let from = wrong.get(most).map_or(0.5, |p| p.next_up().clamp(0.5, 1.0));
            let count = |shares: &[f64]| shares.iter().filter(|&&p| p >= from).count();
            KindRoute {
                kind: kind.clone(),
                from,
                messages,
                found: count(&right),
                ordinary,
                falsely: count(&wrong),
            }
        })
        .collect()
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
