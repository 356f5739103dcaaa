//! Does confidence tell the answers to give from those to keep back?
//!
//! Topics are ordered by confidence, descending. Equal confidences enter together, since no
//! threshold parts them, so no figure depends on the order of the file. Topics without a
//! confidence (or with one that is not a number) rank below all others, together, and count as
//! wrong there, so that systems that decline without saying how sure they are stay comparable.
//!
//! Every figure takes a multiplicity for each topic, which is what a bootstrap over families
//! draws; [`once`] counts each topic once. Nothing here knows decisions, documents or thresholds
//! that were served.

use crate::eval::report::model::RiskPoint;

/// Each of `n` topics counted once.
pub fn once(n: usize) -> Vec<u32> {
    vec![1; n]
}

/// Topics by confidence, descending, in blocks of equal confidence; those without one last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByConfidence {
    order: Vec<usize>,
    ends: Vec<usize>,
    confident: usize,
}

impl ByConfidence {
    /// Orders topics by confidence. NaN counts as none.
    pub fn of(confidences: &[Option<f64>]) -> ByConfidence {
        let known = |&i: &usize| confidences[i].filter(|c| !c.is_nan()).map(|c| c + 0.0);
        let mut order: Vec<usize> = (0..confidences.len()).collect();
        order.sort_by(|a, b| match (known(a), known(b)) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
        let confident = order.iter().filter(|i| known(i).is_some()).count();
        let ends = (1..=order.len())
            .filter(|&end| order.get(end).is_none_or(|i| known(i) != known(&order[end - 1])))
            .collect();
        ByConfidence { order, ends, confident }
    }

    /// Blocks of topics with equal confidence, the surest first.
    pub fn blocks(&self) -> impl Iterator<Item = &[usize]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.order[start..end])
    }

    /// Topics that have a confidence: the first so many of the order.
    pub fn confident(&self) -> usize {
        self.confident
    }

    /// Topics in order, the surest first; equal confidences in order of the input.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

/// A topic as the risk-coverage curve sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// How sure the system is, in any unit; only the order counts.
    pub confidence: Option<f64>,
    /// Whether answering from its best document is right.
    pub right: bool,
}

/// Risk and coverage at every threshold on the confidence.
///
/// Answering all topics with confidence at least t has coverage k/n, k being their number among
/// n topics, and selective risk e/k, e being the wrong ones among them (El-Yaniv and Wiener 2010,
/// JMLR 11:1605).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selective {
    by: ByConfidence,
    wrong: Vec<bool>,
}

/// Topics answered and wrong at one threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    answered: u64,
    wrong: u64,
}

impl Tally {
    fn risk(self) -> f64 {
        self.wrong as f64 / self.answered as f64
    }
}

impl Selective {
    /// Orders the topics. A topic without a confidence is wrong, whatever it says.
    pub fn of(cases: &[Case]) -> Selective {
        let confidences: Vec<Option<f64>> = cases.iter().map(|c| c.confidence).collect();
        let sure = |c: &Case| c.confidence.is_some_and(|c| !c.is_nan());
        let wrong = cases.iter().map(|c| !(c.right && sure(c))).collect();
        Selective { by: ByConfidence::of(&confidences), wrong }
    }

    /// The order it stands on.
    pub fn by_confidence(&self) -> &ByConfidence {
        &self.by
    }

    /// Whether a topic counts as wrong.
    pub fn is_wrong(&self, topic: usize) -> bool {
        self.wrong[topic]
    }

    /// Cumulated tallies after each block, and the block's own number of topics.
    fn tallies<'a>(&'a self, counts: &'a [u32]) -> impl Iterator<Item = (u64, Tally)> + 'a {
        self.by.blocks().scan(Tally::default(), |total, block| {
            let size: u64 = block.iter().map(|&i| u64::from(counts[i])).sum();
            let wrong = block.iter().filter(|&&i| self.wrong[i]);
            total.answered += size;
            total.wrong += wrong.map(|&i| u64::from(counts[i])).sum::<u64>();
            Some((size, *total))
        })
    }

    /// The curve: a point for every threshold, in order of coverage, the last one at coverage 1.
    /// Where some topics have no confidence, the last point counts them all as answered wrongly.
    pub fn curve(&self) -> Vec<RiskPoint> {
        let n = self.wrong.len() as u64;
        let right = n - self.wrong.iter().filter(|w| **w).count() as u64;
        let counts = once(self.wrong.len());
        let points = self.tallies(&counts).map(|(_, tally)| RiskPoint {
            coverage: tally.answered as f64 / n as f64,
            risk: tally.risk(),
            oracle: tally.answered.saturating_sub(right) as f64 / tally.answered as f64,
        });
        points.collect()
    }

    /// Area under the risk-coverage curve: the mean, over topics, of the selective risk at the
    /// threshold that just admits the topic, (1/n) `Σ_i` risk({j: `c_j` >= `c_i`}). Without ties
    /// it is (1/n) `Σ_k` risk of the surest k (Geifman, Uziel and El-Yaniv 2019, ICLR); topics that
    /// tie all take the risk at their common threshold. From 0 to 1, small is good; NaN without
    /// topics.
    pub fn aurc(&self, counts: &[u32]) -> f64 {
        let (mut area, mut n) = (0.0, 0);
        for (size, tally) in self.tallies(counts).filter(|(size, _)| *size > 0) {
            area += size as f64 * tally.risk();
            n = tally.answered;
        }
        area / n as f64
    }

    /// AURC less that of the oracle, which ranks the same number of wrong topics last (E-AURC,
    /// Geifman, Uziel and El-Yaniv 2019; the oracle's area exactly, not by its logarithm). Never
    /// below 0; NaN without topics.
    pub fn excess_aurc(&self, counts: &[u32]) -> f64 {
        let total = self.tallies(counts).last().map(|(_, tally)| tally).unwrap_or_default();
        let excess = self.aurc(counts) - oracle_aurc(total);
        if excess < 0.0 { 0.0 } else { excess }
    }

    /// Largest share of the topics that a threshold on the confidence answers with selective risk
    /// at most `risk`, chosen in hindsight on these very topics: an upper limit of what a threshold
    /// fixed beforehand attains. 0 when no threshold does; NaN without topics.
    pub fn coverage_at_risk(&self, risk: f64, counts: &[u32]) -> f64 {
        let n: u64 = counts.iter().map(|&c| u64::from(c)).sum();
        self.answered_at_risk(risk, counts) as f64 / n as f64
    }

    /// Numerator of [`Self::coverage_at_risk`].
    pub fn answered_at_risk(&self, risk: f64, counts: &[u32]) -> u64 {
        let confident = &self.by.order[..self.by.confident];
        let limit: u64 = confident.iter().map(|&i| u64::from(counts[i])).sum();
        let tallies = self.tallies(counts).map(|(_, tally)| tally);
        let within = tallies
            .take_while(|tally| tally.answered <= limit)
            .filter(|tally| tally.answered > 0 && tally.risk() <= risk);
        within.map(|tally| tally.answered).last().unwrap_or(0)
    }
}

/// Area of the oracle's curve: (1/n) `Σ_{k=1}^{n}` max(0, k - r)/k, r topics being right.
fn oracle_aurc(total: Tally) -> f64 {
    let right = total.answered - total.wrong;
    let risks = (right + 1..=total.answered).map(|k| (k - right) as f64 / k as f64);
    risks.sum::<f64>() / total.answered as f64
}

/// How well confidence parts two groups of topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrimination {
    by: ByConfidence,
    positive: Vec<bool>,
}

impl Discrimination {
    /// Orders topics, given as confidence and whether they belong to the group that should be
    /// surer.
    pub fn of(topics: &[(Option<f64>, bool)]) -> Discrimination {
        let confidences: Vec<Option<f64>> = topics.iter().map(|t| t.0).collect();
        Discrimination {
            by: ByConfidence::of(&confidences),
            positive: topics.iter().map(|t| t.1).collect(),
        }
    }

    /// Area under the ROC curve: P(a positive is surer than a negative) + P(equally sure) / 2
    /// (Mann and Whitney 1947; Hanley and McNeil 1982, Radiology 143:29). From 0 to 1, 1/2 is
    /// chance; NaN where either group is empty.
    pub fn auroc(&self, counts: &[u32]) -> f64 {
        let (mut above, mut negatives, mut twice) = (0_u64, 0_u64, 0_u64);
        for block in self.by.blocks() {
            let weight = |wanted: bool| -> u64 {
                let members = block.iter().filter(|&&i| self.positive[i] == wanted);
                members.map(|&i| u64::from(counts[i])).sum()
            };
            let (positive, negative) = (weight(true), weight(false));
            twice += negative * (2 * above + positive);
            above += positive;
            negatives += negative;
        }
        twice as f64 / (2.0 * above as f64 * negatives as f64)
    }
}

#[cfg(test)]
mod tests {
    //! 1. Every figure equals its definition written out over all pairs of topics, ties and
    //!    missing confidences included.
    //! 2. A topic drawn twice is the same as two equal topics.
    //! 3. The order of the topics does not matter.
    //! 4. Figures equal those of other hands on committed cases.

    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12
    }

    fn cases(text: &[(f64, bool)]) -> Vec<Case> {
        text.iter().map(|&(c, right)| Case { confidence: Some(c), right }).collect()
    }

    #[test]
    fn the_curve_of_four_topics_by_hand() {
        let selective =
            Selective::of(&cases(&[(0.6, false), (0.9, true), (0.8, false), (0.7, true)]));
        let risks: Vec<f64> = selective.curve().iter().map(|point| point.risk).collect();
        assert_eq!(risks, [0.0, 1.0 / 2.0, 1.0 / 3.0, 2.0 / 4.0]);
        let oracle: Vec<f64> = selective.curve().iter().map(|point| point.oracle).collect();
        assert_eq!(oracle, [0.0, 0.0, 1.0 / 3.0, 2.0 / 4.0]);
        let aurc = (1.0 / 2.0 + 1.0 / 3.0 + 2.0 / 4.0) / 4.0;
        assert!(near(selective.aurc(&once(4)), aurc));
        assert!(near(selective.excess_aurc(&once(4)), 0.5 / 4.0));
        assert!(near(selective.coverage_at_risk(0.35, &once(4)), 0.75));
        assert!(near(selective.coverage_at_risk(0.05, &once(4)), 0.25));
    }

    #[test]
    fn topics_without_confidence_come_last_together_and_are_wrong() {
        let right = |confidence| Case { confidence, right: true };
        let cases = [right(None), right(Some(0.2)), right(Some(f64::NAN)), right(Some(-3.0))];
        let curve = Selective::of(&cases).curve();
        let points: Vec<(f64, f64)> = curve.iter().map(|p| (p.coverage, p.risk)).collect();
        assert_eq!(points, [(0.25, 0.0), (0.5, 0.0), (1.0, 0.5)]);
        // No threshold on the confidence answers the last two.
        assert!(near(Selective::of(&cases).coverage_at_risk(1.0, &once(4)), 0.5));
    }

    #[test]
    fn a_constant_confidence_has_the_risk_of_all_and_chance_discrimination() {
        let equal = [(0.5, true), (0.5, false), (0.5, true), (0.5, true)];
        assert!(near(Selective::of(&cases(&equal)).aurc(&once(4)), 0.25));
        let topics: Vec<(Option<f64>, bool)> = equal.iter().map(|e| (Some(e.0), e.1)).collect();
        assert!(near(Discrimination::of(&topics).auroc(&once(4)), 0.5));
    }

    #[test]
    fn figures_without_topics_are_not_numbers() {
        assert!(Selective::of(&[]).aurc(&[]).is_nan());
        assert!(Selective::of(&[]).excess_aurc(&[]).is_nan());
        assert!(Selective::of(&[]).coverage_at_risk(0.05, &[]).is_nan());
        assert!(Selective::of(&[]).curve().is_empty());
        assert!(Discrimination::of(&[(Some(0.5), true)]).auroc(&[1]).is_nan());
    }

    #[test]
    fn figures_equal_those_of_other_hands() {
        let text = include_str!("../../tests/data/eval/selective.json");
        let fixture: Value = serde_json::from_str(text).unwrap();
        let read = fixture["cases"].as_array().unwrap();
        assert_eq!(read.len(), 60);
        for case in read {
            let confidences = case["confidences"].as_array().unwrap().iter();
            let outcomes = case["outcomes"].as_str().unwrap().bytes();
            let topics: Vec<(f64, bool)> =
                confidences.map(|c| c.as_f64().unwrap()).zip(outcomes.map(|o| o == b'1')).collect();
            let counts = once(topics.len());
            let expected = |name: &str| case["expected"][name].as_f64().unwrap();
            let selective = Selective::of(&cases(&topics));
            let optional: Vec<(Option<f64>, bool)> =
                topics.iter().map(|t| (Some(t.0), t.1)).collect();
            assert!(near(Discrimination::of(&optional).auroc(&counts), expected("auroc")));
            assert!(near(selective.aurc(&counts), expected("aurc")));
            assert!(near(selective.excess_aurc(&counts), expected("excess_aurc")));
        }
    }

    /// Topics with few distinct confidences, and how often each is drawn.
    fn drawn() -> impl Strategy<Value = Vec<(Option<f64>, bool, u32)>> {
        let confidence = prop::option::weighted(0.8, (0_u8..6).prop_map(|c| f64::from(c) / 5.0));
        prop::collection::vec((confidence, any::<bool>(), 0_u32..4), 1..25)
    }

    /// Each topic as often as it is drawn.
    fn repeated(topics: &[(Option<f64>, bool, u32)]) -> Vec<(Option<f64>, bool)> {
        let copies = topics.iter().map(|t| vec![(t.0, t.1); t.2 as usize]);
        copies.flatten().collect()
    }

    /// Selective risk of the topics at least as sure as one, and how many they are.
    fn risk_at(topics: &[(Option<f64>, bool)], least: Option<f64>) -> (f64, usize) {
        let admitted: Vec<bool> = topics
            .iter()
            .filter(|t| least.is_none() || t.0 >= least)
            .map(|t| t.0.is_some() && t.1)
            .collect();
        let wrong = admitted.iter().filter(|right| !**right).count();
        (wrong as f64 / admitted.len() as f64, admitted.len())
    }

    proptest! {
        #[test]
        fn figures_equal_their_definitions(topics in drawn()) {
            let counts: Vec<u32> = topics.iter().map(|t| t.2).collect();
            let all = repeated(&topics);
            prop_assume!(!all.is_empty());
            let n = all.len() as f64;
            let given: Vec<Case> =
                topics.iter().map(|t| Case { confidence: t.0, right: t.1 }).collect();
            let selective = Selective::of(&given);

            let aurc = all.iter().map(|t| risk_at(&all, t.0).0).sum::<f64>() / n;
            prop_assert!(near(selective.aurc(&counts), aurc));

            let mut ideal: Vec<f64> =
                all.iter().map(|t| f64::from(u8::from(!(t.0.is_some() && t.1)))).collect();
            ideal.sort_by(f64::total_cmp);
            let oracle = (1..=all.len()).map(|k| ideal[..k].iter().sum::<f64>() / k as f64);
            let excess = aurc - oracle.sum::<f64>() / n;
            prop_assert!(near(selective.excess_aurc(&counts), excess));
            prop_assert!(selective.excess_aurc(&counts) >= 0.0);

            for limit in [0.0, 0.05, 0.25, 0.5, 1.0] {
                let within = all.iter().filter(|t| t.0.is_some()).map(|t| risk_at(&all, t.0));
                let most = within.filter(|r| r.0 <= limit).map(|r| r.1).max().unwrap_or(0);
                prop_assert!(near(selective.coverage_at_risk(limit, &counts), most as f64 / n));
            }
        }

        #[test]
        fn auroc_equals_its_definition(topics in drawn()) {
            let counts: Vec<u32> = topics.iter().map(|t| t.2).collect();
            let all = repeated(&topics);
            let group = |wanted| all.iter().filter(move |t| t.1 == wanted).map(|t| t.0);
            let pairs = group(true).count() * group(false).count();
            prop_assume!(pairs > 0);
            let won = group(true).flat_map(|p| group(false).map(move |q| {
                if p > q { 1.0 } else if p == q { 0.5 } else { 0.0 }
            }));
            let given: Vec<(Option<f64>, bool)> = topics.iter().map(|t| (t.0, t.1)).collect();
            let found = Discrimination::of(&given).auroc(&counts);
            prop_assert!(near(found, won.sum::<f64>() / pairs as f64));
        }

        #[test]
        fn the_order_of_topics_does_not_matter(topics in drawn()) {
            let given = |topics: &[(Option<f64>, bool, u32)]| -> Vec<Case> {
                topics.iter().map(|t| Case { confidence: t.0, right: t.1 }).collect()
            };
            let forward = Selective::of(&given(&topics));
            let mut reversed = topics.clone();
            reversed.reverse();
            let backward = Selective::of(&given(&reversed));
            prop_assert_eq!(forward.curve(), backward.curve());
            let n = topics.len();
            prop_assert_eq!(forward.aurc(&once(n)).to_bits(), backward.aurc(&once(n)).to_bits());
        }

        #[test]
        fn the_curve_ends_with_all_and_never_beats_the_oracle(topics in drawn()) {
            let given: Vec<Case> =
                topics.iter().map(|t| Case { confidence: t.0, right: t.1 }).collect();
            let curve = Selective::of(&given).curve();
            prop_assert!(curve.windows(2).all(|w| w[0].coverage < w[1].coverage));
            prop_assert!(curve.iter().all(|p| p.risk >= p.oracle));
            prop_assert!(curve.last().is_some_and(|p| near(p.coverage, 1.0)));
        }
    }
}
