//! Every JSON that is printed or kept has a schema that it fits, and that fits nothing else.
//!
//! 1. `docs/schemas` holds what `eval schema` prints, and its README names each form.
//!    `INSTA_UPDATE=always cargo test` rewrites the schemas; read the difference.
//! 2. They are schemas of draft 2020-12; none has an `$id`.
//! 3. Whatever a command prints as JSON, and every JSON file it writes, fits its schema. No form is
//!    left out: the last lines compare what was checked with what there is.
//! 4. Of everything that fits, nothing fits any more with a required key gone, with any value of
//!    another type, or, where the form is closed, with a key more.
//! 5. What people write is as open as the readers are: the shipped topics fit, a label misspelt
//!    does not, other keys beside an unlabelled query do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::evaluation::{Bench, both};
use crate::support::{Doc, data, names, root};

struct Form {
    schema: Value,
    validator: Validator,
}

/// Every form by name, as the program prints it.
fn forms() -> &'static BTreeMap<String, Form> {
    static FORMS: OnceLock<BTreeMap<String, Form>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let bench = Bench::new();
        let names = bench.ends(0, &["eval", "schema"]);
        let form = |name: &str| {
            let schema = parsed(&bench.ends(0, &["eval", "schema", name]));
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            let validator = options.build(&schema).unwrap();
            Form { schema, validator }
        };
        names.lines().map(|name| (name.to_owned(), form(name))).collect()
    })
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn faults(name: &str, value: &Value) -> Vec<String> {
    let form = forms().get(name).unwrap_or_else(|| panic!("there is no form `{name}`"));
    form.validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn kept_schemas_are_those_that_are_printed() {
    let folder = root().join("docs/schemas");
    let readme = fs_err::read_to_string(folder.join("README.md")).unwrap();
    let update = std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always");
    let mut files: Vec<String> = vec!["README.md".to_owned()];
    for (name, form) in forms() {
        let file = format!("{name}.json");
        let printed = Bench::new().ends(0, &["eval", "schema", name]);
        if update {
            fs_err::write(folder.join(&file), &printed).unwrap();
        }
        let kept = fs_err::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(kept == printed, "docs/schemas/{file} is not what `eval schema {name}` prints");
        let description = form.schema["description"].as_str().unwrap();
        let (_, place) = description.rsplit_once("Where: ").unwrap();
        let row = format!("| [`{name}`]({file}) | {} |\n", place.trim_end_matches('.'));
        assert!(readme.contains(&row), "docs/schemas/README.md lacks {row}");
        files.push(file);
    }
    files.sort();
    assert_eq!(names(&folder), files);
    let refused = Bench::new().refuses(&["eval", "schema", "nothing"]);
    assert!(refused.contains("eval-report"), "{refused}");
}

#[test]
fn they_are_schemas_without_an_address() {
    assert!(forms().len() > 30);
    for (name, form) in forms() {
        jsonschema::draft202012::meta::validate(&form.schema)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!form.schema.to_string().contains("\"$id\""), "{name}");
        assert_eq!(form.schema["title"], json!(name));
    }
}

/// What fitted, by form.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, Vec<Value>>);

impl Seen {
    #[track_caller]
    fn value(&mut self, name: &'static str, value: Value) {
        assert_eq!(faults(name, &value), [""; 0], "{name}: {value}");
        self.0.entry(name).or_default().push(value);
    }

    #[track_caller]
    fn text(&mut self, name: &'static str, text: &str) {
        self.value(name, parsed(text));
    }

    /// Every line, of which there is at least one.
    #[track_caller]
    fn lines<'a>(&mut self, name: &'static str, lines: impl Iterator<Item = &'a str>) {
        let before = self.0.get(name).map_or(0, Vec::len);
        lines.for_each(|line| self.text(name, line));
        assert!(self.0.get(name).map_or(0, Vec::len) > before, "no line of `{name}`");
    }
}

#[test]
fn everything_that_is_printed_or_kept_fits_and_nothing_else_does() {
    let mut seen = Seen::default();
    answers_and_rankings(&mut seen);
    calibrators(&mut seen);
    corpora_and_indices(&mut seen);
    models(&mut seen);
    files_of_labels(&mut seen);
    verdicts(&mut seen);
    experiments(&mut seen);
    records(&mut seen);
    let checked: BTreeSet<&str> = seen.0.keys().copied().collect();
    let known: BTreeSet<&str> = forms().keys().map(String::as_str).collect();
    assert_eq!(checked, known);
    for (name, values) in &seen.0 {
        let mut tried = 0;
        for value in values.iter().take(8) {
            tried += refuses_less(name, value);
            tried += refuses_other(name, value);
        }
        assert!(tried > 0 || *name == "eval-verify", "nothing to break in {name}");
    }
}

fn answers_and_rankings(seen: &mut Seen) {
    let bench = Bench::new();
    let ask = |message: &str, now: &str| {
        let fixed = ["--json", "--explain", "--calibrator", "sharp.json", "--now"];
        let output = bench.run(&[&["ask", message], &fixed[..], &[now]].concat());
        assert!(output.status.code() < Some(2), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let messages = [
        "Does an ear check hurt?",
        "who won the football",
        "my mum collapsed in the clinic",
        "I want to complain about the nurse",
        "?!",
        "Can I have a tooth check with braces?",
    ];
    for message in messages {
        seen.text("ask", &ask(message, "2026-06-01"));
    }
    seen.text("ask", &ask(messages[0], "2031-01-01"));
    let decisions: BTreeSet<&str> =
        seen.0["ask"].iter().map(|reply| reply["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions.len(), 4, "{decisions:?}");
    for extra in [&[][..], &["--timings", "--explain"]] {
        let batch = ["ask", "--batch", "topics.jsonl", "--out", "-", "--now", "2026-06-01"];
        seen.lines("ask-batch", bench.ends(0, &[&batch[..], extra].concat()).lines());
    }
    let mut chat = bench
        .command(&["chat", "--json", "--now", "2026-06-01"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = chat.stdin.take().unwrap();
    stdin.write_all(messages.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let output = chat.wait_with_output().unwrap();
    seen.lines("ask", std::str::from_utf8(&output.stdout).unwrap().lines());
    seen.text("search", &bench.ends(0, &["search", "results by post", "--json"]));
    seen.text("search", &bench.ends(1, &["search", "", "--depth", "0", "--json"]));
    let passage = ["explain", "results by post", "ear-results#0", "--json"];
    seen.text("explain", &bench.ends(0, &passage));
    let explained = |message: &str| {
        let fixed = ["--text", "--json", "--calibrator", "sharp.json", "--now", "2026-06-01"];
        bench.ends(0, &[&["explain", message], &fixed[..]].concat())
    };
    for message in messages {
        seen.text("explain-text", &explained(message));
    }
    seen.text("explain-text", &explained("my mum collapsed, nhs no 943 476 5919"));
    let turn = |message: &str, code: i32| {
        let fixed = ["--log", "log.jsonl", "--calibrator", "sharp.json", "--now", "2026-06-01"];
        bench.ends(code, &[&["ask", message], &fixed[..]].concat());
    };
    turn("I want to complain, nhs no 943 476 5919", 1);
    turn("Does an ear check hurt? And what about a tooth check?", 0);
    turn("results", 1);
    let replay = ["replay", "log.jsonl", "--json", "--calibrator", "sharp.json"];
    seen.text("replay", &bench.ends(0, &replay));
    bench.ends(0, &["index", "revoke", "ear-hurt", "--by", "A", "--reason", "b"]);
    seen.text("replay", &bench.ends(1, &replay));
    seen.lines("log", bench.read("log.jsonl").lines());
}

fn calibrators(seen: &mut Seen) {
    let bench = Bench::new();
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
    bench.write("labelled.jsonl", &topics);
    let calibrate = ["calibrate", "--topics", "labelled.jsonl", "--now", "2026-06-01"];
    let with = |extra: &[&'static str]| [&calibrate[..], extra].concat();
    let printed = bench.ends(0, &with(&["--json"]));
    bench.ends(0, &with(&["--out", "own.json"]));
    assert_eq!(printed, bench.read("own.json"));
    seen.text("calibrator", &printed);
    seen.text(
        "calibrator",
        &fs_err::read_to_string(root().join("models/calibrators/shipped.json")).unwrap(),
    );
    seen.text("calibrate-compare", &bench.ends(0, &with(&["--compare", "--json"])));
    seen.text("calibrate-report", &bench.ends(0, &with(&["--report", "--json"])));
    let check = ["triage", "check", "--topics", "labelled.jsonl", "--now", "2026-06-01", "--json"];
    seen.text("triage-check", &bench.ends(0, &check));
    let model = fs_err::read(root().join("models/triage/shipped.bin")).unwrap();
    let line = model.split(|&byte| byte == b'\n').next().unwrap();
    seen.text("triage-manifest", std::str::from_utf8(line).unwrap());
    certificates(seen, &bench, &topics);
}

/// A certificate of the same topics under other names: what it says, and the watch over it.
fn certificates(seen: &mut Seen, bench: &Bench, topics: &str) {
    bench.write("others.jsonl", &topics.replace("\"_id\":\"c", "\"_id\":\"o"));
    let day = ["--now", "2026-06-01"];
    let certify = [
        "calibrate",
        "--topics",
        "labelled.jsonl",
        "--out",
        "own.json",
        "--certify",
        "others.jsonl",
        "--alpha",
        "0.6",
        "--delta",
        "0.2",
        "--certificate",
        "own-proof.json",
    ];
    bench.ends(0, &[&certify[..], &day].concat());
    seen.text("certificate", &bench.read("own-proof.json"));
    let place = &bench.place;
    for (folder, file) in [("calibrations", "own.json"), ("certificates", "own-proof.json")] {
        let own = place.index().join(folder);
        fs_err::create_dir_all(&own).unwrap();
        fs_err::copy(bench.path(file), own.join("current.json")).unwrap();
    }
    let show = ["certificate", "show", "--json"];
    seen.text("certificate-show", &bench.ends(0, &[&show[..], &day].concat()));
    let batch = ["ask", "--batch", "many.jsonl", "--out", "said.jsonl", "--log", "turns.jsonl"];
    let many: Vec<String> = (0..4)
        .flat_map(|round| {
            topics
                .lines()
                .map(move |line| line.replace("\"_id\":\"c", &format!("\"_id\":\"m{round}")))
        })
        .collect();
    bench.write("many.jsonl", &many.join("\n"));
    bench.ends(0, &[&batch[..], &day].concat());
    let watch = ["certificate", "watch", "turns.jsonl", "--state", "watch.json"];
    bench.ends(0, &[&watch[..], &["--commission"]].concat());
    seen.text("certificate-watch", &bench.ends(0, &[&watch[..], &["--json"]].concat()));
    seen.text("certificate-state", &bench.read("watch.json"));
    bench.ends(0, &["certificate", "suspend", "a reason"]);
    let kept = place.index().join("certificates/suspensions.jsonl");
    seen.lines("index-suspension", fs_err::read_to_string(kept).unwrap().lines());
    // An edited corpus is another: answers go on, as drafts, and say why.
    place.add(&Doc::new("note", "what is a note?", "A note is short."));
    bench.ends(0, &["index", "build"]);
    let said = bench.ends(0, &[&["ask", "--json", "does an ear check hurt?"], &day[..]].concat());
    assert!(said.contains("issued for another snapshot"), "{said}");
    assert!(said.contains("\"standing\": \"draft\""), "{said}");
    let withhold = ["eval", "withhold", "labelled.jsonl", "--most", "2", "--json"];
    seen.text("eval-withhold", &bench.ends(0, &[&withhold[..], &day].concat()));
}

fn corpora_and_indices(seen: &mut Seen) {
    let bench = Bench::new();
    let place = &bench.place;
    for _ in 0..2 {
        seen.text("index-build", &bench.ends(0, &["index", "build", "--json"]));
    }
    seen.text("index-info", &bench.ends(0, &["index", "info", "--json"]));
    let id = place.store().current().unwrap();
    let kept = place.store().folder(id).join("manifest.json");
    seen.text("index-info", &fs_err::read_to_string(kept).unwrap());
    seen.text("index-list", &bench.ends(0, &["index", "list", "--json"]));
    bench.ends(0, &["index", "revoke", "ear-hurt", "--by", "A", "--reason", "b"]);
    let kept = |name: &str| fs_err::read_to_string(place.index().join(name)).unwrap();
    seen.lines("index-published", kept("published.jsonl").lines());
    seen.lines("index-revocation", kept("revocations.jsonl").lines());
    let vectors = place.store().folder(id).join("vectors.bin");
    let mut damaged = fs_err::read(&vectors).unwrap();
    damaged[200] ^= 1;
    fs_err::write(vectors, damaged).unwrap();
    seen.text("index-list", &bench.ends(1, &["index", "verify", "--json"]));
    assert!(seen.0["index-list"][1][0]["problem"].is_string());

    let check = ["corpus", "check", "--json", "--now"];
    seen.text("corpus-check", &bench.ends(0, &[&check[..], &["2026-06-01"]].concat()));
    place.edit("ear/ear-hurt.md", "You only listen", "You wait 17 minutes");
    place.edit("ear/ear-what.md", "+++\n", "++\n");
    seen.text("corpus-check", &bench.ends(1, &[&check[..], &["2028-06-01"]].concat()));
    let told = &seen.0["corpus-check"][1];
    for key in ["malformed", "findings", "review_calendar", "rules"] {
        assert!(told[key].as_array().is_some_and(|list| !list.is_empty()), "{key}: {told}");
    }

    let lines = "{\"_id\": \"a1\", \"title\": \"Ears\", \"text\": \"Ears hear.\"}\n\
                 {\"_id\": \"a2\", \"title\": \"Teeth\", \"text\": \"\"}\n";
    bench.write("corpus.jsonl", lines);
    let import = ["corpus", "import", "corpus.jsonl", "--to", "imported", "--json"];
    seen.text("corpus-import", &bench.ends(0, &import));
}

fn models(seen: &mut Seen) {
    let bench = Bench::new();
    seen.text("models-list", &bench.ends(0, &["models", "list", "--json"]));
    seen.text("models-verify", &bench.ends(0, &["models", "verify", "--json"]));
    seen.text("models-bench", &bench.ends(0, &["models", "bench", "--rounds", "1", "--json"]));
}

fn files_of_labels(seen: &mut Seen) {
    let bench = Bench::new();
    let convert = |from: &str, to: &str, kind: &str| {
        bench.ends(0, &["eval", "convert", from, to, "--to-kind", kind, "--json"])
    };
    seen.text("eval-convert", &convert("topics.jsonl", "folder", "beir"));
    seen.lines("eval-query", bench.read("folder/queries.jsonl").lines());
    seen.text("eval-convert", &convert("topics.jsonl", "intents.jsonl", "intents"));
    seen.lines("eval-intent", bench.read("intents.jsonl").lines());
    seen.text("eval-convert", &convert("topics.jsonl", "qrels.txt", "trec-qrels"));
    seen.text("eval-convert", &convert("hits.trec", "again.trec", "trec-run"));

    let header = "{\"_set\":{\"name\":\"small\",\"split\":\"dev\",\"labelled_by\":\"a test\"}}\n";
    bench.write("headed.jsonl", &format!("{header}{}", bench.read("topics.jsonl")));
    convert("headed.jsonl", "written.jsonl", "topics");
    for name in ["headed.jsonl", "written.jsonl"] {
        let text = bench.read(name);
        seen.lines("eval-topic-set", text.lines().take(1));
        seen.lines("eval-topic", text.lines().skip(1));
    }
    for name in ["eval/topics/screening-dev.jsonl", "eval/topics/screening-fit.jsonl"] {
        let text = fs_err::read_to_string(root().join(name)).unwrap();
        let is_topic = |line: &&str| !line.contains("\"_set\"");
        seen.lines("eval-topic", text.lines().filter(is_topic));
    }
    let unlabelled = fs_err::read_to_string(data("topics.jsonl")).unwrap();
    seen.lines("eval-topic", unlabelled.lines());
    seen.lines("eval-answer", bench.read("answers.jsonl").lines());

    for extra in [&[][..], &["--per-topic"]] {
        let score = ["eval", "score", "hits.trec", "--qrels", "qrels.txt", "--json"];
        seen.text("eval-score", &bench.ends(0, &[&score[..], extra].concat()));
    }
    bench.write(
        "sensitive.jsonl",
        &bench.read("headed.jsonl").replace("{\"name\"", "{\"sensitive\":true,\"name\""),
    );
    bench.write("other.jsonl", &bench.read("topics.jsonl").replace("\"handover\"", "\"clarify\""));
    let check = |extra: &[&str], code: i32| {
        bench.ends(code, &[&["eval", "check", "--json"], extra].concat())
    };
    seen.text("eval-check", &check(&["topics.jsonl"], 0));
    bench.write("single.jsonl", "{\"_id\":\"1\",\"text\":\"is it sore\"}\n");
    seen.text("eval-check", &check(&["single.jsonl"], 0));
    seen.text("eval-check", &check(&["topics.jsonl", "sensitive.jsonl", "other.jsonl"], 1));
    seen.text("eval-check", &check(&["--labels", "topics.jsonl", "other.jsonl"], 0));
    seen.text("eval-check", &check(&["--run", "hits.trec", "--qrels", "qrels.txt"], 0));
    bench.place.edit("ear/ear-hurt.md", "does not hurt", "never hurts");
    seen.text("eval-check", &check(&["topics.jsonl"], 1));
    let stale = seen.0["eval-check"].last().unwrap();
    assert!(!stale["stale"].as_array().unwrap().is_empty(), "{stale}");
}

fn verdicts(seen: &mut Seen) {
    let bench = Bench::new();
    let mut judge = |arguments: &[&str]| {
        let fixed = ["--topics", "topics.jsonl", "--json", "--rounds", "2", "--now", "2026-06-01"];
        let output = bench.run(&[&["eval"], arguments, &fixed].concat());
        assert!([0, 1, 5].map(Some).contains(&output.status.code()), "{}", both(&output));
        seen.text("eval-gate", std::str::from_utf8(&output.stdout).unwrap());
    };
    judge(&["gate", "hits.trec", "hits.trec"]);
    bench.write("lexical.toml", "[fusion]\nmethod = \"lexical-only\"\n");
    judge(&["compare", "default", "lexical.toml"]);
    assert!(seen.0["eval-gate"][1]["latency"].is_object());
}

/// A program that answers, and keeps what it is told.
const PROGRAM: &str = r#"
read -r line
echo "$line" >> told.jsonl
echo '{"ready":true}'
while read -r line; do
  echo "$line" >> told.jsonl
  case "$line" in
    '{"ping":'*) n=${line#*:}; echo "{\"pong\":${n%\}}}" ;;
    *) id=${line#*'"_id":"'}
       echo "{\"_id\":\"${id%%'"'*}\",\"ranking\":[[\"ear-what\",2.0]],\"decision\":\"answer\",\"document\":\"ear-what\",\"confidence\":0.5}" ;;
  esac
done
"#;

fn plan(split: &str, more: &str) -> String {
    format!(
        r#"
name = "small"
question = "Which of them finds the document?"
measures = ["nDCG@10", "Judged@10"]
depth = 10
day = "2026-06-01"
worst = 3
minimum_slice = 4
[bootstrap]
replicates = 200
[primary]
measure = "nDCG@10"
baseline = "bm25f"
system = "weighted"
permutations = 500
margin = 0.1
[[datasets]]
name = "messages"
split = "{split}"
topics = "topics.jsonl"
corpus = "corpus"
[[systems]]
name = "bm25f"
settings = {{ fusion = {{ method = "lexical-only" }} }}
[[systems]]
name = "weighted"
calibrator = "sharp.json"
{more}"#
    )
}

const OTHERS: &str = r#"
[[systems]]
name = "filed"
run = "hits.trec"
[[systems]]
name = "answered"
answers = "answers.jsonl"
[[systems]]
name = "told"
command = ["sh", "program.sh"]
[latency]
rounds = 1
threads = [1]
rate = 500.0
cold = 2
"#;

fn experiments(seen: &mut Seen) {
    let bench = Bench::new();
    bench.write("program.sh", PROGRAM);
    bench.write("x.toml", &plan("test", OTHERS));
    bench.ends(0, &["eval", "freeze", "x.toml"]);
    seen.text("eval-freeze", &bench.read("x.freeze.json"));
    let run = ["eval", "run", "x.toml", "--out", "out", "--despite-leaks", "--json"];
    seen.text("eval-report", &bench.ends(0, &run));
    for more in [&["--workers", "2"][..], &["--scale", "run"]] {
        let timed = ["bench", "--topics", "topics.jsonl", "--rounds", "1", "--json"];
        seen.text("eval-report", &bench.ends(0, &[&timed[..], more].concat()));
    }
    let report = seen.0["eval-report"][0].clone();
    for key in ["comparisons", "resolution", "answering", "differences", "worst", "latency"] {
        assert!(report[key].as_array().is_some_and(|list| !list.is_empty()), "{key}");
    }
    seen.text("eval-report", &bench.read("out/report.json"));
    seen.text("eval-report", &bench.read("out/results.json"));
    seen.lines("eval-read", bench.read("reads.jsonl").lines());
    seen.lines("eval-program", bench.read("told.jsonl").lines());
    let told = &seen.0["eval-program"];
    for key in ["guidepost", "_id", "ping"] {
        assert!(told.iter().any(|line| line.get(key).is_some()), "{key}");
    }
    let corpus = told[0]["corpus"].as_str().unwrap().to_owned();
    seen.lines("eval-document", fs_err::read_to_string(corpus).unwrap().lines());
    let cells = bench.path(".guidepost/eval/cells");
    for name in names(&cells) {
        let text = fs_err::read_to_string(cells.join(name)).unwrap();
        seen.lines("eval-cell", text.lines().take(1));
        seen.lines("eval-answer", text.lines().skip(1));
    }

    bench.write(
        "y.toml",
        &plan("dev", "[sweep]\nparameters = { \"fusion.dense_weight\" = [0.3, 0.6] }\nfolds = 2\n"),
    );
    for shard in ["1/2", "2/2"] {
        let out = &shard[..1];
        bench.ends(0, &["eval", "run", "y.toml", "--shard", shard, "--out", out]);
        seen.text("eval-part", &bench.read(&format!("{out}/part.json")));
    }
    let merge = ["eval", "merge", "y.toml", "1", "2", "--out", "merged", "--json"];
    seen.text("eval-report", &bench.ends(0, &merge));
    let printed = bench.ends(0, &["eval", "sweep", "y.toml", "--out", "swept", "--json"]);
    assert_eq!(printed, bench.read("swept/sweep.json"));
    seen.text("eval-sweep", &printed);
    seen.text("eval-report", &bench.read("swept/report.json"));
}

fn records(seen: &mut Seen) {
    let bench = Bench::new();
    bench.write("z.toml", &plan("dev", ""));
    bench.ends(0, &["eval", "record", "z.toml", "--to", "records"]);
    let folder = format!("records/{}", names(&bench.path("records"))[0]);
    seen.text("eval-record", &bench.read(&format!("{folder}/record.json")));
    let verify = ["eval", "verify", &folder, "--json"];
    seen.text("eval-verify", &bench.ends(0, &verify));
    let replay = ["eval", "replay", &folder, "--json"];
    seen.text("eval-replay", &bench.ends(0, &replay));
    bench.write("topics.jsonl", "");
    seen.text("eval-replay", &bench.ends(5, &replay));
    bench.write(&format!("{folder}/results.json"), "{}");
    seen.text("eval-verify", &bench.ends(1, &verify));
}

/// Takes every required key away in turn; how many there were.
fn refuses_less(name: &str, value: &Value) -> usize {
    let pointer = if value.is_array() { "/0" } else { "" };
    let Some(object) = value.pointer(pointer).and_then(Value::as_object) else {
        return 0;
    };
    let required = required(&forms()[name].schema, object.keys().cloned().collect());
    for key in &required {
        let mut broken = value.clone();
        broken.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key);
        assert!(!faults(name, &broken).is_empty(), "{name} fits without `{key}`: {broken}");
    }
    required.len()
}

/// Keys that the objects of a form, or of a list of it, must have. Of a form with several shapes,
/// every shape needs all of its keys.
fn required(schema: &Value, all: Vec<String>) -> Vec<String> {
    let item = schema["items"]["$ref"].as_str().map(|path| path.trim_start_matches('#'));
    let schema = item.map_or(schema, |path| schema.pointer(path).unwrap());
    match schema["required"].as_array() {
        Some(keys) => keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect(),
        None if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() => all,
        None => panic!("nothing is required: {schema}"),
    }
}

/// Puts something of another type, and a key more, at every place in turn; how many there were.
fn refuses_other(name: &str, value: &Value) -> usize {
    let wrong = json!({ "wrong": [[]] });
    let is_labelled = value.get("expected").is_some();
    let mut tried = 0;
    for pointer in places(value) {
        let mut broken = value.clone();
        let place = broken.pointer_mut(&pointer).unwrap();
        let was = std::mem::replace(place, wrong.clone());
        assert!(!faults(name, &broken).is_empty(), "{name} fits with {wrong} at `{pointer}`");
        tried += 1;
        let is_open = name == "eval-topic" && !is_labelled
            || name == "eval-answer" && pointer.starts_with("/citations/");
        if was.is_object() && !is_open {
            let mut more = was;
            more["more"] = wrong.clone();
            *broken.pointer_mut(&pointer).unwrap() = more;
            assert!(!faults(name, &broken).is_empty(), "{name} fits with `more` at `{pointer}`");
        }
    }
    tried
}

/// Pointers to every value, of lists only the first two.
fn places(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let below = |found: &mut Vec<String>, key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        found.extend(places(value).iter().map(|rest| format!("/{key}{rest}")));
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(&mut found, key, value)),
        Value::Array(list) => {
            let first = list.iter().take(2).enumerate();
            first.for_each(|(n, value)| below(&mut found, &n.to_string(), value));
        }
        _ => {}
    }
    found
}

#[test]
fn what_people_write_is_as_open_as_its_readers() {
    let check = |name: &str, line: Value, fits: bool| {
        assert_eq!(faults(name, &line).is_empty(), fits, "{name}: {line}");
        let bench = Bench::new();
        bench.write("one.jsonl", &format!("{line}\n"));
        let converted = ["eval", "convert", "one.jsonl", "two.jsonl", "--to-kind", "topics"];
        if name == "eval-topic" {
            let kind = ["--from-kind", "topics"];
            let output = bench.run(&[&converted[..], &kind].concat());
            assert_eq!(output.status.success(), fits, "{line}: {}", both(&output));
        }
    };
    let topic = |line: Value, fits: bool| check("eval-topic", line, fits);
    topic(json!({ "_id": "1", "text": "a", "metadata": {} }), true);
    topic(json!({ "_id": "1", "text": "a", "metadata": {}, "expected": "handover" }), false);
    topic(json!({ "_id": "1", "text": "a", "family": "f", "docs": ["d"] }), false);
    topic(json!({ "_id": "1", "text": "a", "expected": "handover", "nation": "wales" }), true);
    topic(json!({ "_id": "1", "text": "a", "nation": "ulster" }), false);
    topic(json!({ "_id": "1", "text": "a", "programme": "Breast Cancer" }), false);
    topic(json!({ "_id": "1 2", "text": "a" }), false);
    topic(json!({ "_id": "1" }), false);
    check("eval-topic-set", json!({ "_set": {} }), true);
    check("eval-topic-set", json!({ "_set": { "sensitiv": true } }), false);
    check("eval-answer", json!({ "_id": "1" }), true);
    check("eval-answer", json!({ "_id": "1", "confidense": 0.5 }), false);
    check("eval-answer", json!({ "_id": "1", "ranking": [["d", 1.0, 2.0]] }), false);
    check("eval-answer", json!({ "_id": "1", "ranking": [["d", "1"]] }), false);
}
