//! From a query to passages: retrievers over a whole snapshot, and the candidates they agree on.
//!
//! A [`Retriever`] is bound to a query once ([`Retriever::bind`]); the bound query then ranks,
//! scores any passage exactly and explains itself, without analysing or embedding again. Scores
//! are exact over all rows: nothing is sampled, pruned or approximated, so a ranking does not
//! depend on its depth. This layer does not blend (see [`crate::fuse`]) and does not know
//! approvals.

pub mod candidates;
pub mod dense;
pub mod lexical;
pub mod ranking;

use schemars::JsonSchema;
use serde::Serialize;

use crate::embed::EmbedError;
use crate::embed::matrix::MatrixError;
use crate::index::postings::PostingsError;
use crate::score::Score;

pub use candidates::{Candidate, Candidates};
pub use ranking::{Hit, Ranking, Row};

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
