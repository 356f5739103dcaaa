//! 1. No text is asked twice in a round; families and places follow what is kept.
//! 2. A stage is compared on the messages that took some time in it on both sides, and on no other.
//! 3. The sample is spread over the set and never larger than it.

use super::*;
use crate::ids::TopicId;

fn topic(id: &str, text: &str, family: &str) -> Topic {
    let line = format!(r#"{{"_id": "{id}", "text": "{text}", "family": "{family}"}}"#);
    let topic: Topic = serde_json::from_str(&line).unwrap();
    assert_eq!(topic.id, TopicId::new(id).unwrap());
    topic
}

fn day() -> Date {
    jiff::civil::date(2026, 12, 1)
}

#[test]
fn of_topics_with_one_text_the_first_is_asked() {
    let topics = [topic("a", "one", "f"), topic("b", "two", "f"), topic("c", "one", "g")];
    let messages = Messages::new("set", &topics, day());
    assert_eq!((messages.count(), messages.left_out(), messages.families()), (2, 1, 1));
    assert_eq!(messages.ids, ["a", "b"]);
    assert_eq!(messages.queries()[1].text, "two");
}

#[test]
fn the_sample_is_spread_over_the_set() {
    for count in [0, 1, 63, 64, 65, 1_000] {
        let topics: Vec<Topic> =
            (0..count).map(|n| topic(&format!("t{n}"), &format!("text {n}"), "")).collect();
        let messages = Messages::new("set", &topics, day());
        let places: Vec<usize> = messages.sample().collect();
        assert_eq!(places.len(), count.min(SAMPLE));
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(places.iter().all(|place| *place < count));
        assert!(count < SAMPLE || *places.last().unwrap() >= count - count.div_ceil(SAMPLE));
    }
}

#[test]
fn messages_that_skip_a_stage_are_not_compared_in_it() {
    let topics: Vec<Topic> =
        (0..30).map(|n| topic(&format!("t{n}"), &format!("text {n}"), "")).collect();
    let messages = Messages::new("set", &topics, day());
    // Every third message skips the stage in one of its rounds, on one of the sides.
    let side = |factor: f64, skips: usize| -> Vec<Vec<f64>> {
        let first = |n: usize| if n % 3 == skips { 0.0 } else { factor };
        (0..30).map(|n| vec![first(n), factor]).collect()
    };
    let found = ratios("lexical", [side(10.0, 0), side(20.0, 1)], &messages, 1).unwrap();
    assert_eq!(found.len(), COMPARED.len());
    for ratio in &found {
        assert_eq!(ratio.n, 10);
        assert!((ratio.ratio - 2.0).abs() < 1e-9, "{ratio:?}");
    }
    assert_eq!(found[0].what, "the p50 of `lexical`");
    let none = vec![vec![0.0]; 30];
    assert!(ratios("answer", [none.clone(), none], &messages, 1).unwrap().is_empty());
}
