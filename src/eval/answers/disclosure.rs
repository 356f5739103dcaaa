//! Which numbers of a sensitive set may be shown without giving away a small count?
//!
//! A count is small when it is at least 1 and below the smallest cell; 0 is nobody and shown. A
//! number is withheld when
//!
//! 1. it is small itself (primary suppression);
//! 2. the topics it counts hold, or are held in, those of a number already shown, and the rest is
//!    small (two numbers are subtracted);
//! 3. together with all numbers already shown it would tell a count of a protected group: some
//!    sum of multiples of shown numbers would equal it (complementary suppression). This is
//!    linear algebra over the topics, and covers rows and columns of a table, parts of a whole
//!    and every longer chain of sums and differences (on suppression: Willenborg and de Waal
//!    2001, *Elements of Statistical Disclosure Control*).
//!
//! Numbers are judged in the order they are offered, so the first are kept. Arithmetic is modulo
//! a prime, which can only withhold too much. The guard does not know what the counts mean; it
//! does not guard against a reader who knows single topics, against bounds that follow from
//! counts not being negative, nor against two systems' numbers on one set being put together.

use crate::eval::sensitive::suppress;

/// 2^31 - 1.
const PRIME: u64 = 2_147_483_647;

/// Decides number by number; see the module.
pub(super) struct Guard {
    topics: usize,
    smallest: usize,
    /// Groups already shown, as ascending topic numbers.
    shown: Vec<Vec<usize>>,
    /// What shown numbers tell: pivot and vector, in the order found.
    basis: Vec<(usize, Vec<u64>)>,
    /// What is left of each protected group once shown numbers are taken off; never all zero.
    protected: Vec<Vec<u64>>,
}

impl Guard {
    pub(super) fn new(topics: usize, smallest: usize) -> Guard {
        Guard { topics, smallest, shown: Vec::new(), basis: Vec::new(), protected: Vec::new() }
    }

    /// Whether a count is too small to show.
    pub(super) fn is_small(&self, count: usize) -> bool {
        suppress(count, self.smallest).is_none()
    }

    /// Protects a group if it is small. All groups must be named before any number is offered.
    pub(super) fn protect(&mut self, group: &[usize]) {
        if self.is_small(group.len()) {
            let vector = self.vector(group);
            if !self.protected.contains(&vector) {
                self.protected.push(vector);
            }
        }
    }

    /// Protects a whole, a part of it and the rest.
    pub(super) fn protect_share(&mut self, whole: &[usize], part: &[usize]) {
        let part = ascending(part);
        let rest = ascending(whole).into_iter().filter(|t| part.binary_search(t).is_err());
        self.protect(&rest.collect::<Vec<usize>>());
        self.protect(&part);
        self.protect(whole);
    }

    /// Protects disjoint parts and every small union of them, such as two cells of a row.
    pub(super) fn protect_unions(&mut self, parts: &[&[usize]]) {
        let small: Vec<&[usize]> =
            parts.iter().copied().filter(|part| self.is_small(part.len())).collect();
        let mut unions: Vec<Vec<usize>> = vec![Vec::new()];
        for part in small {
            let larger = unions.iter().map(|union| [union.as_slice(), part].concat());
            let larger: Vec<Vec<usize>> = larger.filter(|u| u.len() < self.smallest).collect();
            unions.extend(larger);
        }
        for union in unions {
            self.protect(&ascending(&union));
        }
    }

    /// Whether the numbers of some groups may be shown, all or none; those that may count as
    /// shown from now on.
    pub(super) fn admits(&mut self, groups: &[&[usize]]) -> bool {
        let groups: Vec<Vec<usize>> = groups.iter().map(|group| ascending(group)).collect();
        for (number, group) in groups.iter().enumerate() {
            let others = self.shown.iter().chain(&groups[..number]);
            if self.is_small(group.len()) || others.into_iter().any(|o| self.parted(group, o)) {
                return false;
            }
        }
        let mut told: Vec<(usize, Vec<u64>)> = Vec::new();
        for group in &groups {
            let mut vector = self.vector(group);
            for (pivot, known) in self.basis.iter().chain(&told) {
                take_off(&mut vector, *pivot, known);
            }
            if let Some(pivot) = vector.iter().position(|&x| x != 0) {
                normalise(&mut vector, pivot);
                told.push((pivot, vector));
            }
        }
        let Some(changed) = self.left_after(&told) else {
            return false;
        };
        for (number, left) in changed {
            self.protected[number] = left;
        }
        self.basis.extend(told);
        self.shown.extend(groups);
        true
    }

    /// Protected groups that change when more is told; `None` if one would be given away.
    fn left_after(&self, told: &[(usize, Vec<u64>)]) -> Option<Vec<(usize, Vec<u64>)>> {
        let mut changed = Vec::new();
        for (number, group) in self.protected.iter().enumerate() {
            let mut left = group.clone();
            for (pivot, vector) in told {
                take_off(&mut left, *pivot, vector);
            }
            if left.iter().all(|&x| x == 0) {
                return None;
            }
            if left != *group {
                changed.push((number, left));
            }
        }
        Some(changed)
    }

    /// Whether one of two groups holds the other but for a small rest.
    fn parted(&self, a: &[usize], b: &[usize]) -> bool {
        let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        self.is_small(large.len() - small.len())
            && small.iter().all(|topic| large.binary_search(topic).is_ok())
    }

    fn vector(&self, group: &[usize]) -> Vec<u64> {
        let mut vector = vec![0; self.topics];
        for &topic in group {
            vector[topic] = 1;
        }
        vector
    }
}

fn ascending(group: &[usize]) -> Vec<usize> {
    let mut group = group.to_vec();
    group.sort_unstable();
    group
}

/// Takes the multiple of `known`, which is 1 at the pivot, that makes the vector 0 there.
fn take_off(vector: &mut [u64], pivot: usize, known: &[u64]) {
    let factor = PRIME - vector[pivot];
    if factor < PRIME {
        for (value, known) in vector.iter_mut().zip(known) {
            *value = (*value + factor * known) % PRIME;
        }
    }
}

/// Makes a vector 1 at its pivot.
fn normalise(vector: &mut [u64], pivot: usize) {
    let inverse = power(vector[pivot], PRIME - 2);
    for value in vector {
        *value = *value * inverse % PRIME;
    }
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    //! 1. No small count is shown, and no count of a protected group is a linear combination of
    //!    those shown (checked in floating point, by another elimination).
    //! 2. No shown group is another but for a small rest.
    //! 3. Where nothing is small everything is shown.

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_part_and_what_would_give_it_away_are_withheld() {
        let all: Vec<usize> = (0..40).collect();
        let mut guard = Guard::new(40, 10);
        guard.protect_share(&all, &all[..3]);
        assert!(guard.admits(&[&all]));
        assert!(!guard.admits(&[&all[..3]]));
        assert!(!guard.admits(&[&all[3..]]));
        // Two parts that together are the rest: the second would give the 3 away.
        assert!(guard.admits(&[&all[3..20]]));
        assert!(!guard.admits(&[&all[20..]]));
        // The rest could then be had by subtraction, and so no more than nothing is told.
        assert!(guard.admits(&[&[]]));
    }

    #[test]
    fn a_table_with_one_small_cell_loses_others() {
        // Rows 0..30 and 30..60; columns even and odd but for one small cell of 4.
        let row = [(0..30).collect::<Vec<usize>>(), (30..60).collect()];
        let cell = |row: &[usize], first: usize| [row[..first].to_vec(), row[first..].to_vec()];
        let table = [cell(&row[0], 4), cell(&row[1], 15)];
        let mut guard = Guard::new(60, 10);
        for cells in &table {
            guard.protect_unions(&[&cells[0], &cells[1]]);
        }
        let column = |i: usize| [table[0][i].as_slice(), &table[1][i]].concat();
        for known in [&row[0], &row[1], &column(0), &column(1)] {
            assert!(guard.admits(&[known]));
        }
        assert!(!table.iter().flatten().any(|cell| guard.admits(&[cell])));
    }

    #[test]
    fn groups_come_all_or_none() {
        let mut guard = Guard::new(30, 10);
        let all: Vec<usize> = (0..30).collect();
        assert!(!guard.admits(&[&all, &all[..5]]));
        assert!(guard.shown.is_empty() && guard.basis.is_empty());
    }

    /// Rank of a matrix, in floating point.
    fn rank(mut rows: Vec<Vec<f64>>) -> usize {
        let mut rank = 0;
        for column in 0..rows.first().map_or(0, Vec::len) {
            let best = (rank..rows.len())
                .max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
            let Some(best) = best.filter(|&row| rows[row][column].abs() > 1e-9) else {
                continue;
            };
            rows.swap(rank, best);
            for row in rank + 1..rows.len() {
                let factor = rows[row][column] / rows[rank][column];
                for k in 0..rows[row].len() {
                    let known = rows[rank][k];
                    rows[row][k] -= factor * known;
                }
            }
            rank += 1;
        }
        rank
    }

    fn indicator(group: &[usize]) -> Vec<f64> {
        (0..12).map(|topic| f64::from(u8::from(group.contains(&topic)))).collect()
    }

    proptest! {
        #[test]
        fn no_protected_count_can_be_worked_out(
            masks in prop::collection::vec(0_u16..4096, 1..14),
        ) {
            let groups: Vec<Vec<usize>> = masks
                .iter()
                .map(|mask| (0..12).filter(|topic| mask >> topic & 1 == 1).collect())
                .collect();
            let mut guard = Guard::new(12, 4);
            for group in &groups {
                guard.protect(group);
            }
            let shown: Vec<&Vec<usize>> =
                groups.iter().filter(|group| guard.admits(&[group])).collect();
            let known: Vec<Vec<f64>> = shown.iter().map(|group| indicator(group)).collect();
            let told = rank(known.clone());
            for group in groups.iter().filter(|group| (1..4).contains(&group.len())) {
                let more: Vec<Vec<f64>> =
                    known.iter().cloned().chain([indicator(group)]).collect();
                prop_assert_eq!(rank(more), told + 1);
            }
            for a in &shown {
                for b in shown.iter().filter(|b| b.iter().all(|topic| a.contains(topic))) {
                    prop_assert!(!(1..4).contains(&(a.len() - b.len())));
                }
            }
        }

        #[test]
        fn where_nothing_is_small_all_is_shown(
            masks in prop::collection::vec(0_u16..4096, 1..14),
        ) {
            let mut guard = Guard::new(12, 1);
            for mask in masks {
                let group: Vec<usize> = (0..12).filter(|topic| mask >> topic & 1 == 1).collect();
                guard.protect(&group);
                prop_assert!(guard.admits(&[&group]));
            }
        }
    }
}
