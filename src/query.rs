//! What was asked, by whom and when: the text and the scope it may be answered in.

use jiff::civil::Date;

use crate::ids::{Locality, Nation, Programme};

/// A text asked, with everything that decides which guidance may answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The message as it came in.
    pub text: String,
    /// Programmes served here; empty means all of them.
    pub programmes: Vec<Programme>,
    /// Nation the person is in; `None` means the corpus's base nation, England.
    pub nation: Option<Nation>,
    /// The local service asked, if any.
    pub locality: Option<Locality>,
    /// The day on which the question is asked; decides what has expired.
    pub today: Date,
}

impl Query {
    /// A query of any programme, in the base nation, without a locality.
    pub fn new(text: impl Into<String>, today: Date) -> Query {
        Query { text: text.into(), programmes: Vec::new(), nation: None, locality: None, today }
    }

    /// The nation whose guidance holds.
    pub fn nation(&self) -> Nation {
        self.nation.unwrap_or(Nation::England)
    }
}
