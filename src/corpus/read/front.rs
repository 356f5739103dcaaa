//! The front matter of a document: TOML between two lines of `+++`.
//!
//! Its wire form is private, so that a file may not say more than this reader understands:
//! unknown keys are refused. What is checked here is what one file can know about itself.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::issue::{Collector, IssueKind};
use super::lines::{after_byte_order_mark, lines};
use crate::corpus::document::{Approval, Cut, Format, Kind, Role, Source, Status};
use crate::ids::{DocumentId, FactId, Locality, Nation, Programme};

/// The line that opens and closes the front matter.
pub(super) const FENCE: &str = "+++";

/// Where the front matter and the body of a file stand.
pub(super) struct Parts {
    pub(super) front: Range<usize>,
    pub(super) body: Range<usize>,
}

/// Finds the two fences.
pub(super) fn split_front(text: &str, issues: &mut Collector<'_>) -> Option<Parts> {
    let start = after_byte_order_mark(text);
    let mut all = lines(text, start..text.len());
    let opening = all.next().filter(|line| &text[line.clone()] == FENCE);
    let Some(opening) = opening else {
        issues.at(
            start,
            IssueKind::FrontMatter,
            "the file does not begin with a line of `+++`",
            "begin the file with front matter between two lines of `+++`",
        );
        return None;
    };
    let Some(closing) = all.find(|line| &text[line.clone()] == FENCE) else {
        issues.at(
            opening.start,
            IssueKind::FrontMatter,
            "the front matter is not closed",
            "end the front matter with a line of `+++`",
        );
        return None;
    };
    let next_line = |at: usize| text[at..].find('\n').map_or(text.len(), |n| at + n + 1);
    Some(Parts {
        front: next_line(opening.end)..closing.start,
        body: next_line(closing.end)..text.len(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    id: DocumentId,
    title: Spanned<String>,
    programme: Programme,
    kind: Spanned<Kind>,
    nations: Spanned<Vec<Nation>>,
    locality: Option<Spanned<Locality>>,
    #[serde(default = "default_audience")]
    audience: Spanned<String>,
    #[serde(default)]
    questions: Vec<Spanned<String>>,
    #[serde(default)]
    facts: Vec<Spanned<FactId>>,
    #[serde(default)]
    see_also: Vec<Spanned<DocumentId>>,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    cut: Cut,
    source: Spanned<WireSource>,
    approval: Spanned<WireApproval>,
}

fn default_audience() -> Spanned<String> {
    Spanned::new(0..0, "public".to_owned())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSource {
    title: String,
    publisher: String,
    address: String,
    updated: String,
    licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireApproval {
    status: Status,
    #[serde(default)]
    by: String,
    role: Option<Role>,
    on: Option<Spanned<Datetime>>,
    review_due: Option<Spanned<Datetime>>,
    version: String,
}

/// What the front matter says, checked.
pub(super) struct Front {
    pub(super) id: DocumentId,
    pub(super) title: String,
    pub(super) programme: Programme,
    pub(super) kind: Kind,
    pub(super) nations: Vec<Nation>,
    pub(super) locality: Option<Locality>,
    pub(super) audience: String,
    pub(super) questions: Vec<String>,
    pub(super) facts: Vec<FactId>,
    pub(super) see_also: Vec<DocumentId>,
    pub(super) source: Source,
    pub(super) approval: Approval,
    pub(super) format: Format,
    pub(super) cut: Cut,
}

/// Reads the front matter at `span`; `None` when it is not the TOML expected. Faults that leave
/// the meaning clear are noted, and the front matter is returned nevertheless, so that faults of
/// the body can be told in the same pass.
pub(super) fn read_front(
    text: &str,
    span: Range<usize>,
    issues: &mut Collector<'_>,
) -> Option<Front> {
    let base = span.start;
    let wire: Wire = match toml::from_str(&text[span]) {
        Ok(wire) => wire,
        Err(error) => {
            let offset = error.span().map_or(base, |at| base + at.start);
            let message = error.message().replace('\n', ", ");
            issues.at(offset, IssueKind::FrontMatter, message, CURE_TOML);
            return None;
        }
    };
    let mut check = Check { base, issues };
    check.names(&wire);
    check.scope(&wire);
    check.repeats("question variant", &wire.questions, |q| q.to_lowercase());
    check.repeats("fact id", &wire.facts, |f| f.as_str().to_owned());
    check.repeats("related document", &wire.see_also, |d| d.as_str().to_owned());
    let approval = check.approval(wire.approval);
    let source = wire.source.into_inner();
    Some(Front {
        id: wire.id,
        title: wire.title.into_inner(),
        programme: wire.programme,
        kind: wire.kind.into_inner(),
        nations: wire.nations.into_inner(),
        locality: wire.locality.map(Spanned::into_inner),
        audience: wire.audience.into_inner(),
        questions: wire.questions.into_iter().map(Spanned::into_inner).collect(),
        facts: wire.facts.into_iter().map(Spanned::into_inner).collect(),
        see_also: wire.see_also.into_iter().map(Spanned::into_inner).collect(),
        source: Source {
            title: source.title,
            publisher: source.publisher,
            address: source.address,
            updated: source.updated,
            licence: source.licence,
        },
        approval,
        format: wire.format,
        cut: wire.cut,
    })
}

const CURE_TOML: &str =
    "see the file format in the corpus documentation for the keys and values known";

/// Checks that need no other file.
struct Check<'a, 'b> {
    base: usize,
    issues: &'a mut Collector<'b>,
}

impl Check<'_, '_> {
    fn note(&mut self, at: Range<usize>, kind: IssueKind, message: &str, cure: &str) {
        self.issues.at(self.base + at.start, kind, message, cure);
    }

    fn one_line(&mut self, value: &Spanned<String>, what: &str) {
        let text = value.get_ref();
        if text.trim().is_empty() {
            let message = format!("the {what} is empty");
            self.note(value.span(), IssueKind::Field, &message, "write it or remove the key");
        } else if text.contains(char::is_control) {
            let message = format!("the {what} holds a line break or another control character");
            self.note(value.span(), IssueKind::Field, &message, "write it on one line");
        }
    }

    fn names(&mut self, wire: &Wire) {
        self.one_line(&wire.title, "title");
        self.one_line(&wire.audience, "audience");
        for question in &wire.questions {
            self.one_line(question, "question variant");
        }
    }

    fn scope(&mut self, wire: &Wire) {
        let nations = wire.nations.get_ref();
        if nations.is_empty() {
            let cure = "list at least one of england, wales, scotland, northern-ireland";
            self.note(wire.nations.span(), IssueKind::Field, "no nation is named", cure);
        }
        if nations.iter().collect::<BTreeSet<_>>().len() < nations.len() {
            let span = wire.nations.span();
            self.note(span, IssueKind::Field, "a nation is named twice", "name it once");
        }
        match (wire.kind.get_ref(), &wire.locality) {
            (Kind::Local, None) => {
                let message = "a document of kind `local` names no locality";
                self.note(wire.kind.span(), IssueKind::Field, message, "add `locality = \"...\"`");
            }
            (Kind::Guidance, Some(locality)) => {
                let message = "a document of kind `guidance` names a locality";
                let cure = "write `kind = \"local\"`, or remove the locality";
                self.note(locality.span(), IssueKind::Field, message, cure);
            }
            _ => {}
        }
    }

    fn repeats<T>(&mut self, what: &str, values: &[Spanned<T>], key: impl Fn(&T) -> String) {
        let mut seen = BTreeSet::new();
        for value in values {
            if !seen.insert(key(value.get_ref())) {
                let message = format!("a {what} stands here twice");
                self.note(value.span(), IssueKind::Field, &message, "remove one of them");
            }
        }
    }

    fn date(&mut self, value: Option<&Spanned<Datetime>>) -> Option<Date> {
        let value = value?;
        let date = match value.get_ref() {
            Datetime { date: Some(date), time: None, offset: None } => {
                let year = i16::try_from(date.year).ok();
                let (month, day) = (i8::try_from(date.month).ok(), i8::try_from(date.day).ok());
                year.zip(month).zip(day).and_then(|((y, m), d)| Date::new(y, m, d).ok())
            }
            _ => None,
        };
        if date.is_none() {
            let cure = "write a date such as 2026-11-23, without quotes and without a time";
            self.note(value.span(), IssueKind::Approval, "this is not a day", cure);
        }
        date
    }

    fn approval(&mut self, wire: Spanned<WireApproval>) -> Approval {
        let span = wire.span();
        let wire = wire.into_inner();
        let on = self.date(wire.on.as_ref());
        let review_due = self.date(wire.review_due.as_ref());
        if wire.version.trim().is_empty() {
            let message = "the version is empty";
            self.note(span.clone(), IssueKind::Approval, message, "number the text, such as \"1\"");
        }
        if wire.status == Status::Approved {
            let lacks = [
                ("by", wire.by.trim().is_empty()),
                ("role", wire.role.is_none()),
                ("on", wire.on.is_none()),
                ("review_due", wire.review_due.is_none()),
            ];
            for (key, _) in lacks.into_iter().filter(|(_, lacks)| *lacks) {
                let message = format!("an approved document needs `{key}`");
                let cure = format!("add `{key}`, or write `status = \"draft\"`");
                self.note(span.clone(), IssueKind::Approval, &message, &cure);
            }
        }
        if let (Some(from), Some(until)) = (on, review_due)
            && until < from
        {
            let at = wire.review_due.map_or(span, |value| value.span());
            let message = "the review is due before the approval";
            self.note(at, IssueKind::Approval, message, "correct one of the two dates");
        }
        Approval {
            status: wire.status,
            by: wire.by,
            role: wire.role,
            on,
            review_due,
            version: wire.version,
        }
    }
}
