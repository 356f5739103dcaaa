//! The engine in a program of your own.
//!
//! ```text
//! cargo run --release --example embed -- "Does a mammogram hurt?"
//! ```
//!
//! An index is built on first use and reused as long as the corpus stays as it is. One engine,
//! shared in an `Arc`, serves any number of threads; after a new build, call `Engine::reload`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use guidepost::embed::{Embedder, default_model};
use guidepost::engine::Engine;
use guidepost::index::build::{BuildOptions, Quiet, Sources, build};
use guidepost::index::settings::Settings;
use guidepost::index::store::Store;
use guidepost::query::Query;
use jiff::{Timestamp, tz::Offset};

/// The decision and the words for a message.
pub(crate) fn answer(corpus: &Path, index: &Path, message: &str) -> Result<String, Box<dyn Error>> {
    let model = Arc::new(default_model()?);
    let count = |text: &str| model.count_tokens(text).unwrap_or(usize::MAX);
    let embedder: Arc<dyn Embedder> = model.clone();
    let (store, sources) = (Store::new(index), Sources::read(corpus)?);
    let (settings, options) = (Settings::default(), BuildOptions::default());
    build(&store, &sources, &embedder, &count, &settings, options, &Quiet)?;

    let engine = Engine::builder(index).embedder(embedder).open()?;
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    let response = engine.ask(&Query::new(message, today))?;
    Ok(format!("{}: {}", response.decision(), response.text()))
}

#[expect(clippy::print_stdout, reason = "the example's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let message = std::env::args().nth(1).unwrap_or_else(|| "Does a mammogram hurt?".to_owned());
    println!("{}", answer(Path::new("corpus"), Path::new(".guidepost"), &message)?);
    Ok(())
}
