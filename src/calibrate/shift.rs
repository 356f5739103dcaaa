//! Do messages still come in as they did when the service was commissioned?
//!
//! A certificate speaks of messages like those it was proved on. [`Monitor`] compares what comes
//! in with the deployment's own commissioning window, by a test martingale on conformal p-values,
//! and raises one alarm for good. **It detects a shift of the input, not errors**: an alarm does
//! not mean that answers are wrong, and no alarm does not mean that they are right ([`NOTICE`]).
//!
//! - *What is compared:* one score for each conversation, such as the confidence in its first
//!   message; later messages depend on what was answered. Scores are counted in bins, so the state
//!   has one size for life and holds no message.
//! - *p-values:* the share of all scores so far, the reference and the new one included, that lie
//!   below the new one, plus a random part of those in its bin. If all scores are exchangeable
//!   these p-values are independent and uniform (V. Vovk, A. Gammerman and G. Shafer, Algorithmic
//!   Learning in a Random World, 2nd ed. 2022, chapters 2 and 8). The random part comes from the
//!   seed and the number of the conversation, so that a replay sees the same.
//! - *Bets:* the Simple Jumper (V. Vovk, I. Petej, I. Nouretdinov, E. Ahlberg, L. Carlsson and
//!   A. Gammerman, "Retrain or not retrain: conformal test martingales for change-point
//!   detection", COPA 2021) on p, which notices scores that move, and on |2p − 1|, which is uniform
//!   too and notices scores that spread. Half of the stake is held back and handed to the jumpers
//!   bit by bit, a mixture over the times at which a shift may begin: without it a martingale that
//!   has lost for years must win all of that back first.
//! - *Alarm:* when the wealth reaches 1 / [`FALSE_ALARM`]. A test martingale ever gets there with
//!   probability [`FALSE_ALARM`] at most (J. Ville, Étude critique de la notion de collectif,
//!   1939), so that is the chance of a false alarm over the whole life of the certificate.
//!
//! Exchangeable means that order does not matter: a service whose messages differ by hour or
//! season needs a window that covers them. Not known here: what a score is of, and what an alarm
//! leads to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Fingerprint;

/// Version of the state's form.
pub const STATE_VERSION: u32 = 1;
/// Greatest chance of a false alarm over the life of a certificate.
pub const FALSE_ALARM: f64 = 0.01;
/// Fewest conversations of a commissioning window: with fewer, even a plain shift hides.
pub const LEAST_REFERENCE: usize = 100;
/// Said wherever the monitor's word is shown.
pub const NOTICE: &str = "The monitor compares what people write with the commissioning window. \
                          It detects a shift of the input, not errors: answers may be right after \
                          an alarm and wrong without one.";

/// Bins of a score.
const BINS: usize = 1000;
/// Most scores of a state that is believed; doubles count them exactly.
const MOST_SCORES: u64 = 1 << 52;
/// Slopes of the bets on a uniform value: 1 + slope (p − ½) has mean 1 and stays above 0.
const SLOPES: [f64; 5] = [-1.5, -0.75, 0.0, 0.75, 1.5];
/// Share of a jumper's wealth that is dealt anew before each bet.
const JUMP: f64 = 0.001;
/// Share of the stake held back at first.
const HELD_BACK: f64 = 0.5;
/// Conversations after which half of that is still held back.
const HALF_LIFE: f64 = 500.0;

/// A watch over the scores of conversations.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    state: State,
}

/// Everything a monitor knows, to be kept between conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Version of this form.
    pub version: u32,
    /// The certificate watched over; another one needs a window of its own.
    pub certificate: Fingerprint,
    /// Seed of the random parts of p-values.
    pub seed: u64,
    /// Conversations of the commissioning window.
    pub reference: u64,
    /// Conversations since.
    pub seen: u64,
    /// Number of scores in each bin.
    pub bins: Vec<u64>,
    /// Wealth of each bet on the place of scores.
    pub on_place: Vec<f64>,
    /// Wealth of each bet on their spread.
    pub on_spread: Vec<f64>,
    /// The conversation that raised the alarm, counted from 1 after the window.
    pub alarm: Option<u64>,
}

/// What a conversation did to the monitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Its conformal p-value.
    pub p: f64,
    /// Wealth of the test martingale, 1 at first; it no longer moves after an alarm.
    pub wealth: f64,
    /// Whether the alarm has been raised, now or before.
    pub is_alarmed: bool,
}

/// Why a monitor cannot be set up or go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShiftError {
    /// The commissioning window is too short.
    #[error(
        "the commissioning window holds {found} conversations; a monitor needs {LEAST_REFERENCE}"
    )]
    ShortReference {
        /// Conversations it holds.
        found: usize,
    },
    /// A score is out of range.
    #[error("the score {score} is not between 0 and 1")]
    Score {
        /// The score.
        score: f64,
    },
    /// The state is of another version.
    #[error("the monitor's state has version {found}, this program reads {STATE_VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The state belongs to another certificate.
    #[error("the monitor watches over certificate {found}, not {expected}; commission it anew")]
    Certificate {
        /// The certificate of the state.
        found: Fingerprint,
        /// The certificate in force.
        expected: Fingerprint,
    },
    /// The state contradicts itself.
    #[error("the monitor's state is damaged: its {what} cannot be; commission it anew")]
    Damaged {
        /// The part that cannot be.
        what: &'static str,
    },
}

impl Monitor {
    /// Begins a watch over a certificate with the scores of its commissioning window.
    ///
    /// # Errors
    /// [`ShiftError`] when the window is too short, or a score is not between 0 and 1.
    pub fn new(
        certificate: Fingerprint,
        reference: &[f64],
        seed: u64,
    ) -> Result<Monitor, ShiftError> {
        if reference.len() < LEAST_REFERENCE {
            return Err(ShiftError::ShortReference { found: reference.len() });
        }
        let mut bins = vec![0; BINS];
        for &score in reference {
            bins[bin(score)?] += 1;
        }
        let account = (1.0 - HELD_BACK) / (2 * SLOPES.len()) as f64;
        let state = State {
            version: STATE_VERSION,
            certificate,
            seed,
            reference: reference.len() as u64,
            seen: 0,
            bins,
            on_place: vec![account; SLOPES.len()],
            on_spread: vec![account; SLOPES.len()],
            alarm: None,
        };
        Ok(Monitor { state })
    }

    /// Goes on from a state that was kept.
    ///
    /// # Errors
    /// [`ShiftError`] when it is of another version or certificate, or contradicts itself.
    pub fn resume(state: State, certificate: Fingerprint) -> Result<Monitor, ShiftError> {
        if state.version != STATE_VERSION {
            return Err(ShiftError::Version { found: state.version });
        }
        if state.certificate != certificate {
            let found = state.certificate;
            return Err(ShiftError::Certificate { found, expected: certificate });
        }
        let damaged = |what| Err(ShiftError::Damaged { what });
        let total = state.bins.iter().try_fold(0_u64, |sum, &bin| sum.checked_add(bin));
        let counted = total.filter(|total| *total <= MOST_SCORES);
        if state.bins.len() != BINS
            || counted.is_none()
            || counted != state.reference.checked_add(state.seen)
        {
            return damaged("number of scores");
        }
        let sound = |accounts: &[f64]| {
            accounts.len() == SLOPES.len() && accounts.iter().all(|a| a.is_finite() && *a >= 0.0)
        };
        if !sound(&state.on_place) || !sound(&state.on_spread) {
            return damaged("wealth");
        }
        let monitor = Monitor { state };
        let was_reached = monitor.wealth() * FALSE_ALARM >= 1.0;
        if monitor.state.alarm.is_some_and(|at| at == 0 || at > monitor.state.seen)
            || was_reached != monitor.state.alarm.is_some()
        {
            return damaged("alarm");
        }
        Ok(monitor)
    }

    /// Takes in the score of a conversation's first message.
    ///
    /// # Errors
    /// [`ShiftError::Score`] when it is not between 0 and 1; nothing has changed then.
    pub fn observe(&mut self, score: f64) -> Result<Reading, ShiftError> {
        let place = bin(score)?;
        let state = &mut self.state;
        state.bins[place] += 1;
        let deposit = held_back(state.seen) - held_back(state.seen + 1);
        state.seen += 1;
        let below: u64 = state.bins[..place].iter().sum();
        let tied = random_part(state.seed, state.seen) * state.bins[place] as f64;
        let p = (below as f64 + tied) / (state.reference + state.seen) as f64;
        if state.alarm.is_none() {
            let spread = (2.0 * p - 1.0).abs();
            bet(&mut state.on_place, &SLOPES, JUMP, p, deposit / 2.0);
            bet(&mut state.on_spread, &SLOPES, JUMP, spread, deposit / 2.0);
            if self.wealth() * FALSE_ALARM >= 1.0 {
                self.state.alarm = Some(self.state.seen);
            }
        }
        Ok(Reading { p, wealth: self.wealth(), is_alarmed: self.alarm().is_some() })
    }

    /// Wealth of the test martingale.
    pub fn wealth(&self) -> f64 {
        let State { seen, alarm, on_place, on_spread, .. } = &self.state;
        let accounts: f64 = on_place.iter().chain(on_spread).sum();
        held_back(alarm.unwrap_or(*seen)) + accounts
    }

    /// The conversation that raised the alarm, counted from 1 after the window.
    pub fn alarm(&self) -> Option<u64> {
        self.state.alarm
    }

    /// What to keep until the next conversation.
    pub fn state(&self) -> &State {
        &self.state
    }
}

#[expect(
    clippy::cast_sign_loss,
    reason = "a score between 0 and 1 times the number of bins is not negative"
)]
fn bin(score: f64) -> Result<usize, ShiftError> {
    if !(0.0..=1.0).contains(&score) {
        return Err(ShiftError::Score { score });
    }
    Ok(((score * BINS as f64) as usize).min(BINS - 1))
}

/// Share of the stake still held back after some conversations; never nothing.
fn held_back(seen: u64) -> f64 {
    HELD_BACK * HALF_LIFE / (HALF_LIFE + seen as f64)
}

/// A number above 0 and below 1 for each conversation, as good as random.
fn random_part(seed: u64, conversation: u64) -> f64 {
    let parts = [seed.to_le_bytes(), conversation.to_le_bytes()];
    let hash = Fingerprint::of_parts(parts.iter().map(<[u8; 8]>::as_slice));
    let bytes = hash.as_bytes();
    let number = bytes[..8].iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    ((number >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// One step of the Simple Jumper: a deposit is shared among the accounts, a part of all wealth is
/// dealt anew, and each account bets on the value with its slope.
fn bet(accounts: &mut [f64], slopes: &[f64], jump: f64, value: f64, deposit: f64) {
    let number = accounts.len() as f64;
    let dealt = jump / number * (accounts.iter().sum::<f64>() + deposit);
    for (account, slope) in accounts.iter_mut().zip(slopes) {
        let kept = (1.0 - jump) * (*account + deposit / number);
        *account = (kept + dealt) * (1.0 + slope * (value - 0.5));
    }
}

#[cfg(test)]
mod tests;
