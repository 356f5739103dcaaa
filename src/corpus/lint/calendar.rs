//! Which approvals have run out, and which will?

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Findings, Rule};
use crate::corpus::document::{Document, Status};
use crate::corpus::read::Corpus;
use crate::ids::DocumentId;

/// How long before the day a review is announced: time to read, change and sign a text.
pub const REVIEW_NOTICE_DAYS: i32 = 60;

/// When a document's review is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReviewEntry {
    /// The document.
    pub document: DocumentId,
    /// Path of its file.
    pub path: String,
    /// Last day on which it may answer.
    #[schemars(with = "String", extend("format" = "date"))]
    pub review_due: Date,
    /// Days from today to that day; negative when it is over.
    pub days_left: i32,
    /// Who approved it.
    pub by: String,
}

/// Every approved document by the day its review is due, the earliest first.
pub fn review_calendar(corpus: &Corpus, today: Date) -> Vec<ReviewEntry> {
    let entry = |document: &Document| {
        let review_due = due(document)?;
        Some(ReviewEntry {
            document: document.id.clone(),
            path: document.path.clone(),
            review_due,
            days_left: days_between(today, review_due),
            by: document.approval.by.clone(),
        })
    };
    let mut entries: Vec<ReviewEntry> = corpus.documents.iter().filter_map(entry).collect();
    entries.sort_by(|a, b| (a.review_due, &a.document).cmp(&(b.review_due, &b.document)));
    entries
}

/// Last day of an approval that stands.
fn due(document: &Document) -> Option<Date> {
    let approval = &document.approval;
    approval.review_due.filter(|_| approval.status == Status::Approved)
}

fn days_between(from: Date, to: Date) -> i32 {
    from.duration_until(to).as_hours() as i32 / 24
}

pub(super) fn check(document: &Document, today: Date, findings: &mut Findings) {
    let front = &document.text[..document.body.start];
    let line_of = |key: &str| front.find(&format!("\n{key} =")).map_or(0, |at| at + 1);
    let Some(review_due) = due(document) else {
        return;
    };
    let days = days_between(today, review_due);
    let offset = line_of("review_due");
    let cure = "review the text, then approve it again";
    if days < 0 {
        let message = format!("the review was due on {review_due}; the text no longer answers");
        findings.at(document, offset, Rule::Expired, message, cure);
    } else if days <= REVIEW_NOTICE_DAYS {
        let message = format!("the review is due on {review_due}, in {days} days");
        findings.at(document, offset, Rule::ReviewSoon, message, cure);
    }
    if let Some(on) = document.approval.on
        && on > today
    {
        let message = format!("the approval begins on {on}; until then the text does not answer");
        let cure = "check the day of approval";
        findings.at(document, line_of("on"), Rule::NotYetApproved, message, cure);
    }
}
