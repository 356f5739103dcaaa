//! Does this message sound urgent?
//!
//! [`SafetyRules`] are read from `safety/*.toml` and `routes/*.toml` of a corpus, or from the same
//! texts stored in a snapshot. [`SafetyRules::assess`] tries every urgent channel on the whole raw
//! message, the highest priority first: one urgent part wins over everything else in the message.
//! A match says which rule fitted and on which bytes. The replies are documents, named here by id;
//! their text and its approval are not this module's business. A rules file whose own approval has
//! lapsed still raises alarms: silence would be the worse failure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::pattern::{
    Fault, Judgement, Message, Patterns, PatternsBuilder, RuleIndex, RuleText, Scope,
};
use crate::ids::DocumentId;
use crate::text::fold;
use crate::text::language::Languages;
use crate::text::place::line_of;

/// Folders of a corpus that hold rules, with `/` between folders.
const FOLDERS: [&str; 2] = ["safety", "routes"];
/// How the rule of an alarm begins that stands on the nearest approved example.
pub(super) const EXEMPLAR: &str = "exemplar:";
/// What a rule must show at least.
const LEAST_EXAMPLES: usize = 4;
const LEAST_COUNTEREXAMPLES: usize = 2;

/// What a channel leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// An approved safety text at once, and a person.
    Urgent,
    /// A person.
    Handover,
    /// A question back.
    Clarify,
    /// A friendly fixed line; nothing else is needed.
    Chat,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Decision::Urgent => "urgent",
            Decision::Handover => "handover",
            Decision::Clarify => "clarify",
            Decision::Chat => "chat",
        })
    }
}

/// A property of a whole message that no word list can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recogniser {
    /// The message holds a number or date that names one person.
    Identifiers,
    /// The message is not in English.
    OtherLanguage,
    /// The message holds no word.
    Wordless,
}

impl fmt::Display for Recogniser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Recogniser::Identifiers => "identifiers",
            Recogniser::OtherLanguage => "other-language",
            Recogniser::Wordless => "wordless",
        })
    }
}

/// One file of rules: what they lead to, and who approved them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Id, unique over both folders.
    pub id: String,
    /// What it leads to.
    pub decision: Decision,
    /// Channels of higher priority are tried first.
    pub priority: u32,
    /// The document that replies.
    pub reply: DocumentId,
    /// Reason code for logs and reports, such as `symptom` or `personal`.
    pub reason: String,
    /// A recogniser tried beside the rules.
    pub recogniser: Option<Recogniser>,
    /// Whether it takes one question among several and leaves the others to be answered; otherwise
    /// it takes the whole message.
    pub each_part: bool,
    /// Whether a rule that fits is never overruled.
    pub always: bool,
    /// The file it was read from, relative to the corpus root.
    pub path: String,
    /// Approval of the rules, not of the reply.
    pub approval: RulesApproval,
}

/// Who approved a file of rules, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesApproval {
    /// As written: `approved`, `draft` or `withdrawn`.
    pub status: String,
    /// Name of the approver.
    pub by: String,
    /// Role of the approver.
    pub role: String,
    /// Day of approval.
    pub on: Date,
    /// Day on which the next review is due.
    pub review_due: Date,
    /// Version, as the approver counts it.
    pub version: String,
}

/// A rule's sentences that must fit and must not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    id: String,
    reply: Option<DocumentId>,
    index: RuleIndex,
    examples: Vec<String>,
    counterexamples: Vec<String>,
}

/// A channel with its rules, in the order of the file.
#[derive(Debug)]
struct Compiled {
    channel: Channel,
    rules: Vec<Rule>,
    groups: Vec<Group>,
}

/// More examples of a channel, which no rule need fit.
#[derive(Debug)]
struct Group {
    id: String,
    texts: Vec<String>,
}

/// A sentence that the approved files give as an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'a> {
    /// The channel it belongs to; none for a sentence that belongs to no channel.
    pub channel: Option<&'a Channel>,
    /// The rule or group it stands under; empty for a sentence that belongs to no channel.
    pub rule: &'a str,
    /// The sentence.
    pub text: &'a str,
    /// Whether it belongs to the channel; otherwise it is there to show what does not.
    pub belongs: bool,
}

/// Turns spans of the visible text into spans of the raw text.
pub(super) fn lead_back(spans: &mut [Range<usize>], offsets: &[usize]) {
    for span in spans {
        let end = offsets.get(span.end.saturating_sub(1)).map_or(span.end, |last| last + 1);
        *span = offsets.get(span.start).copied().unwrap_or(span.start)..end;
    }
}

/// Where a rule fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit<'a> {
    pub(super) channel: &'a Channel,
    pub(super) reply: &'a DocumentId,
    pub(super) rule: String,
    pub(super) spans: Vec<Range<usize>>,
}

/// An urgent message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Id of the channel.
    pub channel: String,
    /// Priority of the channel.
    pub priority: u32,
    /// Reason code of the channel.
    pub reason: String,
    /// The document that replies.
    pub reply: DocumentId,
    /// Id of the rule that fitted.
    pub rule: String,
    /// Bytes of the raw message that the rule's parts fitted, in reading order.
    pub spans: Vec<Range<usize>>,
    /// Whether the channel is one that is never overruled.
    pub always: bool,
}

/// An urgent rule whose words stand in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mention<'a> {
    /// The rule's channel.
    pub channel: &'a Channel,
    /// Id of the rule.
    pub rule: &'a str,
    /// Whether the rule fits; otherwise its finding is denied, general or past.
    pub fits: bool,
}

/// All rules of a corpus, compiled.
#[derive(Debug)]
pub struct SafetyRules {
    /// By priority, highest first, then by path.
    channels: Vec<Compiled>,
    patterns: Patterns,
    languages: Languages,
    sources: Vec<(String, String)>,
    /// Sentences that belong to no channel.
    harmless: Vec<String>,
}

impl SafetyRules {
    /// Reads `safety/*.toml` and `routes/*.toml` under a corpus root; a corpus may have neither.
    ///
    /// # Errors
    /// [`SafetyError::Read`] when a folder or file cannot be read, [`SafetyError::Invalid`] with
    /// every problem of every file.
    pub fn load(root: &Path) -> Result<SafetyRules, SafetyError> {
        let mut sources = Vec::new();
        for folder in FOLDERS.into_iter().filter(|folder| root.join(folder).is_dir()) {
            for path in rule_files(&root.join(folder))? {
                let text = fs_err::read_to_string(&path).map_err(|e| read_error(&path, e))?;
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                sources.push((format!("{folder}/{}", name.unwrap_or_default()), text));
            }
        }
        SafetyRules::from_sources(sources)
    }

    /// Compiles rules from pairs of path and text. The order of the pairs has no influence.
    ///
    /// # Errors
    /// [`SafetyError::Invalid`] with every problem of every file.
    pub fn from_sources(mut sources: Vec<(String, String)>) -> Result<SafetyRules, SafetyError> {
        sources.sort();
        let mut reader = Reader::default();
        for (path, text) in &sources {
            reader.read(path, text);
        }
        reader.finish(sources)
    }

    /// The texts the rules were compiled from, by path: what a snapshot stores.
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }

    /// The channels, highest priority first.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter().map(|c| &c.channel)
    }

    /// Ids of all documents that may reply, sorted, each once.
    pub fn replies(&self) -> Vec<&DocumentId> {
        let of_rules = self.channels.iter().flat_map(|c| &c.rules).filter_map(|r| r.reply.as_ref());
        let mut replies: Vec<_> = self.channels().map(|c| &c.reply).chain(of_rules).collect();
        replies.sort();
        replies.dedup();
        replies
    }

    /// Whether the raw message sounds urgent, and by which rule.
    pub fn assess(&self, raw: &str) -> Option<Alarm> {
        if let Cow::Owned(shown) = fold::visible(raw) {
            let offsets = fold::visible_offsets(raw);
            let mut alarm = self.assess(&shown)?;
            lead_back(&mut alarm.spans, &offsets);
            return Some(alarm);
        }
        let message = self.patterns.read(raw);
        let fit = self.first_fit(&message, raw, |c| c.decision == Decision::Urgent, |_, _| None)?;
        Some(Alarm {
            channel: fit.channel.id.clone(),
            priority: fit.channel.priority,
            reason: fit.channel.reason.clone(),
            reply: fit.reply.clone(),
            rule: fit.rule,
            spans: fit.spans,
            always: fit.channel.always,
        })
    }

    /// The channel and the reply of a rule or recogniser, by the ids that a match names.
    pub fn named(&self, channel: &str, rule: &str) -> Option<(&Channel, &DocumentId)> {
        if let Some(example) = rule.strip_prefix(EXEMPLAR) {
            return self.reply_of(channel, example.rsplit('/').next().unwrap_or_default());
        }
        let compiled = self.channels.iter().find(|c| c.channel.id == channel)?;
        let own = &compiled.channel;
        if let Some(found) = compiled.rules.iter().find(|r| r.id == rule) {
            return Some((own, found.reply.as_ref().unwrap_or(&own.reply)));
        }
        own.recogniser.filter(|r| r.to_string() == rule).map(|_| (own, &own.reply))
    }

    /// Every sentence that the files give as an example, in the order in which rules are tried.
    pub fn examples(&self) -> impl Iterator<Item = Example<'_>> {
        let of_channels = self.channels.iter().flat_map(|compiled| {
            let channel = Some(&compiled.channel);
            let of_rules = compiled.rules.iter().flat_map(move |rule| {
                let examples = rule.examples.iter().map(|text| (text, true));
                let counterexamples = rule.counterexamples.iter().map(|text| (text, false));
                let both = examples.chain(counterexamples);
                both.map(move |(text, belongs)| Example { channel, rule: &rule.id, text, belongs })
            });
            let of_groups = compiled.groups.iter().flat_map(move |group| {
                group.texts.iter().map(move |text| Example {
                    channel,
                    rule: &group.id,
                    text,
                    belongs: true,
                })
            });
            of_rules.chain(of_groups)
        });
        let of_none = self.harmless.iter().map(|text| Example {
            channel: None,
            rule: "",
            text,
            belongs: false,
        });
        of_channels.chain(of_none)
    }

    /// The channel of an id, and the document that replies for one of its rules or groups.
    pub fn reply_of(&self, channel: &str, rule: &str) -> Option<(&Channel, &DocumentId)> {
        let compiled = self.channels.iter().find(|c| c.channel.id == channel)?;
        let of_rule = compiled.rules.iter().find(|r| r.id == rule).and_then(|r| r.reply.as_ref());
        Some((&compiled.channel, of_rule.unwrap_or(&compiled.channel.reply)))
    }

    /// The alarm that an approved example of a channel stands for, where no rule fits: the text its
    /// channel replies with. `None` for a channel that is not urgent or not there.
    pub fn alarm_like(&self, channel: &str, rule: &str, span: Range<usize>) -> Option<Alarm> {
        let (channel, reply) = self.reply_of(channel, rule)?;
        (channel.decision == Decision::Urgent).then(|| Alarm {
            channel: channel.id.clone(),
            priority: channel.priority,
            reason: channel.reason.clone(),
            reply: reply.clone(),
            rule: format!("{EXEMPLAR}{}/{rule}", channel.id),
            spans: vec![span],
            always: false,
        })
    }

    /// Whether some fitting rule belongs to a channel that is never overruled.
    pub fn is_certain(&self, raw: &str) -> bool {
        self.mentions(raw).iter().any(|m| m.fits && m.channel.always)
    }

    /// Urgent rules whose words stand in a message, in the order they are tried, and whether each
    /// fits: one that only names its finding is denied, general or past there.
    pub fn mentions(&self, raw: &str) -> Vec<Mention<'_>> {
        let shown = fold::visible(raw);
        let message = self.patterns.read(&shown);
        let urgent = self.channels.iter().filter(|c| c.channel.decision == Decision::Urgent);
        let rules = urgent.flat_map(|c| c.rules.iter().map(move |rule| (&c.channel, rule)));
        rules
            .filter_map(|(channel, rule)| {
                let fits = self.patterns.fit(rule.index, &message).is_some();
                let named = fits || self.patterns.names(rule.index, &message);
                named.then_some(Mention { channel, rule: &rule.id, fits })
            })
            .collect()
    }

    pub(super) fn languages(&self) -> &Languages {
        &self.languages
    }

    /// Reads a message once for every rule.
    pub(super) fn read(&self, raw: &str) -> Message {
        self.patterns.read(raw)
    }

    /// The first fit among the channels wanted; `recognise` answers for a channel's recogniser.
    pub(super) fn first_fit(
        &self,
        message: &Message,
        raw: &str,
        wanted: impl Fn(&Channel) -> bool,
        recognise: impl Fn(Recogniser, &str) -> Option<Vec<Range<usize>>>,
    ) -> Option<Fit<'_>> {
        self.channels.iter().filter(|c| wanted(&c.channel)).find_map(|c| {
            let channel = &c.channel;
            let by_rule = c.rules.iter().find_map(|rule| {
                let spans = self.patterns.fit(rule.index, message)?;
                let reply = rule.reply.as_ref().unwrap_or(&channel.reply);
                Some(Fit { channel, reply, rule: rule.id.clone(), spans })
            });
            by_rule.or_else(|| {
                let recogniser = channel.recogniser?;
                let spans = recognise(recogniser, raw)?;
                let rule = recogniser.to_string();
                Some(Fit { channel, reply: &channel.reply, rule, spans })
            })
        })
    }

    /// Runs every rule's examples and counterexamples; empty when all behave.
    pub fn check_examples(&self) -> Vec<ExampleFailure> {
        let mut failures = Vec::new();
        for compiled in &self.channels {
            for rule in &compiled.rules {
                self.check_rule(compiled, rule, &mut failures);
            }
        }
        failures
    }

    fn check_rule(&self, compiled: &Compiled, rule: &Rule, failures: &mut Vec<ExampleFailure>) {
        let failure = |text: &String, expected, found| ExampleFailure {
            path: compiled.channel.path.clone(),
            rule: rule.id.clone(),
            text: text.clone(),
            expected,
            found,
        };
        for text in &rule.examples {
            if self.patterns.fit(rule.index, &self.read(text)).is_none() {
                failures.push(failure(text, true, None));
            }
        }
        for text in &rule.counterexamples {
            let message = self.read(text);
            let fits = |r: &&Rule| self.patterns.fit(r.index, &message).is_some();
            if let Some(other) = compiled.rules.iter().find(fits) {
                failures.push(failure(text, false, Some(other.id.clone())));
            }
        }
    }
}

/// An example that does not fit its rule, or a counterexample that fits its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The file.
    pub path: String,
    /// Id of the rule that gives the sentence.
    pub rule: String,
    /// The sentence.
    pub text: String,
    /// Whether it should have fitted.
    pub expected: bool,
    /// The rule of the channel that fitted a counterexample.
    pub found: Option<String>,
}

impl fmt::Display for ExampleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, rule, text, .. } = self;
        match &self.found {
            None => write!(f, "{path}: rule `{rule}` does not fit its example `{text}`"),
            Some(found) => {
                write!(f, "{path}: rule `{found}` fits the counterexample of `{rule}`: `{text}`")
            }
        }
    }
}

/// Why rules cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetyError {
    /// A folder or file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Some files hold mistakes.
    #[error("{} in the safety and route rules:{}", count(problems.len()), lines(problems))]
    Invalid {
        /// Every mistake of every file, by path and line.
        problems: Vec<Problem>,
    },
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |shown, problem| format!("{shown}\n{problem}"))
}

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the corpus root.
    pub path: String,
    /// The line, from 1; 0 when it concerns the whole file.
    pub line: usize,
    /// What is wrong.
    pub mistake: Mistake,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, mistake } = self;
        write!(f, "{path}:{line}: {mistake}; {}", mistake.cure())
    }
}

/// What can be wrong in a rules file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// Not TOML, or not the tables a rules file has.
    #[error("{message}")]
    Form {
        /// The parser's message.
        message: String,
    },
    /// `<name>` names no list.
    #[error("no word list is called `{name}`")]
    UnknownList {
        /// The name.
        name: String,
    },
    /// A list includes itself.
    #[error("the word list `{name}` includes itself")]
    Cycle {
        /// The name.
        name: String,
    },
    /// A phrase holds no word.
    #[error("`{entry}` holds no word")]
    Wordless {
        /// The entry.
        entry: String,
    },
    /// A name is used twice.
    #[error("the {what} `{name}` exists already")]
    Twice {
        /// Channel, rule or word list.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A list that the engine needs is missing.
    #[error("the word list `{name}` is missing")]
    MissingCue {
        /// The name.
        name: &'static str,
    },
    /// A rule names nothing to look for.
    #[error("the rule `{rule}` looks for nothing")]
    Empty {
        /// The rule.
        rule: String,
    },
    /// Too few examples or counterexamples.
    #[error("the rule `{rule}` has {found} {what}, at least {least} are needed")]
    TooFew {
        /// The rule.
        rule: String,
        /// Examples or counterexamples.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        least: usize,
    },
    /// Rules without a channel.
    #[error("rules stand in a file without a `[channel]`")]
    NoChannel,
    /// A channel without an approval.
    #[error("the file has no `[approval]`")]
    NoApproval,
    /// A date that is none.
    #[error("`{value}` is not a date")]
    Date {
        /// The value.
        value: String,
    },
    /// A reply that is no document id.
    #[error("`{value}` is not a document id")]
    Reply {
        /// The value.
        value: String,
    },
}

impl Mistake {
    /// The way out.
    pub fn cure(&self) -> &'static str {
        match self {
            Mistake::Form { .. } => "see another file of the folder for the form",
            Mistake::UnknownList { .. } => "add it under `[words]` or correct the name",
            Mistake::Cycle { .. } => "take the inclusion out",
            Mistake::Wordless { .. } => "write a word or take the entry out",
            Mistake::Twice { .. } => "give one of them another name",
            Mistake::MissingCue { .. } => "add it under `[words]` in `safety/words.toml`",
            Mistake::Empty { .. } => "name at least one list or phrase in `all`",
            Mistake::TooFew { .. } => "add sentences that people might write",
            Mistake::NoChannel => "add a `[channel]` table",
            Mistake::NoApproval => "add an `[approval]` table",
            Mistake::Date { .. } => "write it as 2026-11-23",
            Mistake::Reply { .. } => "write the id of a document of the corpus",
        }
    }
}

fn read_error(path: &Path, source: std::io::Error) -> SafetyError {
    SafetyError::Read { path: path.to_owned(), source }
}

fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, SafetyError> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(|e| read_error(folder, e))? {
        let path = entry.map_err(|e| read_error(folder, e))?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    channel: Option<Spanned<ChannelText>>,
    approval: Option<Spanned<ApprovalText>>,
    #[serde(default)]
    words: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    spelling: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    slips: SlipsText,
    #[serde(default)]
    rule: Vec<RuleFile>,
    /// More examples of the channel, in groups.
    #[serde(default)]
    exemplars: Vec<GroupFile>,
    /// Sentences that belong to no channel, however they sound.
    #[serde(default)]
    harmless: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    id: String,
    texts: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SlipsText {
    /// Words that are never a slip of a list word.
    #[serde(default)]
    never: Vec<String>,
    /// List words of four letters that may be misspelt once.
    #[serde(default)]
    short: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelText {
    id: String,
    decision: Decision,
    priority: u32,
    reply: String,
    reason: String,
    recogniser: Option<Recogniser>,
    /// Whether the second look may take a rule that fits for a harmless mention.
    #[serde(default)]
    overrulable: bool,
    #[serde(default)]
    each_part: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalText {
    status: String,
    by: String,
    role: String,
    on: toml::value::Datetime,
    review_due: toml::value::Datetime,
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    id: Spanned<String>,
    /// For the reader of the file.
    #[serde(rename = "note")]
    _note: String,
    reply: Option<String>,
    #[serde(default)]
    all: Vec<Spanned<String>>,
    #[serde(default)]
    any: Vec<Spanned<String>>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
    within: Option<u32>,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    only: bool,
    most_words: Option<u32>,
    #[serde(default)]
    exact: bool,
    judge: Option<Vec<Judgement>>,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counterexamples: Vec<String>,
}

/// Entries to check once every list is in: path, line, entry.
type Pending = Vec<(String, usize, String)>;

#[derive(Default)]
struct Reader {
    builder: PatternsBuilder,
    channels: Vec<Compiled>,
    problems: Vec<Problem>,
    pending: Pending,
    harmless: Vec<String>,
}

impl Reader {
    fn problem(&mut self, path: &str, line: usize, mistake: Mistake) {
        self.problems.push(Problem { path: path.to_owned(), line, mistake });
    }

    fn read(&mut self, path: &str, text: &str) {
        let file: FileText = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_of(text, span.start));
                let message = error.message().trim().replace('\n', ", ");
                return self.problem(path, line, Mistake::Form { message });
            }
        };
        self.read_words(path, text, file.words);
        for (word, variants) in &file.spelling {
            self.builder.add_spelling(word, variants);
        }
        self.builder.add_never(&file.slips.never);
        self.builder.add_short(&file.slips.short);
        self.harmless.extend(file.harmless);
        match file.channel {
            Some(channel) => {
                let groups = file.exemplars.into_iter();
                let groups = groups.map(|g| Group { id: g.id, texts: g.texts }).collect();
                self.read_channel(path, text, channel, file.approval, (file.rule, groups));
            }
            None if file.rule.is_empty() && file.exemplars.is_empty() => {}
            None => self.problem(path, 0, Mistake::NoChannel),
        }
    }

    fn read_words(
        &mut self,
        path: &str,
        text: &str,
        words: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    ) {
        for (name, entries) in words {
            let line = line_of(text, name.span().start);
            for entry in &entries {
                let line = line_of(text, entry.span().start);
                self.pending.push((path.to_owned(), line, entry.as_ref().clone()));
            }
            let entries = entries.into_iter().map(Spanned::into_inner).collect();
            if !self.builder.add_list(name.as_ref(), entries) {
                let name = name.into_inner();
                self.problem(path, line, Mistake::Twice { what: "word list", name });
            }
        }
    }

    fn read_channel(
        &mut self,
        path: &str,
        text: &str,
        channel: Spanned<ChannelText>,
        approval: Option<Spanned<ApprovalText>>,
        (rules, groups): (Vec<RuleFile>, Vec<Group>),
    ) {
        let line = line_of(text, channel.span().start);
        let channel = channel.into_inner();
        let approval = approval.and_then(|a| {
            let line = line_of(text, a.span().start);
            self.read_approval(path, line, a.into_inner())
        });
        let Some(approval) = approval else {
            return self.problem(path, line, Mistake::NoApproval);
        };
        if self.channels.iter().any(|c| c.channel.id == channel.id) {
            let name = channel.id.clone();
            self.problem(path, line, Mistake::Twice { what: "channel", name });
        }
        let Some(reply) = self.read_reply(path, line, channel.reply) else {
            return;
        };
        let urgent = channel.decision == Decision::Urgent;
        let mut compiled = Compiled {
            channel: Channel {
                id: channel.id,
                decision: channel.decision,
                priority: channel.priority,
                reply,
                reason: channel.reason,
                recogniser: channel.recogniser,
                each_part: channel.each_part,
                always: !channel.overrulable,
                path: path.to_owned(),
                approval,
            },
            rules: Vec::new(),
            groups,
        };
        for rule in rules {
            let line = line_of(text, rule.id.span().start);
            if compiled.rules.iter().any(|r| r.id == *rule.id.as_ref()) {
                let name = rule.id.as_ref().clone();
                self.problem(path, line, Mistake::Twice { what: "rule", name });
            }
            if let Some(rule) = self.read_rule(path, text, line, rule, urgent) {
                compiled.rules.push(rule);
            }
        }
        self.channels.push(compiled);
    }

    fn read_reply(&mut self, path: &str, line: usize, reply: String) -> Option<DocumentId> {
        let id = DocumentId::new(reply.clone()).ok();
        if id.is_none() {
            self.problem(path, line, Mistake::Reply { value: reply });
        }
        id
    }

    fn read_approval(&mut self, path: &str, line: usize, a: ApprovalText) -> Option<RulesApproval> {
        let mut date = |value: toml::value::Datetime| {
            let value = value.to_string();
            let date = value.parse::<Date>().ok();
            if date.is_none() {
                self.problem(path, line, Mistake::Date { value });
            }
            date
        };
        let (on, review_due) = (date(a.on), date(a.review_due));
        Some(RulesApproval {
            status: a.status,
            by: a.by,
            role: a.role,
            on: on?,
            review_due: review_due?,
            version: a.version,
        })
    }

    fn read_rule(
        &mut self,
        path: &str,
        text: &str,
        line: usize,
        rule: RuleFile,
        urgent: bool,
    ) -> Option<Rule> {
        let id = rule.id.into_inner();
        if rule.all.is_empty() {
            self.problem(path, line, Mistake::Empty { rule: id });
            return None;
        }
        let counts = [
            ("examples", rule.examples.len(), LEAST_EXAMPLES),
            ("counterexamples", rule.counterexamples.len(), LEAST_COUNTEREXAMPLES),
        ];
        for (what, found, least) in counts {
            if found < least {
                let rule = id.clone();
                self.problem(path, line, Mistake::TooFew { rule, what, found, least });
            }
        }
        let reply = match rule.reply {
            Some(reply) => Some(self.read_reply(path, line, reply)?),
            None => None,
        };
        let all_judged = || vec![Judgement::Denied, Judgement::General, Judgement::Past];
        let default = if urgent { all_judged } else { Vec::new };
        let rule_text = RuleText {
            all: self.parts(path, text, rule.all),
            any: self.parts(path, text, rule.any),
            unless: self.parts(path, text, rule.unless),
            within: rule.within,
            scope: rule.scope,
            only: rule.only,
            most_words: rule.most_words,
            exact: rule.exact,
            judge: rule.judge.unwrap_or_else(default),
        };
        let index = self.builder.add_rule(rule_text);
        let (examples, counterexamples) = (rule.examples, rule.counterexamples);
        Some(Rule { id, reply, index, examples, counterexamples })
    }

    fn parts(&mut self, path: &str, text: &str, parts: Vec<Spanned<String>>) -> Vec<Vec<String>> {
        let mut read = Vec::with_capacity(parts.len());
        for part in parts {
            let line = line_of(text, part.span().start);
            let alternatives: Vec<String> =
                part.as_ref().split('|').map(|a| a.trim().to_owned()).collect();
            let checks = alternatives.iter().map(|a| (path.to_owned(), line, a.clone()));
            self.pending.extend(checks);
            read.push(alternatives);
        }
        read
    }

    fn finish(mut self, sources: Vec<(String, String)>) -> Result<SafetyRules, SafetyError> {
        // A corpus without any rules has no use for cues either.
        let missing: Vec<_> =
            if sources.is_empty() { Vec::new() } else { self.builder.missing_cues().collect() };
        for name in missing {
            self.problem("safety/words.toml", 0, Mistake::MissingCue { name });
        }
        for (path, line, entry) in std::mem::take(&mut self.pending) {
            if let Some(fault) = self.builder.faults(&entry) {
                self.problem(&path, line, mistake(fault));
            }
        }
        if !self.problems.is_empty() {
            self.problems.sort();
            self.problems.dedup();
            return Err(SafetyError::Invalid { problems: self.problems });
        }
        let mut channels = self.channels;
        channels.sort_by(|a, b| {
            let (a, b) = (&a.channel, &b.channel);
            b.priority.cmp(&a.priority).then_with(|| a.path.cmp(&b.path))
        });
        let (patterns, languages) = (self.builder.build(), Languages::new());
        let harmless = self.harmless;
        Ok(SafetyRules { channels, patterns, languages, sources, harmless })
    }
}

fn mistake(fault: Fault) -> Mistake {
    match fault {
        Fault::UnknownList(name) => Mistake::UnknownList { name },
        Fault::Cycle(name) => Mistake::Cycle { name },
        Fault::Wordless(entry) => Mistake::Wordless { entry },
    }
}

#[cfg(test)]
mod tests;
