//! Properties checked here:
//! 1. each identifier of the table becomes its placeholder and nothing else changes;
//! 2. each text of the second table comes back unchanged;
//! 3. redacting twice equals redacting once;
//! 4. no sequence of digits grows, and no digit appears;
//! 5. found spans are ordered, do not overlap, and rebuild the text;
//! 6. a text without digits, `@`, web marks and capitals or cues is unchanged.
//!
//! Numbers and names are invented; phone numbers lie in the ranges kept for drama.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(raw: &str, expected: &str) {
    assert_eq!(redact(raw).text, expected, "{raw}");
}

#[track_caller]
fn check_all(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(raw, expected)| redact(raw).text != *expected)
        .map(|(raw, expected)| format!("{raw}\n    is   {}\n    want {expected}", redact(raw).text))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn health_service_numbers() {
    check_all(&[
        ("my nhs number is 999 123 4567", "my nhs number is [NHS number]"),
        ("NHS no 9991234567 please", "NHS no [NHS number] please"),
        ("999-123-4567", "[NHS number]"),
        ("its 999.123.4567.", "its [NHS number]."),
        ("nhs number 99 91 23 45 67", "nhs number [NHS number]"),
        ("9 9 9 1 2 3 4 5 6 7", "[NHS number]"),
        ("number 999 1234 567 ok?", "number [NHS number] ok?"),
        ("9991 234 567", "[NHS number]"),
        ("99912 34567", "[NHS number]"),
        ("chi 0104561234", "chi [NHS number]"),
        ("CHI number 010456 1234", "CHI number [NHS number]"),
        ("H&C 320 123 4567", "H&C [NHS number]"),
        ("(999 123 4567)", "([NHS number])"),
        ("NHS9991234567", "NHS[NHS number]"),
        ("am i due? 9991234567", "am i due? [NHS number]"),
        ("９９９ １２３ ４５６７", "[NHS number]"),
        (
            "NHS number: 999 123 4568 and mums is 999 765 4321",
            "NHS number: [NHS number] and mums is [NHS number]",
        ),
        ("nhs num 123 456 7890 does it hurt", "nhs num [NHS number] does it hurt"),
    ]);
}

#[test]
fn references() {
    check_all(&[
        ("SX 1234567", "SX [reference]"),
        ("SX1234567 need to move it", "SX[reference] need to move it"),
        ("sx number 1234567", "sx number [reference]"),
        ("my SX no. is 7654321", "my SX no. is [reference]"),
        ("1234567 SX", "[reference] SX"),
        ("hospital number 123456", "hospital number [reference]"),
        ("hospital no: K1234567", "hospital no: [reference]"),
        ("ref AB/12345", "ref [reference]"),
        ("my reference is 20231188", "my reference is [reference]"),
        ("patient id 55512", "patient id [reference]"),
        ("barcode number 400123456789", "barcode number [reference]"),
        ("12345678", "[reference]"),
        ("kit number 7001234 never came", "kit number [reference] never came"),
        ("NI QQ123456C", "NI [reference]"),
        ("QQ 12 34 56 C", "[reference]"),
        ("ref: 00123-44", "ref: [reference]"),
        ("case number 8841", "case number [reference]"),
    ]);
}

#[test]
fn dates_of_birth() {
    check_all(&[
        ("dob 03/04/1968", "dob [date of birth]"),
        ("03/04/1968", "[date of birth]"),
        ("3.4.68", "[date of birth]"),
        ("born 9.11.59", "born [date of birth]"),
        ("3-4-1968", "[date of birth]"),
        ("1968-04-03", "[date of birth]"),
        ("3rd April 1968", "[date of birth]"),
        ("3 apr 68", "[date of birth]"),
        ("3rd of April 1968", "[date of birth]"),
        ("the 3rd of april, 1968", "the [date of birth]"),
        ("April 3rd 1968", "[date of birth]"),
        ("Apr 3, 1968", "[date of birth]"),
        ("3/apr/68", "[date of birth]"),
        ("03 04 1968", "[date of birth]"),
        ("dob 03 04 68", "dob [date of birth]"),
        ("d.o.b. 3/4/68", "d.o.b. [date of birth]"),
        ("D.O.B 030468", "D.O.B [date of birth]"),
        ("03041968", "[date of birth]"),
        ("030468", "[date of birth]"),
        ("born in 68", "born in [date of birth]"),
        ("i was born in '68", "i was born in '[date of birth]"),
        ("born in 1968 so am i in", "born in [date of birth] so am i in"),
        ("born April 1968", "born [date of birth]"),
        ("born in 04/1968", "born in [date of birth]"),
        ("my birthday is 3rd april", "my birthday is [date of birth]"),
        ("birthday 3/4", "birthday [date of birth]"),
        ("date of birth: 12th December 1955.", "date of birth: [date of birth]."),
        ("year of birth 1961", "year of birth [date of birth]"),
        ("yob 61", "yob [date of birth]"),
        ("baby born 12/11/2026", "baby born [date of birth]"),
        ("12/11/2026 is her date of birth", "[date of birth] is her date of birth"),
        ("04/13/1968", "[date of birth]"),
        ("dob 1/2/03", "dob [date of birth]"),
        ("my bday is april 3rd", "my bday is [date of birth]"),
        ("(3.4.1968)", "([date of birth])"),
        ("Jane 03/04/1968, ring me", "Jane [date of birth], ring me"),
        ("۰۳/۰۴/۱۹۶۸", "[date of birth]"),
    ]);
}

#[test]
fn phones() {
    check_all(&[
        ("07700 900123", "[phone]"),
        ("07700900123", "[phone]"),
        ("ring me on 07700 900 123 ta", "ring me on [phone] ta"),
        ("07700-900-123", "[phone]"),
        ("+44 7700 900123", "[phone]"),
        ("+447700900123", "[phone]"),
        ("0044 7700 900123", "[phone]"),
        ("+44 (0)7700 900123", "[phone]"),
        ("447700900123", "[phone]"),
        ("01632 960123", "[phone]"),
        ("(01632) 960123", "[phone]"),
        ("0163 296 0123", "[phone]"),
        ("020 7946 0018", "[phone]"),
        ("0300 123 4567 is what i was given", "[phone] is what i was given"),
        ("call 01632.960.123 after 4", "call [phone] after 4"),
        ("my number is 960123", "my number is [phone]"),
        ("07700 900123 10.30 is best", "[phone] 10.30 is best"),
        ("mob 07 700 900 123", "mob [phone]"),
        ("+48 601 234 567", "[phone]"),
        ("+353 1 234 5678", "[phone]"),
        ("tel:01632960123", "tel:[phone]"),
        ("0161 496 000 is my number", "[phone] is my number"),
        ("text me on 07700 900123 or 07700 900456", "text me on [phone] or [phone]"),
    ]);
}

#[test]
fn postcodes_and_addresses() {
    check_all(&[
        ("ST4 6QG", "[postcode]"),
        ("st46qg", "[postcode]"),
        ("im at st4 6qg near the park", "im at [postcode] near the park"),
        ("SW1A 1AA", "[postcode]"),
        ("sw1a1aa", "[postcode]"),
        ("M1 1AE", "[postcode]"),
        ("postcode is CF10 3NQ.", "postcode is [postcode]."),
        ("EH12 9DN", "[postcode]"),
        ("bt7 1nn", "[postcode]"),
        ("W1A-0AX", "[postcode]"),
        ("ST5  1AB", "[postcode]"),
        ("I live at 12 High Street", "I live at [address]"),
        ("12 high street stoke", "[address] stoke"),
        ("14b Victoria Road", "[address]"),
        ("flat 3, 20 Station Road, ST4 6QG", "[address], [postcode]"),
        ("my address is 7 oak close", "my address is [address]"),
        ("moved to 22 st marys grove", "moved to [address]"),
        ("9 The Crescent", "9 The Crescent"),
        ("101 Church Lane", "[address]"),
        ("5 Park View", "[address]"),
        ("i live at 31 london rd", "i live at [address]"),
    ]);
}

#[test]
fn web_and_mail() {
    check_all(&[
        ("jane.smith@example.org", "[email]"),
        ("email me jane_smith+nhs@mail.example.co.uk thanks", "email me [email] thanks"),
        ("my email is j.smith68@example.com.", "my email is [email]."),
        ("janesmith at gmail dot com", "[email]"),
        ("jane.smith at hotmail.com", "[email]"),
        ("https://example.org/book?token=abc123", "[link]"),
        ("see http://example.org/r/8f3a2c ok", "see [link] ok"),
        ("www.example.org/?id=5", "[link]"),
        ("https://www.facebook.com/jane.smith", "[link]"),
        ("facebook.com/jane.smith", "[link]"),
        ("m.me/janesmith", "[link]"),
        ("(https://example.org/a?b=c)", "([link])"),
        ("bit.ly/3xYz", "[link]"),
        ("instagram.com/janes", "[link]"),
    ]);
}

#[test]
fn names() {
    check_all(&[
        ("my name is Jane Smith", "my name is [name]"),
        ("my name is jane smith and i want to cancel", "my name is [name] and i want to cancel"),
        ("My names Siobhan O'Neill", "My names [name]"),
        ("my name's Precious", "my name's [name]"),
        ("name: Margaret Ann Jones", "name: [name]"),
        ("Name is A. Patel", "Name is [name]"),
        ("This is Dawn, can I rebook", "This is [name], can I rebook"),
        ("im called Dot", "im called [name]"),
        ("im called dorothy", "im called [name]"),
        ("i'm called Wilhelmina", "i'm called [name]"),
        ("this is Jane Smith", "this is [name]"),
        ("hi this is sheila", "hi this is [name]"),
        ("its maureen here", "its [name] here"),
        ("Jane here, quick question", "[name] here, quick question"),
        ("Kind regards, Jane Smith", "Kind regards, [name]"),
        ("Regards\nJ Bloggs", "Regards\n[name]"),
        ("many thanks, Brenda", "many thanks, [name]"),
        ("thanks jane x", "thanks [name] x"),
        ("Thanks, Oluwaseun", "Thanks, [name]"),
        ("Yours sincerely, Mr P Singh", "Yours sincerely, [name]"),
        ("Mrs Smith", "Mrs [name]"),
        ("mrs patel wants to know", "mrs [name] wants to know"),
        ("i saw Dr Chowdhury", "i saw Dr [name]"),
        ("Miss Katie Brown", "Miss [name]"),
        ("her name is Ethel", "her name is [name]"),
        ("my mum's name is Ethel Brown", "my mum's name is [name]"),
        ("surname is Jones-Smith", "surname is [name]"),
        ("maiden name was Hopkins", "maiden name was [name]"),
        ("im susan, do i need to book", "im [name], do i need to book"),
        ("love Pauline x", "love [name] x"),
        ("my name is 李娜", "my name is [name]"),
        ("my name is Zoë Łukasik", "my name is [name]"),
        ("i am Elizabeth Taylor", "i am [name]"),
    ]);
}

#[test]
fn several_in_one_message() {
    check(
        "hi my name is Jane Smith, dob 3/4/68, 12 High Street ST4 6QG, 07700 900123, nhs 999 123 4567",
        "hi my name is [name], dob [date of birth], [address] [postcode], [phone], nhs [NHS number]",
    );
    let found = redact("SX1234567 born 9.11.59").found;
    let kinds: Vec<Kind> = found.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [Kind::Reference, Kind::DateOfBirth]);
}

const SURVIVORS: &[&str] = &[
    "im 72 can i still come",
    "I'm 70, will I get another invite?",
    "aged 50 to 71",
    "50-71",
    "between 25 and 64",
    "3 in 1000",
    "1 in 7 women",
    "9 in every 1,000 women",
    "2 weeks",
    "its been 5 weeks",
    "10.10 on 23rd",
    "at 10:30am on Tuesday",
    "half 2 on the 4th",
    "4.4cm",
    "my aneurysm is 4.4 cm",
    "3.0-4.4 cm",
    "£3.50",
    "parking was £2.50 for 2 hours",
    "appointment is 12/11",
    "my appointment is 12/11/2026 at 10.30",
    "on 4th november",
    "Tuesday 4 November 2026",
    "booked for 23 Nov 2026",
    "ring 0800 707 60 60",
    "08007076060",
    "0800 7076060",
    "ring 111 or 999",
    "call 999",
    "Samaritans 116 123",
    "116123",
    "0808 2000 247",
    "08082000247",
    "0800 015 2514",
    "every 3 years",
    "since 1 July 2025",
    "in 2019",
    "had it in 2010",
    "my mum had it in 1998",
    "covid in 2020 and 2021",
    "2019 2021 2023",
    "size 16",
    "34DD",
    "i take 75mg",
    "2.2 mSv",
    "4 x-rays",
    "2 of each breast",
    "born 3 weeks ago",
    "baby was born at 38 weeks",
    "born 9 days ago",
    "baby is 9 days old",
    "i was born with inverted nipples",
    "15 minutes",
    "20 minute drive",
    "5 mile walk",
    "it is a 10 minute walk from the park",
    "number 9 bus",
    "the 23 bus to the hospital",
    "BRCA1",
    "BRCA2 and PALB2",
    "TP53",
    "stage 3",
    "grade 2",
    "day 5",
    "8 weeks",
    "24½",
    "1.5 stone",
    "lost 2 stone",
    "6ft 2",
    "b4 9th",
    "b4 2pm",
    "m8 2nd of march ok",
    "see u l8 4th",
    "gr8 thx",
    "2moro at 4",
    "do you have a van in ST4",
    "im in Leeds",
    "CF10",
    "M6 junction 15",
    "A500",
    "98 in 100",
    "about 1,300 lives a year",
    "2,000 characters",
    "10000 steps",
    "1 million women",
    "1000000",
    "covid-19",
    "x2",
    "3D mammogram",
    "24/7",
    "50/50",
    "1/3 of women",
    "7 out of 10",
    "100%",
    "5 to 10 working days",
    "up to the 71st birthday",
    "I turn 50 in march",
    "my 50th birthday",
    "does it hurt",
    "my name is spelt wrong on the letter",
    "my name is not on the list",
    "my name is on the letter but wrong address",
    "this is ridiculous",
    "this is my first time",
    "its sore",
    "im called back for more tests",
    "i've been called back",
    "i am scared",
    "im worried",
    "love the van",
    "thanks very much",
    "thanks for your help",
    "Thanks, bye",
    "kind regards",
    "regards x",
    "i will miss my appointment",
    "see dr about it",
    "can i see the nurse",
    "this is for my mum",
    "from the clinic",
    "the website is www.nhs.uk",
    "https://www.nhs.uk/conditions/breast-screening-mammogram/",
    "www.facebook.com/NorthMidlandsBreastScreeningService",
    "nhs.uk/screening",
    "e.g. this",
    "look at page 3",
    "at the supermarket dot com joke",
    "@ the clinic",
    "meet @ 10",
    "ok 👍",
    "",
    "letter dated 3 September 2026",
    "my kit came on 3rd",
    "kit number please?",
    "ref?",
    "what is an SX number",
    "is 300 a normal number",
    "phone after 10 on 23rd",
    "i am 5 foot 4",
    "3 st 4",
    "two women aged 50 and 52 on the same street",
    "10 at st marys",
    "52 in the street",
    "dose 2 on 4th",
    "from jan to march",
    "closed from May",
    "it is May already",
    "its grim up at dawn",
];

#[test]
fn what_an_answer_needs_survives() {
    check_all(&SURVIVORS.iter().map(|s| (*s, *s)).collect::<Vec<_>>());
    assert!(SURVIVORS.len() >= 100);
}

#[test]
fn full_dates_name_one_person() {
    for text in ["3.4.68", "3rd April 1968", "1968-04-03", "030468", "03041968"] {
        assert!(is_full_date(text), "{text}");
    }
    for text in ["68", "1968", "April 1968"] {
        assert!(!is_full_date(text), "{text}");
    }
}

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
        "[-./,:@+()'\\n]",
        Just("[name]".to_owned()),
        Just("[phone]".to_owned()),
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
            rebuilt.push_str(&raw[from..found.start]);
            rebuilt.push_str(found.kind.placeholder());
            from = found.end;
        }
        rebuilt.push_str(&raw[from..]);
        prop_assert_eq!(rebuilt, redacted.text);
    }

    #[test]
    fn any_text_is_survived(raw in "\\PC{0,60}") {
        let once = redact(&raw).text;
        prop_assert_eq!(redact(&once).text, once);
    }

    #[test]
    fn plain_words_stay(raw in "(breast|hurt|does|a|mammogram|van|scan|can|i|to|the| |,|\\?|!){0,20}") {
        prop_assert_eq!(redact(&raw).text, raw);
    }
}
