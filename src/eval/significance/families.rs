//! Which topics ask the same thing?
//!
//! A family holds the paraphrases of one question. Topics of a family succeed and fail together,
//! so the family, not the topic, is what is drawn, flipped, ranked and counted. Families are
//! numbered in order of first appearance. Knows neither texts nor values.

use std::collections::HashMap;

/// The family of each topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Families {
    index: Vec<u32>,
    n: usize,
}

impl Families {
    /// Families by the names they have, one name for each topic.
    pub fn of<S: AsRef<str>>(families: &[S]) -> Families {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let index = families
            .iter()
            .map(|name| {
                let next = numbers.len() as u32;
                *numbers.entry(name.as_ref()).or_insert(next)
            })
            .collect();
        Families { index, n: numbers.len() }
    }

    /// `n` topics, each a family of its own.
    pub fn singletons(n: usize) -> Families {
        Families { index: (0..n as u32).collect(), n }
    }

    /// Number of families.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of topics.
    pub fn topics(&self) -> usize {
        self.index.len()
    }

    /// Family of each topic, from 0 to [`Self::n`] exclusive.
    pub fn index(&self) -> &[u32] {
        &self.index
    }

    /// Topics in each family.
    pub fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.n];
        for &family in &self.index {
            sizes[family as usize] += 1;
        }
        sizes
    }

    /// Sum of a value over the topics of each family, added in order of the topics.
    pub(super) fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.n];
        for (&family, value) in self.index.iter().zip(values) {
            sums[family as usize] += value;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_numbered_as_they_appear() {
        let families = Families::of(&["b", "a", "b", "c", "a"]);
        assert_eq!(families.index(), [0, 1, 0, 2, 1]);
        assert_eq!((families.n(), families.topics()), (3, 5));
        assert_eq!(families.sizes(), [2, 2, 1]);
        assert_eq!(families.sums([1.0, 2.0, 3.0, 4.0, 5.0].into_iter()), [4.0, 7.0, 4.0]);
        assert_eq!(Families::of::<&str>(&[]), Families::singletons(0));
        assert_eq!(Families::of(&["x", "y"]), Families::singletons(2));
    }
}
