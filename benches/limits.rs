//! How near to what the machine can do are the embedding and the scans?
//!
//! `cargo bench --bench limits`, one thread, some seconds. A limit is measured in the same run as
//! what it limits, so that the ratio holds on a busy machine better than either time does:
//!
//! - *stream*: reading as many bytes as the stage has to read (the weights of the linear layers;
//!   the rows of the matrix), summed with the widest registers the compiler may use;
//! - *arithmetic*: as many multiply-accumulates as the stage has to make, at the rate of a loop
//!   that makes nothing else, on registers alone;
//! - *postings*: decoding the posting lists of the query's words, and nothing else.
//!
//! Least times of many rounds are compared, since a limit is a least time. What is not measured:
//! the embedding of long texts, several threads, and a cold start.

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench may stop where it cannot go on")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use guidepost::embed::matrix::{QuantisedMatrix, QuantisedVector, quantise_row};
use guidepost::embed::model::ModelFiles;
use guidepost::embed::{CpuPath, Embedder as _, Encoder};
use guidepost::index::build::{Sources, build_default};
use guidepost::index::postings::TextField;
use guidepost::index::store::Store;
use guidepost::retrieve::lexical::Lexical;
use guidepost::retrieve::{Retriever as _, RetrieverExplanation, Row};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Queries of 11 or 12 tokens.
const QUERIES: [&str; 8] = [
    "does a mammogram hurt very much today",
    "what happens after an abnormal smear test result",
    "how often will i be invited for bowel screening",
    "can i bring my sister to the breast appointment",
    "is the poo test accurate for people over sixty",
    "who looks at the pictures of my breasts",
    "why was i not sent a kit this year",
    "can i have my eyes screened while pregnant",
];

/// Rows of the scan: as many as are scanned exactly.
const ROWS: usize = 100_000;

/// Times of a round, in microseconds: the least of many.
fn least(rounds: usize, mut work: impl FnMut()) -> f64 {
    (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6
        })
        .fold(f64::MAX, f64::min)
}

fn stream(bytes: &[u8]) -> u64 {
    let mut sums = [0_u64; 32];
    for words in bytes.as_chunks::<256>().0 {
        for (sum, word) in sums.iter_mut().zip(words.as_chunks().0) {
            *sum ^= u64::from_le_bytes(*word);
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ sum)
}

#[cfg(target_arch = "x86_64")]
mod peak {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_add_epi32, _mm256_madd_epi16, _mm256_set1_epi16,
        _mm256_setzero_si256, _mm512_dpbusd_epi32, _mm512_set1_epi32, _mm512_setzero_si512,
    };
    use std::hint::black_box;

    use guidepost::embed::CpuPath;

    /// Multiply-accumulates of a call on a path that has an instruction for them.
    pub(super) fn macs(path: CpuPath) -> Option<usize> {
        match path {
            CpuPath::Avx512Vnni if is_x86_feature_detected!("avx512vnni") => Some(STEPS * 24 * 64),
            CpuPath::Avx2 if is_x86_feature_detected!("avx2") => Some(STEPS * 12 * 16),
            _ => None,
        }
    }

    const STEPS: usize = 20_000;

    /// Multiplies and adds on registers alone, with as many sums as hide the latency.
    pub(super) fn run(path: CpuPath) {
        match path {
            // SAFETY: `macs` asked the processor.
            CpuPath::Avx512Vnni => unsafe { vnni() },
            // SAFETY: `macs` asked the processor.
            CpuPath::Avx2 => unsafe { words() },
            CpuPath::Scalar => {}
        }
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn vnni() {
        let (x, y) = (_mm512_set1_epi32(black_box(0x0102_0304)), _mm512_set1_epi32(0x0203));
        let mut sums = [_mm512_setzero_si512(); 24];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, x, y);
            }
        }
        black_box::<[__m512i; 24]>(sums);
    }

    #[target_feature(enable = "avx2")]
    fn words() {
        let x = _mm256_set1_epi16(black_box(3));
        let mut sums = [_mm256_setzero_si256(); 12];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(*sum, x));
            }
        }
        black_box::<[__m256i; 12]>(sums);
    }
}

fn embedding(path: CpuPath) {
    let files = ModelFiles::built_in().unwrap();
    let manifest = files.manifest.clone();
    let Ok(encoder) = Encoder::load_on(files, path) else {
        println!("embed {path}: not on this processor");
        return;
    };
    let (hidden, wide) = (manifest.hidden, manifest.intermediate);
    let weights = manifest.layers * hidden * (4 * hidden + 2 * wide);
    let buffer = vec![1_u8; weights];
    let tokens: usize = QUERIES.iter().map(|q| encoder.count_tokens(q).unwrap() + 2).sum();
    let macs = weights * tokens / QUERIES.len();
    let rounds = if path == CpuPath::Scalar { 2 } else { 200 };
    let streamed = least(rounds, || {
        black_box(stream(black_box(&buffer)));
    });
    let mut next = QUERIES.iter().cycle();
    let each = rounds * QUERIES.len();
    let embedded = least(each, || {
        black_box(encoder.embed(&[next.next().unwrap()]).unwrap());
    });
    #[cfg(target_arch = "x86_64")]
    let arithmetic =
        peak::macs(path).map(|made| least(rounds, || peak::run(path)) * macs as f64 / made as f64);
    #[cfg(not(target_arch = "x86_64"))]
    let arithmetic: Option<f64> = None;
    print!("embed {path}, 11 to 12 tokens: {embedded:.0} us; stream {streamed:.0} us");
    println!(" ({:.1} times, {:.1} GB/s)", embedded / streamed, weights as f64 / streamed / 1e3);
    if let Some(arithmetic) = arithmetic {
        let limit = arithmetic.max(streamed);
        let rate = macs as f64 / arithmetic / 1e3;
        println!(
            "  arithmetic {arithmetic:.0} us ({rate:.0} GMAC/s); {:.2} times the greater limit",
            embedded / limit
        );
    }
}

fn scan() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut vector = || -> QuantisedVector {
        quantise_row(&(0..384).map(|_| random.random::<f32>() - 0.5).collect::<Vec<_>>()).unwrap()
    };
    let rows: Vec<QuantisedVector> = (0..ROWS).map(|_| vector()).collect();
    let query = vector();
    let matrix = QuantisedMatrix::from_vectors(384, &rows).unwrap();
    let found = matrix.nearest(&query, 100).unwrap();
    let mut all: Vec<(f64, usize)> =
        rows.iter().enumerate().map(|(at, row)| (row.cosine(&query), at)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    assert!(found.iter().zip(&all).all(|(hit, (_, at))| hit.row as usize == *at));
    let streamed = least(100, || {
        black_box(stream(black_box(matrix.as_bytes())));
    });
    let scanned = least(100, || {
        black_box(matrix.nearest(&query, 100).unwrap());
    });
    let rate = matrix.as_bytes().len() as f64 / streamed / 1e3;
    println!(
        "dense, {ROWS} rows, best 100: {scanned:.0} us; stream {streamed:.0} us ({rate:.1} GB/s): {:.2} times",
        scanned / streamed
    );
}

fn lexical(folder: &Path) {
    let store = Store::new(folder);
    let snapshot = store.open_current().unwrap();
    let postings = Arc::clone(snapshot.postings());
    let settings = snapshot.manifest().settings.lexical.clone();
    let retriever = Lexical::new(Arc::clone(&postings), Arc::clone(snapshot.analyzer()), settings);
    let terms: Vec<Vec<String>> = QUERIES
        .iter()
        .map(|query| match retriever.bind(query).unwrap().explain(Row(0)).unwrap() {
            RetrieverExplanation::Lexical(e) => {
                e.terms.into_iter().flat_map(|t| t.variants.into_iter().chain(t.concepts)).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let mut at = (0..QUERIES.len()).cycle();
    let decoded = least(4000, || {
        for term in &terms[at.next().unwrap()] {
            for field in TextField::ALL {
                postings
                    .visit(field, term, |row, tf| {
                        black_box((row, tf));
                    })
                    .unwrap();
            }
        }
    });
    let mut at = QUERIES.iter().cycle();
    let ranked = least(4000, || {
        black_box(retriever.bind(at.next().unwrap()).unwrap().top(100));
    });
    println!(
        "lexical, shipped corpus ({} passages): {ranked:.1} us; decoding its postings {decoded:.1} us: {:.1} times",
        snapshot.passage_count(),
        ranked / decoded
    );
}

fn main() {
    for path in CpuPath::ALL {
        embedding(path);
    }
    scan();
    let folder = tempfile::tempdir().unwrap();
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"));
    build_default(folder.path(), &Sources::read(corpus).unwrap()).unwrap();
    lexical(folder.path());
}
