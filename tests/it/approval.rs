//! What may not be said is not said, and nothing else is said in its place.
//!
//! Each case has a corpus of its own: the document that answers best is barred, and the next best
//! would answer well. The calibrator is sure of both, so the bar alone stands in the way.
//!
//! 1. Draft, withdrawn, not yet approved, expired by the query's clock: a hand-over with that
//!    reason, naming the document, quoting nothing of it, and never the runner-up.
//! 2. The first and the last day of an approval answer; the day before and the day after do not.
//! 3. A revocation holds at once, without rebuild or reload, also when another process wrote it;
//!    a document that the revoked one used to beat still does not answer in its place.
//! 4. A text for another nation does not answer; for its own nation it does.
//! 5. A programme that is not served never answers: the approved line points elsewhere.
//! 6. Text of another locality is neither quoted nor named as near, and does not hide the rest.
//! 7. Fixed texts obey too: a lapsed reply is not said, but the alarm still is raised.
//! 8. A bar that is taken away lets the same text answer.

use guidepost::answer::response::Response;
use guidepost::corpus::approve::{Grant, approve, withdraw};
use guidepost::corpus::document::Role;
use guidepost::engine::{Engine, Reply};
use guidepost::ids::{Locality, Nation, Programme};
use guidepost::index::store::{Revocation, Store};
use guidepost::query::Query;
use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::support::{Doc, Place, TODAY, ask, decision};

const QUESTION: &str = "Does the ear check hurt?";

/// The document that answers [`QUESTION`] best.
fn winner() -> Doc {
    Doc::new("winner", QUESTION, "The ear check does not hurt at all. Winner.")
}

/// The next best: it would answer well, if it were asked.
fn runner_up() -> Doc {
    Doc::new("runner-up", "does an ear test hurt", "An ear test does not hurt. Runner up.")
}

/// That the winner was found, and that neither it nor the runner-up was said.
#[track_caller]
fn assert_barred(reply: &Reply, reason: &str) {
    assert_eq!(decision(reply), format!("handover {reason}"));
    assert_eq!(reply.winner.as_ref().unwrap().document.as_str(), "winner");
    let Response::Handover(handover) = &reply.response else { unreachable!() };
    assert_eq!(handover.barred.as_ref().unwrap().0.as_str(), "winner");
    assert_not_said(reply);
    let near: Vec<&str> = handover.nearest.iter().map(|n| n.document.as_str()).collect();
    assert!(!near.contains(&"winner"), "a barred document is offered as near: {near:?}");
}

#[track_caller]
fn assert_not_said(reply: &Reply) {
    let text = reply.response.text();
    assert!(!text.contains("Winner") && !text.contains("Runner"), "{text}");
    let fixed = |id: &str| id.starts_with("route-") || id.starts_with("safety-");
    assert!(reply.response.citations().iter().all(|c| fixed(c.document.as_str())));
}

#[track_caller]
fn assert_says(reply: &Reply, id: &str) {
    let Response::Answer(answer) = &reply.response else { panic!("{}", decision(reply)) };
    assert_eq!(answer.citations[0].document.as_str(), id);
    assert_eq!(answer.standing.as_str(), "draft");
}

fn asked_on(engine: &Engine, day: Date) -> Reply {
    engine.reply(&Query::new(QUESTION, day)).unwrap()
}

#[test]
fn the_setting_answers_when_nothing_is_barred() {
    let engine = Place::with(&[winner(), runner_up()]).engine();
    assert_says(&ask(&engine, QUESTION), "winner");
    let alone = Place::with(&[runner_up()]).engine();
    assert_says(&ask(&alone, QUESTION), "runner-up");
}

#[test]
fn a_draft_or_withdrawn_text_does_not_answer() {
    for (status, reason) in [("draft", "not_approved"), ("withdrawn", "withdrawn")] {
        let engine = Place::with(&[Doc { status, ..winner() }, runner_up()]).engine();
        assert_barred(&ask(&engine, QUESTION), reason);
    }
}

#[test]
fn an_approval_holds_from_its_first_to_its_last_day() {
    let (on, review_due) = (date(2026, 3, 1), date(2026, 9, 30));
    let engine = Place::with(&[Doc { on, review_due, ..winner() }, runner_up()]).engine();
    assert_barred(&asked_on(&engine, date(2026, 2, 28)), "not_yet_approved");
    assert_says(&asked_on(&engine, on), "winner");
    assert_says(&asked_on(&engine, review_due), "winner");
    assert_barred(&asked_on(&engine, date(2026, 10, 1)), "expired");
    assert_says(&asked_on(&engine, TODAY), "winner");
}

fn revocation(document: &str) -> Revocation {
    Revocation {
        document: document.parse().unwrap(),
        by: "Tester".to_owned(),
        reason: "a test".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_revocation_holds_at_once() {
    let place = Place::with(&[winner(), runner_up()]);
    let engine = place.engine();
    assert_says(&ask(&engine, QUESTION), "winner");
    place.store().lock().unwrap().revoke(&revocation("runner-up")).unwrap();
    assert_says(&ask(&engine, QUESTION), "winner");
    place.store().lock().unwrap().revoke(&revocation("winner")).unwrap();
    assert_barred(&ask(&engine, QUESTION), "revoked");
    // Neither a reload, nor an engine opened anew, nor a rebuild brings it back.
    engine.reload().unwrap();
    assert_barred(&ask(&engine, QUESTION), "revoked");
    place.edit("winner.md", "at all", "one bit");
    assert_barred(&ask(&place.engine(), QUESTION), "revoked");
}

#[cfg(feature = "cli")]
#[test]
fn a_revocation_by_another_process_holds_at_once() {
    let place = Place::with(&[winner(), runner_up()]);
    let engine = place.engine();
    assert_says(&ask(&engine, QUESTION), "winner");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_guidepost"))
        .args(["index", "revoke", "winner", "--by", "Zoë", "--reason", "a test", "--index"])
        .arg(place.index())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_barred(&ask(&engine, QUESTION), "revoked");
    assert_eq!(place.store().revocations().unwrap().len(), 1);
}

#[test]
fn a_text_for_another_nation_does_not_answer() {
    let nations = &["wales"];
    let far = Doc::new("far", "where is the clinic", "The clinic is upstairs. Runner up.");
    let engine = Place::with(&[Doc { nations, ..winner() }, far]).engine();
    let asked = |engine: &Engine, nation| {
        engine.reply(&Query { nation, ..Query::new(QUESTION, TODAY) }).unwrap()
    };
    // Where the nation is not known the answer depends on it: ask.
    let asked_back = asked(&engine, None);
    assert_eq!(decision(&asked_back), "clarify which_nation");
    assert_not_said(&asked_back);
    for nation in [Some(Nation::England), Some(Nation::Scotland)] {
        let reply = asked(&engine, nation);
        assert_eq!(decision(&reply), "handover wrong_nation", "{nation:?}");
        assert_not_said(&reply);
        let Response::Handover(handover) = &reply.response else { unreachable!() };
        assert_eq!(handover.barred.as_ref().unwrap().0.as_str(), "winner");
        assert!(handover.nearest.iter().all(|n| n.document.as_str() != "winner"));
    }
    assert_says(&asked(&engine, Some(Nation::Wales)), "winner");
    // Nations are a scope, as programmes are: of two texts on one subject, each nation gets its own.
    let near = Doc::new("near", "does the ear check hurt me?", "The ear check does not hurt here.");
    let engine = Place::with(&[Doc { nations, ..winner() }, near]).engine();
    assert_says(&asked(&engine, None), "near");
    assert_says(&asked(&engine, Some(Nation::Wales)), "winner");
    let scotland = asked(&engine, Some(Nation::Scotland));
    assert_eq!(decision(&scotland), "handover wrong_nation");
    assert_not_said(&scotland);
}

#[test]
fn another_programme_is_signposted_and_never_answers() {
    let tooth = Doc { programme: "tooth", ..winner() };
    let ear =
        Doc::new("ear-far", "where is the clinic", "The clinic for ears is upstairs. Runner.");
    let engine = Place::with(&[tooth, ear]).engine();
    let asked = |programmes: &[&str]| {
        let programmes = programmes.iter().map(|p| Programme::new(*p).unwrap()).collect();
        engine.reply(&Query { programmes, ..Query::new(QUESTION, TODAY) }).unwrap()
    };
    let reply = asked(&["ear"]);
    assert_eq!(decision(&reply), "handover other_programme");
    assert_eq!(
        reply.response.text(),
        "Your question seems to be about another check, which this service does not run. \
         Ask the service named on your letter."
    );
    assert_eq!(reply.response.citations()[0].document.as_str(), "route-other-programme");
    // Nothing of the programme served is near: still no answer from the other one.
    let nothing_served = asked(&["nose"]);
    assert_eq!(decision(&nothing_served), "handover other_programme");
    assert_not_said(&nothing_served);
    assert_says(&asked(&["tooth"]), "winner");
    assert_says(&asked(&["ear", "tooth"]), "winner");
    assert_says(&asked(&[]), "winner");
}

#[test]
fn text_of_every_programme_answers_for_each() {
    let engine = Place::with(&[Doc { programme: "all", ..winner() }, runner_up()]).engine();
    let programmes = vec![Programme::new("nose").unwrap()];
    let reply = engine.reply(&Query { programmes, ..Query::new(QUESTION, TODAY) }).unwrap();
    assert_says(&reply, "winner");
}

#[test]
fn text_of_another_locality_is_never_shown() {
    let local = Doc { kind: "local", locality: Some("millbrook"), ..winner() };
    let engine = Place::with(&[local, runner_up()]).engine();
    let asked = |locality: Option<&str>| {
        let locality = locality.map(|l| Locality::new(l).unwrap());
        engine.reply(&Query { locality, ..Query::new(QUESTION, TODAY) }).unwrap()
    };
    for other in [None, Some("riverbourne")] {
        let reply = asked(other);
        // A local text does not even take part: general guidance is no fall-through then.
        assert_says(&reply, "runner-up");
        assert!(!format!("{:?}", reply.response).contains("millbrook"));
    }
    assert_says(&asked(Some("millbrook")), "winner");
}

#[test]
fn a_barred_local_text_does_not_fall_through() {
    let local = Doc { kind: "local", locality: Some("millbrook"), status: "withdrawn", ..winner() };
    let engine = Place::with(&[local, runner_up()]).engine();
    let locality = Some(Locality::new("millbrook").unwrap());
    let reply = engine.reply(&Query { locality, ..Query::new(QUESTION, TODAY) }).unwrap();
    assert_barred(&reply, "withdrawn");
}

#[test]
fn the_local_contact_is_cited_on_its_own_and_obeys_too() {
    let mut late = winner();
    late.body = "Contact your local ear check service if it hurts. Winner.".to_owned();
    let contact = Doc {
        kind: "local",
        locality: Some("millbrook"),
        ..Doc::new("local-millbrook-contact", "", "Phone Millbrook on 01632 960777.")
    };
    let locality = Some(Locality::new("millbrook").unwrap());
    let query = Query { locality, ..Query::new(QUESTION, TODAY) };
    let reply = Place::with(&[late.clone(), contact.clone()]).engine().reply(&query).unwrap();
    assert_says(&reply, "winner");
    let cited: Vec<&str> = reply.response.citations().iter().map(|c| c.document.as_str()).collect();
    assert_eq!(cited, ["winner", "local-millbrook-contact"]);
    assert!(reply.response.text().ends_with("\n\nPhone Millbrook on 01632 960777."));
    // Without a locality, or with a contact that may not be quoted, the guidance stands alone.
    let place = Place::with(&[late, Doc { status: "draft", ..contact }]);
    let engine = place.engine();
    for query in [query, Query::new(QUESTION, TODAY)] {
        let reply = engine.reply(&query).unwrap();
        assert_says(&reply, "winner");
        assert!(!reply.response.text().contains("01632"));
    }
}

#[test]
fn a_lapsed_fixed_text_is_not_said_but_the_alarm_is_raised() {
    let place = Place::with(&[winner()]);
    let alarm = "my mum collapsed in the clinic";
    let said = ask(&place.engine(), alarm);
    assert_eq!(decision(&said), "urgent emergency");
    assert!(said.response.text().contains("999"));
    withdraw(&place.corpus(), &["safety-emergency".to_owned()]).unwrap();
    let silent = ask(&place.engine(), alarm);
    assert_eq!(decision(&silent), "urgent emergency");
    assert_eq!((silent.response.text(), silent.response.citations().len()), ("", 0));
}

#[test]
fn approving_lets_the_same_text_answer() {
    let place = Place::with(&[Doc { status: "draft", ..winner() }, runner_up()]);
    assert_barred(&ask(&place.engine(), QUESTION), "not_approved");
    let grant = Grant {
        by: "Somebody".to_owned(),
        role: Role::Example,
        on: date(2026, 5, 1),
        review_due: date(2026, 7, 1),
    };
    approve(&place.corpus(), &["winner".to_owned()], &grant).unwrap();
    let engine = place.engine();
    let reply = ask(&engine, QUESTION);
    assert_says(&reply, "winner");
    assert_eq!(reply.response.citations()[0].approved_by, "Somebody");
    assert_barred(&asked_on(&engine, date(2026, 4, 30)), "not_yet_approved");
    withdraw(&place.corpus(), &["winner".to_owned()]).unwrap();
    // The snapshot built before still answers as it was; the one built from now on does not.
    assert_says(&ask(&engine, QUESTION), "winner");
    assert_barred(&ask(&place.engine(), QUESTION), "withdrawn");
}

#[test]
fn the_example_notice_stands_beside_every_reply() {
    let engine = Place::with(&[winner()]).engine();
    for text in [QUESTION, "who won the football", "my mum collapsed"] {
        let notice = ask(&engine, text).notice.unwrap();
        assert!(notice.contains("Not clinically approved"), "{notice}");
    }
    let mut clinical = winner();
    clinical.role = "clinical";
    let place = Place::with(&[clinical]);
    for name in crate::support::files(&place.corpus()) {
        let name = name.to_str().unwrap();
        if name.contains(".md") && name != "winner.md" {
            place.edit(name, "role = \"example\"", "role = \"clinical\"");
        }
    }
    assert_eq!(ask(&place.engine(), QUESTION).notice, None);
}

#[test]
fn a_damaged_revocation_stops_the_engine_and_names_the_line() {
    let place = Place::with(&[winner(), runner_up()]);
    let engine = place.engine();
    let store: Store = place.store();
    store.lock().unwrap().revoke(&revocation("runner-up")).unwrap();
    let path = store.revocations_path();
    let sound = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, format!("{sound}{{\"document\":\"winner\"\n{sound}")).unwrap();
    let error = engine.reply(&Query::new(QUESTION, TODAY)).unwrap_err();
    assert!(error.to_string().contains("revocations.jsonl:2:"), "{error}");
    assert!(Engine::builder(place.index()).open().is_err());
    // Repaired, it answers again without being opened anew.
    fs_err::write(&path, sound).unwrap();
    assert_says(&ask(&engine, QUESTION), "winner");
}
