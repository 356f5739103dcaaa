//! A second opinion from the crate elinor, on rankings both define alike: no ties, at least one
//! relevant and one other judged document, no grade below 0.

use ::elinor::{Metric, PredRelStoreBuilder, TrueRelStoreBuilder};

use super::*;
use crate::eval::trec::Scored;

const PAIRS: &[(&str, &str)] = &[
    ("AP", "ap"),
    ("AP@3", "ap@3"),
    ("nDCG", "ndcg"),
    ("nDCG@4", "ndcg@4"),
    ("nDCG(dcg='exp-log2')@4", "ndcg_burges@4"),
    ("RR", "rr"),
    ("RR@2", "rr@2"),
    ("P@3", "precision@3"),
    ("R@3", "recall@3"),
    ("Success@2", "success@2"),
    ("Rprec", "r_precision"),
    ("Bpref", "bpref"),
];

proptest! {
    #[test]
    fn elinor_agrees(
        grades in prop::collection::vec(prop::option::of(0u32..4), 3..30),
        found in prop::collection::vec(any::<bool>(), 30),
        order in Just((0..30).collect::<Vec<u32>>()).prop_shuffle(),
    ) {
        prop_assume!(grades.iter().flatten().any(|grade| *grade > 0));
        prop_assume!(grades.contains(&Some(0)));
        let mut qrels = Qrels::new();
        let mut hits = Vec::new();
        let mut trues = TrueRelStoreBuilder::new();
        let mut predictions = PredRelStoreBuilder::new();
        for (number, grade) in grades.iter().enumerate() {
            let document = format!("d{number}");
            if let Some(grade) = *grade {
                qrels.insert("1", &document, i32::try_from(grade).unwrap());
                trues.add_record("1".to_owned(), document.clone(), grade).unwrap();
            }
            if found[number] || number == 0 {
                let score = f64::from(order[number]);
                predictions.add_record("1".to_owned(), document.clone(), score.into()).unwrap();
                hits.push(Scored { document, score });
            }
        }
        let mut run = Run::new("t");
        run.push("1", hits).unwrap();
        let (trues, predictions) = (trues.build(), predictions.build());
        for (ours, theirs) in PAIRS {
            let here = evaluate(&qrels, &run, &measures(&[*ours])).values[0][0];
            let metric: Metric = theirs.parse().unwrap();
            let there = ::elinor::evaluate(&trues, &predictions, metric).unwrap().mean();
            prop_assert!((here - there).abs() < 1e-12, "{ours}: {here}, elinor {there}");
        }
    }
}
