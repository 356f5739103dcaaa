//! Other people's systems as programs: JSON lines in, JSON lines out, one message at a time.
//!
//! The program is started once for a dataset. It reads a first line
//! `{"guidepost":1,"dataset":…,"corpus":"path of a corpus.jsonl","depth":…,"seed":…}`, makes itself
//! ready, and writes `{"ready":true}`. Then for every line `{"_id":…,"text":…}` it writes one line
//! `{"_id":…,"ranking":[["document",score],…]}`, with `decision`, `document`, `confidence`, `answer`
//! and `citations` where it has them. `{"ping":n}` is to be given back as `{"pong":n}` at once: what
//! the pipe and the program's JSON cost by themselves is measured with it and shown. When its input
//! ends, it ends. What it writes to stderr goes where ours goes, except on sensitive sets, where it
//! goes nowhere.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::cells::Row;
use crate::eval::topic::Topic;

/// Version of the protocol.
pub const PROTOCOL: u32 = 1;

/// A program under way.
pub struct Program {
    system: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What a program is told first.
#[derive(Debug, Clone, Copy)]
pub struct Briefing<'a> {
    /// Name of the system, for errors.
    pub system: &'a str,
    /// Program and arguments.
    pub command: &'a [String],
    /// Folder it is started in.
    pub folder: &'a Path,
    /// Name of the dataset.
    pub dataset: &'a str,
    /// Its documents as JSON lines.
    pub corpus: &'a Path,
    /// Documents to rank.
    pub depth: usize,
    /// Seed of whatever it draws.
    pub seed: u64,
    /// Whether its stderr must not be shown.
    pub sensitive: bool,
}

/// A line that a program is written: the first one, a message to answer, or a ping.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Line<'a> {
    /// The first line, answered by `{"ready":true}`.
    Briefing {
        /// Version of the protocol.
        guidepost: u32,
        /// Name of the dataset.
        dataset: &'a str,
        /// Path of its documents as JSON lines.
        corpus: &'a Path,
        /// Documents to rank.
        depth: usize,
        /// Seed of whatever the program draws.
        seed: u64,
    },
    /// A message, answered by a row of answers.
    Message {
        /// Id of the topic.
        _id: &'a str,
        /// The message.
        text: &'a str,
    },
    /// A ping, answered by `{"pong":n}` with the same number.
    Ping {
        /// Any number.
        ping: u64,
    },
}

#[derive(Deserialize)]
struct Ready {
    ready: bool,
}

#[derive(Deserialize)]
struct Pong {
    pong: u64,
}

impl Program {
    /// Starts a program and waits until it is ready.
    ///
    /// # Errors
    /// [`ExperimentError::Program`] when it cannot be started or does not say that it is ready.
    pub fn start(briefing: &Briefing<'_>) -> Result<Program, ExperimentError> {
        let Some((name, arguments)) = briefing.command.split_first() else {
            return Err(ExperimentError::Program {
                system: briefing.system.to_owned(),
                message: "is not named".to_owned(),
            });
        };
        let stderr = if briefing.sensitive { Stdio::null() } else { Stdio::inherit() };
        let spawned = Command::new(name)
            .args(arguments)
            .current_dir(if briefing.folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                briefing.folder
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn();
        let failed = |message: String| ExperimentError::Program {
            system: briefing.system.to_owned(),
            message,
        };
        let mut child = spawned.map_err(|e| failed(format!("`{name}` cannot be started: {e}")))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("has no pipes".to_owned()));
        };
        let mut program = Program {
            system: briefing.system.to_owned(),
            child,
            input: Some(input),
            output: BufReader::new(output),
        };
        let first = program.line(&Line::Briefing {
            guidepost: PROTOCOL,
            dataset: briefing.dataset,
            corpus: briefing.corpus,
            depth: briefing.depth,
            seed: briefing.seed,
        })?;
        let answer = program.exchange(&first)?;
        let ready = serde_json::from_str::<Ready>(&answer).is_ok_and(|r| r.ready);
        if !ready {
            return Err(program.wrong("must first write {\"ready\":true}"));
        }
        Ok(program)
    }

    /// Asks one topic; the time from outside comes with the row.
    ///
    /// # Errors
    /// [`ExperimentError::Program`] when it ends, or answers something else than the protocol asks.
    pub fn ask(&mut self, topic: &Topic) -> Result<(Row, Duration), ExperimentError> {
        let line = self.line(&Line::Message { _id: topic.id.as_str(), text: &topic.text })?;
        let start = Instant::now();
        let answer = self.exchange(&line)?;
        let took = start.elapsed();
        // serde's messages quote what they read, and a message may be sensitive.
        let row: Row = serde_json::from_str(&answer).map_err(|e| {
            self.wrong(&format!(
                "answered a line that is no answer: {:?} error at column {}; see METHODOLOGY.md for the form",
                e.classify(),
                e.column()
            ))
        })?;
        if row.topic != topic.id.as_str() {
            return Err(self.wrong("answered another topic than it was asked"));
        }
        row.check().map_err(|message| self.wrong(message))?;
        Ok((row, took))
    }

    /// What a message costs that does nothing: one way there and back.
    ///
    /// # Errors
    /// As [`Program::ask`].
    pub fn ping(&mut self, number: u64) -> Result<Duration, ExperimentError> {
        let line = self.line(&Line::Ping { ping: number })?;
        let start = Instant::now();
        let answer = self.exchange(&line)?;
        let took = start.elapsed();
        match serde_json::from_str::<Pong>(&answer) {
            Ok(Pong { pong }) if pong == number => Ok(took),
            _ => Err(self.wrong("must answer {\"ping\":n} with {\"pong\":n}")),
        }
    }

    fn line(&self, line: &Line<'_>) -> Result<String, ExperimentError> {
        serde_json::to_string(line)
            .map_err(|_| self.wrong("cannot be told of a corpus whose path is not UTF-8"))
    }

    fn exchange(&mut self, line: &str) -> Result<String, ExperimentError> {
        let Some(input) = &mut self.input else {
            return Err(self.wrong("has ended"));
        };
        let written = writeln!(input, "{line}").and_then(|()| input.flush());
        let mut answer = String::new();
        let read = written.and_then(|()| self.output.read_line(&mut answer));
        match read {
            Ok(0) | Err(_) => {
                let status = self.status();
                let how = status.map_or_else(String::new, |s| format!(" ({s})"));
                Err(self.wrong(&format!("ended before it answered{how}")))
            }
            Ok(_) => Ok(answer),
        }
    }

    /// How it ended, if it ends within a moment.
    fn status(&mut self) -> Option<std::process::ExitStatus> {
        for _ in 0..50 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    fn wrong(&self, message: &str) -> ExperimentError {
        ExperimentError::Program { system: self.system.clone(), message: message.to_owned() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its input ends, so it ends; one that does not is ended.
        self.input = None;
        if self.status().is_some() {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
