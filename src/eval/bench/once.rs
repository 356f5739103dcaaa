//! Which instructions does each stage of a message take? Every stage by itself, once over the
//! messages, each in a function that nothing is inlined into or out of, so that a program that
//! counts instructions (callgrind) or draws flames finds it by its name, `counted_STAGE`.
//!
//! Nothing is timed here. What a stage needs from the one before it is made outside of it: a scan
//! knows the message's vector, fusion has its candidates.

use std::hint::black_box;
use std::sync::Arc;

use serde::Serialize;

use super::Messages;
use crate::calibrate::{Calibrator, Pool};
use crate::embed::{EmbedError, Embedder, Encoder};
use crate::engine::{Engine, shipped_calibrator};
use crate::error::Error;
use crate::fuse::Fusion as _;
use crate::index::settings::FusionSettings;
use crate::query::Query;
use crate::retrieve::dense::Dense;
use crate::retrieve::lexical::Lexical;
use crate::retrieve::{BoundQuery, Candidates, Retriever};
use crate::text::analyse::Analyzer;

/// Candidates of each retriever, as a message is asked.
const DEPTH: usize = crate::engine::ASK_DEPTH;

/// A stage and how often it was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its name: the function is `counted_NAME`.
    pub name: &'static str,
    /// Messages it was run on.
    pub calls: usize,
}

/// Runs every stage once over the messages.
///
/// # Errors
/// [`Error`] of any stage.
pub fn once(
    engine: &Engine,
    encoder: &Arc<Encoder>,
    messages: &Messages,
) -> Result<Vec<Stage>, Error> {
    let queries = messages.queries();
    let stages = Stages::new(engine, encoder, queries)?;
    // What is made on first use is no part of a message.
    if let Some(query) = queries.first() {
        engine.reply(query)?;
    }
    let bound = stages.bound(queries)?;
    let gathered: Vec<Candidates> =
        bound.iter().map(|(l, d)| Candidates::gather(l.as_ref(), d.as_ref(), DEPTH)).collect();
    let fusion = engine.settings().fusion;
    counted_analyse(engine.snapshot().analyzer(), queries);
    counted_tokens(encoder, queries)?;
    counted_embed(encoder, queries)?;
    counted_lexical(&stages.lexical, queries)?;
    counted_scan(&stages.scan, &stages.vectors)?;
    counted_candidates(&bound);
    counted_fuse(&fusion, &gathered);
    let mut found: Vec<Stage> =
        ["analyse", "tokens", "embed", "lexical", "scan", "candidates", "fuse"]
            .map(|name| Stage { name, calls: queries.len() })
            .to_vec();
    if let Some(calibrator) = &stages.calibrator {
        counted_calibrate(calibrator, &stages.pools);
        found.push(Stage { name: "calibrate", calls: stages.pools.len() });
    }
    counted_ask(engine, queries)?;
    found.push(Stage { name: "ask", calls: queries.len() });
    Ok(found)
}

type Bound<'a> = (Box<dyn BoundQuery + 'a>, Box<dyn BoundQuery + 'a>);

/// The stages apart from each other.
struct Stages {
    lexical: Lexical,
    scan: Dense,
    /// Of each message, so that a scan is seen without the embedding before it.
    vectors: Vec<Vec<f32>>,
    calibrator: Option<Calibrator>,
    pools: Vec<Pool>,
}

impl Stages {
    fn new(engine: &Engine, encoder: &Arc<Encoder>, queries: &[Query]) -> Result<Stages, Error> {
        let (snapshot, settings) = (engine.snapshot(), engine.settings());
        let mut pools = Vec::new();
        for query in queries {
            pools.extend(engine.reply(query)?.pool);
        }
        let vector = |query: &Query| -> Result<Vec<f32>, Error> {
            Ok(encoder.embed(&[query.text.as_str()])?.into_iter().collect())
        };
        let vectors = queries.iter().map(vector).collect::<Result<_, _>>()?;
        Ok(Stages {
            lexical: Lexical::new(
                Arc::clone(snapshot.postings()),
                Arc::clone(snapshot.analyzer()),
                settings.lexical,
            ),
            scan: Dense::new(
                Arc::clone(encoder) as Arc<dyn Embedder>,
                Arc::clone(snapshot.vectors()),
                settings.dense,
            ),
            vectors,
            calibrator: Calibrator::new(shipped_calibrator()?, &engine.binding()).ok(),
            pools,
        })
    }

    fn bound(&self, queries: &[Query]) -> Result<Vec<Bound<'_>>, Error> {
        let bind = |(query, vector): (&Query, &Vec<f32>)| -> Result<Bound<'_>, Error> {
            Ok((self.lexical.bind(&query.text)?, self.scan.bind_vector(vector)?))
        };
        queries.iter().zip(&self.vectors).map(bind).collect()
    }
}

#[inline(never)]
fn counted_analyse(analyzer: &Analyzer, queries: &[Query]) {
    for query in queries {
        black_box(analyzer.analyse(black_box(&query.text)));
    }
}

#[inline(never)]
fn counted_tokens(encoder: &Encoder, queries: &[Query]) -> Result<(), EmbedError> {
    queries.iter().try_for_each(|query| {
        black_box(encoder.count_tokens(black_box(&query.text))?);
        Ok(())
    })
}

#[inline(never)]
fn counted_embed(encoder: &Encoder, queries: &[Query]) -> Result<(), EmbedError> {
    queries.iter().try_for_each(|query| {
        black_box(encoder.embed(&[black_box(query.text.as_str())])?);
        Ok(())
    })
}

#[inline(never)]
fn counted_lexical(lexical: &Lexical, queries: &[Query]) -> Result<(), Error> {
    queries.iter().try_for_each(|query| {
        black_box(lexical.bind(black_box(&query.text))?.top(DEPTH));
        Ok(())
    })
}

#[inline(never)]
fn counted_scan(scan: &Dense, vectors: &[Vec<f32>]) -> Result<(), Error> {
    vectors.iter().try_for_each(|vector| {
        black_box(scan.bind_vector(black_box(vector))?.top(DEPTH));
        Ok(())
    })
}

#[inline(never)]
fn counted_candidates(bound: &[Bound<'_>]) {
    for (lexical, dense) in bound {
        black_box(Candidates::gather(lexical.as_ref(), dense.as_ref(), black_box(DEPTH)));
    }
}

#[inline(never)]
fn counted_fuse(fusion: &FusionSettings, gathered: &[Candidates]) {
    for candidates in gathered {
        black_box(fusion.fuse(black_box(candidates)));
    }
}

#[inline(never)]
fn counted_calibrate(calibrator: &Calibrator, pools: &[Pool]) {
    for pool in pools {
        black_box(calibrator.judge(black_box(pool)));
    }
}

#[inline(never)]
fn counted_ask(engine: &Engine, queries: &[Query]) -> Result<(), Error> {
    queries.iter().try_for_each(|query| {
        black_box(engine.reply(black_box(query))?);
        Ok(())
    })
}
