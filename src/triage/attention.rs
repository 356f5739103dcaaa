//! Does any word, in its company, speak of something urgent?
//!
//! A small network over the token vectors of an embedding model: detectors (linear, then rectified)
//! look at every token; the strongest and the mean response of each detector, and the mean token,
//! are summed with fitted weights (max pooling over time: Collobert et al. 2011, Kim 2014). Fitted
//! by Adam (Kingma and Ba 2015) with decoupled weight decay from fixed seeds; tokens and responses
//! are dropped at random while fitting. Detectors are kept in eight bits, one scale each.

use ndarray::{Array1, Array2, Axis, s};
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::add_up;
use super::wording::balanced;
use crate::embed::{Matrix, token_dots};

/// Detectors of one member.
const DETECTORS: usize = 128;
/// Members fitted from different seeds, whose scores are averaged.
const MEMBERS: u64 = 5;
const EPOCHS: usize = 8;
const BATCH: usize = 64;
/// Tokens of a text read while fitting; the few longer texts are cut.
const MOST_TOKENS: usize = 72;
const RATE: f32 = 2e-3;
const LAST_RATE_SHARE: f32 = 0.1;
const DECAY: f32 = 0.1;
/// Highest share of tokens dropped from a text, and share of responses dropped.
const DROPPED_TOKENS: f32 = 0.3;
const DROPPED_RESPONSES: f32 = 0.3;
const FIRST_MOMENT: f32 = 0.9;
const SECOND_MOMENT: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// A fitted network: members side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Attention {
    pub(super) dimension: usize,
    /// One row a detector.
    pub(super) detectors: Vec<i8>,
    /// What one step of a detector's weights is worth.
    pub(super) steps: Vec<f32>,
    pub(super) offsets: Vec<f32>,
    /// What the responses say: first of urgency, then, where it was learned, of each kind.
    pub(super) outputs: Vec<Output>,
}

/// Weights of one output.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Output {
    /// Weights of the strongest responses.
    pub(super) strongest: Vec<f32>,
    /// Weights of the mean responses.
    pub(super) mean: Vec<f32>,
    /// Weights of the mean token.
    pub(super) token: Vec<f32>,
    pub(super) intercept: f32,
}

impl Attention {
    /// The log odds that a text's tokens give each output; intercepts alone where there is none.
    pub(super) fn scores(&self, tokens: &Matrix) -> Vec<f64> {
        let mut scores: Vec<f64> = self.outputs.iter().map(|o| f64::from(o.intercept)).collect();
        let n = tokens.nrows();
        if n == 0 || tokens.ncols() != self.dimension {
            return scores;
        }
        let flat: Vec<f32>;
        let all = if let Some(all) = tokens.as_slice() {
            all
        } else {
            flat = tokens.iter().copied().collect();
            &flat
        };
        let dots = token_dots(&self.detectors, all, self.dimension);
        for (at, dots) in dots.chunks_exact(n).enumerate() {
            let (mut highest, mut sum) = (0.0_f32, 0.0_f32);
            for dot in dots {
                let response = (dot * self.steps[at] + self.offsets[at]).max(0.0);
                highest = highest.max(response);
                sum += response;
            }
            for (score, output) in scores.iter_mut().zip(&self.outputs) {
                *score += f64::from(output.strongest[at] * highest);
                *score += f64::from(output.mean[at] * (sum / n as f32));
            }
        }
        let mut sums = vec![0.0_f32; self.dimension];
        add_up(tokens, &mut sums);
        for (at, sum) in sums.into_iter().enumerate() {
            let mean = sum / n as f32;
            for (score, output) in scores.iter_mut().zip(&self.outputs) {
                *score += f64::from(output.token[at] * mean);
            }
        }
        scores
    }

    /// Adds detectors in eight bits.
    pub(super) fn push_detector(
        &mut self,
        weights: impl Iterator<Item = f32> + Clone,
        offset: f32,
    ) {
        let largest = weights.clone().fold(0.0_f32, |most, w| most.max(w.abs()));
        let step = if largest > 0.0 { largest / f32::from(i8::MAX) } else { 1.0 };
        self.detectors.extend(weights.map(|w| (w / step).round() as i8));
        self.steps.push(step);
        self.offsets.push(offset);
    }

    /// Fits a network; both outcomes weigh the same in all.
    pub(super) fn fit(texts: &[&Matrix], outcomes: &[bool]) -> Attention {
        let members: Vec<Network> =
            (0..MEMBERS).into_par_iter().map(|seed| Network::fit(texts, outcomes, seed)).collect();
        let dimension = texts.first().map_or(0, |t| t.ncols());
        let share = 1.0 / MEMBERS as f32;
        let mut joined = Attention { dimension, ..Attention::default() };
        let mut output = Output { token: vec![0.0; dimension], ..Output::default() };
        for member in &members {
            for (detector, offset) in member.detectors.columns().into_iter().zip(&member.offsets) {
                joined.push_detector(detector.iter().copied(), *offset);
            }
            output.strongest.extend(member.out.slice(s![..DETECTORS]).iter().map(|w| w * share));
            output.mean.extend(member.out.slice(s![DETECTORS..]).iter().map(|w| w * share));
            for (total, weight) in output.token.iter_mut().zip(&member.token) {
                *total += weight * share;
            }
            output.intercept += member.intercept * share;
        }
        joined.outputs.push(output);
        joined
    }
}

/// One member while it is fitted.
struct Network {
    /// One column a detector.
    detectors: Array2<f32>,
    offsets: Array1<f32>,
    /// Weights of the strongest, then of the mean responses.
    out: Array1<f32>,
    token: Array1<f32>,
    intercept: f32,
}

/// Adam's moments of one array, flat.
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    fn new(n: usize) -> Moments {
        Moments { first: vec![0.0; n], second: vec![0.0; n] }
    }

    fn step<'a>(
        &mut self,
        values: impl Iterator<Item = &'a mut f32>,
        gradient: impl Iterator<Item = &'a f32>,
        pace: &Pace,
        decay: f32,
    ) {
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, g), (first, second)) in values.zip(gradient).zip(moments) {
            *first = FIRST_MOMENT * *first + (1.0 - FIRST_MOMENT) * g;
            *second = SECOND_MOMENT * *second + (1.0 - SECOND_MOMENT) * g * g;
            let moved = (*first / pace.first) / ((*second / pace.second).sqrt() + EPSILON);
            *value -= pace.rate * (moved + decay * *value);
        }
    }
}

/// The rate of one step, and how far the moments have filled.
struct Pace {
    rate: f32,
    first: f32,
    second: f32,
}

/// Gradients of one batch.
struct Gradients {
    detectors: Array2<f32>,
    offsets: Array1<f32>,
    out: Array1<f32>,
    token: Array1<f32>,
    intercept: f32,
}

impl Network {
    fn new(dimension: usize, random: &mut ChaCha8Rng) -> Network {
        let mut normal = |scale: f32| {
            // Sum of twelve uniforms less six: near enough to a normal deviate for a start.
            let sum: f32 = (0..12).map(|_| random.random::<f32>()).sum();
            (sum - 6.0) * scale
        };
        let spread = 1.0 / (dimension as f32).sqrt();
        Network {
            detectors: Array2::from_shape_simple_fn((dimension, DETECTORS), || normal(spread)),
            offsets: Array1::zeros(DETECTORS),
            out: Array1::from_shape_simple_fn(2 * DETECTORS, || normal(0.1)),
            token: Array1::zeros(dimension),
            intercept: 0.0,
        }
    }

    fn fit(texts: &[&Matrix], outcomes: &[bool], seed: u64) -> Network {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let dimension = texts.first().map_or(0, |t| t.ncols());
        let mut network = Network::new(dimension, &mut random);
        let mut moments = [
            Moments::new(dimension * DETECTORS),
            Moments::new(DETECTORS),
            Moments::new(2 * DETECTORS),
            Moments::new(dimension),
            Moments::new(1),
        ];
        let [harmless, urgent] = balanced(outcomes);
        // Half way to balance, in log terms: what served best across writers.
        let weight = |outcome: bool| if outcome { (urgent / harmless).sqrt() as f32 } else { 1.0 };
        let mut order: Vec<usize> = (0..texts.len().min(outcomes.len())).collect();
        let mut powers = (1.0_f32, 1.0_f32);
        for epoch in 0..EPOCHS {
            let share = epoch as f32 / EPOCHS as f32;
            let rate = RATE * (1.0 - share * (1.0 - LAST_RATE_SHARE));
            order.shuffle(&mut random);
            for batch in order.chunks(BATCH) {
                let gradients = network.gradients(batch, texts, outcomes, &weight, &mut random);
                powers = (powers.0 * FIRST_MOMENT, powers.1 * SECOND_MOMENT);
                let pace = Pace { rate, first: 1.0 - powers.0, second: 1.0 - powers.1 };
                network.apply(&gradients, &mut moments, &pace);
            }
        }
        network
    }

    fn gradients(
        &self,
        batch: &[usize],
        texts: &[&Matrix],
        outcomes: &[bool],
        weight: &dyn Fn(bool) -> f32,
        random: &mut ChaCha8Rng,
    ) -> Gradients {
        let kept: Vec<Vec<usize>> = batch.iter().map(|&i| keep(texts[i].nrows(), random)).collect();
        let dimension = self.token.len();
        let rows = kept.iter().map(Vec::len).sum();
        let mut tokens = Array2::<f32>::zeros((rows, dimension));
        let places = batch.iter().zip(&kept).flat_map(|(&i, k)| k.iter().map(move |&t| (i, t)));
        for (mut row, (i, token)) in tokens.rows_mut().into_iter().zip(places) {
            row.assign(&texts[i].row(token));
        }
        let responses = tokens.dot(&self.detectors) + &self.offsets;
        let mut back = Array2::<f32>::zeros(responses.raw_dim());
        let mut out = Array1::<f32>::zeros(2 * DETECTORS);
        let mut mean_token = Array1::<f32>::zeros(dimension);
        let mut intercept = 0.0;
        let mut start = 0;
        for (&i, kept) in batch.iter().zip(&kept) {
            let n = kept.len();
            let span = s![start..start + n, ..];
            let text = Pooled::of(&responses.slice(span).to_owned(), random);
            let mean = tokens.slice(span).mean_axis(Axis(0)).unwrap_or_default();
            let sum = text.values.dot(&self.out) + mean.dot(&self.token) + self.intercept;
            let predicted = 1.0 / (1.0 + (-sum).exp());
            let error = (predicted - f32::from(u8::from(outcomes[i]))) * weight(outcomes[i])
                / batch.len() as f32;
            out.scaled_add(error, &text.values);
            mean_token.scaled_add(error, &mean);
            intercept += error;
            for detector in 0..DETECTORS {
                let by_mean =
                    error * self.out[DETECTORS + detector] * text.kept[DETECTORS + detector]
                        / n as f32;
                for row in start..start + n {
                    if responses[[row, detector]] > 0.0 {
                        back[[row, detector]] += by_mean;
                    }
                }
                let row = start + text.places[detector];
                if responses[[row, detector]] > 0.0 {
                    back[[row, detector]] += error * self.out[detector] * text.kept[detector];
                }
            }
            start += n;
        }
        Gradients {
            detectors: tokens.t().dot(&back),
            offsets: back.sum_axis(Axis(0)),
            out,
            token: mean_token,
            intercept,
        }
    }

    fn apply(&mut self, g: &Gradients, moments: &mut [Moments; 5], pace: &Pace) {
        let [detectors, offsets, out, token, intercept] = moments;
        detectors.step(self.detectors.iter_mut(), g.detectors.iter(), pace, DECAY);
        offsets.step(self.offsets.iter_mut(), g.offsets.iter(), pace, 0.0);
        out.step(self.out.iter_mut(), g.out.iter(), pace, DECAY);
        token.step(self.token.iter_mut(), g.token.iter(), pace, DECAY);
        intercept.step([&mut self.intercept].into_iter(), [&g.intercept].into_iter(), pace, 0.0);
    }
}

/// Tokens of a text that stay; the first, which stands for all of it, always does.
fn keep(tokens: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let dropped = DROPPED_TOKENS * random.random::<f32>();
    let stays = |&t: &usize| t == 0 || random.random::<f32>() >= dropped;
    (0..tokens.min(MOST_TOKENS)).filter(stays).collect()
}

/// Responses of one text, pooled.
struct Pooled {
    /// Strongest, then mean; some dropped, the others scaled up.
    values: Array1<f32>,
    /// 0 for a dropped response, else the scale.
    kept: Vec<f32>,
    /// The token that responds most, by detector.
    places: Vec<usize>,
}

impl Pooled {
    fn of(responses: &Array2<f32>, random: &mut ChaCha8Rng) -> Pooled {
        let n = responses.nrows() as f32;
        let scale = 1.0 / (1.0 - DROPPED_RESPONSES);
        let draw = |_| if random.random::<f32>() < DROPPED_RESPONSES { 0.0 } else { scale };
        let kept: Vec<f32> = (0..2 * DETECTORS).map(draw).collect();
        let mut values = Array1::<f32>::zeros(2 * DETECTORS);
        let mut places = vec![0; DETECTORS];
        for (detector, column) in responses.columns().into_iter().enumerate() {
            let mut sum = 0.0;
            for (at, &response) in column.iter().enumerate() {
                if response > column[places[detector]] {
                    places[detector] = at;
                }
                sum += response.max(0.0);
            }
            values[detector] = column[places[detector]].max(0.0) * kept[detector];
            values[DETECTORS + detector] = sum / n * kept[DETECTORS + detector];
        }
        Pooled { values, kept, places }
    }
}
