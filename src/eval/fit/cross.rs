//! How are the parts of a calibrator kept from knowing the answers they are judged by?
//!
//! A calibrator has parts that feed each other: the choice of a document and the subject make
//! evidence, evidence makes a probability. Probabilities fitted on evidence from parts that saw
//! the same labels would be too sure. So evidence that a probability is fitted on always comes
//! from parts fitted on other families ([`cross_sight`]), and what a probability is measured on
//! comes from a whole calibrator fitted on other families ([`out_of_fold`]): stacking (Wolpert
//! 1992) within nested cross-validation (Varma and Simon 2006).

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Example, FOLDS};
use crate::calibrate::artifact::{Subjects, see};
use crate::calibrate::logistic::{FitError, Logistic};
use crate::calibrate::{Choice, Evidence, Subject};
use crate::ids::Fingerprint;

/// Folds within a fitting sample.
const INNER_FOLDS: usize = 5;
/// Penalties of the choice that are tried.
const CHOICE_PENALTIES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
/// Penalties of the subject that are tried, beside doing without it. Of .3 to 30 on the FeedbackQA
/// training questions .3 and 1 were best.
const SUBJECT_PENALTIES: [f64; 1] = [1.0];

/// How the parts are fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Penalty of the choice.
    pub choice: f64,
    /// Penalty of the subject, where there is one.
    pub subject: Option<f64>,
}

/// The parts that make evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Which document answers.
    pub choice: Choice,
    /// What the message's direction tells.
    pub subjects: Option<Subjects>,
}

/// An example as some parts see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The evidence.
    pub evidence: Evidence,
    /// Whether the document chosen acceptably answers.
    pub correct: bool,
    /// Whether any guidance of the corpus answers.
    pub in_scope: bool,
}

/// Examples as parts see them that were fitted on other families.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// How the parts were fitted.
    pub plan: Plan,
    /// Fold of each example.
    pub folds: Vec<usize>,
    /// Each example, seen by parts fitted on the other folds.
    pub held_out: Vec<Sighting>,
    /// By fold: the examples outside it, as [`cross_sight`] sees them.
    pub fitted_on: Vec<Vec<Sighting>>,
}

impl Folded {
    /// Out-of-fold predictions of a model that is fitted on the sightings outside each fold.
    ///
    /// # Errors
    /// What the fit says.
    pub fn predict<M>(
        &self,
        fit: impl Fn(&[Sighting]) -> Result<M, FitError> + Sync,
        predict: impl Fn(&M, &[f64]) -> f64,
    ) -> Result<Vec<f64>, FitError>
    where
        M: Send,
    {
        let models: Vec<M> =
            self.fitted_on.par_iter().map(|seen| fit(seen)).collect::<Result<_, _>>()?;
        let each = self.held_out.iter().zip(&self.folds);
        Ok(each.map(|(s, &fold)| predict(&models[fold], s.evidence.values())).collect())
    }

    /// Out-of-fold probabilities of a logistic model with one penalty.
    ///
    /// # Errors
    /// What the fit says.
    pub fn logistic(
        &self,
        penalty: f64,
        outcome: fn(&Sighting) -> bool,
    ) -> Result<Vec<f64>, FitError> {
        self.predict(|seen| fit_logistic(seen, penalty, outcome), Logistic::predict)
    }

    /// The penalty of least out-of-fold log loss, with its out-of-fold probabilities.
    ///
    /// # Errors
    /// What the fit says.
    pub fn best(
        &self,
        penalties: &[f64],
        outcome: fn(&Sighting) -> bool,
    ) -> Result<(f64, Vec<f64>), FitError> {
        self.least(penalties, outcome, |penalty| self.logistic(penalty, outcome))
    }

    /// The penalty of P(right | in scope) with which its product with P(in scope), given, has the
    /// least out-of-fold log loss, with that product; `None` where all that is in scope is answered
    /// alike, so that there is nothing to tell.
    ///
    /// # Errors
    /// What the fit says.
    pub fn best_product(
        &self,
        penalties: &[f64],
        in_scope: &[f64],
    ) -> Result<Option<(f64, Vec<f64>)>, FitError> {
        let correct = |s: &Sighting| s.correct;
        let best = self.least(penalties, correct, |penalty| {
            let fit = |seen: &[Sighting]| fit_within_scope(seen, penalty);
            let right = self.predict(fit, Logistic::predict)?;
            Ok(right.iter().zip(in_scope).map(|(r, s)| r * s).collect())
        });
        match best {
            Err(FitError::OneOutcome { .. }) => Ok(None),
            best => best.map(Some),
        }
    }

    fn least(
        &self,
        penalties: &[f64],
        outcome: fn(&Sighting) -> bool,
        predict: impl Fn(f64) -> Result<Vec<f64>, FitError>,
    ) -> Result<(f64, Vec<f64>), FitError> {
        let outcomes: Vec<bool> = self.held_out.iter().map(outcome).collect();
        let mut best: Option<(f64, f64, Vec<f64>)> = None;
        for &penalty in penalties {
            let predicted = predict(penalty)?;
            let loss = log_loss(&outcomes, &predicted);
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, penalty, predicted));
            }
        }
        let (_, penalty, predicted) =
            best.ok_or(FitError::OneOutcome { n: outcomes.len(), outcome: false })?;
        Ok((penalty, predicted))
    }
}

/// A logistic model of one outcome.
///
/// # Errors
/// What the fit says.
pub fn fit_logistic(
    seen: &[Sighting],
    penalty: f64,
    outcome: fn(&Sighting) -> bool,
) -> Result<Logistic, FitError> {
    let features: Vec<&[f64]> = seen.iter().map(|s| s.evidence.values()).collect();
    let outcomes: Vec<bool> = seen.iter().map(outcome).collect();
    Logistic::fit(&features, &outcomes, penalty)
}

/// P(right | in scope): a logistic model of the messages that something answers.
///
/// # Errors
/// What the fit says.
pub fn fit_within_scope(seen: &[Sighting], penalty: f64) -> Result<Logistic, FitError> {
    let inside = || seen.iter().filter(|s| s.in_scope);
    let features: Vec<&[f64]> = inside().map(|s| s.evidence.values()).collect();
    let outcomes: Vec<bool> = inside().map(|s| s.correct).collect();
    Logistic::fit(&features, &outcomes, penalty)
}

/// Mean of -ln P(what happened).
pub fn log_loss(outcomes: &[bool], predicted: &[f64]) -> f64 {
    let losses = outcomes.iter().zip(predicted).map(|(outcome, p)| {
        let p = if *outcome { *p } else { 1.0 - p };
        -p.max(1e-15).ln()
    });
    losses.sum::<f64>() / outcomes.len().max(1) as f64
}

/// Fits the parts on examples.
///
/// # Errors
/// [`FitError`] when the normal equations have no solution.
pub fn learn(examples: &[&Example], plan: Plan) -> Result<Parts, FitError> {
    let choice = Choice::fit(&pools(examples), plan.choice)?;
    let directions: Vec<&[i8]> = examples.iter().map(|e| e.pool.direction()).collect();
    let subjects = match plan.subject {
        Some(penalty) if directions.iter().any(|d| !d.is_empty()) => {
            let in_scope: Vec<bool> = examples.iter().map(|e| e.in_scope).collect();
            let right = |e: &&Example| e.acceptable.contains(&choice.scores(&e.pool).winner());
            let right: Vec<bool> = examples.iter().map(right).collect();
            Some(Subjects {
                in_scope: Subject::fit(&directions, &in_scope, penalty)?,
                right: Subject::fit(&directions, &right, penalty)?,
            })
        }
        _ => None,
    };
    Ok(Parts { choice, subjects })
}

/// An example as some parts see it.
pub fn sight(example: &Example, parts: &Parts) -> Option<Sighting> {
    let (winner, evidence) = see(&example.pool, Some(&parts.choice), parts.subjects.as_ref())?;
    let correct = example.acceptable.contains(&winner);
    Some(Sighting { evidence, correct, in_scope: example.in_scope })
}

/// Examples as parts see them that were fitted on the other families among them.
///
/// # Errors
/// [`FitError`] when the normal equations have no solution.
pub fn cross_sight(examples: &[&Example], plan: Plan) -> Result<Vec<Sighting>, FitError> {
    let folds = deal(examples, INNER_FOLDS, "inner");
    let mut seen: Vec<Option<Sighting>> = vec![None; examples.len()];
    for fold in 0..INNER_FOLDS {
        let others: Vec<&Example> =
            examples.iter().zip(&folds).filter(|(_, f)| **f != fold).map(|(e, _)| *e).collect();
        if others.is_empty() || !folds.contains(&fold) {
            continue;
        }
        let parts = learn(&others, plan)?;
        for (i, example) in examples.iter().enumerate().filter(|(i, _)| folds[*i] == fold) {
            seen[i] = sight(example, &parts);
        }
    }
    // A sample of one family has no others; its parts are those of nothing.
    let nothing = Parts { choice: Choice::prior(), subjects: None };
    let seen = seen.into_iter().zip(examples);
    Ok(seen.filter_map(|(s, example)| s.or_else(|| sight(example, &nothing))).collect())
}

/// Sees every example by parts fitted on other families, by the plan of least out-of-fold log
/// loss.
///
/// # Errors
/// [`FitError`] when the examples cannot determine a model.
pub fn out_of_fold(examples: &[Example]) -> Result<Folded, FitError> {
    let choice = best_choice(examples)?;
    let mut best: Option<(f64, Folded)> = None;
    // What a direction tells of one corpus it does not tell of another.
    let one_corpus = examples.windows(2).all(|pair| pair[0].corpus == pair[1].corpus);
    let subjects = SUBJECT_PENALTIES.iter().filter(|_| one_corpus).map(|&penalty| Some(penalty));
    for subject in [None].into_iter().chain(subjects) {
        let folded = fold(examples, Plan { choice, subject })?;
        let right: Vec<bool> = folded.held_out.iter().map(|s| s.correct).collect();
        let (_, predicted) = folded.best(&super::PENALTIES, |s| s.correct)?;
        let loss = log_loss(&right, &predicted);
        if best.as_ref().is_none_or(|(least, _)| loss < *least) {
            best = Some((loss, folded));
        }
    }
    let none = FitError::OneOutcome { n: examples.len(), outcome: false };
    best.map(|(_, folded)| folded).ok_or(none)
}

/// The penalty of the choice with the least out-of-fold loss.
fn best_choice(examples: &[Example]) -> Result<f64, FitError> {
    let all: Vec<&Example> = examples.iter().collect();
    let folds = deal(&all, FOLDS, "");
    let mut best = (f64::INFINITY, CHOICE_PENALTIES[CHOICE_PENALTIES.len() - 1]);
    for penalty in CHOICE_PENALTIES {
        let losses: Vec<f64> = (0..FOLDS)
            .into_par_iter()
            .map(|fold| {
                let (held_out, others) = part(&all, &folds, fold);
                let choice = Choice::fit(&pools(&others), penalty)?;
                Ok(choice.loss(&pools(&held_out)) * answered(&held_out))
            })
            .collect::<Result<_, FitError>>()?;
        let loss = losses.iter().sum::<f64>();
        if loss < best.0 {
            best = (loss, penalty);
        }
    }
    Ok(best.1)
}

fn answered(examples: &[&Example]) -> f64 {
    examples.iter().filter(|e| !e.acceptable.is_empty()).count() as f64
}

fn pools<'a>(examples: &[&'a Example]) -> Vec<(&'a crate::calibrate::Pool, &'a [usize])> {
    examples.iter().map(|e| (&e.pool, e.acceptable.as_slice())).collect()
}

fn part<'a>(
    examples: &[&'a Example],
    folds: &[usize],
    fold: usize,
) -> (Vec<&'a Example>, Vec<&'a Example>) {
    let (held_out, others): (Vec<_>, Vec<_>) =
        examples.iter().zip(folds).partition(|(_, f)| **f == fold);
    let only = |list: Vec<(&&'a Example, &usize)>| list.into_iter().map(|(e, _)| *e).collect();
    (only(held_out), only(others))
}

fn fold(examples: &[Example], plan: Plan) -> Result<Folded, FitError> {
    let all: Vec<&Example> = examples.iter().collect();
    let folds = deal(&all, FOLDS, "");
    let done: Vec<(Vec<Sighting>, Vec<Sighting>)> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let (held_out, others) = part(&all, &folds, fold);
            let parts = learn(&others, plan)?;
            let seen = held_out.iter().filter_map(|e| sight(e, &parts)).collect();
            Ok((seen, cross_sight(&others, plan)?))
        })
        .collect::<Result<_, FitError>>()?;
    let (mut held_out, mut fitted_on) = (Vec::new(), Vec::new());
    for (seen, others) in done {
        held_out.push(seen.into_iter());
        fitted_on.push(others);
    }
    // Every pool has a winner, so each fold gives back as many as it was dealt.
    let held_out = folds.iter().filter_map(|&fold| held_out[fold].next()).collect();
    Ok(Folded { plan, folds, held_out, fitted_on })
}

/// Fold of each example: families in order of the hash of their name, dealt in turn. Families of
/// one name in several corpora lie in one fold.
fn deal(examples: &[&Example], folds: usize, salt: &str) -> Vec<usize> {
    let key = |e: &Example| {
        let parts = [salt.as_bytes(), e.family.as_bytes()];
        let hash =
            if salt.is_empty() { Fingerprint::of(parts[1]) } else { Fingerprint::of_parts(parts) };
        (hash, e.family.clone())
    };
    let mut families: BTreeMap<(Fingerprint, String), usize> =
        examples.iter().map(|e| (key(e), 0)).collect();
    for (number, fold) in families.values_mut().enumerate() {
        *fold = number % folds;
    }
    examples.iter().map(|e| families.get(&key(e)).copied().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::evidence::CONTENDER_WIDTH;
    use crate::calibrate::evidence::testing::pool_towards;

    /// Forty families, of which every third is out of scope.
    fn sample() -> Vec<Example> {
        let example = |i: usize| {
            let in_scope = !i.is_multiple_of(3);
            let features = [0, 1, 2].map(|d: usize| {
                let mut features = [0.0; CONTENDER_WIDTH];
                features[0] = 0.6 - 0.05 * d as f64 - 0.2 * f64::from(!in_scope);
                features[3] = ((i * 7 + d * 5) % 11) as f64 / 11.0;
                features
            });
            let direction = vec![(i % 5) as i8 * 9, (i % 7) as i8 * 5, 20 - (i % 3) as i8 * 30];
            Example {
                corpus: Fingerprint::ZERO,
                family: format!("family {i}"),
                pool: pool_towards(&features, direction),
                acceptable: if in_scope { vec![i % 2] } else { Vec::new() },
                in_scope,
            }
        };
        (0..40).map(example).collect()
    }

    const PLAN: Plan = Plan { choice: 1.0, subject: Some(1.0) };

    #[test]
    fn what_a_family_is_labelled_does_not_change_how_it_is_seen() {
        let sample = sample();
        let before = fold(&sample, PLAN).unwrap();
        for changed in [1, 9, 30] {
            let mut other = sample.clone();
            other[changed].in_scope = !other[changed].in_scope;
            other[changed].acceptable = if other[changed].in_scope { vec![2] } else { Vec::new() };
            let after = fold(&other, PLAN).unwrap();
            assert_eq!(after.held_out[changed].evidence, before.held_out[changed].evidence);
            assert!(after.held_out.iter().zip(&before.held_out).any(|(a, b)| a != b));
            let all: Vec<&Example> = sample.iter().collect();
            let others: Vec<&Example> = other.iter().collect();
            let (a, b) = (cross_sight(&all, PLAN).unwrap(), cross_sight(&others, PLAN).unwrap());
            assert_eq!(a[changed].evidence, b[changed].evidence);
        }
    }

    #[test]
    fn a_family_lies_in_one_fold_and_folds_do_not_follow_the_order_of_topics() {
        let mut sample = sample();
        for example in &mut sample {
            example.family = format!("family {}", example.family.len() + example.acceptable.len());
        }
        let all: Vec<&Example> = sample.iter().collect();
        let folds = deal(&all, 4, "inner");
        for (one, a) in all.iter().zip(&folds) {
            for (other, b) in all.iter().zip(&folds) {
                assert!(one.family != other.family || a == b);
            }
        }
        let reversed: Vec<&Example> = all.iter().rev().copied().collect();
        let back: Vec<usize> = deal(&reversed, 4, "inner").into_iter().rev().collect();
        assert_eq!(back, folds);
    }

    #[test]
    fn directions_are_not_read_across_corpora() {
        let mut sample = sample();
        sample[0].corpus = Fingerprint::of(b"another");
        assert_eq!(out_of_fold(&sample).unwrap().plan.subject, None);
    }

    #[test]
    fn the_same_sample_gives_the_same_folds_at_any_number_of_threads() {
        let sample = sample();
        let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(single.install(|| out_of_fold(&sample)).unwrap(), out_of_fold(&sample).unwrap());
    }
}
