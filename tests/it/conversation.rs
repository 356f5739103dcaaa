//! A message is a turn of a conversation.
//!
//! 1. Each of several questions is answered or declined on its own; what is declined is said.
//! 2. What leans on the last question is read with it; a question that stands by itself never is.
//! 3. The engine asks back once; the answer to it is understood, and no second question follows.
//! 4. Safety looks at every bubble and at the whole, and wins over everything before it.
//! 5. State is small, reads back, carries nothing that names a person, and leads to the same bytes.
//! 6. Nation is taken from what a person says, and asked for only where the answer depends on it.

use guidepost::answer::Response;
use guidepost::dialogue::conversation::Conversation;
use guidepost::engine::{Engine, Reply};
use guidepost::query::Query;
use proptest::prelude::*;

use crate::support::{Doc, Place, TODAY, bytes, decision, encoder, sharp};

fn place() -> Place {
    let mut wales = Doc::new(
        "ear-drops-wales",
        "Can I use ear drops in Wales before the ear check?",
        "In Wales, use no ear drops for 3 days before the ear check.",
    );
    wales.nations = &["wales"];
    let adults = "Adults have the ear check every 5 years.";
    let children = "Children have the ear check at school, every year.";
    let titled = |id: &str, question: &str, body: &str| {
        let mut doc = Doc::new(id, question, body);
        question.clone_into(&mut doc.title);
        doc
    };
    Place::with(&[
        titled("hurts", "Does the ear check hurt?", "The ear check does not hurt."),
        titled("parking", "Where do I park for the ear check?", "Park behind the library."),
        titled("adults", "How often do adults have the ear check?", adults),
        titled("children", "How often do children have the ear check?", children),
        wales,
    ])
}

/// Says the turns one after the other and gives the replies.
fn converse(engine: &Engine, turns: &[&str]) -> Vec<Reply> {
    let mut conversation = Conversation::default();
    turns
        .iter()
        .map(|turn| {
            let mut query = Query::new(*turn, TODAY);
            query.conversation = conversation.clone();
            let reply = engine.reply(&query).unwrap();
            conversation = reply.conversation.clone();
            reply
        })
        .collect()
}

fn quoted(reply: &Reply) -> Vec<String> {
    reply.response.citations().iter().map(|c| c.document.to_string()).collect()
}

#[test]
fn each_question_is_answered_on_its_own() {
    let place = place();
    let engine = place.engine();
    let both = "hiya does the ear check hurt? and where do I park for the ear check? ta x";
    let [reply] = &converse(&engine, &[both])[..] else { panic!() };
    assert_eq!(quoted(reply), ["hurts", "parking"]);
    assert_eq!(reply.parts.len(), 2);
    let least = reply.parts.iter().filter_map(|p| p.verdict).map(|v| v.confidence.get());
    let Response::Answer(answer) = &reply.response else { panic!("{:?}", reply.response) };
    assert_eq!(Some(answer.confidence.get()), least.min_by(f64::total_cmp));
    assert_eq!(answer.unanswered, 0);
    let half = "Does the ear check hurt? And who won the football last Saturday evening?";
    let [reply] = &converse(&engine, &[half])[..] else { panic!() };
    let Response::Answer(answer) = &reply.response else { panic!("{:?}", reply.response) };
    assert_eq!(quoted(reply)[0], "hurts");
    assert_eq!(answer.unanswered, 1);
    assert_eq!(reply.parts[1].response.decision(), "handover");
}

#[test]
fn what_leans_on_the_last_question_is_read_with_it() {
    let place = place();
    let engine = place.engine();
    let turns = ["How often do adults have the ear check?", "and what about children?"];
    let replies = converse(&engine, &turns);
    assert_eq!(quoted(&replies[0]), ["adults"]);
    assert_eq!(quoted(&replies[1]), ["children"]);
    assert!(replies[1].parts[0].read_as.as_ref().is_some_and(|text| text.contains("adults")));
}

#[test]
fn the_old_subject_does_not_leak_into_a_new_question() {
    let place = place();
    let engine = place.engine();
    for question in ["Where do I park for the ear check?", "Does the ear check hurt?"] {
        let alone = converse(&engine, &[question]);
        for before in ["How often do adults have the ear check?", "thanks", "Does it hurt?"] {
            let after = converse(&engine, &[before, question]);
            assert_eq!(after[1].response, alone[0].response, "{before} / {question}");
            assert_eq!(after[1].parts[0].read_as, None);
        }
    }
}

/// An engine that answers nothing but a question put in the words of the guidance.
fn cautious(place: &Place) -> Engine {
    place.build();
    let mut artifact = sharp();
    artifact.threshold = 0.999_999_9;
    let builder = Engine::builder(place.index()).embedder(encoder());
    builder.calibrator(artifact).open().unwrap()
}

#[test]
fn the_engine_asks_back_once_and_understands_the_answer() {
    let place = place();
    let engine = cautious(&place);
    let first = &converse(&engine, &["often?"])[0];
    let Response::Clarify(clarify) = &first.response else { panic!("{:?}", first.response) };
    assert!(clarify.options.len() > 1);
    let chosen = clarify.options[1].document.to_string();
    let replies = converse(&engine, &["often?", "2"]);
    assert_eq!(quoted(&replies[1])[0], chosen);
    let refused = converse(&engine, &["often?", "none of these"]);
    assert_eq!(decision(&refused[1]), "handover none_of_these");
    let again = converse(&engine, &["often?", "often?", "often?"]);
    assert_ne!(again[1].response.decision(), "clarify");
}

#[test]
fn safety_looks_at_every_bubble_and_at_the_whole() {
    let place = place();
    let engine = place.engine();
    let alarming = "my mum collapsed";
    let [alone] = &converse(&engine, &[alarming])[..] else { panic!() };
    assert_eq!(alone.response.decision(), "urgent");
    for bubbles in [
        vec!["hiya", "Does the ear check hurt?", alarming],
        vec![alarming, "Where do I park for the ear check?"],
    ] {
        let mut query = Query::of_bubbles(bubbles.iter().copied(), TODAY);
        query.conversation = converse(&engine, &["often?"])[0].conversation.clone();
        let reply = engine.reply(&query).unwrap();
        let Response::Urgent(urgent) = &reply.response else { panic!("{:?}", reply.response) };
        let span = urgent.spans.first().cloned().unwrap();
        assert!(alarming.contains(&query.text[span]));
    }
}

#[test]
fn a_nation_said_is_kept_and_asked_for_only_where_it_matters() {
    let place = place();
    let engine = place.engine();
    let question = "Can I use ear drops in Wales before the ear check?";
    let replies = converse(&engine, &["I live in Wales", question]);
    assert_eq!(quoted(&replies[1]), ["ear-drops-wales"]);
    let asked = converse(&engine, &[question, "wales"]);
    assert_eq!(decision(&asked[0]), "clarify which_nation");
    assert_eq!(quoted(&asked[1]), ["ear-drops-wales"]);
    let other = converse(&engine, &[question, "England"]);
    assert_ne!(other[1].response.decision(), "answer");
    let plain = converse(&engine, &["Does the ear check hurt?"]);
    assert_eq!(plain[0].response.decision(), "answer");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn state_is_small_reads_back_and_names_nobody(
        turns in prop::collection::vec("(ear|park|hurt|how often|2|none of these|and my child|\\?| ){1,8}", 1..5),
        number in 900_000_000_u64..999_999_999,
    ) {
        let place = place();
        let engine = place.engine();
        let secret = format!("999 {:03} {:04}", number / 10_000 % 1000, number % 10_000);
        let mut spoken: Vec<String> = turns;
        spoken.push(format!("my NHS number is {secret} does the ear check hurt"));
        let spoken: Vec<&str> = spoken.iter().map(String::as_str).collect();
        let replies = converse(&engine, &spoken);
        for reply in &replies {
            let text = serde_json::to_string(&reply.conversation).unwrap();
            prop_assert!(text.len() < 3000);
            prop_assert!(!text.contains(&secret));
            prop_assert_eq!(serde_json::from_str::<Conversation>(&text).unwrap(), reply.conversation.clone());
        }
        let again = converse(&engine, &spoken);
        for (first, second) in replies.into_iter().zip(again) {
            prop_assert_eq!(bytes(first), bytes(second));
        }
    }
}
