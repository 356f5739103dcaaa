//! Properties checked:
//! 1. The bets are MAPIE's simple jumper's.
//! 2. p-values of exchangeable scores are uniform, also where most scores are tied.
//! 3. No bet is favourable: whatever the wealth, its mean after a uniform value is the same.
//! 4. False alarms over a long life stay within their probability; shifts of place and of spread
//!    are seen soon, also late in life.
//! 5. A monitor that is kept and resumed goes on to the bit; a state of another certificate or one
//!    that contradicts itself is refused.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::statistics::binomial_limit;
use crate::statistics::fixture::{near, part_of};

const CERTIFICATE: Fingerprint = Fingerprint::ZERO;

fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A score whose greatest of `power` draws it is: Beta(power, 1).
fn high(generator: &mut ChaCha8Rng, power: f64) -> f64 {
    uniform(generator).powf(1.0 / power)
}

fn monitor(generator: &mut ChaCha8Rng, draw: impl Fn(&mut ChaCha8Rng) -> f64) -> Monitor {
    let reference: Vec<f64> = (0..300).map(|_| draw(generator)).collect();
    Monitor::new(CERTIFICATE, &reference, generator.next_u64()).unwrap()
}

/// The conversation of the alarm, counted from the first of `number`.
fn alarm_within(monitor: &mut Monitor, number: u64, mut draw: impl FnMut() -> f64) -> Option<u64> {
    (1..=number).find(|_| monitor.observe(draw()).unwrap().is_alarmed)
}

#[test]
fn the_jumper_is_mapies() {
    let values: Vec<f64> = part_of("certificate.json", "/jumper/p");
    let expected: Vec<f64> = part_of("certificate.json", "/jumper/wealth");
    let mut accounts = [1.0 / 3.0; 3];
    assert!(expected.iter().any(|wealth| *wealth > 100.0));
    for (value, expected) in values.into_iter().zip(expected) {
        bet(&mut accounts, &[-1.0, 0.0, 1.0], 0.01, value, 0.0);
        near(accounts.iter().sum(), expected, 1e-12, 0.0);
    }
}

#[test]
fn p_values_are_uniform_whatever_the_ties() {
    for levels in [2.0, 7.0, 1e6] {
        let generator = &mut ChaCha8Rng::seed_from_u64(11);
        let draw = |generator: &mut ChaCha8Rng| (uniform(generator) * levels).floor() / levels;
        let mut monitor = monitor(generator, draw);
        let mut tenths = [0_usize; 10];
        let n = 20_000;
        let mut last = 0.5;
        let mut product = 0.0;
        for _ in 0..n {
            let p = monitor.observe(draw(generator)).unwrap().p;
            tenths[(1..10).filter(|&tenth| p * 10.0 >= f64::from(tenth)).count()] += 1;
            product += (p - 0.5) * (last - 0.5);
            last = p;
        }
        let (low, high) = (binomial_limit(n, 0.1, 1e-4), binomial_limit(n, 0.1, 1.0 - 1e-4));
        assert!(tenths.iter().all(|tenth| (low..=high).contains(tenth)), "{levels}: {tenths:?}");
        // Uncorrelated: the variance of a product is 1/144.
        assert!((product / n as f64).abs() < 4.0 / 12.0 / (n as f64).sqrt(), "{levels}: {product}");
    }
}

#[test]
fn false_alarms_stay_within_their_probability() {
    let (streams, life) = (2_000, 1_000);
    let mut alarms = 0;
    for stream in 0..streams {
        let generator = &mut ChaCha8Rng::seed_from_u64(stream);
        let mut monitor = monitor(generator, |g| high(g, 4.0));
        alarms += usize::from(alarm_within(&mut monitor, life, || high(generator, 4.0)).is_some());
    }
    let limit = binomial_limit(streams as usize, FALSE_ALARM, 0.99);
    assert!(alarms <= limit, "{alarms} false alarms, limit {limit}");
    // The bets are not so timid that the limit is never tried.
    assert!(alarms > 0);
}

#[test]
fn shifts_are_seen_soon_and_late_in_life_too() {
    // (conversations before the shift, conversations within which nine of ten see it)
    for (before, within) in [(0, 150), (500, 200), (5_000, 250)] {
        let mut seen = [0; 2];
        for stream in 0..40 {
            let generator = &mut ChaCha8Rng::seed_from_u64(stream);
            let mut moving = monitor(generator, |g| high(g, 4.0));
            alarm_within(&mut moving, before, || high(generator, 4.0));
            let found = alarm_within(&mut moving, within, || high(generator, 2.0));
            seen[0] += usize::from(found.is_some());
            let middle = |g: &mut ChaCha8Rng| 0.5 + 0.3 * (uniform(g) - uniform(g));
            let mut spreading = monitor(generator, middle);
            alarm_within(&mut spreading, before, || middle(generator));
            let found = alarm_within(&mut spreading, within, || uniform(generator));
            seen[1] += usize::from(found.is_some());
        }
        assert!(seen.iter().all(|&seen| seen >= 36), "after {before}: {seen:?} of 40");
    }
}

#[test]
fn an_alarm_is_for_good() {
    let generator = &mut ChaCha8Rng::seed_from_u64(3);
    let mut monitor = monitor(generator, |g| high(g, 4.0));
    let alarm = alarm_within(&mut monitor, 500, || 0.1).unwrap();
    let wealth = monitor.wealth();
    assert_eq!(monitor.alarm(), Some(alarm));
    for _ in 0..2_000 {
        assert!(monitor.observe(high(generator, 4.0)).unwrap().is_alarmed);
    }
    assert_eq!((monitor.alarm(), monitor.wealth()), (Some(alarm), wealth));
    assert!(wealth >= 1.0 / FALSE_ALARM);
}

#[test]
fn short_windows_and_scores_out_of_range_are_refused() {
    let found = LEAST_REFERENCE - 1;
    let short = Monitor::new(CERTIFICATE, &vec![0.5; found], 1);
    assert_eq!(short, Err(ShiftError::ShortReference { found }));
    let mut monitor = Monitor::new(CERTIFICATE, &[0.5; LEAST_REFERENCE], 1).unwrap();
    let before = monitor.clone();
    for score in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        assert!(matches!(monitor.observe(score), Err(ShiftError::Score { .. })));
    }
    assert_eq!(monitor, before);
    monitor.observe(0.0).unwrap();
    monitor.observe(1.0).unwrap();
}

#[test]
fn a_state_that_cannot_be_is_refused() {
    let generator = &mut ChaCha8Rng::seed_from_u64(5);
    let mut monitor = monitor(generator, uniform);
    monitor.observe(0.5).unwrap();
    let state = monitor.state();
    let resume = |change: &dyn Fn(&mut State)| {
        let mut state = state.clone();
        change(&mut state);
        Monitor::resume(state, CERTIFICATE)
    };
    assert_eq!(resume(&|_| ()), Ok(monitor.clone()));
    let damages: [&dyn Fn(&mut State); 10] = [
        &|state| state.version = 2,
        &|state| state.certificate = Fingerprint::of(b"another"),
        &|state| state.seen += 1,
        &|state| state.bins[3] += 1,
        &|state| state.bins[3] = u64::MAX,
        &|state| (state.bins[3], state.seen) = (1 << 60, 1 << 60),
        &|state| state.on_place[0] = f64::NAN,
        &|state| state.on_spread.truncate(2),
        &|state| state.alarm = Some(1),
        &|state| state.on_place[0] = 1e3,
    ];
    for (number, damage) in damages.iter().enumerate() {
        assert!(resume(damage).is_err(), "damage {number}");
    }
}

proptest! {
    #[test]
    fn no_bet_is_favourable(
        mut accounts in prop::collection::vec(0.0..10.0_f64, 5), deposit in 0.0..1.0_f64,
    ) {
        let before = accounts.iter().sum::<f64>() + deposit;
        // The mean over values that are symmetric about one half is the mean over all.
        let mut mean = 0.0;
        for value in [0.125, 0.375, 0.625, 0.875] {
            let mut after = accounts.clone();
            bet(&mut after, &SLOPES, JUMP, value, deposit);
            prop_assert!(after.iter().all(|account| *account >= 0.0));
            mean += after.iter().sum::<f64>() / 4.0;
        }
        near(mean, before, 1e-12, 1e-12);
        bet(&mut accounts, &SLOPES, JUMP, 1.0, 0.0);
        prop_assert!(accounts.iter().all(|account| *account >= 0.0));
    }

    #[test]
    fn a_monitor_that_was_kept_goes_on_to_the_bit(
        scores in prop::collection::vec(0.0..=1.0_f64, 2..60), cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let reference: Vec<f64> = (0..LEAST_REFERENCE).map(|i| i as f64 / 120.0).collect();
        let mut whole = Monitor::new(CERTIFICATE, &reference, seed).unwrap();
        let mut cutting = whole.clone();
        let cut = cut.index(scores.len());
        for (number, &score) in scores.iter().enumerate() {
            if number == cut {
                let text = serde_json::to_string(cutting.state()).unwrap();
                let state = serde_json::from_str(&text).unwrap();
                cutting = Monitor::resume(state, CERTIFICATE).unwrap();
            }
            let reading = whole.observe(score).unwrap();
            prop_assert_eq!(cutting.observe(score).unwrap(), reading);
            prop_assert!(reading.p > 0.0 && reading.p < 1.0 && reading.wealth > 0.0);
        }
        prop_assert_eq!(whole, cutting);
    }
}
