//! How much of the message do a document's words cover, and where?
//!
//! Coverage is the share of the message's idf whose terms a field holds. A word that could be
//! several others has not really been met, so it covers nothing. One foreign word often makes
//! another question of a message: the rarest uncovered term is a feature of its own.

use super::{CONTENDER_WIDTH, MESSAGE_WIDTH};
use crate::index::postings::TextField;
use crate::retrieve::lexical::idf;
use crate::retrieve::{Matches, Row};

/// Fills in the coverage of one row.
pub(super) fn fill(
    features: &mut [f64; CONTENDER_WIDTH],
    row: Row,
    rows: &[Row],
    matches: Option<&Matches>,
) {
    let (Some(matches), Ok(place)) = (matches, rows.binary_search(&row)) else {
        return;
    };
    let bit = |field: TextField| 1_u8 << field as u8;
    let any = TextField::ALL.iter().fold(0, |all, &field| all | bit(field));
    let masks = [
        any,
        bit(TextField::Title),
        bit(TextField::Questions),
        bit(TextField::Body) | bit(TextField::Headings),
    ];
    let (mut total, mut covered, mut peak, mut in_title) = (0.0, [0.0; 4], 0.0_f64, 0.0);
    for (term, &held) in matches.terms.iter().zip(&matches.held[place]) {
        let weight = term.count * term.idf;
        total += weight;
        if held == 0 || term.is_guess {
            peak = peak.max(term.idf);
            continue;
        }
        for (sum, mask) in covered.iter_mut().zip(masks) {
            *sum += if held & mask == 0 { 0.0 } else { weight };
        }
        in_title += f64::from(held & bit(TextField::Title) != 0);
    }
    if total > 0.0 {
        for (place, sum) in covered.into_iter().enumerate() {
            features[13 + place] = sum / total;
        }
    }
    let title = f64::from(matches.title_lengths[place]);
    features[17] = if title > 0.0 { (in_title / title).min(1.0) } else { 0.0 };
    features[18] = peak / idf(matches.rows, 0);
    features[21] = f64::from(matches.body_lengths[place]).ln_1p();
}

/// Fills in what the message's words are like, whichever document wins.
pub(super) fn fill_message(message: &mut [f64; MESSAGE_WIDTH], matches: Option<&Matches>) {
    let Some(matches) = matches else {
        return;
    };
    // Folded from +0, so that no terms give +0.
    let sum = |of: &dyn Fn(&crate::retrieve::MatchedTerm) -> f64| {
        matches.terms.iter().fold(0.0, |sum, term| sum + of(term))
    };
    let terms = sum(&|t| t.count);
    let greatest = idf(matches.rows, 0);
    message[1] = (1.0 + terms).ln();
    if terms > 0.0 {
        message[2] = sum(&|t| if t.document_frequency == 0 { t.count } else { 0.0 }) / terms;
        message[3] = sum(&|t| if t.is_guess { t.count } else { 0.0 }) / terms;
        message[4] = matches.terms.iter().map(|t| t.idf).fold(0.0, f64::max) / greatest;
        message[5] = sum(&|t| t.count * t.idf) / terms / greatest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieve::MatchedTerm;

    fn matches(held: &[u8]) -> Matches {
        let term = |(number, _): (usize, &u8)| MatchedTerm {
            count: 1.0,
            idf: 1.0 + number as f64,
            document_frequency: u32::from(number != 2),
            is_guess: number == 3,
        };
        Matches {
            rows: 100,
            terms: held.iter().enumerate().map(term).collect(),
            held: vec![held.to_vec()],
            title_lengths: vec![2],
            body_lengths: vec![0],
        }
    }

    #[test]
    fn coverage_weighs_terms_by_idf_and_guesses_cover_nothing() {
        // In the title, in the body, nowhere, a guess: idf 1, 2, 3, 4.
        let matches = matches(&[1, 8, 0, 1]);
        let mut features = [0.0; CONTENDER_WIDTH];
        fill(&mut features, Row(5), &[Row(5)], Some(&matches));
        let share = |weight: f64| weight / 10.0;
        assert_eq!(features[13..17], [share(3.0), share(1.0), 0.0, share(2.0)]);
        assert_eq!(features[17..19], [0.5, 4.0 / idf(100, 0)]);
        let mut message = [0.0; MESSAGE_WIDTH];
        fill_message(&mut message, Some(&matches));
        assert_eq!(message[1..4], [5.0_f64.ln(), 0.25, 0.25]);
    }

    #[test]
    fn a_message_without_terms_leaves_everything_at_zero() {
        let matches = matches(&[]);
        let (mut features, mut message) = ([0.0; CONTENDER_WIDTH], [0.0; MESSAGE_WIDTH]);
        fill(&mut features, Row(5), &[Row(5)], Some(&matches));
        fill_message(&mut message, Some(&matches));
        assert!(features.iter().chain(&message).all(|&value| value == 0.0));
    }
}
