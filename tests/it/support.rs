//! What the tests share: corpora in temporary folders, one model, a calibrator of known shape.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use guidepost::calibrate::Artifact;
use guidepost::embed::{Embedder, Encoder, default_model};
use guidepost::engine::{Engine, Reply};
use guidepost::index::build::{BuildError, BuildOptions, Built, Quiet, Sources, build};
use guidepost::index::settings::Settings;
use guidepost::index::store::{Store, StoreError};
use guidepost::query::Query;
use jiff::civil::{Date, date};
use tempfile::TempDir;

/// The day on which tests ask, unless they say otherwise.
pub(crate) const TODAY: Date = date(2026, 6, 1);
/// The day on which the shipped corpus is asked: after its approvals, before its reviews.
pub(crate) const SHIPPED_TODAY: Date = date(2026, 12, 1);

/// The calibrator that is built in.
pub(crate) const SHIPPED_CALIBRATOR: &str = include_str!("../../models/calibrators/shipped.json");

/// Root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file or folder of the tests' own data.
pub(crate) fn data(name: &str) -> PathBuf {
    root().join("tests/data").join(name)
}

/// The corpus this repository ships.
pub(crate) fn shipped_corpus() -> PathBuf {
    root().join("corpus")
}

/// Whether the slow tier runs too.
pub(crate) fn slow() -> bool {
    std::env::var_os("RUN_SLOW_TESTS").is_some_and(|value| value == "1")
}

/// The built-in model, loaded once.
pub(crate) fn encoder() -> Arc<Encoder> {
    static ENCODER: OnceLock<Arc<Encoder>> = OnceLock::new();
    Arc::clone(ENCODER.get_or_init(|| Arc::new(default_model().unwrap())))
}

/// A document for a test, with sound defaults.
#[derive(Debug, Clone)]
pub(crate) struct Doc {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) programme: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) nations: &'static [&'static str],
    pub(crate) locality: Option<&'static str>,
    pub(crate) questions: Vec<String>,
    pub(crate) status: &'static str,
    pub(crate) role: &'static str,
    pub(crate) on: Date,
    pub(crate) review_due: Date,
    pub(crate) body: String,
}

impl Doc {
    /// Approved guidance of the programme `ear`, for England.
    pub(crate) fn new(id: &str, question: &str, body: &str) -> Doc {
        Doc {
            id: id.to_owned(),
            title: format!("About {id}"),
            programme: "ear",
            kind: "guidance",
            nations: &["england"],
            locality: None,
            questions: if question.is_empty() { Vec::new() } else { vec![question.to_owned()] },
            status: "approved",
            role: "example",
            on: date(2026, 1, 10),
            review_due: date(2027, 1, 10),
            body: body.to_owned(),
        }
    }

    /// The file.
    pub(crate) fn text(&self) -> String {
        let list = |items: &mut dyn Iterator<Item = &str>| {
            items.map(|i| format!("\"{i}\"")).collect::<Vec<_>>().join(", ")
        };
        let locality = self.locality.map(|l| format!("locality = \"{l}\"\n")).unwrap_or_default();
        let Doc { id, title, programme, kind, status, role, on, review_due, body, .. } = self;
        format!(
            "+++\nid = \"{id}\"\ntitle = \"{title}\"\nprogramme = \"{programme}\"\n\
             kind = \"{kind}\"\nnations = [{nations}]\n{locality}questions = [{questions}]\n\n\
             [source]\ntitle = \"Test texts\"\npublisher = \"Guidepost tests\"\n\
             address = \"https://example.org/{id}\"\nupdated = \"2026-01-05\"\n\
             licence = \"Own words\"\n\n[approval]\nstatus = \"{status}\"\n\
             by = \"Test approver (fictional)\"\nrole = \"{role}\"\non = {on}\n\
             review_due = {review_due}\nversion = \"1\"\n+++\n\n{body}\n",
            nations = list(&mut self.nations.iter().copied()),
            questions = list(&mut self.questions.iter().map(String::as_str)),
        )
    }
}

/// A corpus and an index of its own, gone when dropped.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// A corpus with the tests' fixed texts and rules, but no guidance.
    pub(crate) fn bare() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        for folder in ["routes", "safety"] {
            copy_tree(&data("corpus").join(folder), &place.corpus().join(folder));
        }
        let words = shipped_corpus().join("safety/words.toml");
        fs_err::copy(words, place.corpus().join("safety/words.toml")).unwrap();
        place
    }

    /// The tests' corpus.
    pub(crate) fn sample() -> Place {
        let place = Place::bare();
        copy_tree(&data("corpus"), &place.corpus());
        place
    }

    /// A bare corpus with some documents.
    pub(crate) fn with(docs: &[Doc]) -> Place {
        let place = Place::bare();
        for doc in docs {
            place.add(doc);
        }
        place
    }

    /// The folder of both.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The corpus, where the command line looks for it.
    pub(crate) fn corpus(&self) -> PathBuf {
        self.root().join("corpus")
    }

    /// The index, where the command line puts it.
    pub(crate) fn index(&self) -> PathBuf {
        self.root().join(".guidepost")
    }

    /// The index.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.index())
    }

    /// Writes a document to `<id>.md`.
    pub(crate) fn add(&self, doc: &Doc) {
        self.write(&format!("{}.md", doc.id), &doc.text());
    }

    /// Writes a file of the corpus.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.corpus().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    /// Replaces words of a file of the corpus, which must hold them.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs_err::read_to_string(self.corpus().join(name)).unwrap();
        assert!(text.contains(from), "{name} does not hold `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// Builds the corpus as it stands now.
    pub(crate) fn try_build(&self, options: BuildOptions) -> Result<Built, BuildError> {
        build_at(&self.store(), &self.corpus(), options)
    }

    /// Builds the corpus as it stands now, which must succeed.
    #[track_caller]
    pub(crate) fn build(&self) -> Built {
        self.try_build(BuildOptions::default()).unwrap()
    }

    /// Builds, then opens an engine with [`sharp`].
    #[track_caller]
    pub(crate) fn engine(&self) -> Engine {
        self.build();
        self.open()
    }

    /// Opens an engine with [`sharp`] over what is built.
    #[track_caller]
    pub(crate) fn open(&self) -> Engine {
        Engine::builder(self.index()).embedder(encoder()).calibrator(sharp()).open().unwrap()
    }
}

/// Builds a corpus into a store with the built-in model and default settings.
pub(crate) fn build_at(
    store: &Store,
    corpus: &Path,
    options: BuildOptions,
) -> Result<Built, BuildError> {
    let encoder = encoder();
    let embedder: Arc<dyn Embedder> = Arc::clone(&encoder) as Arc<dyn Embedder>;
    let count = |text: &str| encoder.count_tokens(text).unwrap();
    let sources = Sources::read(corpus)?;
    build(store, &sources, &embedder, &count, &Settings::default(), options, &Quiet)
}

/// A calibrator whose confidence is a steep step of the fused score: above .35 it is sure, below
/// it is not. The form is that of the shipped one, so that it follows its changes.
pub(crate) fn sharp() -> Artifact {
    Artifact::parse(&sharp_text()).unwrap()
}

/// [`sharp`] as a file.
pub(crate) fn sharp_text() -> String {
    let mut value: serde_json::Value = serde_json::from_str(SHIPPED_CALIBRATOR).unwrap();
    let features = guidepost::calibrate::FEATURES;
    let at = features.iter().position(|&f| f == "fused").unwrap();
    let list = |other: f64, fused: f64| {
        let mut list = vec![other; features.len()];
        list[at] = fused;
        list
    };
    for model in ["correct", "in_scope"] {
        value[model] = serde_json::json!({
            "kind": "logistic",
            "means": list(0.0, 0.35),
            "deviations": list(1.0, 1.0),
            "weights": list(0.0, 40.0),
            "intercept": 0.0,
        });
    }
    value["choice"] = serde_json::Value::Null;
    value["subject"] = serde_json::Value::Null;
    value["threshold"] = 0.5.into();
    value["features"] = features.to_vec().into();
    value["bound_to"]["evidence"] = guidepost::calibrate::evidence::EVIDENCE_VERSION.into();
    value["bound_to"]["embedder"] = encoder().fingerprint().to_string().into();
    value["bound_to"]["settings"] = Settings::default().fingerprint().to_string().into();
    value.to_string()
}

/// The index of the shipped corpus, built once and kept between runs of the tests: its name is a
/// hash of everything it is made from.
pub(crate) fn shipped_index() -> &'static Path {
    static INDEX: OnceLock<PathBuf> = OnceLock::new();
    INDEX.get_or_init(|| {
        let index = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shipped-index");
        let store = Store::new(&index);
        loop {
            match build_at(&store, &shipped_corpus(), BuildOptions::default()) {
                Ok(_) => return index,
                // Another run of the tests builds it.
                Err(BuildError::Store(StoreError::Locked { .. })) => {
                    std::thread::sleep(std::time::Duration::from_millis(200));
                }
                Err(error) => panic!("the shipped corpus does not build: {error}\n{error:?}"),
            }
        }
    })
}

/// An engine over the shipped corpus with its own calibrator.
pub(crate) fn shipped() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::builder(shipped_index()).embedder(encoder()).open().unwrap())
}

/// Asks on [`TODAY`], anywhere in England.
#[track_caller]
pub(crate) fn ask(engine: &Engine, text: &str) -> Reply {
    engine.reply(&Query::new(text, TODAY)).unwrap()
}

/// Decision and reason of a reply, such as `handover expired`.
pub(crate) fn decision(reply: &Reply) -> String {
    use guidepost::answer::Response;
    let reason = match &reply.response {
        Response::Clarify(c) => c.reason.code().to_owned(),
        Response::Handover(h) => h.reason.code().to_owned(),
        Response::Urgent(u) => u.reason.clone(),
        _ => String::new(),
    };
    format!("{} {reason}", reply.response.decision()).trim_end().to_owned()
}

/// A reply as the bytes a service would send, without timings.
pub(crate) fn bytes(reply: Reply) -> String {
    use guidepost::engine::wire::WireReply;
    serde_json::to_string(&WireReply::new(reply, false, true)).unwrap()
}

/// Copies a folder.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for name in names(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy_tree(&from, &to);
        } else {
            fs_err::copy(from, to).unwrap();
        }
    }
}

/// Names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file below a folder, sorted, relative to it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|below| Path::new(&name).join(below)));
        } else {
            found.push(PathBuf::from(name));
        }
    }
    found
}

/// Numbers that look random and are the same every time (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// Shuffles in place (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
