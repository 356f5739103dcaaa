//! The README promises only what is there.
//!
//! 1. Every command it shows parses.
//! 2. Every file it links to exists.
//! 3. The example it shows whole is `examples/embed.rs`.

use std::process::Command;

use crate::support::root;

fn readme() -> Option<String> {
    let path = root().join("README.md");
    if !path.exists() {
        eprintln!("there is no README.md yet: its commands were not checked");
        return None;
    }
    Some(fs_err::read_to_string(path).unwrap())
}

/// Lines after `$ ` in `console` blocks, continued lines joined.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap().replace("\\\n", " ");
        let lines = block.lines().filter_map(|line| line.trim().strip_prefix("$ "));
        found.extend(lines.map(str::to_owned));
    }
    found
}

/// Words of a shell line: blanks, double quotes, a comment at the end.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn its_commands_parse() {
    let Some(text) = readme() else { return };
    let mut tried = 0;
    for line in commands(&text) {
        let words = words(&line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (["guidepost", arguments @ ..] | ["cargo", "run", "--release", "--", arguments @ ..]) =
            words.as_slice()
        else {
            continue;
        };
        // In an empty folder they have nothing to work on; only the parser speaks of usage.
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_guidepost"))
            .args(arguments)
            .current_dir(folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            !told.contains("Usage:") && !told.contains("For more information"),
            "{line}\n{told}"
        );
        assert_ne!(output.status.code(), Some(70), "{line}\n{told}");
        tried += 1;
    }
    assert!(tried >= 5, "only {tried} commands were found");
}

#[test]
fn its_links_lead_somewhere() {
    let Some(text) = readme() else { return };
    let mut broken = Vec::new();
    for (at, _) in text.match_indices("](") {
        let target = text[at + 2..].split(')').next().unwrap().split('#').next().unwrap();
        let is_address = target.contains("://") || target.is_empty();
        if !is_address && !root().join(target).exists() {
            broken.push(target);
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_example_it_shows_is_the_one_that_runs() {
    let Some(text) = readme() else { return };
    let Some(block) = text.split("```rust").nth(1) else { return };
    let shown = block.split_once('\n').unwrap().1.split("```").next().unwrap();
    let example = fs_err::read_to_string(root().join("examples/embed.rs")).unwrap();
    let lines = |text: &str| -> Vec<String> {
        let code = text.lines().map(str::trim);
        code.filter(|l| !l.is_empty() && !l.starts_with("//!")).map(str::to_owned).collect()
    };
    assert_eq!(lines(shown), lines(&example));
}
