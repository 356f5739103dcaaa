//! Properties checked here, on the rules the corpus ships:
//! 1. every rule fits its examples, and no rule of its channel fits its counterexamples;
//! 2. the labelled messages raise an alarm, take a route, or do neither, as labelled;
//! 3. approved question variants raise no alarm unless their document is about symptoms, and take
//!    no route at all;
//! 4. an alarm survives company: harmless sentences before or after it, capitals, lost punctuation;
//! 5. denials, general questions and the long past raise none, mock denials do;
//! 6. the highest priority wins; the order of the sources does not matter; spans slice the message;
//! 7. every reply exists as a document; mistakes are collected with file, line and cure.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn rules() -> SafetyRules {
    SafetyRules::load(&corpus()).unwrap_or_else(|e| panic!("{e}"))
}

/// Labelled messages, written for these tests.
fn messages() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("messages.tsv").lines().skip(1);
    let columns = lines.filter_map(|line| {
        let mut columns = line.splitn(3, '\t');
        let expected = columns.next()?;
        columns.next()?;
        Some((expected, columns.next()?))
    });
    columns.collect()
}

fn urgent_messages() -> Vec<&'static str> {
    messages().into_iter().filter(|(e, _)| *e == "urgent").map(|(_, m)| m).collect()
}

fn outcome(rules: &SafetyRules, message: &str) -> &'static str {
    match (rules.assess(message), rules.route(message)) {
        (Some(_), _) => "urgent",
        (None, Some(_)) => "route",
        (None, None) => "none",
    }
}

#[track_caller]
fn none_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn rules_fit_their_examples_and_no_counterexample() {
    let failures: Vec<String> = rules().check_examples().iter().map(ToString::to_string).collect();
    none_wrong(&failures);
}

#[test]
fn labelled_messages() {
    let rules = rules();
    let messages = messages();
    assert!(messages.len() >= 300);
    let wrong: Vec<String> = messages
        .iter()
        .map(|&(expected, message)| (expected, outcome(&rules, message), message))
        .filter(|(expected, found, _)| expected != found)
        .map(|(expected, found, message)| format!("{expected}, not {found}: {message}"))
        .collect();
    none_wrong(&wrong);
}

/// Front matter of the documents of the corpus.
#[derive(serde::Deserialize)]
struct Front {
    kind: String,
    questions: Vec<String>,
    facts: Vec<String>,
}

fn documents() -> BTreeMap<String, Front> {
    let mut found = BTreeMap::new();
    for folder in fs_err::read_dir(corpus()).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs_err::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "md") {
                let text = fs_err::read_to_string(&path).unwrap();
                let front = text.split("+++").nth(1).unwrap_or_default();
                let name = path.display().to_string();
                found.insert(name, toml::from_str(front).unwrap());
            }
        }
    }
    found
}

/// Facts about what to do with a symptom: questions on them may well be reports.
const SYMPTOM_FACTS: [&str; 7] =
    ["B25-interval", "B33-implcheck", "B40-symptoms", "B44-trans-afab", "B46-men", "W07", "E05"];

#[test]
fn approved_questions_reach_retrieval() {
    let rules = rules();
    let mut wrong = Vec::new();
    for (path, front) in documents() {
        let about_symptoms = front.facts.iter().any(|f| SYMPTOM_FACTS.contains(&f.as_str()));
        for question in &front.questions {
            let found = outcome(&rules, question);
            if found == "route" || found == "urgent" && !about_symptoms {
                wrong.push(format!("{found}: {question} ({path})"));
            }
        }
    }
    none_wrong(&wrong);
}

#[test]
fn replies_are_documents_of_the_right_kind() {
    let documents = documents();
    let rules = rules();
    let kind_of = |id: &DocumentId| {
        let file = format!("/{id}.md");
        documents.iter().find(|(path, _)| path.ends_with(&file)).map(|(_, f)| f.kind.as_str())
    };
    for id in rules.replies() {
        assert!(matches!(kind_of(id), Some("safety" | "route")), "{id}");
    }
    for channel in rules.channels().filter(|c| c.decision == Decision::Urgent) {
        assert_eq!(kind_of(&channel.reply), Some("safety"), "{}", channel.id);
    }
}

#[test]
fn company_does_not_silence_an_alarm() {
    let rules = rules();
    let company: [fn(&str) -> String; 6] = [
        |m| format!("Hi, hope you are well. What should I wear? {m}"),
        |m| format!("{m}. Can I bring my sister?"),
        |m| format!("No worries about the parking. {m}"),
        |m| format!("{m}\nThanks, is there a lift?"),
        str::to_uppercase,
        |m| m.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect(),
    ];
    let messages = urgent_messages();
    let english = messages.iter().filter(|m| m.is_ascii());
    let varied = english.flat_map(|m| company.iter().map(|change| change(m)));
    let silent: Vec<String> = varied.filter(|m| rules.assess(m).is_none()).collect();
    none_wrong(&silent);
}

#[track_caller]
fn check(message: &str, channel: Option<&str>) {
    let alarm = rules().assess(message);
    assert_eq!(alarm.as_ref().map(|a| a.channel.as_str()), channel, "{message}: {alarm:?}");
}

#[test]
fn denied_general_and_past_symptoms_are_none() {
    for message in [
        "no lumps",
        "I haven't got any lumps",
        "havent noticed any lumps, bumps or discharge",
        "never had a lump in my life",
        "without any bleeding or pain",
        "there isn't a lump",
        "no pain, lump or discharge",
        "what are the signs of breast cancer",
        "do mammograms find lumps?",
        "what should I look for, lumps?",
        "if I find a lump what happens",
        "people with a lump see the GP first dont they",
        "I had a lump removed in 2010",
        "found a lump in 1987 and had it removed",
        "my mum had a lump when she was 40",
    ] {
        check(message, None);
    }
}

#[test]
fn mock_denials_and_present_finds_are_alarms() {
    for message in [
        "no change, lump still there",
        "no pain but a lump",
        "I haven't told anyone about the lump",
        "not had this lump checked",
        "never had a lump before",
        "no, I found a lump",
        "I can't get my GP to see me about my lump",
        "had a lump removed in 2010 and now there is another one, a new lump",
        "my mum found a lump",
        "what are the signs of cancer, I have a lump",
        "will the mammogram see the lump I found",
        "my breast was removed in 2015 and I found a lump on the scar",
        "dont know if its a lump, its in my breast",
    ] {
        check(message, Some("breast-symptom"));
    }
}

#[test]
fn the_highest_priority_wins() {
    check("found a lump and my husband hits me", Some("domestic-abuse"));
    check("found a lump and i want to kill myself", Some("self-harm"));
    check("i want to die, ive taken an overdose", Some("emergency"));
    check("nipple discharge and crushing chest pain", Some("emergency"));
}

#[test]
fn sources_give_the_same_rules_in_any_order() {
    let rules = rules();
    let mut shuffled = rules.sources().to_vec();
    shuffled.reverse();
    let again = SafetyRules::from_sources(shuffled).unwrap();
    assert_eq!(rules.sources(), again.sources());
    for (_, message) in messages() {
        assert_eq!(rules.assess(message), again.assess(message));
        assert_eq!(rules.route(message), again.route(message));
    }
}

/// The shared word lists, and a file of one rule.
fn with_file(text: &str) -> Result<SafetyRules, SafetyError> {
    let words = fs_err::read_to_string(corpus().join("safety/words.toml")).unwrap();
    let sources = [("safety/words.toml", words.as_str()), ("safety/x.toml", text)];
    SafetyRules::from_sources(sources.map(|(p, t)| (p.to_owned(), t.to_owned())).into())
}

const HEAD: &str = r#"[channel]
id = "x"
decision = "urgent"
priority = 1
reply = "safety-x"
reason = "symptom"
[approval]
status = "approved"
by = "Somebody"
role = "example"
on = 2026-11-23
review_due = 2027-11-23
version = "1"
"#;

#[track_caller]
fn check_problems(text: &str, expected: &[&str]) {
    match with_file(text) {
        Ok(_) => panic!("no problem found"),
        Err(SafetyError::Invalid { problems }) => {
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(shown, expected);
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn mistakes_are_collected_with_line_and_cure() {
    let rule = r#"
[words]
ring = ["<ring>"]
blank = ["?!"]
[[rule]]
id = "a"
note = ""
all = ["<nowhere>"]
examples = ["one"]
[[rule]]
id = "a"
note = ""
"#;
    check_problems(
        &format!("{HEAD}{rule}"),
        &[
            "safety/x.toml:16: the word list `ring` includes itself; take the inclusion out",
            "safety/x.toml:17: `?!` holds no word; write a word or take the entry out",
            "safety/x.toml:19: the rule `a` has 0 counterexamples, at least 2 are needed; \
             add sentences that people might write",
            "safety/x.toml:19: the rule `a` has 1 examples, at least 4 are needed; \
             add sentences that people might write",
            "safety/x.toml:21: no word list is called `nowhere`; \
             add it under `[words]` or correct the name",
            "safety/x.toml:24: the rule `a` exists already; give one of them another name",
            "safety/x.toml:24: the rule `a` looks for nothing; \
             name at least one list or phrase in `all`",
        ],
    );
}

#[test]
fn a_broken_file_is_a_problem_too() {
    let broken = with_file("[channel]\nid = 3\n");
    assert!(matches!(broken, Err(SafetyError::Invalid { problems }) if problems.len() == 1));
    let no_cues = SafetyRules::from_sources(vec![("safety/x.toml".to_owned(), HEAD.to_owned())]);
    assert!(matches!(no_cues, Err(SafetyError::Invalid { .. })));
    assert!(SafetyRules::from_sources(Vec::new()).unwrap().assess("found a lump").is_none());
    assert_eq!(SafetyRules::load(Path::new("/nowhere")).unwrap().channels().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_text_is_survived_and_spans_slice(
        raws in proptest::collection::vec("(\\PC|lump|no |my |breast |\\.|,|found a ){0,30}", 200)
    ) {
        let rules = rules();
        for raw in raws {
            let alarm = rules.assess(&raw).map(|a| a.spans);
            let route = rules.route(&raw).map(|r| r.spans);
            for span in alarm.into_iter().chain(route).flatten() {
                prop_assert!(raw.get(span).is_some_and(|s| !s.is_empty()));
            }
        }
    }
}
