//! House rules as tests, read from the source text alone.
//!
//! 1. Every source file opens with `//!`.
//! 2. Layers: a module names only modules below it (the order stands in [`LAYERS`]). Edges that
//!    break the order stand in [`DEBTS`], each with its way out; a new one fails, and so does one
//!    that is listed but gone.
//! 3. Nothing is `async` outside `serve`.
//! 4. Library code holds no `unwrap()`, `expect(`, `panic!`, `todo!` or `unimplemented!`.
//! 5. `unsafe` stands in the encoder's kernels and the one memory map of the snapshot only.
//! 6. `score`, `statistics`, `fuse` and `calibrate` do no IO and read no clock.
//! 7. Only the command line's printer writes to stdout or stderr.
//! 8. No test is ignored.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{files, root};

/// Modules of the crate from the lowest layer up; modules in one row do not know each other.
const LAYERS: &[&[&str]] = &[
    &["ids", "score", "statistics", "durable"],
    &["text"],
    &["corpus"],
    &["embed"],
    &["index"],
    &["retrieve"],
    &["fuse", "rerank"],
    &["calibrate"],
    &["triage"],
    &["answer", "dialogue"],
    &["error", "query"],
    &["engine"],
    &["eval"],
    &["cli", "serve"],
];

/// Edges against the order that stand today: (module, names, how it would go away).
const DEBTS: &[(&str, &str, &str)] = &[(
    "index",
    "dialogue",
    "pass the compiled rules to the build instead of compiling them there",
)];

/// A source file, tests and comments taken out.
struct Source {
    path: String,
    /// The file as it is.
    whole: String,
    /// Without comments, string contents and everything from the first `#[cfg(test)]` on.
    code: String,
}

impl Source {
    /// The crate's module the file belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }
}

fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let rust = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "rs");
    let found: Vec<Source> = files(&folder)
        .into_iter()
        .filter(rust)
        .map(|path| {
            let whole = fs_err::read_to_string(folder.join(&path)).unwrap();
            Source { path: name(&path), code: code_of(&path, &whole), whole }
        })
        .collect();
    assert!(found.len() > 40, "only {} source files found", found.len());
    found
}

fn name(path: &Path) -> String {
    path.components().map(|c| c.as_os_str().to_str().unwrap()).collect::<Vec<_>>().join("/")
}

fn code_of(path: &Path, whole: &str) -> String {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    if in_tests || ["tests", "testing", "fixture"].contains(&stem) {
        return String::new();
    }
    let library = whole.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut code = String::new();
    for line in library.lines() {
        let line = if line.trim_start().starts_with("//") { "" } else { line };
        code.push_str(&without_strings(line));
        code.push('\n');
    }
    code
}

/// A line with the contents of its string literals blanked and a trailing comment cut. Good
/// enough for house rules: a literal over several lines only hides what it holds.
fn without_strings(line: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if inside => {
                chars.next();
            }
            '"' => {
                inside = !inside;
                kept.push('"');
            }
            '/' if !inside && chars.peek() == Some(&'/') => break,
            _ if !inside => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// Whether a text holds a word, not as a part of another one.
fn holds_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// Lines of library code that hold any of some needles, as `file:line: text`.
fn lines_with(needles: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !allowed(&s.path)) {
        for (number, line) in (1..).zip(source.code.lines()) {
            if needles.iter().any(|needle| line.contains(needle)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    found
}

#[test]
fn every_module_opens_with_its_question() {
    let without: Vec<String> = sources()
        .into_iter()
        .filter(|s| !s.whole.starts_with("//!") && !s.path.ends_with("/tests.rs"))
        .map(|s| s.path)
        .collect();
    assert_eq!(without, [""; 0], "files that do not open with `//!`");
}

#[test]
fn modules_name_only_modules_below_them() {
    let layer = |module: &str| LAYERS.iter().position(|row| row.contains(&module));
    let mut debts: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut broken = Vec::new();
    for source in sources() {
        let from = source.module();
        if from == "lib" || from == "main" {
            continue;
        }
        let Some(own) = layer(from) else {
            panic!("module `{from}` stands in no layer: give it one in LAYERS");
        };
        for named in named_modules(&source.code) {
            let Some(other) = layer(&named) else {
                panic!("{}: `crate::{named}` stands in no layer", source.path);
            };
            if named == from || other < own {
                continue;
            }
            match DEBTS.iter().find(|(f, t, _)| (*f, *t) == (from, named.as_str())) {
                Some((f, t, _)) => {
                    debts.insert((f, t));
                }
                None => broken.push(format!("{}: {from} must not know {named}", source.path)),
            }
        }
    }
    assert_eq!(broken, [""; 0], "edges against the order of layers");
    let paid: Vec<_> = DEBTS.iter().filter(|(f, t, _)| !debts.contains(&(*f, *t))).collect();
    assert!(paid.is_empty(), "these debts are paid; take them off the list: {paid:?}");
}

/// Modules of the crate that code names as `crate::module`, in `use` lists too.
fn named_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        let listed: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        for item in listed {
            let word: String = item
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_')
                .collect();
            if !word.is_empty() {
                found.insert(word);
            }
        }
    }
    found
}

#[test]
fn nothing_is_async_below_serve() {
    let found: Vec<String> = sources()
        .into_iter()
        .filter(|s| !s.path.starts_with("serve/"))
        .filter(|s| holds_word(&s.code, "async") || s.code.contains(".await"))
        .map(|s| s.path)
        .collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn library_code_does_not_give_up() {
    let needles =
        [".unwrap()", ".expect(", "panic!(", concat!("to", "do!("), concat!("unimple", "mented!(")];
    let found = lines_with(&needles, |_| false);
    assert_eq!(found, [""; 0]);
}

#[test]
fn unsafe_stands_in_two_places() {
    let mut maps = 0;
    let mut found = Vec::new();
    for source in sources() {
        if source.path.starts_with("embed/encoder/kernels/") {
            continue;
        }
        let blocks = source.code.lines().filter(|line| holds_word(line, "unsafe")).count();
        match source.path.as_str() {
            "index/snapshot.rs" => maps = blocks,
            _ if blocks > 0 => found.push(source.path),
            _ => {}
        }
    }
    assert_eq!(found, [""; 0], "unsafe code outside the kernels and the memory map");
    assert_eq!(maps, 1, "one memory map in index/snapshot.rs");
}

#[test]
fn ranking_and_calibration_are_pure() {
    let needles = [
        "std::fs",
        "fs_err",
        "std::net",
        "std::process",
        "std::env",
        "Instant",
        "SystemTime",
        "Timestamp",
        "thread_rng",
        "rand::",
    ];
    let pure = |path: &str| {
        path == "score.rs"
            || ["fuse", "calibrate/", "statistics/"].iter().any(|room| path.starts_with(room))
    };
    let found = lines_with(&needles, |path| !pure(path));
    assert_eq!(found, [""; 0]);
    assert!(sources().iter().filter(|s| pure(&s.path)).count() >= 4, "nothing was looked at");
}

#[test]
fn only_the_printer_prints() {
    let needles =
        ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!(", "stdout()", "stderr()"];
    // The prompt of `chat` asks stdin and stderr whether they are terminals.
    let found =
        lines_with(&needles, |path| path == "cli/printer.rs" || path == "cli/commands/ask.rs");
    assert_eq!(found, [""; 0]);
}

#[test]
fn no_test_is_ignored() {
    let mark = concat!("#[", "ignore");
    let tests = root().join("tests/it");
    let in_tests = files(&tests).into_iter().map(|path| tests.join(path));
    let src = root().join("src");
    let in_src = files(&src).into_iter().map(|path| src.join(path));
    for path in in_tests.chain(in_src).filter(|p| p.extension().is_some_and(|e| e == "rs")) {
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(!text.contains(mark), "{} ignores a test", path.display());
    }
}
