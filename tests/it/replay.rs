//! A logged turn is asked again without its raw text, and comes out the same or says why not.
//!
//! 1. On the same index every turn comes out the same, to the byte: the tests' topics, messages with
//!    identifiers, bubbles, conversations, urgent ones and routes.
//! 2. No identifier that stands in a message stands in its line of the log, wherever it was planted.
//! 3. A line read back is the same entry, confidences to the last bit; other versions are refused.
//! 4. After a document is edited or revoked exactly the turns differ that come out otherwise when
//!    their raw text is asked again, and the document is named as the cause.
//! 5. A rule that is gone, a rule that now fires and another calibrator are named as causes; a rule
//!    that fired on what is redacted still takes the message.

use std::sync::OnceLock;

use guidepost::dialogue::conversation::Conversation;
use guidepost::engine::log::{Because, Difference, LogEntry, Outcome, Replayed, What};
use guidepost::engine::{Engine, Reply};
use guidepost::eval::fit::query_of;
use guidepost::eval::topic::read_topics;
use guidepost::index::store::Revocation;
use guidepost::query::Query;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::support::{Doc, Place, TODAY, bytes, data, encoder, sharp, sharp_text};

/// Identifiers of every kind that has a form of its own.
const IDENTIFIERS: [&str; 9] = [
    "943 476 5919",
    "9434765919",
    "07700 900123",
    "+44 7700 900123",
    "jane.doe@example.org",
    "ST4 6QG",
    "born 3/4/1955",
    "12 Mill Road, Stoke",
    "https://example.org/t?id=82731",
];

/// Queries on the sample corpus: the topics, and messages in which identifiers stand.
fn queries() -> Vec<Query> {
    let topics = read_topics(&data("topics.jsonl")).unwrap();
    let mut queries: Vec<Query> = topics.iter().map(|topic| query_of(topic, TODAY)).collect();
    let around = ["does an ear check hurt", "I want to complain", "my mum collapsed", "hi duck"];
    for (n, identifier) in IDENTIFIERS.iter().enumerate() {
        let text = around[n % around.len()];
        queries.push(Query::new(format!("{text} {identifier}"), TODAY));
        queries
            .push(Query::new(format!("my number is {identifier}. Does an ear check hurt?"), TODAY));
        let bubbles = ["hiya", identifier, "what happens at the tooth check"];
        queries.push(Query::of_bubbles(bubbles, TODAY));
        queries.push(Query::new(
            format!("Does an ear check hurt {identifier}? And how often is it? [phone]"),
            TODAY,
        ));
    }
    queries.push(Query::new("my m\u{200b}um coll\u{ad}apsed 0770\u{200b}0 900123", TODAY));
    queries
}

/// Asks, and logs as a line of text.
fn logged(engine: &Engine, query: &Query) -> (LogEntry, String) {
    let entry = LogEntry::of(query, &engine.reply(query).unwrap());
    let line = serde_json::to_string(&entry).unwrap();
    (serde_json::from_str(&line).unwrap(), line)
}

fn differences(engine: &Engine, entry: &LogEntry) -> Vec<Difference> {
    match engine.replay(entry).unwrap() {
        Replayed::Same => Vec::new(),
        Replayed::Differs(differences) => differences,
    }
}

/// The bytes of a reply, without where in the raw message the second look looked.
fn said(mut reply: Reply) -> String {
    reply.second_look = None;
    bytes(reply)
}

#[test]
fn every_turn_comes_out_the_same_to_the_byte() {
    let place = Place::sample();
    let engine = place.engine();
    for query in queries() {
        let reply = engine.reply(&query).unwrap();
        let entry = LogEntry::of(&query, &reply);
        let line = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<LogEntry>(&line).unwrap(), entry);
        let again = engine.reply_again(&entry).unwrap();
        assert_eq!(Outcome::of(&again), entry.outcome, "{}", query.text);
        assert_eq!(said(again), said(reply), "{}", query.text);
        assert_eq!(engine.replay(&entry).unwrap(), Replayed::Same, "{}", query.text);
    }
}

#[test]
fn every_turn_of_a_conversation_comes_out_the_same() {
    let engine = Place::sample().engine();
    let turns = [
        "Does an ear check hurt? my nhs number is 943 476 5919",
        "and how often is it",
        "results",
        "2",
        "I live in Wales, how often is the hearing check",
    ];
    let mut conversation = Conversation::default();
    for turn in turns {
        let mut query = Query::new(turn, TODAY);
        query.conversation = conversation;
        let reply = engine.reply(&query).unwrap();
        conversation = reply.conversation.clone();
        let (entry, line) = logged(&engine, &query);
        assert!(!line.contains("943"), "{line}");
        assert_eq!(said(engine.reply_again(&entry).unwrap()), said(reply), "{turn}");
    }
    // A caller may give back what it should not have kept.
    let mut query = Query::new("and how often is it", TODAY);
    query.conversation.keep_question("ear check, ring 07700 900123");
    let (entry, line) = logged(&engine, &query);
    assert!(!line.contains("900123"), "{line}");
    assert_eq!(engine.replay(&entry).unwrap(), Replayed::Same);
}

#[test]
fn what_a_rule_decided_on_an_identifier_is_taken_from_the_log() {
    let place = Place::sample();
    place.edit(
        "routes/test-complaint.toml",
        "reason = \"complaint\"\n",
        "reason = \"complaint\"\nrecogniser = \"identifiers\"\n",
    );
    let engine = place.engine();
    let (entry, line) = logged(&engine, &Query::new("943 476 5919 please", TODAY));
    let fixed = entry.fixed.as_ref().unwrap();
    assert_eq!((fixed.rule.as_str(), entry.rules_need_raw), ("identifiers", true), "{line}");
    assert_eq!(engine.replay(&entry).unwrap(), Replayed::Same);
    // Other rules changed: it is taken from the log all the same; its own gone: that is said.
    place.edit(
        "safety/test-emergency.toml",
        "collapsed | unconscious",
        "collapsed | unconscious | fits",
    );
    assert_eq!(place.engine().replay(&entry).unwrap(), Replayed::Same);
    place.edit("routes/test-complaint.toml", "recogniser = \"identifiers\"\n", "");
    let found = differences(&place.engine(), &entry);
    assert!(!found.is_empty());
    let gone = |cause: &Because| matches!(cause, Because::RuleGone { .. });
    assert!(found.iter().all(|d| d.because.iter().any(gone)), "{found:?}");
}

#[test]
fn a_rule_that_now_fires_is_named() {
    let place = Place::sample();
    let engine = place.engine();
    let (entry, _) = logged(&engine, &Query::new("does an ear check hurt", TODAY));
    let (routed, _) = logged(&engine, &Query::new("i will complain", TODAY));
    let rules = "routes/test-complaint.toml";
    place.edit(rules, "complain | complaint", "hurt | hurts");
    place.edit(rules, "\"I want to complain\", \"how do I make a complaint\", \"a complaint about the nurse\", \"i will complain\"", "\"it hurt\", \"it hurts\", \"will it hurt\", \"that hurts\"");
    place.edit(rules, "\"does it hurt\"", "\"when is it\"");
    let changed = place.engine();
    let found = differences(&changed, &entry);
    assert!(found.iter().any(|d| d.what == What::Rule && d.now == "complain of test-complaint"));
    let fires =
        |cause: &Because| matches!(cause, Because::RuleNowFires { rule, .. } if rule == "complain");
    assert!(found.iter().all(|d| d.because.iter().any(fires)), "{found:?}");
    let found = differences(&changed, &routed);
    let silent =
        |cause: &Because| matches!(cause, Because::RuleSilent { rule, .. } if rule == "complain");
    assert!(!found.is_empty() && found.iter().all(|d| d.because.iter().any(silent)), "{found:?}");
}

/// Those of some turns that come out otherwise when their raw text is asked again.
fn otherwise(engine: &Engine, turns: &[(Query, LogEntry)]) -> Vec<usize> {
    let differs = |(query, entry): &(Query, LogEntry)| {
        Outcome::of(&engine.reply(query).unwrap()) != entry.outcome
    };
    (0..turns.len()).filter(|&n| differs(&turns[n])).collect()
}

fn replayed(engine: &Engine, turns: &[(Query, LogEntry)]) -> Vec<usize> {
    (0..turns.len()).filter(|&n| !differences(engine, &turns[n].1).is_empty()).collect()
}

#[test]
fn exactly_the_turns_that_differ_are_listed_with_the_document_as_the_cause() {
    let place = Place::sample();
    let engine = place.engine();
    let turns: Vec<(Query, LogEntry)> =
        queries().into_iter().map(|q| (q.clone(), logged(&engine, &q).0)).collect();
    let of_document = |n: &usize, id: &str| {
        let quotes = &turns[*n].1.outcome.quotes;
        quotes.iter().any(|quoted| quoted.document.as_str() == id)
    };

    place
        .store()
        .lock()
        .unwrap()
        .revoke(&Revocation {
            document: "ear-hurt".parse().unwrap(),
            by: "Tester".to_owned(),
            reason: "a test".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        })
        .unwrap();
    let listed = replayed(&engine, &turns);
    assert_eq!(listed, otherwise(&engine, &turns));
    assert!(listed.len() > 3 && listed.len() < turns.len(), "{listed:?}");
    for n in listed.iter().filter(|n| of_document(n, "ear-hurt")) {
        for difference in differences(&engine, &turns[*n].1) {
            let Because::DocumentRevoked { document, by, .. } = &difference.because[0] else {
                panic!("{difference:?}")
            };
            assert_eq!((document.as_str(), by.as_str()), ("ear-hurt", "Tester"));
        }
    }

    // An edit changes the snapshot, and with it scores; words and decisions of few turns.
    let place = Place::sample();
    place.engine();
    place.edit("tooth/tooth-what.md", "minutes", "short minutes");
    let edited = place.engine();
    let listed = replayed(&edited, &turns);
    assert_eq!(listed, otherwise(&edited, &turns));
    let mut touched = 0;
    for n in listed {
        let found = differences(&edited, &turns[n].1);
        let quotes = found.iter().filter(|d| d.what == What::Quotes || d.what == What::Words);
        for difference in quotes {
            assert!(of_document(&n, "tooth-what"), "{difference:?}");
            let Because::DocumentChanged { document, then, now } = &difference.because[0] else {
                panic!("{difference:?}")
            };
            assert!(document.as_str() == "tooth-what" && then != now);
            touched += 1;
        }
        assert!(found.iter().all(|d| d.because != [Because::Unexplained]), "{found:?}");
    }
    assert!(touched > 0);
}

#[test]
fn an_approval_that_ended_is_named() {
    let hurts = Doc::new("hurts", "Does the ear check hurt?", "The ear check does not hurt.");
    let place = Place::with(&[hurts]);
    let (entry, _) = logged(&place.engine(), &Query::new("Does the ear check hurt?", TODAY));
    place.edit("hurts.md", "review_due = 2027-01-10", "review_due = 2026-05-31");
    let found = differences(&place.engine(), &entry);
    assert_eq!((found[0].what, found[0].now.as_str()), (What::Decision, "handover"));
    let Because::DocumentBarred { code, .. } = &found[0].because[0] else { panic!("{found:?}") };
    assert_eq!(code, "expired");
    fs_err::remove_file(place.corpus().join("hurts.md")).unwrap();
    place.add(&Doc::new("other", "Where do I park?", "Park behind the library."));
    let found = differences(&place.engine(), &entry);
    let Because::DocumentGone { document } = &found[0].because[0] else { panic!("{found:?}") };
    assert_eq!(document.as_str(), "hurts");
}

#[test]
fn another_calibrator_is_named() {
    let place = Place::sample();
    let (entry, _) = logged(&place.engine(), &Query::new("does an ear check hurt", TODAY));
    let strict = sharp_text().replace("\"threshold\":0.5", "\"threshold\":1.0");
    let strict = guidepost::calibrate::Artifact::parse(&strict).unwrap();
    assert_ne!(strict, sharp());
    let engine =
        Engine::builder(place.index()).embedder(encoder()).calibrator(strict).open().unwrap();
    let found = differences(&engine, &entry);
    assert_eq!(found[0].what, What::Decision);
    assert!(matches!(found[0].because[..], [Because::OtherCalibrator { .. }]), "{found:?}");
}

/// One engine over the sample corpus for every case.
fn sample() -> &'static Engine {
    static ENGINE: OnceLock<(Place, Engine)> = OnceLock::new();
    let made = ENGINE.get_or_init(|| {
        let place = Place::sample();
        let engine = place.engine();
        (place, engine)
    });
    &made.1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_identifier_stands_in_the_log(
        digits in "[1-9][0-9]{2} [0-9]{3} [3-9][0-9]{3}",
        mobile in "07[1-9][0-9]{2} [0-9]{6}",
        name in "[a-z]{4,8}[.][a-z]{5,9}",
        house in "[1-9][0-9]",
        around in "(does an ear check hurt|I want to complain|my mum collapsed|[a-z]{3,7} [a-z]{3,7})",
        order in 0..4usize,
    ) {
        let email = format!("{name}@example.org");
        let postcode = format!("ST{} 6QG", house.chars().next().unwrap());
        let identifiers = [digits.as_str(), &mobile, &email, &postcode];
        let mut planted = identifiers.to_vec();
        planted.rotate_left(order);
        let text = format!(
            "my nhs number is {}. {around}, {} or {}? {} thanks",
            planted[0], planted[1], planted[2], planted[3]
        );
        let engine = sample();
        let mut query = Query::new(text, TODAY);
        query.conversation.keep_question(&format!("{around} {digits} {email}"));
        let (entry, line) = logged(engine, &query);
        for identifier in identifiers {
            prop_assert!(!line.contains(identifier), "{line}");
            let joined = identifier.replace(' ', "");
            prop_assert!(!line.replace(' ', "").contains(&joined), "{line}");
        }
        prop_assert_eq!(engine.replay(&entry).unwrap(), Replayed::Same);
    }
}
