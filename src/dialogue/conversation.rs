//! What must be kept of a conversation for its next message to be understood?
//!
//! [`Conversation`] is a small value that the caller keeps and gives back with the next message;
//! the engine holds none. It carries redacted text only: the last question, what was offered when
//! the engine asked back, and what the person said of where they belong. It forgets by itself:
//! only the last question is ever read together with a new one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{DocumentId, Nation, PassageId, Programme};
use crate::text::fold;

/// Version of the state's form.
pub const CONVERSATION_VERSION: u32 = 1;
/// Bytes of the last question that are kept.
const MOST_KEPT_BYTES: usize = 500;

/// What is known of a conversation so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Version of this form.
    pub version: u32,
    /// Messages of the person so far.
    pub turns: u32,
    /// The last question, redacted, that a later message may lean on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The passage that answered last: a message that leans on it asks for something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<PassageId>,
    /// The programme of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<Programme>,
    /// The nation the person said they are in; never inferred from a language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nation: Option<Nation>,
    /// What was asked back with the last reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// A question back, waiting for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The redacted message that could not be answered as it was.
    pub about: String,
    /// What was offered, in order. "None of these" always stands behind them.
    pub options: Vec<Offered>,
}

/// Something offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offered {
    /// The document that would answer.
    pub document: DocumentId,
    /// Its title, as it was shown.
    pub title: String,
    /// Its programme.
    pub programme: Programme,
}

/// What the person made of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// They took this one.
    Taken(usize),
    /// They want none of them, or a person.
    NoneOfThese,
    /// They said something else.
    SomethingElse,
}

impl Default for Conversation {
    fn default() -> Self {
        Conversation {
            version: CONVERSATION_VERSION,
            turns: 0,
            question: None,
            answered: None,
            programme: None,
            nation: None,
            asked: None,
        }
    }
}

impl Conversation {
    /// Keeps a redacted question for the next message to lean on.
    pub fn keep_question(&mut self, redacted: &str) {
        let end = redacted.floor_char_boundary(MOST_KEPT_BYTES);
        self.question = Some(redacted[..end].to_owned());
    }
}

impl Conversation {
    /// The same state with `clean` applied to every text that came from a message or a caller.
    #[must_use]
    pub fn cleaned(&self, clean: impl Fn(&str) -> String) -> Conversation {
        let mut cleaned = self.clone();
        cleaned.question = cleaned.question.as_deref().map(&clean);
        if let Some(asked) = &mut cleaned.asked {
            asked.about = clean(&asked.about);
            for option in &mut asked.options {
                option.title = clean(&option.title);
            }
        }
        cleaned
    }
}

/// The nation a message names, where it is its answer to being asked; never from a language.
pub fn nation_named(message: &str) -> Option<Nation> {
    let words: Vec<String> = fold::words(message).map(|word| word.folded).collect();
    let named: Vec<Nation> = NATIONS
        .iter()
        .filter(|(name, _)| {
            let name: Vec<&str> = name.split(' ').collect();
            words.windows(name.len()).any(|w| w.iter().zip(&name).all(|(a, b)| a == b))
        })
        .map(|(_, nation)| *nation)
        .collect();
    the_only(&named)
}

/// The nation a person says they live in: "I live in Wales", "we're in Scotland".
pub fn nation_said(message: &str) -> Option<Nation> {
    let line = format!(" {} ", fold::bare_words(message).join(" "));
    let said: Vec<Nation> = LIVING
        .iter()
        .flat_map(|living| NATIONS.iter().map(move |(name, nation)| (living, name, nation)))
        .filter(|(living, name, _)| line.contains(&format!(" {living} {name} ")))
        .map(|(.., nation)| *nation)
        .collect();
    the_only(&said)
}

/// The nation that all name.
fn the_only(nations: &[Nation]) -> Option<Nation> {
    let (first, others) = nations.split_first()?;
    others.iter().all(|other| other == first).then_some(*first)
}

/// Names of the nations.
const NATIONS: [(&str, Nation); 8] = [
    ("england", Nation::England),
    ("wales", Nation::Wales),
    ("scotland", Nation::Scotland),
    ("northern ireland", Nation::NorthernIreland),
    ("cardiff", Nation::Wales),
    ("swansea", Nation::Wales),
    ("glasgow", Nation::Scotland),
    ("belfast", Nation::NorthernIreland),
];
/// Ways to say where one lives.
const LIVING: [&str; 18] = [
    "i live in",
    "im in",
    "i am in",
    "we live in",
    "were in",
    "we are in",
    "living in",
    "based in",
    "moved to",
    "ive moved to",
    "she lives in",
    "he lives in",
    "lives in",
    "over here in",
    "here in",
    "i live up in",
    "im up in",
    "im over in",
];

/// Ways to say which of the offered things is meant.
const ORDINALS: [[&str; 6]; 4] = [
    ["1", "one", "first", "1st", "a", "top"],
    ["2", "two", "second", "2nd", "b", "middle"],
    ["3", "three", "third", "3rd", "c", "bottom"],
    ["4", "four", "fourth", "4th", "d", "fourth one"],
];
/// Words around a number that change nothing.
const AROUND: [&str; 22] = [
    "the", "one", "number", "no", "option", "please", "pls", "thanks", "its", "it", "is", "id",
    "like", "i", "mean", "meant", "think", "yes", "yeah", "that", "answer", "ta",
];
const REFUSALS: [&str; 19] = [
    "none",
    "none of these",
    "none of them",
    "none of those",
    "neither",
    "no",
    "nope",
    "something else",
    "no thanks",
    "other",
    "not those",
    "not these",
    "talk to staff",
    "speak to someone",
    "talk to someone",
    "a person",
    "speak to a person",
    "talk to a person",
    "someone please",
];
/// Share of a title's words that a reply must hold to mean it.
const TITLE_SHARE: f64 = 0.6;

impl Asked {
    /// What a message makes of the offer.
    pub fn choice(&self, message: &str) -> Choice {
        let words = fold::bare_words(message);
        let line = words.join(" ");
        let trimmed = line.trim_end_matches(" thanks").trim_end_matches(" please");
        if REFUSALS.contains(&trimmed) || trimmed.starts_with("none of") {
            return Choice::NoneOfThese;
        }
        self.by_number(&words).or_else(|| self.by_title(&words)).map_or(
            Choice::SomethingElse,
            |chosen| {
                if chosen < self.options.len() {
                    Choice::Taken(chosen)
                } else {
                    Choice::NoneOfThese
                }
            },
        )
    }

    /// A number and nothing else of weight; the one behind the last means none of these.
    fn by_number(&self, words: &[String]) -> Option<usize> {
        if words.is_empty() || words.len() > 6 {
            return None;
        }
        let mut weighty = words.iter().filter(|word| !AROUND.contains(&word.as_str()));
        let word = match (weighty.next(), weighty.next()) {
            (Some(word), None) => word.as_str(),
            // "the one", "number one": the number is itself a word around.
            (None, _) if words.iter().any(|word| word == "one") => "one",
            _ => return None,
        };
        if word == "last" {
            return self.options.len().checked_sub(1);
        }
        let number = ORDINALS.iter().position(|names| names.contains(&word))?;
        (number <= self.options.len()).then_some(number)
    }

    /// The only option whose title a message repeats, or whose programme it names.
    fn by_title(&self, words: &[String]) -> Option<usize> {
        let share = |option: &Offered| {
            let title = fold::bare_words(&option.title);
            let held = title.iter().filter(|word| words.contains(word)).count();
            held as f64 / title.len().max(1) as f64
        };
        let shares: Vec<f64> = self.options.iter().map(share).collect();
        let best = shares.iter().copied().fold(0.0, f64::max);
        if best >= TITLE_SHARE && shares.iter().filter(|&&share| share >= best).count() == 1 {
            return shares.iter().position(|&share| share >= best);
        }
        let named = |option: &Offered| words.iter().any(|word| word == option.programme.as_str());
        let mut by_programme = self.options.iter().enumerate().filter(|(_, option)| named(option));
        match (by_programme.next(), by_programme.next()) {
            (Some((number, _)), None) if words.len() <= 6 => Some(number),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked() -> Asked {
        let offered = |document: &str, title: &str, programme: &str| Offered {
            document: DocumentId::new(document).unwrap(),
            title: title.to_owned(),
            programme: Programme::new(programme).unwrap(),
        };
        Asked {
            about: "how long".to_owned(),
            options: vec![
                offered("a", "How long a mammogram takes", "breast"),
                offered("b", "When results come", "bowel"),
            ],
        }
    }

    #[test]
    fn a_choice_is_understood_however_it_is_put() {
        for (message, choice) in [
            ("1", Choice::Taken(0)),
            ("the second one please", Choice::Taken(1)),
            ("the one", Choice::Taken(0)),
            ("last one", Choice::Taken(1)),
            ("when do results come", Choice::Taken(1)),
            ("bowel", Choice::Taken(1)),
            ("3", Choice::NoneOfThese),
            ("none of these thanks", Choice::NoneOfThese),
            ("no", Choice::NoneOfThese),
            ("where do I park", Choice::SomethingElse),
            ("9", Choice::SomethingElse),
            ("", Choice::SomethingElse),
        ] {
            assert_eq!(asked().choice(message), choice, "{message}");
        }
    }

    #[test]
    fn where_a_person_lives_is_taken_from_their_words_alone() {
        assert_eq!(nation_said("I live in Wales, can I use deodorant"), Some(Nation::Wales));
        assert_eq!(nation_said("we're in Northern Ireland now"), Some(Nation::NorthernIreland));
        assert_eq!(nation_said("do they do it from 50 in Wales"), None);
        assert_eq!(nation_said("bore da, ydy e'n brifo"), None);
        assert_eq!(nation_named("Wales"), Some(Nation::Wales));
        assert_eq!(nation_named("england or wales"), None);
    }

    #[test]
    fn state_reads_back_and_stays_small() {
        let mut state = Conversation { asked: Some(asked()), ..Conversation::default() };
        state.keep_question(&"é".repeat(4000));
        let text = serde_json::to_string(&state).unwrap();
        assert!(text.len() < 2048);
        assert_eq!(serde_json::from_str::<Conversation>(&text).unwrap(), state);
    }

    proptest! {
        #[test]
        fn a_choice_taken_exists(message in "\\PC{0,30}|[a-z0-9 ]{0,20}") {
            if let Choice::Taken(number) = asked().choice(&message) {
                prop_assert!(number < 2);
            }
        }
    }
}
