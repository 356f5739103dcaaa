//! Texts that need no retrieval: alarms, routes, and the approved lines around them.

use super::Asking;
use super::plain::{placeholders, spaced};
use super::quote::citation;
use crate::answer::response::{Citation, Clarify, Handover, Reason, Response, Urgent};
use crate::answer::{extract, ground};
use crate::corpus::document::{Document, Kind};
use crate::dialogue::route::RouteMatch;
use crate::dialogue::safety::{Alarm, Decision};
use crate::engine::log::{FixedBy, FixedDecision};
use crate::engine::{OtherLanguage, OtherWording, Reply};
use crate::ids::DocumentId;

/// Id of the approved line that points to another programme.
pub(super) const OTHER_PROGRAMME_REPLY: &str = "route-other-programme";
/// Id of the approved line that asks which programme is meant.
pub(super) const WHICH_PROGRAMME_REPLY: &str = "route-which-programme";
/// Id of the approved line that asks which of several questions is meant.
pub(super) const WHICH_QUESTION_REPLY: &str = "route-which-question";
/// Id of the approved line that asks where the person lives.
pub(super) const WHICH_NATION_REPLY: &str = "route-which-nation";
/// Id of the approved line sent when a message is not about screening.
pub(super) const OUT_OF_SCOPE_REPLY: &str = "route-out-of-scope";
/// Id of the approved line sent when a person has to answer.
pub(super) const HANDOVER_REPLY: &str = "route-handover";
/// Id of the approved line sent behind answers when a person has to answer the rest.
pub(super) const REST_REPLY: &str = "route-rest-handover";
/// Replies of an alarm whose own text was taken back.
const SEE_A_GP_REPLY: &str = "safety-see-a-gp";
const EMERGENCY_REPLY: &str = "safety-emergency";

/// By what rules decide.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Heard<'a> {
    /// The raw message.
    Raw,
    /// The message as it was kept, blanks where it was redacted.
    Kept(String),
    /// What they decided when the message was raw.
    Told(Option<&'a FixedDecision>),
}

/// What came of the rules.
#[derive(Debug, Default)]
pub(super) struct FixedOutcome {
    pub(super) decision: Option<FixedDecision>,
    pub(super) needs_raw: bool,
}

impl Asking<'_> {
    /// Safety first, on each bubble and on the whole raw message.
    pub(super) fn urgent(&self) -> Option<Response> {
        let alarm = match &self.heard {
            Heard::Told(told) => told.and_then(|fixed| self.told_alarm(fixed)),
            _ => self.decided(
                |text, starts| self.alarm_in(text, starts),
                |alarm| (&alarm.channel, &alarm.rule),
            ),
        }?;
        self.fixed.borrow_mut().decision = Some(FixedDecision {
            by: FixedBy::Urgent,
            channel: alarm.channel.clone(),
            rule: alarm.rule.clone(),
            reason: alarm.reason.clone(),
            reply: alarm.reply.clone(),
            spans: alarm.spans.clone(),
        });
        Some(self.alarmed(alarm))
    }

    /// The route that takes the whole of a message with so many questions.
    pub(super) fn route(&self, questions: usize) -> Option<RouteMatch> {
        let takes_all = |route: &RouteMatch| questions == 1 || !route.each_part;
        let route_in = |text: &str, _: &[usize]| {
            let by_rule = self.state.rules.route(text);
            by_rule.or_else(|| self.likely_route(text)).filter(takes_all)
        };
        let route = match &self.heard {
            Heard::Told(told) => told.and_then(|fixed| self.told_route(fixed)),
            _ => self.decided(route_in, |route| (&route.channel, &route.rule)),
        }?;
        self.fixed.borrow_mut().decision = Some(FixedDecision {
            by: FixedBy::Route,
            channel: route.channel.clone(),
            rule: route.rule.clone(),
            reason: route.reason.clone(),
            reply: route.reply.clone(),
            spans: route.spans.clone(),
        });
        Some(route)
    }

    /// The route that the model takes a text for, where it has looked at it.
    fn likely_route(&self, text: &str) -> Option<RouteMatch> {
        let looks = self.second_looks.borrow();
        let (_, look) = looks.iter().find(|(seen, _)| seen == text)?;
        look.route(&self.state.rules)
    }

    /// What rules decide, and whether they would decide it on the kept message too.
    fn decided<T>(
        &self,
        decide: impl Fn(&str, &[usize]) -> Option<T>,
        rule: impl Fn(&T) -> (&String, &String),
    ) -> Option<T> {
        if let Heard::Kept(text) = &self.heard {
            return decide(text, &self.query.bubble_starts);
        }
        let on_raw = decide(&self.query.text, &self.query.bubble_starts);
        let kept = self.kept();
        if kept.text != self.query.text || !placeholders(&kept.text).is_empty() {
            let on_kept = decide(&spaced(&kept.text), &kept.bubble_starts);
            if on_raw.as_ref().map(&rule) != on_kept.as_ref().map(&rule) {
                self.fixed.borrow_mut().needs_raw = true;
            }
        }
        on_raw
    }

    fn alarm_in(&self, text: &str, bubble_starts: &[usize]) -> Option<Alarm> {
        let rules = &self.state.rules;
        let ends = bubble_starts.iter().skip(1).copied().chain([text.len()]);
        let in_bubbles = bubble_starts.iter().copied().zip(ends).filter_map(|(start, end)| {
            let mut alarm = rules.assess(text.get(start..end)?)?;
            for span in &mut alarm.spans {
                *span = start + span.start..start + span.end;
            }
            Some(alarm)
        });
        let whole = rules.assess(text);
        let by_rule = whole.into_iter().chain(in_bubbles).max_by_key(|alarm| alarm.priority);
        if by_rule.as_ref().is_some_and(|alarm| alarm.always) {
            return by_rule;
        }
        let (look, begun) = self.second.look(text, rules, by_rule.as_ref()).unzip();
        self.begun.borrow_mut().extend(begun.flatten());
        let overruled = look.as_ref().is_some_and(|look| look.overruled.is_some());
        let alarm = match by_rule {
            Some(_) if overruled => None,
            Some(alarm) => Some(alarm),
            None => look.as_ref().and_then(|look| look.alarm(rules)),
        };
        self.second_looks.borrow_mut().extend(look.map(|look| (text.to_owned(), look)));
        alarm
    }

    fn told_alarm(&self, fixed: &FixedDecision) -> Option<Alarm> {
        let rules = &self.state.rules;
        let (channel, reply) = rules.named(&fixed.channel, &fixed.rule)?;
        (channel.decision == Decision::Urgent).then(|| Alarm {
            channel: channel.id.clone(),
            priority: channel.priority,
            reason: channel.reason.clone(),
            reply: reply.clone(),
            rule: fixed.rule.clone(),
            spans: Vec::new(),
            always: channel.always,
        })
    }

    /// What a person needs who takes over a message in another language. The nation is never read
    /// from it.
    pub(super) fn other_language(&self, reply: &Reply) -> Option<OtherLanguage> {
        let takes_over = matches!(reply.response, Response::Handover(_) | Response::Urgent(_));
        let code = self.state.rules.other_language(&self.query.text).filter(|_| takes_over)?;
        let wording = code.zip(reply.fixed.as_ref()).and_then(|(code, fixed)| {
            let id = DocumentId::new(format!("{}-{code}", fixed.reply)).ok()?;
            let document = self.state.snapshot.document(&id)?;
            let standing = ground::standing(document, self.revocations, self.query.today);
            Some(OtherWording {
                document: id.to_string(),
                text: extract::render(document, &extract::whole(document)),
                barred: standing.err().map(|barred| barred.to_string()),
            })
        });
        Some(OtherLanguage {
            code: code.map(str::to_owned),
            handle_as: "urgent_unless_cleared",
            wording,
        })
    }

    fn told_route(&self, fixed: &FixedDecision) -> Option<RouteMatch> {
        let (channel, reply) = self.state.rules.named(&fixed.channel, &fixed.rule)?;
        RouteMatch::of(channel, reply, fixed.rule.clone())
    }

    fn alarmed(&self, alarm: Alarm) -> Response {
        // Withdrawn or revoked, a text is replaced by the nearest general one: an alarm must not
        // be silent.
        let replies = [alarm.reply.as_str(), SEE_A_GP_REPLY, EMERGENCY_REPLY];
        let texts = replies.into_iter().map(|reply| self.fixed_text(reply));
        let (text, citations) = texts.into_iter().find(|t| !t.0.is_empty()).unwrap_or_default();
        Response::Urgent(Urgent {
            text,
            citations,
            channel: alarm.channel,
            reason: alarm.reason,
            rule: alarm.rule,
            spans: alarm.spans,
        })
    }

    pub(super) fn routed(&self, route: RouteMatch) -> Response {
        let (text, citations) = self.fixed_text(route.reply.as_str());
        let (reason, rule) = (Reason::Route(route.reason), Some(route.rule));
        match route.decision {
            Decision::Clarify | Decision::Chat => {
                Response::Clarify(Clarify { text, citations, reason, rule, options: Vec::new() })
            }
            Decision::Handover | Decision::Urgent => {
                Response::Handover(Handover::unranked(reason, rule, (text, citations)))
            }
        }
    }

    /// A fixed text, whole, if it may be said today.
    pub(super) fn fixed_text(&self, id: &str) -> (String, Vec<Citation>) {
        let Some(document) =
            DocumentId::new(id).ok().and_then(|id| self.state.snapshot.document(&id))
        else {
            return (String::new(), Vec::new());
        };
        self.quote_whole(document).unwrap_or_default()
    }

    /// A fixed text of rules speaks on even when its review is overdue, as the rules do: silence
    /// would be the worse failure. Drafts, withdrawn and revoked texts never speak.
    pub(super) fn quote_whole(&self, document: &Document) -> Option<(String, Vec<Citation>)> {
        let approval = &document.approval;
        let day = match (document.kind, approval.on, approval.review_due) {
            (Kind::Safety | Kind::Route, Some(on), Some(due)) if on <= due => {
                self.query.today.clamp(on, due)
            }
            _ => self.query.today,
        };
        ground::standing(document, self.revocations, day).ok()?;
        let spans = extract::whole(document);
        let citations: Vec<Citation> = spans
            .iter()
            .filter_map(|span| citation(document, String::new(), span.clone()))
            .collect();
        ground::check(&citations, &self.state.snapshot, self.revocations, day).ok()?;
        Some((extract::render(document, &spans), citations))
    }
}
