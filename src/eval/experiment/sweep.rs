//! Picking parameters, and saying honestly how good the picking is.
//!
//! Every point of a grid (or so many points drawn from it) is one configuration of the plan's
//! primary system. The chosen point has the best mean of the primary measure over the datasets,
//! each counting the same; among equals the first in the order of the grid. Its own mean is
//! optimistic, since it was chosen by it. So families are dealt to folds, the choice is made again
//! without each fold, and what the choice scores on the fold left out is the outer estimate:
//! nested cross-validation (Varma and Simon, BMC Bioinformatics 7, 2006).

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::cells::Cells;
use super::conduct::{Prepared, with_setting};
use super::definition::SweepPlan;
use super::system::Workshop;
use crate::eval::error::EvalError;
use crate::eval::estimate::Estimate;
use crate::eval::evaluate::evaluate;
use crate::eval::report::model::{ResponseCurve, ResponsePoint};
use crate::eval::significance::{Bootstrap, Families, mean};
use crate::eval::trec::{Run, Scored};
use crate::index::build::Progress;
use crate::index::settings::Settings;

/// Points beyond which a grid is refused; draw some of it instead.
const MOST_POINTS: usize = 10_000;

/// A point and what it scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Values by setting.
    pub parameters: BTreeMap<String, f64>,
    /// Mean of the measure by dataset, in the order of the plan.
    pub means: Vec<f64>,
    /// Mean of these means: what is maximised.
    pub objective: f64,
}

/// What a sweep found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Swept {
    /// The measure.
    pub measure: String,
    /// Datasets.
    pub datasets: Vec<String>,
    /// Every point, in the order of the grid.
    pub points: Vec<Point>,
    /// The chosen point.
    pub chosen: BTreeMap<String, f64>,
    /// Its mean: optimistic.
    pub chosen_objective: f64,
    /// What the defaults score.
    pub default_objective: f64,
    /// Outer estimate by dataset: honest.
    pub outer: Vec<Estimate>,
    /// What each outer fold chose.
    pub chosen_by_fold: Vec<BTreeMap<String, f64>>,
}

/// Values of every point on one dataset.
struct Valued {
    /// Topics of the judgements.
    topics: Vec<String>,
    /// By point and topic.
    values: Vec<Vec<f64>>,
    /// Fold of each topic.
    folds: Vec<usize>,
    families: Families,
}

/// Sweeps.
///
/// # Errors
/// [`EvalError`] when the plan names settings that do not exist, or asking fails.
pub fn sweep(
    prepared: &Prepared,
    plan: &SweepPlan,
    cells: &Cells,
    workshop: &Workshop<'_>,
    progress: &dyn Progress,
) -> Result<(Swept, Vec<ResponseCurve>), EvalError> {
    let definition = &prepared.definition;
    let seed = definition.seeds[0];
    let system = definition
        .systems
        .iter()
        .position(|s| s.name == definition.primary.system)
        .unwrap_or_default();
    let base = definition.systems[system].engine_settings()?;
    let points = points(plan, seed)?;
    let settings: Vec<Settings> = points
        .iter()
        .map(|point| {
            point.iter().try_fold(base.clone(), |settings, (name, value)| {
                with_setting(&settings, name, *value)
            })
        })
        .collect::<Result<_, ExperimentError>>()?;
    let mut valued = Vec::new();
    let mut default_means = Vec::new();
    for dataset in 0..prepared.datasets.len() {
        let asked = Asking { prepared, dataset, system, seed };
        let default = asked.values(&base, cells, workshop, progress)?;
        default_means.push(average(&default.1));
        let mut all = Vec::with_capacity(points.len());
        for settings in &settings {
            all.push(asked.values(settings, cells, workshop, progress)?.1);
        }
        let families = prepared.datasets[dataset].families(&default.0);
        let folds = deal(&families, plan.folds, seed)?;
        valued.push(Valued { topics: default.0, values: all, folds, families });
    }
    if valued.iter().all(|v| v.topics.is_empty()) {
        let message = "sweeps on datasets without judgements".to_owned();
        return Err(ExperimentError::Plan { message }.into());
    }
    let everything = |_: &Valued, _: usize| true;
    let best = choose(&valued, points.len(), everything);
    let (outer, chosen_by_fold) = outer(&valued, points.len(), plan.folds, &bootstrap(prepared));
    let objective = |point: usize| -> (Vec<f64>, f64) {
        let means: Vec<f64> = valued.iter().map(|v| average(&v.values[point])).collect();
        let objective = average(&means);
        (means, objective)
    };
    let found = points
        .iter()
        .enumerate()
        .map(|(number, parameters)| {
            let (means, objective) = objective(number);
            Point { parameters: parameters.clone(), means, objective }
        })
        .collect();
    let curves = curves(prepared, &valued, &points, best, &outer);
    let swept = Swept {
        measure: definition.primary.measure.to_string(),
        datasets: prepared.datasets.iter().map(super::dataset::Dataset::label).collect(),
        points: found,
        chosen: points[best].clone(),
        chosen_objective: objective(best).1,
        default_objective: average(&default_means),
        outer,
        chosen_by_fold: chosen_by_fold.into_iter().map(|p| points[p].clone()).collect(),
    };
    Ok((swept, curves))
}

fn bootstrap(prepared: &Prepared) -> Bootstrap {
    let plan = prepared.definition.bootstrap;
    Bootstrap { replicates: plan.replicates, level: plan.level, seed: prepared.definition.seeds[0] }
}

fn average(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The points of the grid in order: the last parameter runs fastest. With `random`, so many of them
/// without repetition, still in that order.
fn points(plan: &SweepPlan, seed: u64) -> Result<Vec<BTreeMap<String, f64>>, ExperimentError> {
    let wrong = |message: &str| ExperimentError::Plan { message: message.to_owned() };
    if plan.parameters.is_empty() || plan.parameters.values().any(Vec::is_empty) {
        return Err(wrong("sweeps nothing; give each parameter at least one value"));
    }
    let size = plan.parameters.values().try_fold(1usize, |n, values| n.checked_mul(values.len()));
    let wanted = plan.random.unwrap_or(usize::MAX);
    let Some(size) = size else {
        return Err(wrong("sweeps a grid too large to number"));
    };
    if wanted == 0 || size.min(wanted) > MOST_POINTS {
        return Err(wrong(
            "sweeps no point, or more than 10,000; set `random` to a number between",
        ));
    }
    let numbers: Vec<usize> = if wanted >= size {
        (0..size).collect()
    } else {
        // Floyd's sampling: a set of distinct numbers, each equally likely.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut drawn = std::collections::BTreeSet::new();
        for top in size - wanted..size {
            let number = (rng.next_u64() % (top as u64 + 1)) as usize;
            if !drawn.insert(number) {
                drawn.insert(top);
            }
        }
        drawn.into_iter().collect()
    };
    Ok(numbers
        .into_iter()
        .map(|mut number| {
            let mut point = BTreeMap::new();
            for (name, values) in plan.parameters.iter().rev() {
                point.insert(name.clone(), values[number % values.len()]);
                number /= values.len();
            }
            point
        })
        .collect())
}

/// Deals families to folds in a random order.
fn deal(families: &Families, folds: usize, seed: u64) -> Result<Vec<usize>, ExperimentError> {
    if folds < 2 || families.n() < folds {
        return Err(ExperimentError::Plan {
            message: format!(
                "deals {} families to {folds} folds; it needs at least 2 folds and a family for each",
                families.n()
            ),
        });
    }
    let mut order: Vec<usize> = (0..families.n()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x666f_6c64);
    for last in (1..order.len()).rev() {
        order.swap(last, (rng.next_u64() % (last as u64 + 1)) as usize);
    }
    let mut fold_of = vec![0; order.len()];
    for (place, family) in order.into_iter().enumerate() {
        fold_of[family] = place % folds;
    }
    Ok(families.index().iter().map(|&family| fold_of[family as usize]).collect())
}

/// The point with the best mean over datasets, on the topics kept; the first among equals.
fn choose(valued: &[Valued], points: usize, keep: impl Fn(&Valued, usize) -> bool) -> usize {
    let mut best = (f64::NEG_INFINITY, 0);
    for point in 0..points {
        let means: Vec<f64> = valued
            .iter()
            .map(|v| {
                let kept: Vec<f64> = (0..v.topics.len())
                    .filter(|&topic| keep(v, topic))
                    .map(|topic| v.values[point][topic])
                    .collect();
                average(&kept)
            })
            .collect();
        let objective = average(&means);
        if objective > best.0 {
            best = (objective, point);
        }
    }
    best.1
}

fn outer(
    valued: &[Valued],
    points: usize,
    folds: usize,
    options: &Bootstrap,
) -> (Vec<Estimate>, Vec<usize>) {
    let chosen: Vec<usize> =
        (0..folds).map(|fold| choose(valued, points, |v, topic| v.folds[topic] != fold)).collect();
    let estimates = valued
        .iter()
        .map(|v| {
            let left_out: Vec<f64> =
                (0..v.topics.len()).map(|topic| v.values[chosen[v.folds[topic]]][topic]).collect();
            mean(&left_out, &v.families, options)
        })
        .collect();
    (estimates, chosen)
}

/// How the measure responds to each parameter, the others at the chosen point.
fn curves(
    prepared: &Prepared,
    valued: &[Valued],
    points: &[BTreeMap<String, f64>],
    best: usize,
    outer: &[Estimate],
) -> Vec<ResponseCurve> {
    let chosen = &points[best];
    let mut curves = Vec::new();
    for ((dataset, v), outer) in prepared.datasets.iter().zip(valued).zip(outer) {
        for (name, at) in chosen {
            let others = |point: &BTreeMap<String, f64>| {
                point.iter().all(|(other, value)| other == name || chosen.get(other) == Some(value))
            };
            let mut found: Vec<ResponsePoint> = points
                .iter()
                .enumerate()
                .filter(|(_, point)| others(point))
                .map(|(number, point)| ResponsePoint {
                    value: point[name],
                    estimate: mean(&v.values[number], &v.families, &bootstrap(prepared)),
                })
                .collect();
            found.sort_by(|a, b| a.value.total_cmp(&b.value));
            curves.push(ResponseCurve {
                dataset: dataset.label(),
                measure: prepared.definition.primary.measure.to_string(),
                parameter: name.clone(),
                points: found,
                chosen: *at,
                outer: Some(*outer),
            });
        }
    }
    curves
}

struct Asking<'a> {
    prepared: &'a Prepared,
    dataset: usize,
    system: usize,
    seed: u64,
}

impl Asking<'_> {
    /// Topics and values of the primary measure under some settings.
    fn values(
        &self,
        settings: &Settings,
        cells: &Cells,
        workshop: &Workshop<'_>,
        progress: &dyn Progress,
    ) -> Result<(Vec<String>, Vec<f64>), EvalError> {
        let rows = self.prepared.rankings(
            (self.dataset, self.system, self.seed),
            settings,
            cells,
            workshop,
            progress,
        )?;
        let dataset = &self.prepared.datasets[self.dataset];
        let mut run = Run::new("sweep");
        for row in rows {
            if dataset.qrels.of(&row.topic).is_some() {
                let hits = row.ranking.into_iter().flatten();
                let hits = hits.map(|(document, score)| Scored { document, score }).collect();
                run.push(&row.topic, hits)?;
            }
        }
        let measures = [self.prepared.definition.primary.measure];
        let mut found = evaluate(&dataset.qrels, &run, &measures);
        Ok((found.topics, found.values.remove(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(random: Option<usize>) -> SweepPlan {
        let parameters = BTreeMap::from([
            ("a".to_owned(), vec![0.0, 1.0, 2.0]),
            ("b".to_owned(), vec![0.5, 0.7]),
        ]);
        SweepPlan { parameters, random, folds: 3 }
    }

    #[test]
    fn grids_hold_every_point_once_and_draws_repeat() {
        let all = points(&plan(None), 1).unwrap();
        assert_eq!(all.len(), 6);
        assert_eq!((all[1]["a"], all[1]["b"]), (0.0, 0.7));
        let some = points(&plan(Some(4)), 7).unwrap();
        assert_eq!(some, points(&plan(Some(4)), 7).unwrap());
        assert_eq!(some.len(), 4);
        assert!(some.iter().all(|p| all.contains(p)));
        assert!(points(&plan(Some(0)), 1).is_err());
    }

    fn valued(values: Vec<Vec<f64>>, families: &[&str]) -> Valued {
        let families = Families::of(families);
        let folds = deal(&families, 3, 1).unwrap();
        let topics = (0..folds.len()).map(|t| t.to_string()).collect();
        Valued { topics, values, folds, families }
    }

    #[test]
    fn families_are_never_split_between_folds() {
        let names = ["a", "b", "a", "c", "d", "b", "e"];
        let v = valued(vec![vec![0.0; 7]], &names);
        for (i, one) in names.iter().enumerate() {
            for (j, other) in names.iter().enumerate() {
                assert!(one != other || v.folds[i] == v.folds[j]);
            }
        }
        assert!(deal(&Families::singletons(2), 3, 1).is_err());
    }

    #[test]
    fn the_outer_estimate_does_not_profit_from_chance() {
        // Sixty points of pure noise around .5: the best looks good, the choice is worth .5.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let names: Vec<String> = (0..60).map(|t| t.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut gaps = Vec::new();
        for _ in 0..20 {
            let noise: Vec<Vec<f64>> = (0..60)
                .map(|_| (0..60).map(|_| (rng.next_u64() % 1000) as f64 / 999.0).collect())
                .collect();
            let v = [valued(noise, &names)];
            let best = choose(&v, 60, |_, _| true);
            let options = Bootstrap { replicates: 200, ..Bootstrap::default() };
            let (outer, _) = outer(&v, 60, 3, &options);
            gaps.push((average(&v[0].values[best]) - 0.5, outer[0].value - 0.5));
        }
        let mean_of = |f: fn(&(f64, f64)) -> f64| average(&gaps.iter().map(f).collect::<Vec<_>>());
        assert!(mean_of(|g| g.0) > 0.06, "choosing is optimistic: {gaps:?}");
        assert!(mean_of(|g| g.1).abs() < 0.02, "the outer estimate is not: {gaps:?}");
    }
}
