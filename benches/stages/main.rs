//! How long does each stage take, from files to an answer?
//!
//! Before anything is timed, results are compared with `benches/golden`: a fast wrong answer is not
//! worth a number, so a difference ends the run. On the shipped corpus twelve questions must also
//! get the documents that people say answer them.
//!
//! Measured, warm, in this process, one thread unless the name says otherwise:
//! reading and cutting a corpus (`ingest`), analysing passages and queries (`analyse`), tokens and
//! vectors on each path of the processor and each precision at hand (`embed`), and on each corpus
//! the raw scan of all vectors (`cosines`), the lexical retriever as it is and without synonyms and
//! corrections (`lexical`, `lexical-plain`), the dense one with the query's vector known
//! (`dense-scan`), the union of both (`candidates`), the blend (`fuse`), confidence (`calibrate`),
//! `search`, a whole reply (`ask`), and ranked documents for all queries (`run`); then safety and
//! routes on a message that neither takes (`rules`), and scoring a run (`measures`).
//!
//! Corpora: the shipped one with the messages of the `dev` set; scifact with its test queries where
//! `GUIDEPOST_DATA` names a folder that holds it; 20,000 generated passages with 200 generated
//! queries. No text stands twice among the queries, and nothing here or in the engine keeps the
//! reply of a query.
//!
//! Not measured: starting the program, opening an index, a cold disk, several clients at once
//! (`guidepost bench`), building an index (`guidepost bench --scale build`), JSON, other people's
//! engines (`benches/peers`). Gathering the evidence of a message is part of `ask` alone. Criterion
//! reports a mean of batches, not a tail: percentiles are `guidepost bench`'s.
//! Instructions, where times are noise, are counted by `benches/instructions.py`.

mod corpora;
mod generate;
mod golden;
mod timed;

use criterion::Criterion;
use guidepost::answer::Response;
use guidepost::ids::Programme;
use guidepost::query::Query;

use corpora::{Corpus, DAY, LARGE, Outcome, say};

/// Programme of the channel, message, and the document that answers it.
const QUESTIONS: [(&str, &str, &str); 12] = [
    ("breast", "Does a mammogram hurt?", "breast-does-it-hurt"),
    ("breast", "how long do results take", "breast-when-results"),
    ("breast", "how much radiation do i get", "breast-radiation"),
    ("breast", "Can someone come with me", "breast-bringing-someone"),
    ("breast", "will a woman do my mammogram", "breast-female-staff"),
    ("bowel", "How do I do the bowel test at home?", "bowel-how-to-do-the-test"),
    ("bowel", "how long do results take", "bowel-when-results-come"),
    ("cervical", "What does the smear test look for?", "cervical-what-the-test-looks-for"),
    ("cervical", "hpv found but no cell changes", "cervical-hpv-found-no-cell-changes"),
    ("diabetic-eye", "Can I drive home after eye screening?", "diabetic-eye-driving"),
    ("aaa", "what happens at the AAA scan", "aaa-the-scan"),
    ("antenatal", "when is the heel prick test done", "antenatal-blood-spot-when"),
];

fn main() -> Outcome<()> {
    let encoder = timed::encoder()?;
    let encoders = timed::encoders(&corpora::root().join("models/pulled"))?;
    let shipped = Corpus::shipped(&encoder)?;
    check_questions(&shipped)?;
    timed::check_measures()?;
    let texts: Vec<&str> = QUESTIONS.iter().map(|(_, text, _)| *text).collect();
    golden::check_vectors(&encoders, &texts)?;
    let large = Corpus::generated("generated", LARGE, &encoder)?;
    let mut corpora = vec![shipped, large];
    match Corpus::scifact(&encoder)? {
        Some(scifact) => corpora.push(scifact),
        None => say("scifact is left out: GUIDEPOST_DATA names no folder that holds it"),
    }
    for corpus in &corpora {
        golden::check(corpus)?;
        say(&format!(
            "{}: {} passages, {} queries, results as expected",
            corpus.name,
            corpus.engine.snapshot().passage_count(),
            corpus.queries.len()
        ));
    }
    say(&format!("encoder on {}", encoder.cpu_path()));
    let mut criterion = Criterion::default().configure_from_args();
    timed::ingest(&mut criterion, &corpora[0], &encoder)?;
    timed::embed(&mut criterion, &encoders, &corpora[0].queries);
    for corpus in &corpora {
        timed::query(&mut criterion, corpus)?;
    }
    timed::rules(&mut criterion, &corpora[0])?;
    timed::measure(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn check_questions(corpus: &Corpus) -> Outcome<()> {
    for (programme, text, wanted) in QUESTIONS {
        let programmes = vec![Programme::new(programme)?];
        match corpus.engine.ask(&Query { programmes, ..Query::new(text, DAY) })? {
            Response::Answer(answer) if answer.citations[0].document.as_str() == wanted => {}
            other => return Err(format!("`{text}`: {wanted} expected, got {other:?}").into()),
        }
    }
    Ok(())
}
