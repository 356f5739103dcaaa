//! Which words and pieces of words does a text hold?
//!
//! Runs of one to three words and pieces of two to five letters are hashed to buckets (feature
//! hashing: Weinberger et al. 2009), weighed by inverse document frequency,
//! 1 + ln((1 + n) / (1 + df)), each kind scaled to length one, and summed with fitted weights. Weights are kept in eight
//! bits. Two runs that share a bucket share a weight.

use rayon::prelude::*;

use crate::text::fold::words;

/// Buckets: a power of two, large against the runs that a fitting sample holds.
pub(super) const BUCKETS: usize = 1 << 17;
/// Longest run of words.
const WORDS: usize = 3;
/// Shortest and longest piece of a word, in letters, its edges counted as letters.
const SHORTEST_PIECE: usize = 2;
const LONGEST_PIECE: usize = 5;
/// A bucket that fewer texts of the sample fill carries no weight.
const LEAST_TEXTS: u32 = 2;
/// One step of a kept inverse document frequency.
const FREQUENCY_STEP: f32 = 1.0 / 24.0;
/// Strength of the fit against the L2 penalty.
const STRENGTH: f64 = 5.0;
/// Steps of accelerated gradient descent.
const STEPS: usize = 400;

/// The buckets of a text: of its words, and of its pieces; sorted, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets([Vec<u32>; 2]);

/// Fitted weights of the buckets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wording {
    /// Inverse document frequency of each bucket in steps; 0: the bucket is not used.
    pub(super) frequencies: Vec<u8>,
    pub(super) weights: Vec<i8>,
    /// What one step of a weight is worth.
    pub(super) step: f32,
    pub(super) intercept: f32,
}

/// FNV-1a, 64 bits, folded to a bucket.
fn bucket<'a>(kind: u8, parts: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    eat(kind);
    for part in parts {
        part.bytes().for_each(&mut eat);
        eat(b' ');
    }
    ((hash ^ (hash >> 32)) as usize & (BUCKETS - 1)) as u32
}

impl Buckets {
    pub(super) fn of(text: &str) -> Buckets {
        let tokens: Vec<String> = words(text).map(|w| plain(&w.folded)).collect();
        let (mut runs, mut pieces) = (Vec::new(), Vec::new());
        for start in 0..tokens.len() {
            let longest = WORDS.min(tokens.len() - start);
            for length in 1..=longest {
                let run = &tokens[start..start + length];
                runs.push(bucket(b'w', run.iter().map(String::as_str)));
            }
            let padded = format!(" {} ", tokens[start]);
            let edges: Vec<usize> =
                padded.char_indices().map(|(at, _)| at).chain([padded.len()]).collect();
            for length in SHORTEST_PIECE..=LONGEST_PIECE {
                let spans = edges.windows(length + 1);
                pieces.extend(spans.map(|s| bucket(b'p', [&padded[s[0]..s[length]]])));
            }
        }
        for list in [&mut runs, &mut pieces] {
            list.sort_unstable();
            list.dedup();
        }
        Buckets([runs, pieces])
    }
}

/// A word without apostrophes; a number is a number, whichever.
fn plain(folded: &str) -> String {
    if folded.starts_with(|c: char| c.is_ascii_digit()) {
        return "#".to_owned();
    }
    folded.replace('\'', "")
}

impl Wording {
    /// The log odds that the wording gives.
    pub(super) fn score(&self, text: &str) -> f64 {
        let mut sum = f64::from(self.intercept);
        for list in &Buckets::of(text).0 {
            let (mut dot, mut square) = (0.0_f64, 0.0_f64);
            for &bucket in list {
                let (Some(&steps), Some(&weight)) =
                    (self.frequencies.get(bucket as usize), self.weights.get(bucket as usize))
                else {
                    continue;
                };
                let frequency = f64::from(f32::from(steps) * FREQUENCY_STEP);
                dot += frequency * f64::from(f32::from(weight) * self.step);
                square += frequency * frequency;
            }
            if square > 0.0 {
                sum += dot / square.sqrt();
            }
        }
        sum
    }

    /// Fits weights to outcomes; both outcomes weigh the same in all.
    pub(super) fn fit(texts: &[&Buckets], outcomes: &[bool]) -> Wording {
        let frequencies = frequencies(texts);
        let rows: Vec<Vec<(u32, f32)>> =
            texts.par_iter().map(|text| sparse(text, &frequencies)).collect();
        let (weights, intercept) = descend(&rows, outcomes);
        let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
        let step = if largest > 0.0 { largest / f32::from(i8::MAX) } else { 1.0 };
        let weights = weights.iter().map(|w| (w / step).round() as i8).collect();
        Wording { frequencies, weights, step, intercept }
    }
}

fn frequencies(texts: &[&Buckets]) -> Vec<u8> {
    let mut counts = vec![0_u32; BUCKETS];
    for &bucket in texts.iter().flat_map(|t| t.0.iter().flatten()) {
        counts[bucket as usize] += 1;
    }
    let n = texts.len() as f32;
    #[expect(clippy::cast_sign_loss, reason = "clamped to what a byte holds")]
    let steps = |count: u32| {
        if count < LEAST_TEXTS {
            return 0;
        }
        let inverse = ((1.0 + n) / (1.0 + count as f32)).ln() + 1.0;
        (inverse / FREQUENCY_STEP).round().clamp(1.0, 255.0) as u8
    };
    counts.into_iter().map(steps).collect()
}

fn sparse(text: &Buckets, frequencies: &[u8]) -> Vec<(u32, f32)> {
    let mut row = Vec::new();
    for list in &text.0 {
        let used = list.iter().filter(|&&b| frequencies[b as usize] > 0);
        let values: Vec<(u32, f32)> =
            used.map(|&b| (b, f32::from(frequencies[b as usize]) * FREQUENCY_STEP)).collect();
        let length = values.iter().map(|(_, v)| v * v).sum::<f32>().sqrt();
        row.extend(values.into_iter().map(|(b, v)| (b, v / length)));
    }
    row
}

/// Weight of each example so that both outcomes weigh the same in all.
pub(super) fn balanced(outcomes: &[bool]) -> [f64; 2] {
    let n = outcomes.len() as f64;
    let urgent = outcomes.iter().filter(|&&o| o).count() as f64;
    [n / (2.0 * (n - urgent).max(1.0)), n / (2.0 * urgent.max(1.0))]
}

/// Accelerated gradient descent (Nesterov 1983) on the balanced log loss with an L2 penalty. The
/// step is one over an upper bound of the curvature, found by power iteration.
fn descend(rows: &[Vec<(u32, f32)>], outcomes: &[bool]) -> (Vec<f32>, f32) {
    let balance = balanced(outcomes);
    let weighs = |outcome: bool| balance[usize::from(outcome)];
    let penalty = 1.0 / STRENGTH;
    let curvature = 0.25 * largest_eigenvalue(rows, |i| weighs(outcomes[i])) * 1.1 + penalty;
    let rate = 1.0 / curvature;
    let momentum = {
        let ratio = (penalty / curvature).sqrt();
        (1.0 - ratio) / (1.0 + ratio)
    };
    let mut at = vec![0.0_f64; BUCKETS + 1];
    let mut before = at.clone();
    let mut gradient = vec![0.0_f64; BUCKETS + 1];
    for _ in 0..STEPS {
        let ahead: Vec<f64> =
            at.iter().zip(&before).map(|(now, last)| now + momentum * (now - last)).collect();
        gradient.fill(0.0);
        for (row, &outcome) in rows.iter().zip(outcomes) {
            let sum: f64 = row.iter().map(|&(b, v)| ahead[b as usize] * f64::from(v)).sum();
            let predicted = 1.0 / (1.0 + (-(sum + ahead[BUCKETS])).exp());
            let error = weighs(outcome) * (predicted - f64::from(outcome));
            for &(b, v) in row {
                gradient[b as usize] += error * f64::from(v);
            }
            gradient[BUCKETS] += error;
        }
        before = at;
        at = ahead
            .iter()
            .zip(&gradient)
            .enumerate()
            .map(|(j, (w, g))| {
                let shrink = if j == BUCKETS { 0.0 } else { penalty * w };
                w - rate * (g + shrink)
            })
            .collect();
    }
    let intercept = at[BUCKETS] as f32;
    at.truncate(BUCKETS);
    (at.into_iter().map(|w| w as f32).collect(), intercept)
}

fn largest_eigenvalue(rows: &[Vec<(u32, f32)>], weight: impl Fn(usize) -> f64) -> f64 {
    let mut vector = vec![1.0 / ((BUCKETS + 1) as f64).sqrt(); BUCKETS + 1];
    let mut value = 0.0;
    for _ in 0..20 {
        let mut next = vec![0.0_f64; BUCKETS + 1];
        for (i, row) in rows.iter().enumerate() {
            let sum: f64 = row.iter().map(|&(b, v)| vector[b as usize] * f64::from(v)).sum();
            let sum = weight(i) * (sum + vector[BUCKETS]);
            for &(b, v) in row {
                next[b as usize] += sum * f64::from(v);
            }
            next[BUCKETS] += sum;
        }
        value = next.iter().map(|v| v * v).sum::<f64>().sqrt();
        if value <= 0.0 {
            return 0.0;
        }
        vector = next.into_iter().map(|v| v / value).collect();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_tells_its_sample_apart_and_unknown_words_say_nothing() {
        let texts = [
            "a lump here",
            "my lump grew",
            "the lump hurts",
            "parking here",
            "the parking",
            "my parking",
        ];
        let outcomes = [true, true, true, false, false, false];
        let buckets: Vec<Buckets> = texts.iter().map(|t| Buckets::of(t)).collect();
        let wording = Wording::fit(&buckets.iter().collect::<Vec<_>>(), &outcomes);
        assert!(wording.score("LUMP!") > wording.score("zzq"));
        assert!(wording.score("zzq") > wording.score("parking?"));
        assert!((wording.score("zzq") - f64::from(wording.intercept)).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_one_word_and_apostrophes_none() {
        assert_eq!(Buckets::of("54 can't").0, Buckets::of("55 cant").0);
    }
}
