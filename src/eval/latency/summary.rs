//! Which quantiles does a latency have, and how well are they known?
//!
//! Quantiles are of all samples (nearest rank). Their intervals are exact intervals of order
//! statistics (binomial), but for as many samples as the run is worth: samples of one family and
//! samples that follow each other resemble each other, so the count is divided by the design
//! effect of "slower than the quantile" in clusters of either kind, whichever is larger (Woodruff,
//! JASA 47, 1952: intervals of quantiles from samples in clusters; Korn and Graubard, Survey
//! Methodology 24, 1998: the effective count in an exact binomial interval, never more than the
//! count itself; Carlstein, Annals of Statistics 14, 1986: blocks of consecutive samples). No
//! interval is given where so many samples cannot bound the quantile, and none for the maximum.
//!
//! Nothing here knows where samples come from.

use std::io::{self, Write};

use hdrhistogram::Histogram;

use crate::eval::estimate::Interval;
use crate::eval::report::model::{Latency, Quantile};
use crate::eval::significance::{Families, quantile_interval};

use super::error::LatencyError;
use super::nearest_rank;
use super::samples::{Samples, microseconds};

/// Quantiles of a report, in order.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];
/// Steps of the distribution: shares from 0 to 1 by hundredths.
const STEPS: usize = 100;
/// Significant digits that histograms keep.
const DIGITS: u8 = 3;

/// Quantiles and distribution of each stage, in the order of the stages.
///
/// `families` numbers the topics as [`Samples::topics`] does. `level` is the nominal coverage of
/// each interval by itself, such as .95.
///
/// # Errors
/// [`LatencyError::Families`] when there are not as many topics as families were given for.
pub fn summarise(
    dataset: &str,
    system: &str,
    samples: &Samples,
    families: &Families,
    level: f64,
) -> Result<Vec<Latency>, LatencyError> {
    let topics = samples.topics().len();
    if families.topics() != topics {
        return Err(LatencyError::Families { topics, families: families.topics() });
    }
    let stages = samples.stages().iter().map(|stage| {
        let stage_samples = StageSamples::new(samples, stage, families);
        Latency {
            dataset: dataset.to_owned(),
            system: system.to_owned(),
            load: samples.load().to_string(),
            stage: stage.clone(),
            samples: stage_samples.sorted.len(),
            quantiles: stage_samples.quantiles(level),
            cdf: stage_samples.distribution(),
        }
    });
    Ok(stages.collect())
}

/// Microseconds of one stage.
struct StageSamples {
    /// In the order of the requests.
    values: Vec<f64>,
    /// Ascending.
    sorted: Vec<f64>,
    /// Family of each of `values`.
    families: Vec<usize>,
    n_families: usize,
}

impl StageSamples {
    fn new(samples: &Samples, stage: &str, families: &Families) -> StageSamples {
        let family = |topic: u32| families.index().get(topic as usize).copied().unwrap_or(0);
        let (values, families_of): (Vec<f64>, Vec<usize>) = samples
            .of(stage)
            .map(|row| (microseconds(row.nanoseconds), family(row.topic) as usize))
            .unzip();
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        StageSamples { values, sorted, families: families_of, n_families: families.n() }
    }

    fn quantiles(&self, level: f64) -> Vec<Quantile> {
        let of_share = |(name, share): (&str, f64)| Quantile {
            name: name.to_owned(),
            microseconds: self.at(share),
            interval: self.interval(share, level),
        };
        let mut quantiles: Vec<Quantile> = QUANTILES.into_iter().map(of_share).collect();
        let max = self.sorted.last().copied().unwrap_or(0.0);
        quantiles.push(Quantile { name: "max".to_owned(), microseconds: max, interval: None });
        quantiles
    }

    fn distribution(&self) -> Vec<f64> {
        (0..=STEPS).map(|step| self.at(step as f64 / STEPS as f64)).collect()
    }

    /// Quantile by nearest rank; 0 where there is no sample.
    fn at(&self, share: f64) -> f64 {
        let rank = nearest_rank(share, self.sorted.len());
        rank.checked_sub(1).and_then(|place| self.sorted.get(place)).copied().unwrap_or(0.0)
    }

    fn interval(&self, share: f64, level: f64) -> Option<Interval> {
        let count = self.sorted.len();
        let effect = self.design_effect(self.at(share))?;
        #[expect(clippy::cast_sign_loss, reason = "a quotient of positive numbers")]
        let effective = (count as f64 / effect) as usize;
        // Evenly spaced order statistics: the distribution of all samples in as many as they are
        // worth.
        let thinned: Vec<f64> = (0..effective)
            .filter_map(|place| self.sorted.get((2 * place + 1) * count / (2 * effective)))
            .copied()
            .collect();
        quantile_interval(&thinned, share, level)
    }

    /// By how much the variance of the share of samples above `threshold` exceeds that of
    /// independent ones: by family or by block of time, whichever is larger, and 1 at least.
    /// `None` where there is only one family or only one block.
    fn design_effect(&self, threshold: f64) -> Option<f64> {
        let above: Vec<bool> = self.values.iter().map(|value| *value > threshold).collect();
        let by_family = design_effect(&above, |place| self.families[place], self.n_families)?;
        let length = above.len().isqrt().max(1);
        let blocks = above.len().div_ceil(length);
        let by_block = design_effect(&above, |place| place / length, blocks)?;
        Some(by_family.max(by_block).max(1.0))
    }
}

/// Variance of the share of `true` in clusters over that of independent samples: the linearised
/// variance of a ratio, C/(C-1) Σ (e_c - p m_c)² / n², over p (1-p) / n (Kish, Survey Sampling,
/// 1965). Clusters without samples do not count. 1 where all are equal; `None` for fewer than two
/// clusters.
fn design_effect(
    above: &[bool],
    cluster_of: impl Fn(usize) -> usize,
    clusters: usize,
) -> Option<f64> {
    let mut counts = vec![(0_usize, 0_usize); clusters];
    for (place, &above) in above.iter().enumerate() {
        if let Some((size, exceeding)) = counts.get_mut(cluster_of(place)) {
            *size += 1;
            *exceeding += usize::from(above);
        }
    }
    counts.retain(|(size, _)| *size > 0);
    if counts.len() < 2 {
        return None;
    }
    let n = above.len() as f64;
    let share = above.iter().filter(|above| **above).count() as f64 / n;
    let independent = share * (1.0 - share) / n;
    if independent <= 0.0 {
        return Some(1.0);
    }
    let deviations: f64 = counts
        .iter()
        .map(|&(size, exceeding)| (exceeding as f64 - share * size as f64).powi(2))
        .sum();
    let clusters = counts.len() as f64;
    Some(clusters / (clusters - 1.0) * deviations / (n * n) / independent)
}

/// A histogram of one stage in nanoseconds, to three significant digits, for tools that read or
/// add up `HdrHistogram`s. Empty where no stage has that name. A time of 0 counts as 1.
///
/// # Errors
/// [`LatencyError::Histogram`] when the times are too far apart for a histogram.
pub fn histogram(samples: &Samples, stage: &str) -> Result<Histogram<u64>, LatencyError> {
    let most = samples.of(stage).map(|row| row.nanoseconds).max().unwrap_or(0).max(2);
    let mut histogram = Histogram::new_with_bounds(1, most, DIGITS)
        .map_err(|source| LatencyError::Histogram { source })?;
    for row in samples.of(stage) {
        histogram.saturating_record(row.nanoseconds.max(1));
    }
    Ok(histogram)
}

/// Writes a histogram's percentile distribution in microseconds as `.hgrm`, the text that
/// HdrHistogram's own plotting tools read.
///
/// # Errors
/// Those of `out`.
pub fn write_percentiles(histogram: &Histogram<u64>, out: &mut dyn Write) -> io::Result<()> {
    /// Points per halving of the remaining tail, HdrHistogram's default.
    const TICKS: u32 = 5;
    /// Buckets that three significant digits take: the power of two from 2 * 10^3 on.
    const SUB_BUCKETS: u32 = 2048;
    let [value, share, count, tail] = ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"];
    writeln!(out, "{value:>12} {share:>14} {count:>10} {tail:>14}\n")?;
    let mut counted = 0;
    for step in histogram.iter_quantiles(TICKS) {
        counted += step.count_since_last_iteration();
        let value = microseconds(step.value_iterated_to());
        let share = step.quantile_iterated_to();
        write!(out, "{value:>12.3} {share:.12} {counted:>10}")?;
        if share < 1.0 {
            write!(out, " {:>14.2}", 1.0 / (1.0 - share))?;
        }
        writeln!(out)?;
    }
    let (mean, deviation) = (histogram.mean() / 1000.0, histogram.stdev() / 1000.0);
    let (max, total) = (microseconds(histogram.max()), histogram.len());
    writeln!(out, "#[Mean    = {mean:>12.3}, StdDeviation   = {deviation:>12.3}]")?;
    writeln!(out, "#[Max     = {max:>12.3}, Total count    = {total:>12}]")?;
    let buckets = histogram.buckets();
    writeln!(out, "#[Buckets = {buckets:>12}, SubBuckets     = {SUB_BUCKETS:>12}]")
}

#[cfg(test)]
mod tests;
