//! 1. int8 agrees with reference vectors of an independent f64 implementation on 200 sentences:
//!    cosine at least .995 in the median and .985 at worst. f32, where its weights are at hand,
//!    agrees to .9999.
//! 2. Our tokens are those of an independent tokenizer, and of the library with truncation on.
//! 3. Vectors are equal to the bit on every path of the processor.
//! 4. A vector depends on its text alone: not on neighbours, their number, or threads.
//! 5. A short text costs its own tokens: nothing pads it.
//! 6. A text goes on from where an encoder left it, to the same bits.
//! 7. Damaged weights are refused by name and never panic.

use std::path::PathBuf;

use crate::embed::model::{INT8_FILE, default_model};

use super::*;

const SENTENCES: &str = include_str!("../../../models/all-MiniLM-L6-v2/parity/sentences.txt");
const TOKENS: &str = include_str!("../../../models/all-MiniLM-L6-v2/parity/reference_tokens.json");
const VECTORS: &[u8] = include_bytes!("../../../models/all-MiniLM-L6-v2/parity/reference.f32");

/// Names the folder with pulled models.
const MODELS_VARIABLE: &str = "GUIDEPOST_MODELS";

fn sentences() -> Vec<&'static str> {
    SENTENCES.lines().collect()
}

fn reference(dimension: usize) -> Matrix {
    let numbers = VECTORS.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    Matrix::from_shape_vec((sentences().len(), dimension), numbers.collect()).unwrap()
}

fn cosines(a: &Matrix, b: &Matrix) -> Vec<f64> {
    let dot = |(a, b): (ndarray::ArrayView1<f32>, ndarray::ArrayView1<f32>)| {
        a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let mut cosines: Vec<f64> = a.rows().into_iter().zip(b.rows()).map(dot).collect();
    cosines.sort_by(f64::total_cmp);
    cosines
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn int8_agrees_with_the_reference() {
    let encoder = default_model().unwrap();
    let ours = encoder.embed(&sentences()).unwrap();
    let cosines = cosines(&ours, &reference(encoder.dimension()));
    assert_eq!(cosines.len(), 200);
    assert!(cosines[0] >= 0.985, "least {}", cosines[0]);
    assert!(cosines[100] >= 0.995, "median {}", cosines[100]);
    // What this arithmetic reached when it was made; a fall is a change worth looking at.
    assert!(cosines[0] >= 0.9965 && cosines[100] >= 0.9985, "{} {}", cosines[0], cosines[100]);
}

#[test]
fn f32_agrees_with_the_reference() {
    let Some(models) = std::env::var_os(MODELS_VARIABLE).map(PathBuf::from) else {
        eprintln!("{MODELS_VARIABLE} names no folder with pulled models: f32 not compared");
        return;
    };
    let files = ModelFiles::open(&models.join("all-MiniLM-L6-v2"), Precision::F32).unwrap();
    let encoder = Encoder::load(files.clone()).unwrap();
    let ours = encoder.embed(&sentences()).unwrap();
    let cosines = cosines(&ours, &reference(encoder.dimension()));
    assert!(cosines[0] >= 0.9999, "least {}", cosines[0]);
    let few = &sentences()[..8];
    let scalar = Encoder::load_on(files, CpuPath::Scalar).unwrap().embed(few).unwrap();
    assert_eq!(bits(&scalar), bits(&encoder.embed(few).unwrap()));
    assert_ne!(encoder.fingerprint(), default_model().unwrap().fingerprint());
}

#[test]
fn tokens_are_those_of_an_independent_tokenizer() {
    let encoder = default_model().unwrap();
    let expected: Vec<Vec<u32>> = serde_json::from_str(TOKENS).unwrap();
    assert_eq!(expected.len(), sentences().len());
    let mut ids = Vec::new();
    for (sentence, expected) in sentences().into_iter().zip(expected) {
        encoder.base.tokens.ids(sentence, &mut ids).unwrap();
        assert_eq!(ids, expected, "{sentence}");
        assert_eq!(encoder.count_tokens(sentence).unwrap(), expected.len() - 2);
    }
}

#[test]
fn long_texts_are_cut_as_the_library_cuts_them() {
    let files = ModelFiles::built_in().unwrap();
    let mut library = tokenizers::Tokenizer::from_bytes(files.tokenizer.as_ref()).unwrap();
    library.with_padding(None);
    let truncation = tokenizers::TruncationParams { max_length: 256, ..Default::default() };
    library.with_truncation(Some(truncation)).unwrap();
    let encoder = default_model().unwrap();
    let mut ids = Vec::new();
    for words in [0, 1, 253, 254, 255, 256, 2000] {
        let text = "scan ".repeat(words);
        encoder.base.tokens.ids(&text, &mut ids).unwrap();
        assert_eq!(ids, library.encode(text.as_str(), true).unwrap().get_ids());
        assert_eq!(ids.len(), (words + 2).min(256));
        assert_eq!(encoder.count_tokens(&text).unwrap(), words);
    }
    let vector = encoder.embed(&[&"scan ".repeat(300)]).unwrap();
    assert_eq!(bits(&vector), bits(&encoder.embed(&[&"scan ".repeat(254)]).unwrap()));
}

#[test]
fn nothing_pads_a_short_text() {
    let files = ModelFiles::built_in().unwrap();
    let shipped = tokenizers::Tokenizer::from_bytes(files.tokenizer.as_ref()).unwrap();
    let padded = shipped.encode("does it hurt", true).unwrap();
    assert_eq!(padded.len(), 128, "the trap this test is about has gone");
    let encoder = default_model().unwrap();
    let mut ids = Vec::new();
    encoder.base.tokens.ids("does it hurt", &mut ids).unwrap();
    assert_eq!(ids, padded.get_ids()[..5]);
    encoder.embed(&["does it hurt"]).unwrap();
    let rows = encoder.with_scratch(|scratch| scratch.rows.len());
    assert_eq!(rows, 5 * encoder.dimension());
}

/// Texts that are easy to get wrong.
const ODD_TEXTS: [&str; 9] = [
    "",
    " ",
    "?",
    "hi",
    "[SEP] [CLS] [MASK]",
    "\u{0}\u{fffd}\u{200b}",
    "乳房 X 光 检查 疼 吗",
    "🩺💔",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

#[test]
fn every_path_gives_the_same_bits() {
    let load = |path| Encoder::load_on(ModelFiles::built_in().unwrap(), path);
    let scalar = load(CpuPath::Scalar).unwrap();
    // The scalar path is slow without optimisation: every tenth sentence, all in the slow tier.
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let (step, repeats) = if slow { (1, 50) } else { (10, 11) };
    let mut texts: Vec<_> = sentences().into_iter().step_by(step).chain(ODD_TEXTS).collect();
    let long = "one of the tests found something ".repeat(repeats);
    texts.push(&long);
    let expected = bits(&scalar.embed(&texts).unwrap());
    for path in [CpuPath::Avx2, CpuPath::Avx512Vnni] {
        let Ok(fast) = load(path) else {
            eprintln!("no {path} on this processor: not compared");
            continue;
        };
        assert_eq!(scalar.fingerprint(), fast.fingerprint());
        assert_eq!(bits(&fast.embed(&texts).unwrap()), expected, "{path}");
    }
}

#[test]
fn a_vector_depends_on_its_text_alone() {
    let encoder = default_model().unwrap();
    let texts: Vec<_> = ODD_TEXTS.into_iter().chain(sentences()).take(60).collect();
    let all = encoder.embed(&texts).unwrap();
    for (index, text) in texts.iter().enumerate() {
        let alone = encoder.embed(&[text]).unwrap();
        assert_eq!(bits(&alone), bits(&all.slice(ndarray::s![index..=index, ..]).to_owned()));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let one_thread = pool.install(|| encoder.embed(&texts)).unwrap();
    assert_eq!(bits(&one_thread), bits(&all));
    assert_eq!(encoder.embed(&[]).unwrap().dim(), (0, encoder.dimension()));
}

#[test]
fn a_text_that_was_begun_ends_as_if_it_had_not_been() {
    let encoder = default_model().unwrap();
    for text in ODD_TEXTS.into_iter().chain(sentences()).take(20) {
        let (tokens, begun) = encoder.embed_tokens_begun(text).unwrap().unwrap();
        let begun = begun.unwrap();
        let alone = Embedder::embed_tokens(&encoder, text).unwrap().unwrap();
        assert_eq!(bits(&tokens), bits(&alone));
        let finished = encoder.finish(text, &begun).unwrap().unwrap();
        let whole = encoder.embed(&[text]).unwrap();
        assert!(finished.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(encoder.finish("something else", &begun).unwrap(), None);
    }
}

#[test]
fn vectors_have_length_one() {
    let vectors = default_model().unwrap().embed(&ODD_TEXTS).unwrap();
    for row in vectors.rows() {
        let square: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
        assert!((square - 1.0).abs() < 1e-5, "{square}");
    }
}

#[test]
fn damaged_weights_are_refused_by_name() {
    let files = ModelFiles::built_in().unwrap();
    let weights = files.weights.as_ref().to_vec();
    let load =
        |weights: Vec<u8>| Encoder::load(ModelFiles { weights: weights.into(), ..files.clone() });
    for length in [0, 7, 8, 100, 5000, weights.len() - 1] {
        assert!(matches!(load(weights[..length].to_vec()), Err(LoadError::Container { .. })));
    }
    let text = "guidepost int8 weights 1".as_bytes();
    let place = weights.windows(text.len()).position(|bytes| bytes == text).unwrap();
    let mut other = weights.clone();
    other[place + text.len() - 1] = b'9';
    assert!(matches!(load(other), Err(LoadError::Int8Format { .. })));
    let name = b"layers.3.down.panels";
    let place = weights.windows(name.len()).position(|bytes| bytes == name).unwrap();
    let mut other = weights.clone();
    other[place] = b'L';
    let error = load(other).unwrap_err().to_string();
    assert!(error.contains("layers.3.down.panels"), "{error}");
    let mut manifest = files.manifest.clone();
    manifest.layers = 7;
    let error = Encoder::load(ModelFiles { manifest, ..files.clone() }).unwrap_err();
    assert!(matches!(error, LoadError::MissingTensor { .. }));
    let folder = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/all-MiniLM-L6-v2");
    for file in ["manifest.toml", "tokenizer.json", INT8_FILE] {
        fs_err::copy(format!("{shipped}/{file}"), folder.path().join(file)).unwrap();
    }
    let opened = ModelFiles::open(folder.path(), Precision::Int8).unwrap();
    assert_eq!(fingerprint(&opened), fingerprint(&files));
    fs_err::write(folder.path().join(INT8_FILE), &weights[1..]).unwrap();
    let refused = ModelFiles::open(folder.path(), Precision::Int8);
    assert!(matches!(refused, Err(LoadError::Hash { .. })));
}
