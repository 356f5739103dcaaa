//! How much of what names a person does redaction find, and how much of what an answer needs does
//! it take?
//!
//! `tests/data/redact/strings.jsonl` holds made-up messages with each identifier marked and what
//! must survive. An identifier counts as found when each of its letters and digits is taken; what
//! must survive counts as lost when any byte of it is. Measured for the whole and for each part:
//!
//! 1. at least 99% of the identifiers are found, 95% of each kind and of each small part;
//! 2. at most 1% of what must survive is lost;
//! 3. the set is what it says: spans stand at characters, what must survive stands in the text,
//!    no number in it can be anybody's.

use std::collections::BTreeMap;

use guidepost::text::redact::redact;
use serde::Deserialize;

use crate::support::data;

const LEAST_RECALL: f64 = 0.99;
/// Of a kind, or of a part written after the first two: too few to ask for more.
const LEAST_RECALL_OF_FEW: f64 = 0.95;
const MOST_LOST: f64 = 0.01;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    id: String,
    text: String,
    identifiers: Vec<Identifier>,
    keep: Vec<String>,
    split: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identifier {
    start: usize,
    end: usize,
    kind: String,
}

impl Labelled {
    /// Where something to keep stands outside the identifiers.
    fn place_of(&self, keep: &str) -> usize {
        let apart = |&start: &usize| {
            self.identifiers.iter().all(|i| i.end <= start || start + keep.len() <= i.start)
        };
        let mut places = self.text.match_indices(keep).map(|(at, _)| at);
        places.find(apart).unwrap_or_else(|| panic!("{}: `{keep}` is not there", self.id))
    }
}

#[derive(Default, Clone, Copy)]
struct Count {
    all: usize,
    hit: usize,
}

impl Count {
    fn add(&mut self, hit: bool) {
        self.all += 1;
        self.hit += usize::from(hit);
    }

    fn share(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.hit as f64 / self.all as f64 }
    }
}

fn labelled() -> Vec<Labelled> {
    let text = fs_err::read_to_string(data("redact/strings.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Identifiers found, by kind, and what should have survived and did not.
fn measure(messages: &[&Labelled]) -> (BTreeMap<String, Count>, Count, Vec<String>) {
    let (mut kinds, mut lost, mut wrong) =
        (BTreeMap::<String, Count>::new(), Count::default(), Vec::new());
    for message in messages {
        let redacted = redact(&message.text);
        let taken = |at: usize| redacted.found.iter().any(|f| f.start <= at && at < f.end);
        for identifier in &message.identifiers {
            let surface = &message.text[identifier.start..identifier.end];
            let found = surface
                .char_indices()
                .filter(|(_, c)| c.is_alphanumeric())
                .all(|(at, _)| taken(identifier.start + at));
            kinds.entry(identifier.kind.clone()).or_default().add(found);
            if !found {
                wrong.push(format!("{}: missed `{surface}` in `{}`", message.id, redacted.text));
            }
        }
        for keep in &message.keep {
            let start = message.place_of(keep);
            let gone = (start..start + keep.len()).any(taken);
            lost.add(gone);
            if gone {
                wrong.push(format!("{}: lost `{keep}` in `{}`", message.id, redacted.text));
            }
        }
    }
    (kinds, lost, wrong)
}

#[test]
fn identifiers_are_found_and_what_an_answer_needs_survives() {
    let messages = labelled();
    let mut parts: BTreeMap<&str, Vec<&Labelled>> = BTreeMap::new();
    for message in &messages {
        parts.entry(&message.split).or_default().push(message);
        parts.entry("all").or_default().push(message);
    }
    for (part, messages) in parts {
        let (kinds, lost, wrong) = measure(&messages);
        let found = kinds.values().fold(Count::default(), |sum, kind| Count {
            all: sum.all + kind.all,
            hit: sum.hit + kind.hit,
        });
        eprintln!(
            "{part}: {} messages; found {}/{} = {:.4}; lost {}/{} = {:.4}\n  {}",
            messages.len(),
            found.hit,
            found.all,
            found.share(),
            lost.hit,
            lost.all,
            lost.share(),
            wrong.join("\n  ")
        );
        let large = matches!(part, "all" | "fit" | "test");
        let least = if large { LEAST_RECALL } else { LEAST_RECALL_OF_FEW };
        assert!(found.share() >= least, "{part}: identifiers stay:\n{}", wrong.join("\n"));
        assert!(lost.share() <= MOST_LOST, "{part}: too much goes:\n{}", wrong.join("\n"));
        if part == "all" {
            for (kind, count) in kinds {
                eprintln!("  {kind}: {}/{}", count.hit, count.all);
                assert!(count.share() >= LEAST_RECALL_OF_FEW, "{kind}");
            }
        }
    }
}

#[test]
fn the_set_is_what_it_says() {
    let messages = labelled();
    let plain = messages.iter().filter(|m| m.identifiers.is_empty());
    assert!(messages.len() >= 500 && plain.clone().count() >= 200);
    assert!(plain.clone().all(|m| m.keep == [m.text.clone()]), "they survive whole");
    let mut ids: Vec<&str> = messages.iter().map(|m| m.id.as_str()).collect();
    let mut texts: Vec<&str> = messages.iter().map(|m| m.text.as_str()).collect();
    for list in [&mut ids, &mut texts] {
        let before = list.len();
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), before, "something stands twice");
    }
    for message in &messages {
        let mut from = 0;
        for identifier in &message.identifiers {
            assert!(from <= identifier.start, "{}: out of order", message.id);
            from = identifier.end;
            let surface = message.text.get(identifier.start..identifier.end);
            let surface = surface.unwrap_or_else(|| panic!("{}: not at characters", message.id));
            assert_eq!(surface, surface.trim(), "{}", message.id);
            assert!(is_nobodys(&identifier.kind, surface), "{}: `{surface}`", message.id);
        }
        for keep in &message.keep {
            message.place_of(keep);
        }
    }
}

/// Whether a number can belong to nobody: NHS numbers lie in the range kept for tests, or hold a
/// slip; phone numbers in those kept for drama; other health numbers fail their check digit.
fn is_nobodys(kind: &str, surface: &str) -> bool {
    if !surface.contains(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let zero = |c: char| if matches!(c, 'o' | 'O') { '0' } else { c };
    let digits: String = surface.chars().map(zero).filter(char::is_ascii_digit).collect();
    match kind {
        "nhs_number" => digits.starts_with("999"),
        "chi" | "hc_number" => digits.len() != 10 || !has_check_digit(&digits),
        "phone" => {
            let local = digits.trim_start_matches("0044").trim_start_matches("44");
            let local = local.trim_start_matches('0');
            let drama = ["7700900", "1632960", "113496", "2079460", "141496", "161496", "960"];
            drama.iter().any(|d| local.starts_with(d))
        }
        "national_insurance" => surface.to_lowercase().starts_with("qq"),
        _ => true,
    }
}

/// NHS Data Dictionary, "NHS number": modulus 11, weights 10 to 2; CHI and H&C numbers alike.
fn has_check_digit(digits: &str) -> bool {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 =
        digits[..9].iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    (11 - sum % 11) % 11 == digits[9]
}
