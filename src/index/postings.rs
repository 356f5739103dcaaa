//! Postings on disk: which rows hold a term, how often, and how long each field is.
//!
//! tantivy stores and compresses the postings; everything that scores is ours
//! ([`crate::retrieve::lexical`]). Field lengths stand in columns of our own, exact, because
//! tantivy's field norm keeps one lossy byte. A set of postings is always one merged segment
//! without deletions, whatever the number of commits it was written in, so that document
//! frequencies and lengths depend on the rows alone. Rows are found through their own column,
//! never through tantivy's document numbers, which follow the history of commits: such a number is
//! called a place here, whoever reads many postings works by place, and only what is shown to
//! others is turned into rows.
//!
//! This module knows terms and rows; it does not know documents, passages or scores.

use std::path::Path;
use std::sync::Arc;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use tantivy::columnar::Column;
use tantivy::merge_policy::NoMergePolicy;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{Index, IndexWriter, InvertedIndexReader, SegmentReader, TantivyDocument};
use tantivy_fst::Automaton;

use crate::text::analyse::{Analysis, CONCEPT_MARK};

/// A field of a passage that is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextField {
    /// The document's title.
    Title,
    /// The headings above the passage.
    Headings,
    /// The document's approved question variants.
    Questions,
    /// The passage itself.
    Body,
}

impl TextField {
    /// All fields, in the order their columns are kept.
    pub const ALL: [TextField; 4] =
        [TextField::Title, TextField::Headings, TextField::Questions, TextField::Body];

    /// Name of the field, in settings and explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            TextField::Title => "title",
            TextField::Headings => "headings",
            TextField::Questions => "questions",
            TextField::Body => "body",
        }
    }
}

/// One value a field, in the order of [`TextField::ALL`].
pub type PerField<T> = [T; 4];

/// Why postings cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostingsError {
    /// tantivy failed.
    #[error("the postings could not be {doing}")]
    Tantivy {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: tantivy::TantivyError,
    },
    /// A posting list could not be read.
    #[error("a posting list could not be read")]
    Read {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder does not hold one segment without deletions, as every set of ours does.
    #[error("expected one segment of {expected} rows without deletions, found {found}")]
    Layout {
        /// Rows expected.
        expected: u32,
        /// What was found.
        found: String,
    },
    /// A row's column is missing or out of range.
    #[error("column `{column}` does not fit {rows} rows")]
    Column {
        /// Which column.
        column: &'static str,
        /// Rows expected.
        rows: u32,
    },
}

fn failed(doing: &'static str) -> impl FnOnce(tantivy::TantivyError) -> PostingsError {
    move |source| PostingsError::Tantivy { doing, source }
}

const ROW_COLUMN: &str = "row";
const LENGTH_COLUMNS: PerField<&str> =
    ["length_title", "length_headings", "length_questions", "length_body"];

/// Memory tantivy may fill before it flushes a segment of its own accord.
const WRITER_BYTES: usize = 256 << 20;

fn schema() -> Schema {
    let mut builder = Schema::builder();
    for field in TextField::ALL {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::WithFreqs);
        let options = TextOptions::default().set_indexing_options(indexing);
        builder.add_text_field(field.as_str(), options);
    }
    builder.add_u64_field(ROW_COLUMN, NumericOptions::default() | FAST);
    for column in LENGTH_COLUMNS {
        builder.add_u64_field(column, NumericOptions::default() | FAST);
    }
    builder.build()
}

fn field(schema: &Schema, name: &str) -> Result<Field, PostingsError> {
    schema.get_field(name).map_err(failed("described"))
}

/// Writes the postings of rows 0, 1, 2, … into an empty folder.
///
/// `commits` spreads the rows over that many commits before they are merged into one segment;
/// it changes nothing that a reader sees.
///
/// # Errors
/// [`PostingsError::Tantivy`] when tantivy cannot write.
pub fn write_postings<'a>(
    folder: &Path,
    rows: impl ExactSizeIterator<Item = PerField<&'a Analysis>>,
    commits: usize,
) -> Result<(), PostingsError> {
    let mut writer = PostingsWriter::create(folder)?;
    let per_commit = rows.len().div_ceil(commits.max(1)).max(1);
    for (row, analyses) in rows.enumerate() {
        writer.add(analyses)?;
        if (row + 1) % per_commit == 0 {
            writer.commit()?;
        }
    }
    writer.finish()
}

/// Writes postings row by row, in memory that does not grow with their number.
pub struct PostingsWriter {
    index: Index,
    writer: IndexWriter,
    schema: Schema,
    rows: usize,
}

impl PostingsWriter {
    /// Begins in an empty folder.
    ///
    /// # Errors
    /// [`PostingsError::Tantivy`] when tantivy cannot write.
    pub fn create(folder: &Path) -> Result<PostingsWriter, PostingsError> {
        let schema = schema();
        let index = Index::create_in_dir(folder, schema.clone()).map_err(failed("created"))?;
        let writer: IndexWriter =
            index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed("created"))?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        Ok(PostingsWriter { index, writer, schema, rows: 0 })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// As [`PostingsWriter::create`].
    pub fn add(&mut self, analyses: PerField<&Analysis>) -> Result<(), PostingsError> {
        let document = row_document(&self.schema, self.rows, analyses)?;
        self.writer.add_document(document).map_err(failed("written"))?;
        self.rows += 1;
        Ok(())
    }

    /// Ends a commit; changes nothing that a reader sees.
    ///
    /// # Errors
    /// As [`PostingsWriter::create`].
    pub fn commit(&mut self) -> Result<(), PostingsError> {
        self.writer.commit().map_err(failed("committed")).map(|_| ())
    }

    /// Merges what was written into one segment, in the order of rows.
    ///
    /// # Errors
    /// As [`PostingsWriter::create`].
    pub fn finish(mut self) -> Result<(), PostingsError> {
        self.commit()?;
        let segments = self.index.searchable_segments().map_err(failed("merged"))?;
        if segments.len() > 1 {
            let mut ordered = Vec::with_capacity(segments.len());
            for segment in &segments {
                let reader = SegmentReader::open(segment).map_err(failed("merged"))?;
                let rows = reader.fast_fields().u64(ROW_COLUMN).map_err(failed("merged"))?;
                ordered.push((rows.first(0), segment.id()));
            }
            ordered.sort();
            let ids: Vec<_> = ordered.into_iter().map(|(_, id)| id).collect();
            self.writer.merge(&ids).wait().map_err(failed("merged"))?;
        }
        // One writer from first to last: a second one could find the folder's lock still held, by
        // a program that another thread of this process is just starting.
        self.writer.garbage_collect_files().wait().map_err(failed("merged"))?;
        self.writer.wait_merging_threads().map_err(failed("merged"))
    }
}

fn row_document(
    schema: &Schema,
    row: usize,
    analyses: PerField<&Analysis>,
) -> Result<TantivyDocument, PostingsError> {
    let mut document = TantivyDocument::new();
    document.add_u64(field(schema, ROW_COLUMN)?, row as u64);
    for (text_field, analysis) in TextField::ALL.into_iter().zip(analyses) {
        let column = LENGTH_COLUMNS[text_field as usize];
        document.add_u64(field(schema, column)?, u64::from(analysis.len()));
        let texts = analysis.terms.iter().map(|t| &t.text).chain(&analysis.concepts);
        let tokens: Vec<Token> = texts
            .enumerate()
            .map(|(position, text)| Token { text: text.clone(), position, ..Token::default() })
            .collect();
        if !tokens.is_empty() {
            let text = PreTokenizedString { text: String::new(), tokens };
            document.add_pre_tokenized_text(field(schema, text_field.as_str())?, text);
        }
    }
    Ok(document)
}

/// Opened postings.
pub struct Postings {
    readers: PerField<Arc<InvertedIndexReader>>,
    /// Row of each place.
    rows: Vec<u32>,
    /// Place of each row; empty where places are rows.
    places: Vec<u32>,
    /// Length of each field, by place.
    lengths: PerField<Vec<u32>>,
    averages: PerField<f64>,
    automata: [LevenshteinAutomatonBuilder; 2],
}

/// Where the postings of a term in a field lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingList {
    field: TextField,
    info: TermInfo,
}

impl PostingList {
    /// The field.
    pub fn field(&self) -> TextField {
        self.field
    }

    /// Number of rows whose field holds the term.
    pub fn rows(&self) -> u32 {
        self.info.doc_freq
    }
}

impl std::fmt::Debug for Postings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postings").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl Postings {
    /// Opens the postings of `expected` rows.
    ///
    /// # Errors
    /// [`PostingsError`] when files are missing or damaged, or hold another number of rows.
    pub fn open(folder: &Path, expected: u32) -> Result<Postings, PostingsError> {
        let index = Index::open_in_dir(folder).map_err(failed("opened"))?;
        let segments = index.searchable_segments().map_err(failed("opened"))?;
        let schema = index.schema();
        let readers: Vec<SegmentReader> = segments
            .iter()
            .map(SegmentReader::open)
            .collect::<tantivy::Result<_>>()
            .map_err(failed("opened"))?;
        let [segment] = <[SegmentReader; 1]>::try_from(readers).map_err(|readers| {
            PostingsError::Layout { expected, found: format!("{} segments", readers.len()) }
        })?;
        if segment.max_doc() != expected || segment.has_deletes() {
            let found = format!(
                "{} rows, {} of them deleted",
                segment.max_doc(),
                segment.num_deleted_docs()
            );
            return Err(PostingsError::Layout { expected, found });
        }
        let rows = column(&segment, ROW_COLUMN, expected)?;
        let places = places(&rows)?;
        let mut lengths: PerField<Vec<u32>> = Default::default();
        for (lengths, name) in lengths.iter_mut().zip(LENGTH_COLUMNS) {
            *lengths = column(&segment, name, expected)?;
        }
        let reader = |text_field: TextField| {
            let field = field(&schema, text_field.as_str())?;
            segment.inverted_index(field).map_err(failed("opened"))
        };
        let [title, headings, questions, body] = TextField::ALL.map(reader);
        let readers = [title?, headings?, questions?, body?];
        let averages = lengths.each_ref().map(|column| mean(column));
        let automata = [1, 2].map(|distance| LevenshteinAutomatonBuilder::new(distance, true));
        Ok(Postings { readers, rows, places, lengths, averages, automata })
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        self.rows.len() as u32
    }

    /// The row at a place. Places are numbered as rows are, in another order.
    pub fn row_at(&self, place: u32) -> u32 {
        self.rows.get(place as usize).copied().unwrap_or(u32::MAX)
    }

    /// The place of a row; `None` past the last.
    pub fn place_of(&self, row: u32) -> Option<u32> {
        if self.places.is_empty() {
            return (row < self.rows()).then_some(row);
        }
        self.places.get(row as usize).copied()
    }

    /// Length of a field of a row, in terms.
    pub fn length(&self, field: TextField, row: u32) -> u32 {
        let length = self.place_of(row).and_then(|p| self.lengths(field).get(p as usize));
        length.copied().unwrap_or(0)
    }

    /// Length of a field, in terms, by place.
    pub fn lengths(&self, field: TextField) -> &[u32] {
        &self.lengths[field as usize]
    }

    /// Mean length of a field over all rows, in terms.
    pub fn average_length(&self, field: TextField) -> f64 {
        self.averages[field as usize]
    }

    /// The postings of a term in each field; `None` where no row's field holds it.
    ///
    /// # Errors
    /// [`PostingsError::Read`] when the files cannot be read.
    pub fn lists(&self, term: &str) -> Result<PerField<Option<PostingList>>, PostingsError> {
        let list = |field: TextField| {
            let info = self.readers[field as usize].terms().get(term);
            let info = info.map_err(|source| PostingsError::Read { source })?;
            Ok(info.map(|info| PostingList { field, info }))
        };
        let [title, headings, questions, body] = TextField::ALL.map(list);
        Ok([title?, headings?, questions?, body?])
    }

    /// Calls `visit(places, frequencies)` for blocks of a list, places ascending.
    ///
    /// # Errors
    /// [`PostingsError::Read`] when the files cannot be read.
    pub fn visit_blocks(
        &self,
        list: &PostingList,
        mut visit: impl FnMut(&[u32], &[u32]),
    ) -> Result<(), PostingsError> {
        let mut blocks = self.blocks(list)?;
        while !blocks.docs().is_empty() {
            visit(blocks.docs(), blocks.freqs());
            blocks.advance();
        }
        Ok(())
    }

    /// Calls `visit(index, frequency)` for those of some places, ascending, that a list holds,
    /// with the index of the place among them. Blocks that hold none of them are not read.
    ///
    /// # Errors
    /// [`PostingsError::Read`] when the files cannot be read.
    pub fn visit_places(
        &self,
        list: &PostingList,
        places: &[u32],
        mut visit: impl FnMut(usize, u32),
    ) -> Result<(), PostingsError> {
        let mut blocks = self.blocks(list)?;
        for (index, &place) in places.iter().enumerate() {
            let within = blocks.seek(place);
            if blocks.docs().get(within) == Some(&place) {
                visit(index, blocks.freq(within));
            }
        }
        Ok(())
    }

    fn blocks(&self, list: &PostingList) -> Result<BlockSegmentPostings, PostingsError> {
        self.readers[list.field as usize]
            .read_block_postings_from_terminfo(&list.info, IndexRecordOption::WithFreqs)
            .map_err(|source| PostingsError::Read { source })
    }

    /// Calls `visit(row, frequency)` for every row whose `field` holds the term, in an
    /// unspecified order.
    ///
    /// # Errors
    /// [`PostingsError`] when the files cannot be read.
    pub fn visit(
        &self,
        field: TextField,
        term: &str,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<(), PostingsError> {
        let info = self.readers[field as usize].terms().get(term);
        let Some(info) = info.map_err(|source| PostingsError::Read { source })? else {
            return Ok(());
        };
        self.visit_blocks(&PostingList { field, info }, |places, frequencies| {
            for (&place, &frequency) in places.iter().zip(frequencies) {
                visit(self.row_at(place), frequency);
            }
        })
    }

    /// Terms of the lexicon nearest to a term: all those at the smallest edit distance that
    /// any has, up to `distance` (1 or 2; a transposition counts one). In lexical order;
    /// concepts are never returned.
    ///
    /// # Errors
    /// [`PostingsError`] when the files cannot be read.
    pub fn nearest_terms(&self, term: &str, distance: u8) -> Result<Vec<String>, PostingsError> {
        let builder = &self.automata[usize::from(distance.clamp(1, 2) - 1)];
        let automaton = Levenshtein(builder.build_dfa(term));
        let mut found: Vec<(u8, String)> = Vec::new();
        for reader in &self.readers {
            let mut stream = reader
                .terms()
                .search(&automaton)
                .into_stream()
                .map_err(|source| PostingsError::Read { source })?;
            while stream.advance() {
                let Ok(text) = std::str::from_utf8(stream.key()) else {
                    continue;
                };
                if let Distance::Exact(d) = automaton.0.eval(text)
                    && !text.starts_with(CONCEPT_MARK)
                {
                    found.push((d, text.to_owned()));
                }
            }
        }
        found.sort();
        found.dedup();
        let nearest = found.first().map(|(d, _)| *d);
        Ok(found.into_iter().filter(|(d, _)| Some(*d) == nearest).map(|(_, t)| t).collect())
    }
}

/// Place of each row; empty where places are rows.
fn places(rows: &[u32]) -> Result<Vec<u32>, PostingsError> {
    let count = rows.len() as u32;
    let damaged = || PostingsError::Column { column: ROW_COLUMN, rows: count };
    if (0..count).eq(rows.iter().copied()) {
        return Ok(Vec::new());
    }
    let mut places = vec![u32::MAX; rows.len()];
    for (place, &row) in (0..).zip(rows) {
        match places.get_mut(row as usize) {
            Some(known) if *known == u32::MAX => *known = place,
            _ => return Err(damaged()),
        }
    }
    Ok(places)
}

fn column(
    segment: &SegmentReader,
    name: &'static str,
    rows: u32,
) -> Result<Vec<u32>, PostingsError> {
    let column: Column<u64> = segment.fast_fields().u64(name).map_err(failed("read"))?;
    (0..rows)
        .map(|document| column.first(document).and_then(|value| u32::try_from(value).ok()))
        .collect::<Option<Vec<u32>>>()
        .ok_or(PostingsError::Column { column: name, rows })
}

fn mean(lengths: &[u32]) -> f64 {
    if lengths.is_empty() {
        return 0.0;
    }
    lengths.iter().map(|&l| u64::from(l)).sum::<u64>() as f64 / lengths.len() as f64
}

struct Levenshtein(DFA);

impl Automaton for &Levenshtein {
    type State = u32;

    fn start(&self) -> u32 {
        self.0.initial_state()
    }

    fn is_match(&self, state: &u32) -> bool {
        matches!(self.0.distance(*state), Distance::Exact(_))
    }

    fn can_match(&self, state: &u32) -> bool {
        *state != SINK_STATE
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.0.transition(*state, byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::analyse::{Analyzer, Synonyms};

    fn build(texts: &[&str], commits: usize) -> (tempfile::TempDir, Postings) {
        let analyzer = Analyzer::new(&Synonyms::default()).unwrap();
        let analyses: Vec<Analysis> = texts.iter().map(|t| analyzer.analyse(t)).collect();
        let empty = Analysis::default();
        let folder = tempfile::tempdir().unwrap();
        let rows = analyses.iter().map(|a| [&empty, &empty, &empty, a]);
        write_postings(folder.path(), rows, commits).unwrap();
        let postings = Postings::open(folder.path(), texts.len() as u32).unwrap();
        (folder, postings)
    }

    const TEXTS: [&str; 5] =
        ["lump lump breast", "breast screening", "bowel screening kit", "", "kit kits kitten"];

    #[test]
    fn rows_frequencies_and_lengths_are_exact_whatever_the_commits() {
        for commits in [1, 2, 3, 5, 12] {
            let (_folder, postings) = build(&TEXTS, commits);
            let mut found = Vec::new();
            postings.visit(TextField::Body, "kit", |row, tf| found.push((row, tf))).unwrap();
            found.sort_unstable();
            assert_eq!(found, [(2, 1), (4, 2)], "{commits} commits");
            assert_eq!(postings.length(TextField::Body, 0), 3);
            assert_eq!(postings.length(TextField::Body, 3), 0);
            assert!((postings.average_length(TextField::Body) - 11.0 / 5.0).abs() < 1e-15);
        }
    }

    #[test]
    fn nearest_terms_keep_to_the_smallest_distance() {
        let (_folder, postings) = build(&TEXTS, 1);
        assert_eq!(postings.nearest_terms("brest", 2).unwrap(), ["breast"]);
        assert_eq!(postings.nearest_terms("bowle", 1).unwrap(), ["bowel"]);
        assert!(postings.nearest_terms("zzzzzz", 2).unwrap().is_empty());
    }

    #[test]
    fn another_number_of_rows_is_refused() {
        let (folder, _postings) = build(&TEXTS, 2);
        assert!(matches!(
            Postings::open(folder.path(), 4),
            Err(PostingsError::Layout { expected: 4, .. })
        ));
    }
}
