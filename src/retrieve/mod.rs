//! From a query to passages: retrievers over a whole snapshot, and the candidates they agree on.
//!
//! A [`Retriever`] is bound to a query once ([`Retriever::bind`]); the bound query then ranks,
//! scores any passage exactly and explains itself, without analysing or embedding again. Scores
//! are exact, whatever row is asked for, and up to [`dense::TWO_STAGE_ROWS`] passages so is every
//! ranking: nothing is sampled or pruned that could have been in it, so that it does not depend on
//! its depth. This layer does not blend (see [`crate::fuse`]) and does not know
//! approvals.

pub mod candidates;
pub mod dense;
pub mod lexical;
pub mod ranking;

use schemars::JsonSchema;
use serde::Serialize;

use crate::embed::EmbedError;
use crate::embed::matrix::{MatrixError, QuantisedVector};
use crate::index::postings::PostingsError;
use crate::score::Score;

pub use candidates::{Candidate, Candidates};
pub use ranking::{BestHits, Hit, Ranking, Row};

/// Scores every passage of a snapshot for a query.
pub trait Retriever: Send + Sync {
    /// Name in explanations.
    fn name(&self) -> &'static str;

    /// Binds a text: analyses or embeds it once.
    ///
    /// # Errors
    /// [`RetrieveError`] when the text cannot be embedded or the index cannot be read.
    fn bind<'a>(&'a self, text: &str) -> Result<Box<dyn BoundQuery + 'a>, RetrieveError>;
}

/// A retriever bound to one query.
pub trait BoundQuery {
    /// The best rows by (score descending, row ascending), at most `depth` of them. Rows
    /// without any evidence may be left out.
    fn top(&self, depth: usize) -> Ranking;

    /// Exact score of a row.
    fn score(&self, row: Row) -> Score;

    /// The greatest score any passage could have for this query; 0 when nothing can match.
    fn attainable_maximum(&self) -> f64;

    /// How the score of a row came about.
    ///
    /// # Errors
    /// [`RetrieveError`] when the index cannot be read.
    fn explain(&self, row: Row) -> Result<RetrieverExplanation, RetrieveError>;

    /// The query among all vectors of the snapshot; `None` from a retriever without vectors.
    fn nearness(&self) -> Option<&dyn Nearness> {
        None
    }

    /// Where some rows, ascending, hold the query's words; `None` from a retriever without words.
    ///
    /// # Errors
    /// [`RetrieveError`] when the index cannot be read.
    fn matches(&self, _rows: &[Row]) -> Result<Option<Matches>, RetrieveError> {
        Ok(None)
    }
}

/// A query among all vectors of a snapshot. Cosines with passages are computed where they are
/// asked for: a snapshot of a million passages costs no more than what is looked at.
pub trait Nearness {
    /// The query's vector.
    fn query(&self) -> &QuantisedVector;

    /// Cosine with a passage, by row; `None` past the last.
    fn passage(&self, row: usize) -> Option<f64>;

    /// Cosine with every question variant, in the order of the snapshot's vectors.
    fn variants(&self) -> &[f64];

    /// How all passages lie around the query.
    fn surroundings(&self) -> &Surroundings;
}

/// How the passages of a snapshot lie around a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// Mean cosine; of more than [`SURROUNDINGS`] passages evenly spaced ones are taken.
    pub mean: f64,
    /// Variance of the cosines, of the same passages.
    pub variance: f64,
    /// The greatest cosines, descending, as many as [`NEAREST_PASSAGES`].
    pub nearest: Vec<f64>,
}

/// Passages whose cosines are averaged at most: their mean is within a hundredth of a standard
/// deviation of that of all.
pub const SURROUNDINGS: usize = 16_384;

/// Passages whose cosines [`Surroundings`] holds.
pub const NEAREST_PASSAGES: usize = 10;

/// Where some rows hold a query's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Matches {
    /// Rows of the snapshot.
    pub rows: u32,
    /// The query's terms.
    pub terms: Vec<MatchedTerm>,
    /// By row as asked, then term: one bit for each field of
    /// [`TextField`](crate::index::postings::TextField) that holds the term or an expansion.
    pub held: Vec<Vec<u8>>,
    /// By row as asked: terms of its title.
    pub title_lengths: Vec<u32>,
    /// By row as asked: terms of its body.
    pub body_lengths: Vec<u32>,
}

/// A term of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchedTerm {
    /// How often the query holds it.
    pub count: f64,
    /// Its idf.
    pub idf: f64,
    /// Rows that hold it or an expansion.
    pub document_frequency: u32,
    /// Whether it is unknown and could stand for several known words.
    pub is_guess: bool,
}

/// How a retriever's score came about.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RetrieverExplanation {
    /// BM25F, term by term.
    Lexical(lexical::LexicalExplanation),
    /// Cosines.
    Dense(dense::DenseExplanation),
    /// A retriever of the user's.
    Other {
        /// Its score.
        score: f64,
    },
}

/// Why a query could not be retrieved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetrieveError {
    /// The postings could not be read.
    #[error(transparent)]
    Postings(#[from] PostingsError),
    /// The query could not be embedded.
    #[error("the query could not be embedded")]
    Embed(#[from] EmbedError),
    /// The query's vector does not fit those of the snapshot.
    #[error("the query's vector does not fit those of the snapshot")]
    Vectors(#[from] MatrixError),
    /// A retriever gave a score that is not finite.
    #[error("retriever `{retriever}` gave row {row} a score that is not finite")]
    NotFinite {
        /// The retriever.
        retriever: &'static str,
        /// The row.
        row: u32,
    },
}
