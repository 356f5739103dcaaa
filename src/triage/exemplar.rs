//! Which approved example lies nearest to a text?
//!
//! Examples come from files a clinician has approved; each belongs to a channel and to a rule or
//! group of that channel. Vectors are kept in eight bits; nearness is the cosine. The channel of a
//! text is the one that most of its nearest examples belong to, weighed by nearness. What a channel
//! leads to is not known here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}

impl Exemplars {
    /// Adds an example with its vector of length one.
    pub(super) fn push(&mut self, exemplar: Exemplar, vector: &[f32]) {
        self.texts.push(exemplar);
        let largest = vector.iter().fold(f32::MIN_POSITIVE, |most, v| most.max(v.abs()));
        let scale = f32::from(i8::MAX) / largest;
        self.vectors.extend(vector.iter().map(|v| (v * scale).round() as i8));
    }

    pub(super) fn nearest(&self, vector: &[f32]) -> Option<Nearest> {
        if vector.is_empty() {
            return None;
        }
        let mut near: Vec<(f64, usize)> = self
            .vectors
            .chunks_exact(vector.len())
            .map(|row| cosine(row, vector))
            .zip(0..self.texts.len())
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        near.truncate(VOTERS);
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

fn cosine(row: &[i8], vector: &[f32]) -> f64 {
    let (mut dot, mut square) = (0.0_f64, 0.0_f64);
    for (w, v) in row.iter().zip(vector) {
        let w = f64::from(*w);
        dot += w * f64::from(*v);
        square += w * w;
    }
    if square > 0.0 { dot / square.sqrt() } else { 0.0 }
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
