//! Which kind of calibrator tells right from wrong best, by cross-validation?
//!
//! Every row is out of fold: model and evidence were fitted on other families. The penalty of the
//! logistic models is the one of least out-of-fold log loss, so their row is a little too good;
//! with this many families the choice among eight penalties is worth less than the last digit.

use schemars::JsonSchema;
use serde::Serialize;

use super::cross::{Folded, Sighting, fit_logistic, log_loss, out_of_fold};
use super::{Example, PENALTIES};
use crate::calibrate::isotonic::Isotonic;
use crate::calibrate::logistic::{FitError, Logistic};
use crate::calibrate::{FEATURES, Model};
use crate::eval::calibration::Forecasts;
use crate::eval::estimate::Estimate;
use crate::eval::selective::{Case, Discrimination, Selective, once};
use crate::eval::significance::{Bootstrap, Families, bca};

/// Risk at which coverage is told.
const RISK: f64 = 0.05;
/// Replicates: intervals here guide a choice, they prove nothing.
const REPLICATES: usize = 500;

/// One kind of calibrator, out of fold.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// Mean of -ln P(what happened).
    pub log_loss: f64,
    /// Brier score.
    pub brier: Estimate,
    /// Expected calibration error, 15 bins of equal mass; without an interval, since it is too
    /// large on few topics and a bootstrap doubles that.
    pub calibration_error: f64,
    /// Area under the risk-coverage curve.
    pub aurc: Estimate,
    /// P(a right answer is surer than a wrong one).
    pub auroc: Estimate,
    /// P(a message in scope is surer than one out of scope).
    pub auroc_in_scope: Estimate,
    /// Coverage at a selective risk of .05, with hindsight.
    pub coverage: Estimate,
}

/// Compares kinds of calibrators on examples.
///
/// # Errors
/// [`FitError`] when the examples cannot determine a model.
pub fn compare(examples: &[Example]) -> Result<Vec<Compared>, FitError> {
    let folded = out_of_fold(examples)?;
    let names: Vec<&str> = examples.iter().map(|e| e.family.as_str()).collect();
    let families = Families::of(&names);
    let correct = |s: &Sighting| s.correct;
    let (penalty, logistic) = folded.best(&PENALTIES, correct)?;
    let (scope_penalty, scope) = folded.best(&PENALTIES, |s| s.in_scope)?;
    let product = folded.best_product(&PENALTIES, &scope)?;
    let mut rows = vec![
        (format!("logistic, all features, penalty {penalty}"), logistic),
        ("the same, isotonic on top".to_owned(), isotonic_on_top(&folded, penalty)?),
        (format!("P(in scope), penalty {scope_penalty}"), scope),
    ];
    if let Some((penalty, product)) = product {
        let name = format!("P(in scope) times P(right | in scope), penalty {penalty}");
        rows.push((name, product));
    }
    for (name, feature) in [("fused", "fused"), ("choice share", "choice_log_share")] {
        let Some(place) = FEATURES.iter().position(|f| *f == feature) else {
            continue;
        };
        rows.push((format!("Platt on {name}"), one(&folded, |seen| platt(seen, place))?));
        rows.push((format!("isotonic on {name}"), one(&folded, |seen| Ok(isotonic(seen, place)))?));
    }
    if let Some(place) = FEATURES.iter().position(|f| *f == "choice_lead") {
        let rescaled = one(&folded, |seen| Ok(temperature(seen, place)))?;
        rows.push(("temperature on choice lead".to_owned(), rescaled));
    }
    Ok(rows.into_iter().map(|(name, p)| measure(name, &p, &folded, &families)).collect())
}

fn one(
    folded: &Folded,
    fit: impl Fn(&[Sighting]) -> Result<Model, FitError> + Sync,
) -> Result<Vec<f64>, FitError> {
    folded.predict(fit, Model::predict)
}

fn values(seen: &[Sighting], place: usize) -> (Vec<f64>, Vec<bool>) {
    let value = |s: &Sighting| s.evidence.values().get(place).copied().unwrap_or(0.0);
    (seen.iter().map(value).collect(), seen.iter().map(|s| s.correct).collect())
}

fn platt(seen: &[Sighting], feature: usize) -> Result<Model, FitError> {
    let (values, outcomes) = values(seen, feature);
    let rows: Vec<&[f64]> = values.iter().map(std::slice::from_ref).collect();
    let fitted = Logistic::fit(&rows, &outcomes, 1.0)?;
    let slope = fitted.weights[0] / fitted.deviations[0];
    let intercept = fitted.intercept - slope * fitted.means[0];
    Ok(Model::Platt { feature, slope, intercept })
}

/// The one factor of least log loss, by bisection of its derivative.
fn temperature(seen: &[Sighting], feature: usize) -> Model {
    let (values, outcomes) = values(seen, feature);
    let slope_of_loss = |slope: f64| -> f64 {
        let each = values.iter().zip(&outcomes);
        each.map(|(&x, &o)| {
            let p = Model::Platt { feature: 0, slope, intercept: 0.0 }.predict(&[x]);
            (p - f64::from(o)) * x
        })
        .sum()
    };
    let (mut low, mut high) = (0.0, 64.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if slope_of_loss(middle) < 0.0 { low = middle } else { high = middle }
    }
    Model::Platt { feature, slope: low, intercept: 0.0 }
}

fn isotonic(seen: &[Sighting], feature: usize) -> Model {
    let (values, outcomes) = values(seen, feature);
    Model::Isotonic { feature, steps: Isotonic::fit(&values, &outcomes) }
}

fn isotonic_on_top(folded: &Folded, penalty: f64) -> Result<Vec<f64>, FitError> {
    let fit = |seen: &[Sighting]| -> Result<(Logistic, Isotonic), FitError> {
        let model = fit_logistic(seen, penalty, |s| s.correct)?;
        let scores: Vec<f64> = seen.iter().map(|s| model.predict(s.evidence.values())).collect();
        let outcomes: Vec<bool> = seen.iter().map(|s| s.correct).collect();
        let steps = Isotonic::fit(&scores, &outcomes);
        Ok((model, steps))
    };
    folded.predict(fit, |(model, steps), features| steps.predict(model.predict(features)))
}

fn measure(name: String, predicted: &[f64], folded: &Folded, families: &Families) -> Compared {
    let right: Vec<bool> = folded.held_out.iter().map(|s| s.correct).collect();
    let pairs: Vec<(f64, bool)> = predicted.iter().copied().zip(right.iter().copied()).collect();
    let case = |&(p, right): &(f64, bool)| Case { confidence: Some(p), right };
    let selective = Selective::of(&pairs.iter().map(case).collect::<Vec<_>>());
    let discrimination = |of: fn(&Sighting) -> bool| {
        let each = predicted.iter().zip(&folded.held_out);
        Discrimination::of(&each.map(|(&p, s)| (Some(p), of(s))).collect::<Vec<_>>())
    };
    let (tells_right, tells_scope) =
        (discrimination(|s| s.correct), discrimination(|s| s.in_scope));
    let forecasts = Forecasts::of(&pairs);
    let options = Bootstrap { replicates: REPLICATES, ..Bootstrap::default() };
    let estimate = |of: &(dyn Fn(&[u32]) -> f64 + Sync)| bca(families, of, &options);
    Compared {
        name,
        log_loss: log_loss(&right, predicted),
        brier: estimate(&|counts| forecasts.as_ref().map_or(f64::NAN, |f| f.brier(counts))),
        calibration_error: forecasts
            .as_ref()
            .map_or(f64::NAN, |f| f.calibration_error(&once(right.len()))),
        aurc: estimate(&|counts| selective.aurc(counts)),
        auroc: estimate(&|counts| tells_right.auroc(counts)),
        auroc_in_scope: estimate(&|counts| tells_scope.auroc(counts)),
        coverage: estimate(&|counts| selective.coverage_at_risk(RISK, counts)),
    }
}
