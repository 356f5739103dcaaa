//! Nothing of a sensitive set is seen anywhere.
//!
//! Every text, answer, quote, id and family of the set holds a word that begins with `zqx`, and word
//! 4-grams that stand nowhere else; all of it lies in the folder `secret`. What any command prints,
//! and every other file there is afterwards (reports, records, the cache, seals, reads; unpacked
//! where they are packed; names of files too), holds no such word and no such 4-gram, nor, outside
//! the index, a 4-gram of what was answered.
//!
//! 1. Without a key, with a short set, or in shards, nothing is run.
//! 2. `eval run`, `record`, `verify`, `replay`, `freeze`, `sweep`, `check`, `compare`, `gate` and
//!    `score` show nothing of it, and what systems said is kept nowhere.
//! 3. Nor do errors, whatever is damaged: topics, hits, answers, judgements, programs.
//! 4. A plan can call a set sensitive that does not say so itself.
//! 5. It converts to topics only.
//! 6. Counts above 0 and below 10 are withheld.
//!
//! Runs and judgements in standard forms cannot say that they are sensitive: `eval score` on their
//! own names their topics where it is asked to (`-t`, `--json`, `--strict`).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use guidepost::eval::fit::query_of;
use guidepost::eval::topic::read_topic_set;
use serde_json::{Value, json};

use crate::evaluation::{Bench, both, script};
use crate::support::{bytes, files};

/// Begins every word that must not be seen.
const CANARY: &str = "zqx";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

/// Messages with their documents; `""` out of scope, `urgent` urgent.
const KINDS: [(&str, &str, usize); 6] = [
    ("does an ear check hurt", "ear-hurt", 14),
    ("what should i bring to my ear check", "ear-bring", 14),
    ("can i eat before my tooth check", "tooth-eat", 12),
    ("who won the football", "", 13),
    ("will it rain on sunday", "", 12),
    // A small cell.
    ("my mum collapsed in the waiting room", "urgent", 3),
];

const HEAD: &str = r#"
name = "inbox"
question = "Which of them finds the document?"
measures = ["nDCG@10", "RR@10"]
depth = 10
day = "2026-06-01"
minimum_slice = 4
[bootstrap]
replicates = 100
[primary]
measure = "nDCG@10"
baseline = "bm25f"
system = "weighted"
permutations = 500
"#;

const DATASET: &str = r#"
[[datasets]]
name = "inbox"
split = "dev"
topics = "secret/topics.jsonl"
corpus = "corpus"
"#;

const SYSTEMS: &str = r#"
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
run = "secret/hits.trec"
[[systems]]
name = "said"
answers = "secret/answers.jsonl"
"#;

/// Tells stderr everything, and answers with it.
const GOSSIP: &str = r#"
read -r first
echo '{"ready":true}'
while read -r line; do
  echo "$line" >&2
  id=${line#*'"_id":"'}
  id=${id%%'"'*}
  text=${line#*'"text":"'}
  text=${text%%'"'*}
  echo "{\"_id\":\"$id\",\"ranking\":[[\"ear-hurt\",2.0]],\"decision\":\"answer\",\"document\":\"ear-hurt\",\"confidence\":0.5,\"answer\":\"$text\",\"why\":\"$text\"}"
done
"#;

/// One topic of the set and what is said to it.
struct Secret {
    id: String,
    text: String,
    document: &'static str,
    line: String,
    answer: String,
}

fn secrets() -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (message, document, n) in KINDS {
        for _ in 0..n {
            let number = secrets.len();
            let id = format!("zqxid{number}");
            let text =
                format!("zqxtext{number} purple bicycles whisper while {message} zqxriver{number}");
            let quote = format!("zqxquote{number} green lanterns never sleep");
            // Every fourth label quotes what stands in the corpus.
            let quotes = match document {
                "ear-hurt" if number % 4 == 0 => json!(["The ear check does not hurt."]),
                _ => json!([quote]),
            };
            let labels = match document {
                "" => json!({ "expected": "handover", "reason": "out_of_scope_far" }),
                "urgent" => json!({ "expected": "urgent", "slices": ["alarm"] }),
                _ => json!({
                    "expected": "answer", "documents": [document], "quotes": quotes,
                    "slices": ["asked"],
                }),
            };
            let family = format!("zqxfamily{}", number / 2);
            let mut line = json!({ "_id": id, "text": text, "family": family });
            line.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
            let answer = format!("zqxanswer{number} seven silver kettles sing at noon");
            secrets.push(Secret { id, text, document, line: line.to_string() + "\n", answer });
        }
    }
    secrets
}

fn topics_of(secrets: &[Secret]) -> String {
    let header =
        json!({ "_set": { "sensitive": true, "name": "zqxname", "labelled_by": "zqxnurse" } });
    let lines: String = secrets.iter().map(|s| s.line.as_str()).collect();
    format!("{header}\n{lines}")
}

fn hits_of(secrets: &[Secret]) -> String {
    let mut run = String::new();
    for (number, secret) in secrets.iter().enumerate() {
        let right = if secret.document.is_empty() { "ear-what" } else { secret.document };
        let (first, second) =
            if number % 3 == 0 { ("ear-what#", right) } else { (right, "ear-what#") };
        for (rank, document) in [(1, first), (2, second)] {
            let _ = writeln!(run, "{} Q0 {document} {rank} {} zqxtag", secret.id, 10 - rank);
        }
    }
    run
}

fn answers_of(secrets: &[Secret]) -> String {
    let mut lines = String::new();
    for (number, secret) in secrets.iter().enumerate() {
        let line = if secret.document.is_empty() {
            json!({ "_id": secret.id, "decision": "handover", "confidence": 0.1 })
        } else {
            json!({
                "_id": secret.id, "decision": "answer", "document": secret.document,
                "confidence": 0.9 - number as f64 / 200.0, "answer": secret.answer,
                "citations": [{ "document": secret.document, "quote": secret.answer }],
            })
        };
        lines += &(line.to_string() + "\n");
    }
    lines
}

/// Words of a text, in small letters.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn grams(text: &str) -> impl Iterator<Item = String> {
    let words = words(text);
    let count = words.len().saturating_sub(3);
    (0..count).map(move |at| words[at..at + 4].join(" "))
}

/// What must not be seen.
struct Watch {
    bench: Bench,
    secret: BTreeSet<String>,
    /// 4-grams of what Guidepost answers: approved guidance, which the index holds as well.
    answered: BTreeSet<String>,
    /// Everything that was printed: what by, and what.
    printed: Vec<(String, String)>,
}

impl Watch {
    fn new() -> Watch {
        let bench = Bench::new();
        // What the other tests ask is not needed here, and holds other messages.
        for name in ["topics.jsonl", "hits.trec", "answers.jsonl", "alike.sh"] {
            fs_err::remove_file(bench.path(name)).unwrap();
        }
        fs_err::create_dir_all(bench.path("secret")).unwrap();
        let secrets = secrets();
        bench.write("secret/topics.jsonl", &topics_of(&secrets));
        bench.write("secret/hits.trec", &hits_of(&secrets));
        bench.write("secret/answers.jsonl", &answers_of(&secrets));
        bench.write("secret/key", KEY);
        bench.write("gossip.sh", GOSSIP);
        bench.write(
            "x.toml",
            &[HEAD, DATASET, SYSTEMS, FILES, &script("gossip", "gossip.sh")].concat(),
        );
        let engine = bench.place.engine();
        let mut answered = BTreeSet::new();
        for topic in read_topic_set(&bench.path("secret/topics.jsonl")).unwrap().topics {
            let query = query_of(&topic, "2026-06-01".parse().unwrap());
            let reply: Value = serde_json::from_str(&bytes(engine.reply(&query).unwrap())).unwrap();
            answered.extend(grams(reply["text"].as_str().unwrap()));
        }
        assert!(answered.contains("you can eat and"), "nothing is answered");
        let secret: BTreeSet<String> = secrets
            .iter()
            .flat_map(|s| {
                grams(&s.text).chain(grams(&s.line)).chain(grams(&s.answer)).collect::<Vec<_>>()
            })
            .collect();
        // What stands in the corpus, word for word, is no secret.
        let corpus = files(&bench.place.corpus());
        let public: BTreeSet<String> = corpus
            .iter()
            .flat_map(|file| {
                let bytes = fs_err::read(bench.place.corpus().join(file)).unwrap();
                grams(&String::from_utf8_lossy(&bytes)).collect::<Vec<_>>()
            })
            .collect();
        let secret = secret.difference(&public).cloned().collect();
        Watch { bench, secret, answered, printed: Vec::new() }
    }

    /// Runs a command; whatever it says is looked through at the end.
    fn run(&mut self, arguments: &[&str]) -> Output {
        let output = self.bench.run(arguments);
        self.printed.push((arguments.join(" "), both(&output)));
        output
    }

    /// A command with the key, which ends in a way.
    #[track_caller]
    fn ends(&mut self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(&[arguments, &["--id-key", "secret/key"]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// stderr of a command that fails.
    #[track_caller]
    fn fails(&mut self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let code = output.status.code().unwrap();
        assert!(code == 2 || code == 3, "{arguments:?} ends with {code}: {}", both(&output));
        both(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.bench.read(name)).unwrap()
    }

    /// What of the secrets a text holds.
    fn seen_in(&self, text: &str, answers_too: bool) -> Option<String> {
        let lower = text.to_lowercase();
        if let Some(at) = lower.find(CANARY) {
            let around: String = lower[at..].chars().take(24).collect();
            return Some(around);
        }
        grams(text).find(|gram| {
            self.secret.contains(gram) || (answers_too && self.answered.contains(gram))
        })
    }

    /// Looks through everything printed so far and every file outside `secret`.
    #[track_caller]
    fn nothing_is_seen(&self) {
        let mut seen = Vec::new();
        for (command, said) in &self.printed {
            if let Some(found) = self.seen_in(said, true) {
                seen.push(format!("`guidepost {command}` prints `{found}`"));
            }
        }
        let mut looked = 0;
        for file in files(self.bench.place.root()) {
            if file.starts_with("secret") {
                continue;
            }
            let name = file.display().to_string();
            let packed = fs_err::read(self.bench.path(&name)).unwrap();
            let plain = unpacked(&file, &packed);
            // The corpus and what is built from it hold what may be answered.
            let is_ours = ["corpus", ".guidepost", "cache/indices", "cache/lines"];
            let answers_too = !is_ours.iter().any(|folder| file.starts_with(folder));
            let text = format!("{name}\n{}", String::from_utf8_lossy(&plain));
            if let Some(found) = self.seen_in(&text, answers_too) {
                seen.push(format!("{name} holds `{found}`"));
            }
            looked += 1;
        }
        assert!(looked > 20 && !self.printed.is_empty());
        assert_eq!(seen, [""; 0]);
    }
}

fn unpacked(path: &Path, bytes: &[u8]) -> Vec<u8> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => guidepost::eval::compress::gunzip(bytes).unwrap(),
        _ => bytes.to_vec(),
    }
}

/// Numbers under any of some keys, anywhere in a JSON value.
fn numbers<'a>(value: &'a Value, keys: &[&str], found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| numbers(item, keys, found)),
        Value::Object(map) => {
            for (key, value) in map {
                if keys.contains(&key.as_str()) {
                    found.push((key.clone(), value));
                }
                numbers(value, keys, found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_watch_sees_what_is_there() {
    let watch = Watch::new();
    for seen in [
        "an id zqxid7 in a line",
        "ZQXTEXT",
        "…, purple bicycles\n whisper WHILE, …",
        "seven silver kettles sing",
    ] {
        assert!(watch.seen_in(seen, false).is_some(), "{seen}");
    }
    let reply = "You can eat and drink before a tooth check.";
    assert_eq!(watch.seen_in(reply, false), None);
    assert!(watch.seen_in(reply, true).is_some());
    assert_eq!(watch.seen_in("a report of a sensitive set with counts alone", true), None);
}

#[test]
fn commands_on_experiments_show_nothing() {
    let mut watch = Watch::new();
    let run = ["eval", "run", "x.toml", "--out", "out", "--cache", "cache"];
    let error = watch.fails(&run);
    assert!(error.contains("is sensitive and needs a key for its ids"), "{error}");
    assert!(!watch.bench.path("out").exists(), "nothing is run without a key");

    let printed = watch.ends(0, &[&run[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["datasets"][0]["sensitive"], true);
    assert_eq!(report["worst"], json!([]));
    assert_eq!(report["differences"], json!([]));
    // Not by saying nothing at all; the program's gossip went nowhere.
    let cells = report["measures"].as_array().unwrap();
    assert_eq!(cells.iter().filter(|cell| cell["estimate"]["value"].is_number()).count(), 8);
    assert_eq!(report["answering"].as_array().unwrap().len(), 4);
    let cells = watch.bench.path("cache/cells");
    assert!(!cells.exists() || files(&cells).is_empty(), "what systems said is kept nowhere");

    let latency = HEAD.replace(
        "[primary]",
        "[latency]\nrounds = 1\nthreads = [1]\nrate = 500.0\ncold = 1\n[primary]",
    );
    let latency = latency.replace("\"bm25f\"", "\"weighted\"");
    let only = "[[systems]]\nname = \"weighted\"\ncalibrator = \"sharp.json\"\n";
    watch.bench.write("timed.toml", &[&latency, DATASET, only].concat());
    watch.ends(0, &["eval", "run", "timed.toml", "--out", "timed", "--cache", "cache"]);
    assert!(!watch.json("timed/report.json")["latency"].as_array().unwrap().is_empty());

    watch.ends(0, &["eval", "record", "x.toml", "--to", "records", "--cache", "cache"]);
    let record = crate::support::names(&watch.bench.path("records")).remove(0);
    let record = format!("records/{record}");
    watch.run(&["eval", "verify", &record]);
    let replay = ["eval", "replay", &record, "--cache", "cache"];
    watch.ends(0, &replay);
    let without = watch.run(&replay);
    assert_eq!(without.status.code(), Some(5), "{}", both(&without));
    let sound = watch.bench.read("secret/topics.jsonl");
    watch.bench.write("secret/topics.jsonl", &sound.replace("football", "zqxball"));
    watch.ends(5, &replay);
    watch.bench.write("secret/topics.jsonl", &sound);
    let values = watch.bench.path(&record).join("results.json");
    let changed = fs_err::read_to_string(&values).unwrap().replacen("0.", "0.9", 1);
    fs_err::write(&values, changed).unwrap();
    watch.ends(1, &replay);
    watch.run(&["eval", "verify", &record]);

    let shard = ["eval", "run", "x.toml", "--shard", "1/2", "--out", "part", "--cache", "cache"];
    let error = watch.fails(&[&shard[..], &["--id-key", "secret/key"]].concat());
    assert!(error.contains("it cannot be sharded"), "{error}");

    watch.bench.write("test.toml", &watch.bench.read("x.toml").replace("\"dev\"", "\"test\""));
    watch.ends(0, &["eval", "freeze", "test.toml", "--cache", "cache"]);
    watch.ends(0, &["eval", "run", "test.toml", "--out", "test", "--cache", "cache"]);
    let sweep =
        "[sweep]\nfolds = 3\nparameters = { \"fusion.dense_weight\" = [0.2, 0.8] }\n[primary]";
    let plan = [&HEAD.replace("[primary]", sweep), DATASET, SYSTEMS].concat();
    watch.bench.write("sweep.toml", &plan);
    watch.ends(0, &["eval", "sweep", "sweep.toml", "--out", "swept", "--cache", "cache"]);

    // Hashes of the files themselves could be guessed at.
    let print = guidepost::ids::Fingerprint::of(
        &fs_err::read(watch.bench.path("secret/topics.jsonl")).unwrap(),
    );
    for file in files(watch.bench.place.root()).iter().filter(|f| !f.starts_with("secret")) {
        let bytes =
            unpacked(file, &fs_err::read(watch.bench.path(&file.display().to_string())).unwrap());
        assert!(
            !String::from_utf8_lossy(&bytes).contains(&print.to_string()),
            "{}",
            file.display()
        );
    }
    watch.nothing_is_seen();
}

#[test]
fn commands_on_files_show_nothing() {
    let mut watch = Watch::new();
    let topics = "secret/topics.jsonl";
    let other = watch.bench.read(topics).replace("\"out_of_scope_far\"", "\"out_of_scope_near\"");
    let other = other.replacen("\"expected\":\"urgent\"", "\"expected\":\"clarify\"", 2);
    watch.bench.write("secret/other.jsonl", &other);
    // An open set that holds a message of the secret one: where it stands would give it away.
    let open = "{\"_id\":\"open-1\",\"text\":\"what is a tooth\"}\n";
    watch.bench.write("open.jsonl", open);
    for extra in [&[][..], &["--json"]] {
        for with_key in [&[][..], &["--id-key", "secret/key"]] {
            let check = [
                &["eval", "check", topics, "secret/other.jsonl", "open.jsonl"][..],
                extra,
                with_key,
            ];
            assert_eq!(watch.run(&check.concat()).status.code(), Some(1));
            let labels =
                [&["eval", "check", "--labels", topics, "secret/other.jsonl"][..], extra, with_key];
            // On which topics two labellers differ is what must not be shown.
            assert_eq!(watch.run(&labels.concat()).status.code(), Some(2));
        }
    }
    for command in [
        &["run", "--topics", topics, "--out", "secret/run.trec"][..],
        &["ask", "--batch", topics, "--out", "secret/replies.jsonl"],
        &["calibrate", "--topics", topics, "--report"],
    ] {
        let error = watch.fails(command);
        assert!(error.contains("the set is sensitive"), "{command:?}: {error}");
    }
    for kind in ["beir", "trec-qrels", "beir-qrels", "intents"] {
        let error = watch.fails(&["eval", "convert", topics, "converted", "--to-kind", kind]);
        assert!(error.contains("a sensitive set converts to topics only"), "{kind}: {error}");
        assert!(!watch.bench.path("converted").exists());
    }
    let convert = ["eval", "convert", topics, "secret/again.jsonl.gz", "--to-kind", "topics"];
    assert!(watch.run(&convert).status.success());
    assert!(watch.run(&[&convert[..], &["--json"]].concat()).status.success());
    let again = read_topic_set(&watch.bench.path("secret/again.jsonl.gz")).unwrap();
    assert!(again.header.sensitive, "the mark goes along");

    let hits = "secret/hits.trec";
    watch
        .bench
        .write("secret/worse.trec", &watch.bench.read(hits).replace(" ear-bring ", " ear-kids "));
    for command in ["compare", "gate"] {
        for extra in [&[][..], &["--json"]] {
            let judge = ["eval", command, hits, "secret/worse.trec", "--topics", topics];
            let output = watch.run(&[&judge[..], extra].concat());
            assert!([0, 1, 5].contains(&output.status.code().unwrap()), "{}", both(&output));
        }
    }
    let judge = [
        "eval",
        "gate",
        "default",
        "default",
        "--topics",
        topics,
        "--rounds",
        "1",
        "--now",
        "2026-06-01",
    ];
    let output = watch.run(&judge);
    assert!([0, 1, 5].contains(&output.status.code().unwrap()), "{}", both(&output));

    let mut qrels = String::new();
    for secret in secrets().iter().filter(|s| !s.document.is_empty()) {
        let _ = writeln!(qrels, "{} 0 {} 1", secret.id, secret.document);
    }
    watch.bench.write("secret/qrels", &(qrels + "zqxid99 0 ear-what 1\n"));
    let score = watch.run(&["eval", "score", hits, "--qrels", "secret/qrels"]);
    assert!(score.status.success(), "{}", both(&score));
    let judged = watch.run(&["eval", "check", "--run", hits, "--qrels", "secret/qrels"]);
    assert!(judged.status.success(), "{}", both(&judged));
    watch.nothing_is_seen();
}

#[test]
fn errors_show_nothing() {
    let mut watch = Watch::new();
    let run =
        ["eval", "run", "x.toml", "--out", "out", "--cache", "cache", "--id-key", "secret/key"];
    // Without Guidepost systems, which would have to be asked first.
    let head = HEAD.replace("\"bm25f\"", "\"filed\"").replace("\"weighted\"", "\"said\"");
    watch.bench.write("x.toml", &[&head, DATASET, FILES, &script("gossip", "gossip.sh")].concat());
    let first = "{\"_id\":\"zqxid0\"";
    let damages: [(&str, &str, &str); 17] = [
        ("secret/topics.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":\"zqxid0\""),
        ("secret/topics.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":\"zqx id\""),
        ("secret/topics.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":zqxid1"),
        ("secret/topics.jsonl", "\"_id\":\"zqxid1\"", "\"zqxkey\":1,\"_id\":\"zqxid1\""),
        ("secret/topics.jsonl", "\"expected\":\"urgent\"", "\"expected\":\"zqxurgent\""),
        ("secret/topics.jsonl", "\"documents\":[\"ear-hurt\"]", "\"documents\":[\"zqx doc\"]"),
        ("secret/topics.jsonl", "\"documents\":[\"ear-hurt\"],", ""),
        ("secret/topics.jsonl", "\"name\":\"zqxname\"", "\"name\":\"zqxname\",\"zqx\":1"),
        ("secret/topics.jsonl", "\"_set\"", "\"_sett\""),
        ("secret/hits.trec", "zqxid1 Q0 ear-what# 2", "zqxid1 Q0 ear-hurt 2"),
        ("secret/hits.trec", "zqxid1 Q0 ear-what# 2 8 zqxtag", "zqxid1 Q0 zqxriver1 8"),
        ("secret/hits.trec", "zqxid1 Q0 ear-what# 2 8", "zqxid1 Q0 ear-what# 2 zqxriver"),
        ("secret/hits.trec", "zqxid1 Q0", "zqxid999 Q0"),
        ("secret/answers.jsonl", first, "{\"_id\":\"zqxid1\""),
        ("secret/answers.jsonl", first, "{\"_id\":\"zqxid999\""),
        ("secret/answers.jsonl", first, "{\"zqxkey\":1,\"_id\":\"zqxid0\""),
        ("secret/answers.jsonl", first, "{\"_id\":zqxid0"),
    ];
    for (file, from, to) in damages {
        let sound = watch.bench.read(file);
        assert!(sound.contains(from), "{file} does not hold `{from}`");
        watch.bench.write(file, &sound.replacen(from, to, 1));
        watch.fails(&run);
        if file.ends_with("topics.jsonl") {
            watch.fails(&["eval", "check", file]);
            watch.fails(&["eval", "check", "--labels", file, file]);
            watch.fails(&["eval", "convert", file, "secret/x.jsonl", "--to-kind", "topics"]);
            watch.fails(&[
                "eval",
                "compare",
                "secret/hits.trec",
                "secret/hits.trec",
                "--topics",
                file,
            ]);
        }
        watch.bench.write(file, &sound);
    }
    let each =
        |what: &str| GOSSIP.replace("  echo \"{\\\"_id", &format!("  {what}\n  echo \"{{\\\"_id"));
    let programs = [
        "echo \"$line\" >&2; exit 1\n".to_owned(),
        "read -r x; echo \"$x\"\n".to_owned(),
        each("echo \"$line\""),
        each("echo \"{\\\"_id\\\":\\\"$text\\\"}\""),
        each("echo \"{\\\"_id\\\":\\\"$id\\\",\\\"$text\\\":1}\""),
        each("echo \"{\\\"_id\\\":\\\"$id\\\",\\\"decision\\\":\\\"$text\\\"}\""),
        each("echo \"{\\\"_id\\\":\\\"$id\\\",\\\"ranking\\\":[[\\\"$text\\\",1]]}\""),
        each("[ $id = zqxid7 ] && exit 4"),
    ];
    for program in programs {
        watch.bench.write("gossip.sh", &program);
        let error = watch.fails(&run);
        assert!(error.contains("program of the system `gossip`"), "{error}");
    }
    watch.bench.write("gossip.sh", GOSSIP);
    // A key that is none.
    watch.bench.write("secret/key", "zqxkey\n");
    watch.fails(&run);
    watch.bench.write("secret/key", KEY);
    // Too few to show anything of.
    let few: String =
        watch.bench.read("secret/topics.jsonl").split_inclusive('\n').take(20).collect();
    watch.bench.write("secret/topics.jsonl", &few);
    let error = watch.fails(&run);
    assert!(error.contains("holds fewer than 20 topics"), "{error}");
    watch.nothing_is_seen();
}

#[test]
fn a_plan_can_call_a_set_sensitive() {
    let mut watch = Watch::new();
    let run =
        ["eval", "run", "y.toml", "--out", "out", "--cache", "cache", "--id-key", "secret/key"];
    // Our own topics without their first line, and BEIR queries with judgements.
    let lines = watch.bench.read("secret/topics.jsonl");
    let bare: String = lines.split_inclusive('\n').skip(1).collect();
    watch.bench.write("secret/bare.jsonl", &bare);
    let mut queries = String::new();
    let mut qrels = "query-id\tcorpus-id\tscore\n".to_owned();
    for secret in secrets().iter().filter(|s| !["", "urgent"].contains(&s.document)) {
        let _ = writeln!(queries, "{}", json!({ "_id": secret.id, "text": secret.text }));
        let _ = writeln!(qrels, "{}\t{}\t1", secret.id, secret.document);
    }
    watch.bench.write("secret/queries.jsonl", &queries);
    watch.bench.write("secret/qrels.tsv", &qrels);
    let topics = DATASET.replace("topics.jsonl\"", "bare.jsonl\"\nsensitive = true");
    let beir = DATASET.replace(
        "topics = \"secret/topics.jsonl\"",
        "queries = \"secret/queries.jsonl\"\nqrels = \"secret/qrels.tsv\"\nsensitive = true",
    );
    for dataset in [&topics, &beir] {
        watch.bench.write("y.toml", &[HEAD, dataset, SYSTEMS].concat());
        assert!(watch.run(&run).status.success());
        let error = watch.fails(&run[..7]);
        assert!(error.contains("is sensitive and needs a key for its ids"), "{error}");
    }
    let damages: [(&str, &str, &str, &str); 8] = [
        (&topics, "secret/bare.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":\"zqxid0\""),
        (&topics, "secret/bare.jsonl", "\"_id\":\"zqxid1\"", "\"zqxkey\":1,\"_id\":\"zqxid1\""),
        (&topics, "secret/bare.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":\"zqx id\""),
        (&topics, "secret/bare.jsonl", "\"expected\":\"urgent\"", "\"expected\":\"zqxurgent\""),
        (&beir, "secret/queries.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":\"zqxid0\""),
        (&beir, "secret/queries.jsonl", "\"_id\":\"zqxid1\"", "\"_id\":\"zqxid777\""),
        (&beir, "secret/qrels.tsv", "zqxid1\tear-hurt", "zqxid0\tear-hurt"),
        (&beir, "secret/qrels.tsv", "ear-hurt\t1", "ear-hurt\tzqxgrade"),
    ];
    for (dataset, file, from, to) in damages {
        let sound = watch.bench.read(file);
        assert!(sound.contains(from), "{file} does not hold `{from}`");
        watch.bench.write("y.toml", &[HEAD, dataset, SYSTEMS].concat());
        watch.bench.write(file, &sound.replacen(from, to, 1));
        watch.fails(&run);
        watch.bench.write(file, &sound);
    }
    watch.nothing_is_seen();
}

#[test]
fn small_cells_are_withheld() {
    let mut watch = Watch::new();
    // A few labels to be made again, and a system that decides on all but two.
    let answers = watch.bench.read("secret/answers.jsonl");
    let partly: String = answers.split_inclusive('\n').skip(2).collect();
    watch.bench.write("secret/answers.jsonl", &partly);
    let topics = watch.bench.read("secret/topics.jsonl");
    let quoted: String = topics
        .split_inclusive('\n')
        .enumerate()
        .map(|(number, line)| match line.find("\"quotes\":") {
            Some(at) if number > 3 => {
                let end = at + line[at..].find(']').unwrap() + 2;
                format!("{}{}", &line[..at], &line[end..])
            }
            _ => line.to_owned(),
        })
        .collect();
    watch.bench.write("secret/topics.jsonl", &quoted);
    watch.ends(0, &["eval", "run", "x.toml", "--out", "out", "--cache", "cache"]);
    let report = watch.json("out/report.json");
    let small = |value: &Value| value.as_u64().is_some_and(|n| (1..10).contains(&n));
    let mut found = Vec::new();
    let keys = [
        "count",
        "counts",
        "wins",
        "ties",
        "losses",
        "answerable",
        "n_topics",
        "topics",
        "families",
    ];
    numbers(&report, &keys, &mut found);
    assert!(found.len() > 40, "{}", found.len());
    for (key, value) in found {
        let parts: Vec<&Value> =
            value.as_array().map_or_else(|| vec![value], |a| a.iter().collect());
        assert!(!parts.iter().any(|part| small(part)), "{key}: {value}");
    }
    // Three urgent messages: their cells, their slice, and what would tell them.
    let table = &report["answering"][0];
    let urgent =
        table["confusion"].as_array().unwrap().iter().filter(|c| c["expected"] == "urgent");
    assert!(urgent.filter(|c| c["count"] != 0).all(|c| c["count"].is_null()));
    let slices = table["slices"].as_array().unwrap();
    let alarm = slices.iter().find(|s| s["name"] == "alarm").unwrap();
    assert_eq!((&alarm["n_topics"], &alarm["figures"]), (&Value::Null, &json!([])));
    let page = watch.bench.read("out/report.md");
    assert!(page.contains("withheld: too small a cell to show for a sensitive set"));
    // Words count too.
    for warning in report["warnings"].as_array().unwrap() {
        let words = words(warning.as_str().unwrap());
        let told = words.iter().filter_map(|word| word.parse::<u64>().ok());
        let told: Vec<u64> = told.filter(|n| (1..10).contains(n)).collect();
        assert!(told.is_empty(), "{warning}");
    }
    let said = watch.ends(1, &["eval", "check", "secret/topics.jsonl"]);
    assert!(said.contains("label again"), "{said}");
    watch.nothing_is_seen();
}
