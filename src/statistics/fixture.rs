//! What other software says of the same numbers; made by `scripts/eval/significance.py` and
//! `scripts/eval/parity_ltt.py`.

use serde::de::DeserializeOwned;

/// A part of the fixture of statistics.
pub(crate) fn part<T: DeserializeOwned>(pointer: &str) -> T {
    part_of("significance.json", pointer)
}

/// A part of a fixture.
pub(crate) fn part_of<T: DeserializeOwned>(file: &str, pointer: &str) -> T {
    let path = format!("{}/tests/data/eval/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs_err::read_to_string(path).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(whole.pointer(pointer).unwrap().clone()).unwrap()
}

/// Whether the simulations that take minutes are to run.
pub(crate) fn slow() -> bool {
    std::env::var_os("RUN_SLOW_TESTS").is_some_and(|value| value == "1")
}

/// Fails unless two numbers agree to a relative tolerance, with an absolute floor.
#[track_caller]
pub(crate) fn near(found: f64, expected: f64, relative: f64, absolute: f64) {
    let apart = (found - expected).abs();
    assert!(apart <= absolute + relative * expected.abs(), "{found} for {expected}");
}
