//! Arguments about certificates.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use crate::calibrate::certificate::{DEFAULT_STARTS, Method, Population};
use crate::ids::Locality;

#[derive(Debug, Args)]
pub(crate) struct CertifyArgs {
    /// Labelled topics, one a family, that nothing was fitted on: certify a threshold on them
    #[arg(long, value_name = "FILE", requires = "certificate", conflicts_with = "report")]
    pub(crate) certify: Option<PathBuf>,
    /// Where to write the certificate
    #[arg(long, value_name = "FILE", requires = "certify")]
    pub(crate) certificate: Option<PathBuf>,
    /// The risk to hold: share of the answers that are wrong or should not have been given
    #[arg(long, default_value_t = 0.05, requires = "certify")]
    pub(crate) alpha: f64,
    /// Greatest chance that the certificate is wrong
    #[arg(long, default_value_t = 0.05, requires = "certify")]
    pub(crate) delta: f64,
    /// Starts of the search for a threshold; they share delta
    #[arg(long, default_value_t = DEFAULT_STARTS, value_name = "N", requires = "certify")]
    pub(crate) starts: usize,
    /// Whose messages they are: `rehearsal`, `research` or `live:SERVICE:FROM:TO` with two dates
    #[arg(
        long,
        default_value = "rehearsal",
        value_parser = parse_population,
        requires = "certify"
    )]
    pub(crate) population: Population,
    /// Hold the risk whatever share of messages should not be answered, between two: `LOW:HIGH`
    #[arg(long, value_name = "LOW:HIGH", value_parser = parse_prevalence, requires = "certify")]
    pub(crate) prevalence: Option<Method>,
    /// After an edit of the corpus: test this certificate's threshold again, on the topics it was
    /// issued on; fits nothing
    #[arg(long, value_name = "FILE", requires = "certify", conflicts_with_all = ["out", "prevalence"])]
    pub(crate) recertify: Option<PathBuf>,
    /// How often these topics have been tested before, failures counted; the certificate's count
    /// and one more without
    #[arg(long, value_name = "N", requires = "recertify")]
    pub(crate) revision: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// Say what a certificate proves, of whom, and whether it holds now
    Show {
        /// The certificate; without one, the one in use
        file: Option<PathBuf>,
        /// The day [default: today, UTC]
        #[arg(long, value_name = "YYYY-MM-DD")]
        now: Option<Date>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Suspend the certificate in use: its answers are drafts from now on
    Suspend {
        /// Why, for the audit trail
        reason: String,
    },
    /// Lift a suspension
    Lift {
        /// Who decided it and why, for the audit trail
        reason: String,
    },
    /// Watch whether messages still come in as they did: suspends the certificate on an alarm
    Watch(WatchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// A log of turns, as `ask --log` and `chat --log` write it
    pub(crate) log: PathBuf,
    /// Where the watch is kept between runs
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
    /// Begin with the log as the commissioning window
    #[arg(long)]
    pub(crate) commission: bool,
    /// Seed of the random parts of p-values, for `--commission`
    #[arg(long, default_value_t = 1, requires = "commission")]
    pub(crate) seed: u64,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_population(text: &str) -> Result<Population, String> {
    match text {
        "rehearsal" => return Ok(Population::Rehearsal),
        "research" => return Ok(Population::Research),
        _ => {}
    }
    let cure = "write rehearsal, research or live:SERVICE:FROM:TO";
    let parts: Vec<&str> = text.split(':').collect();
    let ["live", service, from, to] = parts[..] else {
        return Err(cure.to_owned());
    };
    let date = |text: &str| text.parse::<Date>().map_err(|error| format!("{error}; {cure}"));
    Ok(Population::Live {
        service: Locality::new(service).map_err(|error| error.to_string())?,
        from: date(from)?,
        to: date(to)?,
    })
}

fn parse_prevalence(text: &str) -> Result<Method, String> {
    let cure = "write two shares, such as 0.03:0.2";
    let (low, high) = text.split_once(':').ok_or_else(|| cure.to_owned())?;
    let share = |text: &str| text.parse::<f64>().map_err(|error| format!("{error}; {cure}"));
    Ok(Method::PrevalenceInterval { low: share(low)?, high: share(high)? })
}
