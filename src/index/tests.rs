//! Properties of a build that streams and of a snapshot that is read in place.
//!
//! 1. A corpus of JSON lines gives the bytes that the folder of its import gives, with any batch
//!    and number of commits; postings rank alike.
//! 2. A build that was broken off embeds only the rest and gives the same bytes.
//! 3. Every byte of documents, passages and vectors that is changed is found: at once in a small
//!    snapshot, behind in a great one; before it is found, reading panics nowhere.
//! 4. Lookups by id and row agree with the list of all documents.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::date;

use super::build::{
    BuildError, BuildOptions, Built, LineSources, Quiet, Sources, build, build_lines,
};
use super::postings::TextField;
use super::settings::Settings;
use super::snapshot::{PASSAGES_FILE, Snapshot, VECTORS_FILE, Verification};
use super::store::Store;
use crate::corpus::approve::{Grant, approve_all};
use crate::corpus::document::{Cut, Role};
use crate::corpus::import::{ImportOptions, SourceKind, import};
use crate::embed::{EmbedError, Embedder, Matrix};
use crate::ids::{DocumentId, Fingerprint, Nation, Programme, Row};

/// Vectors made of a text's bytes; fails after a number of texts.
struct Failing {
    left: AtomicUsize,
}

impl Embedder for Failing {
    fn name(&self) -> &'static str {
        "letters"
    }
    fn dimension(&self) -> usize {
        70
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"letters")
    }
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        let enough = |left: usize| left.checked_sub(texts.len());
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enough).is_err() {
            let source = "the power is gone".into();
            return Err(EmbedError::Backend { embedder: "letters".to_owned(), source });
        }
        Ok(Matrix::from_shape_fn((texts.len(), 70), |(row, column)| {
            let of = |byte: &u8| usize::from(*byte) % 70 == column;
            texts[row].bytes().filter(of).count() as f32
        }))
    }
}

fn embedder(texts: usize) -> Arc<dyn Embedder> {
    Arc::new(Failing { left: AtomicUsize::new(texts) })
}

const MANY: usize = usize::MAX;
const DOCUMENTS: usize = 150;

/// A corpus of JSON lines whose ids are in no order.
fn corpus(folder: &Path) -> PathBuf {
    let line = |n: usize| {
        let id = (n * 37) % DOCUMENTS;
        let text = format!("Text {n} says é{n}. It has word{id} and more.\\n\\nAnd another line.");
        format!("{{\"_id\":\"d/{id}\",\"title\":\"Title {n}\",\"text\":\"{text}\"}}\n")
    };
    let path = folder.join("corpus.jsonl");
    let text: String = (0..DOCUMENTS).map(line).collect();
    fs_err::write(&path, format!("\u{feff}{text}\n")).unwrap();
    path
}

fn options() -> ImportOptions {
    ImportOptions {
        programme: Programme::all(),
        nations: Nation::ALL.to_vec(),
        cut: Cut::Sections,
        source: None,
        licence: None,
        allowed_paths: Vec::new(),
    }
}

fn grant() -> Grant {
    let (on, review_due) = (date(2026, 1, 1), date(2027, 1, 1));
    Grant { by: "Research import".to_owned(), role: Role::Research, on, review_due }
}

fn count(text: &str) -> usize {
    text.split(' ').count()
}

fn built(
    store: &Store,
    lines: &Path,
    texts: usize,
    how: BuildOptions,
) -> Result<Built, BuildError> {
    let sources = LineSources::open(lines, &options(), &grant())?;
    build_lines(store, &sources, &embedder(texts), &count, &Settings::default(), how, &Quiet)
}

fn files(store: &Store, id: Fingerprint) -> [Vec<u8>; 2] {
    [PASSAGES_FILE, VECTORS_FILE].map(|file| fs_err::read(store.folder(id).join(file)).unwrap())
}

fn counts_of(snapshot: &Snapshot, term: &str) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for field in TextField::ALL {
        snapshot.postings().visit(field, term, |row, n| found.push((row, n))).unwrap();
    }
    found
}

#[test]
fn lines_and_the_folder_of_their_import_give_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let lines = corpus(place.path());
    let folder = place.path().join("folder");
    import(SourceKind::Jsonl, &lines, &folder, &options()).unwrap();
    approve_all(&folder, &grant()).unwrap();
    let store = Store::new(place.path().join("index"));
    let sources = Sources::read(&folder).unwrap();
    let (settings, how) = (Settings::default(), BuildOptions::default());
    let whole = build(&store, &sources, &embedder(MANY), &count, &settings, how, &Quiet).unwrap();
    assert_eq!(whole.texts, DOCUMENTS);
    let expected = store.open(whole.id).unwrap();
    for (batch, commits) in [(64, 1), (1, 3), (7, 1000), (1000, 2)] {
        let other = Store::new(place.path().join(format!("index-{batch}")));
        let how = BuildOptions { batch, commits };
        let streamed = built(&other, &lines, MANY, how).unwrap();
        assert_eq!(streamed.id, whole.id);
        assert!(files(&other, whole.id) == files(&store, whole.id), "batch {batch}");
        let snapshot = other.open(whole.id).unwrap();
        assert_eq!(snapshot.manifest().counts, expected.manifest().counts);
        assert_eq!(snapshot.manifest().notice, expected.manifest().notice);
        for term in ["text", "word7", "titl", "nothing"] {
            assert_eq!(counts_of(&snapshot, term), counts_of(&expected, term), "{term}");
        }
    }
}

#[test]
fn a_build_broken_off_embeds_only_the_rest() {
    let place = tempfile::tempdir().unwrap();
    let lines = corpus(place.path());
    let how = BuildOptions { batch: 10, commits: 2 };
    let (whole, broken) =
        (Store::new(place.path().join("whole")), Store::new(place.path().join("broken")));
    let expected = built(&whole, &lines, MANY, how).unwrap();
    for part in [45, 60] {
        assert!(matches!(built(&broken, &lines, part, how), Err(BuildError::Cache(_))));
        assert!(broken.current().is_err(), "nothing half built is served");
    }
    let rest = built(&broken, &lines, MANY, how).unwrap();
    // 40 texts of the first attempt and 60 of the second were kept: whole batches.
    assert_eq!((rest.id, rest.texts, rest.embedded), (expected.id, DOCUMENTS, DOCUMENTS - 100));
    assert!(files(&broken, rest.id) == files(&whole, rest.id));
    let again = built(&broken, &lines, 0, how).unwrap();
    assert!(again.reused);
}

#[test]
fn lookups_agree_with_the_list() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path().join("index"));
    let id = built(&store, &corpus(place.path()), MANY, BuildOptions::default()).unwrap().id;
    let snapshot = store.open(id).unwrap();
    assert_eq!(snapshot.verification(), Verification::Verified);
    assert_eq!((snapshot.document_count(), snapshot.documents().count()), (DOCUMENTS, DOCUMENTS));
    assert_eq!(snapshot.programmes(), [Programme::all()]);
    let lazily = store.open(id).unwrap();
    for (row, passage) in (0..).map(Row).zip(snapshot.passages()) {
        assert_eq!(lazily.row(&passage.id), Some(row));
        assert_eq!(lazily.passage(row), Some(passage));
        let document = snapshot.document(&passage.id.document);
        assert_eq!(lazily.document_of(row), document);
        assert!(lazily.rows_of_same_document(row).any(|other| other == row));
        assert_eq!(lazily.programme_of(row), document.map(|d| &d.programme));
    }
    for id in ["d/", "d/1500", "a", "z", "d/7x"] {
        assert_eq!(lazily.document(&DocumentId::new(id).unwrap()), None);
    }
    assert_eq!(lazily.passage(Row(DOCUMENTS as u32)), None);
    assert_eq!(lazily.rows_of_same_document(Row(u32::MAX)).count(), 0);
}

#[test]
fn damage_is_found_at_once_or_behind_and_never_panics() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::new(place.path().join("index"));
    let id = built(&store, &corpus(place.path()), MANY, BuildOptions::default()).unwrap().id;
    for file in [PASSAGES_FILE, VECTORS_FILE] {
        let path = store.folder(id).join(file);
        let sound = fs_err::read(&path).unwrap();
        for n in 0..30 {
            let mut damaged = sound.clone();
            damaged[n * sound.len() / 30] ^= 0x55;
            fs_err::write(&path, &damaged).unwrap();
            assert!(store.open(id).is_err(), "{file} {n}");
            // What must be there to open at all may be refused at once; else it is found behind.
            let Ok(snapshot) = Snapshot::open_at_once(&store.folder(id), 0) else { continue };
            for row in (0..snapshot.passage_count() as u32).map(Row) {
                if let (Some(passage), Some(document)) =
                    (snapshot.passage(row), snapshot.document_of(row))
                {
                    assert!(!document.slice(&passage.span).is_empty());
                    let _ = (snapshot.row(&passage.id), snapshot.document(&document.id));
                }
            }
            assert!(matches!(snapshot.verified(), Verification::Failed { .. }), "{file} {n}");
        }
        fs_err::write(&path, &sound[..sound.len() - 1]).unwrap();
        assert!(Snapshot::open_at_once(&store.folder(id), 0).is_err());
        fs_err::write(&path, &sound).unwrap();
    }
    let snapshot = Snapshot::open_at_once(&store.folder(id), 0).unwrap();
    assert_eq!(snapshot.verified(), Verification::Verified);
}

#[test]
fn lines_that_are_no_corpus_are_refused_with_their_place() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("corpus.jsonl");
    let told = |text: &str| {
        fs_err::write(&path, text).unwrap();
        let store = Store::new(place.path().join("index"));
        built(&store, &path, MANY, BuildOptions::default()).unwrap_err().to_string()
    };
    let sound = "{\"_id\":\"a\",\"text\":\"One.\"}\n";
    assert!(told(&format!("{sound}\n{sound}")).contains("corpus.jsonl:3: the id `a` stands"));
    assert!(told(&format!("{sound}{{\"text\":\"b\"}}\n")).contains("corpus.jsonl:2: not the JSON"));
    assert!(told("{\"_id\":\"a\",\"text\":\" \"}\n").contains("corpus.jsonl:1: the document `a`"));
    assert!(told("{\"_id\":\"a b\",\"text\":\"b\"}\n").contains("corpus.jsonl:1: the id cannot"));
    let clinical = Grant { role: Role::Clinical, ..grant() };
    assert!(LineSources::open(&path, &options(), &clinical).is_err());
}
