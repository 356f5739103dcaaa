//! What in a message names a person, and how does the message read without it?
//!
//! [`redact`] stands before anything that is stored, logged, cached or exported. It replaces NHS,
//! CHI and H&C numbers, screening references, dates of birth, phone numbers, postcodes, email and
//! web addresses, house and street, and names after a cue by typed placeholders such as
//! `[NHS number]`. Numbers an answer depends on stay: ages, intervals, measurements, prices, times,
//! days of appointments, public helplines. An identifier with a typing slip still identifies, so no
//! check digit is asked for.
//!
//! Invariants: redacting twice equals redacting once; no sequence of digits grows; a text without
//! digits, `@`, web addresses and name cues comes back unchanged; offsets are those of the raw text.
//! It does not know what a message is about, and it finds no names without a cue.

mod dates;
mod names;
mod numbers;
mod places;
mod scan;
mod web;

use scan::Scan;

/// What kind of thing was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An NHS number, a CHI number (Scotland) or an H&C number (Northern Ireland).
    NhsNumber,
    /// A date of birth.
    DateOfBirth,
    /// A phone number.
    Phone,
    /// A postcode.
    Postcode,
    /// An email address.
    Email,
    /// A name after a cue.
    Name,
    /// House number and street.
    Address,
    /// A web address that may carry a token or lead to a person.
    Link,
    /// A screening, hospital or other reference number.
    Reference,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 9] = [
        Kind::NhsNumber,
        Kind::DateOfBirth,
        Kind::Phone,
        Kind::Postcode,
        Kind::Email,
        Kind::Name,
        Kind::Address,
        Kind::Link,
        Kind::Reference,
    ];

    /// What stands in the redacted text.
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::NhsNumber => "[NHS number]",
            Kind::DateOfBirth => "[date of birth]",
            Kind::Phone => "[phone]",
            Kind::Postcode => "[postcode]",
            Kind::Email => "[email]",
            Kind::Name => "[name]",
            Kind::Address => "[address]",
            Kind::Link => "[link]",
            Kind::Reference => "[reference]",
        }
    }
}

/// One replaced span of the raw text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// First byte in the raw text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A text with typed placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with placeholders.
    pub text: String,
    /// What was replaced, in order; offsets of the raw text.
    pub found: Vec<Found>,
}

/// Replaces what names a person by typed placeholders.
pub fn redact(raw: &str) -> Redacted {
    let mut scan = Scan::new(raw);
    // What one round takes can make more of what stood beside it: rounds go on until nothing is
    // found, so that the redacted text, read again, holds nothing either.
    let mut before = usize::MAX;
    while before != scan.found_count() {
        before = scan.found_count();
        web::claim(&mut scan);
        numbers::claim_references(&mut scan);
        dates::claim(&mut scan);
        numbers::claim_runs(&mut scan);
        places::claim(&mut scan);
        names::claim(&mut scan);
    }
    let found = scan.into_found();
    let mut text = String::with_capacity(raw.len());
    let mut kept_from = 0;
    for found in &found {
        text.push_str(&raw[kept_from..found.start]);
        text.push_str(found.kind.placeholder());
        kept_from = found.end;
    }
    text.push_str(&raw[kept_from..]);
    Redacted { text, found }
}

/// Whether the text of a [`Kind::DateOfBirth`] holds a day, not a year alone: only then does it
/// help to name one person.
pub fn is_full_date(text: &str) -> bool {
    dates::is_full(text)
}

#[cfg(test)]
mod tests;
