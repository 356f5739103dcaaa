//! Corpora and intent sets as JSON lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::draft::{Draft, one_line};
use super::{Gathered, ImportError, ImportOptions, Note, Refused};
use crate::corpus::document::{Format, Source};
use crate::ids::DocumentId;

/// A line of a corpus; keys beside these are left aside.
#[derive(Deserialize)]
pub(super) struct CorpusLine {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// A line of an intent set; keys beside these are left aside.
#[derive(Deserialize)]
struct IntentLine {
    text: String,
    label: String,
}

/// One plain document a line.
pub(super) fn gather_corpus(path: &Path, options: &ImportOptions) -> Result<Gathered, ImportError> {
    let path = find(path, "corpus.jsonl")?;
    let mut gathered = Gathered::default();
    for (line, row) in read_lines::<CorpusLine>(&path, CORPUS_CURE)? {
        let id = document_id(&row.id, &path, line)?;
        match corpus_draft(id, row, &path, line, options) {
            Ok(draft) => gathered.drafts.push(draft),
            Err(reason) => {
                gathered.refused.push(Refused { source: path.clone(), line: Some(line), reason });
            }
        }
    }
    Ok(gathered)
}

/// What a line of a corpus must be.
pub(super) const CORPUS_CURE: &str =
    "write one object a line with the texts `_id`, `title` and `text`";

/// The draft of a line, or why it has none.
pub(super) fn corpus_draft(
    id: DocumentId,
    row: CorpusLine,
    path: &Path,
    line: usize,
    options: &ImportOptions,
) -> Result<Draft, String> {
    let title = one_line(&row.title);
    let body = if row.text.trim().is_empty() { title.clone() } else { row.text };
    if body.trim().is_empty() {
        return Err(format!("the document `{id}` has neither title nor text"));
    }
    let title = if title.is_empty() { id.as_str().to_owned() } else { title };
    Ok(draft(id, title, body, path, line, options))
}

/// One document a label, in the order in which labels first appear.
pub(super) fn gather_intents(
    path: &Path,
    options: &ImportOptions,
) -> Result<Gathered, ImportError> {
    let path = find(path, "train.jsonl")?;
    let cure = "write one object a line with the texts `text` and `label`";
    let mut gathered = Gathered::default();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut utterances: Vec<(DocumentId, String, usize, Vec<String>)> = Vec::new();
    for (line, row) in read_lines::<IntentLine>(&path, cure)? {
        let text = one_line(&row.text);
        if text.is_empty() {
            let reason = "the utterance is empty".to_owned();
            gathered.refused.push(Refused { source: path.clone(), line: Some(line), reason });
            continue;
        }
        let place = if let Some(&place) = places.get(&row.label) {
            place
        } else {
            let id = label_id(&row.label, &path, line, &mut gathered.notes)?;
            places.insert(row.label.clone(), utterances.len());
            utterances.push((id, row.label, line, Vec::new()));
            utterances.len() - 1
        };
        utterances[place].3.push(text);
    }
    for (id, label, line, texts) in utterances {
        let body = texts.join("\n\n");
        let title = label_in_words(&label);
        let title = if title.is_empty() { id.as_str().to_owned() } else { title };
        let mut draft = draft(id, title, body, &path, line, options);
        let mut seen = BTreeSet::new();
        draft.questions =
            texts.into_iter().filter(|text| seen.insert(text.to_lowercase())).collect();
        gathered.drafts.push(draft);
    }
    Ok(gathered)
}

/// The id of a label is the label, with blanks as underscores.
fn label_id(
    label: &str,
    path: &Path,
    line: usize,
    notes: &mut Vec<Note>,
) -> Result<DocumentId, ImportError> {
    let joined = one_line(label).replace(' ', "_");
    let id = document_id(&joined, path, line)?;
    if joined != label {
        let message = format!("the label `{label}` has the id `{id}`");
        notes.push(Note { document: id.clone(), message });
    }
    Ok(id)
}

/// `card_arrival` and `CARD-ARRIVAL` become `Card arrival`.
fn label_in_words(label: &str) -> String {
    let words = one_line(&label.replace(['_', '-'], " ")).to_lowercase();
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn draft(
    id: DocumentId,
    title: String,
    body: String,
    path: &Path,
    line: usize,
    options: &ImportOptions,
) -> Draft {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = options.source.clone().unwrap_or_else(|| file.clone());
    let licence = options.licence.clone();
    Draft {
        source: Source {
            title: name.clone(),
            publisher: name,
            address: format!("{file}, line {line}"),
            updated: "no date in the source".to_owned(),
            licence: licence.unwrap_or_else(|| "not stated; for research only".to_owned()),
        },
        id,
        title,
        programme: options.programme.clone(),
        nations: options.nations.clone(),
        questions: Vec::new(),
        format: Format::Plain,
        cut: options.cut,
        body,
        is_withdrawn: false,
        file: path.to_owned(),
        line,
    }
}

pub(super) fn document_id(
    value: &str,
    path: &Path,
    line: usize,
) -> Result<DocumentId, ImportError> {
    DocumentId::new(value).map_err(|source| ImportError::Id { path: path.to_owned(), line, source })
}

/// The file itself, or the one of that name in the folder.
pub(super) fn find(path: &Path, name: &'static str) -> Result<PathBuf, ImportError> {
    let file = if path.is_dir() { path.join(name) } else { path.to_owned() };
    if file.is_file() {
        Ok(file)
    } else {
        Err(ImportError::NoSource { path: path.to_owned(), expected: name })
    }
}

/// The objects of a file of JSON lines with their line numbers; empty lines are skipped.
fn read_lines<T: DeserializeOwned>(
    path: &Path,
    cure: &'static str,
) -> Result<Vec<(usize, T)>, ImportError> {
    let bytes = fs_err::read(path).map_err(|source| ImportError::Read { source })?;
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let mut rows = Vec::new();
    for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let line_number = at + 1;
        let text = std::str::from_utf8(line)
            .map_err(|_| ImportError::NotUtf8 { path: path.to_owned(), line: line_number })?;
        if text.trim().is_empty() {
            continue;
        }
        let row = serde_json::from_str(text).map_err(|source| ImportError::Json {
            path: path.to_owned(),
            line: line_number,
            cure,
            source,
        })?;
        rows.push((line_number, row));
    }
    if rows.is_empty() {
        return Err(ImportError::NoSource { path: path.to_owned(), expected: "line of JSON" });
    }
    Ok(rows)
}
