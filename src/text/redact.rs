//! What in a message names a person, and how does the message read without it?
//!
//! [`redact`] stands before anything that is stored, logged, cached or exported. It replaces NHS,
//! CHI and H&C numbers, screening and other references, National Insurance numbers, dates of birth,
//! phone numbers, postcodes, email and web addresses, user names and passwords, house and street,
//! and names by typed placeholders such as `[NHS number]`. What an answer depends on stays: ages,
//! intervals, measurements, prices, times, days of appointments, public helplines, hospitals,
//! streets, towns. An identifier with a typing slip still identifies, so no check digit is asked
//! for.
//!
//! Invariants: redacting twice equals redacting once; no sequence of digits grows; a text of plain
//! words comes back unchanged; offsets are those of the raw text; characters that cannot be seen
//! hide nothing. It does not know what a message is about. A rare name in small letters without a
//! cue, a house with a name without one, and a number told in two halves stay.

mod addresses;
mod birthdays;
mod cues;
mod dates;
mod houses;
mod lexicon;
mod name_lists;
mod names;
mod numbers;
mod people;
mod postcodes;
mod references;
mod scan;
mod signatures;
mod spoken;
mod web;

use std::borrow::Cow;

use scan::Scan;

use crate::text::fold::{visible, visible_offsets};

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
    /// A name.
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
    let shown = visible(raw);
    let mut found = find(&shown);
    if matches!(shown, Cow::Owned(_)) {
        let offsets = visible_offsets(raw);
        for found in &mut found {
            (found.start, found.end) = (offsets[found.start], offsets[found.end - 1] + 1);
        }
    }
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

/// What is found in a text, in order.
fn find(text: &str) -> Vec<Found> {
    let mut scan = Scan::new(text);
    // What one round takes can make more of what stood beside it: rounds go on until nothing is
    // found, so that the redacted text, read again, holds nothing either.
    let mut before = usize::MAX;
    while before != scan.found_count() {
        before = scan.found_count();
        web::claim(&mut scan);
        numbers::keep_public(&mut scan);
        references::claim(&mut scan);
        dates::claim(&mut scan);
        numbers::claim(&mut scan);
        postcodes::claim(&mut scan);
        addresses::claim(&mut scan);
        names::claim(&mut scan);
    }
    scan.into_found()
}

/// Whether the text of a [`Kind::DateOfBirth`] holds a day, not a year alone: only then does it
/// help to name one person.
pub fn is_full_date(text: &str) -> bool {
    dates::is_full(text)
}

#[cfg(test)]
mod tests;
