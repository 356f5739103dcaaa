//! How often would chance alone give such a sum, if either sign were as likely for each family?
//!
//! The paired randomisation test (R. A. Fisher, The Design of Experiments, 1935; M. Smucker, J.
//! Allan and B. Carterette, CIKM 2007): if it does not matter which system is which, each family's
//! difference has either sign with probability one half. All 2ⁿ assignments are counted where they
//! are no more than the draws allowed; otherwise draws give p = (b + 1) / (m + 1) for b of m as
//! extreme as what was seen (B. Phipson and G. K. Smyth, "Permutation P-values Should Never Be
//! Zero", 2010).
//!
//! Sums are integers of a fine unit, so equal sums are equal, whatever the order of addition and
//! the number of threads. Knows nothing of where the numbers come from.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use super::bootstrap::stream;

/// Probabilities of a sum at least as extreme as the one seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SignFlips {
    /// In absolute value.
    pub(super) two_sided: f64,
    /// Of a sum as great or greater.
    pub(super) at_least: f64,
    /// Of a sum as small or smaller.
    pub(super) at_most: f64,
    /// Whether every assignment was counted.
    pub(super) exact: bool,
}

/// Draws that share a stream of the generator.
const BLOCK: usize = 256;

/// Streams from here on are of sign flips; those below, of the bootstrap.
const FIRST_STREAM: u64 = 1 << 63;

/// Families in a table of partial sums.
const TABLE_BITS: usize = 8;

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    beyond: u64,
    at_least: u64,
    at_most: u64,
}

impl Counts {
    fn and(self, other: Counts) -> Counts {
        Counts {
            beyond: self.beyond + other.beyond,
            at_least: self.at_least + other.at_least,
            at_most: self.at_most + other.at_most,
        }
    }
}

/// Flips the signs of the values, `permutations` times or in every way.
pub(super) fn sign_flips(values: &[f64], permutations: usize, seed: u64) -> SignFlips {
    let flips = Flips::of(values);
    let ways = u32::try_from(flips.n).ok().and_then(|n| 1_usize.checked_shl(n));
    if let Some(ways) = ways.filter(|ways| flips.n < 60 && *ways <= permutations.max(1)) {
        let counts = (0..ways as u64)
            .into_par_iter()
            .map(|way| flips.compared(flips.kept(way)))
            .reduce(Counts::default, Counts::and);
        return shares(counts, 0, ways as u64);
    }
    let counts = (0..permutations.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let draws = BLOCK.min(permutations - block * BLOCK);
            flips.drawn(&mut stream(seed, FIRST_STREAM + block as u64), draws)
        })
        .reduce(Counts::default, Counts::and);
    shares(counts, 1, permutations as u64)
}

fn shares(counts: Counts, seen: u64, drawn: u64) -> SignFlips {
    let share = |count: u64| (count + seen) as f64 / (drawn + seen) as f64;
    SignFlips {
        two_sided: share(counts.beyond),
        at_least: share(counts.at_least),
        at_most: share(counts.at_most),
        exact: seen == 0,
    }
}

/// Values as integers, with the sums of all subsets of every eight of them.
struct Flips {
    n: usize,
    tables: Vec<[i64; 1 << TABLE_BITS]>,
    total: i64,
    /// Sums nearer than this are equal but for rounding to the unit.
    slack: i64,
}

impl Flips {
    fn of(values: &[f64]) -> Flips {
        let values: Vec<f64> = values.iter().copied().filter(|v| *v != 0.0).collect();
        let largest = values.iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
        // Sums of n values of 2^bits must stay below 2^62.
        let bits = 61_u32.saturating_sub(usize::BITS - values.len().leading_zeros()).min(46);
        let units = (1_u64 << bits) as f64;
        let whole = |value: &f64| (value / largest * units).round() as i64;
        let integers: Vec<i64> = values.iter().map(whole).collect();
        let tables = integers.chunks(TABLE_BITS).map(subset_sums).collect();
        let total = integers.iter().sum();
        Flips {
            n: values.len(),
            tables,
            total,
            slack: i64::try_from(values.len()).unwrap_or(i64::MAX),
        }
    }

    /// Sum of the values whose bit is set.
    fn kept(&self, way: u64) -> i64 {
        let bytes = way.to_le_bytes();
        self.tables.iter().zip(bytes).map(|(table, byte)| table[usize::from(byte)]).sum()
    }

    /// Draws the signs of a block: the same eight values for all draws, then the next eight, so that
    /// a table stays in the processor's nearest memory.
    fn drawn(&self, generator: &mut ChaCha8Rng, draws: usize) -> Counts {
        let mut kept = [0_i64; BLOCK];
        let mut bytes = [0_u8; BLOCK];
        for table in &self.tables {
            generator.fill_bytes(&mut bytes);
            for (sum, byte) in kept.iter_mut().zip(bytes) {
                *sum += table[usize::from(byte)];
            }
        }
        kept[..draws].iter().map(|&kept| self.compared(kept)).fold(Counts::default(), Counts::and)
    }

    /// Compares the sum in which only `kept` keeps its sign with the sum seen.
    fn compared(&self, kept: i64) -> Counts {
        let sum = 2 * kept - self.total;
        Counts {
            beyond: u64::from(sum.abs() >= self.total.abs() - self.slack),
            at_least: u64::from(sum >= self.total - self.slack),
            at_most: u64::from(sum <= self.total + self.slack),
        }
    }
}

fn subset_sums(values: &[i64]) -> [i64; 1 << TABLE_BITS] {
    let mut sums = [0; 1 << TABLE_BITS];
    for subset in 1..sums.len() {
        let rest = subset & (subset - 1);
        let lowest = subset.trailing_zeros() as usize;
        sums[subset] = sums[rest] + values.get(lowest).copied().unwrap_or(0);
    }
    sums
}

#[cfg(test)]
mod tests;
