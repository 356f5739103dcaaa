//! Properties checked here:
//! 1. each identifier of the tables becomes its placeholder and nothing else changes;
//! 2. each text of the survivors comes back unchanged;
//! 3. characters that cannot be seen hide nothing.
//!
//! `fuzz` checks what holds for any text; `tests/it/redaction.rs` measures labelled messages.
//!
//! Numbers and names are invented; phone numbers lie in the ranges kept for drama.

use super::*;

mod fuzz;
mod survivors;

use survivors::SURVIVORS;

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
        ("Jane 03/04/1968, ring me", "[name] [date of birth], ring me"),
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
        ("0330 123 4567 is what i was given", "[phone] is what i was given"),
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
        ("9 The Crescent", "[address]"),
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
        ("Yours sincerely, Mr P Singh", "Yours sincerely, Mr [name]"),
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
fn numbers_with_slips() {
    check_all(&[
        ("nhs number 999 8O8 1O2 4", "nhs number [NHS number]"),
        ("nhs number 999 131 4151 7", "nhs number [NHS number]"),
        ("nhs 999 123 4567 2 weeks ago", "nhs [NHS number] 2 weeks ago"),
        ("text me O77OO 9OO222", "text me [phone]"),
        ("07700 9001234", "[phone]"),
        ("0048 601 234 567", "[phone]"),
        ("DOB 15/o6/1966", "DOB [date of birth]"),
        ("at 10oclock", "at 10oclock"),
        ("born 8th Ocotber 1949", "born [date of birth]"),
        ("jean.holt @ example.com", "[email]"),
        ("sandra dot pugh at hotmail dot co dot uk", "[email]"),
        ("look at nhs.uk", "look at nhs.uk"),
        ("NI number QQ123456", "NI number [reference]"),
        ("14 Cedar Cresent", "[address]"),
        ("postcode LS8 4Q", "postcode [postcode]"),
        ("my name is Łucja Żak", "my name is [name]"),
    ]);
}

#[test]
fn numbers_and_dates_in_words() {
    check_all(&[
        ("ring oh seven seven double oh nine double oh one two three", "ring [phone]"),
        ("nhs nine nine nine, seven one two, eight one three four", "nhs [NHS number]"),
        ("born twelfth of march nineteen fifty eight", "born [date of birth]"),
        ("the twelfth of march 1958", "the [date of birth]"),
        ("dob one four sixty seven", "dob [date of birth]"),
        ("dob is christmas day 1959", "dob is [date of birth]"),
        ("I turned 53 on 3rd may", "I turned 53 on [date of birth]"),
        ("one of my breasts, two weeks now", "one of my breasts, two weeks now"),
        ("born two weeks early", "born two weeks early"),
        ("turning 50 in may, first of three", "turning 50 in may, first of three"),
    ]);
}

#[test]
fn lists_of_one_persons_data() {
    check_all(&[
        (
            "Doreen Pugh\n22 Acacia Avenue\nLS8 4QX\n07/11/1951",
            "[name]\n[address]\n[postcode]\n[date of birth]",
        ),
        ("JEAN HOLT, 12/03/1958", "[name], [date of birth]"),
        ("Holt, Jean 12/3/58", "[name] [date of birth]"),
        ("12/03/58,07700900123,LS84QX", "[date of birth],[phone],[postcode]"),
        ("A. Rahman, 12/3/58", "[name], [date of birth]"),
        ("12/3/58 Leeds", "[date of birth] Leeds"),
    ]);
}

#[test]
fn people_and_places() {
    check_all(&[
        ("my husband Trevor is coming", "my husband [name] is coming"),
        ("my sister Faith", "my sister [name]"),
        ("my sister had it", "my sister had it"),
        ("can Maureen come", "can [name] come"),
        ("changed my name from Walsh to Carter", "changed my name from [name] to [name]"),
        ("Thanks in advance - Sue", "Thanks in advance - [name]"),
        ("Queen Elizabeth Hospital", "Queen Elizabeth Hospital"),
        ("john radcliffe hospital", "john radcliffe hospital"),
        ("St. George's car park", "St. George's car park"),
        ("like Angelina Jolie", "like Angelina Jolie"),
        ("Lorraine on ITV said", "Lorraine on ITV said"),
        ("is EDITH an AI", "is EDITH an AI"),
        ("is it May or June", "is it May or June"),
        ("Will I need to undress", "Will I need to undress"),
        ("the van on Mill Lane", "the van on Mill Lane"),
        ("Mill Lane number 14", "Mill Lane [address]"),
        ("my address is Rose Cottage, Back Lane", "my address is [address]"),
    ]);
}

#[test]
fn what_belongs_to_a_service_survives() {
    check_all(&[
        ("0808 808 00 00", "0808 808 00 00"),
        ("0300 123 4567", "0300 123 4567"),
        ("text 85258", "text 85258"),
        (
            "www.gov.uk/guidance/breast-2025/2-the-pathway",
            "www.gov.uk/guidance/breast-2025/2-the-pathway",
        ),
        ("nhs.uk/results/8fk3Zp91", "[link]"),
        ("example.org/u/Kdjf", "[link]"),
        ("example.com?token=abc", "[link]"),
    ]);
}

#[test]
fn what_stands_for_a_person_in_files() {
    check_all(&[
        ("my username is sandra_holt58", "my username is [reference]"),
        ("password is Mammo1958x", "password is [reference]"),
        ("password is not working", "password is not working"),
        ("my pin is 4821", "my pin is [reference]"),
        ("im @jeanholt on insta", "im [link] on insta"),
        ("meet @home", "meet @home"),
        ("card 4111 1111 1111 1111", "card [reference]"),
        ("K123456 is my hospital number", "[reference] is my hospital number"),
        ("my NHS number ends 4567", "my NHS number ends [reference]"),
        ("my reg is AB12 CDE", "my reg is [reference]"),
    ]);
}

#[test]
fn what_cannot_be_seen_hides_nothing() {
    check("07700\u{200b}900123 and Je\u{ad}an", "[phone] and [name]");
    let found = redact("x\u{200b} 07700\u{200b}900123!").found;
    assert_eq!((found[0].start, found[0].end), (5, 19));
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

#[test]
fn what_an_answer_needs_survives() {
    check_all(&SURVIVORS.iter().map(|s| (*s, *s)).collect::<Vec<_>>());
    assert!(SURVIVORS.len() >= 100);
}

#[test]
fn full_dates_name_one_person() {
    for text in [
        "3.4.68",
        "3rd April 1968",
        "1968-04-03",
        "030468",
        "03041968",
        "twelfth of march nineteen fifty eight",
        "1st april sixty seven",
        "one four sixty seven",
        "christmas day 1959",
    ] {
        assert!(is_full_date(text), "{text}");
    }
    for text in ["68", "1968", "April 1968", "march nineteen fifty eight", "nineteen forty nine"] {
        assert!(!is_full_date(text), "{text}");
    }
}
