//! A document that nobody has approved, and the file it becomes.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::ImportError;
use crate::corpus::document::{Cut, Format, Source};
use crate::corpus::read::{Issue, QUARANTINE};
use crate::ids::{DocumentId, Fingerprint, Nation, Programme};

/// Longest name of a file without its ending; most file systems end at 255 bytes.
const LONGEST_NAME: usize = 200;

pub(super) struct Draft {
    pub(super) id: DocumentId,
    pub(super) title: String,
    pub(super) programme: Programme,
    pub(super) nations: Vec<Nation>,
    pub(super) questions: Vec<String>,
    pub(super) source: Source,
    pub(super) format: Format,
    pub(super) cut: Cut,
    pub(super) body: String,
    /// Withdrawn by its publisher: goes to quarantine.
    pub(super) is_withdrawn: bool,
    /// File of the source, and line in it.
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

impl Draft {
    /// Path of the file within the folder written.
    pub(super) fn path(&self) -> String {
        let name = file_name(&self.id);
        if self.is_withdrawn { format!("{QUARANTINE}/{name}") } else { name }
    }

    /// The file.
    pub(super) fn render(&self) -> String {
        let status = if self.is_withdrawn { "withdrawn" } else { "draft" };
        self.render_as(&format!("status = \"{status}\"\n"))
    }

    /// The file with other lines of its approval before the version.
    pub(super) fn render_as(&self, approval: &str) -> String {
        let mut text = String::from("+++\n");
        let mut line = |key: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key} = {value}");
        };
        line("id", quoted(self.id.as_str()));
        line("title", quoted(&self.title));
        line("programme", quoted(self.programme.as_str()));
        line("kind", quoted("guidance"));
        line("nations", list(self.nations.iter().map(|nation| nation.as_str())));
        if !self.questions.is_empty() {
            line("questions", lines(&self.questions));
        }
        if self.format == Format::Plain {
            line("format", quoted("plain"));
        }
        if self.cut == Cut::Whole {
            line("cut", quoted("whole"));
        }
        let Source { title, publisher, address, updated, licence } = &self.source;
        let _ = write!(
            text,
            "\n[source]\ntitle = {}\npublisher = {}\naddress = {}\nupdated = {}\nlicence = {}\n\
             \n[approval]\n{approval}version = \"1\"\n+++\n\n{}\n",
            quoted(title),
            quoted(publisher),
            quoted(address),
            quoted(updated),
            quoted(licence),
            self.body.trim_end(),
        );
        text
    }

    pub(super) fn unreadable(&self, issues: Vec<Issue>) -> ImportError {
        let issue = issues.into_iter().next().unwrap_or_else(|| Issue {
            path: self.path(),
            line: 1,
            column: None,
            kind: crate::corpus::read::IssueKind::FrontMatter,
            message: "the file cannot be read".to_owned(),
            cure: "check the source".to_owned(),
        });
        ImportError::Unreadable {
            path: self.file.clone(),
            line: self.line,
            id: self.id.clone(),
            issue: Box::new(issue),
        }
    }
}

/// The name of the file of a document: its id with every byte but letters, digits, `.`, `_` and
/// `-` percent-encoded, and a leading dot too, for hidden files are not read. A long name is cut
/// and ends with a fingerprint of the id.
pub(super) fn file_name(id: &DocumentId) -> String {
    let mut name = String::new();
    for (at, byte) in id.as_str().bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if plain && !(at == 0 && byte == b'.') {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME - 17);
        let _ = write!(name, "~{}", Fingerprint::of(id.as_str().as_bytes()).short());
    }
    name + ".md"
}

/// A text on one line: white space and control characters become single blanks.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(value: &str) -> String {
    toml::Value::String(one_line(value)).to_string()
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", values.map(quoted).collect::<Vec<_>>().join(", "))
}

fn lines(values: &[String]) -> String {
    let rows: Vec<String> = values.iter().map(|value| format!("  {},", quoted(value))).collect();
    format!("[\n{}\n]", rows.join("\n"))
}
