//! Why a file of judgements, hits or topics cannot be used: one error for all readers.
//!
//! Every variant names the file, the line where there is one, and what the person can do about
//! it. An error about a file that must not be quoted says where and of what kind, nothing more.
//! Knows nothing of any format.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file cannot be opened, read or decompressed.
    #[error("{} cannot be read", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A line is wrong.
    #[error("{}:{line}: {message}; {cure}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// What to do about it.
        cure: Cow<'static, str>,
    },
    /// A line is not the JSON that was expected; nothing of the line is quoted.
    #[error("{}:{line}:{column}: {category}; correct the line (its content is not shown)", .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 where the parser names none.
        column: usize,
        /// What kind of mistake it is.
        category: &'static str,
    },
    /// The file as a whole is wrong.
    #[error("{}: {message}; {cure}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
        /// What to do about it.
        cure: Cow<'static, str>,
    },
}

impl FormatError {
    /// An error of the file system or of the decompressor.
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// An error at a line, counted from 1.
    pub fn line(
        path: &Path,
        line: usize,
        message: impl Into<String>,
        cure: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Line { path: path.to_owned(), line, message: message.into(), cure: cure.into() }
    }

    /// An error of the whole file.
    pub fn file(
        path: &Path,
        message: impl Into<String>,
        cure: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::File { path: path.to_owned(), message: message.into(), cure: cure.into() }
    }

    /// An error of the JSON parser in the words of the parser, which may quote the line.
    pub fn json(
        path: &Path,
        line: usize,
        error: &serde_json::Error,
        cure: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::line(path, line, json_message(error), cure)
    }

    /// An error of the JSON parser that says where and of what kind, and quotes nothing.
    pub fn json_without_content(path: &Path, line: usize, error: &serde_json::Error) -> Self {
        let category = match error.classify() {
            serde_json::error::Category::Io => "the line cannot be read",
            serde_json::error::Category::Syntax => "not valid JSON",
            serde_json::error::Category::Data => "not a value that belongs here",
            serde_json::error::Category::Eof => "the JSON ends too early",
        };
        Self::Json { path: path.to_owned(), line, column: error.column(), category }
    }

    /// The file the error is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::Line { path, .. }
            | Self::Json { path, .. }
            | Self::File { path, .. } => path,
        }
    }

    /// The line the error is about, from 1.
    pub fn line_number(&self) -> Option<usize> {
        match self {
            Self::Line { line, .. } | Self::Json { line, .. } => Some(*line),
            Self::Io { .. } | Self::File { .. } => None,
        }
    }
}

/// The parser counts the lines of what it was given, which is one line: leave that part out.
fn json_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match message.strip_suffix(&place) {
        Some(rest) => format!("column {}: {rest}", error.column()),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_content_quotes_nothing_of_the_line() {
        let secret = r#"{"_id": "canary-7"}"#;
        let error = serde_json::from_str::<Vec<u32>>(secret).unwrap_err();
        let message =
            FormatError::json_without_content(Path::new("t.jsonl"), 3, &error).to_string();
        assert!(message.starts_with("t.jsonl:3:"), "{message}");
        assert!(!message.contains("canary"), "{message}");
        let quoting = serde_json::from_str::<u32>("\"canary-7\"").unwrap_err();
        assert!(quoting.to_string().contains("canary"), "the parser does quote");
        let message =
            FormatError::json_without_content(Path::new("t.jsonl"), 3, &quoting).to_string();
        assert!(!message.contains("canary"), "{message}");
    }

    #[test]
    fn an_error_names_file_line_and_cure() {
        let error = serde_json::from_str::<Vec<u32>>("[1, x]").unwrap_err();
        let error = FormatError::json(Path::new("a/t.jsonl"), 9, &error, "write a list of numbers");
        assert_eq!(
            error.to_string(),
            "a/t.jsonl:9: column 5: expected value; write a list of numbers"
        );
        assert_eq!(error.line_number(), Some(9));
        assert_eq!(error.path(), Path::new("a/t.jsonl"));
    }
}
