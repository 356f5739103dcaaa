//! 1. A clean corpus has no findings.
//! 2. Every rule finds what it names, on its line, and nothing else.
//! 3. Findings come in one order, whatever the order of the documents.
//! 4. Plain, withdrawn and fixed texts are left alone where the table says so.

use std::path::PathBuf;

use jiff::civil::date;

use super::*;
use crate::corpus::facts::read_facts;
use crate::corpus::read::read_document;
use crate::corpus::testing::{document, file};

const QUESTIONS: &str = "questions = [\"what about breast screening\"]\n";
const FACTS: &str = "[[fact]]\nid = \"F\"\nstatement = \"Every 3 years from 50 to 71, three views.\"\n\
    status = \"S\"\n[fact.source]\ntitle = \"Leaflet\"\npublisher = \"NHS\"\naddress = \"a\"\n\
    date = \"Updated 22 April 2025\"\n";

fn corpus(mut documents: Vec<Document>) -> Corpus {
    documents.sort_by(|a, b| a.id.cmp(&b.id));
    let (facts, issues) = read_facts("facts.toml", FACTS);
    Corpus { root: PathBuf::new(), documents, facts, issues }
}

fn cited(id: &str, question: &str, body: &str) -> Document {
    document(id, &format!("facts = [\"F\"]\nquestions = [\"{question}\"]\n"), body)
}

fn found(documents: Vec<Document>) -> Vec<Finding> {
    check(&corpus(documents), &CheckOptions { today: date(2026, 11, 24) })
}

/// The rule and the text of the line of each finding, beside a second document that cites F.
#[track_caller]
fn expect(document: &Document, expect: &[(Rule, &str)]) {
    let other = cited("zz", "zz question screening", "Other words for screening stand here.");
    let text = document.text.clone();
    let findings = found(vec![document.clone(), other]);
    let shown: Vec<_> = findings
        .iter()
        .map(|f| (f.rule, text.lines().nth(f.line - 1).unwrap_or_default()))
        .collect();
    assert_eq!(shown.len(), expect.len(), "{findings:#?}");
    for ((rule, line), (want, part)) in shown.iter().zip(expect) {
        assert!(rule == want && line.contains(part), "{findings:#?}");
    }
}

#[track_caller]
fn expect_body(body: &str, rules: &[(Rule, &str)]) {
    expect(&cited("a", "breast screening", body), rules);
}

#[test]
fn a_clean_corpus_has_no_findings() {
    expect_body(
        "Breast screening is offered every 3 years. As of April 2025, 3 views are taken.\n\n\
         ## From 50 to 71\n\nTell staff if you:\n- use a wheelchair\n- call 111\n\n\
         <!-- keep -->\nScreening is for all.\n\nBut not yet.\n<!-- /keep -->",
        &[],
    );
}

#[test]
fn figures_must_stand_in_cited_facts() {
    expect_body("Screening.\n\nScreening every 4 years.", &[(Rule::FigureNotInFacts, "every 4")]);
    expect_body("Screening.\n\n## Over 72\n\nAsk.", &[(Rule::FigureNotInFacts, "## Over 72")]);
    let uncited = document("a", QUESTIONS, "Screening every 3 years until 71.");
    expect(&uncited, &[(Rule::NoFacts, "every 3")]);
    let missing = document("a", &format!("facts = [\"F\", \"G\"]\n{QUESTIONS}"), "Screening.");
    expect(&missing, &[(Rule::UnknownFact, "facts =")]);
}

#[test]
fn unused_facts_are_named_on_their_line() {
    let findings = found(vec![document("a", QUESTIONS, "Screening.")]);
    let shown: Vec<_> = findings.iter().map(|f| (f.rule, f.path.as_str(), f.line)).collect();
    assert_eq!(shown, [(Rule::UnusedFact, "facts.toml", 1)]);
}

#[test]
fn sentences_must_stand_alone() {
    let rule = Rule::SplitFromLimit;
    expect_body("Screening is safe.\n\nBut ask first.", &[(rule, "But ask")]);
    expect_body("It is safe to have screening.", &[(rule, "It is safe")]);
    expect_body("Screening.\n\nThey ask if you:\n- smoke\n- drink", &[(rule, "They ask")]);
    expect_body(
        "<!-- keep -->\nThis is screening.\n\nBut ask.\n<!-- /keep -->",
        &[(rule, "This is")],
    );
}

#[test]
fn wording_is_checked() {
    expect_body("Screening is here", &[(Rule::SentenceEnd, "Screening is")]);
    expect_body("See nhs.uk for screening.", &[(Rule::InlineAddress, "See nhs.uk")]);
    let long = format!("Screening {}.", vec!["word"; 25].join(" "));
    expect_body(&long, &[(Rule::LongSentence, "Screening word")]);
    let kept =
        format!("<!-- keep -->\n{}\n<!-- /keep -->", vec!["A screening word."; 40].join(" "));
    expect_body(&kept, &[(Rule::KeepTooLong, "A screening word")]);
}

#[test]
fn links_and_questions_lead_somewhere() {
    let links = format!("see_also = [\"zz\", \"gone\"]\n{QUESTIONS}");
    expect(&document("a", &links, "Screening."), &[(Rule::DeadLink, "see_also =")]);
    let itself = format!("see_also = [\"a\"]\n{QUESTIONS}");
    expect(&document("a", &itself, "Screening."), &[(Rule::DeadLink, "see_also =")]);
    expect(&document("a", "", "Screening."), &[(Rule::Unreachable, "+++")]);
    let apart = cited("a", "where can I park", "Screening is a choice.");
    expect(&apart, &[(Rule::Unreachable, "questions =")]);
}

#[test]
fn one_question_leads_to_one_document() {
    let documents = || {
        let b = cited("b", "Is screening SAFE", "Screening B stands over here now.");
        (cited("a", "is screening safe?", "Screening A is another text."), b)
    };
    let (a, b) = documents();
    let findings = found(vec![a, b]);
    let shown: Vec<_> = findings.iter().map(|f| (f.rule, f.path.as_str())).collect();
    assert_eq!(shown, [(Rule::RepeatedQuestion, "breast/b.md")]);
    let (a, mut b) = documents();
    b.nations = vec![crate::ids::Nation::Wales];
    assert_eq!(found(vec![a, b]), []);
}

#[test]
fn passages_say_different_things() {
    let words = "screening one two three four five six seven eight nine ten eleven twelve";
    let pair = |second: &str| {
        let a = cited("a", "first screening", &format!("{words}."));
        found(vec![a, cited("b", "second screening", second)])
    };
    let rules = |findings: Vec<Finding>| findings.iter().map(|f| f.rule).collect::<Vec<_>>();
    assert_eq!(rules(pair(&format!("{}!", words.to_uppercase()))), [Rule::DuplicatePassage]);
    assert_eq!(rules(pair(&format!("{words} more."))), [Rule::NearDuplicatePassage]);
    assert_eq!(rules(pair("Something else about screening.")), []);
}

#[test]
fn figures_agree_across_documents() {
    let pair = |body: &str| {
        let a = cited("a", "first screening", "Screening goes on up to the 71st birthday.");
        found(vec![a, cited("b", "second screening", body)])
    };
    let findings = pair("Invitations to screening go up to the 50th birthday.");
    let shown: Vec<_> = findings.iter().map(|f| (f.rule, f.path.as_str())).collect();
    assert_eq!(shown, [(Rule::ConflictingFigures, "breast/b.md")]);
    assert_eq!(pair("Some screening runs up to the 71st birthday."), []);
    assert_eq!(pair("Up to the 50th birthday or up to the 71st birthday, screening."), []);
}

#[test]
fn approvals_run_out() {
    let document = cited("a", "screening", "Screening.");
    let at = |today| check(&corpus(vec![document.clone()]), &CheckOptions { today });
    let rules = |today| at(today).iter().map(|f| f.rule).collect::<Vec<_>>();
    assert_eq!(rules(date(2027, 9, 23)), []);
    assert_eq!(rules(date(2027, 9, 24)), [Rule::ReviewSoon]);
    assert_eq!(rules(date(2027, 11, 23)), [Rule::ReviewSoon]);
    assert_eq!(rules(date(2027, 11, 24)), [Rule::Expired]);
    assert_eq!(rules(date(2026, 11, 22)), [Rule::NotYetApproved]);
    let calendar = review_calendar(&corpus(vec![document]), date(2027, 11, 20));
    assert_eq!(calendar.iter().map(|entry| entry.days_left).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_source_is_named_in_full() {
    let text = file("a", &format!("facts = [\"F\"]\n{QUESTIONS}"), "Screening.");
    let text = text.replace("licence = \"Own words\"", "licence = \"\"");
    let document = read_document("breast/a.md", text).unwrap();
    expect(&document, &[(Rule::Metadata, "[source]")]);
}

#[test]
fn plain_withdrawn_and_fixed_texts_are_left_alone() {
    let body = "It says 99 at nhs.uk";
    let facts = "facts = [\"F\"]\n";
    expect(&document("a", &format!("{facts}format = \"plain\""), body), &[]);
    let withdrawn = file("a", facts, body).replace("\"approved\"", "\"withdrawn\"");
    expect(&read_document("breast/a.md", withdrawn).unwrap(), &[]);
    let fixed = file("a", facts, "This is urgent. Call 999.").replace("\"guidance\"", "\"safety\"");
    expect(&read_document("breast/a.md", fixed).unwrap(), &[]);
}

#[test]
fn names_of_rules_are_those_of_json_and_of_the_table() {
    let table = include_str!("mod.rs");
    for rule in [Rule::Metadata, Rule::FigureNotInFacts, Rule::RepeatedQuestion, Rule::NoFacts] {
        assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{rule}\""));
        assert!(table.contains(&format!("//! | `{rule}` | {} |", rule.severity())), "{rule}");
    }
}

#[test]
fn findings_do_not_depend_on_the_order_of_documents() {
    let documents: Vec<Document> = (0..6)
        .map(|n| cited(&format!("d{n}"), "screening", &format!("It is screening {}.", n / 2)))
        .collect();
    let forwards = found(documents.clone());
    assert!(forwards.len() > 6);
    assert!(forwards.is_sorted());
    assert_eq!(forwards, found(documents.into_iter().rev().collect()));
}
