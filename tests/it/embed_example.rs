//! `examples/embed.rs` does what its reader is told.
//!
//! 1. It builds an index of a corpus on first use, answers, and uses the index on the next run.
//! 2. The part of it that a reader copies stays within fifteen lines.

#[path = "../../examples/embed.rs"]
#[expect(dead_code, reason = "its `main` is the example's own")]
mod example;

use crate::support::{Place, root};

#[test]
fn the_example_answers() {
    let place = Place::sample();
    let (corpus, index) = (place.corpus(), place.index());
    let ask = |text: &str| example::answer(&corpus, &index, text).unwrap();
    let said = ask("my mum collapsed in the clinic");
    assert!(said.starts_with("urgent: Call 999"), "{said}");
    let built = place.store().current().unwrap();
    assert!(ask("who won the football").starts_with("handover: "));
    assert_eq!(place.store().current().unwrap(), built);
}

#[test]
fn the_example_is_short() {
    let text = fs_err::read_to_string(root().join("examples/embed.rs")).unwrap();
    let function = text.split("fn answer").nth(1).unwrap().split("\n}\n").next().unwrap();
    let lines = function.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 16, "{lines} lines");
}
