//! Documents for tests.

use proptest::prelude::*;

use super::document::Document;
use super::read::read_document;

/// A whole file: front matter with `extra` keys, then a body.
pub(super) fn file(id: &str, extra: &str, body: &str) -> String {
    format!(
        "+++\nid = \"{id}\"\ntitle = \"Title of {id}\"\nprogramme = \"breast\"\n\
         kind = \"guidance\"\nnations = [\"england\"]\n{extra}\n\
         [source]\ntitle = \"Leaflet\"\npublisher = \"Publisher\"\n\
         address = \"https://example.org\"\nupdated = \"2025-04-22\"\nlicence = \"Own words\"\n\n\
         [approval]\nstatus = \"approved\"\nby = \"Somebody\"\nrole = \"example\"\n\
         on = 2026-11-23\nreview_due = 2027-11-23\nversion = \"1\"\n+++\n\n{body}\n"
    )
}

/// A document that must be readable.
#[track_caller]
pub(super) fn document(id: &str, extra: &str, body: &str) -> Document {
    match read_document(&format!("breast/{id}.md"), file(id, extra, body)) {
        Ok(document) => document,
        Err(issues) => panic!("{issues:?}"),
    }
}

/// Words of any script, without marks of Markdown and without invisible characters.
fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[a-zA-Z0-9é中ßع٣.,'£😀]{1,9}", 1..14)
        .prop_map(|words| format!("w{}", words.join(" ")))
}

fn paragraph() -> impl Strategy<Value = String> {
    words().prop_map(|words| format!("{words} x."))
}

fn list() -> impl Strategy<Value = String> {
    (paragraph(), words(), proptest::collection::vec(paragraph(), 1..9)).prop_map(
        |(before, lead_in, items)| format!("{before} {lead_in} x:\n\n- {}\n", items.join("\n- ")),
    )
}

fn kept() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![paragraph(), list()], 1..3)
        .prop_map(|blocks| format!("<!-- keep -->\n{}\n<!-- /keep -->", blocks.join("\n\n")))
}

/// Bodies of the guidance grammar.
pub(super) fn guidance_body() -> impl Strategy<Value = String> {
    let block = prop_oneof![
        4 => paragraph(),
        2 => list(),
        1 => kept(),
        1 => words().prop_map(|words| format!("## {words}")),
        1 => words().prop_map(|words| format!("## {words}\n### {words} x")),
    ];
    (paragraph(), proptest::collection::vec(block, 0..8))
        .prop_map(|(first, blocks)| format!("{first}\n\n{}", blocks.join("\n\n")))
}

/// Bodies of the plain format: anything at all, with something to see in it.
pub(super) fn plain_body() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "([a-zA-Z中é .?!\n\r\t]|\u{2028}|\u{300}|\u{200d}|😀|a b c d. |longer words here ){1,120}",
    ]
    .prop_map(|text| format!("x{text}"))
}
