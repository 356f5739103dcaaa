//! The second look beside the rules, on the shipped corpus and model.
//!
//! 1. The shipped model reads, fits the built-in embedder, and stays small.
//! 2. A rule of crisis, emergency, safeguarding or abuse alarms whatever harmless sentences stand
//!    around it, and the model is not asked.
//! 3. Without the model rules alone decide, and the engine says so; nothing else changes.
//! 4. An alarm of the model speaks an approved text of the channel whose example it names, and
//!    points at bytes of the message; an alarm survives harmless company.
//! 5. The same message gets the same second look, whichever engine reads it.
//! 6. A message of a kind that a person takes over goes to one without a rule, by the route of its
//!    channel; a question that guidance answers does not.
//! 7. Exchanged last layers change vectors, the same way on both paths of the processor, and leave
//!    the encoder they were put into as it was; layers that do not fit are refused.

use std::sync::OnceLock;

use guidepost::answer::Response;
use guidepost::dialogue::safety::{Decision, SafetyRules};
use guidepost::embed::encoder::LoadError;
use guidepost::embed::model::{ModelBytes, ModelFiles, default_model};
use guidepost::embed::{CpuPath, Embedder as _, Encoder, Matrix};
use guidepost::engine::{Engine, FirstLook, RulesAlone, shipped_triage};
use guidepost::query::Query;
use proptest::prelude::*;

use crate::support::{TODAY, encoder, shipped, shipped_corpus, shipped_index};

/// Bytes the shipped model may have.
const MOST_BYTES: usize = 1 << 23;

fn rules() -> &'static SafetyRules {
    static RULES: OnceLock<SafetyRules> = OnceLock::new();
    RULES.get_or_init(|| SafetyRules::load(&shipped_corpus()).unwrap())
}

fn alone() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        Engine::builder(shipped_index()).embedder(encoder()).rules_alone().open().unwrap()
    })
}

fn look(engine: &Engine, text: &str) -> FirstLook {
    engine.first_look(&Query::new(text, TODAY)).unwrap()
}

fn alarm(look: &FirstLook) -> Option<(String, String)> {
    match &look.response {
        Some(Response::Urgent(urgent)) => Some((urgent.channel.clone(), urgent.rule.clone())),
        _ => None,
    }
}

/// Approved examples of urgent channels.
fn examples(always: bool) -> Vec<&'static str> {
    let wanted = |e: &guidepost::dialogue::safety::Example<'_>| {
        e.belongs && e.channel.is_some_and(|c| c.decision == Decision::Urgent && c.always == always)
    };
    rules().examples().filter(wanted).map(|e| e.text).collect()
}

fn harmless() -> Vec<&'static str> {
    rules().examples().filter(|e| e.channel.is_none()).map(|e| e.text).collect()
}

#[test]
fn the_shipped_model_is_small_and_fits_the_built_in_embedder() {
    let model = shipped_triage().unwrap();
    assert!(model.to_bytes().unwrap().len() < MOST_BYTES);
    assert_eq!(shipped().rules_alone(), None);
    let channels: Vec<&str> = rules().channels().map(|c| c.id.as_str()).collect();
    for exemplar in &model.manifest().exemplars {
        assert!(channels.contains(&exemplar.channel.as_str()), "{}", exemplar.channel);
    }
}

#[test]
fn rules_that_are_never_overruled_alarm_in_any_company() {
    let engine = shipped();
    let heard: Vec<&str> = examples(true)
        .into_iter()
        .filter(|text| rules().assess(text).is_some_and(|alarm| alarm.always))
        .collect();
    assert!(heard.len() > 80, "{}", heard.len());
    let some = || prop::collection::vec(prop::sample::select(harmless()), 0..3);
    let messages = (prop::sample::select(heard), some(), some());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    runner
        .run(&messages, |(text, before, after)| {
            let message = [before, vec![text], after].concat().join("\n");
            let look = look(engine, &message);
            prop_assert!(alarm(&look).is_some(), "{}", message);
            prop_assert_eq!(&look.second_look, &None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn rules_alone_decide_without_a_model_and_the_engine_says_so() {
    let engine = alone();
    assert_eq!(engine.rules_alone(), Some(RulesAlone::AsWished));
    for text in examples(false).into_iter().chain(harmless()) {
        let look = look(engine, text);
        let by_rule = rules().assess(text).map(|alarm| (alarm.channel, alarm.rule));
        assert_eq!(alarm(&look), by_rule, "{text}");
        assert_eq!(look.second_look, None);
    }
}

#[test]
fn an_alarm_of_the_model_speaks_an_approved_text() {
    let engine = shipped();
    let mut by_model = Vec::new();
    for text in examples(false).into_iter().chain(examples(true)) {
        let first = look(engine, text);
        let Some(Response::Urgent(urgent)) = &first.response else { continue };
        let Some(named) = urgent.rule.strip_prefix("exemplar:") else { continue };
        let (channel, rule) = named.split_once('/').unwrap();
        assert_eq!(channel, urgent.channel);
        let (_, reply) = rules().reply_of(channel, rule).unwrap();
        assert_eq!(urgent.citations[0].document, *reply, "{text}");
        assert!(!urgent.text.is_empty());
        assert!(urgent.spans.iter().all(|span| text.get(span.clone()).is_some()), "{text}");
        by_model.push(text);
    }
    assert!(by_model.len() > 40, "only {} alarms by the model", by_model.len());
    let some = || prop::collection::vec(prop::sample::select(harmless()), 0..3);
    let messages = (prop::sample::select(by_model), some(), some());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(48));
    runner
        .run(&messages, |(text, before, after)| {
            let message = [before, vec![text], after].concat().join("\n");
            prop_assert!(alarm(&look(engine, &message)).is_some(), "{}", message);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_same_message_gets_the_same_second_look() {
    let other = Engine::builder(shipped_index()).embedder(encoder()).open().unwrap();
    for text in ["there's a dent. thanks", "wo\u{200b}rried about my boob", "Where is the van? x"] {
        let looks =
            [look(shipped(), text), look(&other, text)].map(|l| (l.response, l.second_look));
        assert_eq!(looks[0], looks[1], "{text}");
        if let Some(second) = &looks[0].1 {
            assert!(text.get(second.start..second.end).is_some(), "{text}");
        }
    }
}

#[test]
fn a_likely_kind_takes_the_route_of_its_channel() {
    let engine = shipped();
    let mut taken = 0;
    for text in [
        "Did the lab find anything in mine that I should know about",
        "Has mine been sent out yet, next door got hers",
        "My appt is with you lot on the 4th what time was it again",
        "It has been five weeks now since mine went off and still not a word",
        "Three months I've waited and not one of you has had the decency to ring back",
        "You lot lost my sample twice and nobody said sorry",
        "I was left sat in that corridor in a gown for an hour and it is not good enough",
        "My details are Jean Carr, 4 Mill Lane, please put them on your system",
    ] {
        if rules().route(text).is_some() {
            continue;
        }
        let look = look(engine, text);
        let Some(Response::Handover(handover)) = &look.response else { continue };
        let rule = handover.rule.as_deref().unwrap();
        let channel = rule.strip_prefix("exemplar:").unwrap();
        assert!(["personal", "complaint", "identity"].contains(&channel), "{rule}");
        assert_eq!(look.second_look.unwrap().kind.unwrap().name, channel);
        assert!(!handover.text.is_empty());
        taken += 1;
    }
    assert!(taken >= 2, "{taken}");
    for text in ["Does a mammogram hurt?", "How long do results take?", "How is a mammogram done?"]
    {
        assert_eq!(look(engine, text).response, None, "{text}");
    }
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn exchanged_layers_compute_alike_on_both_paths_and_change_nothing_else() {
    let model = shipped_triage().unwrap();
    let tail = model.tail().to_vec();
    let plain = default_model().unwrap();
    let text = ["I found something hard under my arm"];
    let before = plain.embed(&text).unwrap();
    let tuned = plain.with_layers(ModelBytes::from(tail.clone())).unwrap();
    let vector = tuned.embed(&text).unwrap();
    assert_ne!(bits(&vector), bits(&before));
    assert_ne!(tuned.fingerprint(), plain.fingerprint());
    assert_eq!(bits(&plain.embed(&text).unwrap()), bits(&before));
    let files = ModelFiles::built_in().unwrap();
    let scalar = Encoder::load_on(files, CpuPath::Scalar).unwrap();
    let again = scalar.with_layers(ModelBytes::from(tail.clone())).unwrap();
    assert_eq!(bits(&again.embed(&text).unwrap()), bits(&vector));
    let (_, begun) = tuned.embed_tokens_begun(text[0]).unwrap().unwrap();
    let begun = begun.unwrap();
    let finished = plain.finish(text[0], &begun).unwrap().unwrap();
    assert!(finished.iter().zip(&before).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert_eq!(tuned.finish(text[0], &begun).unwrap(), None);
    for damaged in [Vec::new(), tail[..1000].to_vec(), tail[..tail.len() - 1].to_vec()] {
        assert!(plain.with_layers(ModelBytes::from(damaged)).is_err());
    }
    let whole = ModelFiles::built_in().unwrap().weights;
    assert!(matches!(plain.with_layers(whole), Err(LoadError::Int8Format { .. })));
}
