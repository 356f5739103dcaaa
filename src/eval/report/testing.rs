//! A made-up report that fills every part, for looking at and for tests.
//!
//! Five systems, one of them someone else's with cells it cannot fill; four datasets, one of them
//! sensitive; slices with too few topics; a set read before. Drawn from a fixed generator, so that
//! figures look like figures. The numbers mean nothing.

use std::collections::BTreeMap;

use super::model::*;
use crate::eval::estimate::{Estimate, Interval};

/// The sensitive set's text, which must appear nowhere.
pub(super) const CANARY: &str = "canary text that nobody may read";

/// SplitMix64 (Steele, Lea and Flood 2014), enough for made-up numbers.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About standard normal: a sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

struct Set {
    name: &'static str,
    split: &'static str,
    topics: usize,
    families: usize,
    base: f64,
}

const SETS: [Set; 4] = [
    Set { name: "screening", split: "dev", topics: 612, families: 401, base: 0.74 },
    Set { name: "scifact", split: "test", topics: 300, families: 300, base: 0.69 },
    Set { name: "feedbackqa-cdc", split: "test", topics: 1_022, families: 1_022, base: 0.75 },
    Set { name: "pilot-messages", split: "test", topics: 188, families: 171, base: 0.66 },
];

/// Name, kind, description, shift of quality, median microseconds.
const SYSTEMS: [(&str, &str, &str, f64, f64); 5] = [
    ("bm25f", "guidepost", "BM25F over title, headings, variants and body", 0.0, 210.0),
    ("dense", "guidepost", "All-MiniLM-L6-v2 in int8, exact cosine", -0.018, 1_450.0),
    ("rrf", "guidepost", "Both, reciprocal rank fusion", 0.022, 1_690.0),
    ("weighted", "guidepost", "Both, weighted sum of normalised scores", 0.038, 1_720.0),
    ("python-peer", "command", "A Python peer, timed from outside", 0.011, 24_300.0),
];

/// The nearest whole number; all are positive here.
#[expect(clippy::cast_sign_loss, reason = "only positive numbers are rounded")]
fn whole(value: f64) -> usize {
    value.round() as usize
}

fn estimate(value: f64, spread: f64, n: usize, n_topics: usize) -> Estimate {
    let half = 1.96 * spread / (n.max(1) as f64).sqrt();
    let interval = Interval { low: value - half, high: value + half * 0.97, level: 0.95 };
    Estimate { value, interval: Some(interval), n, n_topics }
}

fn share(part: usize, whole: usize) -> Estimate {
    let p = part as f64 / whole as f64;
    let held = |value: f64| value.clamp(0.0, 1.0);
    let mut estimate = estimate(p, (p * (1.0 - p)).sqrt().max(0.08), whole, whole);
    estimate.interval = estimate.interval.map(|i| Interval {
        low: held(i.low),
        high: held(i.high),
        level: i.level,
    });
    estimate
}

/// A report with every part filled.
pub(super) fn sample() -> Report {
    let mut draw = Draw(20_26);
    Report {
        version: REPORT_VERSION,
        name: "Lexical, dense and fused retrieval on screening questions".to_owned(),
        question: "Does a weighted sum of BM25F and dense scores find the right guidance more \
                   often than BM25F alone, within the same time?"
            .to_owned(),
        command: "guidepost eval run eval/experiments/fusion.toml --out eval/record/fusion"
            .to_owned(),
        seeds: vec![1],
        inputs: inputs(),
        datasets: datasets(),
        systems: systems(),
        measures: measures(&mut draw),
        comparisons: comparisons(&mut draw),
        resolution: resolution(),
        answering: answering(&mut draw),
        differences: differences(&mut draw),
        worst: worst(),
        responses: responses(&mut draw),
        latency: latency(&mut draw),
        throughput: throughput(),
        time_ratios: time_ratios(),
        environment: Some(environment()),
        methods: methods(),
        bias: bias(),
        warnings: vec![
            "`python-peer` gives no confidences: its cells on selective answering stay empty."
                .to_owned(),
            "14% of the documents that `dense` ranks in its first ten on `scifact` are unjudged; \
             unjudged counts as not relevant."
                .to_owned(),
        ],
    }
}

fn inputs() -> Vec<Input> {
    let rows = [
        ("topics", "screening"),
        ("topics", "scifact"),
        ("topics", "feedbackqa-cdc"),
        ("topics", "pilot-messages"),
        ("corpus", "corpus"),
        ("model", "all-MiniLM-L6-v2-int8"),
        ("settings", "weighted"),
        ("calibrator", "dev-fit"),
        ("program", "python-peer"),
    ];
    let fingerprint = |name: &str| {
        let mut draw = Draw(name.bytes().map(u64::from).sum());
        (0..64).map(|_| char::from(b"0123456789abcdef"[whole(draw.unit() * 15.0)])).collect()
    };
    let input = |(role, name): (&str, &str)| Input {
        role: role.to_owned(),
        name: name.to_owned(),
        fingerprint: fingerprint(name),
    };
    rows.into_iter().map(input).collect()
}

fn datasets() -> Vec<Dataset> {
    let dataset = |set: &Set| Dataset {
        name: set.name.to_owned(),
        split: set.split.to_owned(),
        topics: set.topics,
        families: set.families,
        answerable: Some(if set.split == "dev" { 430 } else { set.topics }),
        sensitive: set.name == "pilot-messages",
        reads: (set.split == "test").then_some(if set.name == "scifact" { 3 } else { 1 }),
        exploratory: set.name == "scifact" || set.split == "dev",
    };
    SETS.iter().map(dataset).collect()
}

fn systems() -> Vec<System> {
    let settings = |name: &str| {
        let pairs: &[(&str, &str)] = match name {
            "dense" => &[("retrievers", "dense")],
            "rrf" => &[("fusion", "rrf"), ("k", "60")],
            "weighted" => &[("fusion", "weighted"), ("weight", "0.35")],
            "python-peer" => &[("command", "python3 peer.py --model all-MiniLM-L6-v2")],
            _ => &[],
        };
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let system = |&(name, kind, description, _, _): &(&str, &str, &str, f64, f64)| System {
        name: name.to_owned(),
        kind: kind.to_owned(),
        description: description.to_owned(),
        settings: settings(name),
        baseline: name == "bm25f",
    };
    SYSTEMS.iter().map(system).collect()
}

const MEASURES: [(&str, f64, f64); 6] = [
    ("nDCG@10", 0.0, 0.34),
    ("AP", -0.052, 0.37),
    ("RR@10", -0.031, 0.40),
    ("Success@1", -0.09, 0.48),
    ("R@100", 0.19, 0.22),
    ("Judged@10", 0.12, 0.20),
];

fn measures(draw: &mut Draw) -> Vec<Cell> {
    let mut cells = Vec::new();
    for set in &SETS {
        for (system, _, _, shift, _) in SYSTEMS {
            for (measure, offset, spread) in MEASURES {
                let value = (set.base + shift + offset + draw.normal() * 0.004).min(0.998);
                let missing =
                    system == "python-peer" && (measure == "R@100" || set.name == "pilot-messages");
                cells.push(Cell {
                    dataset: set.name.to_owned(),
                    system: system.to_owned(),
                    measure: measure.to_owned(),
                    estimate: (!missing).then(|| estimate(value, spread, set.families, set.topics)),
                });
            }
        }
    }
    cells
}

fn comparisons(draw: &mut Draw) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for set in &SETS {
        for (system, _, _, shift, _) in &SYSTEMS[1..] {
            for measure in ["nDCG@10", "RR@10"] {
                if *system == "python-peer" && set.name == "pilot-messages" {
                    continue;
                }
                let primary =
                    set.name == "screening" && *system == "weighted" && measure == "nDCG@10";
                comparisons.push(comparison(draw, set, system, measure, *shift, primary));
            }
        }
    }
    comparisons
}

fn comparison(
    draw: &mut Draw,
    set: &Set,
    system: &str,
    measure: &str,
    shift: f64,
    primary: bool,
) -> Comparison {
    let spread = 0.21;
    let difference = estimate(shift + draw.normal() * 0.006, spread, set.families, set.topics);
    let z = difference.value / (spread / (set.families as f64).sqrt());
    let p = (-0.717 * z.abs() - 0.416 * z * z).exp().clamp(1e-5, 1.0);
    let better = whole(set.families as f64 * (0.24 + shift * 1.4));
    let worse = whole(set.families as f64 * 0.19);
    Comparison {
        dataset: set.name.to_owned(),
        measure: measure.to_owned(),
        baseline: "bm25f".to_owned(),
        system: system.to_owned(),
        primary,
        difference,
        test: "randomisation".to_owned(),
        p,
        p_holm: (p * 18.0).min(1.0),
        effect: Some(estimate(difference.value / spread, 1.02, set.families, set.topics)),
        wins: Some(better),
        ties: Some(set.families - better - worse),
        losses: Some(worse),
        t: Some(TestResult { statistic: z, degrees: Some(set.families as f64 - 1.0), p }),
        wilcoxon: Some(TestResult { statistic: 9_812.5, degrees: None, p: (p * 1.4).min(1.0) }),
        noninferiority: (measure == "nDCG@10").then(|| Noninferiority {
            margin: 0.02,
            p_lower: if shift > -0.01 { 0.000_4 } else { 0.31 },
            p_upper: 0.61,
            noninferior: shift > -0.01,
            equivalent: false,
        }),
    }
}

fn resolution() -> Vec<Resolution> {
    let row = |set: &Set| Resolution {
        dataset: set.name.to_owned(),
        measure: "nDCG@10".to_owned(),
        systems: "`weighted` and `bm25f`".to_owned(),
        n: set.families,
        deviation: 0.21,
        detectable: 2.8 * 0.21 / (set.families as f64).sqrt(),
        power: 0.8,
        level: 0.05,
        power_at_three_hundredths: (set.families as f64 / 1_022.0).powf(0.6).min(0.996),
    };
    SETS.iter().map(row).collect()
}

fn answering(draw: &mut Draw) -> Vec<Answering> {
    let mut all = Vec::new();
    for set in SETS.iter().filter(|set| set.base > 0.73 || set.name == "pilot-messages") {
        for (system, _, _, shift, _) in SYSTEMS {
            if set.name == "pilot-messages" && system != "weighted" && system != "bm25f" {
                continue;
            }
            let confident = system != "python-peer";
            let curve = risk_coverage(draw, shift);
            let served = curve[whole(curve.len() as f64 * (0.7 + shift))];
            all.push(Answering {
                dataset: set.name.to_owned(),
                system: system.to_owned(),
                figures: answer_figures(set, shift, confident, served),
                confusion: confusion(set, shift),
                risk_coverage: if confident { curve } else { Vec::new() },
                reliability: if confident { reliability(draw, set) } else { Vec::new() },
                slices: if set.name == "feedbackqa-cdc" {
                    Vec::new()
                } else {
                    slices(draw, set, shift, confident)
                },
            });
        }
    }
    all
}

fn answer_figures(set: &Set, shift: f64, confident: bool, served: RiskPoint) -> Vec<Figure> {
    let n = set.families;
    let of = |p: f64| whole(n as f64 * p);
    let counted = |name: &str, p: f64, of: usize| {
        let part = whole(of as f64 * p);
        let shown = set.name != "pilot-messages";
        Figure {
            name: name.to_owned(),
            estimate: Some(share(part, of)),
            counts: shown.then_some((part, of)),
        }
    };
    let plain = |name: &str, value: f64, spread: f64| Figure {
        name: name.to_owned(),
        estimate: confident.then(|| estimate(value, spread, n, set.topics)),
        counts: None,
    };
    vec![
        counted("decision accuracy", 0.81 + shift, n),
        counted("coverage", served.coverage, n),
        counted("Acc@1(answered)", 1.0 - served.risk, of(0.7)),
        counted("Risk", served.risk, of(0.7)),
        plain("AURC", 0.081 - shift * 0.5, 0.13),
        plain("E-AURC", 0.047 - shift * 0.4, 0.1),
        plain("AUROC(in scope)", 0.883 + shift, 0.22),
        plain("AUROC(near)", 0.801 + shift, 0.31),
        plain("AUROC(far)", 0.962 + shift * 0.5, 0.15),
        plain("AUROC(right)", 0.824 + shift, 0.25),
        counted("OOS-R", 0.79 + shift, of(0.25)),
        counted("false-answer rate", 0.17 - shift, of(0.25)),
        counted("RedFlag-R", 0.99, 72),
        counted("citation correctness", 1.0, of(0.7)),
        plain("answer F1", 0.712 + shift, 0.3),
        plain("Brier", 0.112 - shift * 0.3, 0.15),
        plain("ECE-15m", 0.041 - shift * 0.2, 0.16),
        plain("Cov@risk<=0.05", 0.48 + shift, 0.5),
        plain("Cov@risk<=0.10", 0.63 + shift, 0.5),
    ]
}

fn confusion(set: &Set, shift: f64) -> Vec<ConfusionCell> {
    let n = set.families as f64;
    let rows = [
        ("answer", [0.58 + shift, 0.02, 0.10 - shift, 0.003]),
        ("clarify", [0.01, 0.03, 0.01, 0.0]),
        ("handover", [0.04, 0.012, 0.155, 0.005]),
        ("urgent", [0.0, 0.0, 0.002, 0.06]),
    ];
    let given = ["answer", "clarify", "handover", "urgent"];
    let cells = rows.into_iter().flat_map(|(expected, shares)| {
        given.into_iter().zip(shares).map(move |(given, share)| {
            let count = whole(n * share);
            let small = set.name == "pilot-messages" && count > 0 && count < 10;
            ConfusionCell {
                expected: expected.to_owned(),
                given: given.to_owned(),
                count: (!small).then_some(count),
            }
        })
    });
    cells.collect()
}

fn risk_coverage(draw: &mut Draw, shift: f64) -> Vec<RiskPoint> {
    let n = 430_usize;
    let mut wrong = Vec::new();
    for i in 0..n {
        let chance = 0.01 + (0.42 - shift * 3.0) * (i as f64 / n as f64).powf(2.2);
        wrong.push(draw.unit() < chance);
    }
    let total = wrong.iter().filter(|&&wrong| wrong).count();
    let mut seen = 0;
    let mut points = Vec::new();
    for (i, &is_wrong) in wrong.iter().enumerate() {
        seen += usize::from(is_wrong);
        let answered = i + 1;
        points.push(RiskPoint {
            coverage: answered as f64 / n as f64,
            risk: seen as f64 / answered as f64,
            oracle: answered.saturating_sub(n - total) as f64 / answered as f64,
        });
    }
    points
}

fn reliability(draw: &mut Draw, set: &Set) -> Vec<ReliabilityBin> {
    let bin = |i: usize| {
        let confidence = 0.05 + 0.94 * (i as f64 / 14.0).powf(0.6);
        let n = set.families / 15;
        let accuracy = (confidence * 0.93 + 0.02 + draw.normal() * 0.05).clamp(0.0, 1.0);
        let half = 1.96 * (0.25 / n as f64).sqrt();
        let interval = Interval {
            low: (accuracy - half).max(0.0),
            high: (accuracy + half).min(1.0),
            level: 0.95,
        };
        ReliabilityBin { confidence, accuracy, interval, n }
    };
    (0..15).map(bin).collect()
}

fn slices(draw: &mut Draw, set: &Set, shift: f64, confident: bool) -> Vec<Slice> {
    let rows = [
        ("breast", 204),
        ("cervical", 121),
        ("bowel", 98),
        ("abdominal aortic aneurysm", 22),
        ("typos", 87),
        ("carers and relatives", 41),
        ("Wales", 9),
    ];
    let slice = |(name, n): (&str, usize)| {
        let mut figure = |name: &str, base: f64, offered: bool| {
            let value = (base + shift + draw.normal() * 0.03).clamp(0.02, 0.99);
            Figure {
                name: name.to_owned(),
                estimate: offered.then(|| share(whole(value * n as f64), n)),
                counts: None,
            }
        };
        let figures = vec![
            figure("decision accuracy", 0.80, true),
            figure("Acc@1(answered)", 0.85, true),
            figure("AUROC(in scope)", 0.88, confident),
        ];
        let hidden = set.name == "pilot-messages" && n < 30;
        Slice {
            name: name.to_owned(),
            n_topics: (!hidden).then_some(n),
            figures: if n < 20 || hidden { Vec::new() } else { figures },
        }
    };
    rows.into_iter().map(slice).collect()
}

fn differences(draw: &mut Draw) -> Vec<Differences> {
    let pairs = [("weighted", 0, 0.038), ("rrf", 0, 0.022), ("weighted", 2, 0.035)];
    let one = |(system, set, shift): (&str, usize, f64)| {
        let mut values: Vec<f64> = (0..SETS[set].topics)
            .map(|_| {
                let moved = draw.unit() < 0.45;
                if moved { (draw.normal() * 0.3 + shift * 2.0).clamp(-1.0, 1.0) } else { 0.0 }
            })
            .collect();
        values.sort_by(|a, b| b.total_cmp(a));
        Differences {
            dataset: SETS[set].name.to_owned(),
            measure: "nDCG@10".to_owned(),
            baseline: "bm25f".to_owned(),
            system: system.to_owned(),
            values,
        }
    };
    pairs.into_iter().map(one).collect()
}

fn worst() -> Vec<Worst> {
    let topic = |topic: &str, text: &str, what: &str, expected: &str, given: &str| Worst {
        dataset: "screening".to_owned(),
        system: "weighted".to_owned(),
        topic: topic.to_owned(),
        text: Some(text.to_owned()),
        what: what.to_owned(),
        value: Some(0.0),
        expected: expected.to_owned(),
        given: given.to_owned(),
        confidence: Some(0.83),
        answer: Some(
            "You do not have to answer. Screening is a choice, and you can change your mind at \
             any time."
                .to_owned(),
        ),
        why: Some(
            "`choice` and `stop` weigh most (2.31, 1.87); cosine .71; the labelled document \
             stands at rank 14."
                .to_owned(),
        ),
    };
    vec![
        topic(
            "dev-0217",
            "can i stop the letters coming & what happens if I <never> go",
            "answered wrongly",
            "answer: `breast-opting-out`",
            "answer: `screening-your-choice`",
        ),
        topic(
            "dev-0388",
            "is it normal to still bleed a bit 10 days after",
            "answered, should have been urgent",
            "urgent",
            "answer: `cervical-after-the-test`",
        ),
        Worst {
            text: None,
            answer: None,
            why: None,
            confidence: None,
            ..topic(
                "dev-0102",
                "",
                "declined, should have answered",
                "answer: `aaa-who`",
                "handover",
            )
        },
        Worst {
            dataset: "pilot-messages".to_owned(),
            topic: "9f31c2d0a4b7e855".to_owned(),
            text: Some(CANARY.to_owned()),
            answer: Some(CANARY.to_owned()),
            why: Some(CANARY.to_owned()),
            expected: CANARY.to_owned(),
            given: CANARY.to_owned(),
            ..topic("", "", "answered wrongly", "", "")
        },
    ]
}

fn responses(draw: &mut Draw) -> Vec<ResponseCurve> {
    let mut curve = |parameter: &str, values: &[f64], chosen: f64, outer: f64| ResponseCurve {
        dataset: "screening".to_owned(),
        measure: "nDCG@10".to_owned(),
        parameter: parameter.to_owned(),
        points: values
            .iter()
            .map(|&value| {
                let away = ((value + 0.01).ln() - (chosen + 0.01).ln()).abs();
                let measure = 0.781 - 0.016 * away.powf(1.4) + draw.normal() * 0.001;
                ResponsePoint { value, estimate: estimate(measure, 0.16, 401, 612) }
            })
            .collect(),
        chosen,
        outer: Some(estimate(outer, 0.2, 401, 612)),
    };
    let weights: Vec<f64> = (0..=10).map(|tenth| f64::from(tenth) / 10.0).collect();
    vec![
        curve("weight of dense", &weights, 0.4, 0.774),
        curve("k of RRF", &[1.0, 3.0, 10.0, 30.0, 60.0, 100.0, 300.0, 1000.0], 60.0, 0.759),
    ]
}

fn throughput() -> Vec<Throughput> {
    vec![Throughput {
        dataset: "screening".to_owned(),
        system: "weighted".to_owned(),
        load: "open Poisson 50/s, warm (1 round), 2 threads".to_owned(),
        requests: 3_000,
        per_second: 49.6,
        due_per_second: Some(50.0),
    }]
}

fn time_ratios() -> Vec<TimeRatio> {
    vec![TimeRatio {
        dataset: "screening".to_owned(),
        what: "the p50 of a message".to_owned(),
        baseline: "bm25f".to_owned(),
        system: "weighted".to_owned(),
        baseline_microseconds: 210.0,
        system_microseconds: 1_240.0,
        ratio: 1_240.0 / 210.0,
        interval: Some(Interval { low: 5.4, high: 6.5, level: 0.95 }),
        n: 401,
    }]
}

fn latency(draw: &mut Draw) -> Vec<Latency> {
    let mut all = Vec::new();
    let loads = ["closed, warm, 1 thread", "open, 50 a second, 2 threads"];
    for load in loads {
        for (system, _, _, _, median) in SYSTEMS {
            let stages: &[(&str, f64)] = match system {
                "weighted" => &[("whole", 1.0), ("lexical", 0.12), ("dense", 0.79), ("rank", 0.02)],
                "python-peer" => &[("whole", 1.0), ("overhead", 0.03)],
                _ => &[("whole", 1.0)],
            };
            for &(stage, part) in stages {
                if load.starts_with("open") && stage != "whole" {
                    continue;
                }
                let spread = if load.starts_with("open") { 0.42 } else { 0.22 };
                all.push(one_latency(draw, system, load, stage, median * part, spread));
            }
        }
    }
    all
}

fn one_latency(
    draw: &mut Draw,
    system: &str,
    load: &str,
    stage: &str,
    median: f64,
    spread: f64,
) -> Latency {
    let mut samples: Vec<f64> = (0..4_000)
        .map(|_| {
            let stalled = draw.unit() < 0.02;
            let z = draw.normal();
            median * (spread * z).exp() * if stalled { 3.5 } else { 1.0 }
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    let at = |q: f64| samples[whole((samples.len() - 1) as f64 * q)];
    let quantile = |(name, q): (&str, f64)| Quantile {
        name: name.to_owned(),
        microseconds: at(q),
        interval: (q < 1.0 && (name != "p99" || system != "python-peer")).then(|| Interval {
            low: at((q - 0.006).max(0.0)),
            high: at((q + 0.004).min(1.0)),
            level: 0.95,
        }),
    };
    let names = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)];
    Latency {
        dataset: "screening".to_owned(),
        system: system.to_owned(),
        load: load.to_owned(),
        stage: stage.to_owned(),
        samples: samples.len(),
        quantiles: names.into_iter().map(quantile).collect(),
        cdf: (0..=100).map(|i| at(f64::from(i) / 100.0)).collect(),
    }
}

fn environment() -> Environment {
    Environment {
        began: "2026-11-24 09:40:12 UTC".to_owned(),
        version: "0.2.0".to_owned(),
        commit: Some("8dba400+changes".to_owned()),
        processor: "Example processor, 2.9 GHz".to_owned(),
        cores: 4,
        threads: 2,
        memory: Some(16_400_000_000),
        system: "Linux 6.1".to_owned(),
        cpu_path: "avx512-vnni".to_owned(),
        peak_memory: Some(412_000_000),
    }
}

fn section(heading: &str, text: &str) -> Section {
    Section { heading: heading.to_owned(), text: text.to_owned() }
}

fn methods() -> Vec<Section> {
    vec![
        section(
            "Measures",
            "nDCG@10 takes the grade as gain and discounts by log2(rank + 1) (Järvelin and \
             Kekäläinen 2002). A topic that a run leaves out scores 0. Rankings see answerable \
             topics only; decisions see all.\n\nUnjudged documents count as not relevant; \
             `Judged@10` says how many of the first ten were judged.",
        ),
        section(
            "Intervals and tests",
            "Intervals are BCa bootstrap intervals over families (Efron 1987), 2,000 resamples. \
             The primary test flips signs of family sums at random, 100,000 times; p counts the \
             observed one in. Holm's correction runs over all comparisons.",
        ),
    ]
}

fn bias() -> Vec<Section> {
    vec![
        section(
            "Who labelled",
            "Topics and labels of `screening` were written by the people who wrote the corpus. \
             Questions of real people are harder.",
        ),
        section(
            "Who measured",
            "The authors of four of the five systems ran this comparison and chose the peer.",
        ),
    ]
}
