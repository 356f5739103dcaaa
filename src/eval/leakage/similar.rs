//! Which texts are nearly equal?
//!
//! Exact set-similarity join: every pair whose Jaccard index of character 4-grams reaches the
//! threshold is found, and no other. Grams are ordered from rare to frequent; two sets that are
//! alike enough must then share a gram among the first few of each (prefix filter, Chaudhuri,
//! Ganti and Kaushik 2006, ICDE; Bayardo, Ma and Srikant 2007, WWW), so only those are compared.
//! Time grows with the pairs that share a rare gram, not with all pairs. Results do not depend on
//! the number of threads. Knows texts by their number only.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Characters of a gram.
pub(super) const GRAM: usize = 4;
/// Slack that keeps a bound from being one too tight by rounding; too loose costs time only.
const SLACK: f64 = 1e-9;

/// Sets of grams, shortest first.
pub(super) struct GramSets {
    /// Numbers of the grams of each set, rare ones first.
    sets: Vec<Vec<u32>>,
    /// Which text each set is of.
    texts: Vec<u32>,
    /// Number of different grams.
    n_grams: usize,
}

/// A pair of texts and their Jaccard index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) similarity: f64,
}

impl GramSets {
    /// Cuts texts into grams.
    pub(super) fn of<S: AsRef<str> + Sync>(texts: &[S]) -> GramSets {
        let grams: Vec<Vec<u128>> = texts.par_iter().map(|text| grams_of(text.as_ref())).collect();
        let mut frequency: FxHashMap<u128, u32> = FxHashMap::default();
        for gram in grams.iter().flatten() {
            *frequency.entry(*gram).or_default() += 1;
        }
        let mut order: Vec<(u32, u128)> =
            frequency.into_iter().map(|(gram, count)| (count, gram)).collect();
        order.par_sort_unstable();
        let numbers: FxHashMap<u128, u32> =
            (0..).zip(&order).map(|(number, (_, gram))| (*gram, number)).collect();
        let mut sets: Vec<(u32, Vec<u32>)> = (0..)
            .zip(&grams)
            .map(|(text, grams)| {
                let mut set: Vec<u32> =
                    grams.iter().filter_map(|gram| numbers.get(gram).copied()).collect();
                set.sort_unstable();
                (text, set)
            })
            .collect();
        sets.sort_by_key(|(text, set)| (set.len(), *text));
        let (texts, sets) = sets.into_iter().unzip();
        GramSets { sets, texts, n_grams: order.len() }
    }

    /// Hands every pair that is alike to at least `near`, from above 0 to 1, to `take`, one
    /// accumulator a block of texts; the accumulators come back in the order of the blocks.
    pub(super) fn pairs<T: Send>(
        &self,
        near: f64,
        make: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, Pair) + Sync,
    ) -> Vec<T> {
        let index = Index::of(self, near);
        let blocks: Vec<usize> = (0..self.sets.len()).step_by(BLOCK).collect();
        let search = |seen: &mut Vec<u32>, first: usize| {
            let mut block = make();
            for at in first..(first + BLOCK).min(self.sets.len()) {
                self.pairs_of(at, near, &index, seen, |pair| take(&mut block, pair));
            }
            block
        };
        let unseen = || vec![u32::MAX; self.sets.len()];
        blocks.into_par_iter().map_init(unseen, search).collect()
    }

    /// Pairs of one set with those before it.
    fn pairs_of(
        &self,
        at: usize,
        near: f64,
        index: &Index,
        seen: &mut [u32],
        mut take: impl FnMut(Pair),
    ) {
        let set = &self.sets[at];
        let shortest = needed(set.len(), near);
        let first = self.sets.partition_point(|other| other.len() < shortest) as u32;
        for (i, gram) in set[..prefix(set.len(), near)].iter().enumerate() {
            let posting = index.of_gram(*gram);
            let start = posting.partition_point(|other| other.place < first);
            for other in posting[start..].iter().take_while(|other| (other.place as usize) < at) {
                let place = other.place as usize;
                if std::mem::replace(&mut seen[place], at as u32) == at as u32 {
                    continue;
                }
                // This is the first gram that both hold: what stands before it is in one only.
                let rest = (&set[i..], &self.sets[place][other.rank as usize..]);
                let n_both = set.len() + self.sets[place].len();
                let similarity = jaccard_from(rest.0, rest.1, n_both, near);
                if let Some(similarity) = similarity.filter(|similarity| *similarity >= near) {
                    let (a, b) = (self.texts[place], self.texts[at]);
                    take(Pair { a: a.min(b), b: a.max(b), similarity });
                }
            }
        }
    }
}

/// Texts searched at a time.
const BLOCK: usize = 256;

/// Where each gram stands among the first of a set.
struct Index {
    starts: Vec<usize>,
    postings: Vec<Posting>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Posting {
    /// Number of the set.
    place: u32,
    /// Where in the set the gram stands.
    rank: u32,
}

impl Index {
    fn of(sets: &GramSets, near: f64) -> Index {
        let prefixes = || sets.sets.iter().map(|set| &set[..prefix(set.len(), near)]);
        let mut starts = vec![0_usize; sets.n_grams + 1];
        for gram in prefixes().flatten() {
            starts[*gram as usize + 1] += 1;
        }
        for gram in 0..sets.n_grams {
            starts[gram + 1] += starts[gram];
        }
        let mut next = starts.clone();
        let mut postings = vec![Posting::default(); starts[sets.n_grams]];
        for (place, grams) in (0_u32..).zip(prefixes()) {
            for (rank, gram) in (0_u32..).zip(grams) {
                postings[next[*gram as usize]] = Posting { place, rank };
                next[*gram as usize] += 1;
            }
        }
        Index { starts, postings }
    }

    fn of_gram(&self, gram: u32) -> &[Posting] {
        &self.postings[self.starts[gram as usize]..self.starts[gram as usize + 1]]
    }
}

/// Grams that a set alike to one of `n` must at least have, and share with it.
fn needed(n: usize, near: f64) -> usize {
    // `near` is at most 1, so the product fits.
    #[expect(clippy::cast_sign_loss, reason = "both factors are positive")]
    let needed = (near * n as f64 - SLACK).ceil().max(0.0) as usize;
    needed.clamp(1, n.max(1))
}

/// How many of the rarest grams must be looked at.
fn prefix(n: usize, near: f64) -> usize {
    if n == 0 { 0 } else { n - needed(n, near) + 1 }
}

/// Jaccard index of two ascending lists, those in both by those in any, from their ends: what
/// stands before is in one of them only. `n` counts both lists whole. None as soon as it must be
/// below `near` (positional filter, Xiao et al. 2008, WWW).
fn jaccard_from(first: &[u32], second: &[u32], n: usize, near: f64) -> Option<f64> {
    // both / (n - both) >= near
    #[expect(clippy::cast_sign_loss, reason = "both factors are positive")]
    let enough = (near / (1.0 + near) * n as f64 - SLACK).ceil().max(0.0) as usize;
    let (mut i, mut j, mut both) = (0, 0, 0_usize);
    while i < first.len() && j < second.len() {
        if both + (first.len() - i).min(second.len() - j) < enough {
            return None;
        }
        let (left, right) = (first[i], second[j]);
        both += usize::from(left == right);
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    Some(both as f64 / (n - both).max(1) as f64)
}

/// The different grams of a text between two blanks, each as one number, ascending. A text
/// shorter than a gram is filled up with blanks; an empty text has none.
fn grams_of(text: &str) -> Vec<u128> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut chars: Vec<char> = [' '].into_iter().chain(text.chars()).chain([' ']).collect();
    while chars.len() < GRAM {
        chars.push(' ');
    }
    // A character takes 21 bits.
    let pack =
        |gram: &[char]| gram.iter().fold(0, |sum, c| (sum << 21) | u128::from(u32::from(*c)));
    let mut grams: Vec<u128> = chars.windows(GRAM).map(pack).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn all_pairs(texts: &[String], near: f64) -> Vec<(u32, u32, f64)> {
        let blocks = GramSets::of(texts).pairs(near, Vec::new, Vec::push);
        let mut pairs: Vec<_> =
            blocks.into_iter().flatten().map(|p| (p.a, p.b, p.similarity)).collect();
        pairs.sort_by_key(|pair| (pair.0, pair.1));
        pairs
    }

    fn by_definition(texts: &[String], near: f64) -> Vec<(u32, u32, f64)> {
        let sets: Vec<BTreeSet<String>> = texts
            .iter()
            .map(|text| {
                let mut chars: Vec<char> = format!(" {text} ").chars().collect();
                chars.resize(chars.len().max(4), ' ');
                let all = chars.windows(4).map(|gram| gram.iter().collect());
                all.filter(|_| !text.is_empty()).collect()
            })
            .collect();
        let mut pairs = Vec::new();
        for a in 0..texts.len() {
            for b in a + 1..texts.len() {
                let both = sets[a].intersection(&sets[b]).count();
                let any = sets[a].union(&sets[b]).count();
                let similarity = both as f64 / any.max(1) as f64;
                if similarity >= near {
                    pairs.push((a as u32, b as u32, similarity));
                }
            }
        }
        pairs
    }

    #[test]
    fn similar_questions_are_found() {
        let texts =
            ["does a mammogram hurt", "does the mammogram hurt", "is parking free", "", "a"];
        let texts = texts.map(str::to_owned);
        assert_eq!(all_pairs(&texts, 0.6).len(), 1);
        assert_eq!(grams_of("a"), grams_of("a "), "short texts are filled up with blanks");
    }

    proptest! {
        #[test]
        fn the_join_finds_what_the_definition_says(
            texts in prop::collection::vec("[abc ]{0,12}", 0..40),
            near in prop::sample::select(vec![0.05, 0.2, 1.0 / 3.0, 0.5, 0.6, 0.75, 0.8, 0.9, 1.0]),
        ) {
            prop_assert_eq!(all_pairs(&texts, near), by_definition(&texts, near));
        }
    }

    #[test]
    fn pairs_across_blocks_are_found_at_any_number_of_threads() {
        let texts: Vec<String> =
            (0..700).map(|n| format!("question {:03} asked", n % 350)).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                GramSets::of(&texts)
                    .pairs(0.99, Vec::new, |found: &mut Vec<Pair>, pair| found.push(pair))
            })
        };
        assert_eq!(run(1), run(3));
        assert_eq!(run(1).concat().len(), 350);
    }
}
