//! Which facts does the corpus rest on?
//!
//! `facts.toml` holds one `[[fact]]` table a fact: `id`, `statement` (in our own words), `status`,
//! and `[fact.source]` with `title`, `publisher`, `address` and `date` (as the page carries it).
//! Documents cite facts by id; the checks in [`lint`](super::lint) compare figures with
//! statements. Facts are never quoted and never retrieved.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::read::{Issue, IssueKind};
use crate::ids::FactId;
use crate::text::place::line_and_column;

/// Name of the file, at the root of the corpus.
pub const FACTS_FILE: &str = "facts.toml";

/// How a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FactStatus {
    /// Seen in the source named.
    #[serde(rename = "S")]
    Seen,
    /// Seen in a mirror or a reuse of the official page, not on the page itself.
    #[serde(rename = "M")]
    Mirror,
    /// Widely published, but not seen in a stored source; to be checked before any real use.
    #[serde(rename = "K")]
    Unchecked,
    /// Stated by a local service about itself; invented, where the service is fictional.
    #[serde(rename = "local")]
    Local,
}

/// The page on which a fact was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactSource {
    /// Its title.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// Its address.
    pub address: String,
    /// The date it carries, as written there.
    pub date: String,
}

/// A row of `facts.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Id, as documents cite it.
    pub id: FactId,
    /// What is so, in our own words.
    pub statement: String,
    /// Where it was seen.
    pub source: FactSource,
    /// How it is known.
    pub status: FactStatus,
    /// Line of the file on which the row begins, from 1.
    #[serde(skip)]
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    fact: Vec<Spanned<Fact>>,
}

/// Reads the rows of a `facts.toml`, in file order. Rows with a fault are left out.
pub fn read_facts(path: &str, text: &str) -> (Vec<Fact>, Vec<Issue>) {
    let issue = |offset: usize, kind: IssueKind, message: String, cure: &str| {
        let (line, column) = line_and_column(text, offset);
        let (path, cure) = (path.to_owned(), cure.to_owned());
        Issue { path, line, column: Some(column), kind, message, cure }
    };
    let wire: Wire = match toml::from_str(text) {
        Ok(wire) => wire,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let cure =
                "write each fact as `[[fact]]` with id, statement, status and `[fact.source]`";
            let message = error.message().replace('\n', ", ");
            return (Vec::new(), vec![issue(offset, IssueKind::Facts, message, cure)]);
        }
    };
    let mut facts: Vec<Fact> = Vec::with_capacity(wire.fact.len());
    let mut issues = Vec::new();
    let mut seen = BTreeSet::new();
    for row in wire.fact {
        let start = row.span().start;
        let mut fact = row.into_inner();
        fact.line = line_and_column(text, start).0;
        if !seen.insert(fact.id.clone()) {
            let message = format!("the fact `{}` stands here twice", fact.id);
            issues.push(issue(start, IssueKind::DuplicateId, message, "merge the two rows"));
        } else if fact.statement.trim().is_empty() || fact.source.title.trim().is_empty() {
            let message =
                format!("the fact `{}` lacks its statement or its source's title", fact.id);
            issues.push(issue(start, IssueKind::Facts, message, "write both, or remove the row"));
        } else {
            facts.push(fact);
        }
    }
    (facts, issues)
}
