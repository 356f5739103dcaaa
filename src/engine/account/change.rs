//! What would have to change for a message to be decided otherwise?

use super::Account;
use crate::answer::response::Response;
use crate::corpus::document::Barred;
use crate::engine::{PartReply, Reply};

/// What would have to change, most telling first.
pub(super) fn changes(account: &Account, reply: &Reply) -> Vec<String> {
    if let Some(rule) = &account.rule {
        return vec![format!(
            "The rule `{}` of `{}` would have to be changed by those who approve it. Nothing else \
             was looked at.",
            rule.rule, rule.channel
        )];
    }
    let mut changes = Vec::new();
    if let Response::Answer(_) = &reply.response {
        changes.extend(answered(account));
    }
    let parts = reply.parts.iter().zip(&account.questions);
    for (part, _) in parts.filter(|(part, _)| !matches!(part.response, Response::Answer(_))) {
        changes.extend(declined(account, part));
    }
    if changes.is_empty() {
        changes.push("A person has to answer it, or be asked another way.".to_owned());
    }
    changes
}

fn answered(account: &Account) -> Vec<String> {
    let mut changes = Vec::new();
    for approval in &account.approvals {
        changes.push(format!(
            "It would not be said after {}, the last day of the approval of `{}`, nor once that \
             document is revoked.",
            approval.review_due, approval.document
        ));
    }
    if let Some(threshold) = account.threshold {
        changes.push(format!(
            "A person would answer instead if the confidence fell below {threshold:.2}."
        ));
    }
    changes
}

fn declined(account: &Account, part: &PartReply) -> Vec<String> {
    let document = part.winner.as_ref().map(|winner| winner.document.to_string());
    let document = document.unwrap_or_else(|| "the document".to_owned());
    let barred = match &part.response {
        Response::Handover(handover) => handover.barred.as_ref(),
        _ => None,
    };
    if let Some((document, why)) = barred {
        return vec![unbarred(document.as_str(), why)];
    }
    let change = match part.response.reason().unwrap_or_default() {
        "low_confidence" => return unsure(account, part),
        "out_of_scope" => "No guidance seems to be about this: it would have to be written and \
                           approved first."
            .to_owned(),
        "uncalibrated" => "Nothing is answered without a calibrator for this model and these \
                           settings: `guidepost calibrate` fits one."
            .to_owned(),
        "damaged_index" => "A file of the index is damaged: `guidepost index verify` names it, \
                            `guidepost index build` writes it anew."
            .to_owned(),
        "other_programme" => format!(
            "The programme of `{document}` would have to be served here; its own service answers."
        ),
        "which_programme" => "Guidance of several programmes would answer: the person has to say \
                              which is meant, or the service has to serve one only."
            .to_owned(),
        "which_nation" => "The guidance found holds for another nation than the base one: the \
                           person has to say where they live."
            .to_owned(),
        "ambiguous" => "The message is too short: the person has to choose one of the questions \
                        offered, or say more."
            .to_owned(),
        "local" => {
            "It asks about one local service: the service has to say which it is.".to_owned()
        }
        "empty" => "The message holds no words.".to_owned(),
        "too_long" => format!(
            "The words of `{document}` that belong together are longer than a \
                               message may be: they would have to be shortened and approved."
        ),
        "ungrounded" => format!(
            "The words found in `{document}` failed the last check of their \
                                 quotes: this should be reported."
        ),
        _ => return Vec::new(),
    };
    vec![change]
}

fn unsure(account: &Account, part: &PartReply) -> Vec<String> {
    let mut changes = Vec::new();
    if let (Some(threshold), Some(verdict)) = (account.threshold, part.verdict) {
        changes.push(format!(
            "The confidence would have to reach {threshold:.2}; it is {}.",
            super::text::rounded_down(verdict.confidence.get())
        ));
    }
    if let Some(winner) = &part.winner {
        changes.push(format!(
            "If `{}` does answer it: a question in these words, approved with that document, would \
             raise it. If not: guidance on this has to be written and approved.",
            winner.document
        ));
    }
    changes
}

fn unbarred(document: &str, why: &Barred) -> String {
    match why {
        Barred::Expired { .. } | Barred::Draft | Barred::Withdrawn => format!(
            "`{document}` would have to be reviewed and approved ({why}), and the index built again."
        ),
        Barred::NotYetApproved { from } => {
            format!("`{document}` may be quoted from {from} on.")
        }
        Barred::Revoked => format!(
            "`{document}` was revoked and stays so: a corrected document with an id of its own \
             would have to be approved."
        ),
        _ => format!("`{document}` {why}: guidance for this person would have to be approved."),
    }
}
