//! Names of things: documents, passages, programmes, nations, localities and fingerprints.
//!
//! Every name is validated once, when it is made, so that no later layer needs to ask whether
//! an id holds a blank (which would break a TREC file) or a slash (which would leave a folder).
//! This module knows nothing of what the names stand for.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text is empty.
    #[error("a {what} must not be empty")]
    Empty {
        /// Which kind of name was asked for.
        what: &'static str,
    },
    /// The text is longer than any tool downstream accepts.
    #[error("a {what} must not be longer than {limit} bytes, `{value}` has {}", value.len())]
    TooLong {
        /// Which kind of name was asked for.
        what: &'static str,
        /// The text given.
        value: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The text holds a character that the name must not hold.
    #[error("a {what} must not hold {found:?}: `{value}`")]
    Character {
        /// Which kind of name was asked for.
        what: &'static str,
        /// The text given.
        value: String,
        /// The character.
        found: char,
    },
    /// The text is not one of a closed set.
    #[error("`{value}` is not a {what}; known: {known}")]
    Unknown {
        /// Which kind of name was asked for.
        what: &'static str,
        /// The text given.
        value: String,
        /// The values known, separated by commas.
        known: &'static str,
    },
}

const ID_LIMIT: usize = 256;

fn check(what: &'static str, value: &str, allowed: impl Fn(char) -> bool) -> Result<(), IdError> {
    if value.is_empty() {
        return Err(IdError::Empty { what });
    }
    if value.len() > ID_LIMIT {
        return Err(IdError::TooLong { what, value: value.to_owned(), limit: ID_LIMIT });
    }
    match value.chars().find(|&c| !allowed(c)) {
        Some(found) => Err(IdError::Character { what, value: value.to_owned(), found }),
        None => Ok(()),
    }
}

fn is_slug(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $allowed:expr, $pattern:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("pattern" = $pattern))]
        pub struct $name(String);

        impl $name {
            /// Validates a name.
            ///
            /// # Errors
            /// [`IdError`] when the text is empty, too long or holds a forbidden character.
            pub fn new(value: impl Into<String>) -> Result<Self, IdError> {
                let value = value.into();
                check($what, &value, $allowed)?;
                Ok(Self(value))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(value: String) -> Result<Self, IdError> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(value: &str) -> Result<Self, IdError> {
                Self::new(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// Id of a document: any visible characters, at most 256 bytes, no blanks (it stands in TREC files).
    DocumentId, "document id", is_visible, r"^\S+$"
);
name!(
    /// Id of a topic (a query with judgements): visible characters, no blanks.
    TopicId, "topic id", is_visible, r"^\S+$"
);
name!(
    /// A screening programme, a lower-case slug such as `breast`; `all` fits every programme.
    Programme, "programme", is_slug, "^[a-z0-9-]+$"
);
name!(
    /// A local service, a lower-case slug.
    Locality, "locality", is_slug, "^[a-z0-9-]+$"
);
name!(
    /// Id of a row of `facts.toml`.
    FactId, "fact id", is_visible, r"^\S+$"
);

impl Programme {
    /// The slug of texts that belong to no single programme.
    pub const ALL: &'static str = "all";

    /// The programme of texts that belong to no single one.
    pub fn all() -> Programme {
        Programme(Self::ALL.to_owned())
    }

    /// Whether text of this programme may answer when only `served` is served.
    pub fn serves(&self, served: &Programme) -> bool {
        self.0 == Self::ALL || self == served
    }
}

/// One of the four nations of the United Kingdom; screening rules differ between them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Nation {
    /// England.
    England,
    /// Wales.
    Wales,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

impl Nation {
    /// All nations, in the order the words are listed in messages.
    pub const ALL: [Nation; 4] =
        [Nation::England, Nation::Wales, Nation::Scotland, Nation::NorthernIreland];

    /// The slug used in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Nation::England => "england",
            Nation::Wales => "wales",
            Nation::Scotland => "scotland",
            Nation::NorthernIreland => "northern-ireland",
        }
    }
}

impl fmt::Display for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Nation {
    type Err = IdError;
    fn from_str(value: &str) -> Result<Self, IdError> {
        Nation::ALL.into_iter().find(|n| n.as_str() == value).ok_or_else(|| IdError::Unknown {
            what: "nation",
            value: value.to_owned(),
            known: "england, wales, scotland, northern-ireland",
        })
    }
}

/// A passage: the document it is a span of, and its place in that document, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PassageId {
    /// The document.
    pub document: DocumentId,
    /// Place in the document, from 0.
    pub ordinal: u32,
}

impl PassageId {
    /// Joins a document id and an ordinal.
    pub fn new(document: DocumentId, ordinal: u32) -> Self {
        Self { document, ordinal }
    }
}

impl fmt::Display for PassageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.document, self.ordinal)
    }
}

/// Number of a passage in its snapshot: documents by id descending, then passages by ordinal
/// ascending, so that comparing rows breaks ties as documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(pub u32);

/// A BLAKE3 hash, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Stands where a hash is yet to be written.
    pub const ZERO: Fingerprint = Fingerprint([0; 32]);

    /// The fingerprint of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The fingerprint of a list of parts. Each part is preceded by its length, so that no
    /// two different lists share their bytes.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = PartsHasher::default();
        for part in parts {
            hasher.add(part);
        }
        hasher.finish()
    }

    /// A hash made elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 16 hexadecimal digits: enough to name a folder.
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

/// Takes parts one by one for a [`Fingerprint::of_parts`] of them all.
#[derive(Debug, Clone, Default)]
pub struct PartsHasher(blake3::Hasher);

impl PartsHasher {
    /// Takes the next part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The fingerprint of the parts taken.
    pub fn finish(self) -> Fingerprint {
        Fingerprint(*self.0.finalize().as_bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = IdError;
    fn from_str(value: &str) -> Result<Self, IdError> {
        let what = "fingerprint";
        check(what, value, |c| c.is_ascii_hexdigit())?;
        let unknown =
            || IdError::Unknown { what, value: value.to_owned(), known: "64 hexadecimal digits" };
        if value.len() != 64 {
            return Err(unknown());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&value[2 * i..2 * i + 2], 16).map_err(|_| unknown())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = IdError;
    fn try_from(value: String) -> Result<Self, IdError> {
        value.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(value: Fingerprint) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_what_breaks_files() {
        assert!(DocumentId::new("a b").is_err());
        assert!(DocumentId::new("").is_err());
        assert!(DocumentId::new("x".repeat(257)).is_err());
        assert!(Programme::new("Breast").is_err());
        assert_eq!(DocumentId::new("4983").unwrap().as_str(), "4983");
        assert_eq!("northern-ireland".parse(), Ok(Nation::NorthernIreland));
        assert!("ulster".parse::<Nation>().is_err());
    }

    #[test]
    fn fingerprints_round_trip_and_separate_parts() {
        let print = Fingerprint::of(b"x");
        assert_eq!(print.to_string().parse(), Ok(print));
        let joined = Fingerprint::of_parts([b"ab".as_slice(), b"c"]);
        assert_ne!(joined, Fingerprint::of_parts([b"a".as_slice(), b"bc"]));
    }
}
