//! `index build|generate|duplicates|info|verify|list|rollback|revoke`.

use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::corpus::RESEARCH_APPROVER;
use crate::cli::args::{Global, IndexCommand};
use crate::cli::printer::Bar;
use crate::cli::{Outcome, printer, settings};
use crate::corpus::approve::Grant;
use crate::corpus::document::Role;
use crate::corpus::read::read_corpus;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::generate::{Plan, Texts, generate, nearly_the_same};
use crate::ids::{DocumentId, Fingerprint};
use crate::index::build::BuildOptions;
use crate::index::settings::Settings;
use crate::index::snapshot::{Snapshot, VERIFIED_FIRST, read_manifest};
use crate::index::store::{Revocation, Store};

/// What a build did.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WireBuilt {
    /// Id of the snapshot, which is current now.
    #[schemars(with = "Fingerprint")]
    id: String,
    /// Texts embedded, the rest came from the cache.
    embedded: usize,
    /// Texts of the snapshot: passages and question variants.
    texts: usize,
    /// Whether the snapshot was there already.
    reused: bool,
}

/// A snapshot of the index.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WireListed {
    /// Name of its folder: its id, unless the folder is none of ours.
    id: String,
    /// Whether it is served.
    current: bool,
    /// Passages, where it can be read.
    passages: Option<usize>,
    /// Documents, where it can be read.
    documents: Option<usize>,
    /// Why it cannot be used.
    problem: Option<String>,
}

/// Runs an `index` command.
pub(super) fn run(global: &Global, command: &IndexCommand) -> Result<Outcome, EvalError> {
    let store = settings::store(global);
    match command {
        IndexCommand::Build { show_settings: true, .. } => {
            let settings = settings::settings(global)?.unwrap_or_default();
            Ok(show_settings(&settings)?)
        }
        IndexCommand::Build { batch, commits, json, beir, cut, on, .. } => {
            let model = settings::model(global)?;
            let options = BuildOptions { batch: *batch, commits: *commits };
            let built = match beir {
                None => settings::build_index(global, &model, options)?,
                Some(folder) => {
                    let on = settings::day(*on);
                    let until = on.checked_add(Span::new().years(1)).unwrap_or(on);
                    let by = RESEARCH_APPROVER.to_owned();
                    let grant = Grant { by, role: Role::Research, on, review_due: until };
                    settings::build_beir(global, &model, (folder, cut.as_cut(), &grant), options)?
                }
            };
            if *json {
                let id = built.id.to_string();
                let wire = WireBuilt {
                    id,
                    embedded: built.embedded,
                    texts: built.texts,
                    reused: built.reused,
                };
                printer::json(&wire)?;
            } else if built.reused {
                printer::data(&format!("{} (already built)", built.id))?;
            } else {
                printer::data(&format!(
                    "{} ({} of {} texts embedded, the rest from the cache)",
                    built.id, built.embedded, built.texts
                ))?;
            }
            Ok(Outcome::Done)
        }
        IndexCommand::Generate { from, passages, queries, seed, out } => {
            let plan = Plan { passages: *passages, queries: *queries, seed: *seed };
            let bar = Bar::new(global.quiet);
            let texts = match &from[..] {
                [] => Texts::of_corpus(&read_corpus(&global.corpus).map_err(Error::from)?)?,
                folders => Texts::of_folders(folders)?,
            };
            generate(&texts, plan, out, &bar)?;
            printer::talk(&format!("{passages} passages are in {}", out.display()));
            Ok(Outcome::Done)
        }
        IndexCommand::Duplicates { sample, above } => Ok(duplicates(&store, *sample, *above)?),
        IndexCommand::Info { json } => Ok(info(&store, *json)?),
        IndexCommand::Verify { json } => Ok(verify(&store, *json)?),
        IndexCommand::List { json } => Ok(list(&store, *json)?),
        IndexCommand::Rollback { to } => Ok(rollback(&store, to.as_deref())?),
        IndexCommand::Revoke { document, by, reason } => Ok(revoke(&store, document, by, reason)?),
    }
}

fn rollback(store: &Store, to: Option<&str>) -> Result<Outcome, Error> {
    let to = to.map(|prefix| store.find(prefix)).transpose()?;
    let id = store.lock()?.rollback(to)?;
    printer::data(&id.to_string())?;
    Ok(Outcome::Done)
}

fn duplicates(store: &Store, sample: u32, above: f64) -> Result<Outcome, Error> {
    let snapshot = store.open_current_at_once(VERIFIED_FIRST)?;
    let found = nearly_the_same(snapshot.vectors(), sample as usize, above)
        .map_err(crate::retrieve::RetrieveError::from)?;
    printer::data(&format!(
        "{} of {} passages have another one of cosine above {above} among all {}",
        found.with_double, found.sample, found.passages
    ))?;
    Ok(Outcome::Done)
}

fn show_settings(settings: &Settings) -> Result<Outcome, Error> {
    let text = toml::to_string(settings).map_err(std::io::Error::other)?;
    printer::raw(&text)?;
    Ok(Outcome::Done)
}

fn info(store: &Store, json: bool) -> Result<Outcome, Error> {
    let id = store.current()?;
    let manifest = read_manifest(&store.folder(id))?;
    if json {
        printer::json(&manifest)?;
        return Ok(Outcome::Done);
    }
    let bytes: u64 = manifest.files.iter().map(|f| f.bytes).sum();
    let counted = |counts: &std::collections::BTreeMap<String, usize>| {
        counts.iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
    };
    printer::data(&format!("snapshot   {id}"))?;
    printer::data(&format!("documents  {}", counted(&manifest.counts.documents)))?;
    printer::data(&format!("approvals  {}", counted(&manifest.counts.approvals)))?;
    printer::data(&format!("passages   {}", manifest.counts.passages))?;
    printer::data(&format!("variants   {}", manifest.counts.variants))?;
    printer::data(&format!("model      {}", manifest.inputs.embedder_name))?;
    printer::data(&format!(
        "size       {bytes} bytes, {} a passage",
        bytes / (manifest.counts.passages.max(1) as u64)
    ))?;
    if let Some(notice) = &manifest.notice {
        printer::data(&format!("notice     {notice}"))?;
    }
    let revoked = store.revocations()?;
    if !revoked.is_empty() {
        let names: Vec<&str> = revoked.keys().map(DocumentId::as_str).collect();
        printer::data(&format!("revoked    {}", names.join(", ")))?;
    }
    Ok(Outcome::Done)
}

fn verify(store: &Store, json: bool) -> Result<Outcome, Error> {
    let mut rows = Vec::new();
    for listed in store.list()? {
        let opened = match listed.id.parse() {
            Ok(id) => store.open(id).map_err(Error::from),
            Err(_) => Err(Error::Snapshot(match listed.manifest {
                Err(error) => error,
                Ok(manifest) => crate::index::snapshot::SnapshotError::Identity {
                    id: manifest.id,
                    computed: manifest.inputs.id(),
                },
            })),
        };
        let problem = opened.as_ref().err().map(full_message);
        rows.push(WireListed {
            id: listed.id,
            current: listed.current,
            passages: opened.as_ref().ok().map(Snapshot::passage_count),
            documents: opened.as_ref().ok().map(Snapshot::document_count),
            problem,
        });
    }
    print_rows(&rows, json)?;
    let current = store.current()?;
    if !rows.iter().any(|row| row.id == current.to_string()) {
        // The current snapshot is not there at all.
        store.open(current)?;
    }
    let sound = rows.iter().all(|row| row.problem.is_none());
    Ok(if sound { Outcome::Done } else { Outcome::Negative })
}

fn list(store: &Store, json: bool) -> Result<Outcome, Error> {
    let rows: Vec<WireListed> = store
        .list()?
        .into_iter()
        .map(|listed| WireListed {
            passages: listed.manifest.as_ref().ok().map(|m| m.counts.passages),
            documents: listed.manifest.as_ref().ok().map(|m| m.counts.documents.values().sum()),
            problem: listed.manifest.err().map(|e| full_message(&Error::from(e))),
            id: listed.id,
            current: listed.current,
        })
        .collect();
    print_rows(&rows, json)?;
    Ok(if rows.is_empty() { Outcome::Negative } else { Outcome::Done })
}

fn print_rows(rows: &[WireListed], json: bool) -> Result<(), Error> {
    if json {
        return printer::json(&rows);
    }
    for row in rows {
        let mark = if row.current { '*' } else { ' ' };
        let state = match (&row.problem, row.passages, row.documents) {
            (Some(problem), ..) => problem.clone(),
            (None, Some(passages), Some(documents)) => {
                format!("{documents} documents, {passages} passages")
            }
            _ => String::new(),
        };
        printer::data(&format!("{mark} {} {state}", row.id))?;
    }
    Ok(())
}

fn full_message(error: &Error) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    message
}

fn revoke(store: &Store, document: &str, by: &str, reason: &str) -> Result<Outcome, Error> {
    let snapshot = store.open_current_at_once(VERIFIED_FIRST)?;
    let unknown = || Error::UnknownPassage { passage: document.to_owned() };
    let id = DocumentId::new(document).map_err(|_| unknown())?;
    snapshot.document(&id).ok_or_else(unknown)?;
    store.lock()?.revoke(&Revocation {
        document: id,
        by: by.to_owned(),
        reason: reason.to_owned(),
        at: Timestamp::now(),
    })?;
    printer::talk(&format!("{document} is revoked at once"));
    Ok(Outcome::Done)
}
