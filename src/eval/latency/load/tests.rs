//! Properties of the loads, all under a virtual clock but one:
//! 1. a stall shows in an open loop's quantiles at its analytic value, and hardly in a closed
//!    loop's;
//! 2. an open loop is a queue served first come, first served, whatever threads and moments;
//! 3. every topic is asked once a round, and the same options give the same run;
//! 4. warm-up is asked and not kept; cold requests meet a new system;
//! 5. a failure ends the run and is returned; a panic is passed on and blocks nobody.

#![expect(clippy::float_cmp, reason = "virtual time is exact")]

use std::convert::Infallible;
use std::sync::atomic::AtomicU64;

use proptest::prelude::*;

use super::super::clock::{RealClock, VirtualClock};
use super::super::summary::summarise;
use super::*;
use crate::eval::report::model::Latency;
use crate::eval::significance::Families;

const MILLISECOND: u64 = 1_000_000;

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("t{n}")).collect()
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn open_options(per_second: f64, rounds: usize, thread_count: usize) -> OpenOptions {
    OpenOptions {
        rate: RequestRate::new(per_second).unwrap(),
        schedule: Schedule::Uniform,
        rounds,
        warm_up: 0,
        threads: threads(thread_count),
        seed: 7,
    }
}

fn closed_options(rounds: usize, warm_up: usize, thread_count: usize) -> ClosedOptions {
    ClosedOptions { rounds, warm_up, threads: threads(thread_count), seed: 7 }
}

fn microseconds_of(latencies: &[Latency], stage: &str, quantile: &str) -> f64 {
    let latency = latencies.iter().find(|l| l.stage == stage).unwrap();
    latency.quantiles.iter().find(|q| q.name == quantile).unwrap().microseconds
}

/// A server that takes a millisecond, except that it stands still for the first 200 ms of every
/// five seconds of a run.
fn ask_a_server_that_stalls(clock: &VirtualClock) {
    let phase = (clock.now() - LEAD_IN) % (5_000 * MILLISECOND);
    clock.pass((200 * MILLISECOND).saturating_sub(phase));
    clock.pass(MILLISECOND);
}

#[test]
fn an_open_loop_reports_a_stall_at_its_analytic_value_and_a_closed_loop_hides_it() {
    let topics = ids(500);
    let families = Families::singletons(500);

    let clock = VirtualClock::new();
    let system = |_| {
        ask_a_server_that_stalls(&clock);
        Ok::<_, Infallible>(StageTimes::new())
    };
    let samples = open(&system, &topics, &open_options(100.0, 20, 1), &clock).unwrap();
    // One request is due every 10 ms, 500 in the five seconds between two stalls. The k-th after a
    // stall's start waits for its end at 200 ms and for the k before it at a millisecond each: it
    // is answered at 201 + k, 201 - 9k ms after it was due, until the queue is empty at k = 23.
    for sample in samples.of(WHOLE) {
        let k = u64::from(sample.request % 500);
        let expected = if k < 23 { 201 - 9 * k } else { 1 };
        assert_eq!(sample.nanoseconds, expected * MILLISECOND, "request {}", sample.request);
    }
    let open = summarise("d", "s", &samples, &families, 0.95).unwrap();
    // Of 500, the 99th percentile is the sixth largest: k = 5, 201 - 45 ms.
    assert_eq!(microseconds_of(&open, WHOLE, "p99"), 156_000.0);
    assert_eq!(microseconds_of(&open, WHOLE, "p95"), 1_000.0);
    assert_eq!(microseconds_of(&open, WHOLE, "max"), 201_000.0);
    // What the server itself took says nothing of it.
    assert_eq!(microseconds_of(&open, SERVICE, "p99"), 1_000.0);

    let clock = VirtualClock::new();
    let system = |_| {
        ask_a_server_that_stalls(&clock);
        Ok::<_, Infallible>(StageTimes::new())
    };
    let samples = closed(&system, &topics, &closed_options(20, 0, 1), &clock).unwrap();
    let stalled = samples.of(WHOLE).filter(|s| s.nanoseconds > MILLISECOND).count();
    // 10,000 requests of a millisecond meet a stall at 0, 5 and 10 s, and tell of three.
    assert_eq!(stalled, 3);
    let closed = summarise("d", "s", &samples, &families, 0.95).unwrap();
    assert_eq!(microseconds_of(&closed, WHOLE, "p99"), 1_000.0);
    assert_eq!(microseconds_of(&closed, WHOLE, "max"), 201_000.0);
}

#[test]
fn a_stall_holds_up_every_thread() {
    let clock = VirtualClock::new();
    let system = |_| {
        ask_a_server_that_stalls(&clock);
        Ok::<_, Infallible>(StageTimes::new())
    };
    let samples = open(&system, &ids(500), &open_options(100.0, 2, 4), &clock).unwrap();
    for sample in samples.of(WHOLE) {
        let k = u64::from(sample.request % 500);
        // Four are stuck; all end at 201 ms, then four at a time follow each millisecond.
        let expected = (201 + k / 4).saturating_sub(10 * k).max(1);
        assert_eq!(sample.nanoseconds, expected * MILLISECOND, "request {}", sample.request);
    }
}

/// Starts of requests that one queue hands to whichever server is free first.
fn first_come_first_served(due: &[u64], service: &[u64], servers: usize) -> Vec<u64> {
    let mut free = vec![0_u64; servers];
    due.iter()
        .zip(service)
        .map(|(&due, &service)| {
            let server = (0..servers).min_by_key(|&s| free[s]).unwrap();
            let start = due.max(free[server]);
            free[server] = start + service;
            start
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_open_loop_is_a_queue_served_first_come_first_served(
        service in prop::collection::vec(1_u64..5_000_000, 1..12),
        rounds in 1_usize..5,
        thread_count in 1_usize..5,
        rate in 100.0_f64..2_000.0,
        poisson: bool,
        seed: u64,
    ) {
        let schedule = if poisson { Schedule::Poisson } else { Schedule::Uniform };
        let options =
            OpenOptions { schedule, seed, ..open_options(rate, rounds, thread_count) };
        let run = || {
            let clock = VirtualClock::new();
            let system = |topic: usize| {
                clock.pass(service[topic]);
                Ok::<_, Infallible>(StageTimes::new())
            };
            open(&system, &ids(service.len()), &options, &clock).unwrap()
        };
        let samples = run();
        let whole: Vec<Sample> = samples.of(WHOLE).copied().collect();
        let due: Vec<u64> = whole.iter().map(|s| s.intended).collect();
        let takes: Vec<u64> = whole.iter().map(|s| service[s.topic as usize]).collect();
        prop_assert_eq!(whole.len(), service.len() * rounds);
        prop_assert!(due.is_sorted());
        let starts = first_come_first_served(&due, &takes, thread_count);
        for ((sample, start), takes) in whole.iter().zip(starts).zip(takes) {
            prop_assert_eq!(sample.start, start);
            prop_assert_eq!(sample.nanoseconds, start + takes - sample.intended);
        }
        prop_assert_eq!(run(), samples);
    }
}

#[test]
fn every_topic_is_asked_once_a_round_in_an_order_of_the_rounds_own() {
    let clock = VirtualClock::new();
    let system = |_| Ok::<_, Infallible>(StageTimes::new());
    let samples = closed(&system, &ids(20), &closed_options(3, 0, 2), &clock).unwrap();
    let mut orders = Vec::new();
    for round in 0..3 {
        let order: Vec<u32> =
            samples.of(WHOLE).filter(|s| s.round == round).map(|s| s.topic).collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
        orders.push(order);
    }
    assert_ne!(orders[0], orders[1]);
    assert_ne!(orders[1], orders[2]);
    assert!(samples.rows().is_sorted_by_key(|row| (row.request, row.stage)));
    assert_eq!(samples.load().to_string(), "closed, not warmed, 2 threads");
}

#[test]
fn warm_up_is_asked_and_not_kept() {
    let clock = VirtualClock::new();
    let asked = AtomicUsize::new(0);
    // The first ten requests are slow: the warm-up takes them.
    let system = |_| {
        let slow = asked.fetch_add(1, Ordering::Relaxed) < 10;
        clock.pass(if slow { 50 * MILLISECOND } else { MILLISECOND });
        Ok::<_, Infallible>(StageTimes::new())
    };
    let samples = closed(&system, &ids(5), &closed_options(4, 2, 3), &clock).unwrap();
    assert_eq!(asked.into_inner(), 30);
    assert_eq!(samples.rows().len(), 20);
    assert!(samples.rows().iter().all(|row| row.nanoseconds == MILLISECOND));
    assert_eq!(samples.rows()[0].start, 0);
}

#[test]
fn stages_follow_the_whole_and_keep_their_names_apart() {
    let clock = VirtualClock::new();
    let system = |_| {
        clock.pass(1_234_567);
        let mut stages = StageTimes::new();
        stages.push("lexical", std::time::Duration::from_micros(700));
        stages.push("rank", std::time::Duration::from_micros(30));
        stages.push("lexical", std::time::Duration::from_micros(5));
        stages.push("whole", std::time::Duration::from_micros(999));
        Ok::<_, Infallible>(stages)
    };
    let samples = open(&system, &ids(1), &open_options(10.0, 1, 1), &clock).unwrap();
    let rows: Vec<(&str, u64)> = samples
        .rows()
        .iter()
        .map(|row| (samples.stages()[row.stage as usize].as_str(), row.nanoseconds))
        .collect();
    let expected = [
        ("whole", 1_234_567),
        ("wait", 0),
        ("service", 1_234_567),
        ("lexical", 705_000),
        ("rank", 30_000),
        ("system whole", 999_000),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_cold_request_meets_a_new_system() {
    let clock = VirtualClock::new();
    let times = AtomicU64::new(0);
    let make = || {
        clock.pass(30 * MILLISECOND);
        times.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(std::cell::Cell::new(true))
    };
    let ask = |fresh: &std::cell::Cell<bool>, _| {
        clock.pass(if fresh.replace(false) { 8 } else { 1 } * MILLISECOND);
        Ok(StageTimes::new())
    };
    let options = ColdOptions { rounds: 2, seed: 1 };
    let samples = cold(&make, &ask, &ids(3), &options, &clock).unwrap();
    assert_eq!(times.into_inner(), 6);
    assert_eq!(samples.by_topic(WHOLE), vec![vec![8_000.0; 2]; 3]);
    assert_eq!(samples.by_topic(OPEN), vec![vec![30_000.0; 2]; 3]);
    assert_eq!(samples.load().to_string(), "cold, 1 thread");
}

#[test]
fn moments_come_at_the_rate_that_was_asked_for() {
    let rate = RequestRate::new(250.0).unwrap();
    let uniform = due_moments(4, rate, Schedule::Uniform, 1);
    assert_eq!(uniform, [0, 4, 8, 12].map(|ms| ms * MILLISECOND));

    let count = 20_000;
    let poisson = due_moments(count, rate, Schedule::Poisson, 1);
    let gaps: Vec<f64> = poisson.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 4e6).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let long = gaps.iter().filter(|gap| **gap > 1.0).count() as f64 / gaps.len() as f64;
    // Mean and share of gaps over the mean (1/e), within five standard errors.
    let errors = 5.0 / (count as f64).sqrt();
    assert!((mean - 1.0).abs() < errors, "mean gap {mean}");
    assert!((long - (-1.0_f64).exp()).abs() < errors / 2.0, "share of long gaps {long}");
    assert_ne!(poisson, due_moments(count, rate, Schedule::Poisson, 2));
}

#[test]
fn no_rate_that_nobody_can_ask_at() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(RequestRate::new(rate), Err(LatencyError::Rate { .. })), "{rate}");
    }
}

#[test]
fn the_earliest_failure_ends_the_run() {
    let clock = VirtualClock::new();
    let asked = AtomicUsize::new(0);
    let fails_from_the_fourth = |_| {
        clock.pass(MILLISECOND);
        let number = asked.fetch_add(1, Ordering::Relaxed);
        if number < 4 { Ok(StageTimes::new()) } else { Err(number) }
    };
    for (warm_up, thread_count) in [(0, 1), (0, 3), (1, 1), (1, 3)] {
        asked.store(0, Ordering::Relaxed);
        let options = closed_options(2, warm_up, thread_count);
        assert_eq!(closed(&fails_from_the_fourth, &ids(10), &options, &clock), Err(4));
        // Those under way end; none starts.
        assert!(asked.load(Ordering::Relaxed) <= 4 + thread_count);
    }
}

#[test]
fn a_panic_is_passed_on_and_blocks_nobody() {
    for warm_up in [0, 1] {
        let caught = std::panic::catch_unwind(|| {
            let clock = VirtualClock::new();
            let system = |topic| {
                clock.pass(MILLISECOND);
                assert_ne!(topic, 3, "the third topic is bad");
                Ok::<_, Infallible>(StageTimes::new())
            };
            closed(&system, &ids(10), &closed_options(1, warm_up, 3), &clock).map(drop)
        });
        let message = *caught.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("the third topic is bad"), "{message}");
    }
}

#[test]
fn no_topics_no_samples() {
    let clock = VirtualClock::new();
    let system = |_| Ok::<_, Infallible>(StageTimes::new());
    let samples = open(&system, &[], &open_options(1.0, 3, 2), &clock).unwrap();
    assert!(samples.rows().is_empty());
}

/// How fast it was does not matter: only that nothing starts early and all of it is kept.
#[test]
fn a_real_clock_works_too() {
    let clock = RealClock::new();
    let system = |_| {
        thread::sleep(std::time::Duration::from_micros(50));
        Ok::<_, Infallible>(StageTimes::new())
    };
    let options =
        OpenOptions { schedule: Schedule::Poisson, warm_up: 1, ..open_options(2_000.0, 4, 2) };
    let samples = open(&system, &ids(10), &options, &clock).unwrap();
    assert_eq!(samples.of(WHOLE).count(), 40);
    for (whole, service) in samples.of(WHOLE).zip(samples.of(SERVICE)) {
        assert!(whole.start >= whole.intended);
        assert!(service.nanoseconds >= 50_000);
        assert_eq!(whole.nanoseconds, whole.start - whole.intended + service.nanoseconds);
    }
}
