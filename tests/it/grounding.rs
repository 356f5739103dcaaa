//! Every word that is said stands in an approved file, whole with what limits it.
//!
//! The check here shares no code with the engine's own: it reads the corpus file from disk, cuts
//! the front matter off by hand and compares bytes.
//!
//! 1. Every topic of `eval/topics/*.jsonl`, asked on the shipped corpus: each quote is exactly the
//!    bytes `start..end` of its file, the file's fingerprint is the one cited, the text is the
//!    quotes and nothing else, shorter than 2,000 bytes; no keep group and no sentence is cut; the
//!    document is in date, holds for the person's nation and locality.
//! 2. Random documents with keep groups and lists: whatever is quoted keeps every group whole, and
//!    every list item its lead-in; and the choice of what to quote never depends on the last check
//!    to refuse it.
//! 3. The engine's own last check refuses a quote that was tampered with: a changed byte, a moved
//!    span, half a sentence, half a keep group, a list item without its lead-in.

use std::collections::BTreeMap;
use std::path::Path;

use guidepost::answer::ground::{self, Ungrounded};
use guidepost::answer::response::{Citation, Response};
use guidepost::eval::fit::query_of;
use guidepost::eval::topic::read_topics;
use guidepost::ids::{Fingerprint, Nation};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{
    Doc, Place, SHIPPED_TODAY, TODAY, ask, decision, root, shipped, shipped_corpus,
};

/// What is wrong with some citations and the text they make, judged from the files alone.
fn faults(corpus: &Path, text: &str, citations: &[Citation]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for c in citations {
        let file = files
            .entry(&c.path)
            .or_insert_with(|| fs_err::read_to_string(corpus.join(&c.path)).unwrap());
        if file.as_bytes().get(c.span.clone()) != Some(c.quote.as_bytes()) {
            faults.push(format!("{}: the quote is not bytes {:?}", c.path, c.span));
        }
        if Fingerprint::of(file.as_bytes()) != c.fingerprint {
            faults.push(format!("{}: another file was cited", c.path));
        }
        let body = file.find("\n+++\n").unwrap() + "\n+++\n".len();
        if c.span.start < body {
            faults.push(format!("{}: the front matter is quoted", c.path));
        }
        if !ends_a_sentence(&c.quote) || !begins_a_sentence(file, c.span.start) {
            faults.push(format!("{}: `{}` is not made of whole sentences", c.path, c.quote));
        }
    }
    for (path, file) in &files {
        let quoted = |part: &str, at: usize| {
            citations
                .iter()
                .any(|c| c.path == *path && c.span.start <= at && at + part.len() <= c.span.end)
        };
        for group in kept_lines(file) {
            let said = group.iter().filter(|(at, line)| quoted(line, *at)).count();
            if said != 0 && said != group.len() {
                faults.push(format!("{path}: {said} of {} kept lines are quoted", group.len()));
            }
        }
    }
    // The text is the quotes in order, with nothing but blanks, line ends and list marks between.
    let mut rest = text;
    for c in citations {
        match rest.find(c.quote.as_str()) {
            Some(at) if only_marks(&rest[..at]) => rest = &rest[at + c.quote.len()..],
            _ => {
                faults.push(format!("the text holds something before `{}`: `{rest}`", c.quote));
                return faults;
            }
        }
    }
    if !only_marks(rest) {
        faults.push(format!("the text goes on after its quotes: `{rest}`"));
    }
    if text.len() >= 2000 {
        faults.push(format!("the text has {} bytes", text.len()));
    }
    faults
}

fn only_marks(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\n' | '-'))
}

/// A quote ends where a sentence, a lead-in or a list item ends.
fn ends_a_sentence(quote: &str) -> bool {
    !quote.is_empty() && quote.trim() == quote && !quote.contains('\n')
}

/// A quote begins at the head of a line, after a list mark, or after the end of a sentence.
fn begins_a_sentence(file: &str, start: usize) -> bool {
    let before = &file[..start];
    before.ends_with('\n')
        || before.ends_with("\n- ")
        || before.ends_with(['.', '?', '!', ')'])
        || before.ends_with(' ') && before.trim_end_matches(' ').ends_with(['.', '?', '!', ')'])
}

/// The text lines of every keep group, with their places; list marks left out.
fn kept_lines(file: &str) -> Vec<Vec<(usize, &str)>> {
    let mut groups = Vec::new();
    let mut open: Option<Vec<(usize, &str)>> = None;
    let mut at = 0;
    for line in file.split_inclusive('\n') {
        let text = line.trim_end();
        match (text, &mut open) {
            ("<!-- keep -->", None) => open = Some(Vec::new()),
            ("<!-- /keep -->", Some(_)) => groups.extend(open.take()),
            ("", _) | (_, None) => {}
            (_, Some(lines)) => {
                let marked = text.strip_prefix("- ").map_or(0, |_| 2);
                lines.push((at + marked, &text[marked..]));
            }
        }
        at += line.len();
    }
    groups
}

#[test]
fn every_topic_of_the_shipped_corpus_is_grounded() {
    let engine = shipped();
    let folder = root().join("eval/topics");
    let mut asked = 0;
    let mut answered = 0;
    let mut kept = 0;
    let mut wrong = Vec::new();
    // Sealed sets are asked by the one command that records it.
    for name in ["fit", "dev", "conversations"].map(|name| format!("screening-{name}.jsonl")) {
        for topic in read_topics(&folder.join(&name)).unwrap() {
            let query = query_of(&topic, SHIPPED_TODAY);
            let reply = engine.reply(&query).unwrap();
            asked += 1;
            let response = &reply.response;
            let (text, citations) = (response.text(), response.citations());
            for fault in faults(&shipped_corpus(), text, citations) {
                wrong.push(format!("{} ({}): {fault}", topic.id, topic.text));
            }
            if let Response::Answer(answer) = response {
                answered += 1;
                assert!(!answer.citations.is_empty(), "{}", topic.id);
                let snapshot = engine.snapshot();
                for c in &answer.citations {
                    let document = snapshot.document(&c.document).unwrap();
                    let said = reply.conversation.nation;
                    let nation = topic.nation.or(said).unwrap_or(Nation::England);
                    assert!(document.nations.contains(&nation), "{}: {}", topic.id, document.id);
                    let local = document.locality.is_none() || document.locality == topic.locality;
                    assert!(local, "{}: {}", topic.id, document.id);
                    assert!(c.approved_on <= SHIPPED_TODAY && SHIPPED_TODAY <= c.review_due);
                    kept += usize::from(document.text.contains("<!-- keep -->"));
                }
            } else if text.is_empty() {
                wrong.push(format!("{}: nothing is said ({})", topic.id, response.decision()));
            }
        }
    }
    assert_eq!(wrong, [""; 0], "{} of {asked} topics", wrong.len());
    assert!(asked >= 700, "{asked} topics");
    assert!(answered >= asked / 4, "only {answered} of {asked} topics were answered");
    assert!(kept > 0, "no document with a keep group was ever quoted");
}

/// Words of the little vocabulary that random documents are made of.
fn sentence() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop::sample::select(vec!["ears", "tones", "letters", "rooms", "nurses", "mornings"]),
        2..9,
    )
    .prop_map(|words| format!("The {} wait.", words.join(" ")))
}

fn block() -> impl Strategy<Value = String> {
    let list =
        (sentence(), proptest::collection::vec(sentence(), 1..5)).prop_map(|(lead, items)| {
            format!("{}:\n\n- {}", lead.trim_end_matches('.'), items.join("\n- "))
        });
    let paragraph = proptest::collection::vec(sentence(), 1..4).prop_map(|s| s.join(" "));
    let plain = prop_oneof![2 => paragraph.boxed(), 1 => list.boxed()].boxed();
    let kept = proptest::collection::vec(plain.clone(), 1..4)
        .prop_map(|blocks| format!("<!-- keep -->\n{}\n<!-- /keep -->", blocks.join("\n\n")));
    let heading = sentence().prop_map(|s| format!("## {}", s.trim_end_matches('.')));
    prop_oneof![3 => plain, 2 => kept, 1 => heading]
}

#[test]
fn random_keep_groups_stay_whole() {
    let body = (sentence(), proptest::collection::vec(block(), 1..6))
        .prop_map(|(first, blocks)| format!("{first}\n\n{}", blocks.join("\n\n")));
    let bodies = proptest::collection::vec(body, 6);
    let mut runner =
        TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
    let answered = std::cell::Cell::new(0);
    runner
        .run(&bodies, |bodies| {
            let docs: Vec<Doc> = bodies
                .iter()
                .enumerate()
                .map(|(n, body)| Doc::new(&format!("random-{n}"), "", body))
                .collect();
            let place = Place::with(&docs);
            let engine = place.engine();
            for body in &bodies {
                for line in body.lines().filter(|l| l.len() > 12 && !l.starts_with('<')) {
                    let reply = ask(&engine, line.trim_start_matches(['-', '#', ' ']));
                    let response = &reply.response;
                    let found = faults(&place.corpus(), response.text(), response.citations());
                    prop_assert!(found.is_empty(), "{line}: {found:?}");
                    // What is chosen to be quoted is never what the last check refuses.
                    prop_assert_ne!(decision(&reply), "handover ungrounded", "{}", line);
                    answered
                        .set(answered.get() + usize::from(matches!(response, Response::Answer(_))));
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(answered.get() > 40, "only {} answers were looked at", answered.get());
}

/// A document with every shape that can be cut, and the citation of its first paragraph.
fn shaped() -> (Place, Citation) {
    let doc = Doc::new(
        "shaped",
        "what are tones like",
        "Tones are soft. Tones are short.\n\n<!-- keep -->\nYou may come with a cold.\n\n\
         You must not come with a fever.\n<!-- /keep -->\n\nBring these things:\n\n- a letter\n- a hat",
    );
    let place = Place::with(&[doc]);
    let engine = place.engine();
    let reply = ask(&engine, "what are tones like");
    let mut citation = reply.response.citations()[0].clone();
    let file = fs_err::read_to_string(place.corpus().join("shaped.md")).unwrap();
    citation.span = span(&file, "Tones are soft. Tones are short.");
    file[citation.span.clone()].clone_into(&mut citation.quote);
    (place, citation)
}

fn span(file: &str, part: &str) -> std::ops::Range<usize> {
    let start = file.find(part).unwrap();
    start..start + part.len()
}

#[test]
fn the_last_check_refuses_what_was_tampered_with() {
    let (place, sound) = shaped();
    let snapshot = place.store().open_current().unwrap();
    let file = fs_err::read_to_string(place.corpus().join("shaped.md")).unwrap();
    let check = |parts: &[&str]| {
        let citations: Vec<Citation> = parts
            .iter()
            .map(|part| Citation {
                span: span(&file, part),
                quote: (*part).to_owned(),
                ..sound.clone()
            })
            .collect();
        ground::check(&citations, &snapshot, &BTreeMap::new(), TODAY)
    };
    assert_eq!(check(&["Tones are soft. Tones are short."]), Ok(()));
    assert_eq!(check(&["Tones are short."]), Ok(()));
    assert_eq!(check(&["You may come with a cold.", "You must not come with a fever."]), Ok(()));
    assert_eq!(check(&["Bring these things:", "a hat"]), Ok(()));
    let cut: [&[&str]; 5] = [
        &["Tones are"],
        &["Tones are soft. Tones"],
        &["You may come with a cold."],
        &["You must not come with a fever."],
        &["a hat"],
    ];
    for parts in cut {
        let found = check(parts);
        assert!(matches!(found, Err(Ungrounded::Cut { .. })), "{parts:?}: {found:?}");
    }
    let mut tampered = [sound.clone(), sound.clone(), sound.clone()];
    tampered[0].quote = tampered[0].quote.replace("soft", "loud");
    tampered[1].span = tampered[1].span.start + 1..tampered[1].span.end + 1;
    tampered[2].span.end = usize::MAX;
    for citation in tampered {
        let found = ground::check(&[citation], &snapshot, &BTreeMap::new(), TODAY);
        assert!(matches!(found, Err(Ungrounded::NotVerbatim { .. })), "{found:?}");
    }
    let elsewhere = Citation { document: "nowhere".parse().unwrap(), ..sound.clone() };
    let found = ground::check(&[elsewhere], &snapshot, &BTreeMap::new(), TODAY);
    assert!(matches!(found, Err(Ungrounded::Missing { .. })), "{found:?}");
    let late = jiff::civil::date(2030, 1, 1);
    let found = ground::check(&[sound], &snapshot, &BTreeMap::new(), late);
    assert!(matches!(found, Err(Ungrounded::Barred { .. })), "{found:?}");
}
