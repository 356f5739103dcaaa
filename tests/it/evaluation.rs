//! Experiments from end to end: plans, programs, caches, records, and what is typed for them.
//!
//! The plan of these tests asks the tests' own corpus two dozen messages of twelve families.
//! `peer_tfidf.py` is the program of another language; where there is no `python3`, that part is
//! left out and said so on stderr. Other programs are scripts of `sh`.
//!
//! 1. Guidepost configurations, a run, answers and a program fill the cells they can; the others
//!    stay empty, with a warning. A run's cells are those of the library on the same file. What a
//!    pipe costs is measured, and nothing measured is in `results.json`.
//! 2. `results.json` and `per-topic.csv.gz` are the same bytes on 1 and 2 threads, fresh and from
//!    the cache, and at a second run.
//! 3. A changed topic, run, program or document never brings back an old result.
//! 4. A run that is killed goes on with the topic after the last whole chunk, asks nothing twice,
//!    and ends in the same bytes.
//! 5. Shards merged are the whole run. Parts of another plan, of other inputs, missing, doubled or
//!    damaged are refused by name.
//! 6. A record verifies; one byte changed in any of its files is found. A replay is the same,
//!    differs, or cannot be made, and the exit code says which.
//! 7. A frozen plan confirms as long as no other plan has read the set; every other read explores,
//!    also where the seal came after it. A changed plan cannot take a seal over.
//! 8. A sweep refuses a test split, picks the best point of its grid, and gives an outer estimate.
//! 9. Leaks on a test split are refused before the set is read; scored all the same, the report says
//!    so, also after a merge.
//! 10. A label whose quote an edit removed is listed, warned of, and never a pass.
//! 11. A damaged file of answers, hits, topics or a damaged plan is an error with file, line, cure.
//! 12. A program that dies, answers another topic or no JSON, or never gets ready, is an error that
//!     names the system, soon.
//! 13. Conversions report what they leave out; packed files hold what plain ones hold.
//! 14. `eval score` gives what the library gives, tied, packed or scattered, and a reader that goes
//!     away is a success.
//! 15. What is printed as JSON fits the schema that is printed.
//! 16. Help and transcripts are those in `snapshots/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use guidepost::embed::Encoder;
use guidepost::error::Error;
use guidepost::eval::EvalError;
use guidepost::eval::evaluate::evaluate;
use guidepost::eval::experiment::cells::Cells;
use guidepost::eval::experiment::conduct::{Merged, Prepared, Shard, Told, merge, prepare};
use guidepost::eval::experiment::definition::{Definition, Places, PrecisionPlan};
use guidepost::eval::experiment::output::{self, RESULTS_FILE, ROWS_FILE};
use guidepost::eval::experiment::system::Workshop;
use guidepost::eval::measure::Measure;
use guidepost::eval::report::model::Report;
use guidepost::eval::topic::read_topic_set;
use guidepost::eval::trec::{Qrels, Run};
use guidepost::ids::Fingerprint;
use guidepost::index::build::Quiet;
use serde_json::{Value, json};

use crate::support::{Dice, Place, encoder, files, names, root, sharp_text, slow};

/// A message with its label: id, family, text, document, quote. No document: out of scope, far;
/// `urgent` in place of one: urgent.
const MESSAGES: [(&str, &str, &str, &str, &str); 24] = {
    const TONES: &str =
        "A nurse plays soft tones through headphones, and you press a button when you hear one.";
    const PAIN: &str = "The ear check does not hurt.";
    const POST: &str = "Ear check results come by post within 10 days.";
    const AGE: &str = "In England, an ear check is offered every 4 years from the age of 60.";
    const KIDS: &str =
        "You may bring children to the ear check, but another adult must sit with them.";
    const TIME: &str = "A tooth check takes about 5 minutes.";
    const FOOD: &str = "You can eat and drink before a tooth check.";
    const SAME: &str = "The dentist tells you your tooth check results on the same day.";
    [
        ("m01", "tones", "what are the soft beeps in the headphones for", "ear-what", TONES),
        ("m02", "tones", "why do i sit there wearing headphones", "ear-what", TONES),
        ("m03", "pain", "will it be sore when they test my hearing", "ear-hurt", PAIN),
        ("m04", "pain", "im scared that the hearing test is painful", "ear-hurt", PAIN),
        ("m05", "bag", "what do i pack for the hearing one", "ear-bring", "your invitation letter"),
        ("m06", "bag", "shall i take my hearing aids along", "ear-bring", "your hearing aids"),
        ("m07", "post", "when will the post about my hearing arrive", "ear-results", POST),
        ("m08", "post", "no letter yet after my hearing test", "ear-results", POST),
        ("m09", "age", "how old must i be for this", "ear-how-often", AGE),
        ("m10", "age", "how many years between two hearing tests", "ear-how-often", AGE),
        ("m11", "kids", "who watches my son while i am tested", "ear-children", KIDS),
        ("m12", "kids", "is my toddler allowed in the listening room", "ear-children", KIDS),
        ("m13", "mirror", "what does the dentist look at", "tooth-what", TIME),
        ("m14", "mirror", "how many minutes does the dentist need", "tooth-what", TIME),
        ("m15", "food", "may i have lunch before the dentist", "tooth-eat", FOOD),
        ("m16", "food", "do i brush after breakfast", "tooth-eat", FOOD),
        ("m17", "same", "does the dentist tell me at once", "tooth-results", SAME),
        ("m18", "same", "is anything about my teeth sent by post", "tooth-results", SAME),
        ("m19", "football", "who won the football", "", ""),
        ("m20", "football", "which team plays tonight", "", ""),
        ("m21", "weather", "will it rain on sunday", "", ""),
        ("m22", "weather", "is it cold outside", "", ""),
        ("m23", "collapse", "my mum collapsed in the waiting room", "urgent", ""),
        ("m24", "collapse", "somebody is unconscious here", "urgent", ""),
    ]
};

/// What every plan here begins with.
const HEAD: &str = r#"
name = "small"
question = "Which of them finds the document?"
measures = ["nDCG@10", "RR@10"]
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
"#;

const DATASET: &str = r#"
[[datasets]]
name = "messages"
split = "dev"
topics = "topics.jsonl"
corpus = "corpus"
"#;

const GUIDEPOST: &str = r#"
[[systems]]
name = "bm25f"
settings = { fusion = { method = "lexical-only" } }
[[systems]]
name = "weighted"
calibrator = "sharp.json"
"#;

const FILES: &str = r#"
[[systems]]
name = "filed"
run = "hits.trec"
[[systems]]
name = "said"
answers = "answers.jsonl"
"#;

/// A program in `sh` that answers every topic alike. It says which topics it was asked in
/// `asked.log`, and stands still at topic `m80` while a file `stall` is there.
const ALIKE: &str = r#"
read -r first
echo '{"ready":true}'
while read -r line; do
  id=${line#*'"_id":"'}
  id=${id%%'"'*}
  echo "$id" >> asked.log
  while [ -e stall ] && [ "$id" = m80 ]; do sleep 0.02; done
  echo "{\"_id\":\"$id\",\"ranking\":[[\"ear-what\",2.0],[\"ear-hurt\",1.0]],\"decision\":\"answer\",\"document\":\"ear-what\",\"confidence\":0.5}"
done
"#;

/// A system that is a script of `sh` beside the plan.
pub(crate) fn script(name: &str, file: &str) -> String {
    format!("[[systems]]\nname = \"{name}\"\ncommand = [\"sh\", \"{file}\"]\n")
}

/// The line of a topic.
fn topic(id: &str, family: &str, text: &str, document: &str, quote: &str) -> String {
    let labels = match document {
        "" => json!({ "expected": "handover", "reason": "out_of_scope_far" }),
        "urgent" => json!({ "expected": "urgent" }),
        _ => json!({ "expected": "answer", "documents": [document], "quotes": [quote] }),
    };
    let mut line = json!({ "_id": id, "text": text, "family": family });
    line.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
    line.to_string() + "\n"
}

fn topics() -> String {
    MESSAGES
        .iter()
        .map(|(id, family, text, doc, quote)| topic(id, family, text, doc, quote))
        .collect()
}

/// So many topics, each its own family, `m0` the first.
fn many_topics(n: usize) -> String {
    (0..n)
        .map(|i| {
            let (_, _, text, document, quote) = MESSAGES[i % MESSAGES.len()];
            topic(&format!("m{i}"), &format!("f{i}"), &format!("{text} {i}"), document, quote)
        })
        .collect()
}

/// Hits of every answerable topic: the right document somewhere among the first four, often tied.
fn hits() -> String {
    let mut run = String::new();
    for (number, (id, _, _, document, _)) in MESSAGES.iter().enumerate() {
        let others = ["tooth-braces", "ear-how-often-wales", "local-millbrook-parking"];
        let mut ranked: Vec<&str> = others.to_vec();
        ranked.insert(number % 4, if document.is_empty() { "ear-what" } else { document });
        for (rank, document) in (1..).zip(ranked) {
            let score = 9 - (rank / 2) * 2;
            let _ = writeln!(run, "{id} Q0 {document} {rank} {score} filed");
        }
    }
    run
}

/// Answers for every topic, without rankings: every third from a wrong document; the answer is the
/// label's quote.
fn answers() -> String {
    let mut lines = String::new();
    for (number, (id, _, _, document, quote)) in MESSAGES.iter().enumerate() {
        let line = if document.is_empty() || *document == "urgent" {
            json!({ "_id": id, "decision": "handover", "confidence": 0.1 })
        } else {
            let given = if number % 3 == 2 { "ear-how-often-wales" } else { document };
            let sure = 0.9 - number as f64 / 100.0;
            json!({
                "_id": id, "decision": "answer", "document": given, "confidence": sure,
                "answer": quote, "citations": [{ "document": given, "quote": quote }],
            })
        };
        lines += &(line.to_string() + "\n");
    }
    lines
}

#[expect(clippy::unnecessary_wraps, reason = "the form that the workshop asks for")]
fn make(_: PrecisionPlan) -> Result<Arc<Encoder>, Error> {
    Ok(encoder())
}

/// A folder with the sample corpus, topics, hits, answers and a calibrator.
pub(crate) struct Bench {
    pub(crate) place: Place,
}

/// Repeatable files of a report, with the report.
type Conducted = (Vec<output::Named>, Report);

impl Bench {
    pub(crate) fn new() -> Bench {
        let bench = Bench { place: Place::sample() };
        bench.write("topics.jsonl", &topics());
        bench.write("hits.trec", &hits());
        bench.write("answers.jsonl", &answers());
        bench.write("sharp.json", &sharp_text());
        bench.write("alike.sh", ALIKE);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs_err::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not hold `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// A workshop over the bench's indices.
    fn workshop(&self) -> Workshop<'static> {
        Workshop::new(self.path("cache"), &make, &Quiet)
    }

    fn prepare(&self, plan: &str, workshop: &Workshop<'_>) -> Result<Prepared, EvalError> {
        let definition = Definition::parse(plan, Path::new("x.toml"))?;
        let places = Places { base: self.place.root().to_owned(), data: None };
        prepare(definition, places, None, workshop, Fingerprint::of(b"these tests"))
    }

    /// Conducts a plan in this process, with cells in a folder or without a cache.
    fn try_conduct(&self, plan: &str, cells: Option<&str>) -> Result<Conducted, EvalError> {
        let workshop = self.workshop();
        let prepared = self.prepare(plan, &workshop)?;
        let cells = cells.map(|name| Cells::new(self.path(name)));
        let analysis = prepared.conduct(cells.as_ref(), &workshop, &Quiet)?;
        let rows = analysis.rows.clone();
        let report = prepared.report(analysis, Told::default());
        Ok((output::repeatable(&report, &rows)?, report))
    }

    #[track_caller]
    fn conduct(&self, plan: &str, cells: Option<&str>) -> Conducted {
        self.try_conduct(plan, cells).unwrap()
    }

    /// The message of an experiment that fails, with its causes.
    #[track_caller]
    fn failure(&self, plan: &str) -> String {
        match self.try_conduct(plan, None) {
            Ok(_) => panic!("this should have failed"),
            Err(error) => chain(&error),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guidepost"));
        command
            .args(arguments)
            .current_dir(self.place.root())
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS");
        command.stdin(Stdio::null());
        let settings = ["INDEX", "CORPUS", "MODELS", "DATA", "ID_KEY"];
        for name in settings {
            command.env_remove(format!("GUIDEPOST_{name}"));
        }
        command
    }

    /// What a command says and how it ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// stdout of a command that ends in a way.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// stderr of a command whose input is at fault, in one line.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", both(&output));
        assert!(output.stdout.is_empty(), "{}", both(&output));
        unwrapped(&output.stderr)
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The two files that repeat, from a folder of a report.
    #[track_caller]
    fn repeated(&self, folder: &str) -> [Vec<u8>; 2] {
        [RESULTS_FILE, ROWS_FILE].map(|name| fs_err::read(self.path(folder).join(name)).unwrap())
    }
}

/// An error with its causes.
fn chain(mut error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    while let Some(cause) = error.source() {
        let _ = write!(message, ": {cause}");
        error = cause;
    }
    message
}

pub(crate) fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr))
}

/// A diagnostic without the bars and line ends that fit it to a terminal.
fn unwrapped(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr).replace(['│', '×', '╰', '─', '▶'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The program of another language, if it can run here.
fn peer() -> Option<String> {
    let is_there =
        Command::new("python3").arg("--version").output().is_ok_and(|o| o.status.success());
    if !is_there {
        eprintln!("python3 is not here: no program in another language was asked");
        return None;
    }
    let path = root().join("scripts/eval/peer_tfidf.py");
    Some(format!("[[systems]]\nname = \"peer\"\ncommand = [\"python3\", \"{}\"]\n", path.display()))
}

fn plan(parts: &[&str]) -> String {
    [&[HEAD], parts].concat().concat()
}

/// Cells of a measure by system; `None` where the cell is empty.
fn cells_of<'a>(report: &'a Value, measure: &str) -> Vec<(&'a str, Option<f64>)> {
    let cells = report["measures"].as_array().unwrap();
    cells
        .iter()
        .filter(|cell| cell["measure"] == measure)
        .map(|cell| (cell["system"].as_str().unwrap(), cell["estimate"]["value"].as_f64()))
        .collect()
}

/// A figure on answers of a system.
fn figure<'a>(report: &'a Value, system: &str, name: &str) -> &'a Value {
    let tables = report["answering"].as_array().unwrap();
    let table = tables.iter().find(|t| t["system"] == system).unwrap();
    let figures = table["figures"].as_array().unwrap();
    &figures.iter().find(|f| f["name"] == name).unwrap()["estimate"]
}

fn warned(report: &Value, words: &str) -> bool {
    let warnings = report["warnings"].as_array().unwrap();
    warnings.iter().any(|w| w.as_str().unwrap().contains(words))
}

#[test]
fn every_kind_of_system_fills_the_cells_it_can() {
    let bench = Bench::new();
    let latency = "[latency]\nrounds = 1\nthreads = [1]\nrate = 500.0\ncold = 1\n";
    let peer = peer();
    let head = HEAD.replace("[primary]", &format!("{latency}[primary]"));
    let systems = [GUIDEPOST, FILES, peer.as_deref().unwrap_or_default()].concat();
    bench.write("x.toml", &[&head, DATASET, &systems].concat());
    bench.ends(0, &["eval", "run", "x.toml", "--out", "out", "--cache", "cache"]);
    let report = bench.json("out/report.json");
    let found = cells_of(&report, "nDCG@10");
    let mut expected = vec![("bm25f", true), ("weighted", true), ("filed", true), ("said", false)];
    expected.extend(peer.is_some().then_some(("peer", true)));
    let filled: Vec<(&str, bool)> = found.iter().map(|(name, v)| (*name, v.is_some())).collect();
    assert_eq!(filled, expected);
    assert!(found.iter().all(|(_, v)| v.is_none_or(|v| v > 0.2)), "{found:?}");
    // Decisions: all but the run.
    let tables = report["answering"].as_array().unwrap();
    let deciding: Vec<&str> = tables.iter().map(|t| t["system"].as_str().unwrap()).collect();
    let expected: Vec<&str> =
        expected.iter().map(|(name, _)| *name).filter(|name| *name != "filed").collect();
    assert_eq!(deciding, expected);
    assert_eq!(figure(&report, "said", "coverage")["value"], 18.0 / 24.0);
    assert_eq!(figure(&report, "said", "answer F1")["value"], 1.0);
    assert!(figure(&report, "weighted", "AURC")["value"].is_number());
    assert!(warned(&report, "filed gives no decisions on messages/dev"), "{}", report["warnings"]);
    assert!(warned(&report, "said gives no rankings on messages/dev"), "{}", report["warnings"]);
    // The run's cell is what the library says of the same file.
    let set = read_topic_set(&bench.path("topics.jsonl")).unwrap();
    let mut qrels = Qrels::new();
    for topic in &set.topics {
        for document in &topic.documents {
            qrels.insert(topic.id.as_str(), document.as_str(), 1);
        }
    }
    let run = Run::read(&bench.path("hits.trec")).unwrap();
    let measure: Measure = "nDCG@10".parse().unwrap();
    let mean = evaluate(&qrels, &run, &[measure]).mean(0);
    let shown = found.iter().find(|(name, _)| *name == "filed").unwrap().1.unwrap();
    assert!((shown - mean).abs() < 1e-12, "{shown} {mean}");
    // Latency: engines by stage, programs from outside with what their pipe costs, files not at all.
    let timed = report["latency"].as_array().unwrap();
    let stages = |system: &str| -> Vec<&str> {
        let of = timed.iter().filter(|l| l["system"] == system);
        of.map(|l| l["stage"].as_str().unwrap()).collect()
    };
    assert!(stages("weighted").contains(&"lexical") && stages("weighted").contains(&"whole"));
    assert!(stages("filed").is_empty() && stages("said").is_empty());
    if peer.is_some() {
        assert!(stages("peer").contains(&"overhead") && stages("peer").contains(&"whole"));
    }
    let results = bench.json("out/results.json");
    assert_eq!((&results["latency"], &results["environment"]), (&json!([]), &Value::Null));
    let written = names(&bench.path("out"));
    let samples = written.iter().filter(|name| name.starts_with("latency-")).count();
    assert!(samples >= 6, "{written:?}");
}

#[test]
fn the_same_bytes_on_any_number_of_threads_fresh_and_cached() {
    let bench = Bench::new();
    let peer = peer().unwrap_or_default();
    let plan = plan(&[DATASET, GUIDEPOST, FILES, &peer]);
    let on = |threads: usize, cells: Option<&str>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // A program stands in one thread; the pool is what engines and statistics use.
        pool.install(|| bench.conduct(&plan, cells).0)
    };
    let fresh = on(1, Some("cells-1"));
    assert_eq!(fresh.len(), 2);
    let asked = names(&bench.path("cells-1"));
    assert!(asked.len() >= 4 && asked.iter().all(is_cell), "{asked:?}");
    for (threads, cells) in [(2, Some("cells-2")), (2, Some("cells-1")), (2, None), (1, None)] {
        assert!(on(threads, cells) == fresh, "{threads} threads, cells in {cells:?}");
    }
    // The same by what is typed.
    bench.write("x.toml", &plan);
    for (threads, cache) in [("1", "cache"), ("2", "cache"), ("2", "other")] {
        let out = format!("out-{threads}-{cache}");
        let arguments =
            ["eval", "run", "x.toml", "--threads", threads, "--out", &out, "--cache", cache];
        let mut command = bench.command(&arguments);
        let output = command.env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        assert!(bench.repeated(&out) == bench.repeated("out-1-cache"), "{out} differs");
    }
    assert_eq!(bench.repeated("out-1-cache")[1], fresh[1].1, "the library writes other values");
}

#[test]
fn nothing_that_changed_brings_back_an_old_result() {
    let bench = Bench::new();
    let plan = plan(&[DATASET, GUIDEPOST, FILES, &script("alike", "alike.sh")]);
    let before = bench.conduct(&plan, Some("cells")).0;
    let mut last = before.clone();
    let mut sound: BTreeMap<&str, String> = BTreeMap::new();
    // Every change keeps all ids.
    let changes: [(&str, &str, &str); 6] = [
        ("topics.jsonl", "what are the soft beeps in the headphones for", "is the music nice"),
        ("topics.jsonl", "[\"ear-results\"]", "[\"tooth-results\"]"),
        ("hits.trec", "m03 Q0 ear-hurt", "m03 Q0 ear-bring"),
        ("answers.jsonl", "\"confidence\":0.1", "\"confidence\":0.3"),
        ("alike.sh", "[\\\"ear-what\\\",2.0]", "[\\\"ear-bring\\\",2.0]"),
        ("corpus/ear/ear-hurt.md", "Does an ear check hurt?", "Is music painful?"),
    ];
    for (file, from, to) in changes {
        sound.entry(file).or_insert_with(|| bench.read(file));
        bench.edit(file, from, to);
        let cached = bench.conduct(&plan, Some("cells")).0;
        assert!(cached != last, "{file}: `{to}` changes nothing");
        assert!(cached == bench.conduct(&plan, None).0, "{file}: `{to}` brings back old rows");
        last = cached;
    }
    // Everything back as it was: the first rows are those of the first run.
    for (file, text) in sound {
        bench.write(file, &text);
    }
    assert!(bench.conduct(&plan, Some("cells")).0 == before);
}

/// Whether a file's name is that of a cell.
fn is_cell(name: &String) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "jsonl")
}

/// Waits for something that another process does.
#[track_caller]
fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < Duration::from_mins(1), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn partials(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|e| e.unwrap().path());
    paths.filter(|p| p.extension().is_some_and(|e| e == "partial")).collect()
}

#[test]
fn a_killed_run_goes_on_and_ends_in_the_same_bytes() {
    let bench = Bench::new();
    bench.write("topics.jsonl", &many_topics(100));
    bench.write("x.toml", &plan(&[DATASET, GUIDEPOST, &script("alike", "alike.sh")]));
    let run = ["eval", "run", "x.toml", "--out", "out", "--cache", "cache", "--quiet"];
    bench.write("stall", "");
    let mut child =
        bench.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let cells = bench.path("cache/cells");
    wait_for("the topic at which the program stands still", || {
        let asked = fs_err::read_to_string(bench.path("asked.log")).unwrap_or_default();
        asked.lines().any(|id| id == "m80")
    });
    child.kill().unwrap();
    child.wait().unwrap();
    fs_err::remove_file(bench.path("stall")).unwrap();
    let [partial] = &partials(&cells)[..] else { panic!("{:?}", names(&cells)) };
    let text = fs_err::read_to_string(partial).unwrap();
    assert_eq!(text.lines().count(), 1 + 64, "a head and a chunk");
    // A kill can tear a row in two.
    let torn = text.lines().last().unwrap();
    fs_err::write(partial, format!("{text}{}", &torn[..torn.len() / 2])).unwrap();
    // The orphan ends by itself before it could write into the new log.
    std::thread::sleep(Duration::from_millis(100));
    fs_err::remove_file(bench.path("asked.log")).unwrap();
    bench.ends(0, &run);
    let asked = bench.read("asked.log");
    let expected: Vec<String> = (64..100).map(|i| format!("m{i}")).collect();
    assert_eq!(asked.lines().collect::<Vec<_>>(), expected, "it goes on where it was");
    assert!(partials(&cells).is_empty());
    bench.ends(0, &["eval", "run", "x.toml", "--out", "fresh", "--cache", "other", "--quiet"]);
    assert!(bench.repeated("out") == bench.repeated("fresh"));
}

#[test]
fn runs_killed_at_random_instants_end_in_the_same_bytes() {
    let bench = Bench::new();
    bench.write("topics.jsonl", &many_topics(110));
    bench.write("slow.sh", &ALIKE.replace("while [ -e stall ]", "sleep 0.002; while [ -e stall ]"));
    bench.write("x.toml", &plan(&[DATASET, GUIDEPOST, &script("slow", "slow.sh")]));
    let fresh = ["eval", "run", "x.toml", "--out", "fresh", "--cache", "cache", "--quiet"];
    bench.ends(0, &fresh);
    fs_err::remove_dir_all(bench.path("cache/cells")).unwrap();
    let start = Instant::now();
    bench.ends(0, &fresh);
    let whole = start.elapsed();
    fs_err::remove_dir_all(bench.path("cache/cells")).unwrap();
    let mut dice = Dice(21);
    let wanted = if slow() { 40 } else { 3 };
    let (mut killed, mut tried) = (0, 0);
    // A run that ends before its kill, on a machine that is quicker now, is tried again.
    while killed < wanted && tried < 10 * wanted {
        tried += 1;
        let out = format!("out-{}", killed / 4);
        let run = ["eval", "run", "x.toml", "--out", &out, "--cache", "cache", "--quiet"];
        let mut child =
            bench.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(dice.below(whole.as_micros() as u64)));
        let is_running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += usize::from(is_running);
        if !is_running || killed % 4 == 0 || killed == wanted {
            bench.ends(0, &run);
            assert!(bench.repeated(&out) == bench.repeated("fresh"), "after kill {killed}");
            // Indices are kept: it is the cells whose writing is cut.
            fs_err::remove_dir_all(bench.path("cache/cells")).unwrap();
        }
    }
    eprintln!("{killed} of {tried} runs were killed while they ran, within {whole:?}");
    assert_eq!(killed, wanted);
}

#[test]
fn shards_merged_are_the_whole_run() {
    let bench = Bench::new();
    // A leak on a split that is not a test: the whole run warns of it, and so must the merged one.
    bench.edit(
        "topics.jsonl",
        "will it be sore when they test my hearing",
        "Does an ear check hurt?",
    );
    let plan = plan(&[DATASET, GUIDEPOST, FILES, &script("alike", "alike.sh")]);
    bench.write("x.toml", &plan.replace("depth = 10", "seeds = [1, 2]\ndepth = 10"));
    bench.ends(0, &["eval", "run", "x.toml", "--out", "whole", "--cache", "cache"]);
    assert!(warned(&bench.json("whole/report.json"), "question variants of the corpus"));
    for number in 1..=3 {
        let (shard, out) = (format!("{number}/3"), format!("part{number}"));
        let cache = format!("cache{number}");
        bench.ends(
            0,
            &["eval", "run", "x.toml", "--shard", &shard, "--out", &out, "--cache", &cache],
        );
        let cells = names(&bench.path(&out)).into_iter().filter(is_cell).count();
        // 5 systems with 2 seeds each: 10 cells.
        assert_eq!(cells, [4, 3, 3][number - 1]);
    }
    // In any order, into a cache that knows nothing.
    let merge = ["eval", "merge", "x.toml", "part3", "part1", "part2", "--out", "merged"];
    fs_err::remove_file(bench.path("asked.log")).unwrap();
    bench.ends(0, &[&merge[..], &["--cache", "cache9"]].concat());
    assert!(!bench.path("asked.log").exists(), "a merge asks nobody");
    assert!(bench.repeated("whole") == bench.repeated("merged"), "{}", first_difference(&bench));
}

fn first_difference(bench: &Bench) -> String {
    let (whole, merged) = (bench.read("whole/results.json"), bench.read("merged/results.json"));
    let mut lines = whole.lines().zip(merged.lines());
    lines.find(|(a, b)| a != b).map_or_else(String::new, |(a, b)| format!("{a}\n{b}"))
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let bench = Bench::new();
    let workshop = bench.workshop();
    let whole = plan(&[DATASET, GUIDEPOST, FILES]);
    let shard = |plan: &str, index: usize, of: usize, name: &str| {
        let prepared = bench.prepare(plan, &workshop).unwrap();
        prepared.shard(Shard { index, of }, &bench.path(name), &workshop, &Quiet).unwrap();
        bench.path(name)
    };
    let parts: Vec<PathBuf> = (0..3).map(|i| shard(&whole, i, 3, &format!("part{i}"))).collect();
    let other = shard(&whole.replace("depth = 10", "depth = 9"), 1, 3, "deeper");
    let halves = shard(&whole, 1, 2, "half");
    let topics = bench.read("topics.jsonl");
    bench.edit("topics.jsonl", "will it rain on sunday", "will it snow on sunday");
    let later = shard(&whole, 1, 3, "later");
    let refused = |chosen: &[&PathBuf], expected: &str| {
        let chosen: Vec<PathBuf> = chosen.iter().map(|p| (*p).clone()).collect();
        let error = chain(&merge(&chosen, &bench.path("merged")).unwrap_err());
        assert!(error.contains(expected), "{error}");
        assert!(!bench.path("merged").exists(), "{expected}: something was merged");
    };
    refused(&[&parts[0], &other, &parts[2]], "deeper/part.json: was made from another experiment");
    refused(&[&parts[0], &later, &parts[2]], "later/part.json: was made from other inputs");
    refused(&[&parts[0], &halves], "half/part.json: was made from another number of shards");
    refused(&[&parts[0], &parts[2]], "shard 2/3 is missing");
    refused(&[&parts[0], &parts[1], &parts[1], &parts[2]], "is the same shard as");
    refused(&[], "no parts were given");
    refused(&[&bench.path("corpus")], "part.json");
    let all: Vec<PathBuf> = parts.clone();
    let merged: Merged = merge(&all, &bench.path("cells")).unwrap();
    // The topics have changed since the parts were made.
    let prepared = bench.prepare(&whole, &workshop).unwrap();
    let error = merged.belongs_to(&prepared, Path::new("x.toml")).unwrap_err().to_string();
    assert!(error.contains("another topics `messages dev`"), "{error}");
    bench.write("topics.jsonl", &topics);
    let prepared = bench.prepare(&whole, &workshop).unwrap();
    merged.belongs_to(&prepared, Path::new("x.toml")).unwrap();
    // A cell that got lost on the way.
    let cell = names(&parts[1]).into_iter().find(is_cell).unwrap();
    fs_err::remove_file(parts[1].join(&cell)).unwrap();
    let error = merge(&all, &bench.path("again")).unwrap_err().to_string();
    assert!(error.contains(&cell) && error.contains("is missing"), "{error}");
}

/// Words of a file and what they become.
type Replacement = (&'static str, &'static str);

/// The only folder below another.
fn only_folder(folder: &Path) -> PathBuf {
    let [name] = &names(folder)[..] else { panic!("{:?}", names(folder)) };
    folder.join(name)
}

#[test]
fn records_verify_and_replay() {
    let bench = Bench::new();
    bench.write("x.toml", &plan(&[DATASET, GUIDEPOST, FILES, &script("alike", "alike.sh")]));
    let record = ["eval", "record", "x.toml", "--to", "records", "--cache", "cache"];
    bench.ends(0, &record);
    let folder = only_folder(&bench.path("records"));
    let name = format!("records/{}", folder.file_name().unwrap().to_string_lossy());
    let error = bench.refuses(&record);
    assert!(error.contains("records are never overwritten"), "{error}");

    let verify = ["eval", "verify", &name];
    assert_eq!(bench.ends(0, &verify), "every file is as it was recorded\n");
    for file in names(&folder) {
        let path = folder.join(&file);
        let sound = fs_err::read(&path).unwrap();
        let mut damaged = sound.clone();
        let at = damaged.len() / 2;
        damaged[at] ^= 1;
        fs_err::write(&path, damaged).unwrap();
        let output = bench.run(&verify);
        if file == "record.json" {
            assert_eq!(output.status.code(), Some(2), "{}", both(&output));
        } else {
            assert_eq!(output.status.code(), Some(1), "{}", both(&output));
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{file} was changed\n"));
        }
        fs_err::write(&path, sound).unwrap();
    }
    // A manifest that is changed and still reads is found by its checksum.
    let manifest = fs_err::read_to_string(folder.join("record.json")).unwrap();
    fs_err::write(folder.join("record.json"), manifest.replace("\"small\"", "\"large\"")).unwrap();
    let error = bench.refuses(&verify);
    assert!(error.contains("its checksum does not fit"), "{error}");
    fs_err::write(folder.join("record.json"), &manifest).unwrap();
    fs_err::rename(folder.join("report.md"), bench.path("report.md")).unwrap();
    fs_err::write(folder.join("extra.txt"), "x").unwrap();
    let found = bench.ends(1, &verify);
    assert_eq!(found, "extra.txt is no file of the record\nreport.md is missing\n");
    fs_err::rename(bench.path("report.md"), folder.join("report.md")).unwrap();
    fs_err::remove_file(folder.join("extra.txt")).unwrap();

    let replay = ["eval", "replay", &name, "--cache", "elsewhere"];
    let same = bench.ends(0, &replay);
    assert_eq!(same, "the same bytes in results.json and per-topic.csv.gz\n");
    assert!(!bench.path("elsewhere/cells").exists(), "a replay asks anew and keeps nothing");
    // The files beside the record have changed.
    for (file, expected) in [("results.json", "results.json:"), (ROWS_FILE, "per-topic.csv.gz:")] {
        let path = folder.join(file);
        let sound = fs_err::read(&path).unwrap();
        let plain = guidepost::eval::compress::gunzip(&sound).unwrap();
        let changed = String::from_utf8(plain).unwrap().replacen("0.", "0.9", 1);
        let changed = match file {
            ROWS_FILE => guidepost::eval::compress::gzip(changed.as_bytes()).unwrap(),
            _ => changed.into_bytes(),
        };
        fs_err::write(&path, changed).unwrap();
        let said = bench.ends(1, &replay);
        assert!(said.contains(expected) && said.contains("in the record"), "{said}");
        fs_err::write(&path, sound).unwrap();
    }
    // What went in has changed, or is not there.
    let changes: [(&str, Option<Replacement>, &str); 6] = [
        ("topics.jsonl", Some(("will it rain", "will it snow")), "topics `messages dev` is"),
        ("topics.jsonl", None, "topics.jsonl"),
        ("hits.trec", Some(("filed", "fielded")), "run `filed` is"),
        ("answers.jsonl", None, "answers.jsonl"),
        ("alike.sh", Some(("0.5", "0.6")), "program `alike alike.sh` is"),
        ("corpus/ear/ear-hurt.md", Some(("does not hurt", "is quick")), "corpus `messages` is"),
    ];
    for (file, change, expected) in changes {
        let sound = bench.read(file);
        match change {
            Some((from, to)) => bench.edit(file, from, to),
            None => fs_err::remove_file(bench.path(file)).unwrap(),
        }
        let said = bench.ends(5, &replay);
        assert!(said.starts_with("cannot replay:") && said.contains(expected), "{said}");
        bench.write(file, &sound);
    }
    let said: Value =
        serde_json::from_str(&bench.ends(0, &[&replay[..], &["--json"]].concat())).unwrap();
    assert_eq!(said["outcome"], "same");
    fits("eval-replay", &said);
    fits("eval-record", &serde_json::from_str(&manifest).unwrap());
}

#[test]
fn a_frozen_test_set_confirms_until_another_plan_reads_it() {
    let bench = Bench::new();
    let test = DATASET.replace("\"dev\"", "\"test\"");
    bench.write("x.toml", &plan(&[&test, GUIDEPOST]));
    let read = |name: &str| {
        bench.ends(0, &["eval", "run", name, "--out", "out", "--cache", "cache"]);
        let report = bench.json("out/report.json");
        let dataset = &report["datasets"][0];
        (dataset["reads"].as_u64().unwrap(), dataset["exploratory"].as_bool().unwrap())
    };
    let freeze = |name| ["eval", "freeze", name, "--cache", "cache"];
    let frozen = bench.ends(0, &freeze("x.toml"));
    assert!(frozen.contains("primary measure nDCG@10") && frozen.contains("messages/test"));
    let seal = bench.read("x.freeze.json");
    bench.ends(0, &freeze("x.toml"));
    assert_eq!(bench.read("x.freeze.json"), seal, "frozen twice is frozen once");
    // A comment is no change of the plan.
    bench.edit("x.toml", "depth = 10", "depth = 10 # enough");
    assert_eq!(read("x.toml"), (1, false), "the first read confirms");
    for page in ["out/report.md", "out/report.html"] {
        assert!(bench.read(page).contains("confirmatory"), "{page}");
    }
    assert_eq!(read("x.toml"), (2, false), "the same plan again makes no new choice");
    // A changed plan cannot take over the seal, and whatever it reads explores.
    bench.edit("x.toml", "depth = 10", "depth = 9");
    let error = bench.refuses(&freeze("x.toml"));
    assert!(error.contains("was frozen as another plan on"), "{error}");
    assert_eq!(bench.read("x.freeze.json"), seal);
    assert_eq!(read("x.toml"), (3, true));
    for page in ["out/report.md", "out/report.html"] {
        assert!(bench.read(page).contains("exploratory"), "{page}");
    }
    bench.edit("x.toml", "depth = 9", "depth = 10");
    assert_eq!(read("x.toml"), (4, true), "another plan has read the set meanwhile");
    // Read first and frozen then.
    bench.edit("topics.jsonl", "will it rain on sunday", "will it snow on sunday");
    bench.write("y.toml", &bench.read("x.toml").replace("\"small\"", "\"smaller\""));
    assert_eq!(read("y.toml"), (1, true), "not frozen");
    bench.ends(0, &freeze("y.toml"));
    assert_eq!(read("y.toml"), (2, true), "a seal does not undo what was read before it");
    // A seal on other topics than those read.
    bench.edit("topics.jsonl", "will it snow on sunday", "will there be hail");
    bench.write("z.toml", &bench.read("x.toml").replace("\"small\"", "\"smallest\""));
    bench.ends(0, &freeze("z.toml"));
    bench.edit("topics.jsonl", "will there be hail", "will there be sun");
    assert_eq!(read("z.toml"), (1, true), "another set than the one that was frozen");
    bench.edit("topics.jsonl", "will there be sun", "will there be hail");
    assert_eq!(read("z.toml"), (1, false));
    let reads = bench.read("reads.jsonl");
    assert_eq!(reads.lines().count(), 8, "{reads}");
    // A damaged count is an error, not a new beginning.
    bench.write("reads.jsonl", &format!("{reads}nonsense\n"));
    let error = bench.refuses(&["eval", "run", "z.toml", "--out", "out", "--cache", "cache"]);
    assert!(error.contains("reads.jsonl:9: is no read"), "{error}");
    bench.write("dev.toml", &plan(&[DATASET, GUIDEPOST]));
    let error = bench.refuses(&freeze("dev.toml"));
    assert!(error.contains("nothing to freeze"), "{error}");
}

#[test]
fn a_sweep_picks_on_anything_but_a_test_split() {
    let bench = Bench::new();
    let swept = "[sweep]\nfolds = 3\n[sweep.parameters]\n\"fusion.dense_weight\" = [0.0, 0.5, 1.0]\n\
                 \"lexical.title.weight\" = [1.0, 4.0]\n";
    let head = HEAD.replace("[primary]", &format!("{swept}[primary]"));
    bench.write("x.toml", &[&head, DATASET, GUIDEPOST].concat());
    bench.write("test.toml", &[&head, &DATASET.replace("\"dev\"", "\"test\""), GUIDEPOST].concat());
    let error = bench.refuses(&["eval", "sweep", "test.toml", "--cache", "cache"]);
    assert!(error.contains("is a test split, and nothing is ever picked on one"), "{error}");
    let sweep = ["eval", "sweep", "x.toml", "--out", "out", "--cache", "cache", "--json"];
    let printed = bench.ends(0, &sweep);
    let found: Value = serde_json::from_str(&printed).unwrap();
    fits("eval-sweep", &found);
    let points = found["points"].as_array().unwrap();
    assert_eq!(points.len(), 6);
    let best = points.iter().map(|p| p["objective"].as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!(found["chosen_objective"], best);
    assert!(points.iter().any(|p| p["parameters"] == found["chosen"] && p["objective"] == best));
    assert_eq!(found["chosen_by_fold"].as_array().unwrap().len(), 3);
    let outer = &found["outer"][0];
    // Nine families are answerable.
    assert_eq!((outer["n"].as_u64(), outer["n_topics"].as_u64()), (Some(9), Some(18)));
    let report = bench.json("out/report.json");
    let curves = report["responses"].as_array().unwrap();
    assert_eq!(curves.len(), 2);
    assert!(curves.iter().all(|curve| curve["outer"] == *outer));
    assert_eq!(bench.read("out/sweep.json"), printed);
    assert_eq!(bench.ends(0, &sweep), printed, "from the cache");
    // What is swept must exist.
    bench.write("bad.toml", &bench.read("x.toml").replace("lexical.title.weight", "lexical.tilte"));
    let error = bench.refuses(&["eval", "sweep", "bad.toml", "--cache", "cache"]);
    assert!(error.contains("sweeps `lexical.tilte`, which is no number"), "{error}");
    bench.write("none.toml", &plan(&[DATASET, GUIDEPOST]));
    let error = bench.refuses(&["eval", "sweep", "none.toml", "--cache", "cache"]);
    assert!(error.contains("has no `sweep` table"), "{error}");
}

#[test]
fn leaks_on_a_test_split_are_refused_unless_told() {
    let bench = Bench::new();
    let test = DATASET.replace("\"dev\"", "\"test\"");
    let fitted = "[[systems]]\nname = \"fitted\"\nfit = \"fit.jsonl\"\n";
    bench.write("fit.jsonl", &many_topics(48));
    bench.write("clean.toml", &plan(&[&test, GUIDEPOST]));
    bench.write("fitted.toml", &plan(&[&test, GUIDEPOST, fitted]));
    let run = |name| ["eval", "run", name, "--out", "out", "--cache", "cache"];
    // Messages with a number after them are nearly those of the test set.
    let error = bench.refuses(&run("fitted.toml"));
    assert!(error.contains("questions stand in fit.jsonl and"), "{error}");
    // A question of the test set is a question variant of the corpus.
    bench.edit(
        "topics.jsonl",
        "will it be sore when they test my hearing",
        "does an EAR check hurt",
    );
    let error = bench.refuses(&run("clean.toml"));
    assert!(
        error.contains("messages/test: 1 questions are question variants of the corpus"),
        "{error}"
    );
    assert!(error.contains("--despite-leaks"), "{error}");
    let error = bench.refuses(&["eval", "record", "clean.toml", "--to", "r", "--cache", "cache"]);
    assert!(error.contains("--despite-leaks"), "{error}");
    assert!(!bench.path("reads.jsonl").exists(), "a set that was refused has not been read");
    assert!(!bench.path("out").exists() && !bench.path("r").exists());
    let despite = ["--despite-leaks"];
    bench.ends(0, &[&run("clean.toml")[..], &despite].concat());
    let words = "1 questions are question variants of the corpus";
    assert!(warned(&bench.json("out/report.json"), words));
    assert!(warned(&bench.json("out/results.json"), words));
    assert!(bench.read("out/report.html").contains(words));
    assert!(bench.read("out/report.md").contains(words));
    assert_eq!(bench.read("reads.jsonl").lines().count(), 1);
    // So does a merge of shards that were told the same.
    for shard in ["1/2", "2/2"] {
        let out = format!("part{}", &shard[..1]);
        let shard = ["eval", "run", "clean.toml", "--shard", shard, "--out", &out];
        bench.refuses(&[&shard[..], &["--cache", "cache"]].concat());
        bench.ends(0, &[&shard[..], &["--cache", "cache"], &despite].concat());
    }
    bench.ends(0, &["eval", "merge", "clean.toml", "part1", "part2", "--out", "merged"]);
    assert!(warned(&bench.json("merged/report.json"), words));
    // `eval check` lists where.
    let listed = bench.ends(1, &["eval", "check", "topics.jsonl", "fit.jsonl"]);
    assert!(
        listed.contains(
            "a question variant of the corpus is a question: variant of ear-hurt, topics.jsonl m03"
        ),
        "{listed}"
    );
    assert!(listed.contains("nearly the same question in two sets"), "{listed}");
}

#[test]
fn a_label_whose_quote_is_gone_is_listed_and_never_a_pass() {
    let bench = Bench::new();
    let check = ["eval", "check", "topics.jsonl"];
    assert!(!bench.ends(0, &check).contains("label again"));
    let plan = plan(&[DATASET, FILES, GUIDEPOST]);
    let json = |report: &Report| serde_json::to_value(report).unwrap();
    let before = json(&bench.conduct(&plan, None).1);
    assert_eq!(before["warnings"].as_array().unwrap().len(), 2, "{}", before["warnings"]);
    let f1 = |report: &Value| {
        let figure = figure(report, "said", "answer F1");
        (figure["value"].as_f64().unwrap(), figure["n_topics"].as_u64().unwrap())
    };
    // Twelve of the answers are from the labelled document, each the quote itself.
    assert_eq!(f1(&before), (1.0, 12));
    // Two labels quote the text that goes, and "said" answers both from this document; their
    // answers still are what the labels quote.
    bench.place.edit("ear/ear-hurt.md", "The ear check does not hurt.", "It is quick.");
    let listed = bench.ends(1, &check);
    for id in ["m03", "m04"] {
        assert!(listed.contains(&format!("label again: topics.jsonl {id}: ")), "{listed}");
    }
    let after = json(&bench.conduct(&plan, None).1);
    assert!(warned(&after, "messages/dev: 2 labels quote text that the corpus no longer holds"));
    assert!(warned(&after, "m03, m04"), "{}", after["warnings"]);
    let answered = |id: &str| {
        let lines = bench.read("answers.jsonl");
        let line = lines.lines().find(|l| l.contains(id)).unwrap().to_owned();
        line.contains("\"document\":\"ear-hurt\"")
    };
    let from_it = u64::from(answered("m03")) + u64::from(answered("m04"));
    assert!(from_it > 0);
    assert_eq!(f1(&after), (1.0, 12 - from_it));
    // Their citations quote what does not stand there: not correct.
    let correct =
        |report: &Value| figure(report, "said", "citation correctness")["value"].as_f64().unwrap();
    assert!((correct(&before) - correct(&after) - from_it as f64 / 18.0).abs() < 1e-12);
    // A document that goes away.
    fs_err::remove_file(bench.path("corpus/tooth/tooth-eat.md")).unwrap();
    let listed = bench.ends(1, &check);
    assert!(listed.contains("label again: topics.jsonl m15: "), "{listed}");
}

#[test]
fn damaged_files_are_errors_with_file_line_and_cure() {
    let bench = Bench::new();
    let plan = plan(&[DATASET, FILES, GUIDEPOST]);
    let sound = ["topics.jsonl", "hits.trec", "answers.jsonl"];
    let sound: Vec<(&str, String)> = sound.iter().map(|name| (*name, bench.read(name))).collect();
    let cases: [(&str, &str, &str, &[&str]); 15] = [
        (
            "topics.jsonl",
            "{\"_id\":\"m02\"",
            "{\"_id\":\"m02",
            &["topics.jsonl:2", "each line must be"],
        ),
        (
            "topics.jsonl",
            "\"_id\":\"m02\"",
            "\"_id\":\"m01\"",
            &["topics.jsonl:2", "line 1", "unique"],
        ),
        ("topics.jsonl", "\"expected\":\"urgent\"", "\"expected\":\"urgnt\"", &["topics.jsonl:23"]),
        ("topics.jsonl", "\"documents\":[\"ear-hurt\"],", "", &["topics.jsonl:3", "documents"]),
        (
            "topics.jsonl",
            "\"family\":\"pain\"",
            "\"familly\":\"pain\"",
            &["topics.jsonl:3", "known: family"],
        ),
        ("hits.trec", "m01 Q0 ear-what 1 9 filed", "m01 Q0 ear-what 1 nan filed", &["hits.trec:1"]),
        (
            "hits.trec",
            "m01 Q0 tooth-braces 2 7",
            "m01 Q0 ear-what 2 7",
            &["hits.trec:2", "ear-what"],
        ),
        (
            "hits.trec",
            "m01 Q0 tooth-braces 2 7 filed",
            "m01 Q0 tooth-braces 7 filed",
            &["hits.trec:2", "column"],
        ),
        (
            "hits.trec",
            "m01 Q0",
            "x01 Q0",
            &["`filed` speaks of 1 topics that messages/dev does not hold"],
        ),
        ("answers.jsonl", "{\"_id\":\"m04\"", "\"_id\":\"m04\"", &["answers.jsonl:4"]),
        (
            "answers.jsonl",
            "\"_id\":\"m02\"",
            "\"_id\":\"m01\"",
            &["answers.jsonl:2", "keep one of the two"],
        ),
        (
            "answers.jsonl",
            "\"decision\":\"handover\"",
            "\"decision\":\"maybe\"",
            &["answers.jsonl:19", "write one object"],
        ),
        ("answers.jsonl", "\"confidence\":0.9", "\"confidence\":1e999", &["answers.jsonl:1"]),
        ("answers.jsonl", "\"_id\":\"m01\"", "\"_id\":\"x01\"", &["`said` speaks of 1 topics"]),
        (
            "answers.jsonl",
            "\"decision\":\"answer\",\"document\"",
            "\"decision\":\"answer\",\"documint\"",
            &["answers.jsonl:1"],
        ),
    ];
    for (file, from, to, expected) in cases {
        let text = &sound.iter().find(|(name, _)| *name == file).unwrap().1;
        assert!(text.contains(from), "{file} does not hold `{from}`:\n{text}");
        bench.write(file, &text.replacen(from, to, 1));
        let error = bench.failure(&plan);
        for words in expected {
            assert!(error.contains(words), "{file} with `{to}`: {error}");
        }
        bench.write(file, text);
    }
    // Packed files that end too early.
    let packed = guidepost::eval::compress::gzip(bench.read("topics.jsonl").as_bytes()).unwrap();
    fs_err::write(bench.path("topics.jsonl"), &packed[..packed.len() / 2]).unwrap();
    let error = bench.failure(&plan);
    assert!(error.contains("topics.jsonl"), "{error}");
    fs_err::write(bench.path("topics.jsonl"), packed).unwrap();
    bench.conduct(&plan, None);
}

#[test]
fn damaged_plans_are_errors_by_what_is_typed() {
    let bench = Bench::new();
    let plan = plan(&[DATASET, FILES, GUIDEPOST]);
    // Exit code 2, nothing on stdout, where it is.
    for (from, to, expected) in [
        ("depth = 10", "deepth = 10", "x.toml:5: unknown field `deepth`"),
        ("system = \"weighted\"", "system = \"wieghted\"", "`primary` names the system `wieghted`"),
        ("\"nDCG@10\", \"RR@10\"", "\"nDGC@10\", \"RR@10\"", "x.toml:4"),
        ("run = \"hits.trec\"", "run = \"hits.trek\"", "hits.trek"),
        ("topics = \"topics.jsonl\"", "topics = \"data:t.jsonl\"", "GUIDEPOST_DATA"),
    ] {
        assert!(plan.contains(from));
        bench.write("x.toml", &plan.replace(from, to));
        let error = bench.refuses(&["eval", "run", "x.toml", "--out", "out", "--cache", "cache"]);
        assert!(error.contains(expected), "{error}");
    }
    bench.write("x.toml", &plan);
    bench.place.edit("ear/ear-what.md", "[\"england\"]", "[\"ulster\"]");
    let error = bench.refuses(&["eval", "run", "x.toml", "--out", "out", "--cache", "cache"]);
    assert!(error.contains("ear/ear-what.md:6: "), "{error}");
    assert!(!bench.path("out").exists());
}

#[test]
fn programs_that_misbehave_are_errors_that_come_soon() {
    let bench = Bench::new();
    let answer = "echo \"{\\\"_id\\\":\\\"$id\\\"}\"";
    let each = |what: &str| {
        format!(
            "read -r first; echo '{{\"ready\":true}}'\nwhile read -r line; do\nid=${{line#*'\"_id\":\"'}}\n\
             id=${{id%%'\"'*}}\n{what}\ndone\n"
        )
    };
    let cases: [(&str, String, &str); 11] = [
        ("dies at once", "exit 3\n".to_owned(), "ended before it answered"),
        (
            "dies later",
            each(&format!("[ $id = m05 ] && exit 7; {answer}")),
            "ended before it answered",
        ),
        (
            "closes its output",
            "exec 1>&-; read -r x; exec sleep 60\n".to_owned(),
            "ended before it answered",
        ),
        (
            "is never ready",
            "read -r x; echo '{\"ready\":false}'; exec sleep 60\n".to_owned(),
            "must first write {\"ready\":true}",
        ),
        (
            "speaks nonsense",
            "read -r x; echo hello; exec sleep 60\n".to_owned(),
            "must first write",
        ),
        (
            "answers another topic",
            each("echo '{\"_id\":\"m99\"}'"),
            "answered another topic than it was asked",
        ),
        (
            "answers twice",
            each(&format!("{answer}; {answer}")),
            "answered another topic than it was asked",
        ),
        ("answers no JSON", each("echo \"$id: yes\""), "answered a line that is no answer"),
        (
            "answers an unknown key",
            each("echo \"{\\\"_id\\\":\\\"$id\\\",\\\"score\\\":1}\""),
            "no answer: Data error",
        ),
        ("answers bytes", each("printf '\\377\\376\\n'"), "before it answered"),
        (
            "ranks upwards",
            each(
                "echo \"{\\\"_id\\\":\\\"$id\\\",\\\"ranking\\\":[[\\\"a\\\",1],[\\\"b\\\",2]]}\"",
            ),
            "gave a ranking whose scores increase",
        ),
    ];
    // Without Guidepost systems there is nothing to embed: quick.
    let head = HEAD.replace("\"bm25f\"", "\"said\"").replace("\"weighted\"", "\"bad\"");
    for (name, text, expected) in cases {
        bench.write("bad.sh", &text);
        let plan = [&head, DATASET, FILES, &script("bad", "bad.sh")].concat();
        let start = Instant::now();
        let error = bench.failure(&plan);
        assert!(error.contains("program of the system `bad`"), "{name}: {error}");
        assert!(error.contains(expected), "{name}: {error}");
        assert!(start.elapsed() < Duration::from_secs(20), "{name}: {:?}", start.elapsed());
    }
    let missing = "[[systems]]\nname = \"bad\"\ncommand = [\"./no-such-program\"]\n";
    let error = bench.failure(&[&head, DATASET, FILES, missing].concat());
    assert!(error.contains("`./no-such-program` cannot be started"), "{error}");
    // By what is typed, the environment is at fault, not the plan.
    bench.write("x.toml", &[&head, DATASET, FILES, &script("bad", "bad.sh")].concat());
    bench.write("bad.sh", "exit 3\n");
    let output = bench.run(&["eval", "run", "x.toml", "--out", "out", "--cache", "cache"]);
    assert_eq!(output.status.code(), Some(3), "{}", both(&output));
    assert!(output.stdout.is_empty() && !bench.path("out").exists());
}

#[test]
fn conversions_say_what_they_leave_out() {
    let bench = Bench::new();
    let convert = |from: &str, to: &str, kind: &str| {
        let output = bench.run(&["eval", "convert", from, to, "--to-kind", kind]);
        assert_eq!(output.status.code(), Some(0), "{}", both(&output));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = convert("topics.jsonl", "folder", "beir");
    for words in [
        "topics to beir-folder: 24 topics, 18 judgements",
        "left out: decisions other than `answer` (6",
        "left out: families (24",
        "left out: topics with quotes (18",
        "left out: reasons not to answer (4",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = convert("folder", "back.jsonl", "topics");
    assert!(said.contains("left out: queries that the split does not judge (6"), "{said}");
    let set = read_topic_set(&bench.path("topics.jsonl")).unwrap();
    let back = read_topic_set(&bench.path("back.jsonl")).unwrap();
    let kept = |set: &guidepost::eval::topic::TopicSet| -> Vec<_> {
        let answered = set.topics.iter().filter(|t| !t.documents.is_empty());
        answered.map(|t| (t.id.clone(), t.text.clone(), t.expected, t.documents.clone())).collect()
    };
    assert_eq!(kept(&set), kept(&back), "what a BEIR folder can hold comes back");
    // Through packed files, to the byte.
    convert("topics.jsonl", "a.jsonl.gz", "topics");
    convert("a.jsonl.gz", "b.jsonl.zst", "topics");
    convert("b.jsonl.zst", "c.jsonl", "topics");
    convert("topics.jsonl", "d.jsonl", "topics");
    assert_eq!(bench.read("c.jsonl"), bench.read("d.jsonl"));
    assert_eq!(read_topic_set(&bench.path("c.jsonl")).unwrap(), set);
    assert!(fs_err::read(bench.path("a.jsonl.gz")).unwrap().starts_with(&[0x1f, 0x8b]));
    assert!(
        fs_err::read(bench.path("b.jsonl.zst")).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
    );
    // A tied run becomes one that no tool can reorder, once and for all.
    let said = convert("hits.trec", "free.trec.zst", "trec-run");
    assert!(said.contains("lowered so that no two hits tie"), "{said}");
    let said = convert("free.trec.zst", "free.trec.gz", "trec-run");
    assert!(!said.contains("left out"), "{said}");
    let (tied, free) = (bench.path("hits.trec"), bench.path("free.trec.gz"));
    let order = |path: &Path| -> Vec<(String, Vec<String>)> {
        let run = Run::read(path).unwrap();
        run.topics()
            .map(|(t, hits)| (t.to_owned(), hits.iter().map(|h| h.document.clone()).collect()))
            .collect()
    };
    assert_eq!(order(&tied), order(&free));
    // As JSON, and what cannot be said at all.
    let printed = bench.ends(
        0,
        &["eval", "convert", "topics.jsonl", "q.tsv", "--to-kind", "beir-qrels", "--json"],
    );
    let done: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&done["topics"], &done["rows"]), (&json!(18), &json!(18)));
    let error = bench.refuses(&["eval", "convert", "hits.trec", "x.jsonl", "--to-kind", "topics"]);
    assert!(error.contains("hits are no judgements and hold no text"), "{error}");
    assert!(!bench.path("x.jsonl").exists());
}

#[test]
fn scores_are_those_of_the_library() {
    let bench = Bench::new();
    bench.ends(0, &["eval", "convert", "topics.jsonl", "q.tsv", "--to-kind", "beir-qrels"]);
    let names =
        ["nDCG@10", "AP", "RR@10", "P(rel=2)@5", "nDCG(dcg='exp-log2')@3", "Bpref", "Judged@2"];
    let measures: Vec<Measure> = names.iter().map(|n| n.parse().unwrap()).collect();
    let qrels = Qrels::read(&bench.path("q.tsv")).unwrap();
    let found = evaluate(&qrels, &Run::read(&bench.path("hits.trec")).unwrap(), &measures);
    let mut expected = String::new();
    let mut by_topic = String::new();
    for (number, name) in names.iter().enumerate() {
        let _ = writeln!(expected, "{name}\t{}", found.mean(number));
    }
    for (number, topic) in found.topics.iter().enumerate() {
        for (values, name) in found.values.iter().zip(&names) {
            let _ = writeln!(by_topic, "{topic}\t{name}\t{}", values[number]);
        }
    }
    // The same hits packed, and with the lines of a topic far apart.
    let hits = bench.read("hits.trec");
    let compress = guidepost::eval::compress::zstd(hits.as_bytes()).unwrap();
    fs_err::write(bench.path("hits.zst"), compress).unwrap();
    let mut lines: Vec<&str> = hits.lines().collect();
    Dice(5).shuffle(&mut lines);
    bench.write("scattered.trec", &(lines.join("\n") + "\n"));
    for run in ["hits.trec", "hits.zst", "scattered.trec"] {
        let score = [&["eval", "score", run, "--qrels", "q.tsv", "--measure"][..], &names].concat();
        assert_eq!(bench.ends(0, &score), expected, "{run}");
        assert_eq!(bench.ends(0, &[&score[..], &["-t"]].concat()), by_topic, "{run}");
    }
    let json = ["eval", "score", "hits.trec", "--qrels", "q.tsv", "--json", "-t"];
    let printed: Value = serde_json::from_str(&bench.ends(0, &json)).unwrap();
    fits("eval-score", &printed);
    assert_eq!(printed["unjudged"], json!(["m19", "m20", "m21", "m22", "m23", "m24"]));
    let error = bench.refuses(&["eval", "score", "hits.trec", "--qrels", "q.tsv", "--strict"]);
    assert!(error.contains("6 topics of the run are not judged, `m19` the first"), "{error}");
}

#[test]
fn a_reader_of_scores_that_goes_away_is_a_success() {
    let bench = Bench::new();
    // More than a pipe holds.
    let mut run = String::new();
    let mut qrels = String::new();
    for topic in 0..20_000 {
        let _ = writeln!(run, "t{topic} Q0 d 1 1 r");
        let _ = writeln!(qrels, "t{topic} 0 d 1");
    }
    bench.write("big.trec", &run);
    bench.write("big.qrels", &qrels);
    for extra in [&["-t"][..], &["-t", "--json"], &[]] {
        let score = [&["eval", "score", "big.trec", "--qrels", "big.qrels"][..], extra].concat();
        let mut child =
            bench.command(&score).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{extra:?}: {}", both(&output));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{extra:?}");
    }
}

/// Whether a JSON value fits the schema that `eval schema` prints.
#[track_caller]
fn fits(name: &str, value: &Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_guidepost"))
        .args(["eval", "schema", name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", both(&output));
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, [""; 0], "{name}");
}

#[test]
fn what_is_printed_fits_its_schema() {
    let bench = Bench::new();
    let known = bench.ends(0, &["eval", "schema"]);
    assert!(known.lines().count() >= 7, "{known}");
    bench.write("x.toml", &plan(&[DATASET, GUIDEPOST, FILES]));
    let run = ["eval", "run", "x.toml", "--out", "out", "--cache", "cache", "--json"];
    let printed = bench.ends(0, &run);
    let report: Value = serde_json::from_str(&printed).unwrap();
    fits("eval-report", &report);
    fits("eval-report", &bench.json("out/report.json"));
    fits("eval-report", &bench.json("out/results.json"));
    assert_eq!(printed, bench.read("out/report.json"));
    let check =
        ["eval", "check", "topics.jsonl", "--labels", "topics.jsonl", "topics.jsonl", "--json"];
    let checked: Value = serde_json::from_str(&bench.ends(0, &check)).unwrap();
    fits("eval-check", &checked);
    assert_eq!(checked["agreement"]["decision"]["estimate"]["value"], 1.0);
    let gate = ["eval", "gate", "hits.trec", "hits.trec", "--topics", "topics.jsonl", "--json"];
    let verdict: Value = serde_json::from_str(&bench.ends(0, &gate)).unwrap();
    fits("eval-gate", &verdict);
    // A value that does not fit is found.
    let schema: Value =
        serde_json::from_str(&bench.ends(0, &["eval", "schema", "eval-gate"])).unwrap();
    let mut broken = verdict;
    broken["outcome"] = json!("perhaps");
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&broken));
    // Rendered again from its JSON, a report is the same page.
    bench.ends(0, &["eval", "report", "out/report.json", "--out", "again"]);
    for name in ["report.html", "report.md"] {
        assert_eq!(bench.read(&format!("out/{name}")), bench.read(&format!("again/{name}")));
    }
}

/// A transcript with folders taken out.
#[track_caller]
pub(crate) fn check(name: &str, bench: &Bench, arguments: &[&str]) {
    let output = bench.run(arguments);
    let folder = bench.place.root().display().to_string();
    let mut kept = format!(
        "$ guidepost {}\nexit code {}\n",
        arguments.join(" "),
        output.status.code().unwrap()
    );
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let said = String::from_utf8_lossy(bytes).replace(&folder, "[folder]");
        if said.is_empty() {
            let _ = writeln!(kept, "--- {name} is empty");
        } else {
            let _ = write!(kept, "--- {name}\n{said}");
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, kept));
}

#[test]
fn help_and_transcripts_are_those_kept() {
    let bench = Bench::new();
    check("eval-help", &bench, &["eval", "--help"]);
    bench.write(
        "small.jsonl",
        "{\"_id\":\"a\",\"text\":\"Does an ear check hurt?\",\"expected\":\"answer\",\"documents\":[\"ear-hurt\"],\"quotes\":[\"It hurts.\"]}\n\
         {\"_id\":\"b\",\"text\":\"who won the football\",\"expected\":\"handover\"}\n",
    );
    bench.write(
        "other.jsonl",
        "{\"_id\":\"a\",\"text\":\"Does an ear check hurt?\",\"expected\":\"handover\"}\n\
         {\"_id\":\"b\",\"text\":\"who won the football\",\"expected\":\"handover\"}\n",
    );
    check("eval-check", &bench, &["eval", "check", "small.jsonl"]);
    check("eval-check-two", &bench, &["eval", "check", "small.jsonl", "other.jsonl"]);
    check(
        "eval-check-labels",
        &bench,
        &["eval", "check", "--labels", "small.jsonl", "other.jsonl"],
    );
    bench.write("q.qrels", "a 0 ear-hurt 1\nb 0 ear-what 0\nc 0 ear-what 1\n");
    bench.write("r.trec", "a Q0 ear-what 1 2 r\na Q0 ear-hurt 2 1 r\nd Q0 ear-what 1 1 r\n");
    check("eval-score", &bench, &["eval", "score", "r.trec", "--qrels", "q.qrels"]);
    check(
        "eval-score-strict",
        &bench,
        &["eval", "score", "r.trec", "--qrels", "q.qrels", "--strict"],
    );
    bench.write("bad.trec", "a Q0 ear-what 1 2 r\na Q0 ear-what 2 1 r\n");
    check("eval-score-damaged", &bench, &["eval", "score", "bad.trec", "--qrels", "q.qrels"]);
    check(
        "eval-score-measure",
        &bench,
        &["eval", "score", "r.trec", "--qrels", "q.qrels", "-m", "nDGC@10"],
    );
    assert!(
        files(bench.place.root()).iter().all(|f| !f.starts_with(".guidepost")),
        "a check builds nothing"
    );
}
