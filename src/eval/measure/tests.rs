//! Properties: values lie in [0, 1] and are finite for any grades; an ideal ranking scores 1;
//! moving a better document up never lowers a measure; the hand-worked examples hold.

use proptest::prelude::*;

use super::*;

fn value(measure: &str, ranked: &[Option<i32>], judged: &[i32]) -> f64 {
    let mut judged = judged.to_vec();
    judged.sort_unstable_by(|a, b| b.cmp(a));
    let measure: Measure = measure.parse().unwrap();
    measure.value(&JudgedRanking { ranked, judged: &judged })
}

#[track_caller]
fn check(measure: &str, ranked: &[Option<i32>], judged: &[i32], expected: f64) {
    let found = value(measure, ranked, judged);
    assert!((found - expected).abs() < 1e-15, "{measure}: {found} instead of {expected}");
}

/// Found: relevant, not judged, grade 0, grade 2; not found: grade 1, grade 0.
const RANKED: &[Option<i32>] = &[Some(1), None, Some(0), Some(2)];
const JUDGED: &[i32] = &[1, 0, 2, 1, 0];

#[test]
fn examples_worked_by_hand() {
    let log = f64::log2;
    check("AP", RANKED, JUDGED, (1.0 + 2.0 / 4.0) / 3.0);
    check("AP@3", RANKED, JUDGED, 1.0 / 3.0);
    check("AP(rel=2)", RANKED, JUDGED, 1.0 / 4.0);
    check("AP(judged_only=True)", RANKED, JUDGED, (1.0 + 2.0 / 3.0) / 3.0);
    let ideal = 2.0 + 1.0 / log(3.0) + 1.0 / log(4.0);
    check("nDCG", RANKED, JUDGED, (1.0 + 2.0 / log(5.0)) / ideal);
    check("nDCG@1", RANKED, JUDGED, 0.5);
    let ideal = 3.0 + 1.0 / log(3.0) + 1.0 / log(4.0);
    check("nDCG(dcg='exp-log2')@10", RANKED, JUDGED, (1.0 + 3.0 / log(5.0)) / ideal);
    check("RR", RANKED, JUDGED, 1.0);
    check("RR(rel=2)", RANKED, JUDGED, 0.25);
    check("RR(rel=2)@3", RANKED, JUDGED, 0.0);
    check("RR(rel=2,judged_only=True)@3", RANKED, JUDGED, 1.0 / 3.0);
    check("P@10", RANKED, JUDGED, 0.2);
    check("R@2", RANKED, JUDGED, 1.0 / 3.0);
    check("Success@1", RANKED, JUDGED, 1.0);
    check("Success(rel=2)@3", RANKED, JUDGED, 0.0);
    check("Rprec", RANKED, JUDGED, 1.0 / 3.0);
    check("Bpref", RANKED, JUDGED, (1.0 + 0.5) / 3.0);
    check("Bpref(rel=2)", RANKED, JUDGED, 0.0);
    check("Judged@2", RANKED, JUDGED, 0.5);
    check("Judged@9", RANKED, JUDGED, 0.75);
}

const ALL: &[&str] = &[
    "AP",
    "AP@3",
    "AP(rel=2)",
    "AP(judged_only=True)",
    "nDCG",
    "nDCG@3",
    "nDCG(dcg='exp-log2')@3",
    "nDCG(judged_only=True)",
    "RR",
    "RR@2",
    "RR(rel=2)",
    "P@3",
    "P(rel=2)@5",
    "R@3",
    "R(rel=2)@3",
    "Success@2",
    "Rprec",
    "Rprec(rel=2)",
    "Bpref",
    "Bpref(rel=2)",
    "Judged",
    "Judged@3",
];

#[test]
fn nothing_found_or_nothing_relevant_is_worth_nothing() {
    for measure in ALL {
        check(measure, &[], JUDGED, 0.0);
        check(measure, &[], &[], 0.0);
        if !measure.starts_with("Judged") {
            check(measure, &[Some(0), Some(-1), None], &[0, -1, 0], 0.0);
        }
    }
}

/// Hits of judged and unjudged documents, and grades of documents not found.
fn rankings() -> impl Strategy<Value = (Vec<Option<i32>>, Vec<i32>)> {
    let grade = prop_oneof![-2..4i32, Just(i32::MAX), Just(i32::MIN)];
    let hits = prop::collection::vec(prop::option::of(grade.clone()), 0..12);
    (hits, prop::collection::vec(grade, 0..6)).prop_map(|(ranked, mut judged)| {
        judged.extend(ranked.iter().flatten());
        (ranked, judged)
    })
}

proptest! {
    #[test]
    fn values_lie_between_0_and_1((ranked, judged) in rankings()) {
        for measure in ALL {
            let value = value(measure, &ranked, &judged);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{measure} is {value}");
        }
    }

    #[test]
    fn an_ideal_ranking_is_worth_1(mut grades in prop::collection::vec(0..4i32, 1..12)) {
        grades.push(2);
        grades.sort_unstable_by(|a, b| b.cmp(a));
        let ranked: Vec<_> = grades.iter().copied().map(Some).collect();
        for measure in ["AP", "nDCG", "nDCG@3", "nDCG(dcg='exp-log2')@5", "RR", "Rprec", "Bpref",
            "R@100", "Success@1", "Judged"]
        {
            check(measure, &ranked, &grades, 1.0);
        }
    }

    #[test]
    fn a_better_document_one_place_up_never_costs((ranked, judged) in rankings()) {
        for at in 1..ranked.len() {
            let (upper, lower) = (ranked[at - 1].unwrap_or(0), ranked[at].unwrap_or(0));
            if lower <= upper || upper < 0 {
                continue;
            }
            let mut better = ranked.clone();
            better.swap(at - 1, at);
            for measure in ALL.iter().filter(|measure| !measure.contains("Judged")) {
                let before = value(measure, &ranked, &judged);
                let after = value(measure, &better, &judged);
                prop_assert!(after >= before - 1e-12, "{measure}: {before} to {after}");
            }
        }
    }
}
