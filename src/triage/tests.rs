//! Properties checked here, with an embedder that turns each word into a fixed vector:
//! 1. a model is stored and read back the same, and refused when any byte changes;
//! 2. the same sample gives the same bytes;
//! 3. what is plainly urgent alone, by more than the deduction for company, counts in any company;
//! 4. every sentence is read once, in pieces that an embedder reads whole, or the reading says that
//!    it is not complete;
//! 5. a model fitted with another embedder is refused; an embedder without tokens reads nothing.

use proptest::prelude::*;

use super::artifact::Source;
use super::exemplar::Exemplar;
use super::fit::{Example, Sample, Targets, fit};
use super::*;
use crate::ids::Fingerprint;
use crate::text::fold;

/// Each word a fixed vector.
struct Words {
    name: &'static str,
    shows_tokens: bool,
}

const WORDS: Words = Words { name: "words", shows_tokens: true };
const DIMENSION: usize = 32;

impl Embedder for Words {
    fn name(&self) -> &str {
        self.name
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.name.as_bytes())
    }

    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        Ok(Matrix::zeros((texts.len(), DIMENSION)))
    }

    fn embed_tokens(&self, text: &str) -> Result<Option<Matrix>, EmbedError> {
        let words: Vec<Fingerprint> =
            fold::words(text).map(|w| Fingerprint::of(w.folded.as_bytes())).collect();
        Ok(self.shows_tokens.then(|| {
            Matrix::from_shape_fn((words.len(), DIMENSION), |(row, column)| {
                f32::from(words[row].as_bytes()[column]) / 128.0 - 1.0
            })
        }))
    }
}

const URGENT: [&str; 8] = [
    "I found a lump in my breast.",
    "There is blood when I go.",
    "My nipple is bleeding.",
    "A hard lump under my arm.",
    "I feel a lump near my armpit.",
    "She has blood in her poo.",
    "My breast has a dent.",
    "He is bleeding and has a lump.",
];
const HARMLESS: [&str; 8] = [
    "Where can I park?",
    "What time is my appointment?",
    "Do I need to bring my letter?",
    "Is there a bus near the van?",
    "How long does it take?",
    "Can my sister come along?",
    "When do results come?",
    "Thanks for the letter.",
];

fn words(words: Words) -> Arc<dyn Embedder> {
    Arc::new(words)
}

fn sample() -> Sample {
    let source = |name: &str| Source {
        name: name.to_owned(),
        fingerprint: Fingerprint::of(name.as_bytes()),
        messages: 8,
        urgent: 4,
    };
    let mut sample = Sample {
        sources: vec![source("one"), source("two")],
        held_out: vec![vec![0], vec![1]],
        exemplars: URGENT
            .iter()
            .map(|text| Exemplar {
                channel: "a".to_owned(),
                rule: "b".to_owned(),
                text: (*text).to_owned(),
            })
            .collect(),
        ..Sample::default()
    };
    for (urgent, texts) in [(true, URGENT), (false, HARMLESS)] {
        for (at, text) in texts.into_iter().enumerate() {
            let text = text.to_owned();
            sample.examples.push(Example {
                text,
                urgent,
                tempting: false,
                kind: "urgent".to_owned(),
                source: at % 2,
            });
        }
    }
    sample
}

fn fitted() -> Artifact {
    let silent = |_: &str| (Signals::default(), false);
    let targets = Targets { false_alarms: 0.0, cleared: 0.0 };
    fit(&sample(), &words(WORDS), &silent, targets, None).unwrap().artifact
}

fn read(triage: &Triage, message: &str) -> Reading {
    triage.read(message, &|_| Signals::default()).unwrap().unwrap().0
}

#[test]
fn fits_are_repeatable_and_files_come_back_the_same() {
    let bytes = fitted().to_bytes().unwrap();
    assert!(bytes == fitted().to_bytes().unwrap(), "two fits differ");
    let back = Artifact::parse(&bytes).unwrap();
    assert!(back.to_bytes().unwrap() == bytes);
    assert_eq!(back.manifest().exemplars.len(), URGENT.len());
}

#[test]
fn a_file_with_any_byte_changed_is_refused() {
    let bytes = fitted().to_bytes().unwrap();
    let line = bytes.iter().position(|&b| b == b'\n').unwrap();
    let places = (0..line).step_by(97).chain((line..bytes.len()).step_by(1009)).chain([
        line,
        bytes.len() - 1,
        bytes.len() - 33,
    ]);
    for place in places {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(Artifact::parse(&changed), Err(ArtifactError::Damaged), "byte {place}");
    }
    for kept in [0, 31, 32, line, bytes.len() - 1] {
        assert_eq!(Artifact::parse(&bytes[..kept]), Err(ArtifactError::Damaged), "{kept} bytes");
    }
}

#[test]
fn a_model_serves_only_with_its_own_embedder() {
    let other = Words { name: "other", shows_tokens: true };
    assert_eq!(Triage::new(fitted(), &words(other)).err(), Some(ArtifactError::Embedder));
    let triage = Triage::new(fitted(), &words(WORDS)).unwrap();
    let mute = Words { name: "words", shows_tokens: false };
    let silent = |_: &str| Signals::default();
    assert!(triage.read(" \n", &silent).unwrap().is_none());
    let triage = Triage::new(fitted(), &words(mute)).unwrap();
    assert!(triage.read("A lump.", &silent).unwrap().is_none());
}

#[test]
fn what_is_plainly_urgent_alone_counts_in_company() {
    let triage = Triage::new(fitted(), &words(WORDS)).unwrap();
    let sentences: Vec<&str> = URGENT.into_iter().chain(HARMLESS).collect();
    let some = || prop::collection::vec(prop::sample::select(sentences.clone()), 0..5);
    let check = (prop::sample::select(URGENT.to_vec()), some(), some());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    runner
        .run(&check, |(urgent, before, after)| {
            let alone = read(&triage, urgent);
            let message = [before, vec![urgent], after].concat().join(" ");
            let together = read(&triage, &message);
            let deducted =
                alone.probability / (alone.probability + (1.0 - alone.probability) * ALONE);
            prop_assert!(together.probability >= deducted, "{}", message);
            prop_assert!(message.get(together.span).is_some());
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_nearest_example_names_the_channel() {
    let triage = Triage::new(fitted(), &words(WORDS)).unwrap();
    let nearest = read(&triage, "Where can I park? A hard lump under my arm.").nearest.unwrap();
    assert_eq!((nearest.exemplar.channel.as_str(), nearest.exemplar.rule.as_str()), ("a", "b"));
}

#[test]
fn every_sentence_is_read_or_the_reading_is_not_complete() {
    let long = format!("Hello there. {}so I left. Bye.", "so I said to her ".repeat(200));
    let read = views(&long);
    assert!(read.complete && read.spans[0] == (0..long.len()));
    for span in &read.spans[1..] {
        assert!(span.len() <= LONGEST_PIECE);
    }
    let last = read.spans.last().unwrap();
    assert_eq!(&long[last.clone()], "Bye.");
    assert_eq!(views(&"Thank you. ".repeat(500)).spans.len(), 2);
    let many: Vec<String> = (0..=MOST_SENTENCES).map(|n| format!("It was number {n}.")).collect();
    assert!(!views(&many.join(" ")).complete);
    assert_eq!(views("One only").spans, vec![0..8]);
    assert_eq!(views("").spans, [0..0; 0]);
}
