//! 1. Every operation gives the same bits on every path, on random shapes and extreme values.
//! 2. The integer product is the exact sum, dequantised.
//! 3. Quantised activations come back within half a step; zero comes back as zero.
//! 4. GELU, softmax and layer normalisation agree with f64 arithmetic.
//! 5. A row's result does not depend on the rows beside it.

use proptest::prelude::*;

use super::*;

/// All paths this processor has.
fn paths() -> Vec<Kernels> {
    for missing in CpuPath::ALL.into_iter().filter(|path| Kernels::on(*path).is_none()) {
        eprintln!("no {missing} on this processor: not compared");
    }
    CpuPath::ALL.into_iter().filter_map(Kernels::on).collect()
}

/// Runs an operation on every path and compares the bits of what it wrote.
#[track_caller]
fn same_bits(length: usize, operation: impl Fn(Kernels, &mut [f32])) -> Vec<f32> {
    let mut results = paths().into_iter().map(|kernels| {
        let mut output = vec![f32::NAN; length];
        operation(kernels, &mut output);
        output
    });
    let first = results.next().unwrap();
    for other in results {
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&first), bits(&other));
    }
    first
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        self.0 >> 33
    }

    fn below(&mut self, limit: u64) -> usize {
        (self.next() % limit) as usize
    }

    /// From small to huge, now and then an extreme.
    fn number(&mut self) -> f32 {
        let unit = (self.next() % 2_000_001) as f32 / 1_000_000.0 - 1.0;
        match self.below(40) {
            0 => 0.0,
            1 => -0.0,
            2 => unit * 1e-30,
            3 => unit * 60.0,
            4 => f32::from_bits(self.next() as u32 & 0x007f_ffff),
            5 => unit * 1e6,
            _ => unit * 3.0,
        }
    }

    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.number()).collect()
    }
}

struct Case {
    rows: Vec<f32>,
    count: usize,
    inputs: usize,
    panels: Vec<u8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
    bias: Vec<f32>,
}

impl Case {
    fn new(random: &mut Random, count: usize, inputs: usize, outputs: usize) -> Self {
        let panels: Vec<u8> = (0..inputs * outputs)
            .map(|_| match random.below(8) {
                0 => 127,
                1 => 129,
                _ => random.next().to_le_bytes()[0].max(1),
            })
            .collect();
        let mut case = Self {
            rows: random.numbers(count * inputs),
            count,
            inputs,
            panels,
            scales: (0..outputs).map(|_| random.number().abs() * 0.01).collect(),
            sums: Vec::new(),
            bias: random.numbers(outputs),
        };
        case.sums = (0..outputs)
            .map(|output| (0..inputs).map(|input| case.weight(output, input)).sum())
            .collect();
        case
    }

    fn weight(&self, output: usize, input: usize) -> i32 {
        let panel = output / PANEL * self.inputs * PANEL;
        let group = (input / INTERLEAVE * PANEL + output % PANEL) * INTERLEAVE;
        i32::from(self.panels[panel + group + input % INTERLEAVE].cast_signed())
    }

    fn weights(&self) -> Int8Weights<'_> {
        let Self { panels, scales, sums, bias, .. } = self;
        Int8Weights { panels, scales, sums, bias }
    }

    fn quantised(&self, kernels: Kernels) -> (Vec<u8>, Vec<f32>, Vec<i32>) {
        let mut values = vec![0; self.rows.len()];
        let (mut scales, mut zeros) = (vec![0.0; self.count], vec![0; self.count]);
        let to = QuantisedRowsMut { values: &mut values, scales: &mut scales, zeros: &mut zeros };
        kernels.quantise_rows(&self.rows, self.inputs, to);
        (values, scales, zeros)
    }

    fn multiply(&self, kernels: Kernels, output: &mut [f32]) {
        let (values, scales, zeros) = self.quantised(kernels);
        let rows = QuantisedRows { values: &values, scales: &scales, zeros: &zeros };
        kernels.multiply_int8(rows, self.weights(), output);
    }
}

/// A dot product as it is defined: lane by lane, then the lanes from the first to the last.
fn in_sixteen_lanes(row: &[i8], token: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (at, (w, v)) in row.iter().zip(token).enumerate() {
        sums[at % LANES] += f32::from(*w) * v;
    }
    sums.iter().sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn integer_products_are_exact_and_equal_on_every_path(
        seed: u64, count in 1_usize..30, groups in 1_usize..12, panels in 1_usize..4,
    ) {
        let case = Case::new(&mut Random(seed), count, groups * LANES, panels * PANEL);
        let outputs = panels * PANEL;
        let product = same_bits(count * outputs, |kernels, to| case.multiply(kernels, to));
        let (values, scales, zeros) = case.quantised(Kernels::detect());
        for (place, value) in product.into_iter().enumerate() {
            let (row, output) = (place / outputs, place % outputs);
            let inputs = values[row * case.inputs..][..case.inputs].iter().enumerate();
            let exact: i32 = inputs
                .map(|(input, v)| (i32::from(*v) - zeros[row]) * case.weight(output, input))
                .sum();
            let scale = scales[row] * case.scales[output];
            let expected = exact as f32 * scale + case.bias[output];
            prop_assert_eq!(value.to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn activations_come_back_within_half_a_step(seed: u64, groups in 1_usize..12) {
        let mut random = Random(seed);
        let mut case = Case::new(&mut random, 3, groups * LANES, PANEL);
        case.rows[0] = 0.0;
        let (values, scales, zeros) = case.quantised(Kernels::detect());
        prop_assert_eq!(i32::from(values[0]), zeros[0]);
        for (place, x) in case.rows.iter().enumerate() {
            let row = place / case.inputs;
            let back = f64::from(i32::from(values[place]) - zeros[row]) * f64::from(scales[row]);
            // Half a step, and one more half where the zero itself was rounded at an end.
            prop_assert!((back - f64::from(*x)).abs() <= f64::from(scales[row]) * 1.001);
        }
    }

    #[test]
    fn the_rest_is_equal_on_every_path(
        seed: u64, tokens in 1_usize..70, heads in 1_usize..4,
    ) {
        let random = &mut Random(seed);
        let hidden = heads * HEAD;
        let (rows, residual) = (random.numbers(tokens * hidden), random.numbers(tokens * hidden));
        let (gain, bias) = (random.numbers(hidden), random.numbers(hidden));
        same_bits(rows.len(), |kernels, to| {
            to.copy_from_slice(&rows);
            kernels.add_and_normalise(to, Some(&residual), &gain, &bias, 1e-12);
        });
        same_bits(rows.len(), |kernels, to| {
            to.copy_from_slice(&rows);
            kernels.gelu(to);
        });
        same_bits(hidden, |kernels, to| kernels.mean_and_scale(&rows, to));
        let projected = random.numbers(3 * tokens * hidden);
        same_bits(rows.len(), |kernels, to| {
            kernels.attention(&projected, heads, &mut AttentionScratch::default(), to);
        });
        let bytes: Vec<i8> =
            (0..5 * hidden).map(|_| random.next().to_le_bytes()[0].cast_signed()).collect();
        let dots = same_bits(5 * tokens, |kernels, to| kernels.dot_tokens(&bytes, &rows, hidden, to));
        prop_assert_eq!(dots[0].to_bits(), in_sixteen_lanes(&bytes[..hidden], &rows[..hidden]).to_bits());
        let panels = random.numbers(hidden * PANEL);
        let bias = random.numbers(PANEL);
        same_bits(tokens * PANEL, |kernels, to| kernels.multiply_f32(&rows, &panels, &bias, to));
    }
}

#[test]
fn extreme_bytes_do_not_overflow() {
    let (inputs, outputs) = (1536, PANEL);
    for weight in [127_u8, 129] {
        let mut case = Case::new(&mut Random(1), 13, inputs, outputs);
        case.rows.fill(5.0);
        case.rows[0] = -5.0;
        case.panels.fill(weight);
        let weight = i32::from(weight.cast_signed());
        case.sums.fill((0..inputs).map(|_| weight).sum());
        same_bits(13 * outputs, |kernels, to| case.multiply(kernels, to));
    }
}

#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    let mut random = Random(11);
    let case = Case::new(&mut random, 29, 64, 64);
    let kernels = Kernels::detect();
    let mut together = vec![0.0; 29 * 64];
    case.multiply(kernels, &mut together);
    for row in 0..29 {
        let rows = case.rows[row * 64..][..64].to_vec();
        let alone = Case {
            rows,
            count: 1,
            panels: case.panels.clone(),
            scales: case.scales.clone(),
            sums: case.sums.clone(),
            bias: case.bias.clone(),
            ..case
        };
        let mut output = vec![0.0; 64];
        alone.multiply(kernels, &mut output);
        assert_eq!(output, together[row * 64..][..64]);
    }
}

/// erf by its series and, for greater arguments, its continued fraction, in f64.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..200 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    if x.abs() > 4.5 { x.signum() } else { sum * 2.0 / std::f64::consts::PI.sqrt() }
}

#[test]
fn gelu_agrees_with_f64() {
    let values: Vec<f32> = (-1600..1600).map(|i| i as f32 / 200.0).collect();
    let ours = same_bits(values.len(), |kernels, to| {
        to.copy_from_slice(&values);
        kernels.gelu(to);
    });
    for (x, y) in values.into_iter().zip(ours) {
        let x = f64::from(x);
        let expected = x / 2.0 * (1.0 + erf(x / std::f64::consts::SQRT_2));
        assert!((f64::from(y) - expected).abs() < 2e-6, "{x}: {y} instead of {expected}");
    }
}

#[test]
fn attention_agrees_with_f64() {
    let (tokens, heads) = (37, 2);
    let hidden = heads * HEAD;
    let mut random = Random(5);
    let projected: Vec<f32> =
        (0..tokens * 3 * hidden).map(|_| random.below(2001) as f32 / 500.0 - 2.0).collect();
    let ours = same_bits(tokens * hidden, |kernels, to| {
        kernels.attention(&projected, heads, &mut AttentionScratch::default(), to);
    });
    let part = |token: usize, part: usize, head: usize, d: usize| {
        f64::from(projected[token * 3 * hidden + part * hidden + head * HEAD + d])
    };
    for (place, value) in ours.into_iter().enumerate() {
        let (token, head, d) = (place / hidden, place % hidden / HEAD, place % HEAD);
        let weight = |other| {
            let dot: f64 =
                (0..HEAD).map(|d| part(token, 0, head, d) * part(other, 1, head, d)).sum();
            (dot / (HEAD as f64).sqrt()).exp()
        };
        let total: f64 = (0..tokens).map(weight).sum();
        let expected: f64 =
            (0..tokens).map(|other| weight(other) / total * part(other, 2, head, d)).sum();
        assert!((f64::from(value) - expected).abs() < 2e-5, "{value} instead of {expected}");
    }
}

#[test]
fn layer_normalisation_agrees_with_f64() {
    let mut random = Random(3);
    let rows: Vec<f32> = (0..5 * 64).map(|_| random.below(2001) as f32 / 100.0 - 7.0).collect();
    let (gain, bias) = (vec![1.5; 64], vec![-0.25; 64]);
    let ours = same_bits(rows.len(), |kernels, to| {
        to.copy_from_slice(&rows);
        kernels.add_and_normalise(to, None, &gain, &bias, 1e-12);
    });
    for (row, ours) in rows.chunks_exact(64).zip(ours.chunks_exact(64)) {
        let mean: f64 = row.iter().map(|x| f64::from(*x)).sum::<f64>() / 64.0;
        let variance: f64 = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / 64.0;
        for (x, y) in row.iter().zip(ours) {
            let expected = (f64::from(*x) - mean) / variance.sqrt() * 1.5 - 0.25;
            assert!((f64::from(*y) - expected).abs() < 2e-5);
        }
    }
}
