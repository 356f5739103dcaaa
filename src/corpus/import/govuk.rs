//! Answers of the GOV.UK Content API.
//!
//! The date of a page is `public_updated_at`, the "Updated" date it shows; `updated_at` changes
//! whenever the page is published again by a machine and is never read. A withdrawn page stays
//! at its address with its notice, so the notice is looked for here and the page is quarantined.
//! Translations have addresses of their own and are refused.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::draft::{Draft, one_line};
use super::html::convert;
use super::{Gathered, ImportError, ImportOptions, Note, OPEN_GOVERNMENT_LICENCE, Refused};
use crate::corpus::document::{Format, Source};
use crate::corpus::read::read_document;
use crate::ids::{DocumentId, Nation};

/// The only site whose pages are imported.
const SITE: &str = "https://www.gov.uk";

/// Schemas whose bodies are known.
const SCHEMAS: [&str; 4] = ["html_publication", "guide", "detailed_guide", "publication"];

const CURE: &str = "save the whole answer of https://www.gov.uk/api/content/<path>";

/// What is read of a page; keys beside these are left aside.
#[derive(Deserialize)]
struct Page {
    base_path: String,
    title: String,
    schema_name: String,
    locale: String,
    public_updated_at: Option<String>,
    #[serde(default)]
    withdrawn_notice: Value,
    #[serde(default)]
    details: Value,
    #[serde(default)]
    links: Value,
}

/// A body of a page; guides have several.
struct Part {
    slug: Option<String>,
    title: String,
    html: String,
}

pub(super) fn gather(path: &Path, options: &ImportOptions) -> Result<Gathered, ImportError> {
    let files = files(path)?;
    if files.is_empty() {
        return Err(ImportError::NoSource { path: path.to_owned(), expected: "file of JSON" });
    }
    let mut gathered = Gathered::default();
    for file in files {
        let bytes = fs_err::read(&file).map_err(|source| ImportError::Read { source })?;
        let page: Page = serde_json::from_slice(&bytes).map_err(|source| ImportError::Json {
            path: file.clone(),
            line: source.line(),
            cure: CURE,
            source,
        })?;
        match refusal(&page, options) {
            Some(reason) => gathered.refused.push(Refused { source: file, line: None, reason }),
            None => read_page(&page, &file, options, &mut gathered)?,
        }
    }
    Ok(gathered)
}

/// The file itself, or every `*.json` of a folder and its folders, by path.
fn files(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let read = |source| ImportError::Read { source };
    if !fs_err::metadata(path).map_err(read)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(path).map_err(read)? {
        let entry = entry.map_err(read)?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(read)?;
        let path = entry.path();
        if kind.is_dir() && !is_hidden {
            found.extend(files(&path)?);
        } else if !is_hidden && path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Why a page is not wanted.
fn refusal(page: &Page, options: &ImportOptions) -> Option<String> {
    let path = &page.base_path;
    let is_path = path.starts_with('/')
        && !path.contains("//")
        && !path.contains("/.")
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b));
    let is_allowed = options.allowed_paths.is_empty()
        || options.allowed_paths.iter().any(|allowed| path.starts_with(allowed.as_str()));
    if !is_path {
        Some(format!("`{path}` is not a path of {SITE}"))
    } else if !is_allowed {
        Some(format!("`{path}` is under none of the paths allowed"))
    } else if page.locale != "en" {
        Some(format!("the page is in the language `{}`, not `en`", page.locale))
    } else if !SCHEMAS.contains(&page.schema_name.as_str()) {
        Some(format!("the schema `{}` is not one of {}", page.schema_name, SCHEMAS.join(", ")))
    } else if nations(page).is_some_and(|nations| nations.is_empty()) {
        Some("the page applies to no nation".to_owned())
    } else {
        None
    }
}

fn read_page(
    page: &Page,
    file: &Path,
    options: &ImportOptions,
    gathered: &mut Gathered,
) -> Result<(), ImportError> {
    let mut has_text = false;
    for part in parts(page) {
        let id = document_id(page, part.slug.as_deref(), file)?;
        let converted = convert(&part.html);
        if converted.body.is_empty() {
            continue;
        }
        has_text = true;
        let draft = draft(page, &part, id.clone(), converted.body, file, options);
        if let Err(issues) = read_document(&draft.path(), draft.render()) {
            let issue = issues.first().map_or_else(String::new, ToString::to_string);
            let reason = format!("the document would not be readable: {issue}");
            gathered.refused.push(Refused { source: file.to_owned(), line: None, reason });
            continue;
        }
        let mut note = |message: String| {
            gathered.notes.push(Note { document: id.clone(), message });
        };
        converted.notes.into_iter().for_each(&mut note);
        if nations(page).is_none() {
            note("the page does not say for which nations it holds".to_owned());
        }
        if updated(page).is_none() {
            note("the page has no date".to_owned());
        }
        gathered.drafts.push(draft);
    }
    if !has_text {
        let reason = "the page holds no text".to_owned();
        gathered.refused.push(Refused { source: file.to_owned(), line: None, reason });
    }
    Ok(())
}

fn parts(page: &Page) -> Vec<Part> {
    let body = |value: &Value| html_of(&value["body"]).map(str::to_owned);
    let whole =
        body(&page.details).map(|html| Part { slug: None, title: page.title.clone(), html });
    let parts = page.details["parts"].as_array().into_iter().flatten().filter_map(|part| {
        let title = part["title"].as_str().unwrap_or_default();
        Some(Part {
            slug: Some(part["slug"].as_str()?.to_owned()),
            title: format!("{}: {title}", page.title),
            html: body(part)?,
        })
    });
    whole.into_iter().chain(parts).collect()
}

/// A body is HTML, or a list of the same text in several types.
fn html_of(body: &Value) -> Option<&str> {
    let typed = || {
        let html = |item: &&Value| item["content_type"] == "text/html";
        body.as_array()?.iter().find(html)?["content"].as_str()
    };
    body.as_str().or_else(typed)
}

/// The address with dots for slashes: `government.publications.x.y`.
fn document_id(page: &Page, slug: Option<&str>, file: &Path) -> Result<DocumentId, ImportError> {
    let mut id = page.base_path.trim_matches('/').replace('/', ".");
    if let Some(slug) = slug {
        id = format!("{id}.{slug}");
    }
    let error = |source| ImportError::Id { path: file.to_owned(), line: 1, source };
    DocumentId::new(id).map_err(error)
}

fn draft(
    page: &Page,
    part: &Part,
    id: DocumentId,
    body: String,
    file: &Path,
    options: &ImportOptions,
) -> Draft {
    let mut address = format!("{SITE}{}", page.base_path);
    if let Some(slug) = &part.slug {
        address = format!("{address}/{slug}");
    }
    let title = one_line(&part.title);
    Draft {
        id,
        source: Source {
            title: title.clone(),
            publisher: publisher(page),
            address,
            updated: updated(page)
                .map_or_else(|| "no date on page".to_owned(), |date| date.to_string()),
            licence: OPEN_GOVERNMENT_LICENCE.to_owned(),
        },
        title,
        programme: options.programme.clone(),
        nations: nations(page).unwrap_or_else(|| options.nations.clone()),
        questions: Vec::new(),
        format: Format::Guidance,
        cut: options.cut,
        body,
        is_withdrawn: is_withdrawn(page),
        file: file.to_owned(),
        line: 1,
    }
}

fn publisher(page: &Page) -> String {
    let title = |list: &str| page.links[list][0]["title"].as_str();
    title("primary_publishing_organisation")
        .or_else(|| title("organisations"))
        .map_or_else(|| "GOV.UK".to_owned(), |name| format!("GOV.UK ({})", one_line(name)))
}

/// The date the page shows.
fn updated(page: &Page) -> Option<Date> {
    page.public_updated_at.as_deref()?.get(..10)?.parse().ok()
}

fn is_withdrawn(page: &Page) -> bool {
    let notice = page.withdrawn_notice.as_object().is_some_and(|notice| !notice.is_empty());
    notice || page.links["parent"][0]["withdrawn"] == true
}

/// The nations to which the page says it applies; `None` when it does not say.
fn nations(page: &Page) -> Option<Vec<Nation>> {
    let said = page.details["national_applicability"].as_object()?;
    let applies = |nation: &Nation| {
        let key = nation.as_str().replace('-', "_");
        said.get(&key).is_some_and(|value| value["applicable"] == true)
    };
    Some(Nation::ALL.into_iter().filter(applies).collect())
}
