//! 1. A well-formed file is read whole, and every span slices what it should.
//! 2. Every departure from the grammar is an issue with its line, and leaves the document out.
//! 3. No input makes the reader panic.
//! 4. Reading does not depend on the order of the files; ids that stand twice are read nowhere.

use proptest::prelude::*;

use super::*;
use crate::corpus::document::{Block, Kind};
use crate::corpus::testing::{document, file, guidance_body, plain_body};

const BODY: &str = "Breast screening is a test. Nobody must have it.\n\n## When\n\n\
    Bring these:\n\n- your letter\n- a top. Wear it.\n\n<!-- keep -->\nOne. Two.\n<!-- /keep -->";

fn shown(document: &Document) -> Vec<String> {
    let join = |spans: &[std::ops::Range<usize>]| {
        spans.iter().map(|span| document.slice(span)).collect::<Vec<_>>().join("|")
    };
    let show = |block: &Block| match block {
        Block::Heading { level, span } => format!("h{level} {}", document.slice(span)),
        Block::Paragraph { sentences, keep } => format!("p {} {keep:?}", join(sentences)),
        Block::Item { sentences, lead_in, keep } => {
            format!("i {} <{}> {keep:?}", join(sentences), document.slice(lead_in))
        }
    };
    document.blocks.iter().map(show).collect()
}

const BLOCKS: [&str; 6] = [
    "p Breast screening is a test.|Nobody must have it. None",
    "h2 When",
    "p Bring these: None",
    "i your letter <Bring these:> None",
    "i a top.|Wear it. <Bring these:> None",
    "p One.|Two. Some(0)",
];

#[test]
fn a_well_formed_file_is_read_whole() {
    let document = document("a", "facts = [\"B01\"]\nsee_also = [\"b\"]", BODY);
    assert_eq!(shown(&document), BLOCKS);
    assert_eq!(document.slice(&document.body), BODY);
    assert_eq!(document.kind, Kind::Guidance);
    assert_eq!(document.approval.on, Some(jiff::civil::date(2026, 11, 23)));
}

#[test]
fn byte_order_marks_and_windows_line_ends_change_no_sentence() {
    let text = format!("\u{feff}{}", file("a", "", BODY).replace('\n', "\r\n"));
    let document = read_document("a.md", text.clone()).unwrap();
    assert_eq!(shown(&document), BLOCKS);
    assert_eq!(document.text, text);
}

#[test]
fn plain_bodies_have_no_markup() {
    let body = "# x *y* [z](w).\nA: b\n<!-- keep -->\r\nThen\n\n+++\n \n\nLast";
    let document = document("a", "format = \"plain\"", body);
    let expect =
        ["p # x *y* [z](w).|A: b\n<!-- keep -->\r\nThen None", "p +++ None", "p Last None"];
    assert_eq!(shown(&document), expect);
}

/// Reads a file with a body that must have one issue; the line counts from the body's first.
#[track_caller]
fn check_body(body: &str, line: usize, kind: IssueKind) {
    let text = file("a", "", body);
    let first = text.lines().count() - body.lines().count();
    let issues = read_document("a.md", text).unwrap_err();
    let found: Vec<_> = issues.iter().map(|i| (i.line - first, i.kind)).collect();
    assert_eq!(found, [(line, kind)], "{issues:?}");
    assert!(issues.iter().all(|i| !i.cure.is_empty() && i.column.is_some()));
}

#[test]
fn every_departure_from_the_body_grammar_is_an_issue_on_its_line() {
    check_body("One.\n\n# Two", 3, IssueKind::Heading);
    check_body("One.\n\n#### Two", 3, IssueKind::Heading);
    check_body("One.\n\n##Two", 3, IssueKind::Heading);
    check_body("One.\n\n### Two", 3, IssueKind::Heading);
    check_body("One.\nTwo.", 2, IssueKind::Paragraph);
    check_body("Bring:\n- a\nTwo.", 3, IssueKind::Paragraph);
    check_body("One.\n\n- two", 3, IssueKind::List);
    check_body("Bring:\n\n## When\n\nOne.", 1, IssueKind::List);
    check_body("Bring:", 1, IssueKind::List);
    check_body("Bring:\n- a\n-", 3, IssueKind::List);
    check_body("1. One.", 1, IssueKind::List);
    check_body("* One.", 1, IssueKind::Markup);
    check_body("+ One.", 1, IssueKind::Markup);
    check_body("  One.", 1, IssueKind::Markup);
    check_body("One.\n\n---", 3, IssueKind::Markup);
    check_body("| a | b |", 1, IssueKind::Markup);
    check_body("> One.", 1, IssueKind::Markup);
    check_body("One **two**.", 1, IssueKind::Markup);
    check_body("One _two_.", 1, IssueKind::Markup);
    check_body("One `two`.", 1, IssueKind::Markup);
    check_body("See [one](two).", 1, IssueKind::Markup);
    check_body("One &amp; two.", 1, IssueKind::Markup);
    check_body("One<br>two.", 1, IssueKind::Markup);
    check_body("One\u{200b} two.", 1, IssueKind::Markup);
    check_body("One\u{202e} two.", 1, IssueKind::Markup);
    check_body("One\ttwo.", 1, IssueKind::Markup);
    check_body("<!-- keep -->\nOne.", 1, IssueKind::Keep);
    check_body("<!-- keep -->\n<!-- /keep -->\nOne.", 1, IssueKind::Keep);
    check_body("One.\n\n<!-- /keep -->", 3, IssueKind::Keep);
    check_body("<!-- keep -->\n<!-- keep -->\nOne.\n<!-- /keep -->", 2, IssueKind::Keep);
    check_body("<!-- keep -->\nOne.\n## Two\n<!-- /keep -->", 3, IssueKind::Keep);
    check_body("Bring:\n\n<!-- keep -->\n- a\n<!-- /keep -->", 4, IssueKind::Keep);
    check_body("<!--keep-->\n\nOne.", 1, IssueKind::Markup);
}

#[test]
fn an_empty_body_is_an_issue() {
    for body in ["", "\n \n", "## Heading alone"] {
        let issues = read_document("a.md", file("a", "", body)).unwrap_err();
        assert_eq!(issues.iter().map(|i| i.kind).collect::<Vec<_>>(), [IssueKind::EmptyBody]);
    }
}

/// Replaces one line of a good file and expects one issue there.
#[track_caller]
fn check_front(from: &str, to: &str, kind: IssueKind, line_holding: &str) {
    let text = file("a", "questions = [\"q\"]", "One.");
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let issues = read_document("a.md", text.clone()).unwrap_err();
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!(issues[0].kind, kind, "{issues:?}");
    let line = text.lines().nth(issues[0].line - 1).unwrap();
    assert!(line.contains(line_holding), "{line} in {issues:?}");
}

#[test]
fn every_fault_of_the_front_matter_is_an_issue_on_its_line() {
    use IssueKind::{Approval, Field, FrontMatter};
    check_front("id = \"a\"", "id = \"a b\"", FrontMatter, "id =");
    check_front("id = \"a\"\n", "", FrontMatter, "");
    check_front("kind = \"guidance\"", "kind = \"advice\"", FrontMatter, "kind =");
    check_front("kind = \"guidance\"", "kind = \"local\"", Field, "kind =");
    check_front("kind", "locality = \"x\"\nkind", Field, "locality");
    check_front("[\"england\"]", "[]", Field, "nations");
    check_front("[\"england\"]", "[\"ulster\"]", FrontMatter, "nations");
    check_front("[\"england\"]", "[\"wales\", \"wales\"]", Field, "nations");
    check_front("kind", "colour = \"red\"\nkind", FrontMatter, "colour");
    check_front("title = \"Title of a\"", "title = \" \"", Field, "title");
    check_front("[\"q\"]", "[\"q\", \"Q\"]", Field, "questions");
    check_front("[\"q\"]", "[\"\"]", Field, "questions");
    check_front("[\"q\"]", "[\"a\\nb\"]", Field, "questions");
    check_front("by = \"Somebody\"\n", "", Approval, "[approval]");
    check_front("role = \"example\"\n", "", Approval, "[approval]");
    check_front("on = 2026-11-23\n", "", Approval, "[approval]");
    check_front("review_due = 2027-11-23\n", "", Approval, "[approval]");
    check_front("on = 2026-11-23", "on = 2028-11-23", Approval, "review_due");
    check_front("on = 2026-11-23", "on = 2026-11-23T10:00:00", Approval, "on =");
    check_front("version = \"1\"", "version = \"\"", Approval, "[approval]");
    check_front("licence = \"Own words\"", "license = \"x\"", FrontMatter, "license");
    check_front("+++\n\nOne.", "\n\nOne.", FrontMatter, "");
    check_front("+++\nid", "id", FrontMatter, "");
}

#[test]
fn the_whole_folder_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    };
    write("z/b.md", file("b", "", "One.").as_bytes());
    write("a.md", file("c", "", "One.").as_bytes());
    write("x/twin.md", file("twin", "", "One.").as_bytes());
    write("y/twin.md", file("twin", "", "Two.").as_bytes());
    write("broken.md", b"no front matter");
    write("latin.md", b"caf\xe9");
    write("notes.txt", b"");
    write("safety/red.toml", b"");
    write("synonyms.toml", b"");
    write(".hidden/a.md", b"");
    write("quarantine/a.md", b"");
    write("deep/facts.toml", b"");
    let row = "[[fact]]\nid = \"F\"\nstatement = \"s\"\nstatus = \"S\"\n[fact.source]\n\
        title = \"t\"\npublisher = \"p\"\naddress = \"a\"\ndate = \"d\"\n";
    write("facts.toml", format!("{row}{row}").as_bytes());
    let corpus = read_corpus(root).unwrap();
    let ids: Vec<&str> = corpus.documents.iter().map(|d| d.id.as_str()).collect();
    assert_eq!(ids, ["b", "c"]);
    assert_eq!(corpus.document(&DocumentId::new("c").unwrap()).unwrap().path, "a.md");
    assert_eq!(corpus.facts.len(), 1);
    let issues: Vec<_> = corpus.issues.iter().map(|i| (i.path.as_str(), i.kind)).collect();
    let expect = [
        ("broken.md", IssueKind::FrontMatter),
        ("deep/facts.toml", IssueKind::UnknownFile),
        ("facts.toml", IssueKind::DuplicateId),
        ("latin.md", IssueKind::Unreadable),
        ("notes.txt", IssueKind::UnknownFile),
        ("x/twin.md", IssueKind::DuplicateId),
        ("y/twin.md", IssueKind::DuplicateId),
    ];
    assert_eq!(issues, expect);
    assert!(matches!(read_corpus(&root.join("a.md")), Err(ReadError::NotAFolder { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), at in 0_usize..800) {
        let _ = read_document("a.md", text.clone());
        let mut file = file("a", "", BODY);
        if file.is_char_boundary(at) {
            file.insert_str(at, &text);
        }
        if let Err(issues) = read_document("a.md", file) {
            prop_assert!(!issues.is_empty());
        }
    }

    #[test]
    fn sentences_hold_every_visible_byte_of_a_plain_body(body in plain_body()) {
        let document = document("a", "format = \"plain\"", &body);
        let mut end = document.body.start;
        for block in &document.blocks {
            let Block::Paragraph { sentences, .. } = block else { panic!() };
            for sentence in sentences {
                prop_assert!(document.text[end..sentence.start].trim().is_empty());
                end = sentence.end;
            }
        }
        prop_assert_eq!(end, document.body.end);
    }

    #[test]
    fn the_grammar_reads_what_it_describes(body in guidance_body()) {
        let document = document("a", "", &body);
        let inside = |span: &std::ops::Range<usize>| {
            document.body.start <= span.start && span.end <= document.body.end
        };
        for block in &document.blocks {
            match block {
                Block::Heading { span, .. } => prop_assert!(inside(span)),
                Block::Paragraph { sentences, .. } | Block::Item { sentences, .. } => {
                    prop_assert!(!sentences.is_empty() && sentences.iter().all(inside));
                }
            }
        }
    }
}
