//! Damage is refused at the door, with a message that says where it is.
//!
//! 1. One flipped byte in any file of a snapshot: it does not open, and the error names the file.
//!    In the manifest: every single byte.
//! 2. A truncated or missing file: the same.
//! 3. A manifest of a newer format, with keys of the future: an error with a hint.
//! 4. A snapshot under another's name does not open.
//! 5. Another embedder, other settings for the calibrator, a damaged calibrator: errors.
//! 6. A `CURRENT` that is damaged or names nothing: an error, never an empty index.
//! 7. Whatever a damaged snapshot broke, a build mends.
//! 8. While a reload fails, the engine goes on serving what it served.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guidepost::calibrate::Artifact;
use guidepost::embed::{EmbedError, Embedder, Matrix};
use guidepost::engine::Engine;
use guidepost::error::{Error, ErrorKind};
use guidepost::ids::Fingerprint;
use guidepost::index::settings::Settings;
use guidepost::index::snapshot::{MANIFEST_FILE, Snapshot};

use crate::support::{Place, ask, copy_tree, decision, encoder, files, sharp_text};

/// An error with everything behind it.
fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn built() -> (Place, PathBuf) {
    let place = Place::sample();
    let id = place.build().id;
    let folder = place.store().folder(id);
    (place, folder)
}

/// Opens a copy of a snapshot after `damage` was done to one of its files.
fn opened(folder: &Path, file: &Path, damage: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
    let path = folder.join(file);
    let sound = fs_err::read(&path).unwrap();
    let mut bytes = sound.clone();
    damage(&mut bytes);
    fs_err::write(&path, &bytes).unwrap();
    let found = Snapshot::open(folder).map(|_| ()).map_err(|error| full(&error));
    fs_err::write(&path, sound).unwrap();
    found
}

fn is_lock(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "lock")
}

#[test]
fn one_flipped_byte_in_any_file_is_refused_and_named() {
    let (_place, folder) = built();
    let all = files(&folder);
    assert!(all.len() >= 8, "{all:?}");
    for file in all.iter().filter(|f| !is_lock(f) && f.as_path() != Path::new(MANIFEST_FILE)) {
        let length = fs_err::metadata(folder.join(file)).unwrap().len() as usize;
        assert!(length > 0, "{} is empty", file.display());
        for at in [0, length / 3, length / 2, length - 1] {
            let found = opened(&folder, file, |bytes| bytes[at] ^= 1);
            let error = found.expect_err(&format!("{} byte {at}", file.display()));
            assert!(error.contains(file.to_str().unwrap()), "{}: {error}", file.display());
        }
    }
    Snapshot::open(&folder).unwrap();
}

#[test]
fn every_byte_of_the_manifest_counts() {
    let (_place, folder) = built();
    let manifest = Path::new(MANIFEST_FILE);
    let text = fs_err::read_to_string(folder.join(manifest)).unwrap();
    let mut unnoticed = Vec::new();
    for at in 0..text.len() {
        // Letters to letters and digits to digits, so that it stays the JSON it was.
        let flip = |bytes: &mut Vec<u8>| match bytes[at] {
            b'9' | b'z' | b'f' => bytes[at] -= 1,
            _ => bytes[at] ^= 1,
        };
        if opened(&folder, manifest, flip).is_ok() {
            let line = text[..at].lines().count().max(1) - 1;
            unnoticed.push(text.lines().nth(line).unwrap_or_default().trim().to_owned());
        }
    }
    unnoticed.dedup();
    assert_eq!(unnoticed, [""; 0], "lines of the manifest that may be changed unnoticed");
}

#[test]
fn truncated_and_missing_files_are_refused_and_named() {
    let (place, folder) = built();
    for file in files(&folder).iter().filter(|f| !is_lock(f)) {
        for left in [0, 1, usize::MAX] {
            let found = opened(&folder, file, |bytes| {
                // Two bytes at least: a manifest may do without its last line end.
                let most = bytes.len() - 2;
                bytes.truncate(left.min(most));
            });
            let error = found.expect_err(&format!("{} with {left} bytes", file.display()));
            assert!(error.contains(file.to_str().unwrap()), "{}: {error}", file.display());
        }
        let copy = place.root().join("copy");
        copy_tree(&folder, &copy);
        fs_err::remove_file(copy.join(file)).unwrap();
        let error = full(&Snapshot::open(&copy).unwrap_err());
        assert!(error.contains(file.to_str().unwrap()), "{}: {error}", file.display());
        fs_err::remove_dir_all(copy).unwrap();
    }
}

#[test]
fn a_newer_format_is_refused_with_a_hint() {
    let (place, folder) = built();
    let path = folder.join(MANIFEST_FILE);
    let text = fs_err::read_to_string(&path).unwrap();
    let newer = text.replacen("\"format\": 2", "\"format\": 99,\n  \"flux\": {\"x\": [1]}", 1);
    assert_ne!(text, newer);
    fs_err::write(&path, newer).unwrap();
    let Err(error) = Engine::builder(place.index()).embedder(encoder()).open() else {
        panic!("a snapshot of the future opened")
    };
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    let told = full(&error);
    assert!(told.contains("format 99") && told.contains("guidepost index build"), "{told}");
}

#[test]
fn a_snapshot_under_anothers_name_does_not_open() {
    let (place, folder) = built();
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    let other = place.build().id;
    fs_err::remove_dir_all(place.store().folder(other)).unwrap();
    copy_tree(&folder, &place.store().folder(other));
    let opened = place.store().open(other);
    assert!(opened.is_err(), "{} opened as {other}", opened.unwrap().id());
}

/// An embedder of somebody else's: all texts are alike to it.
struct Blind;

impl Embedder for Blind {
    fn name(&self) -> &'static str {
        "blind"
    }
    fn dimension(&self) -> usize {
        384
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"blind")
    }
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        Ok(Matrix::ones((texts.len(), 384)))
    }
}

#[test]
fn another_embedder_is_an_error() {
    let (place, _) = built();
    let error = Engine::builder(place.index()).embedder(Arc::new(Blind)).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert!(matches!(error, Error::OtherEmbedder { .. }));
    let told = error.to_string();
    assert!(told.contains("blind") && told.contains("build it again"), "{told}");
}

#[test]
fn a_calibrator_that_does_not_fit_is_an_error() {
    let (place, _) = built();
    let refused = |artifact: &str| -> String {
        match Artifact::parse(artifact).map_err(Error::from).and_then(|artifact| {
            Engine::builder(place.index()).embedder(encoder()).calibrator(artifact).open()
        }) {
            Ok(_) => panic!("accepted"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Incompatible);
                error.to_string()
            }
        }
    };
    let sound: serde_json::Value = serde_json::from_str(&sharp_text()).unwrap();
    let with = |pointer: &str, value: serde_json::Value| {
        let mut changed = sound.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let other = Fingerprint::of(b"other").to_string();
    let told = refused(&with("/bound_to/embedder", other.clone().into()));
    assert!(told.contains("model") && told.contains("guidepost calibrate"), "{told}");
    let told = refused(&with("/bound_to/settings", other.into()));
    assert!(told.contains("settings"), "{told}");
    refused(&with("/threshold", 1.5.into()));
    refused(&with("/version", 99.into()));
    refused(&with("/features", Vec::<String>::new().into()));
    refused(&with("/correct/weights", vec![1.0].into()));
    refused(&with("/correct/deviations/0", 0.0.into()));
    refused("{");
    // One that stands in the index itself is not passed over either.
    let own = place.store().calibrations();
    fs_err::create_dir_all(&own).unwrap();
    fs_err::write(own.join("current.json"), "{").unwrap();
    assert!(Engine::builder(place.index()).embedder(encoder()).open().is_err());
}

#[test]
fn other_settings_leave_the_shipped_calibrator_out_and_nothing_is_answered() {
    let (place, _) = built();
    let mut settings = Settings::default();
    settings.fusion.dense_weight = 0.123;
    let engine =
        Engine::builder(place.index()).embedder(encoder()).settings(settings).open().unwrap();
    assert_eq!(decision(&ask(&engine, "does an ear check hurt?")), "handover uncalibrated");
}

#[test]
fn a_damaged_current_is_an_error() {
    let (place, folder) = built();
    let current = place.index().join("CURRENT");
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let elsewhere = Fingerprint::of(b"elsewhere").to_string();
    for text in ["", "\n", "nonsense\n", &id[..40], "../../etc\n", &elsewhere] {
        fs_err::write(&current, text).unwrap();
        let Err(error) = Engine::builder(place.index()).embedder(encoder()).open() else {
            panic!("CURRENT of `{text}` opened")
        };
        let told = full(&error);
        assert!(told.contains("CURRENT") || told.contains(&elsewhere), "`{text}`: {told}");
    }
    fs_err::remove_file(&current).unwrap();
    let error = Engine::builder(place.index()).embedder(encoder()).open().unwrap_err();
    assert!(error.to_string().contains("guidepost index build"), "{error}");
    assert_eq!(place.build().id.to_string(), id, "a build makes it current again");
    place.open();
}

#[test]
fn a_build_mends_a_damaged_snapshot() {
    let (place, folder) = built();
    let before = crate::support::bytes(ask(&place.open(), "does an ear check hurt?"));
    let path = folder.join("vectors.bin");
    let mut bytes = fs_err::read(&path).unwrap();
    bytes[100] ^= 1;
    fs_err::write(&path, bytes).unwrap();
    assert!(place.store().open_current().is_err());
    let again = place.build();
    assert!(!again.reused);
    assert_eq!(crate::support::bytes(ask(&place.open(), "does an ear check hurt?")), before);
    let left = crate::support::names(&place.index().join("snapshots"));
    assert_eq!(left, [again.id.to_string()], "nothing is left beside it");
}

#[test]
fn a_failed_reload_leaves_the_engine_as_it_was() {
    let (place, folder) = built();
    let engine = place.open();
    let before = crate::support::bytes(ask(&engine, "does an ear check hurt?"));
    let copy = place.root().join("copy");
    copy_tree(&folder, &copy);
    fs_err::remove_file(folder.join(MANIFEST_FILE)).unwrap();
    assert!(engine.reload().is_err());
    assert_eq!(crate::support::bytes(ask(&engine, "does an ear check hurt?")), before);
    fs_err::copy(copy.join(MANIFEST_FILE), folder.join(MANIFEST_FILE)).unwrap();
    engine.reload().unwrap();
}

#[test]
fn an_index_that_is_not_there_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = Engine::builder(folder.path().join("none")).embedder(encoder()).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(full(&error).contains("guidepost index build"), "{error}");
    assert!(!folder.path().join("none").exists(), "reading makes no folder");
}
