//! Errors as people read them: what, where, why, and what to do.

use std::error::Error as _;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use super::printer;
use crate::error::{Error, ErrorKind};
use crate::eval::EvalError;
use crate::index::build::BuildError;

/// An error with its causes and a way out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Report {
    message: String,
    help: Option<String>,
    causes: Vec<Report>,
}

impl Diagnostic for Report {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.causes.is_empty())
            .then(|| Box::new(self.causes.iter().map(|c| c as &dyn Diagnostic)) as Box<_>)
    }
}

/// Prints an error on stderr.
pub(super) fn report(error: &EvalError) {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    let causes = match error {
        EvalError::Engine(Error::Build(BuildError::Malformed { issues })) => issues
            .iter()
            .map(|issue| Report {
                message: format!("{}:{}: {}", issue.path, issue.line, issue.message),
                help: Some(issue.cure.clone()),
                causes: Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    };
    let help = match error.kind() {
        ErrorKind::Bug => Some("this is a bug in guidepost; please report it".to_owned()),
        _ => None,
    };
    let report = Report { message, help, causes };
    let colour = printer::stderr_is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    if handler.render_report(&mut text, &report).is_err() {
        text = report.to_string();
    }
    printer::talk(text.trim_end());
}
