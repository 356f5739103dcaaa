//! What was measured, all of it, and how is it kept?
//!
//! A request has one row for each stage; `whole` is the first. Rows are in the order of the
//! requests. Times are whole nanoseconds; a file holds them as microseconds with three decimals,
//! which loses nothing.
//!
//! Topics are the ids the caller gave: for a sensitive set, keyed ones.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::error::{CellProblem, LatencyError};
use super::load::{RequestRate, Schedule};

/// Stage that spans a request: in an open loop from the moment it was due, else from its start.
pub const WHOLE: &str = "whole";
/// Stage of an open loop: from the moment a request was due to its start.
pub const WAIT: &str = "wait";
/// Stage of an open loop: from a request's start to its end.
pub const SERVICE: &str = "service";
/// Stage of a cold load: making the system ready, before the request.
pub const OPEN: &str = "open";
/// Names that a system's own stages cannot have.
const OWN: [&str; 4] = [WHOLE, WAIT, SERVICE, OPEN];

const COLUMNS: [&str; 9] = [
    "load",
    "request",
    "topic",
    "round",
    "thread",
    "stage",
    "microseconds",
    "intended_microseconds",
    "start_microseconds",
];

/// How long the stages of one request took, as the system itself says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageTimes {
    stages: Vec<(Cow<'static, str>, Duration)>,
}

impl StageTimes {
    /// No stages: the request is timed from outside only.
    #[must_use]
    pub fn new() -> StageTimes {
        StageTimes::default()
    }

    /// Adds a stage; where it is there already, the times add up. A name that the harness uses
    /// itself (`whole`, `wait`, `service`, `open`) is kept as `system NAME`.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, time: Duration) {
        let mut name = name.into();
        if OWN.contains(&name.as_ref()) {
            name = format!("system {name}").into();
        }
        match self.stages.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(time),
            None => self.stages.push((name, time)),
        }
    }

    /// The stages in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.stages.iter().map(|(name, time)| (name.as_ref(), *time))
    }
}

/// How requests were sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The way.
    pub kind: LoadKind,
    /// Rounds over the topics that were asked first and not kept.
    pub warm_up: usize,
    /// Threads that asked.
    pub threads: usize,
}

/// A way to send requests.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum LoadKind {
    /// Each thread sends its next request when its last one is answered.
    Closed,
    /// Requests are due at moments that do not depend on the answers.
    Open {
        /// How many are due in a second.
        rate: RequestRate,
        /// How they are spread over it.
        schedule: Schedule,
    },
    /// Each request goes to a system made for it.
    Cold,
    /// Two systems, one after the other on each topic.
    Paired,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            LoadKind::Closed => write!(f, "closed, ")?,
            LoadKind::Open { rate, schedule } => write!(f, "open {schedule} {rate}/s, ")?,
            LoadKind::Cold => write!(f, "cold, ")?,
            LoadKind::Paired => write!(f, "paired, ")?,
        }
        match (self.kind, self.warm_up) {
            (LoadKind::Cold, _) => {}
            (_, 0) => write!(f, "not warmed, ")?,
            (_, 1) => write!(f, "warm (1 round), ")?,
            (_, rounds) => write!(f, "warm ({rounds} rounds), ")?,
        }
        write!(f, "{} thread{}", self.threads, if self.threads == 1 { "" } else { "s" })
    }
}

impl FromStr for Load {
    type Err = CellProblem;

    /// Reads what [`Load`] prints, and nothing else.
    fn from_str(text: &str) -> Result<Load, CellProblem> {
        let parts: Vec<&str> = text.split(", ").collect();
        let (kind, warm_up, threads) = match *parts.as_slice() {
            [kind, threads] => (kind, "not warmed", threads),
            [kind, warm_up, threads] => (kind, warm_up, threads),
            _ => return Err(CellProblem::Load),
        };
        let load = Load {
            kind: kind_of(kind)?,
            warm_up: first_number(warm_up).unwrap_or(0),
            threads: first_number(threads).ok_or(CellProblem::Load)?,
        };
        if load.to_string() == text { Ok(load) } else { Err(CellProblem::Load) }
    }
}

fn kind_of(text: &str) -> Result<LoadKind, CellProblem> {
    match text.split(' ').collect::<Vec<_>>().as_slice() {
        ["closed"] => Ok(LoadKind::Closed),
        ["cold"] => Ok(LoadKind::Cold),
        ["paired"] => Ok(LoadKind::Paired),
        ["open", schedule, rate] => {
            let schedule = Schedule::of(schedule).ok_or(CellProblem::Load)?;
            let rate = rate.strip_suffix("/s").and_then(|rate| rate.parse().ok());
            let rate = rate.and_then(|rate| RequestRate::new(rate).ok());
            Ok(LoadKind::Open { rate: rate.ok_or(CellProblem::Load)?, schedule })
        }
        _ => Err(CellProblem::Load),
    }
}

/// The first run of digits as a number.
fn first_number(text: &str) -> Option<usize> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// One stage of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Number of the request in the run, from 0, warm-up not counted. Where two systems are asked
    /// in pairs, both requests of a pair have the same number.
    pub request: u32,
    /// Place of the topic among [`Samples::topics`].
    pub topic: u32,
    /// Round over the topics, from 0.
    pub round: u32,
    /// Thread that asked, from 0.
    pub thread: u32,
    /// Place of the stage among [`Samples::stages`].
    pub stage: u32,
    /// How long it took.
    pub nanoseconds: u64,
    /// When the request was due; where no moment was set, when it started. Nanoseconds since the
    /// run began.
    pub intended: u64,
    /// When the request started, nanoseconds since the run began.
    pub start: u64,
}

/// Everything that one run measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    load: Load,
    topics: Vec<String>,
    stages: Vec<String>,
    rows: Vec<Sample>,
}

impl Samples {
    pub(super) fn new(load: Load, topics: Vec<String>) -> Samples {
        Samples { load, topics, stages: Vec::new(), rows: Vec::new() }
    }

    /// How requests were sent.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Ids of the topics.
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Names of the stages.
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// All samples, in the order of the requests, then of the stages.
    pub fn rows(&self) -> &[Sample] {
        &self.rows
    }

    /// Samples of one stage, in the order of the requests; none where no stage has that name.
    pub fn of<'a>(&'a self, stage: &str) -> impl Iterator<Item = &'a Sample> {
        let number = self.stages.iter().position(|known| known == stage);
        self.rows.iter().filter(move |row| number == Some(row.stage as usize))
    }

    /// Microseconds of one stage by topic: as many lists as there are topics, each in the order of
    /// the rounds.
    pub fn by_topic(&self, stage: &str) -> Vec<Vec<f64>> {
        let mut lists = vec![Vec::new(); self.topics.len()];
        for row in self.of(stage) {
            if let Some(list) = lists.get_mut(row.topic as usize) {
                list.push(microseconds(row.nanoseconds));
            }
        }
        lists
    }

    pub(super) fn push(&mut self, sample: Sample, stage: &str) {
        let stage = self.stage_number(stage);
        self.rows.push(Sample { stage, ..sample });
    }

    fn stage_number(&mut self, stage: &str) -> u32 {
        let number = self.stages.iter().position(|known| known == stage).unwrap_or_else(|| {
            self.stages.push(stage.to_owned());
            self.stages.len() - 1
        });
        number as u32
    }

    /// Writes all samples as CSV with a header: `load`, `request`, `topic`, `round`, `thread`,
    /// `stage`, `microseconds`, `intended_microseconds`, `start_microseconds`.
    ///
    /// # Errors
    /// [`LatencyError::Write`] when `out` fails.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<(), LatencyError> {
        let failed = |source| LatencyError::Write { source };
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(failed)?;
        let load = self.load.to_string();
        for row in &self.rows {
            let name = |names: &[String], number: u32| {
                names.get(number as usize).cloned().unwrap_or_default()
            };
            writer
                .write_record([
                    load.clone(),
                    row.request.to_string(),
                    name(&self.topics, row.topic),
                    row.round.to_string(),
                    row.thread.to_string(),
                    name(&self.stages, row.stage),
                    exact_microseconds(row.nanoseconds),
                    exact_microseconds(row.intended),
                    exact_microseconds(row.start),
                ])
                .map_err(failed)?;
        }
        writer.flush().map_err(|e| failed(e.into()))
    }

    /// Reads what [`Samples::write_csv`] wrote. Topics are in the order of their ids, stages in
    /// the one of their first row.
    ///
    /// # Errors
    /// [`LatencyError`] when the file cannot be read or a line is not as we write it; it names the
    /// line.
    pub fn read_csv(path: &Path) -> Result<Samples, LatencyError> {
        let file = fs_err::File::open(path)?;
        SamplesReader::new(path).read(csv::Reader::from_reader(file))
    }
}

/// Microseconds of nanoseconds.
pub(super) fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

/// Nanoseconds as microseconds with three decimals.
fn exact_microseconds(nanoseconds: u64) -> String {
    format!("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000)
}

fn nanoseconds_of(text: &str) -> Option<u64> {
    let (whole, thousandths) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if thousandths.len() != 3 || !digits(whole) || !digits(thousandths) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(1000)?.checked_add(thousandths.parse().ok()?)
}

/// Reads one file of samples.
struct SamplesReader<'a> {
    path: &'a Path,
    samples: Option<Samples>,
    /// Topics by id, numbered as they come.
    topics: BTreeMap<String, u32>,
    seen: BTreeSet<(u32, u32)>,
}

impl<'a> SamplesReader<'a> {
    fn new(path: &'a Path) -> SamplesReader<'a> {
        SamplesReader { path, samples: None, topics: BTreeMap::new(), seen: BTreeSet::new() }
    }

    fn read<R: std::io::Read>(mut self, mut csv: csv::Reader<R>) -> Result<Samples, LatencyError> {
        let path = self.path;
        let failed = |source| LatencyError::Csv { path: path.to_owned(), source };
        if csv.headers().map_err(failed)? != COLUMNS.as_slice() {
            let expected = COLUMNS.join(",");
            return Err(LatencyError::Header { path: path.to_owned(), expected });
        }
        for record in csv.into_records() {
            self.row(&record.map_err(failed)?)?;
        }
        self.finish()
    }

    fn row(&mut self, record: &csv::StringRecord) -> Result<(), LatencyError> {
        let line = record.position().map_or(0, csv::Position::line);
        let load: Load = self.cell(record, 0, |text| text.parse().ok(), CellProblem::Load)?;
        let number = |reader: &Self, column| {
            reader.cell(record, column, |text| text.parse::<u32>().ok(), CellProblem::Number)
        };
        let time = |reader: &Self, column| {
            reader.cell(record, column, nanoseconds_of, CellProblem::Microseconds)
        };
        let sample = Sample {
            request: number(self, 1)?,
            topic: self.topic_number(record)?,
            round: number(self, 3)?,
            thread: number(self, 4)?,
            stage: 0,
            nanoseconds: time(self, 6)?,
            intended: time(self, 7)?,
            start: time(self, 8)?,
        };
        let stage = self.name(record, 5)?;
        let samples = self.samples.get_or_insert_with(|| Samples::new(load, Vec::new()));
        if samples.load != load {
            return Err(LatencyError::MixedLoads { path: self.path.to_owned(), line });
        }
        samples.push(sample, &stage);
        let stage = samples.stage_number(&stage);
        if !self.seen.insert((sample.request, stage)) {
            return Err(LatencyError::Duplicate { path: self.path.to_owned(), line });
        }
        Ok(())
    }

    fn topic_number(&mut self, record: &csv::StringRecord) -> Result<u32, LatencyError> {
        let topic = self.name(record, 2)?;
        let next = self.topics.len() as u32;
        Ok(*self.topics.entry(topic).or_insert(next))
    }

    fn name(&self, record: &csv::StringRecord, column: usize) -> Result<String, LatencyError> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.cell(record, column, some, CellProblem::Empty)
    }

    fn cell<T>(
        &self,
        record: &csv::StringRecord,
        column: usize,
        parse: impl Fn(&str) -> Option<T>,
        problem: CellProblem,
    ) -> Result<T, LatencyError> {
        let text = record.get(column).unwrap_or_default();
        parse(text).ok_or_else(|| LatencyError::Cell {
            path: self.path.to_owned(),
            line: record.position().map_or(0, csv::Position::line),
            column: COLUMNS.get(column).copied().unwrap_or_default(),
            problem,
        })
    }

    /// Numbers the topics anew, in the order of their ids.
    fn finish(self) -> Result<Samples, LatencyError> {
        let Some(mut samples) = self.samples else {
            return Err(LatencyError::NoSamples { path: self.path.to_owned() });
        };
        let mut place = vec![0; self.topics.len()];
        for (sorted, (topic, came)) in (0..).zip(self.topics) {
            if let Some(place) = place.get_mut(came as usize) {
                *place = sorted;
            }
            samples.topics.push(topic);
        }
        for row in &mut samples.rows {
            row.topic = place.get(row.topic as usize).copied().unwrap_or_default();
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    //! A file holds what was measured to the nanosecond, and nothing that is not as we write it is
    //! read.

    use proptest::prelude::*;

    use super::*;

    fn loads() -> Vec<Load> {
        let mut loads = vec![
            Load { kind: LoadKind::Closed, warm_up: 0, threads: 1 },
            Load { kind: LoadKind::Closed, warm_up: 1, threads: 16 },
            Load { kind: LoadKind::Cold, warm_up: 0, threads: 1 },
            Load { kind: LoadKind::Paired, warm_up: 2, threads: 1 },
        ];
        for (rate, schedule) in
            [(50.0, Schedule::Uniform), (0.1, Schedule::Poisson), (1e300, Schedule::Poisson)]
        {
            let kind = LoadKind::Open { rate: RequestRate::new(rate).unwrap(), schedule };
            loads.push(Load { kind, warm_up: 3, threads: 4 });
        }
        loads
    }

    #[test]
    fn loads_print_and_are_read_back() {
        for load in loads() {
            assert_eq!(load.to_string().parse(), Ok(load), "{load}");
        }
        let texts = ["closed", "open 5/s, 1 thread", "closed, warm, 1 thread", "cold, 01 thread"];
        for text in texts {
            assert_eq!(text.parse::<Load>(), Err(CellProblem::Load), "{text}");
        }
        let open = loads()[4].to_string();
        assert_eq!(open, "open uniform 50/s, warm (3 rounds), 4 threads");
    }

    fn a_sample(request: u32, topic: u32, nanoseconds: u64) -> Sample {
        let (round, thread, stage) = (request / 2, 0, 0);
        let (intended, start) = (u64::from(request) * 7_001, u64::from(request) * 7_001 + 5);
        Sample { request, topic, round, thread, stage, nanoseconds, intended, start }
    }

    fn two_requests() -> Samples {
        let topics = vec!["b, \"quoted\"".to_owned(), "a".to_owned()];
        let mut samples = Samples::new(loads()[1], topics);
        samples.push(a_sample(0, 0, 1_234_567), WHOLE);
        samples.push(a_sample(0, 0, 7), "dense");
        samples.push(a_sample(1, 1, 2_000), WHOLE);
        samples
    }

    fn written(samples: &Samples) -> String {
        let mut bytes = Vec::new();
        samples.write_csv(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn read(text: &str) -> Result<Samples, LatencyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.csv");
        fs_err::write(&path, text).unwrap();
        Samples::read_csv(&path)
    }

    #[test]
    fn a_file_says_what_was_measured() {
        let expected = "\
load,request,topic,round,thread,stage,microseconds,intended_microseconds,start_microseconds
\"closed, warm (1 round), 16 threads\",0,\"b, \"\"quoted\"\"\",0,0,whole,1234.567,0.000,0.005
\"closed, warm (1 round), 16 threads\",0,\"b, \"\"quoted\"\"\",0,0,dense,0.007,0.000,0.005
\"closed, warm (1 round), 16 threads\",1,a,0,0,whole,2.000,7.001,7.006
";
        assert_eq!(written(&two_requests()), expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let samples = read(&written(&two_requests())).unwrap();
        assert_eq!(samples.topics(), ["a", "b, \"quoted\""]);
        assert_eq!(samples.stages(), [WHOLE, "dense"]);
        assert_eq!(samples.by_topic(WHOLE), [vec![2.0], vec![1234.567]]);
        assert_eq!(written(&samples), written(&two_requests()));
    }

    proptest! {
        #[test]
        fn every_nanosecond_survives(
            times in prop::collection::vec((0_u32..5, any::<u64>()), 1..30),
            load in 0_usize..7,
        ) {
            let topics = (0..5).map(|topic| format!("t{topic}")).collect();
            let mut samples = Samples::new(loads()[load], topics);
            for (request, (topic, nanoseconds)) in (0..).zip(times) {
                samples.push(a_sample(request, topic, nanoseconds), WHOLE);
            }
            let back = read(&written(&samples)).unwrap();
            prop_assert_eq!(back.load(), samples.load());
            prop_assert_eq!(written(&back), written(&samples));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,80}") {
            let whole = format!("{}\n{text}\n", COLUMNS.join(","));
            prop_assert!(read(&whole).is_err());
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = written(&two_requests());
        let check = |old: &str, new: &str, line: &str, message: &str| {
            let error = read(&good.replacen(old, new, 1)).unwrap_err().to_string();
            assert!(error.contains(&format!("samples.csv:{line}: ")), "{error}");
            assert!(error.contains(message), "{error}");
        };
        check("2.000", "2.0", "4", "column `microseconds` holds no microseconds");
        check("2.000", "-2.000", "4", "column `microseconds`");
        check("2.000", "NaN", "4", "column `microseconds`");
        check("2.000", "99999999999999999999.000", "4", "column `microseconds`");
        check(",1,a,", ",x,a,", "4", "column `request` holds no whole number");
        check(",1,a,", ",1,,", "4", "column `topic` holds nothing");
        check("16 threads\",1", "17 threads\",1", "4", "another load than the first");
        check("16 threads\",0", "many threads\",0", "2", "column `load` holds no load");
        check("dense", "whole", "3", "stands in the file already");
        check("round,thread", "thread,round", "1", "the columns must be `load,request,");
    }

    #[test]
    fn a_file_without_samples_is_none() {
        assert!(matches!(read(&COLUMNS.join(",")), Err(LatencyError::NoSamples { .. })));
        assert!(matches!(read(""), Err(LatencyError::Header { .. })));
        let more = format!("{}\n1,2\n", COLUMNS.join(","));
        assert!(matches!(read(&more), Err(LatencyError::Csv { .. })));
        let missing = Samples::read_csv(Path::new("no such folder/samples.csv")).unwrap_err();
        assert!(missing.to_string().contains("no such folder"));
    }
}
