//! Which approved example lies nearest to a text?
//!
//! Examples come from files a clinician has approved; each belongs to a channel and to a rule or
//! group of that channel. Vectors are kept in eight bits; nearness is the cosine. The channel of a
//! text is the one that most of its nearest examples belong to, weighed by nearness. What a channel
//! leads to is not known here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::embed::token_dots;

/// Nearest examples that choose the channel.
const VOTERS: usize = 5;

/// An approved example of an urgent message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exemplar {
    /// Id of its channel.
    pub channel: String,
    /// Id of its rule or group in that channel.
    pub rule: String,
    /// How it is put.
    pub text: String,
}

/// The example nearest to a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The example.
    pub exemplar: Exemplar,
    /// Cosine to the text.
    pub cosine: f64,
}

/// Examples with their vectors.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Exemplars {
    pub(super) texts: Vec<Exemplar>,
    /// One row an example, scaled to about 127.
    pub(super) vectors: Vec<i8>,
    /// The squared length of each row.
    squares: Vec<i32>,
}

impl Exemplars {
    /// Examples with their vectors, one after the other.
    pub(super) fn new(texts: Vec<Exemplar>, vectors: Vec<i8>, dimension: usize) -> Exemplars {
        let rows = vectors.chunks_exact(dimension.max(1));
        let squares = rows.map(square).collect();
        Exemplars { texts, vectors, squares }
    }

    /// Adds an example with its vector of length one.
    pub(super) fn push(&mut self, exemplar: Exemplar, vector: &[f32]) {
        self.texts.push(exemplar);
        let largest = vector.iter().fold(f32::MIN_POSITIVE, |most, v| most.max(v.abs()));
        let scale = f32::from(i8::MAX) / largest;
        let row: Vec<i8> = vector.iter().map(|v| (v * scale).round() as i8).collect();
        self.squares.push(square(&row));
        self.vectors.extend(row);
    }

    pub(super) fn nearest(&self, vector: &[f32]) -> Option<Nearest> {
        if vector.is_empty() {
            return None;
        }
        let cosines = token_dots(&self.vectors, vector, vector.len())
            .into_iter()
            .zip(&self.squares)
            .map(|(dot, square)| f64::from(dot) / f64::from((*square).max(1)).sqrt());
        let mut near: Vec<(f64, usize)> = cosines.zip(0..self.texts.len()).collect();
        let nearer = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if near.len() > VOTERS {
            near.select_nth_unstable_by(VOTERS, nearer);
            near.truncate(VOTERS);
        }
        near.sort_unstable_by(nearer);
        let mut votes: BTreeMap<&str, f64> = BTreeMap::new();
        for &(cosine, at) in &near {
            *votes.entry(&self.texts[at].channel).or_default() += cosine;
        }
        let channel_votes = |at: usize| votes.get(self.texts[at].channel.as_str()).copied();
        let most = near.iter().filter_map(|&(_, at)| channel_votes(at)).fold(f64::MIN, f64::max);
        let &(cosine, at) = near.iter().find(|&&(_, at)| channel_votes(at) == Some(most))?;
        Some(Nearest { exemplar: self.texts[at].clone(), cosine })
    }
}

fn square(row: &[i8]) -> i32 {
    row.iter().map(|w| i32::from(*w) * i32::from(*w)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(channel: &str, rule: &str) -> Exemplar {
        Exemplar { channel: channel.into(), rule: rule.into(), text: format!("{channel} {rule}") }
    }

    #[test]
    fn the_channel_of_most_neighbours_speaks_through_its_nearest() {
        let mut exemplars = Exemplars::default();
        assert_eq!(exemplars.nearest(&[1.0, 0.0]), None);
        exemplars.push(exemplar("a", "one"), &[1.0, 0.0]);
        for rule in ["near", "nearer", "far"] {
            let x = if rule == "nearer" { 0.99_f32 } else { 0.9 };
            exemplars.push(exemplar("b", rule), &[x, (1.0 - x * x).sqrt()]);
        }
        let nearest = exemplars.nearest(&[1.0, 0.0]).unwrap();
        assert_eq!(
            (nearest.exemplar.channel.as_str(), nearest.exemplar.rule.as_str()),
            ("b", "nearer")
        );
        assert!((nearest.cosine - 0.99).abs() < 0.01);
    }
}
