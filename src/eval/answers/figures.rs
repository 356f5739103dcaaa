//! Which figures are there, and what is each taken of?
//!
//! Shares are a table of two predicates each; other figures are functions of the topics and of
//! how often each is drawn. Each figure carries the sets of topics whose sizes it gives away, for
//! [`disclosure`](super::disclosure) to judge; nothing is withheld here.

use super::{AnswerOptions, AnswerRow, Scope, TopicValues};
use crate::eval::calibration::{Decomposition, Forecasts, biased_upward};
use crate::eval::estimate::{Estimate, Interval};
use crate::eval::selective::{Case, Discrimination, Selective, once};
use crate::eval::significance::{Families, bca, clopper_pearson, clopper_pearson_lower, mean};
use crate::eval::topic::Expected;

/// Risks of `Cov@risk<=a`.
const RISKS: [(&str, f64); 2] = [("Cov@risk<=0.05", 0.05), ("Cov@risk<=0.10", 0.10)];

/// A figure before anything is withheld.
pub(super) struct Drafted {
    pub(super) name: String,
    pub(super) estimate: Option<Estimate>,
    pub(super) counts: Option<(usize, usize)>,
    /// Topics whose number the figure gives away. Two sets are a whole and a part of it.
    pub(super) gives_away: Vec<Vec<usize>>,
}

impl Drafted {
    fn empty(name: &str) -> Drafted {
        Drafted { name: name.to_owned(), estimate: None, counts: None, gives_away: Vec::new() }
    }
}

/// What a system tells.
#[derive(Debug, Clone, Copy)]
struct Tells {
    documents: bool,
    confidences: bool,
    probabilities: bool,
}

impl Tells {
    fn of(rows: &[&AnswerRow]) -> Tells {
        let confidences = || rows.iter().filter_map(|row| known_confidence(row));
        Tells {
            documents: rows.iter().any(|row| row.document.is_some() || row.acceptable.is_some()),
            confidences: confidences().next().is_some(),
            probabilities: confidences().all(|c| (0.0..=1.0).contains(&c)),
        }
    }
}

fn known_confidence(row: &AnswerRow) -> Option<f64> {
    row.confidence.filter(|confidence| !confidence.is_nan())
}

/// A share: of which topics, and which of them count.
struct Share {
    name: &'static str,
    of: fn(&AnswerRow) -> bool,
    counted: fn(&AnswerRow) -> bool,
    needs_documents: bool,
    /// Whether the topics it is taken of are known from the labels alone.
    of_labels: bool,
}

const DECISION_ACCURACY: Share = Share {
    name: "decision accuracy",
    of: |_| true,
    counted: AnswerRow::decided_as_expected,
    needs_documents: false,
    of_labels: true,
};
const COVERAGE: Share = Share {
    name: "coverage",
    of: |_| true,
    counted: AnswerRow::answered,
    needs_documents: false,
    of_labels: true,
};
const ACCURACY_ANSWERED: Share = Share {
    name: "Acc@1(answered)",
    of: |row| row.answered() && row.answerable(),
    counted: AnswerRow::right,
    needs_documents: true,
    of_labels: false,
};
const ANSWER_RECALL: Share = Share {
    name: "answer recall",
    of: AnswerRow::answerable,
    counted: AnswerRow::right,
    needs_documents: true,
    of_labels: true,
};
const RISK: Share = Share {
    name: "Risk",
    of: AnswerRow::answered,
    counted: |row| !row.right(),
    needs_documents: true,
    of_labels: false,
};
const OUT_OF_SCOPE_RECALL: Share = Share {
    name: "OOS-R",
    of: |row| matches!(row.scope, Scope::Near | Scope::Far),
    counted: |row| !row.answered(),
    needs_documents: false,
    of_labels: true,
};
const FALSE_ANSWER_RATE: Share = Share {
    name: "false-answer rate",
    of: |row| !row.answerable(),
    counted: AnswerRow::answered,
    needs_documents: false,
    of_labels: true,
};
const RED_FLAG_RECALL: Share = Share {
    name: "RedFlag-R",
    of: |row| row.expected == Expected::Urgent,
    counted: |row| row.decision == Expected::Urgent,
    needs_documents: false,
    of_labels: true,
};
const CITATION_CORRECTNESS: Share = Share {
    name: "citation correctness",
    of: |row| row.answered() && row.citation_correct.is_some(),
    counted: |row| row.citation_correct == Some(true),
    needs_documents: false,
    of_labels: false,
};

/// The rows of one system on one dataset, topics bytewise ascending.
pub(super) struct Context<'a> {
    pub(super) rows: Vec<&'a AnswerRow>,
    pub(super) options: &'a AnswerOptions,
    tells: Tells,
}

impl<'a> Context<'a> {
    pub(super) fn of(rows: &'a [AnswerRow], options: &'a AnswerOptions) -> Context<'a> {
        let rows = sorted(rows);
        Context { tells: Tells::of(&rows), rows, options }
    }

    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.rows.len()).collect()
    }

    /// Those of some topics that fit.
    pub(super) fn those(&self, topics: &[usize], fit: impl Fn(&AnswerRow) -> bool) -> Vec<usize> {
        topics.iter().copied().filter(|&topic| fit(self.rows[topic])).collect()
    }

    pub(super) fn with_confidence(&self, topics: &[usize]) -> Vec<usize> {
        self.those(topics, |row| known_confidence(row).is_some())
    }

    fn families(&self, topics: &[usize]) -> Families {
        let names: Vec<&str> = topics.iter().map(|&t| self.rows[t].family.as_str()).collect();
        Families::of(&names)
    }

    /// Risk and coverage; `None` where the system tells no confidence or no document.
    pub(super) fn selective(&self, topics: &[usize]) -> Option<Selective> {
        let can = self.tells.confidences && self.tells.documents && !topics.is_empty();
        let case = |&topic: &usize| Case {
            confidence: self.rows[topic].confidence,
            right: self.rows[topic].would_be_right(),
        };
        can.then(|| Selective::of(&topics.iter().map(case).collect::<Vec<Case>>()))
    }

    /// Forecasts of topics that all have a confidence; `None` unless these are probabilities.
    pub(super) fn forecasts(&self, topics: &[usize]) -> Option<Forecasts> {
        let forecast = |&topic: &usize| {
            let row = self.rows[topic];
            known_confidence(row).map(|confidence| (confidence, row.would_be_right()))
        };
        let forecasts: Option<Vec<(f64, bool)>> = topics.iter().map(forecast).collect();
        let can = self.tells.probabilities && self.tells.documents;
        forecasts.filter(|_| can).and_then(|forecasts| Forecasts::of(&forecasts))
    }

    /// Every figure of all topics, in the order of reports.
    pub(super) fn figures(&self) -> Vec<Drafted> {
        let all = self.all();
        let share = |share: &Share| self.share(share, &all);
        let mut figures = vec![
            share(&DECISION_ACCURACY),
            share(&COVERAGE),
            share(&ACCURACY_ANSWERED),
            share(&ANSWER_RECALL),
            share(&RISK),
        ];
        figures.extend(self.areas(&all));
        figures.extend(RISKS.map(|(name, risk)| self.coverage_at_risk(name, risk, &all)));
        figures.extend(self.discriminations(&all));
        figures.extend([share(&OUT_OF_SCOPE_RECALL), share(&FALSE_ANSWER_RATE)]);
        figures.extend(self.red_flags(&all));
        figures.extend([self.answer_f1(&all), share(&CITATION_CORRECTNESS)]);
        figures.extend(self.brier(&all));
        figures.extend(self.calibration_errors(&all));
        figures
    }

    /// The figures of a slice; none where it has too few families, and no value where the figure
    /// itself is taken of too few.
    pub(super) fn figures_of_slice(&self, topics: &[usize]) -> Vec<Drafted> {
        let minimum = self.options.minimum_slice;
        if self.families(topics).n() < minimum {
            return Vec::new();
        }
        let share = |share: &Share| self.share(share, topics);
        let mut figures = vec![
            share(&DECISION_ACCURACY),
            share(&COVERAGE),
            share(&ACCURACY_ANSWERED),
            share(&ANSWER_RECALL),
            share(&RISK),
        ];
        figures.extend(self.areas(topics).into_iter().take(1));
        figures.push(self.discrimination("AUROC(in scope)", topics, AnswerRow::answerable));
        figures.extend([share(&OUT_OF_SCOPE_RECALL), share(&FALSE_ANSWER_RATE)]);
        figures.extend(self.red_flags(topics).into_iter().take(1));
        figures.push(self.answer_f1(topics));
        for figure in &mut figures {
            figure.estimate = figure.estimate.filter(|estimate| estimate.n >= minimum);
        }
        figures
    }

    fn share(&self, share: &Share, topics: &[usize]) -> Drafted {
        let of = self.those(topics, share.of);
        if of.is_empty() || (share.needs_documents && !self.tells.documents) {
            return Drafted::empty(share.name);
        }
        let counted = self.those(&of, share.counted);
        let families = self.families(&of);
        let estimate = if counted.is_empty() || counted.len() == of.len() {
            unanimous(!counted.is_empty(), &families, self.options.bootstrap.level)
        } else {
            let values: Vec<f64> =
                of.iter().map(|&t| f64::from(u8::from((share.counted)(self.rows[t])))).collect();
            mean(&values, &families, &self.options.bootstrap)
        };
        Drafted {
            name: share.name.to_owned(),
            estimate: Some(estimate),
            counts: Some((counted.len(), of.len())),
            gives_away: vec![of, counted],
        }
    }

    /// A figure that is no share, by BCa over the families of its topics; empty where it is not
    /// defined.
    fn resampled(
        &self,
        name: &str,
        topics: &[usize],
        gives_away: Vec<Vec<usize>>,
        statistic: &(dyn Fn(&[u32]) -> f64 + Sync),
    ) -> Drafted {
        if !statistic(&once(topics.len())).is_finite() {
            return Drafted::empty(name);
        }
        let estimate = bca(&self.families(topics), statistic, &self.options.bootstrap);
        Drafted { name: name.to_owned(), estimate: Some(estimate), counts: None, gives_away }
    }

    /// `AURC` and `E-AURC`.
    fn areas(&self, topics: &[usize]) -> [Drafted; 2] {
        let Some(selective) = self.selective(topics) else {
            return [Drafted::empty("AURC"), Drafted::empty("E-AURC")];
        };
        let wrong = (0..topics.len()).filter(|&i| selective.is_wrong(i)).map(|i| topics[i]);
        // The two together tell the oracle's area, and with it how many topics are wrong.
        let both = vec![topics.to_vec(), wrong.collect()];
        let area = |counts: &[u32]| selective.aurc(counts);
        let excess = |counts: &[u32]| selective.excess_aurc(counts);
        [
            self.resampled("AURC", topics, vec![topics.to_vec()], &area),
            self.resampled("E-AURC", topics, both, &excess),
        ]
    }

    fn coverage_at_risk(&self, name: &str, risk: f64, topics: &[usize]) -> Drafted {
        let Some(selective) = self.selective(topics) else {
            return Drafted::empty(name);
        };
        let answered = selective.answered_at_risk(risk, &once(topics.len())) as usize;
        let mut within: Vec<usize> =
            selective.by_confidence().order()[..answered].iter().map(|&i| topics[i]).collect();
        within.sort_unstable();
        let statistic = |counts: &[u32]| selective.coverage_at_risk(risk, counts);
        let mut figure = self.resampled(name, topics, vec![topics.to_vec(), within], &statistic);
        figure.counts = Some((answered, topics.len()));
        figure
    }

    fn discriminations(&self, topics: &[usize]) -> [Drafted; 4] {
        let beside = |scope: Scope| {
            self.those(topics, |row: &AnswerRow| row.answerable() || row.scope == scope)
        };
        let answerable = AnswerRow::answerable;
        let right = |row: &AnswerRow| row.would_be_right() && known_confidence(row).is_some();
        let judged = if self.tells.documents { topics } else { &[] };
        [
            self.discrimination("AUROC(in scope)", topics, answerable),
            self.discrimination("AUROC(near)", &beside(Scope::Near), answerable),
            self.discrimination("AUROC(far)", &beside(Scope::Far), answerable),
            self.discrimination("AUROC(right)", judged, right),
        ]
    }

    fn discrimination(
        &self,
        name: &str,
        topics: &[usize],
        positive: impl Fn(&AnswerRow) -> bool,
    ) -> Drafted {
        if !self.tells.confidences {
            return Drafted::empty(name);
        }
        let of = |&topic: &usize| (self.rows[topic].confidence, positive(self.rows[topic]));
        let discrimination = Discrimination::of(&topics.iter().map(of).collect::<Vec<_>>());
        let gives_away = vec![topics.to_vec(), self.those(topics, &positive)];
        self.resampled(name, topics, gives_away, &|counts| discrimination.auroc(counts))
    }

    /// `RedFlag-R` with its exact interval, and its one-sided lower limit.
    ///
    /// Families are the trials of Clopper and Pearson (1934, Biometrika 26:404); a family is
    /// recognised when all its topics are. The interval is stretched to hold the share of topics,
    /// which may differ from that of families.
    fn red_flags(&self, topics: &[usize]) -> [Drafted; 2] {
        let mut recall = self.share(&RED_FLAG_RECALL, topics);
        let mut lower = Drafted::empty("RedFlag-R (lower)");
        let (Some(estimate), [of, counted]) = (&mut recall.estimate, recall.gives_away.as_slice())
        else {
            return [recall, lower];
        };
        let missed = self.those(of, |row| row.decision != Expected::Urgent);
        let n = self.families(of).n();
        let recognised = n - self.families(&missed).n();
        let level = self.options.bootstrap.level;
        let exact = clopper_pearson(recognised, n, level);
        estimate.interval = Some(Interval {
            low: exact.low.min(estimate.value),
            high: exact.high.max(estimate.value),
            level,
        });
        let value = clopper_pearson_lower(recognised, n, level).min(estimate.value);
        lower.estimate = Some(Estimate { value, interval: None, ..*estimate });
        lower.counts = recall.counts;
        lower.gives_away = vec![of.clone(), counted.clone()];
        [recall, lower]
    }

    fn answer_f1(&self, topics: &[usize]) -> Drafted {
        let of = self.those(topics, |row| row.answered() && row.span_f1.is_some());
        let values: Vec<f64> = of.iter().filter_map(|&topic| self.rows[topic].span_f1).collect();
        let estimate =
            (!of.is_empty()).then(|| mean(&values, &self.families(&of), &self.options.bootstrap));
        Drafted { name: "answer F1".to_owned(), estimate, counts: None, gives_away: vec![of] }
    }

    /// `Brier` and its parts.
    fn brier(&self, topics: &[usize]) -> [Drafted; 4] {
        let names = ["Brier", "Brier reliability", "Brier resolution", "Brier uncertainty"];
        let topics = self.with_confidence(topics);
        let Some(forecasts) = self.forecasts(&topics) else {
            return names.map(Drafted::empty);
        };
        // The four together tell the base rate, and with it how many topics are right.
        let gives_away = vec![topics.clone(), self.those(&topics, AnswerRow::would_be_right)];
        let families = self.families(&topics);
        let bootstrap = &self.options.bootstrap;
        let part = |of: fn(Decomposition) -> f64| {
            let forecasts = &forecasts;
            move |counts: &[u32]| of(forecasts.decomposition(counts))
        };
        let counts = once(topics.len());
        let lost = |drawn: &Forecasts| drawn.decomposition(&counts).reliability;
        let (_, calibrated) = forecasts.if_calibrated(&families, &lost, bootstrap);
        let reliability = part(|parts| parts.reliability);
        let resolution = part(|parts| parts.resolution);
        let estimates = [
            mean(&forecasts.squared_errors(), &families, bootstrap),
            biased_upward(&families, &reliability, Some(calibrated), bootstrap),
            biased_upward(&families, &resolution, None, bootstrap),
            bca(&families, &part(|parts| parts.uncertainty), bootstrap),
        ];
        let mut estimates = estimates.into_iter();
        names.map(|name| Drafted {
            name: name.to_owned(),
            estimate: estimates.next(),
            counts: None,
            gives_away: gives_away.clone(),
        })
    }

    /// `ECE-15m`, and what it would be if the probabilities were right.
    fn calibration_errors(&self, topics: &[usize]) -> [Drafted; 2] {
        let (name, reference) = ("ECE-15m", "ECE-15m if calibrated");
        let topics = self.with_confidence(topics);
        let Some(forecasts) = self.forecasts(&topics) else {
            return [name, reference].map(Drafted::empty);
        };
        let families = self.families(&topics);
        let bootstrap = &self.options.bootstrap;
        let counts = once(topics.len());
        let drawn = |drawn: &Forecasts| drawn.calibration_error(&counts);
        let (value, interval) = forecasts.if_calibrated(&families, &drawn, bootstrap);
        let error = |counts: &[u32]| forecasts.calibration_error(counts);
        let estimate = biased_upward(&families, &error, Some(interval), bootstrap);
        let calibrated = Estimate { value, interval: Some(interval), ..estimate };
        [(name, estimate), (reference, calibrated)].map(|(name, estimate)| Drafted {
            name: name.to_owned(),
            estimate: Some(estimate),
            counts: None,
            gives_away: vec![topics.clone()],
        })
    }
}

/// Estimate of a share that is 0 or 1. All resamples agree then, and only an exact interval, with
/// families as trials, says how little a clean record proves.
fn unanimous(all: bool, families: &Families, level: f64) -> Estimate {
    let n = families.n();
    let interval = Some(clopper_pearson(if all { n } else { 0 }, n, level));
    let value = f64::from(u8::from(all));
    Estimate { value, interval, n, n_topics: families.topics() }
}

fn sorted(rows: &[AnswerRow]) -> Vec<&AnswerRow> {
    let mut rows: Vec<&AnswerRow> = rows.iter().collect();
    rows.sort_by(|a, b| a.topic.cmp(&b.topic));
    rows
}

pub(super) fn topic_values(rows: &[AnswerRow]) -> Vec<TopicValues> {
    let rows = sorted(rows);
    let tells = Tells::of(&rows);
    let shares = [
        DECISION_ACCURACY,
        COVERAGE,
        ANSWER_RECALL,
        OUT_OF_SCOPE_RECALL,
        FALSE_ANSWER_RATE,
        RED_FLAG_RECALL,
    ];
    let filled = shares
        .iter()
        .filter(|share| share.of_labels && (tells.documents || !share.needs_documents));
    let values = filled.map(|share| {
        let of = rows.iter().filter(|row| (share.of)(row));
        let value =
            |row: &&AnswerRow| (row.topic.clone(), f64::from(u8::from((share.counted)(row))));
        TopicValues { measure: share.name.to_owned(), values: of.map(value).collect() }
    });
    values.filter(|values| !values.values.is_empty()).collect()
}
