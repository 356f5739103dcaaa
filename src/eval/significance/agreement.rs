//! Do labels agree beyond chance?
//!
//! Cohen's kappa for two labellers, Krippendorff's alpha for any number with gaps. Intervals are
//! BCa over families. Agreement of two passes of one program is not agreement of people, and does
//! not make a label right. Knows nothing of what the labels mean.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, bca};
use super::families::Families;
use crate::eval::estimate::Estimate;

/// Agreement of two labellers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kappa {
    /// Kappa, at most 1; 0 is agreement by chance.
    pub estimate: Estimate,
    /// Share of topics with equal labels.
    pub observed: f64,
    /// Share expected from how often each labeller gives each label.
    pub expected: f64,
    /// Large-sample standard error for independent topics (J. L. Fleiss, J. Cohen and B. S.
    /// Everitt, Psychological Bulletin 72, 1969); it knows no families.
    pub standard_error: f64,
}

/// Cohen's kappa (J. Cohen, Educational and Psychological Measurement 20, 1960): (p_o − p_e) /
/// (1 − p_e). Labels are unordered. `None` where the three lengths differ, there are no topics, or
/// both labellers give one and the same label throughout, for which it is undefined.
pub fn cohen_kappa<L: Ord>(
    first: &[L],
    second: &[L],
    families: &Families,
    options: &Bootstrap,
) -> Option<Kappa> {
    let topics = families.topics();
    if first.len() != topics || second.len() != topics {
        return None;
    }
    let mut labels: Vec<&L> = first.iter().chain(second).collect();
    labels.sort_unstable();
    labels.dedup();
    let number = |label: &L| labels.partition_point(|known| *known < label);
    let pairs: Vec<(usize, usize)> =
        first.iter().zip(second).map(|(a, b)| (number(a), number(b))).collect();
    let distinct = labels.len();
    let table = |counts: &[u32]| Table::of(&pairs, counts, distinct);
    let once = table(&vec![1; topics]);
    if !once.kappa().is_finite() {
        return None;
    }
    Some(Kappa {
        estimate: bca(families, &|counts| table(counts).kappa(), options),
        observed: once.observed(),
        expected: once.expected(),
        standard_error: once.standard_error(),
    })
}

/// How often each pair of labels was given.
struct Table {
    cells: BTreeMap<(usize, usize), f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    total: f64,
}

impl Table {
    fn of(pairs: &[(usize, usize)], counts: &[u32], labels: usize) -> Table {
        let mut table = Table {
            cells: BTreeMap::new(),
            first: vec![0.0; labels],
            second: vec![0.0; labels],
            total: 0.0,
        };
        for (&(a, b), &count) in pairs.iter().zip(counts).filter(|(_, count)| **count > 0) {
            let count = f64::from(count);
            *table.cells.entry((a, b)).or_default() += count;
            table.first[a] += count;
            table.second[b] += count;
            table.total += count;
        }
        table
    }

    fn observed(&self) -> f64 {
        let equal = self.cells.iter().filter(|((a, b), _)| a == b);
        equal.map(|(_, count)| count).sum::<f64>() / self.total
    }

    fn expected(&self) -> f64 {
        let products = self.first.iter().zip(&self.second).map(|(a, b)| a * b);
        products.sum::<f64>() / (self.total * self.total)
    }

    fn kappa(&self) -> f64 {
        let expected = self.expected();
        let kappa = (self.observed() - expected) / (1.0 - expected);
        if kappa.is_finite() { kappa } else { f64::NAN }
    }

    fn standard_error(&self) -> f64 {
        let (kappa, expected, n) = (self.kappa(), self.expected(), self.total);
        let first = |label: usize| self.first[label] / n;
        let second = |label: usize| self.second[label] / n;
        let weigh = |(&(a, b), count): (&(usize, usize), &f64)| {
            let margins = (second(a) + first(b)) * (1.0 - kappa);
            let deviation = if a == b { 1.0 - margins } else { margins };
            count / n * deviation * deviation
        };
        let spread: f64 = self.cells.iter().map(weigh).sum();
        let offset = kappa - expected * (1.0 - kappa);
        let variance = (spread - offset * offset) / ((1.0 - expected).powi(2) * n);
        variance.max(0.0).sqrt()
    }
}

/// How far apart two labels are, squared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// 1 unless equal.
    Nominal,
    /// (difference of mid-ranks among all labels given)².
    Ordinal,
    /// (difference of the numbers)².
    Interval,
}

/// Krippendorff's alpha (K. Krippendorff, Content Analysis, 4th ed. 2019, ch. 12): 1 − D_o / D_e,
/// the mean distance of labels within topics over that of all labels.
///
/// `labels` holds, for each labeller, a number or a gap for each topic of `families`. Topics with
/// fewer than two labels do not count. Estimate's `n` and `n_topics` are all families and topics.
/// `None` where lengths differ, a label is not finite, no topic has two labels, or all labels are
/// equal, for which it is undefined.
pub fn krippendorff_alpha(
    labels: &[Vec<Option<f64>>],
    distance: Distance,
    families: &Families,
    options: &Bootstrap,
) -> Option<Estimate> {
    let topics = families.topics();
    let finite = |label: &Option<f64>| label.is_none_or(f64::is_finite);
    if labels.iter().any(|of| of.len() != topics || !of.iter().all(finite)) {
        return None;
    }
    let units = Units::of(labels, topics);
    let statistic = |counts: &[u32]| units.alpha(counts, distance);
    let once = statistic(&vec![1; topics]);
    once.is_finite().then(|| bca(families, &statistic, options))
}

/// Labels by topic, as positions among the distinct labels.
struct Units {
    labels: Vec<f64>,
    topics: Vec<Vec<u32>>,
}

impl Units {
    fn of(given: &[Vec<Option<f64>>], topics: usize) -> Units {
        let of_topic = |topic: usize| given.iter().filter_map(move |of| of[topic]).map(|l| l + 0.0);
        let mut labels: Vec<f64> = (0..topics).flat_map(of_topic).collect();
        labels.sort_by(f64::total_cmp);
        labels.dedup();
        let position = |label: f64| labels.partition_point(|known| *known < label) as u32;
        let topics = (0..topics)
            .map(|topic| of_topic(topic).map(position).collect::<Vec<u32>>())
            .map(|unit| if unit.len() < 2 { Vec::new() } else { unit })
            .collect();
        Units { labels, topics }
    }

    fn alpha(&self, counts: &[u32], distance: Distance) -> f64 {
        let mut given = vec![0.0; self.labels.len()];
        for (unit, &count) in self.topics.iter().zip(counts) {
            for &label in unit {
                given[label as usize] += f64::from(count);
            }
        }
        let total: f64 = given.iter().sum();
        let apart = Apart::of(distance, &self.labels, &given);
        let everywhere = apart.sum(given.iter().copied().enumerate());
        let within: f64 = self
            .topics
            .iter()
            .zip(counts)
            .filter(|(unit, count)| !unit.is_empty() && **count > 0)
            .map(|(unit, &count)| {
                let once = unit.iter().map(|&label| (label as usize, 1.0));
                f64::from(count) * apart.sum(once) / (unit.len() - 1) as f64
            })
            .sum();
        let alpha = 1.0 - (total - 1.0) * within / everywhere;
        if alpha.is_finite() { alpha } else { f64::NAN }
    }
}

/// A distance between positions of labels.
enum Apart {
    Unequal,
    Line(Vec<f64>),
}

impl Apart {
    fn of(distance: Distance, labels: &[f64], given: &[f64]) -> Apart {
        match distance {
            Distance::Nominal => Apart::Unequal,
            Distance::Interval => Apart::Line(labels.to_vec()),
            // Σ of the counts from one label to the other, less half of each of the two, is the
            // difference of their mid-ranks.
            Distance::Ordinal => {
                let mut below = 0.0;
                let mid_rank = |&count: &f64| {
                    below += count;
                    below - count / 2.0
                };
                Apart::Line(given.iter().map(mid_rank).collect())
            }
        }
    }

    /// Σ of squared distances over ordered pairs of labels, each given as often as told.
    fn sum(&self, labels: impl Iterator<Item = (usize, f64)> + Clone) -> f64 {
        let total: f64 = labels.clone().map(|(_, count)| count).sum();
        match self {
            Apart::Unequal => {
                let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
                for (label, count) in labels {
                    *counts.entry(label).or_default() += count;
                }
                total * total - counts.values().map(|count| count * count).sum::<f64>()
            }
            Apart::Line(places) => {
                let sum: f64 = labels.clone().map(|(label, count)| count * places[label]).sum();
                let mean = sum / total;
                let square = |(label, count): (usize, f64)| count * (places[label] - mean).powi(2);
                2.0 * total * labels.map(square).sum::<f64>()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::statistics::fixture::{near, part};

    const FEW: Bootstrap = Bootstrap { replicates: 200, level: 0.95, seed: 1 };

    #[test]
    fn kappa_as_statsmodels() {
        let cases: Vec<(Vec<u8>, Vec<u8>, f64, f64)> = part("/agreement/kappas");
        for (first, second, kappa, standard_error) in cases {
            let families = Families::singletons(first.len());
            let found = cohen_kappa(&first, &second, &families, &Bootstrap::default()).unwrap();
            near(found.estimate.value, kappa, 1e-12, 0.0);
            near(found.standard_error, standard_error, 1e-9, 0.0);
            // The bootstrap of independent topics is about as wide as the large-sample interval.
            let interval = found.estimate.interval.unwrap();
            let ratio = (interval.high - interval.low) / (2.0 * 1.96 * standard_error);
            assert!((0.75..1.3).contains(&ratio), "{ratio} times as wide");
        }
    }

    #[test]
    fn alpha_as_krippendorff() {
        let cases: Vec<Value> = part("/agreement/alphas");
        for case in cases {
            let labels: Vec<Vec<Option<f64>>> =
                serde_json::from_value(case["labels"].clone()).unwrap();
            let families = Families::singletons(labels[0].len());
            let check = |distance, name: &str| {
                let found = krippendorff_alpha(&labels, distance, &families, &FEW).unwrap();
                near(found.value, case[name].as_f64().unwrap(), 1e-12, 1e-14);
                let interval = found.interval.unwrap();
                assert!(interval.low < found.value && found.value < interval.high);
            };
            check(Distance::Nominal, "nominal");
            check(Distance::Ordinal, "ordinal");
            check(Distance::Interval, "interval");
        }
    }

    #[test]
    fn undefined_where_nothing_could_disagree() {
        let families = Families::singletons(3);
        assert_eq!(cohen_kappa(&["a"; 3], &["a"; 3], &families, &FEW), None);
        assert_eq!(cohen_kappa(&["a"; 2], &["a"; 3], &families, &FEW), None);
        assert_eq!(cohen_kappa::<u8>(&[], &[], &Families::singletons(0), &FEW), None);
        let alone = [vec![Some(1.0), None, Some(2.0)], vec![None, Some(1.0), None]];
        for distance in [Distance::Nominal, Distance::Ordinal, Distance::Interval] {
            assert_eq!(krippendorff_alpha(&alone, distance, &families, &FEW), None);
            let equal = [vec![Some(1.0); 3], vec![Some(1.0); 3]];
            assert_eq!(krippendorff_alpha(&equal, distance, &families, &FEW), None);
            assert_eq!(krippendorff_alpha(&[], distance, &families, &FEW), None);
        }
    }

    /// Alpha as the mean distance of pairs, pair by pair.
    fn by_pairs(labels: &[Vec<Option<f64>>], apart: impl Fn(f64, f64) -> f64) -> f64 {
        let units = (0..labels[0].len())
            .map(|topic| labels.iter().filter_map(|of| of[topic]).collect::<Vec<f64>>())
            .filter(|unit| unit.len() > 1);
        let units: Vec<Vec<f64>> = units.collect();
        let all: Vec<f64> = units.concat();
        let sum = |unit: &[f64]| {
            let pairs = unit.iter().flat_map(|a| unit.iter().map(move |b| (*a, *b)));
            pairs.map(|(a, b)| apart(a, b)).sum::<f64>()
        };
        let within: f64 = units.iter().map(|unit| sum(unit) / (unit.len() - 1) as f64).sum();
        1.0 - within * (all.len() - 1) as f64 / sum(&all)
    }

    proptest! {
        #[test]
        fn alpha_is_the_mean_over_pairs(
            labels in prop::collection::vec(
                prop::collection::vec(prop::option::weighted(0.8, 0_u8..4), 12), 2..5),
        ) {
            let labels: Vec<Vec<Option<f64>>> = labels
                .into_iter()
                .map(|of| of.into_iter().map(|label| label.map(f64::from)).collect())
                .collect();
            let units = Units::of(&labels, 12);
            let nominal = by_pairs(&labels, |a, b| if (a - b).abs() > 0.5 { 1.0 } else { 0.0 });
            let interval = by_pairs(&labels, |a, b| (a - b) * (a - b));
            prop_assume!(nominal.is_finite() && interval.is_finite());
            near(units.alpha(&[1; 12], Distance::Nominal), nominal, 1e-9, 1e-12);
            near(units.alpha(&[1; 12], Distance::Interval), interval, 1e-9, 1e-12);
        }

        #[test]
        fn multiplicities_are_copies(
            pairs in prop::collection::vec((0_usize..3, 0_usize..3, 0_u32..4), 2..20),
        ) {
            let counts: Vec<u32> = pairs.iter().map(|p| p.2).collect();
            let once: Vec<(usize, usize)> = pairs.iter().map(|p| (p.0, p.1)).collect();
            let copied: Vec<(usize, usize)> =
                pairs.iter().flat_map(|p| vec![(p.0, p.1); p.2 as usize]).collect();
            let found = Table::of(&once, &counts, 3).kappa();
            let expected = Table::of(&copied, &vec![1; copied.len()], 3).kappa();
            prop_assert_eq!(found.to_bits(), expected.to_bits());
            let columns = |pairs: &[(usize, usize)]| {
                let label = |n: usize| Some(n as f64);
                [pairs.iter().map(|p| label(p.0)).collect(), pairs.iter().map(|p| label(p.1)).collect()]
            };
            let units = Units::of(&columns(&once), once.len());
            let copies = Units::of(&columns(&copied), copied.len());
            for distance in [Distance::Nominal, Distance::Ordinal, Distance::Interval] {
                let found = units.alpha(&counts, distance);
                let expected = copies.alpha(&vec![1; copied.len()], distance);
                prop_assert!(found.is_nan() == expected.is_nan());
                prop_assert!(found.is_nan() || (found - expected).abs() < 1e-12);
            }
        }
    }
}
