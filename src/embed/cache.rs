//! Has this text been embedded before?
//!
//! An append-only file of vectors under the hash of the embedder's fingerprint and the exact
//! text, so that rebuilding an index embeds only what changed. The cache never changes a
//! result: what it returns is what the embedder would return, bytes alike. Each record carries
//! a check sum; a damaged or unfinished tail (a crash while writing) is ignored and cut off by
//! the next write. Two processes may share a file: writes are made under a file lock. It holds
//! vectors and hashes, never text.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::matrix::{MatrixError, QuantisedVector, quantise_row};
use super::{EmbedError, Embedder};
use crate::ids::Fingerprint;

/// First bytes of a cache file; the last one counts the format.
const MAGIC: [u8; 8] = *b"GPCACHE1";

/// Bytes of a record before its components: key and number of components.
const RECORD_HEAD: usize = 32 + 4;

/// Bytes of a record's check sum: the first of its BLAKE3 hash.
const CHECK_SUM: usize = 8;

/// Most components of a record; more are damage.
const MAX_COMPONENTS: usize = 1 << 16;

/// Bytes of the file read at a time.
const READ: usize = 1 << 18;

/// Texts embedded in one call: bounds the f32 vectors held at once.
const BATCH: usize = 256;

/// Why a cache cannot be opened, filled or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The file cannot be read or written.
    #[error("cannot use the embedding cache")]
    File {
        /// The failure; its text names the path.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not an embedding cache of this version", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
    },
    /// A text could not be embedded.
    #[error("cannot embed a text that is not in the cache")]
    Embed {
        /// The embedder's failure.
        #[from]
        source: EmbedError,
    },
    /// A vector cannot be kept as bytes.
    #[error("cannot keep a vector as bytes")]
    Vector {
        /// What is wrong with it.
        #[from]
        source: MatrixError,
    },
}

impl From<io::Error> for CacheError {
    fn from(source: io::Error) -> Self {
        CacheError::File { source }
    }
}

/// What stands for an embedder and a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of a text under an embedder's fingerprint.
    pub fn new(embedder: Fingerprint, text: &str) -> Self {
        let parts = [embedder.as_bytes().as_slice(), text.as_bytes()];
        Self(*Fingerprint::of_parts(parts).as_bytes())
    }

    fn short(&self) -> &[u8; 16] {
        self.0.first_chunk().unwrap_or(&[0; 16])
    }
}

/// How a call to [`EmbeddingCache::embed`] was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheUse {
    /// Texts found in the cache (or earlier in the same call).
    pub found: usize,
    /// Texts embedded.
    pub embedded: usize,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the file.
    File(u64),
    /// Among those that wait to be written.
    Waiting(u32),
}

/// Vectors by content. In memory stand 32 bytes a vector and what was not yet flushed; vectors
/// are read from the file when they are asked for.
#[derive(Debug)]
pub struct EmbeddingCache {
    path: Option<PathBuf>,
    /// Open for reading, where there is a file.
    file: Option<fs::File>,
    /// Place of each record by the first half of its key; the record holds the whole.
    places: HashMap<[u8; 16], Place>,
    waiting: Vec<u8>,
    /// Bytes of the file that were read and found sound.
    sound: u64,
}

impl EmbeddingCache {
    /// A cache that lives in memory only.
    pub fn in_memory() -> Self {
        Self { path: None, file: None, places: HashMap::new(), waiting: Vec::new(), sound: 0 }
    }

    /// Reads a cache file; one that does not exist yet is an empty cache.
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be read or is something else than a cache. Damage
    /// after the first bytes is no error: records up to the damage are used.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let mut cache = Self { path: Some(path.to_owned()), ..Self::in_memory() };
        let mut file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(cache),
            Err(source) => return Err(source.into()),
        };
        let mut magic = Vec::new();
        Read::by_ref(&mut file).take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        if magic.len() == MAGIC.len() {
            if magic != MAGIC {
                return Err(CacheError::Magic { path: path.to_owned() });
            }
            cache.sound = MAGIC.len() as u64;
            cache.take_records(&mut file)?;
        }
        cache.file = Some(file);
        Ok(cache)
    }

    /// Vectors in the cache.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The vector of a key. One whose record cannot be read any more is as if it were not there.
    pub fn get(&mut self, key: CacheKey) -> Option<QuantisedVector> {
        let (found, vector) = match *self.places.get(key.short())? {
            Place::Waiting(start) => read_record(&mut self.waiting.get(start as usize..)?),
            Place::File(start) => {
                let file = self.file.as_mut()?;
                file.seek(SeekFrom::Start(start)).ok()?;
                read_record(file)
            }
        }
        .ok()??;
        (found == key).then_some(vector)
    }

    /// Adds a vector; a key that is there already keeps its vector. Written by
    /// [`EmbeddingCache::flush`].
    pub fn insert(&mut self, key: CacheKey, vector: &QuantisedVector) {
        if self.get(key).is_none() {
            self.put(key, vector);
        }
    }

    fn put(&mut self, key: CacheKey, vector: &QuantisedVector) {
        self.places.insert(*key.short(), Place::Waiting(self.waiting.len() as u32));
        write_record(&mut self.waiting, key, vector);
    }

    /// The vectors of all texts, in their order. Texts that are not in the cache are embedded,
    /// each once, and added. The result is the same with any cache.
    ///
    /// # Errors
    /// [`CacheError::Embed`] when a text cannot be embedded, or the embedder returned a matrix
    /// of another shape than it says.
    pub fn embed(
        &mut self,
        embedder: &dyn Embedder,
        texts: &[&str],
    ) -> Result<(Vec<QuantisedVector>, CacheUse), CacheError> {
        let fingerprint = embedder.fingerprint();
        let keys: Vec<_> = texts.iter().map(|text| CacheKey::new(fingerprint, text)).collect();
        let dimension = embedder.dimension();
        let is_usable = |vector: &QuantisedVector| vector.components().len() == dimension;
        let found: Vec<Option<QuantisedVector>> =
            keys.iter().map(|key| self.get(*key).filter(is_usable)).collect();
        let mut missing = Vec::new();
        let mut numbers = HashMap::new();
        for ((key, text), vector) in keys.iter().zip(texts).zip(&found) {
            if vector.is_none() && !numbers.contains_key(key) {
                numbers.insert(*key, missing.len());
                missing.push((*key, *text));
            }
        }
        let mut fresh = Vec::with_capacity(missing.len());
        for batch in missing.chunks(BATCH) {
            fresh.extend(self.embed_batch(embedder, batch)?);
        }
        let fresh_of = |key: &CacheKey| numbers.get(key).and_then(|&n| fresh.get(n).cloned());
        let vectors: Vec<QuantisedVector> =
            keys.iter().zip(found).filter_map(|(key, found)| found.or(fresh_of(key))).collect();
        let usage = CacheUse { found: texts.len() - missing.len(), embedded: missing.len() };
        Ok((vectors, usage))
    }

    fn embed_batch(
        &mut self,
        embedder: &dyn Embedder,
        batch: &[(CacheKey, &str)],
    ) -> Result<Vec<QuantisedVector>, CacheError> {
        let texts: Vec<_> = batch.iter().map(|(_, text)| *text).collect();
        let matrix = embedder.embed(&texts)?;
        let (expected_rows, expected_columns) = (texts.len(), embedder.dimension());
        let (rows, columns) = matrix.dim();
        if (rows, columns) != (expected_rows, expected_columns) {
            let shape = EmbedError::Shape { rows, columns, expected_rows, expected_columns };
            return Err(shape.into());
        }
        let mut vectors = Vec::with_capacity(batch.len());
        for ((key, _), row) in batch.iter().zip(matrix.rows()) {
            let vector = quantise_row(&row.to_vec())?;
            self.put(*key, &vector);
            vectors.push(vector);
        }
        Ok(vectors)
    }

    /// Writes what was added since the last flush, and waits until it is on disk. A damaged
    /// tail is cut off first. Does nothing for a cache in memory.
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be written or has become something else.
    pub fn flush(&mut self) -> Result<(), CacheError> {
        let Some(path) = self.path.clone() else {
            return Ok(());
        };
        if self.waiting.is_empty() {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = fs::OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
        file.file().lock()?;
        self.catch_up(&mut file, &path)?;
        file.set_len(self.sound)?;
        file.seek(SeekFrom::Start(self.sound))?;
        file.write_all(&self.waiting)?;
        file.sync_all()?;
        file.seek(SeekFrom::Start(self.sound))?;
        self.take_records(&mut file)?;
        self.waiting.clear();
        // A handle of its own for reading: this one holds the lock until it is closed.
        self.file = Some(fs::File::open(&path)?);
        Ok(())
    }

    /// Takes up what another process wrote since, so that our records go after its own. A file
    /// that is shorter than we remember (it was removed or cut) is read from its start.
    fn catch_up(&mut self, file: &mut fs::File, path: &Path) -> Result<(), CacheError> {
        let mut magic = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        Read::by_ref(file).take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        if magic.len() < MAGIC.len() {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&MAGIC)?;
        } else if magic != MAGIC {
            return Err(CacheError::Magic { path: path.to_owned() });
        }
        if self.sound > file.metadata()?.len() || self.sound < MAGIC.len() as u64 {
            self.places.retain(|_, place| matches!(place, Place::Waiting(_)));
            self.sound = MAGIC.len() as u64;
        }
        file.seek(SeekFrom::Start(self.sound))?;
        self.take_records(file)
    }

    /// Reads records until the end or the first damage. What waits keeps its place until it is
    /// written itself.
    fn take_records(&mut self, from: &mut impl Read) -> Result<(), CacheError> {
        let mut from = BufReader::with_capacity(READ, from);
        while let Some((key, vector)) = read_record(&mut from)? {
            self.places.insert(*key.short(), Place::File(self.sound));
            self.sound += (RECORD_HEAD + vector.components().len() + CHECK_SUM) as u64;
        }
        Ok(())
    }
}

fn write_record(to: &mut Vec<u8>, key: CacheKey, vector: &QuantisedVector) {
    let start = to.len();
    to.extend(key.0);
    to.extend((vector.components().len() as u32).to_le_bytes());
    to.extend(vector.components().iter().map(|q| q.cast_unsigned()));
    let sum = blake3::hash(&to[start..]);
    to.extend(&sum.as_bytes()[..CHECK_SUM]);
}

/// The next record; `None` at the end or at damage.
fn read_record(from: &mut impl Read) -> io::Result<Option<(CacheKey, QuantisedVector)>> {
    let mut content = [0; RECORD_HEAD].to_vec();
    if !fill(from, &mut content)? {
        return Ok(None);
    }
    let (Some(key), Some(count)) = (content.first_chunk::<32>(), content[32..].first_chunk())
    else {
        return Ok(None);
    };
    let (key, count) = (CacheKey(*key), u32::from_le_bytes(*count) as usize);
    if count > MAX_COMPONENTS {
        return Ok(None);
    }
    let mut body = vec![0; count + CHECK_SUM];
    if !fill(from, &mut body)? {
        return Ok(None);
    }
    let (components, sum) = body.split_at(count);
    content.extend(components);
    if blake3::hash(&content).as_bytes()[..CHECK_SUM] != *sum {
        return Ok(None);
    }
    let components = components.iter().map(|byte| byte.cast_signed()).collect();
    Ok(QuantisedVector::from_components(components).ok().map(|vector| (key, vector)))
}

/// Fills a buffer; whether there was enough to read.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::Matrix;
    use super::*;

    /// Vectors made of a text's bytes; counts the texts it embeds.
    #[derive(Default)]
    struct Counting {
        embedded: AtomicUsize,
        version: u8,
    }

    impl Embedder for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn dimension(&self) -> usize {
            5
        }
        fn fingerprint(&self) -> Fingerprint {
            Fingerprint::of(&[self.version])
        }
        fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
            self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
            Ok(Matrix::from_shape_fn((texts.len(), 5), |(row, column)| {
                let byte = texts[row].as_bytes().get(column).copied().unwrap_or(1);
                f32::from(byte) + f32::from(self.version)
            }))
        }
    }

    fn vector(fill: i8) -> QuantisedVector {
        QuantisedVector::from_components(vec![fill; 5].into()).unwrap()
    }

    fn key(text: &str) -> CacheKey {
        CacheKey::new(Fingerprint::of(b"x"), text)
    }

    #[test]
    fn only_what_changed_is_embedded_and_the_result_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/cache.bin");
        let embedder = Counting::default();
        let texts = ["one", "two", "three", "two"];
        let mut cache = EmbeddingCache::open(&path).unwrap();
        let (first, usage) = cache.embed(&embedder, &texts).unwrap();
        assert_eq!(usage, CacheUse { found: 1, embedded: 3 });
        cache.flush().unwrap();
        let mut cache = EmbeddingCache::open(&path).unwrap();
        assert_eq!(cache.len(), 3);
        let edited = ["one", "two!", "three", "two"];
        let (second, usage) = cache.embed(&embedder, &edited).unwrap();
        assert_eq!(usage, CacheUse { found: 3, embedded: 1 });
        assert_eq!(embedder.embedded.load(Ordering::Relaxed), 4);
        let (fresh, _) = EmbeddingCache::in_memory().embed(&embedder, &edited).unwrap();
        assert_eq!(second, fresh);
        assert_eq!(first[0], second[0]);
        let other = Counting { version: 1, ..Counting::default() };
        let (others, usage) = cache.embed(&other, &edited).unwrap();
        assert_eq!(usage.embedded, 4);
        assert_ne!(others, second);
    }

    #[test]
    fn a_damaged_tail_costs_its_records_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.bin");
        let mut cache = EmbeddingCache::open(&path).unwrap();
        for fill in 1..=4 {
            cache.insert(key(&fill.to_string()), &vector(fill));
        }
        cache.flush().unwrap();
        let whole = fs::read(&path).unwrap();
        let record = (whole.len() - MAGIC.len()) / 4;
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let cut = EmbeddingCache::open(&path).unwrap();
            assert_eq!(cut.len(), length.saturating_sub(MAGIC.len()) / record);
        }
        for place in MAGIC.len()..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, &damaged).unwrap();
            let mut cache = EmbeddingCache::open(&path).unwrap();
            assert_eq!(cache.len(), (place - MAGIC.len()) / record);
            cache.insert(key("new"), &vector(9));
            cache.flush().unwrap();
            let mut again = EmbeddingCache::open(&path).unwrap();
            assert_eq!(again.len(), cache.len());
            assert_eq!(again.get(key("new")), Some(vector(9)));
        }
    }

    #[test]
    fn two_writers_keep_each_others_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.bin");
        let (mut a, mut b) =
            (EmbeddingCache::open(&path).unwrap(), EmbeddingCache::open(&path).unwrap());
        a.insert(key("a"), &vector(1));
        b.insert(key("b"), &vector(2));
        a.flush().unwrap();
        b.flush().unwrap();
        a.insert(key("c"), &vector(3));
        a.flush().unwrap();
        let all = EmbeddingCache::open(&path).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(a.get(key("b")), Some(vector(2)));
        fs::remove_file(&path).unwrap();
        a.insert(key("d"), &vector(4));
        a.flush().unwrap();
        assert_eq!(EmbeddingCache::open(&path).unwrap().get(key("d")), Some(vector(4)));
    }

    #[test]
    fn another_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "not a cache at all").unwrap();
        assert!(matches!(EmbeddingCache::open(&path), Err(CacheError::Magic { .. })));
        fs::write(&path, "").unwrap();
        let mut cache = EmbeddingCache::open(&path).unwrap();
        fs::write(&path, "not a cache at all").unwrap();
        cache.insert(key("a"), &vector(1));
        assert!(matches!(cache.flush(), Err(CacheError::Magic { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a cache at all");
    }
}
