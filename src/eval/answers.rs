//! How good are a system's decisions and answers, and does it know when it is right?
//!
//! One [`AnswerRow`] holds what a system did with one labelled topic; [`answering`] turns the rows
//! of a system on a dataset into every figure that a report shows of them. The unit is the family:
//! each interval comes from drawing families, and each `n` counts them. Figures depend neither on
//! the order of the rows nor on the number of threads. A cell that a system cannot fill (it gives
//! no confidence, names no documents) stays empty rather than 0.
//!
//! The definitions, with r a topic's row:
//!
//! | figure | share or mean | of the topics |
//! |---|---|---|
//! | `decision accuracy` | decision is the expected one | all |
//! | `coverage` | answered | all |
//! | `Acc@1(answered)` | answered from an acceptable document | answerable and answered |
//! | `answer recall` | answered from an acceptable document | answerable |
//! | `Risk` | wrong: document not acceptable, or not answerable | answered |
//! | `AURC`, `E-AURC` | [`Selective::aurc`], [`Selective::excess_aurc`] | all |
//! | `Cov@risk<=a` | [`Selective::coverage_at_risk`], in hindsight | all |
//! | `AUROC(in scope)` | [`Discrimination::auroc`]: answerable surer than not | all |
//! | `AUROC(near)`, `AUROC(far)` | the same | answerable; out of scope near, far |
//! | `AUROC(right)` | right surer than wrong (Hendrycks and Gimpel 2017, ICLR) | all |
//! | `OOS-R` | not answered (Larson et al. 2019, EMNLP) | out of scope, near and far |
//! | `false-answer rate` | answered | not answerable |
//! | `RedFlag-R` | decision is urgent | urgent expected |
//! | `RedFlag-R (lower)` | its one-sided exact lower limit, over families | urgent expected |
//! | `answer F1` | words shared with the quotes ([`spans`](super::spans)) | answered, quoted |
//! | `citation correctness` | citations correct | answered with citations judged |
//! | `Brier` and parts | [`Forecasts::decomposition`] | with a confidence |
//! | `ECE-15m` | [`Forecasts::calibration_error`] | with a confidence |
//! | `ECE-15m if calibrated` | [`Forecasts::if_calibrated`] | with a confidence |
//!
//! Intervals: BCa by family; of shares that are 0 or 1, and of `RedFlag-R`, Clopper-Pearson over
//! families; of `Brier reliability`, `Brier resolution` and `ECE-15m`, which are too large on few
//! topics, [`biased_upward`](super::calibration::biased_upward); of `ECE-15m if calibrated`, the
//! draws' own. Where a figure is taken of the topics a system answered, its interval takes it as
//! given which these are.
//! Those of `Cov@risk<=a` hold its sampling, not the optimism of hindsight.
//!
//! On a sensitive set no count below [`AnswerOptions::smallest_cell`] is shown, nor any number
//! that would give one away; `disclosure` says how.
//!
//! [`Selective::aurc`]: super::selective::Selective::aurc
//! [`Selective::excess_aurc`]: super::selective::Selective::excess_aurc
//! [`Selective::coverage_at_risk`]: super::selective::Selective::coverage_at_risk
//! [`Discrimination::auroc`]: super::selective::Discrimination::auroc
//! [`Forecasts::decomposition`]: super::calibration::Forecasts::decomposition
//! [`Forecasts::calibration_error`]: super::calibration::Forecasts::calibration_error
//! [`Forecasts::if_calibrated`]: super::calibration::Forecasts::if_calibrated

mod disclosure;
mod figures;

use std::collections::BTreeMap;

use super::report::model::{Answering, ConfusionCell, Figure, ReliabilityBin, RiskPoint, Slice};
use super::sensitive::SMALLEST_CELL;
use super::significance::Bootstrap;
use super::topic::{Expected, Topic};
use disclosure::Guard;
use figures::{Context, Drafted};

/// Decisions in the order of the confusion table.
const DECISIONS: [Expected; 4] =
    [Expected::Answer, Expected::Clarify, Expected::Handover, Expected::Urgent];

/// Most points of the risk-coverage curve that a report carries; areas are taken from all.
const CURVE_POINTS: usize = 400;

/// Whether guidance answers a topic and, if not, how far off it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// An answer is expected, and a document gives it.
    Answerable,
    /// Out of scope, but close to what the corpus holds.
    Near,
    /// Out of scope and far from it.
    Far,
    /// Not to be answered for another cause: urgent, personal, ambiguous, a complaint…
    Other,
}

impl Scope {
    /// The scope of a labelled topic: answerable where an answer is expected from some document;
    /// else by its reason (`out_of_scope_near`, `out_of_scope_far`), else by its slices (`near`,
    /// `far`). `None` without a label.
    pub fn of(topic: &Topic) -> Option<Scope> {
        let expected = topic.expected?;
        let in_slice = |name: &str| topic.slices.iter().any(|slice| slice == name);
        Some(match (expected, topic.reason.as_deref()) {
            (Expected::Answer, _) if !topic.documents.is_empty() => Scope::Answerable,
            (Expected::Urgent, _) => Scope::Other,
            (_, Some("out_of_scope_near")) => Scope::Near,
            (_, Some("out_of_scope_far")) => Scope::Far,
            (_, None) if in_slice("near") => Scope::Near,
            (_, None) if in_slice("far") => Scope::Far,
            _ => Scope::Other,
        })
    }
}

/// What a system did with one labelled topic.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerRow {
    /// Id of the topic, unique among the rows.
    pub topic: String,
    /// Its family.
    pub family: String,
    /// Groups it is reported under.
    pub slices: Vec<String>,
    /// The decision it should lead to.
    pub expected: Expected,
    /// Whether guidance answers it.
    pub scope: Scope,
    /// The decision given.
    pub decision: Expected,
    /// The system's best document, whether or not it answered from it.
    pub document: Option<String>,
    /// Whether that document acceptably answers; `None` without a document.
    pub acceptable: Option<bool>,
    /// How sure the system is that its best document answers, whether or not it answered. Figures
    /// on probabilities stay empty unless all are within 0 to 1; others use the order alone.
    pub confidence: Option<f64>,
    /// Overlap of the answer with the label's quotes, 0 to 1; only where it answered from the
    /// document that is quoted.
    pub span_f1: Option<f64>,
    /// Whether every citation of the answer stands where it says; only where it answered.
    pub citation_correct: Option<bool>,
}

impl AnswerRow {
    /// Whether guidance answers the topic.
    pub fn answerable(&self) -> bool {
        self.scope == Scope::Answerable
    }

    /// Whether the system answered.
    pub fn answered(&self) -> bool {
        self.decision == Expected::Answer
    }

    /// Whether answering from the best document is right, answered or not.
    pub fn would_be_right(&self) -> bool {
        self.answerable() && self.acceptable == Some(true)
    }

    /// Whether the system answered and was right to.
    pub fn right(&self) -> bool {
        self.answered() && self.would_be_right()
    }

    /// Whether the decision is the expected one.
    pub fn decided_as_expected(&self) -> bool {
        self.decision == self.expected
    }

    /// What went wrong, the gravest first; `None` when the decision is the expected one and the
    /// document, where one is given, acceptable.
    pub fn fault(&self) -> Option<Fault> {
        if self.expected == Expected::Urgent && self.decision != Expected::Urgent {
            return Some(Fault::MissedUrgent);
        }
        match (self.answered(), self.answerable()) {
            (true, false) => Some(Fault::FalseAnswer),
            (true, true) if !self.right() => Some(Fault::WrongDocument),
            _ if self.decided_as_expected() => None,
            (false, true) => Some(Fault::NotAnswered),
            _ => Some(Fault::OtherDecision),
        }
    }
}

/// What went wrong with a topic, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// Urgent, and not treated so.
    MissedUrgent,
    /// Answered, and should not have been.
    FalseAnswer,
    /// Answerable, and answered from a document that does not.
    WrongDocument,
    /// Answerable, and not answered.
    NotAnswered,
    /// Rightly not answered, but not with the expected decision.
    OtherDecision,
}

impl Fault {
    /// The fault in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::MissedUrgent => "missed urgent",
            Fault::FalseAnswer => "answered, should have declined",
            Fault::WrongDocument => "answered wrongly",
            Fault::NotAnswered => "declined, should have answered",
            Fault::OtherDecision => "other decision than expected",
        }
    }
}

/// How figures are made.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerOptions {
    /// Resampling of families.
    pub bootstrap: Bootstrap,
    /// Families a slice needs, and each figure of a slice needs, to be shown.
    pub minimum_slice: usize,
    /// Whether the topics are sensitive: small counts are then withheld.
    pub sensitive: bool,
    /// Least count that is shown of a sensitive set; 0 is no count.
    pub smallest_cell: usize,
}

impl Default for AnswerOptions {
    /// 2,000 replicates at 95%, slices from 20 families, cells from [`SMALLEST_CELL`] topics.
    fn default() -> Self {
        AnswerOptions {
            bootstrap: Bootstrap::default(),
            minimum_slice: 20,
            sensitive: false,
            smallest_cell: SMALLEST_CELL,
        }
    }
}

/// Every figure on the decisions, answers and confidences of a system on a dataset.
///
/// Rows may come in any order. Without rows every figure is empty.
pub fn answering(
    dataset: &str,
    system: &str,
    rows: &[AnswerRow],
    options: &AnswerOptions,
) -> Answering {
    let context = Context::of(rows, options);
    let draft = Draft::of(&context);
    let mut guard = draft.guard(&context);
    Answering {
        dataset: dataset.to_owned(),
        system: system.to_owned(),
        figures: draft.figures.iter().map(|figure| figure.shown_by(&mut guard)).collect(),
        confusion: draft.confusion.iter().map(|cell| cell.shown_by(&mut guard)).collect(),
        risk_coverage: draft.curve.iter().filter_map(|point| point.shown_by(&mut guard)).collect(),
        reliability: draft.bins.iter().filter_map(|bin| bin.shown_by(&mut guard)).collect(),
        slices: draft.slices.iter().map(|slice| slice.shown_by(&mut guard)).collect(),
    }
}

/// Everything before anything is withheld. Topics are numbers in the order of the context.
struct Draft {
    figures: Vec<Drafted>,
    confusion: Vec<DraftCell>,
    curve: Vec<DraftPoint>,
    bins: Vec<DraftBin>,
    slices: Vec<DraftSlice>,
}

struct DraftCell {
    expected: Expected,
    given: Expected,
    topics: Vec<usize>,
}

struct DraftPoint {
    point: RiskPoint,
    answered: Vec<usize>,
    wrong: Vec<usize>,
}

struct DraftBin {
    bin: ReliabilityBin,
    topics: Vec<usize>,
    right: Vec<usize>,
}

struct DraftSlice {
    name: String,
    topics: Vec<usize>,
    figures: Vec<Drafted>,
}

impl Draft {
    fn of(context: &Context<'_>) -> Draft {
        Draft {
            figures: context.figures(),
            confusion: confusion(context),
            curve: curve(context),
            bins: bins(context),
            slices: slices(context),
        }
    }

    /// The guard of a sensitive set, which knows everything too small to show; `None` where
    /// nothing is withheld.
    fn guard(&self, context: &Context<'_>) -> Option<Guard> {
        if !context.options.sensitive {
            return None;
        }
        let mut guard = Guard::new(context.rows.len(), context.options.smallest_cell);
        for decision in DECISIONS {
            let cells = |fits: &dyn Fn(&DraftCell) -> bool| -> Vec<&[usize]> {
                self.confusion.iter().filter(|c| fits(c)).map(|c| c.topics.as_slice()).collect()
            };
            guard.protect_unions(&cells(&|cell| cell.expected == decision));
            guard.protect_unions(&cells(&|cell| cell.given == decision));
        }
        for bin in &self.bins {
            guard.protect_share(&bin.topics, &bin.right);
        }
        for slice in &self.slices {
            guard.protect(&slice.topics);
        }
        for figure in self.figures.iter().chain(self.slices.iter().flat_map(|s| &s.figures)) {
            figure.protected_by(&mut guard);
        }
        for known in known(context) {
            guard.admits(&[&known]);
        }
        Some(guard)
    }
}

/// What a reader is taken to know beforehand: all topics, those answerable, and the margins of
/// the confusion table. They are offered first, so that no cell is shown that would tell a small
/// count together with them; a margin that would tell one by itself is taken as unknown.
fn known(context: &Context<'_>) -> Vec<Vec<usize>> {
    let mut known = vec![context.all(), context.those(&context.all(), AnswerRow::answerable)];
    for decision in DECISIONS {
        known.push(context.those(&context.all(), |row| row.expected == decision));
        known.push(context.those(&context.all(), |row| row.decision == decision));
    }
    known
}

fn admits(guard: &mut Option<Guard>, sets: &[&[usize]]) -> bool {
    guard.as_mut().is_none_or(|guard| guard.admits(sets))
}

impl Drafted {
    fn shown_by(&self, guard: &mut Option<Guard>) -> Figure {
        let sets: Vec<&[usize]> = self.gives_away.iter().map(Vec::as_slice).collect();
        let few_families = guard
            .as_ref()
            .is_some_and(|guard| self.estimate.is_some_and(|estimate| guard.is_small(estimate.n)));
        let shown = self.estimate.is_some() || self.counts.is_some();
        let shown = shown && !few_families && admits(guard, &sets);
        Figure {
            name: self.name.clone(),
            estimate: self.estimate.filter(|_| shown),
            counts: self.counts.filter(|_| shown),
        }
    }

    fn protected_by(&self, guard: &mut Guard) {
        for set in &self.gives_away {
            guard.protect(set);
        }
        if let [of, counted] = self.gives_away.as_slice() {
            guard.protect_share(of, counted);
        }
    }
}

impl DraftCell {
    fn shown_by(&self, guard: &mut Option<Guard>) -> ConfusionCell {
        ConfusionCell {
            expected: self.expected.as_str().to_owned(),
            given: self.given.as_str().to_owned(),
            count: admits(guard, &[&self.topics]).then_some(self.topics.len()),
        }
    }
}

impl DraftPoint {
    fn shown_by(&self, guard: &mut Option<Guard>) -> Option<RiskPoint> {
        admits(guard, &[&self.answered, &self.wrong]).then_some(self.point)
    }
}

impl DraftBin {
    fn shown_by(&self, guard: &mut Option<Guard>) -> Option<ReliabilityBin> {
        admits(guard, &[&self.topics, &self.right]).then_some(self.bin)
    }
}

impl DraftSlice {
    fn shown_by(&self, guard: &mut Option<Guard>) -> Slice {
        let shown = admits(guard, &[&self.topics]);
        let figures = self.figures.iter().filter(|_| shown);
        Slice {
            name: self.name.clone(),
            n_topics: shown.then_some(self.topics.len()),
            figures: figures.map(|figure| figure.shown_by(guard)).collect(),
        }
    }
}

/// Cells of every expected decision that occurs and every decision that occurs at all.
fn confusion(context: &Context<'_>) -> Vec<DraftCell> {
    let occurs = |of: &dyn Fn(&AnswerRow) -> bool| context.rows.iter().any(|row| of(row));
    let mut cells = Vec::new();
    for expected in DECISIONS {
        if !occurs(&|row| row.expected == expected) {
            continue;
        }
        for given in DECISIONS {
            if occurs(&|row| row.decision == given || row.expected == given) {
                let is = |row: &AnswerRow| row.expected == expected && row.decision == given;
                cells.push(DraftCell {
                    expected,
                    given,
                    topics: context.those(&context.all(), is),
                });
            }
        }
    }
    cells
}

/// The risk-coverage curve, thinned to about [`CURVE_POINTS`] and always with its last point.
fn curve(context: &Context<'_>) -> Vec<DraftPoint> {
    let Some(selective) = context.selective(&context.all()) else {
        return Vec::new();
    };
    let order = selective.by_confidence().order();
    let step = order.len().div_ceil(CURVE_POINTS);
    let (mut answered, mut kept) = (0, 0);
    let mut points = Vec::new();
    for (block, point) in selective.by_confidence().blocks().zip(selective.curve()) {
        answered += block.len();
        if answered < kept + step && answered < order.len() {
            continue;
        }
        kept = answered;
        // The topics themselves matter only where counts may give them away.
        let members = if context.options.sensitive { &order[..answered] } else { &[] };
        let wrong = members.iter().copied().filter(|&i| selective.is_wrong(i));
        points.push(DraftPoint { point, wrong: wrong.collect(), answered: members.to_vec() });
    }
    points
}

fn bins(context: &Context<'_>) -> Vec<DraftBin> {
    let topics = context.with_confidence(&context.all());
    let Some(forecasts) = context.forecasts(&topics) else {
        return Vec::new();
    };
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (&topic, bin) in topics.iter().zip(forecasts.bin_numbers()) {
        members.entry(bin).or_default().push(topic);
    }
    let bins = forecasts.bins(context.options.bootstrap.level);
    let drafts = bins.into_iter().zip(members.into_values()).map(|(bin, topics)| DraftBin {
        bin,
        right: context.those(&topics, AnswerRow::would_be_right),
        topics,
    });
    drafts.collect()
}

fn slices(context: &Context<'_>) -> Vec<DraftSlice> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, row) in context.rows.iter().enumerate() {
        for slice in &row.slices {
            let topics = members.entry(slice).or_default();
            if topics.last() != Some(&number) {
                topics.push(number);
            }
        }
    }
    let drafts = members.into_iter().map(|(name, topics)| DraftSlice {
        name: name.to_owned(),
        figures: context.figures_of_slice(&topics),
        topics,
    });
    drafts.collect()
}

/// One value of a measure for every topic, for paired comparisons of systems.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicValues {
    /// Measure: a share of the table above, by its name.
    pub measure: String,
    /// Topic ids, bytewise ascending, and values; only topics the share is taken of by their
    /// label alone, so that two systems have the same topics.
    pub values: Vec<(String, f64)>,
}

/// Per-topic values of the shares whose topics do not depend on what the system did: `decision
/// accuracy`, `coverage`, `answer recall`, `OOS-R`, `false-answer rate`, `RedFlag-R`. Shares that
/// the system cannot fill are left out.
pub fn topic_values(rows: &[AnswerRow]) -> Vec<TopicValues> {
    figures::topic_values(rows)
}

#[cfg(test)]
mod tests;
