//! Does what a certificate says follow from the outcomes in it?
//!
//! Everything is computed again and compared, so that a certificate edited by hand is refused even
//! where its fingerprint was made to fit.

use serde_json::Value;

use super::certify::{CertifyError, Walk};
use super::content::{Content, Request, UrgentCounts};

/// # Errors
/// [`CertifyError::Terms`] when a period or a count of the request cannot be.
pub(super) fn check(request: &Request) -> Result<(), CertifyError> {
    request.population.check()?;
    let UrgentCounts { urgent, recognised, others, false_alarms } = request.urgent;
    if recognised > urgent || false_alarms > others {
        let (what, range) = ("a count of urgent families", "part of its total");
        return Err(CertifyError::Terms { what, range });
    }
    Ok(())
}

/// The first part of a content that does not follow from its outcomes.
///
/// # Errors
/// [`CertifyError`] when its outcomes, plan or terms cannot be tested.
pub(super) fn unfounded(content: &Content) -> Result<Option<String>, CertifyError> {
    let request = content.request();
    check(&request)?;
    let walk = Walk::over(&content.plan, &content.outcomes, &content.terms)?;
    let place = content.plan.place_of(content.claim.threshold)?;
    let is_first = content.terms.revision == 0;
    if !walk.holds(place) || (is_first && walk.lowest() != Some(place)) {
        return Ok(Some("claim".to_owned()));
    }
    let mut again = Content::new(request, walk.certified(place), content.revises);
    again.fingerprint = content.fingerprint;
    let (found, expected) = (serde_json::to_value(content), serde_json::to_value(&again));
    Ok(match (found, expected) {
        (Ok(found), Ok(expected)) => difference(&found, &expected, ""),
        _ => Some("text".to_owned()),
    })
}

/// Figures may differ by what another machine's logarithm differs.
const RELATIVE: f64 = 1e-9;
const ABSOLUTE: f64 = 1e-12;

/// The path of the first value in which two texts differ.
fn difference(found: &Value, expected: &Value, path: &str) -> Option<String> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let at =
                |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            found.iter().find_map(|(key, value)| {
                difference(value, expected.get(key).unwrap_or(&Value::Null), &at(key))
            })
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let mut pairs = found.iter().zip(expected);
            pairs.find_map(|(found, expected)| difference(found, expected, path))
        }
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64()?, expected.as_f64()?);
            let near = (found - expected).abs() <= ABSOLUTE + RELATIVE * expected.abs();
            (!near).then(|| path.to_owned())
        }
        _ => (found != expected).then(|| path.to_owned()),
    }
}
