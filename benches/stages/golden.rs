//! Are the results right? Nothing is timed before they are.
//!
//! `benches/golden/NAME.tsv` holds, for every query of a corpus, what was decided, the winning
//! document, and a hash of what each retriever and their blend found, best first. Ids are hashed,
//! not scores: another processor may round a logarithm otherwise. The first lines say what the file
//! holds for and how to write it again.

use std::fmt::Write as _;

use guidepost::embed::{Embedder, Encoder};
use guidepost::ids::Fingerprint;
use guidepost::retrieve::{Candidates, Ranking, Retriever as _};

use crate::corpora::{Corpus, DEPTH, Outcome, root, say};

/// Best hits that a hash covers.
const BEST: usize = 10;

/// The environment variable that writes lists anew instead of checking them.
pub(crate) const WRITE: &str = "GUIDEPOST_GOLDEN";

/// Checks a corpus against its list, or writes the list.
pub(crate) fn check(corpus: &Corpus) -> Outcome<()> {
    let mut found = format!(
        "# Written by: {WRITE}=write cargo bench --bench stages\n\
         # By guidepost {} with {}\n\
         # Corpus and queries: {}\n\
         # query, decision, winner, hash of the best {BEST} of lexical, dense and both\n",
        env!("CARGO_PKG_VERSION"),
        corpus.engine.snapshot().manifest().inputs.embedder_name,
        corpus.fingerprint
    );
    for (id, query) in &corpus.queries {
        let reply = corpus.engine.reply(query)?;
        let winner = reply.winner.as_ref().map_or("-", |winner| winner.document.as_str());
        let lexical = corpus.lexical.bind(&query.text)?;
        let dense = corpus.scan.bind(&query.text)?;
        let candidates = Candidates::gather(lexical.as_ref(), dense.as_ref(), DEPTH);
        let fused = guidepost::fuse::Fusion::fuse(&corpus.engine.settings().fusion, &candidates);
        let hash = hash(corpus, [&lexical.top(DEPTH), &dense.top(DEPTH), &fused]);
        let decision = reply.response.decision();
        let _ = writeln!(found, "{id}\t{decision}\t{winner}\t{hash}");
        let searched = corpus.engine.search(&query.text, DEPTH)?;
        let same = searched.iter().zip(fused.hits()).all(|(found, hit)| {
            Some(&found.passage) == corpus.engine.snapshot().passage(hit.row).map(|p| &p.id)
        });
        if !same {
            return Err(format!("{id}: the stages together rank otherwise than `search`").into());
        }
    }
    compare(&corpus.name, &found)
}

fn hash(corpus: &Corpus, rankings: [&Ranking; 3]) -> String {
    let snapshot = corpus.engine.snapshot();
    let mut named = String::new();
    for ranking in rankings {
        for hit in ranking.hits().iter().take(BEST) {
            let id = snapshot.passage(hit.row).map(|passage| passage.id.to_string());
            let _ = writeln!(named, "{}", id.unwrap_or_default());
        }
        named.push('\n');
    }
    Fingerprint::of(named.as_bytes()).to_string()[..16].to_owned()
}

/// Vectors in int8 must be the same to the bit on every path of the processor, and those of the
/// list. Those in f32 have no list: `scripts` and the tests of the encoder compare them.
pub(crate) fn check_vectors(encoders: &[(String, Encoder)], texts: &[&str]) -> Outcome<()> {
    let mut found = format!(
        "# Written by: {WRITE}=write cargo bench --bench stages\n# text, hash of its int8 vector\n"
    );
    for text in texts {
        let mut first: Option<Vec<u32>> = None;
        for (name, encoder) in encoders.iter().filter(|(name, _)| name.starts_with("int8")) {
            let bits: Vec<u32> = encoder.embed(&[text])?.iter().map(|x| x.to_bits()).collect();
            match &first {
                None => first = Some(bits),
                Some(known) if *known == bits => {}
                Some(_) => return Err(format!("{name}: another vector for `{text}`").into()),
            }
        }
        let bytes: Vec<u8> =
            first.unwrap_or_default().iter().flat_map(|x| x.to_le_bytes()).collect();
        let _ = writeln!(found, "{text}\t{}", &Fingerprint::of(&bytes).to_string()[..16]);
    }
    compare("vectors", &found)
}

/// Compares a list with the one kept, or keeps it.
pub(crate) fn compare(name: &str, found: &str) -> Outcome<()> {
    let path = root().join("benches/golden").join(format!("{name}.tsv"));
    if std::env::var_os(WRITE).is_some() {
        fs_err::write(&path, found)?;
        say(&format!("{} written", path.display()));
        return Ok(());
    }
    let kept = fs_err::read_to_string(&path)?;
    let cure =
        format!("if that is meant, write it again: {WRITE}=write cargo bench --bench stages");
    for (line, (expected, found)) in (1..).zip(kept.lines().zip(found.lines())) {
        let is_provenance = expected.starts_with("# By ") || expected.starts_with("# Written");
        if expected != found && !is_provenance {
            return Err(format!(
                "{}:{line}: `{expected}` expected, found `{found}`; {cure}",
                path.display()
            )
            .into());
        }
    }
    if kept.lines().count() != found.lines().count() {
        return Err(format!("{}: has another number of lines; {cure}", path.display()).into());
    }
    Ok(())
}
