//! 1. What is imported can be read, is a draft, and keeps its text byte for byte (plain) or
//!    within the grammar (pages).
//! 2. Nothing is half-imported: a malformed source leaves the target as it was.
//! 3. What is not wanted is reported, and what is withdrawn is never read.

use tempfile::TempDir;

use super::*;
use crate::corpus::document::{Document, Format, Status};
use crate::corpus::read::read_corpus;

fn options() -> ImportOptions {
    ImportOptions {
        programme: Programme::new(Programme::ALL).unwrap(),
        nations: vec![Nation::England],
        cut: Cut::Sections,
        source: None,
        licence: None,
        allowed_paths: Vec::new(),
    }
}

struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs_err::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("deep/out")
    }

    fn import(
        &self,
        kind: SourceKind,
        options: &ImportOptions,
    ) -> Result<ImportReport, ImportError> {
        import(kind, self.folder.path(), &self.target(), options)
    }

    fn documents(&self) -> Vec<Document> {
        let corpus = read_corpus(&self.target()).unwrap();
        assert_eq!(corpus.issues, []);
        corpus.documents
    }
}

#[test]
fn corpora_land_as_plain_drafts() {
    let scene = Scene::new(&[(
        "corpus.jsonl",
        "{\"_id\": \"4983\", \"title\": \"A \\\"b\\\"\\nc\", \"text\": \"# One.\\n\\n- *Two*\\n+++\", \"metadata\": {}}\n\n\
         {\"_id\": \"../a/b\", \"title\": \"\", \"text\": \"Three.\"}\n\
         {\"_id\": \"t\", \"title\": \"Only title\", \"text\": \"\"}\n{\"_id\": \"e\", \"text\": \" \"}\n",
    )]);
    let options = ImportOptions { cut: Cut::Whole, licence: Some("CC".to_owned()), ..options() };
    let report = scene.import(SourceKind::Jsonl, &options).unwrap();
    let paths: Vec<&str> = report.written.iter().map(|w| w.path.as_str()).collect();
    assert_eq!(paths, ["4983.md", "%2E.%2Fa%2Fb.md", "t.md"]);
    assert_eq!(report.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [Some(5)]);
    let documents = scene.documents();
    let shown: Vec<_> =
        documents.iter().map(|d| (d.id.as_str(), d.title.as_str(), d.slice(&d.body))).collect();
    let expect = [
        ("../a/b", "../a/b", "Three."),
        ("4983", "A \"b\" c", "# One.\n\n- *Two*\n+++"),
        ("t", "Only title", "Only title"),
    ];
    assert_eq!(shown, expect);
    for document in &documents {
        assert_eq!(document.approval.status, Status::Draft);
        assert_eq!((document.format, document.cut), (Format::Plain, Cut::Whole));
        assert_eq!(document.source.licence, "CC");
    }
}

#[test]
fn labels_become_documents() {
    let scene = Scene::new(&[(
        "train.jsonl",
        "{\"text\": \"where is it?\", \"label\": \"CARD_ARRIVAL\"}\n{\"text\": \"hi\", \"label\": \"say hi\"}\n\
         {\"text\": \"Where is it?\", \"label\": \"CARD_ARRIVAL\"}\n{\"text\": \"my \\n card\", \"label\": \"CARD_ARRIVAL\"}\n",
    )]);
    let report = scene.import(SourceKind::Intents, &options()).unwrap();
    assert_eq!(report.notes.len(), 1);
    let documents = scene.documents();
    let ids: Vec<&str> = documents.iter().map(|d| d.id.as_str()).collect();
    assert_eq!(ids, ["CARD_ARRIVAL", "say_hi"]);
    assert_eq!(documents[0].title, "Card arrival");
    assert_eq!(documents[0].questions, ["where is it?", "my card"]);
    let body = documents[0].slice(&documents[0].body);
    assert_eq!(body, "where is it?\n\nWhere is it?\n\nmy card");
    assert_eq!(documents[0].blocks.len(), 3);
}

#[test]
fn malformed_sources_leave_nothing_behind() {
    #[track_caller]
    fn check(name: &str, bytes: &[u8], kind: SourceKind, expect: &str) {
        let scene = Scene::new(&[]);
        fs_err::write(scene.folder.path().join(name), bytes).unwrap();
        let error = scene.import(kind, &options()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert!(!scene.target().exists());
        assert_eq!(fs_err::read_dir(scene.folder.path()).unwrap().count(), 1);
    }
    let good = "{\"_id\": \"a\", \"text\": \"x\"}\n";
    let check_lines = |second: &str, expect: &str| {
        check("corpus.jsonl", format!("{good}{second}").as_bytes(), SourceKind::Jsonl, expect);
    };
    check_lines("{\"_id\": \"b\"}", "corpus.jsonl:2: not the JSON expected");
    check_lines("nonsense", "corpus.jsonl:2: not the JSON expected");
    check_lines("{\"_id\": \"b c\", \"text\": \"x\"}", "corpus.jsonl:2: the id cannot be used");
    check_lines(good, "corpus.jsonl:2: the id `a` stands in the source twice");
    check("corpus.jsonl", b"{\"_id\": \"\xff\"}", SourceKind::Jsonl, "corpus.jsonl:1: not UTF-8");
    check("corpus.jsonl", b"\n", SourceKind::Jsonl, "holds no line of JSON");
    check("train.jsonl", b"{\"text\": \"x\"}", SourceKind::Intents, "train.jsonl:1: not the JSON");
    check("other.txt", b"", SourceKind::Intents, "holds no train.jsonl");
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let scene = Scene::new(&[("corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n")]);
    scene.import(SourceKind::Jsonl, &options()).unwrap();
    let again = scene.import(SourceKind::Jsonl, &options());
    assert!(matches!(again, Err(ImportError::TargetExists { .. })));
    assert_eq!(scene.documents().len(), 1);
}

#[test]
fn file_names_are_safe_and_apart() {
    let name = |id: &str| draft::file_name(&DocumentId::new(id).unwrap());
    assert_eq!(name("a/B:é"), "a%2FB%3A%C3%A9.md");
    assert_eq!(name(".hidden"), "%2Ehidden.md");
    let (long, longer) = (name(&"é".repeat(120)), name(&format!("{}x", "é".repeat(120))));
    assert!(long.len() <= 203 && long != longer, "{long}");
}

#[cfg(feature = "cli")]
mod pages {
    use serde_json::{Value, json};

    use super::*;

    fn page() -> Value {
        json!({
            "base_path": "/government/publications/breast-screening/leaflet",
            "title": "Breast screening",
            "schema_name": "html_publication",
            "document_type": "html_publication",
            "locale": "en",
            "first_published_at": "2025-05-01T00:00:00Z",
            "public_updated_at": "2025-04-22T09:30:00+01:00",
            "updated_at": "2026-01-01T00:00:00Z",
            "withdrawn_notice": {},
            "details": {
                "body": "<div class=\"govspeak\"><h2>Who</h2>\n<p>Women.</p></div>",
                "national_applicability": {
                    "england": {"label": "England", "applicable": true},
                    "northern_ireland": {"label": "Northern Ireland", "applicable": true},
                    "wales": {"label": "Wales", "applicable": false, "alternative_url": ""}
                }
            },
            "links": {"organisations": [{"title": "NHS England"}]}
        })
    }

    fn import(pages: &[Value], options: &ImportOptions) -> (Scene, ImportReport) {
        let scene = Scene::new(&[]);
        for (n, page) in pages.iter().enumerate() {
            let path = scene.folder.path().join(format!("{n}.json"));
            fs_err::write(path, page.to_string()).unwrap();
        }
        let report = scene.import(SourceKind::Govuk, options).unwrap();
        (scene, report)
    }

    #[test]
    fn a_page_is_a_draft_with_its_date_nations_and_licence() {
        let (scene, report) = import(&[page()], &options());
        assert_eq!((report.written.len(), report.refused.len(), report.notes.len()), (1, 0, 0));
        let documents = scene.documents();
        let document = &documents[0];
        assert_eq!(document.id.as_str(), "government.publications.breast-screening.leaflet");
        assert_eq!(document.nations, [Nation::England, Nation::NorthernIreland]);
        assert_eq!(document.source.updated, "2025-04-22");
        assert_eq!(document.source.publisher, "GOV.UK (NHS England)");
        assert_eq!(
            document.source.licence,
            "Contains public sector information licensed under the Open Government Licence v3.0."
        );
        assert_eq!(
            document.source.address,
            "https://www.gov.uk/government/publications/breast-screening/leaflet"
        );
        assert_eq!(document.approval.status, Status::Draft);
        assert_eq!(document.slice(&document.body), "## Who\n\nWomen.");
    }

    #[test]
    fn withdrawn_pages_are_quarantined() {
        let mut own = page();
        own["withdrawn_notice"] = json!({"explanation": "old", "withdrawn_at": "2026-01-01"});
        let mut parent = page();
        parent["base_path"] = json!("/a/b");
        parent["links"]["parent"] = json!([{"withdrawn": true}]);
        let (scene, report) = import(&[own, parent], &options());
        assert_eq!(report.written, []);
        assert_eq!(report.quarantined.len(), 2);
        assert_eq!(scene.documents(), []);
        let text =
            fs_err::read_to_string(scene.target().join(&report.quarantined[1].path)).unwrap();
        assert!(report.quarantined[1].path.starts_with("quarantine/"));
        assert!(text.contains("status = \"withdrawn\""));
    }

    #[test]
    fn unwanted_pages_are_refused_with_a_reason() {
        let changed = |key: &str, value: Value| {
            let mut page = page();
            page[key] = value;
            page
        };
        let mut nowhere = page();
        nowhere["details"]["national_applicability"]["england"]["applicable"] = json!(false);
        nowhere["details"]["national_applicability"]["northern_ireland"]["applicable"] =
            json!(false);
        let mut empty = page();
        empty["details"]["body"] = json!("<div></div>");
        let pages = [
            changed("locale", json!("cy")),
            changed("schema_name", json!("news_article")),
            changed("base_path", json!("//nhs.com.in/government/publications/x")),
            changed("base_path", json!("https://nhs.com.in/government/publications/x")),
            changed("base_path", json!("/government/news/x")),
            nowhere,
            empty,
        ];
        let allowed = vec!["/government/publications/".to_owned()];
        let options = ImportOptions { allowed_paths: allowed, ..options() };
        let (_, report) = import(&pages, &options);
        assert_eq!(report.written, []);
        let parts =
            ["language", "schema", "not a path", "not a path", "allowed", "nation", "no text"];
        assert_eq!(report.refused.len(), parts.len());
        for (refused, part) in report.refused.iter().zip(parts) {
            assert!(refused.reason.contains(part), "{}", refused.reason);
        }
    }

    #[test]
    fn guides_are_a_document_a_part() {
        let mut guide = page();
        guide["schema_name"] = json!("guide");
        guide["details"] = json!({"parts": [
            {"title": "Overview", "slug": "overview", "body": "<p>One.</p>"},
            {"title": "Who", "slug": "who", "body": [{"content_type": "text/html", "content": "<p>Two.</p>"}]}
        ]});
        let (scene, report) = import(&[guide], &options());
        let titles: Vec<String> = scene.documents().into_iter().map(|d| d.title).collect();
        assert_eq!(titles, ["Breast screening: Overview", "Breast screening: Who"]);
        assert!(report.notes.iter().all(|note| note.message.contains("nations")));
        assert_eq!(scene.documents()[0].nations, [Nation::England]);
    }

    #[test]
    fn broken_json_is_named_with_its_line() {
        let scene = Scene::new(&[("a.json", "{\n\"title\": 1")]);
        let error = scene.import(SourceKind::Govuk, &options()).unwrap_err();
        assert!(matches!(error, ImportError::Json { line: 2, .. }), "{error}");
        let scene = Scene::new(&[]);
        let missing = import_missing(&scene.folder.path().join("none.json"), &scene.target());
        assert!(matches!(missing, Err(ImportError::Read { .. })));
    }

    fn import_missing(source: &Path, target: &Path) -> Result<ImportReport, ImportError> {
        super::super::import(SourceKind::Govuk, source, target, &options())
    }
}
