//! What holds for any text:
//! 1. redacting twice equals redacting once;
//! 2. no sequence of digits grows;
//! 3. found spans are ordered, do not overlap, begin and end at characters, cover no placeholder
//!    that stood there, and rebuild the text, so that each bracket is a raw one or opens a
//!    placeholder;
//! 4. a text of plain words is unchanged;
//! 5. an identifier is taken whole, whatever stands around it, and what an answer needs beside it
//!    stays.

use proptest::prelude::*;

use crate::text::redact::{Kind, redact, scan};

/// Longest run of digits of any known script.
fn longest_run(text: &str) -> usize {
    text.split(|c| scan::digit(c).is_none()).map(|run| run.chars().count()).max().unwrap_or(0)
}

/// Messages put together from pieces that recognisers look for.
fn message() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[a-z]{1,6}",
        "[0-9]{1,5}",
        "[0-9]{6,12}",
        Just("my name is".to_owned()),
        Just("born".to_owned()),
        Just("dob".to_owned()),
        Just("sx".to_owned()),
        Just("nhs number".to_owned()),
        Just("ring me on".to_owned()),
        Just("regards,".to_owned()),
        Just("april".to_owned()),
        Just("Jane".to_owned()),
        Just("high street".to_owned()),
        Just("st4 6qg".to_owned()),
        Just("a@b.com".to_owned()),
        Just("www.a.uk/b".to_owned()),
        Just("3rd".to_owned()),
        Just("ref".to_owned()),
        Just("qq".to_owned()),
        Just("c".to_owned()),
        Just("+44".to_owned()),
        Just("flat".to_owned()),
        Just("oh seven double oh".to_owned()),
        Just("twelfth of".to_owned()),
        Just("nineteen sixty".to_owned()),
        Just("postcode".to_owned()),
        Just("mrs".to_owned()),
        Just("my husband".to_owned()),
        Just("this is".to_owned()),
        Just("Holt".to_owned()),
        Just("O'Neill".to_owned()),
        Just("o".to_owned()),
        Just("J.".to_owned()),
        Just("thanks".to_owned()),
        Just("here".to_owned()),
        Just("xx".to_owned()),
        Just("at gmail dot com".to_owned()),
        Just("username is".to_owned()),
        Just("ends".to_owned()),
        Just("i live at".to_owned()),
        Just("Rose Cottage".to_owned()),
        Just("care home".to_owned()),
        Just("hospital".to_owned()),
        Just("0800 123 4567".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("ß İ ǅ".to_owned()),
        Just("from".to_owned()),
        Just("to".to_owned()),
        Just("turned".to_owned()),
        "[-./,:@+()'\\n]",
        Just("[name]".to_owned()),
        Just("[phone]".to_owned()),
        Just("[date of birth]".to_owned()),
        Just("[".to_owned()),
    ];
    let gap = prop_oneof![Just(" "), Just(""), Just("/"), Just(".")];
    proptest::collection::vec((pieces, gap), 0..14)
        .prop_map(|parts| parts.into_iter().flat_map(|(p, g)| [p, g.to_owned()]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn twice_is_once(raw in message()) {
        let once = redact(&raw).text;
        prop_assert_eq!(redact(&once).text, once);
    }

    #[test]
    fn digits_never_grow_and_spans_rebuild(raw in message()) {
        let redacted = redact(&raw);
        prop_assert!(longest_run(&redacted.text) <= longest_run(&raw));
        let mut rebuilt = String::new();
        let mut from = 0;
        for found in &redacted.found {
            prop_assert!(from <= found.start && found.start < found.end);
            let taken = &raw[found.start..found.end];
            prop_assert!(Kind::ALL.iter().all(|k| !taken.contains(k.placeholder())), "{taken}");
            rebuilt.push_str(&raw[from..found.start]);
            rebuilt.push_str(found.kind.placeholder());
            from = found.end;
        }
        rebuilt.push_str(&raw[from..]);
        prop_assert_eq!(rebuilt, redacted.text);
    }

    #[test]
    fn any_text_is_survived(raw in "(?s).{0,80}") {
        let once = redact(&raw).text;
        prop_assert_eq!(redact(&once).text, once);
    }

    #[test]
    fn plain_words_stay(raw in "((breast|hurt|does|a|mammogram|van|scan|can|i|to|the)( |, |\\?|! )){0,20}") {
        prop_assert_eq!(redact(&raw).text, raw);
    }

    #[test]
    fn identifiers_are_taken_whole_in_any_context(
        before in before(),
        (text, kind) in identifier(),
        after in after(),
    ) {
        let raw = format!("{before}{text}{after}");
        let (start, end) = (before.len(), before.len() + text.len());
        let found = redact(&raw).found;
        for (at, c) in raw[start..end].char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let taken = found.iter().any(|f| (f.start..f.end).contains(&(start + at)));
            prop_assert!(taken, "`{c}` of `{text}` stands in `{}`", redact(&raw).text);
        }
        let of_kind = found.iter().any(|f| f.kind == kind && f.start <= end && start <= f.end);
        prop_assert!(of_kind, "`{text}` of `{raw}` is no {kind:?}: {found:?}");
    }

    #[test]
    fn what_an_answer_needs_stays_beside_an_identifier(
        needed in needed(),
        (text, _) in identifier(),
    ) {
        let raw = format!("{needed}. {text}");
        prop_assert!(redact(&raw).text.starts_with(needed), "{}", redact(&raw).text);
    }
}

/// What people write before an identifier.
fn before() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "",
            "hi, ",
            "my details: ",
            "can you help? ",
            "ok\n",
            "(",
            "here you go - ",
            "it is ",
            "thank you. ",
            "\u{1f600} ",
            "and then ",
        ][..],
    )
}

/// What people write after one.
fn after() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "",
            " thanks",
            ", ta",
            ".",
            "\nthanks",
            ")",
            " please can i change it",
            "!",
            " x",
            " \u{1f600}",
            ", and another thing",
            "?",
        ][..],
    )
}

fn needed() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "im 53",
            "it was 4.4cm",
            "parking was \u{a3}12",
            "my slot is 10:30",
            "i rang NHS 111",
            "call 0800 707 60 60",
            "every 3 years",
            "had one in 2019",
            "1 in 8 women",
            "my appointment is 12/3/2026",
            "Royal Victoria Infirmary",
        ][..],
    )
}

/// Something made up that names a person, in one of the ways people write it.
fn identifier() -> impl Strategy<Value = (String, Kind)> {
    let gap = || proptest::sample::select(&["", " ", "-", ".", "  "][..]);
    let nhs = (gap(), 0..1_000_000_u32).prop_map(|(gap, rest)| {
        (format!("999{gap}{:03}{gap}{:04}", rest / 1000, rest % 1000 + 9000), Kind::NhsNumber)
    });
    let mark = proptest::sample::select(&["/", ".", "-", " / "][..]);
    let date =
        (mark, 1..=28_u32, 1..=12_u32, 1930..=1999_u32).prop_map(|(mark, day, month, year)| {
            (format!("{day}{mark}{month:02}{mark}{year}"), Kind::DateOfBirth)
        });
    let month =
        proptest::sample::select(&["March", "march", "mar", "Sept", "ocotber", "feburary"][..]);
    let long_date =
        (month, 1..=28_u32, 1930..=1999_u32, any::<bool>()).prop_map(|(month, day, year, of)| {
            (format!("{day}{} {month} {year}", if of { "th of" } else { "" }), Kind::DateOfBirth)
        });
    let mobile = (gap(), gap(), 0..1000_u32)
        .prop_map(|(a, b, last)| (format!("07700{a}900{b}{last:03}"), Kind::Phone));
    let abroad = (gap(), 0..1000_u32)
        .prop_map(|(gap, last)| (format!("+44{gap}7700{gap}900{last:03}"), Kind::Phone));
    let postcode = ("(LS|M|SW|BT)[1-9]", "( ?)[0-9][ABDE][LNPQ]")
        .prop_map(|(out, inward)| (format!("{out}{inward}"), Kind::Postcode));
    let email = "[a-z]{3,8}[._]?[a-z0-9]{1,6}@example\\.(com|org|co\\.uk)"
        .prop_map(|text| (text, Kind::Email));
    let name = ("(Sandra|Doreen|Agnieszka|Mohammed|Kayleigh)", "( (Holt|Pugh|Khan))?")
        .prop_map(|(given, surname)| (format!("{given}{surname}"), Kind::Name));
    prop_oneof![nhs, date, long_date, mobile, abroad, postcode, email, name]
}
