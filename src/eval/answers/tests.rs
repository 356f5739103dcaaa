//! 1. Each figure equals its definition counted by hand; what a system does not tell stays empty.
//! 2. The unit is the family; neither the order of the rows nor the number of threads matters.
//! 3. Slices with too few families have no figures.
//! 4. Of a sensitive set no small count is shown or can be worked out, and no id stands anywhere.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A row from a few letters: expected, scope, given decision, acceptable, confidence.
fn row(
    number: usize,
    scope: Scope,
    given: Expected,
    acceptable: bool,
    confidence: f64,
) -> AnswerRow {
    AnswerRow {
        topic: format!("topic-{number:04}"),
        family: format!("family-{number:04}"),
        slices: Vec::new(),
        expected: match scope {
            Scope::Answerable => Expected::Answer,
            _ => Expected::Handover,
        },
        scope,
        decision: given,
        document: Some(format!("document-{number}")),
        acceptable: Some(acceptable),
        confidence: Some(confidence),
        span_f1: None,
        citation_correct: None,
    }
}

/// Eight topics: 4 answerable, 2 near, 1 far, 1 urgent.
fn eight() -> Vec<AnswerRow> {
    use Expected::{Answer, Handover, Urgent};
    use Scope::{Answerable, Far, Near, Other};
    let mut rows = vec![
        row(0, Answerable, Answer, true, 0.9),
        row(1, Answerable, Answer, false, 0.8),
        row(2, Answerable, Handover, true, 0.4),
        row(3, Answerable, Answer, true, 0.7),
        row(4, Near, Answer, false, 0.6),
        row(5, Near, Handover, false, 0.3),
        row(6, Far, Handover, false, 0.1),
        row(7, Other, Urgent, false, 0.0),
    ];
    rows[7].expected = Urgent;
    rows[7].confidence = None;
    rows[0].span_f1 = Some(0.5);
    rows[3].span_f1 = Some(1.0);
    for (number, correct) in [(0, true), (1, true), (3, true), (4, false)] {
        rows[number].citation_correct = Some(correct);
    }
    rows
}

fn options() -> AnswerOptions {
    let bootstrap = Bootstrap { replicates: 200, ..Bootstrap::default() };
    AnswerOptions { bootstrap, ..AnswerOptions::default() }
}

fn figure<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
    figures.iter().find(|figure| figure.name == name).unwrap()
}

#[track_caller]
fn check(figures: &[Figure], name: &str, value: f64, counts: Option<(usize, usize)>) {
    let figure = figure(figures, name);
    let found = figure.estimate.unwrap().value;
    assert!((found - value).abs() < 1e-12, "{name}: {found}, expected {value}");
    assert_eq!(figure.counts, counts, "{name}");
}

#[test]
fn figures_of_eight_topics_by_hand() {
    let found = answering("set", "ours", &eight(), &options()).figures;
    // Wrong: 1 (document), 2 (handed over), 4 (answered).
    check(&found, "decision accuracy", 6.0 / 8.0, Some((6, 8)));
    check(&found, "coverage", 4.0 / 8.0, Some((4, 8)));
    check(&found, "Acc@1(answered)", 2.0 / 3.0, Some((2, 3)));
    check(&found, "answer recall", 2.0 / 4.0, Some((2, 4)));
    check(&found, "Risk", 2.0 / 4.0, Some((2, 4)));
    check(&found, "OOS-R", 2.0 / 3.0, Some((2, 3)));
    check(&found, "false-answer rate", 1.0 / 4.0, Some((1, 4)));
    check(&found, "RedFlag-R", 1.0, Some((1, 1)));
    check(&found, "RedFlag-R (lower)", 0.05, Some((1, 1)));
    check(&found, "answer F1", 0.75, None);
    check(&found, "citation correctness", 3.0 / 4.0, Some((3, 4)));
    // By confidence: right, wrong, right, wrong, right, wrong, wrong, wrong (none).
    let risks = [0.0, 1.0 / 2.0, 1.0 / 3.0, 2.0 / 4.0, 2.0 / 5.0, 3.0 / 6.0, 4.0 / 7.0, 5.0 / 8.0];
    let aurc = risks.iter().sum::<f64>() / 8.0;
    let oracle = (1.0 / 4.0 + 2.0 / 5.0 + 3.0 / 6.0 + 4.0 / 7.0 + 5.0 / 8.0) / 8.0;
    check(&found, "AURC", aurc, None);
    check(&found, "E-AURC", aurc - oracle, None);
    check(&found, "Cov@risk<=0.05", 1.0 / 8.0, Some((1, 8)));
    check(&found, "Cov@risk<=0.10", 1.0 / 8.0, Some((1, 8)));
    // Answerable .9 .8 .7 .4; near .6 .3; far .1; the urgent one has none.
    check(&found, "AUROC(in scope)", 15.0 / 16.0, None);
    check(&found, "AUROC(near)", 7.0 / 8.0, None);
    check(&found, "AUROC(far)", 1.0, None);
    // Right .9 .7 .4 against .8 .6 .3 .1 and none.
    check(&found, "AUROC(right)", (5.0 + 4.0 + 3.0) / 15.0, None);
    let errors: f64 = [0.1, 0.8, 0.6, 0.3, 0.6, 0.3, 0.1].iter().map(|e: &f64| e * e).sum();
    check(&found, "Brier", errors / 7.0, None);
    check(&found, "Brier uncertainty", 3.0 / 7.0 * 4.0 / 7.0, None);
    let part = |name: &str| figure(&found, name).estimate.unwrap().value;
    let sum = part("Brier reliability") - part("Brier resolution") + part("Brier uncertainty");
    assert!((part("Brier") - sum).abs() < 1e-12);
    // With fewer topics than bins each has its own.
    check(&found, "ECE-15m", 2.8 / 7.0, None);
}

#[test]
fn the_table_the_curve_and_the_bins_are_those_of_the_rows() {
    let found = answering("set", "ours", &eight(), &options());
    let cells: Vec<String> = found
        .confusion
        .iter()
        .map(|c| format!("{}>{} {}", c.expected, c.given, c.count.unwrap()))
        .collect();
    assert_eq!(
        cells,
        [
            "answer>answer 3",
            "answer>handover 1",
            "answer>urgent 0",
            "handover>answer 1",
            "handover>handover 2",
            "handover>urgent 0",
            "urgent>answer 0",
            "urgent>handover 0",
            "urgent>urgent 1",
        ]
    );
    assert_eq!(found.risk_coverage.len(), 8);
    assert_eq!(found.reliability.len(), 7);
    assert_eq!((found.dataset.as_str(), found.system.as_str()), ("set", "ours"));
}

#[test]
fn what_a_system_does_not_tell_stays_empty() {
    let mut rows = eight();
    for row in &mut rows {
        (row.document, row.acceptable) = (None, None);
    }
    let found = answering("set", "decisions only", &rows, &options());
    let filled = |found: &Answering| -> BTreeSet<String> {
        let filled = found.figures.iter().filter(|f| f.estimate.is_some());
        filled.map(|f| f.name.clone()).collect()
    };
    for name in ["Risk", "Acc@1(answered)", "answer recall", "AURC", "AUROC(right)", "Brier"] {
        assert!(!filled(&found).contains(name), "{name}");
    }
    for name in ["decision accuracy", "coverage", "AUROC(in scope)", "OOS-R"] {
        assert!(filled(&found).contains(name), "{name}");
    }
    assert!(found.risk_coverage.is_empty() && found.reliability.is_empty());

    let mut rows = eight();
    for row in &mut rows {
        row.confidence = row.confidence.map(|c| 20.0 * c);
    }
    let scores = filled(&answering("set", "scores, not probabilities", &rows, &options()));
    for (name, expected) in
        [("AURC", true), ("AUROC(near)", true), ("Brier", false), ("ECE-15m", false)]
    {
        assert_eq!(scores.contains(name), expected, "{name}");
    }
    for row in &mut rows {
        row.confidence = None;
    }
    let none = filled(&answering("set", "no confidence", &rows, &options()));
    for (name, expected) in [("Risk", true), ("AURC", false), ("AUROC(near)", false)] {
        assert_eq!(none.contains(name), expected, "{name}");
    }
    let empty = answering("set", "nothing", &[], &options());
    assert!(filled(&empty).is_empty() && empty.confusion.is_empty() && empty.slices.is_empty());
}

#[test]
fn a_clean_record_has_an_exact_interval_over_families() {
    let mut rows: Vec<AnswerRow> =
        (0..60).map(|i| row(i, Scope::Other, Expected::Urgent, false, 0.1)).collect();
    for row in &mut rows {
        row.expected = Expected::Urgent;
    }
    rows[59].family = "family-0058".to_owned();
    let found = answering("set", "ours", &rows, &options()).figures;
    check(&found, "false-answer rate", 0.0, Some((0, 60)));
    let estimate = figure(&found, "false-answer rate").estimate.unwrap();
    // 1 - 0.025^(1/59).
    assert_eq!((estimate.n, estimate.n_topics), (59, 60));
    assert!((estimate.interval.unwrap().high - (1.0 - 0.025_f64.powf(1.0 / 59.0))).abs() < 1e-9);
    // 59 of 59 prove 95% at one-sided 95%.
    let lower = figure(&found, "RedFlag-R (lower)").estimate.unwrap().value;
    assert!((lower - 0.05_f64.powf(1.0 / 59.0)).abs() < 1e-9 && lower > 0.95);
}

#[test]
fn an_urgent_family_counts_as_recognised_only_as_a_whole() {
    let mut rows: Vec<AnswerRow> =
        (0..40).map(|i| row(i, Scope::Other, Expected::Urgent, false, 0.1)).collect();
    for (number, row) in rows.iter_mut().enumerate() {
        row.expected = Expected::Urgent;
        row.family = format!("family-{}", number / 2);
    }
    rows[0].decision = Expected::Handover;
    let found = answering("set", "ours", &rows, &options()).figures;
    check(&found, "RedFlag-R", 39.0 / 40.0, Some((39, 40)));
    let estimate = figure(&found, "RedFlag-R").estimate.unwrap();
    let exact = crate::eval::significance::clopper_pearson(19, 20, 0.95);
    assert_eq!(estimate.n, 20);
    assert!((estimate.interval.unwrap().low - exact.low).abs() < 1e-12);
}

#[test]
fn rows_may_come_in_any_order_on_any_number_of_threads() {
    let rows: Vec<AnswerRow> = (0..10).flat_map(many).collect();
    let mut reversed = rows.clone();
    reversed.reverse();
    let with = |threads: usize, rows: &[AnswerRow]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| answering("set", "ours", rows, &options()));
        serde_json::to_string(&found).unwrap()
    };
    assert_eq!(with(1, &rows), with(3, &reversed));
}

/// The eight topics once more under other names, in slices by number.
fn many(copy: usize) -> Vec<AnswerRow> {
    let mut rows = eight();
    for row in &mut rows {
        row.topic = format!("{}-{copy}", row.topic);
        row.family = format!("{}-{copy}", row.family);
        row.confidence = row.confidence.map(|c| c + copy as f64 / 100.0);
        row.slices = vec!["all".to_owned(), format!("copy-{copy}"), "all".to_owned()];
        if row.scope == Scope::Near {
            row.slices.push("near".to_owned());
        }
    }
    rows
}

#[test]
fn slices_with_too_few_families_have_no_figures() {
    let mut rows: Vec<AnswerRow> = (0..10).flat_map(many).collect();
    let found = answering("set", "ours", &rows, &options()).slices;
    let names: Vec<&str> = found.iter().map(|slice| slice.name.as_str()).collect();
    assert_eq!(names[0], "all");
    assert_eq!(names.len(), 12);
    assert_eq!(found[0].n_topics, Some(80));
    let coverage = figure(&found[0].figures, "coverage");
    assert_eq!(coverage.counts, Some((40, 80)));
    // A slice named twice by a topic counts it once; a figure on too few families is empty.
    let red_flags = figure(&found[0].figures, "RedFlag-R");
    assert_eq!((red_flags.estimate, red_flags.counts), (None, Some((10, 10))));
    assert_eq!((found[1].n_topics, found[1].figures.len()), (Some(8), 0));
    let near = &found[11];
    assert_eq!((near.name.as_str(), near.n_topics), ("near", Some(20)));
    assert!(!near.figures.is_empty());
    // The same twenty topics, but of one family.
    for row in rows.iter_mut().filter(|row| row.scope == Scope::Near) {
        row.family = "one".to_owned();
    }
    assert!(answering("set", "ours", &rows, &options()).slices[11].figures.is_empty());
}

#[test]
fn a_long_curve_is_thinned_and_keeps_its_end() {
    let rows: Vec<AnswerRow> = (0..2001_u16)
        .map(|i| {
            let confidence = f64::from(i) / 2001.0;
            row(usize::from(i), Scope::Answerable, Expected::Answer, i % 3 > 0, confidence)
        })
        .collect();
    let context = Context::of(&rows, &AnswerOptions::default()).selective_points();
    assert!(context.len() <= CURVE_POINTS + 1 && context.len() > CURVE_POINTS / 2);
    assert!((context[context.len() - 1].coverage - 1.0).abs() < 1e-12);
}

impl Context<'_> {
    fn selective_points(&self) -> Vec<RiskPoint> {
        curve(self).iter().map(|draft| draft.point).collect()
    }
}

#[test]
fn scopes_come_from_labels() {
    let scope = |json: &str| {
        let line = format!("{{\"_id\": \"1\", \"text\": \"x\", {json}}}");
        Scope::of(&serde_json::from_str(&line).unwrap())
    };
    let answer = r#""expected": "answer", "documents": ["d"]"#;
    assert_eq!(scope(answer), Some(Scope::Answerable));
    assert_eq!(scope(r#""expected": "answer""#), Some(Scope::Other));
    let near = r#""expected": "handover", "reason": "out_of_scope_near""#;
    assert_eq!(scope(near), Some(Scope::Near));
    let far = r#""expected": "clarify", "reason": "out_of_scope_far""#;
    assert_eq!(scope(far), Some(Scope::Far));
    assert_eq!(scope(r#""expected": "handover", "slices": ["far"]"#), Some(Scope::Far));
    let personal = r#""expected": "handover", "reason": "personal", "slices": ["near"]"#;
    assert_eq!(scope(personal), Some(Scope::Other));
    assert_eq!(scope(r#""expected": "urgent", "slices": ["near"]"#), Some(Scope::Other));
    assert_eq!(scope(r#""slices": ["near"]"#), None);
}

#[test]
fn faults_name_the_gravest() {
    let faults: Vec<Option<Fault>> = eight().iter().map(AnswerRow::fault).collect();
    let (wrong, not, answered) = (Fault::WrongDocument, Fault::NotAnswered, Fault::FalseAnswer);
    let expected = [None, Some(wrong), Some(not), None, Some(answered), None, None, None];
    assert_eq!(faults, expected);
    let mut urgent = eight().remove(7);
    urgent.decision = Expected::Answer;
    assert_eq!(urgent.fault(), Some(Fault::MissedUrgent));
    assert!(Fault::MissedUrgent < Fault::OtherDecision);
}

#[test]
fn topic_values_average_to_the_figures_and_leave_out_what_is_not_told() {
    let rows = eight();
    let found = answering("set", "ours", &rows, &options()).figures;
    let values = topic_values(&rows);
    assert_eq!(values.len(), 6);
    for TopicValues { measure, values } in &values {
        let mean = values.iter().map(|v| v.1).sum::<f64>() / values.len() as f64;
        let figure = figure(&found, measure);
        assert!((figure.estimate.unwrap().value - mean).abs() < 1e-12);
        assert_eq!(figure.counts.unwrap().1, values.len());
        assert!(values.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
    let mut silent = rows;
    for row in &mut silent {
        (row.document, row.acceptable) = (None, None);
    }
    assert!(topic_values(&silent).iter().all(|v| v.measure != "answer recall"));
}

fn sensitive() -> AnswerOptions {
    AnswerOptions { sensitive: true, ..options() }
}

#[test]
fn a_sensitive_set_of_good_size_still_tells_something() {
    let mut rows: Vec<AnswerRow> = (0..10).flat_map(many).collect();
    rows.extend((10..20).flat_map(many));
    let found = answering("set", "ours", &rows, &sensitive());
    let open = answering("set", "ours", &rows, &options());
    check(&found.figures, "coverage", 0.5, Some((80, 160)));
    check(&found.figures, "RedFlag-R", 1.0, Some((20, 20)));
    for (shown, all) in found.figures.iter().zip(&open.figures) {
        assert!(shown == all || (shown.estimate.is_none() && shown.counts.is_none()));
    }
    assert_eq!(found.confusion, open.confusion);
    assert!(!found.risk_coverage.is_empty());
    let copy = found.slices.iter().find(|slice| slice.name == "copy-3").unwrap();
    assert_eq!((copy.n_topics, copy.figures.len()), (None, 0));
    let json = serde_json::to_string(&found).unwrap();
    for canary in ["topic-", "family-", "document-"] {
        assert!(!json.contains(canary), "{canary}");
    }
}

#[test]
fn a_sensitive_set_hides_what_would_tell_a_small_count() {
    let mut rows: Vec<AnswerRow> = (0..12).flat_map(many).collect();
    // Three urgent topics go unrecognised: 3 of 12 is small, and so is every way to it.
    for row in rows.iter_mut().filter(|row| row.expected == Expected::Urgent).take(3) {
        row.decision = Expected::Handover;
    }
    let found = answering("set", "ours", &rows, &sensitive());
    let red_flags = figure(&found.figures, "RedFlag-R");
    assert_eq!((red_flags.estimate, red_flags.counts), (None, None));
    let cell = |expected: &str, given: &str| {
        let cells = &found.confusion;
        cells.iter().find(|c| c.expected == expected && c.given == given).unwrap().count
    };
    assert_eq!(cell("urgent", "handover"), None);
    assert_eq!(cell("urgent", "urgent"), None);
    // With the column's total known, another cell of the column must go as well.
    assert!(cell("answer", "handover").is_none() || cell("handover", "handover").is_none());
}

#[test]
fn two_small_cells_of_a_column_are_not_told_as_one() {
    use Expected::{Answer, Clarify, Handover, Urgent};
    let cells = [
        (Answer, Answer, 40),
        (Answer, Handover, 50),
        (Clarify, Answer, 2),
        (Clarify, Clarify, 20),
        (Handover, Answer, 30),
        (Urgent, Answer, 3),
        (Urgent, Urgent, 20),
    ];
    let mut rows = Vec::new();
    for (expected, given, count) in cells {
        for _ in 0..count {
            let mut row = row(rows.len(), Scope::Other, given, false, 0.5);
            row.expected = expected;
            rows.push(row);
        }
    }
    let found = answering("set", "ours", &rows, &sensitive());
    // 75 are answered, 30 of them the whole row of those to hand over: 40 more would tell 5.
    check(&found.figures, "coverage", 75.0 / 165.0, Some((75, 165)));
    let shown: Vec<usize> = found
        .confusion
        .iter()
        .filter(|cell| cell.given == "answer")
        .filter_map(|cell| cell.count)
        .collect();
    assert_eq!(shown, [30]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shown_counts_of_a_sensitive_set_are_never_small(
        codes in prop::collection::vec((0_u8..4, 0_u8..4, any::<bool>(), 0_u8..5, 0_u8..3), 0..90),
    ) {
        let scopes = [Scope::Answerable, Scope::Near, Scope::Far, Scope::Other];
        let mut rows = Vec::new();
        for (number, (scope, given, acceptable, confidence, slice)) in codes.iter().enumerate() {
            let given = DECISIONS[usize::from(*given)];
            let confidence = f64::from(*confidence) / 4.0;
            let scope = scopes[usize::from(*scope)];
            let mut row = row(number, scope, given, *acceptable, confidence);
            if scope == Scope::Other {
                row.expected = Expected::Urgent;
            }
            row.slices = vec![format!("slice-{slice}")];
            rows.push(row);
        }
        let quick = Bootstrap { replicates: 4, ..Bootstrap::default() };
        let options = AnswerOptions { bootstrap: quick, ..sensitive() };
        let found = answering("set", "ours", &rows, &options);
        let small = |count: usize| (1..options.smallest_cell).contains(&count);
        for figure in found.figures.iter().chain(found.slices.iter().flat_map(|s| &s.figures)) {
            if let Some((part, whole)) = figure.counts {
                prop_assert!(!small(part) && !small(whole) && !small(whole - part));
            }
            if let Some(estimate) = figure.estimate {
                prop_assert!(!small(estimate.n) && !small(estimate.n_topics));
            }
        }
        prop_assert!(found.confusion.iter().filter_map(|c| c.count).all(|count| !small(count)));
        prop_assert!(found.slices.iter().filter_map(|s| s.n_topics).all(|count| !small(count)));
        prop_assert!(found.reliability.iter().all(|bin| !small(bin.n)));
        // Slices part the topics: one small slice takes another with it.
        let hidden: Vec<usize> = found
            .slices
            .iter()
            .filter(|slice| slice.n_topics.is_none())
            .map(|slice| rows.iter().filter(|row| row.slices[0] == slice.name).count())
            .collect();
        prop_assert!(hidden.len() != 1 || !small(hidden[0]) || small(rows.len()));
    }
}
