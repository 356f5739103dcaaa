//! Whose messages does a certificate speak of?
//!
//! A guarantee holds for messages like those it was proved on. Invented ones prove that the
//! machinery works; only a service's own messages, of a period that is named, let answers leave
//! without a person.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certify::CertifyError;
use crate::ids::Locality;

/// Whose messages the families were drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Population {
    /// Messages written for the purpose.
    Rehearsal,
    /// Messages of a public data set.
    Research,
    /// Messages that people sent to a service.
    Live {
        /// The service.
        service: Locality,
        /// First day they came in.
        #[schemars(with = "String", extend("format" = "date"))]
        from: Date,
        /// Last day they came in.
        #[schemars(with = "String", extend("format" = "date"))]
        to: Date,
    },
}

/// Why a certificate does not let answers leave without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotForSending {
    /// Its messages were invented.
    #[error(
        "the certificate speaks of rehearsal messages, which nobody sent; automatic sending needs \
         one on the service's own messages"
    )]
    Rehearsal,
    /// Its messages come from a data set.
    #[error(
        "the certificate speaks of research messages, sent to nobody's service; automatic sending \
         needs one on the service's own messages"
    )]
    Research,
}

impl Population {
    /// Whether answers to it may leave without a person.
    ///
    /// # Errors
    /// [`NotForSending`] saying why not.
    pub fn automatic_sending(&self) -> Result<(), NotForSending> {
        match self {
            Population::Rehearsal => Err(NotForSending::Rehearsal),
            Population::Research => Err(NotForSending::Research),
            Population::Live { .. } => Ok(()),
        }
    }

    /// # Errors
    /// [`CertifyError::Terms`] when a period ends before it begins.
    pub(super) fn check(&self) -> Result<(), CertifyError> {
        match self {
            Population::Live { from, to, .. } if from > to => Err(CertifyError::Terms {
                what: "the period of the population",
                range: "ascending",
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Population::Rehearsal => f.write_str("rehearsal"),
            Population::Research => f.write_str("research"),
            Population::Live { service, from, to } => write!(f, "live:{service} {from} to {to}"),
        }
    }
}
