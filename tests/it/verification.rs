//! An index that is served before it is verified.
//!
//! 1. It answers as it does when it was verified first, and says when it is verified.
//! 2. Damage to guidance is found behind: from then on whatever is asked goes to a person, alarms
//!    are still raised, and nothing may leave.
//! 3. Damage to what alarms say, to the columns or to the postings is an error at open.

use guidepost::answer::response::Response;
use guidepost::engine::{Engine, NotSent};
use guidepost::index::snapshot::Verification;
use guidepost::query::Query;

use crate::support::{Place, TODAY, encoder, sharp};

const GUIDANCE: &str = "Does an ear check hurt?";

fn served_at_once(place: &Place) -> Result<Engine, guidepost::Error> {
    Engine::builder(place.index()).embedder(encoder()).calibrator(sharp()).verified_first(0).open()
}

/// Changes a letter of the current snapshot's documents, found by words beside it.
fn damage(place: &Place, words: &str) {
    let folder = place.store().folder(place.store().current().unwrap());
    let path = folder.join("passages.bin");
    let mut bytes = fs_err::read(&path).unwrap();
    let at = bytes.windows(words.len()).position(|found| found == words.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs_err::write(&path, bytes).unwrap();
}

#[test]
fn an_index_served_at_once_answers_alike_and_ends_verified() {
    let place = Place::sample();
    let expected = place.engine();
    let engine = served_at_once(&place).unwrap();
    for text in [GUIDANCE, "ear", "sudden pain in my ear"] {
        let query = Query::new(text, TODAY);
        assert_eq!(engine.ask(&query).unwrap(), expected.ask(&query).unwrap(), "{text}");
    }
    assert_eq!(engine.verified(), Verification::Verified);
    assert_eq!(engine.verification(), Verification::Verified);
    engine.reload().unwrap();
    assert_eq!(engine.verified(), Verification::Verified);
}

#[test]
fn a_damaged_index_hands_over_and_still_raises_alarms() {
    let place = Place::sample();
    let sound = place.engine();
    let urgent = "my mum collapsed";
    let alarm = sound.ask(&Query::new(urgent, TODAY)).unwrap();
    let answered = sound.reply(&Query::new(GUIDANCE, TODAY)).unwrap();
    assert_eq!(answered.response.decision(), "answer");
    damage(&place, "does not hurt");
    let engine = served_at_once(&place).unwrap();
    let Verification::Failed { reason } = engine.verified() else { panic!("damage is not found") };
    assert!(reason.contains("passages.bin"), "{reason}");
    let reply = engine.reply(&Query::new(GUIDANCE, TODAY)).unwrap();
    assert_eq!(reply.response.decision(), "handover");
    assert_eq!(reply.response.reason(), Some("damaged_index"));
    assert_eq!(reply.response.text(), "");
    for reply in [&reply, &answered] {
        let told = engine.may_leave(reply).unwrap_err();
        assert!(matches!(told, NotSent::Unverified { .. }), "{told}");
    }
    assert!(matches!(alarm, Response::Urgent(_)), "{alarm:?}");
    assert_eq!(engine.ask(&Query::new(urgent, TODAY)).unwrap(), alarm);
}

#[test]
fn what_alarms_say_is_verified_before_anything() {
    let place = Place::sample();
    place.build();
    damage(&place, "999");
    assert!(served_at_once(&place).is_err());
}
