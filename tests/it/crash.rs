//! A kill at any instant leaves the index as it was, or as it was to become; never half of either.
//!
//! 1. `index build` killed (SIGKILL) at 50 random instants, and right after every file that a
//!    build brings into being: the snapshot that was current still opens, verifies and answers,
//!    so does whatever is current now; every snapshot listed is whole; debris is never listed.
//! 2. The next build succeeds and leaves no debris.
//! 3. `index rollback` and `index revoke` killed at random instants: what is current opens; every
//!    revocation that was acknowledged holds; the files still read.
//! 4. A line of `revocations.jsonl` or `published.jsonl` that a crash cut short, anywhere: readers
//!    pass over it, and the next line written does not suffer from it.
//! 5. Two writers at once: the second is told so and changes nothing.
//! 6. Programs that another thread starts meanwhile do not make a build fail.
//! 7. A leftover folder of an interrupted build, whole or not, is never served.

use guidepost::index::store::{Revocation, StoreError};
use jiff::Timestamp;

use crate::support::{Place, ask, decision, names};

fn revocation(document: &str, by: &str) -> Revocation {
    Revocation {
        document: document.parse().unwrap(),
        by: by.to_owned(),
        reason: "a test".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// Lengths at which a last line of `line` may be cut, all of them.
fn cuts(line: &str) -> impl Iterator<Item = &[u8]> {
    (0..line.len()).map(|length| &line.as_bytes()[..length])
}

#[test]
fn a_torn_revocation_is_passed_over_and_swallows_nothing() {
    let place = Place::sample();
    place.build();
    let store = place.store();
    // A name beyond ASCII, so that a cut may fall into the middle of a letter.
    store.lock().unwrap().revoke(&revocation("ear-what", "Zoë Ünal")).unwrap();
    let sound = fs_err::read(store.revocations_path()).unwrap();
    let next = serde_json::to_string(&revocation("ear-hurt", "Zoë Ünal")).unwrap();
    let mut wrong = Vec::new();
    for torn in cuts(&next) {
        fs_err::write(store.revocations_path(), [&sound, torn].concat()).unwrap();
        match store.revocations() {
            Ok(found) if found.len() == 1 => {}
            other => wrong.push(format!("{} bytes read as {other:?}", torn.len())),
        }
        store.lock().unwrap().revoke(&revocation("ear-bring", "Zoë Ünal")).unwrap();
        match store.revocations() {
            Ok(found) if found.contains_key("ear-what") && found.contains_key("ear-bring") => {}
            other => wrong.push(format!("{} bytes, then a revocation: {other:?}", torn.len())),
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), next.len(), wrong[0]);
}

#[test]
fn a_torn_record_of_publishing_does_not_stop_a_rollback() {
    let place = Place::sample();
    let first = place.build().id;
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    let second = place.build().id;
    let path = place.index().join("published.jsonl");
    let sound = fs_err::read_to_string(&path).unwrap();
    assert_eq!(sound.lines().count(), 2);
    for length in [1, 40, 90] {
        let torn = &sound.lines().next().unwrap()[..length];
        fs_err::write(&path, format!("{sound}{torn}")).unwrap();
        place.store().lock().unwrap().rollback(None).unwrap();
        assert_eq!(place.store().current().unwrap(), first);
        let found = place.store().lock().unwrap().rollback(Some(second));
        assert_eq!(found.unwrap(), second);
        let found = place.store().lock().unwrap().rollback(None);
        assert_eq!(found.unwrap(), first, "after {length} torn bytes were closed");
        place.store().lock().unwrap().rollback(Some(second)).unwrap();
    }
}

#[test]
fn a_snapshot_published_but_never_current_is_not_gone_back_to() {
    let place = Place::sample();
    let first = place.build().id;
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    let second = place.build().id;
    place.edit("ear/ear-what.md", "gentle tones", "quiet tones");
    place.build();
    // As after a crash between the record and the rename of CURRENT.
    fs_err::write(place.index().join("CURRENT"), format!("{second}\n")).unwrap();
    let back = place.store().lock().unwrap().rollback(None).unwrap();
    assert_eq!(back, first, "a rollback must not go forward");
}

#[test]
fn rollback_goes_back_and_again_forward() {
    let place = Place::sample();
    let first = place.build().id;
    let told = place.store().lock().unwrap().rollback(None).unwrap_err();
    assert!(matches!(told, StoreError::NothingEarlier { .. }), "{told}");
    let engine = place.open();
    place.edit("ear/ear-hurt.md", "does not hurt", "never hurts");
    let second = place.build().id;
    assert_eq!(place.store().lock().unwrap().rollback(None).unwrap(), first);
    engine.reload().unwrap();
    assert!(ask(&engine, "Does an ear check hurt?").response.text().contains("does not hurt"));
    assert_eq!(place.store().lock().unwrap().rollback(Some(second)).unwrap(), second);
    engine.reload().unwrap();
    assert!(ask(&engine, "Does an ear check hurt?").response.text().contains("never hurts"));
    // A snapshot that does not open is not gone back to, and the current one stays.
    fs_err::remove_file(place.store().folder(first).join("vectors.bin")).unwrap();
    assert!(place.store().lock().unwrap().rollback(Some(first)).is_err());
    assert_eq!(place.store().current().unwrap(), second);
}

#[test]
fn debris_is_never_served_and_goes_with_the_next_build() {
    let place = Place::sample();
    let id = place.build().id;
    let snapshots = place.index().join("snapshots");
    let whole = snapshots.join(".building-whole");
    crate::support::copy_tree(&place.store().folder(id), &whole);
    fs_err::create_dir_all(snapshots.join(".building-half/lexical")).unwrap();
    let listed = place.store().list().unwrap();
    assert_eq!(listed.iter().map(|l| l.id.clone()).collect::<Vec<_>>(), [id.to_string()]);
    for prefix in [".building", ".", ""] {
        let found = place.store().find(prefix).ok();
        assert!(found.is_none_or(|found| found == id), "{prefix}");
    }
    fs_err::write(place.index().join("CURRENT"), ".building-whole\n").unwrap();
    assert!(place.store().open_current().is_err());
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    let next = place.build().id;
    let mut expected = [id.to_string(), next.to_string()];
    expected.sort();
    assert_eq!(names(&snapshots), expected);
}

#[test]
fn a_second_writer_is_told_and_changes_nothing() {
    let place = Place::sample();
    let first = place.build().id;
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    let store = place.store();
    let writer = store.lock().unwrap();
    assert!(matches!(store.lock(), Err(StoreError::Locked { .. })));
    let error = place.try_build(guidepost::index::build::BuildOptions::default()).unwrap_err();
    assert!(error.to_string().contains("another process is writing"), "{error}");
    assert_eq!(store.current().unwrap(), first);
    // Readers need no lock.
    assert_eq!(decision(&ask(&place.open(), "Does an ear check hurt?")), "answer");
    drop(writer);
    assert_ne!(place.build().id, first);
}

#[cfg(feature = "cli")]
mod killed {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use guidepost::ids::Fingerprint;
    use guidepost::index::build::BuildOptions;
    use guidepost::index::snapshot::verify_files;

    use crate::support::{Dice, Doc, Place, ask, decision, names};

    fn guidepost(place: &Place, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guidepost"));
        command
            .args(arguments)
            .current_dir(place.root())
            .env_remove("GUIDEPOST_INDEX")
            .env_remove("GUIDEPOST_CORPUS")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn spawn(place: &Place, arguments: &[&str]) -> Child {
        guidepost(place, arguments).spawn().unwrap()
    }

    fn revoked(place: &Place) -> BTreeSet<String> {
        place.store().revocations().unwrap().keys().map(ToString::to_string).collect()
    }

    /// How long a command takes here and now.
    fn duration(place: &Place, arguments: &[&str]) -> Duration {
        let start = Instant::now();
        assert!(guidepost(place, arguments).status().unwrap().success());
        start.elapsed()
    }

    /// Changes the corpus, so that there is something to build.
    fn change(place: &Place, number: u64) {
        let body = format!("This text about ears has changed {number} times.");
        place.add(&Doc::new("changing", "how often did this change", &body));
    }

    /// Ends a process with SIGKILL, unless it has ended. Whether it was still running.
    fn kill(mut child: Child) -> bool {
        let running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        running
    }

    /// Everything that must hold after a kill. Whether the new snapshot was published.
    #[track_caller]
    fn assert_whole(place: &Place, old: Fingerprint) -> bool {
        let store = place.store();
        let snapshot = store.open(old).unwrap();
        verify_files(&store.folder(old), &snapshot.manifest().files).unwrap();
        let current = store.open_current().unwrap();
        for listed in store.list().unwrap() {
            assert!(!listed.id.contains("building"), "{}", listed.id);
            store.open(listed.id.parse().unwrap()).unwrap();
        }
        assert_eq!(decision(&ask(&place.open(), "Does an ear check hurt?")), "answer");
        current.id() != old
    }

    /// The next build succeeds, cleans up, and is what is served from then on.
    #[track_caller]
    fn assert_mends(place: &Place) -> Fingerprint {
        let built = place.build();
        assert_eq!(place.store().open_current().unwrap().id(), built.id);
        let left = names(&place.index().join("snapshots"));
        assert!(left.iter().all(|name| name.len() == 64), "{left:?}");
        let beside = names(&place.index());
        assert!(beside.iter().all(|name| !name.starts_with('.')), "{beside:?}");
        // Old snapshots would slow the test down.
        for name in left.iter().filter(|name| **name != built.id.to_string()) {
            fs_err::remove_dir_all(place.index().join("snapshots").join(name)).unwrap();
        }
        built.id
    }

    #[test]
    fn a_build_killed_at_random_instants() {
        let place = Place::sample();
        place.build();
        let build = ["index", "build"];
        change(&place, 1000);
        let warm = duration(&place, &build);
        fs_err::remove_file(place.store().cache_path()).unwrap();
        change(&place, 1001);
        let cold = duration(&place, &build);
        let mut old = assert_mends(&place);
        let mut dice = Dice(11);
        let (mut killed, mut published) = (0, 0);
        for number in 0..50 {
            change(&place, number);
            // Every other build embeds all texts anew and writes a cache.
            let is_cold = number % 2 == 0;
            if is_cold {
                fs_err::remove_file(place.store().cache_path()).unwrap();
            }
            let whole = if is_cold { cold } else { warm };
            let child = spawn(&place, &build);
            std::thread::sleep(Duration::from_micros(dice.below(whole.as_micros() as u64 + 1)));
            killed += usize::from(kill(child));
            published += usize::from(assert_whole(&place, old));
            old = assert_mends(&place);
        }
        eprintln!(
            "50 kills within {cold:?} and {warm:?}: {killed} while running, {published} after publishing"
        );
        assert!(killed >= 25, "only {killed} of 50 builds were killed while they ran");
    }

    /// Whether a build has come as far as a stage.
    type Reached = fn(&Path) -> bool;

    fn building(index: &Path, file: &str) -> bool {
        let snapshots = index.join("snapshots");
        std::fs::read_dir(&snapshots).is_ok_and(|entries| {
            entries.flatten().any(|e| {
                e.file_name().to_string_lossy().starts_with(".building")
                    && e.path().join(file).exists()
            })
        })
    }

    fn lines_of(path: &Path) -> usize {
        std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
    }

    #[test]
    fn a_build_killed_right_after_each_of_its_steps() {
        let place = Place::sample();
        let mut old = place.build().id;
        let stages: [(&str, Reached); 8] = [
            ("the folder", |index| building(index, "")),
            ("the postings", |index| building(index, "lexical/meta.json")),
            ("the vectors", |index| building(index, "vectors.bin")),
            ("the passages", |index| building(index, "passages.bin")),
            ("the manifest", |index| building(index, "manifest.json")),
            ("the rename", |index| {
                names(&index.join("snapshots")).iter().filter(|n| n.len() == 64).count() > 1
            }),
            ("the record", |index| lines_of(&index.join("published.jsonl")) > 1),
            ("what is current", |index| {
                let read = |name| std::fs::read_to_string(index.join(name)).unwrap_or_default();
                let current = read("CURRENT");
                !current.is_empty()
                    && !read("published.jsonl")
                        .lines()
                        .next()
                        .is_some_and(|old| old.contains(current.trim_end()))
            }),
        ];
        let mut dice = Dice(12);
        let mut seen = Vec::new();
        for number in 0..40 {
            let (name, reached) = stages[number as usize % stages.len()];
            change(&place, number);
            let first_line = format!("{{\"id\":\"{old}\",\"at\":\"2026-01-01T00:00:00Z\"}}\n");
            fs_err::write(place.index().join("published.jsonl"), first_line).unwrap();
            let mut child = spawn(&place, &["index", "build"]);
            let start = Instant::now();
            while !reached(&place.index())
                && child.try_wait().unwrap().is_none()
                && start.elapsed() < Duration::from_mins(1)
            {
                std::thread::yield_now();
            }
            // Mostly at once: the next step is often less than a millisecond away.
            if dice.below(3) == 0 {
                std::thread::sleep(Duration::from_micros(dice.below(1500)));
            }
            let running = kill(child);
            let published = assert_whole(&place, old);
            seen.push(format!("{name}: running {running}, published {published}"));
            old = assert_mends(&place);
        }
        let caught = seen.iter().filter(|s| s.contains("running true")).count();
        eprintln!("{caught} of 40 builds were killed in their tracks");
        assert!(caught >= 20, "{seen:#?}");
    }

    #[test]
    fn programs_started_meanwhile_do_not_disturb_a_build() {
        // A program that is being started holds every lock file of this process for an instant.
        let place = Place::sample();
        place.build();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::SeqCst) {
                        guidepost(&place, &["--version"]).status().unwrap();
                    }
                });
            }
            let mut failures = Vec::new();
            for number in 0..30 {
                change(&place, number);
                if let Err(error) = place.try_build(BuildOptions::default()) {
                    failures.push(format!("{error:?}"));
                }
            }
            stop.store(true, Ordering::SeqCst);
            assert_eq!(failures, [""; 0], "{} of 30 builds failed", failures.len());
        });
    }

    #[test]
    fn a_rollback_killed_at_random_instants() {
        let place = Place::sample();
        let first = place.build().id;
        change(&place, 1);
        let second = place.build().id;
        let whole = duration(&place, &["index", "rollback"]);
        let mut dice = Dice(13);
        for _ in 0..16 {
            let child = spawn(&place, &["index", "rollback"]);
            std::thread::sleep(Duration::from_micros(dice.below(whole.as_micros() as u64 + 1)));
            kill(child);
            let current = place.store().open_current().unwrap().id();
            assert!([first, second].contains(&current));
        }
        place.store().lock().unwrap().rollback(Some(first)).unwrap();
        assert_eq!(place.store().lock().unwrap().rollback(None).unwrap(), second);
    }

    #[test]
    fn a_revocation_killed_at_random_instants() {
        let place = Place::sample();
        place.build();
        let documents = ["ear-what", "ear-hurt", "ear-bring", "ear-results", "tooth-what"];
        let revoke = |document| ["index", "revoke", document, "--by", "Zoë", "--reason", "a test"];
        let whole = duration(&place, &revoke("tooth-eat"));
        let mut dice = Dice(14);
        for number in 0..20 {
            let mut child = spawn(&place, &revoke(documents[number % documents.len()]));
            std::thread::sleep(Duration::from_micros(dice.below(whole.as_micros() as u64 + 1)));
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(revoked(&place).contains("tooth-eat"), "an acknowledged one is gone");
            place.open();
        }
        for document in documents {
            assert!(guidepost(&place, &revoke(document)).status().unwrap().success());
            assert!(revoked(&place).contains(document));
        }
    }
}
