//! What is typed, what is printed where, and how it ends.
//!
//! Transcripts are kept beside this file in `snapshots/`: arguments, exit code, stdout, stderr, with
//! ids, timings, folders and measured numbers redacted (numbers are the business of `explanation`).
//! `INSTA_UPDATE=always cargo test` rewrites them; read the difference.
//!
//! 1. Every command with sound input, its exit code, and what it says.
//! 2. Every command with bad input: exit code 2 (or 3, 4), stdout empty, stderr says where and what.
//! 3. Data goes to stdout and parses; talk goes to stderr.
//! 4. A reader that goes away is a success.
//! 5. `run`: TREC columns, strictly decreasing scores, ranks from 1, at most `depth` documents each
//!    once, the same bytes every time, topics in the order of the file.
//! 6. `ask --json`, `ask --batch` and `chat --json` give the bytes the library gives.
//! 7. `--log` keeps one line a turn that nobody else may read, and `replay` says what differs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use guidepost::eval::fit::query_of;
use guidepost::eval::topic::read_topics;

use crate::support::{Doc, Place, TODAY, bytes, data, sharp_text};

const NOW: [&str; 2] = ["--now", "2026-06-01"];

/// A place for commands that change nothing: sample corpus, built index, sharp calibrator, topics.
fn shared() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(prepared)
}

fn prepared() -> Place {
    let place = Place::sample();
    place.build();
    fs_err::write(place.root().join("sharp.json"), sharp_text()).unwrap();
    fs_err::copy(data("topics.jsonl"), place.root().join("topics.jsonl")).unwrap();
    place
}

fn command(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guidepost"));
    command.args(arguments).current_dir(place).env("NO_COLOR", "1").stdin(Stdio::null());
    for name in ["GUIDEPOST_INDEX", "GUIDEPOST_CORPUS", "GUIDEPOST_MODELS"] {
        command.env_remove(name);
    }
    command
}

fn run(place: &Place, arguments: &[&str]) -> Output {
    command(place.root(), arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

/// A transcript as it is kept.
fn transcript(place: &Place, arguments: &[&str], output: &Output) -> String {
    let typed: Vec<String> = arguments
        .iter()
        .map(|a| if a.is_empty() || a.contains(' ') { format!("'{a}'") } else { (*a).to_owned() })
        .collect();
    let folder = place.root().display().to_string();
    let mut kept =
        format!("$ guidepost {}\nexit code {}\n", typed.join(" "), output.status.code().unwrap());
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let said = text(bytes).replace(&folder, "[folder]");
        if said.is_empty() {
            let _ = writeln!(kept, "--- {name} is empty");
        } else {
            let _ = write!(kept, "--- {name}\n{said}");
        }
    }
    kept
}

fn redacted(act: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[id]");
    settings.add_filter(r#""(\w+_us)": \d+"#, r#""$1": "[time]""#);
    settings.add_filter(r"-?\b\d+\.\d+(e-?\d+)?\b", "[number]");
    settings.add_filter(r"\b(weight|share|k1) [\d.]+", "$1 [number]");
    settings.add_filter(r"\b\d+ bytes, \d+ a passage", "[size]");
    settings.bind(act);
}

/// Runs a command and compares its transcript.
#[track_caller]
fn check(name: &str, place: &Place, arguments: &[&str]) {
    let output = run(place, arguments);
    let kept = transcript(place, arguments, &output);
    redacted(|| insta::assert_snapshot!(name, kept));
}

/// `ask` with the sharp calibrator on the fixed day.
fn asking<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["ask"], arguments, &NOW, &["--calibrator", "sharp.json"]].concat()
}

#[test]
fn ask_decides_and_says_so() {
    let cases: [(&str, &[&str]); 9] = [
        ("ask-answer", &["Does an ear check hurt?"]),
        ("ask-keep-group", &["can I go with a sore ear"]),
        ("ask-list", &["What should I bring to my ear check?"]),
        ("ask-out-of-scope", &["who won the football"]),
        ("ask-urgent", &["my mum collapsed in the clinic"]),
        ("ask-route", &["I want to complain about the nurse"]),
        ("ask-clarify", &["?!"]),
        ("ask-draft", &["Can I have a tooth check with braces?"]),
        ("ask-other-programme", &["What is a tooth check?", "--programme", "ear"]),
    ];
    for (name, arguments) in cases {
        check(name, shared(), &asking(arguments));
    }
}

#[test]
fn ask_hears_where_and_when() {
    let late =
        ["ask", "Does an ear check hurt?", "--now", "2031-01-01", "--calibrator", "sharp.json"];
    check("ask-expired", shared(), &late);
    let cases: [(&str, &[&str]); 3] = [
        ("ask-wales", &["how often is the ear check", "--nation", "wales"]),
        (
            "ask-local",
            &["When do I get my ear check results? letter late", "--locality", "millbrook"],
        ),
        ("ask-parking", &["Where can I park at Millbrook?", "--locality", "millbrook"]),
    ];
    for (name, arguments) in cases {
        check(name, shared(), &asking(arguments));
    }
}

#[test]
fn ask_explains_and_speaks_json() {
    check("ask-explain", shared(), &asking(&["Does an ear check hurt?", "--explain"]));
    check("ask-explain-fixed", shared(), &asking(&["my mum collapsed", "--explain"]));
    check("ask-json", shared(), &asking(&["Does an ear check hurt?", "--json"]));
    check("ask-json-handover", shared(), &asking(&["who won the football", "--json"]));
}

#[test]
fn ask_json_carries_what_was_promised() {
    let output = run(shared(), &asking(&["Does an ear check hurt?", "--json"]));
    let reply: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    for key in [
        "decision",
        "standing",
        "text",
        "citations",
        "confidence",
        "reason",
        "document",
        "timings",
        "snapshot",
    ] {
        assert!(reply.get(key).is_some(), "`{key}` is missing");
    }
    let citation = &reply["citations"][0];
    for key in [
        "quote",
        "document",
        "version",
        "section",
        "start",
        "end",
        "source",
        "approved_on",
        "licence",
    ] {
        assert!(citation.get(key).is_some(), "citation: `{key}` is missing");
    }
    let at = |key: &str| citation[key].as_u64().unwrap() as usize;
    let path = shared().corpus().join(citation["path"].as_str().unwrap());
    let file = fs_err::read(path).unwrap();
    assert_eq!(&file[at("start")..at("end")], citation["quote"].as_str().unwrap().as_bytes());
}

#[test]
fn batches_and_chats_give_the_bytes_of_the_library() {
    let place = shared();
    let engine = place.open();
    let topics = read_topics(&data("topics.jsonl")).unwrap();
    let arguments = asking(&["--batch", "topics.jsonl", "--out", "-", "--explain"]);
    let output = run(place, &arguments);
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), topics.len());
    for (topic, line) in topics.iter().zip(&lines) {
        let expected = bytes(engine.reply(&query_of(topic, TODAY)).unwrap());
        assert_eq!(*line, format!("{{\"_id\":\"{}\",{}", topic.id, &expected[1..]));
    }
    // Into a file, the same bytes.
    let arguments = asking(&["--batch", "topics.jsonl", "--out", "replies.jsonl", "--explain"]);
    let again = run(place, &arguments);
    assert!(again.status.success() && again.stdout.is_empty());
    assert_eq!(fs_err::read(place.root().join("replies.jsonl")).unwrap(), output.stdout);
    let mut child = command(
        place.root(),
        &[&["chat", "--json"], &NOW[..], &["--calibrator", "sharp.json"]].concat(),
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for topic in &topics {
        writeln!(stdin, "{}\n", topic.text).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said: Vec<serde_json::Value> =
        stdout(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(said.len(), topics.len(), "blank lines are no messages");
    for (line, said) in lines.iter().zip(&said) {
        let batch: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&batch["decision"], &batch["text"]), (&said["decision"], &said["text"]));
    }
}

#[test]
fn chat_answers_line_by_line() {
    let arguments = ["chat", "--now", "2026-06-01", "--calibrator", "sharp.json"];
    let mut child = command(shared().root(), &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Does an ear check hurt?\n\nmy mum collapsed\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let kept = transcript(shared(), &arguments, &output);
    redacted(|| insta::assert_snapshot!("chat", kept));
}

#[test]
fn search_and_explain() {
    check("search", shared(), &["search", "results by post", "--depth", "3"]);
    check("search-json", shared(), &["search", "results by post", "--depth", "1", "--json"]);
    check("explain", shared(), &["explain", "results by post", "ear-results#0"]);
    check("explain-json", shared(), &["explain", "post", "tooth-results#0", "--json"]);
}

#[test]
fn explain_tells_in_plain_words_how_a_message_is_decided() {
    let explain = |name: &str, message: &str| {
        let fixed = ["--text", "--calibrator", "sharp.json"];
        check(name, shared(), &[&["explain", message], &fixed[..], &NOW].concat());
    };
    explain("explain-text", "Does an ear chek hurt? And can I bring my zebra, ring 07700 900123");
    explain("explain-text-urgent", "hi, my mum collapsed, nhs number 943 476 5919");
}

#[test]
fn what_is_logged_can_be_asked_again() {
    let place = prepared();
    let log = place.root().join("log.jsonl");
    let with = |arguments: &[&'static str]| {
        let fixed = ["--log", "log.jsonl", "--calibrator", "sharp.json"];
        [arguments, &fixed, &NOW].concat()
    };
    let identified = "Does an ear check hurt? My nhs number is 943 476 5919";
    assert_eq!(run(&place, &with(&["ask", identified])).status.code(), Some(0));
    run(&place, &with(&["ask", "--batch", "topics.jsonl", "--out", "replies.jsonl"]));
    let mut chat = command(place.root(), &with(&["chat"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    chat.stdin.take().unwrap().write_all(b"results\n2\n").unwrap();
    assert!(chat.wait().unwrap().success());
    let logged = fs_err::read_to_string(&log).unwrap();
    assert_eq!(logged.lines().count(), 1 + 12 + 2);
    assert!(!logged.contains("943"), "{logged}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs_err::metadata(&log).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let replay = ["replay", "log.jsonl", "--calibrator", "sharp.json"];
    check("replay-same", &place, &replay);
    run(&place, &["index", "revoke", "ear-hurt", "--by", "Zoë", "--reason", "a test"]);
    let revocations = place.store().revocations_path();
    let revoked = fs_err::read_to_string(&revocations).unwrap();
    let at = revoked.split("\"at\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    fs_err::write(&revocations, revoked.replace(&at, "2026-06-01T00:00:00Z")).unwrap();
    check("replay-revoked", &place, &replay);
    fs_err::write(&log, format!("{logged}{{\"version\":1}}\n")).unwrap();
    check("replay-damaged", &place, &replay);
    fs_err::write(&log, logged.replacen("\"version\":1", "\"version\":9", 1)).unwrap();
    check("replay-version", &place, &replay);
    check("replay-missing", &place, &["replay", "nowhere.jsonl"]);
}

#[test]
fn runs_are_trec_runs_that_no_tool_can_reorder() {
    let place = shared();
    let arguments =
        ["run", "--topics", "topics.jsonl", "--out", "-", "--depth", "5", "--tag", "t1"];
    let output = run(place, &arguments);
    let run_text = stdout(&output);
    let topics = read_topics(&data("topics.jsonl")).unwrap();
    let mut order: Vec<&str> = Vec::new();
    let mut last: Option<(&str, f64)> = None;
    let mut seen: Vec<&str> = Vec::new();
    for line in run_text.lines() {
        let columns: Vec<&str> = line.split(' ').collect();
        let [topic, q0, document, rank, score, tag] = columns[..] else { panic!("{line}") };
        let score: f64 = score.parse().unwrap();
        assert_eq!((q0, tag), ("Q0", "t1"));
        assert!(score.is_finite());
        if last.is_none_or(|(before, _)| before != topic) {
            order.push(topic);
            seen.clear();
        } else if let Some((_, before)) = last {
            assert!(score < before, "{line}: not below {before}");
            assert!(score as f32 <= before as f32);
        }
        assert!(!seen.contains(&document), "{line}: twice");
        seen.push(document);
        assert_eq!(rank, seen.len().to_string());
        assert!(seen.len() <= 5);
        last = Some((topic, score));
    }
    let ids: Vec<&str> = topics.iter().map(|t| t.id.as_str()).collect();
    let ranked: Vec<&str> = ids.into_iter().filter(|id| order.contains(id)).collect();
    assert_eq!(order, ranked, "topics stand in the order of the file");
    // The corpus has 13 documents that can be retrieved; depth counts documents, not passages.
    let deep = run(place, &["run", "--topics", "topics.jsonl", "--out", "-", "--depth", "1000"]);
    let of_first = stdout(&deep).lines().filter(|line| line.starts_with("t01 ")).count();
    assert_eq!(of_first, 13);
    let again = run(place, &arguments);
    assert_eq!(again.stdout, output.stdout);
    fs_err::write(
        place.root().join("qrels.tsv"),
        "query-id\tcorpus-id\tscore\nt02\ttooth-what\t1\n",
    )
    .unwrap();
    let judged = run(place, &[&arguments[..], &["--qrels", "qrels.tsv"]].concat());
    let rows: Vec<&str> = stdout(&judged).lines().collect();
    assert!(rows.len() == 5 && rows.iter().all(|row| row.starts_with("t02 ")), "{rows:?}");
}

#[test]
fn an_index_is_built_shown_and_rolled_back() {
    let place = Place::sample();
    check("index-none", &place, &["index", "info"]);
    check("index-list-none", &place, &["index", "list"]);
    check("index-build", &place, &["index", "build"]);
    check("index-build-again", &place, &["index", "build"]);
    check("index-build-json", &place, &["index", "build", "--json"]);
    check("index-info", &place, &["index", "info"]);
    check("index-verify", &place, &["index", "verify"]);
    check("index-rollback-none", &place, &["index", "rollback"]);
    place.edit("ear/ear-what.md", "soft tones", "gentle tones");
    check("index-build-one-file", &place, &["index", "build"]);
    check("index-rollback", &place, &["index", "rollback"]);
    check("index-rollback-unknown", &place, &["index", "rollback", "--to", "ffffffffffff"]);
    check("index-revoke", &place, &["index", "revoke", "ear-hurt", "--by", "A", "--reason", "b"]);
    check("index-revoke-unknown", &place, &["index", "revoke", "no", "--by", "A", "--reason", "b"]);
    check("index-info-revoked", &place, &["index", "info"]);
    let listed = run(&place, &["index", "list", "--json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(stdout(&listed)).unwrap();
    let current: Vec<bool> = rows.iter().map(|row| row["current"] == true).collect();
    assert_eq!((rows.len(), current.iter().filter(|c| **c).count()), (2, 1));
    let id = place.store().current().unwrap();
    let path = place.store().folder(id).join("vectors.bin");
    let mut damaged = fs_err::read(&path).unwrap();
    damaged[200] ^= 1;
    fs_err::write(path, damaged).unwrap();
    check("index-verify-damaged", &place, &["index", "verify"]);
    check("ask-damaged", &place, &["ask", "hello", "--index", ".guidepost"]);
}

#[test]
fn the_settings_that_are_shown_are_settings() {
    let place = shared();
    let output = run(place, &["index", "build", "--show-settings"]);
    let path = place.root().join("settings.toml");
    fs_err::write(&path, stdout(&output)).unwrap();
    let shown = run(place, &["index", "build", "--show-settings", "--settings", "settings.toml"]);
    assert_eq!(output.stdout, shown.stdout);
    check("settings-unknown", place, &["search", "x", "--settings", "unknown.toml"]);
    for (name, text) in [
        ("settings-key", "[fusion]\ndense_wait = 1.0\n"),
        ("settings-range", "[fusion]\ndense_weight = 7\n"),
        ("settings-syntax", "[fusion\n"),
    ] {
        fs_err::write(place.root().join("bad.toml"), text).unwrap();
        check(name, place, &["search", "x", "--settings", "bad.toml"]);
    }
}

#[test]
fn the_default_index_follows_the_corpus() {
    let place = Place::sample();
    fs_err::write(place.root().join("sharp.json"), sharp_text()).unwrap();
    let first = run(&place, &asking(&["Does an ear check hurt?", "--json"]));
    assert_eq!(text(&first.stderr), "indexing corpus …\n");
    let reply: serde_json::Value = serde_json::from_str(stdout(&first)).unwrap();
    assert_eq!(reply["decision"], "answer");
    let second = run(&place, &asking(&["Does an ear check hurt?", "--quiet"]));
    assert_eq!(text(&second.stderr), "");
    place.edit("ear/ear-hurt.md", "does not hurt", "never hurts");
    let third = run(&place, &asking(&["Does an ear check hurt?"]));
    assert!(stdout(&third).contains("never hurts"), "{third:?}");
    // A named index is left as it is.
    place.edit("ear/ear-hurt.md", "never hurts", "cannot hurt");
    let named = run(&place, &asking(&["Does an ear check hurt?", "--index", ".guidepost"]));
    assert!(stdout(&named).contains("never hurts"), "{named:?}");
}

#[test]
fn a_corpus_is_checked_approved_and_withdrawn() {
    let place = Place::sample();
    check("corpus-check", &place, &["corpus", "check", "--now", "2026-06-01"]);
    let json = run(&place, &["corpus", "check", "--now", "2026-06-01", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(told["malformed"].as_array().unwrap().len(), 0);
    place.edit("ear/ear-hurt.md", "You only listen", "You wait 17 minutes");
    place.edit("ear/ear-what.md", "ear-hurt", "ear-nowhere");
    check("corpus-check-findings", &place, &["corpus", "check", "--now", "2028-06-01"]);
    check("corpus-withdraw", &place, &["corpus", "withdraw", "ear-what"]);
    check("corpus-withdraw-unknown", &place, &["corpus", "withdraw", "ear-nowhere"]);
    let grant = ["--by", "Dr A (fictional)", "--role", "example", "--on", "2026-05-01"];
    let approve = |id| [&["corpus", "approve", id], &grant[..]].concat();
    let due = ["--review-due", "2027-05-01"];
    check("corpus-approve", &place, &[&approve("tooth-braces")[..], &due].concat());
    check("corpus-approve-no-date", &place, &approve("tooth-braces"));
    let backwards = ["--review-due", "2025-05-01"];
    check("corpus-approve-dates", &place, &[&approve("tooth-braces")[..], &backwards].concat());
    check("corpus-approve-unknown", &place, &[&approve("nowhere")[..], &due].concat());
}

#[test]
fn a_corpus_is_imported_as_drafts() {
    let place = Place::bare();
    let corpus = "{\"_id\": \"a1\", \"title\": \"Ears\", \"text\": \"Ears hear. Ears itch.\"}\n\
                  {\"_id\": \"a2\", \"title\": \"Teeth\", \"text\": \"Teeth bite.\"}\n";
    fs_err::write(place.root().join("corpus.jsonl"), corpus).unwrap();
    let import = ["corpus", "import", "corpus.jsonl", "--to", "imported", "--programme", "ear"];
    check("corpus-import", &place, &import);
    let intents = "{\"text\": \"do ears hurt\", \"label\": \"hurt\"}\n\
                   {\"text\": \"is it sore\", \"label\": \"hurt\"}\n";
    fs_err::write(place.root().join("train.jsonl"), intents).unwrap();
    check("corpus-import-intents", &place, &["corpus", "import", "train.jsonl", "--to", "intents"]);
    let draft = run(&place, &["--corpus", "imported", "--index", "i", "index", "build"]);
    stdout(&draft);
    let ask = ["--corpus", "imported", "--index", "i", "ask", "Ears", "--json"];
    let reply: serde_json::Value = serde_json::from_slice(&run(&place, &ask).stdout).unwrap();
    assert_eq!(reply["reason"], "not_approved");
    let approve = [
        "--corpus",
        "imported",
        "corpus",
        "approve",
        "--approve-all",
        "research",
        "--on",
        "2026-05-01",
    ];
    check("corpus-approve-all", &place, &approve);
    check("corpus-approve-all-again", &place, &approve);
    fs_err::write(
        place.root().join("broken.jsonl"),
        "{\"_id\": \"b1\", \"text\": \"x\"}\nnonsense\n",
    )
    .unwrap();
    check("corpus-import-broken", &place, &["corpus", "import", "broken.jsonl", "--to", "other"]);
    assert!(!place.root().join("other").exists(), "nothing of a broken source is imported");
    check("corpus-import-missing", &place, &["corpus", "import", "nowhere", "--to", "other"]);
}

#[test]
fn models_are_listed_and_verified() {
    check("models-list", shared(), &["models", "list"]);
    check("models-verify", shared(), &["models", "verify"]);
    let listed = run(shared(), &["models", "list", "--json"]);
    let entries: Vec<serde_json::Value> = serde_json::from_str(stdout(&listed)).unwrap();
    assert_eq!(entries.len(), 1);
    check("models-pull-missing", shared(), &["models", "pull", "--from", "nowhere"]);
    check("models-f32-missing", shared(), &["search", "x", "--precision", "f32"]);
    if !cfg!(feature = "rust-bert") {
        let arguments = ["search", "x", "--runtime", "rust-bert"];
        check("models-rust-bert-missing", shared(), &arguments);
    }
    check("models-quantise-missing", shared(), &["models", "quantise", "--out", "w.bin"]);
}

#[test]
fn calibrate_fits_and_reports() {
    let place = prepared();
    let mut topics = String::new();
    for n in 0..30 {
        let (text, expected, documents) = match n % 3 {
            0 => ("does an ear check hurt", "answer", "[\"ear-hurt\"]"),
            1 => ("can i eat before the tooth check", "answer", "[\"tooth-eat\"]"),
            _ => ("who won the football", "handover", "[]"),
        };
        let _ = writeln!(
            topics,
            "{{\"_id\":\"c{n}\",\"text\":\"{text} {n}\",\"expected\":\"{expected}\",\"documents\":{documents}}}"
        );
    }
    fs_err::write(place.root().join("labelled.jsonl"), topics).unwrap();
    let fit =
        ["calibrate", "--topics", "labelled.jsonl", "--now", "2026-06-01", "--out", "own.json"];
    check("calibrate", &place, &fit);
    let first = fs_err::read(place.root().join("own.json")).unwrap();
    assert!(run(&place, &fit).status.success());
    assert_eq!(fs_err::read(place.root().join("own.json")).unwrap(), first, "fitted twice");
    check(
        "calibrate-report",
        &place,
        &[
            "calibrate",
            "--topics",
            "labelled.jsonl",
            "--now",
            "2026-06-01",
            "--report",
            "--calibrator",
            "own.json",
        ],
    );
    let ask = ["ask", "does an ear check hurt", "--now", "2026-06-01", "--calibrator", "own.json"];
    assert!(stdout(&run(&place, &ask)).contains("does not hurt"));
    fs_err::write(
        place.root().join("one.jsonl"),
        "{\"_id\":\"1\",\"text\":\"does it hurt\",\"expected\":\"handover\"}\n",
    )
    .unwrap();
    check(
        "calibrate-one-outcome",
        &place,
        &["calibrate", "--topics", "one.jsonl", "--out", "no.json"],
    );
    assert!(!place.root().join("no.json").exists());
}

#[test]
fn bad_input_says_where_and_what() {
    let place = prepared();
    let write = |name: &str, text: &str| fs_err::write(place.root().join(name), text).unwrap();
    write("bad-topics.jsonl", "{\"_id\": \"1\", \"text\": \"a\"}\n{\"_id\": \"2\"}\n");
    write("twice.jsonl", "{\"_id\": \"1\", \"text\": \"a\"}\n{\"_id\": \"1\", \"text\": \"b\"}\n");
    write("bad.json", "{\"version\": ");
    let cases: [(&str, &[&str], i32); 17] = [
        ("bad-no-command", &[], 2),
        ("bad-command", &["asks", "x"], 2),
        ("bad-ask-nothing", &["ask"], 2),
        ("bad-nation", &["ask", "x", "--nation", "ulster"], 2),
        ("bad-programme", &["ask", "x", "--programme", "Breast Cancer"], 2),
        ("bad-date", &["ask", "x", "--now", "yesterday"], 2),
        ("bad-batch-alone", &["ask", "--batch", "topics.jsonl"], 2),
        ("bad-batch-missing", &["ask", "--batch", "nowhere.jsonl", "--out", "-"], 2),
        ("bad-batch-line", &["ask", "--batch", "bad-topics.jsonl", "--out", "-"], 2),
        ("bad-run-missing", &["run", "--topics", "nowhere.jsonl", "--out", "-"], 2),
        ("bad-run-line", &["run", "--topics", "twice.jsonl", "--out", "-"], 2),
        ("bad-run-out", &["run", "--topics", "topics.jsonl", "--out", "no/where.run"], 3),
        ("bad-explain-passage", &["explain", "x", "nowhere#0"], 2),
        ("bad-explain-form", &["explain", "x", "ear-what"], 2),
        ("bad-calibrator", &["ask", "x", "--calibrator", "bad.json"], 4),
        ("bad-index", &["ask", "x", "--index", "nowhere"], 2),
        ("bad-corpus", &["--corpus", "nowhere", "index", "build"], 2),
    ];
    let mut wrong = Vec::new();
    for (name, arguments, expected) in cases {
        let output = run(&place, arguments);
        if output.status.code() != Some(expected) || !output.stdout.is_empty() {
            wrong.push(format!(
                "{name}: {:?}, stdout {:?}",
                output.status.code(),
                text(&output.stdout)
            ));
        }
        if name == "bad-run-out" {
            // It names a temporary folder, which breaks the line anywhere.
            assert!(text(&output.stderr).contains("No such file"), "{output:?}");
            continue;
        }
        let kept = transcript(&place, arguments, &output);
        redacted(|| insta::assert_snapshot!(name, kept));
    }
    assert_eq!(wrong, [""; 0]);
    assert!(!place.root().join("nowhere").exists(), "reading makes no folder");
}

#[test]
fn a_malformed_corpus_names_every_line() {
    let place = prepared();
    place.write("ear/broken.md", "+++\nid = \"broken\"\ntitle = 3\n+++\n\nText.\n");
    place.write("ear/open.md", "no front matter\n");
    let mut doc = Doc::new("links", "", "See [here](https://example.org). **Loud** text.");
    doc.nations = &["england"];
    place.add(&doc);
    place
        .write("copy.md", &fs_err::read_to_string(place.corpus().join("ear/ear-what.md")).unwrap());
    check("malformed-build", &place, &["index", "build"]);
    check("malformed-ask", &place, &["ask", "x"]);
    check("malformed-check", &place, &["corpus", "check", "--now", "2026-06-01"]);
    // What was built before is still served when it is named.
    let arguments = asking(&["Does an ear check hurt?", "--index", ".guidepost"]);
    assert!(stdout(&run(&place, &arguments)).contains("does not hurt"));
}

#[test]
fn a_corpus_without_safety_or_guidance_is_refused() {
    let place = Place::sample();
    fs_err::remove_dir_all(place.corpus().join("safety")).unwrap();
    fs_err::remove_file(place.corpus().join("routes/test-complaint.toml")).unwrap();
    check("corpus-no-safety", &place, &["index", "build"]);
    check("corpus-empty", &Place::bare(), &["index", "build"]);
    let place = Place::sample();
    place.edit("safety/test-emergency.toml", "collapsed | unconscious", "<nowhere>");
    check("corpus-bad-rule", &place, &["index", "build"]);
    let place = Place::sample();
    fs_err::remove_file(place.corpus().join("safety/safety-emergency.md")).unwrap();
    check("corpus-no-reply", &place, &["index", "build"]);
    let place = Place::sample();
    place.write("synonyms.toml", "[[concept]]\nid = \"a\"\nphrase = 3\n");
    check("corpus-bad-synonyms", &place, &["index", "build"]);
}

#[test]
fn a_reader_that_goes_away_is_a_success() {
    let place = shared();
    let chat = [&["chat"], &NOW[..], &["--calibrator", "sharp.json"]].concat();
    let cases: [Vec<&str>; 10] = [
        asking(&["Does an ear check hurt?"]),
        asking(&["Does an ear check hurt?", "--json", "--explain"]),
        asking(&["--batch", "topics.jsonl", "--out", "-"]),
        vec!["search", "ear"],
        vec!["explain", "ear", "ear-what#0"],
        vec!["run", "--topics", "topics.jsonl", "--out", "-"],
        vec!["index", "info", "--json"],
        vec!["index", "build", "--show-settings"],
        vec!["models", "list"],
        chat,
    ];
    for arguments in cases {
        let mut child = command(place.root(), &arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        // A chat that has given up reads no more; that is no failure of the test.
        let _ = stdin.write_all(b"Does an ear check hurt?\nwhat is a tooth check\n");
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    for arguments in [&["--help"][..], &["ask", "--help"], &["index", "build", "--help"]] {
        let output = run(shared(), arguments);
        assert!(stdout(&output).contains("Usage: guidepost"), "{arguments:?}");
        assert!(output.stderr.is_empty());
    }
    let version = run(shared(), &["--version"]);
    assert_eq!(stdout(&version), concat!("guidepost ", env!("CARGO_PKG_VERSION"), "\n"));
}
