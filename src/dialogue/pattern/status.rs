//! Is a finding reported, denied, asked about in general, or long past?
//!
//! The rules are those of NegEx and ConText (Chapman 2001; Harkema 2009): cue words before or after a
//! finding, each with a limited reach, ended by other words. Two departures, both on the side of
//! caution. A denial reaches a finding only over words that may stand between the two ("no",
//! "havent got any"), so "havent told anyone about the lump" denies nothing. And a personal report
//! ("ive found", "my") beats a general question. Whatever no cue settles is reported.
//!
//! The cues are word lists of the corpus with fixed names; this module fixes only how they act.

use super::lists::{Hit, ListId, Sighting};
use super::tokens::Break;

/// The lists whose meaning the engine knows, by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cues {
    denies_thing: ListId,
    denies_action: ListId,
    no_denial: ListId,
    between_things: ListId,
    between_actions: ListId,
    listed_together: ListId,
    joins: ListId,
    denial_undone: ListId,
    report: ListId,
    report_after: ListId,
    report_later: ListId,
    owner: ListId,
    general: ListId,
    general_after: ListId,
    question: ListId,
    hypothetical: ListId,
    had: ListId,
    long_ago: ListId,
    resolved: ListId,
    former: ListId,
    found: ListId,
    now: ListId,
}

impl Cues {
    /// Names the lists must have, in the order [`Cues::from_ids`] takes them.
    pub(super) const NAMES: [&'static str; 22] = [
        "cue-denies-thing",
        "cue-denies-action",
        "cue-no-denial",
        "cue-between-things",
        "cue-between-actions",
        "cue-listed-together",
        "cue-joins",
        "cue-denial-undone",
        "cue-report",
        "cue-report-after",
        "cue-report-later",
        "cue-owner",
        "cue-general",
        "cue-general-after",
        "cue-question",
        "cue-hypothetical",
        "cue-had",
        "cue-long-ago",
        "cue-resolved",
        "cue-former",
        "cue-found",
        "cue-now",
    ];

    /// The cues from the ids of the lists in [`Cues::NAMES`].
    pub(super) fn from_ids(ids: [ListId; Self::NAMES.len()]) -> Self {
        let [
            denies_thing,
            denies_action,
            no_denial,
            between_things,
            between_actions,
            listed_together,
            joins,
            denial_undone,
            report,
            report_after,
            report_later,
            owner,
            general,
            general_after,
            question,
            hypothetical,
            had,
            long_ago,
            resolved,
            former,
            found,
            now,
        ] = ids;
        Self {
            denies_thing,
            denies_action,
            no_denial,
            between_things,
            between_actions,
            listed_together,
            joins,
            denial_undone,
            report,
            report_after,
            report_later,
            owner,
            general,
            general_after,
            question,
            hypothetical,
            had,
            long_ago,
            resolved,
            former,
            found,
            now,
        }
    }
}

// How many words a cue may stand away from its finding. Denials walk word by word, so their
// reach only bounds the walk; the others are about a clause (6) or a sentence (12) long.
const DENIAL_REACH: u32 = 12;
const UNDONE_REACH: u32 = 5;
const REPORT_REACH: u32 = 6;
const REPORT_AFTER_REACH: u32 = 3;
const LATER_REACH: u32 = 16;
const OWNER_REACH: u32 = 3;
const GENERAL_REACH: u32 = 12;
const QUESTION_REACH: u32 = 2;
const AFTER_REACH: u32 = 4;
const PAST_REACH: u32 = 12;
const RESOLVED_REACH: u32 = 4;
const FORMER_REACH: u32 = 2;
const DATED_REACH: u32 = 1;

/// Which standings a rule asks about; a finding that has one of them does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) denied: bool,
    pub(super) general: bool,
    pub(super) past: bool,
}

/// One message, its cues, and the places of one match.
pub(super) struct Standing<'a> {
    pub(super) cues: &'a Cues,
    pub(super) sighting: &'a Sighting,
    /// The finding judged.
    pub(super) finding: Hit,
    /// The other parts of the match; words inside the match are no cues.
    pub(super) parts: &'a [Hit],
}

impl Standing<'_> {
    /// Whether the finding counts.
    pub(super) fn counts(&self, judged: Judged) -> bool {
        !(judged.denied && self.is_denied()
            || judged.general && self.is_general()
            || judged.past && self.is_past())
    }

    fn in_sentence(&self, hit: &Hit) -> bool {
        self.sighting.sentence(hit.start) == self.sighting.sentence(self.finding.start)
    }

    fn inside_match(&self, token: u32) -> bool {
        let holds = |h: &Hit| h.start <= token && token < h.end;
        holds(&self.finding) || self.parts.iter().any(holds)
    }

    /// Hits of a cue list in the finding's sentence, outside the match.
    fn cues(&self, list: ListId) -> impl Iterator<Item = &Hit> {
        let outside = |h: &&Hit| {
            self.in_sentence(h)
                && !h.overlaps(&self.finding)
                && !self.parts.iter().any(|p| p.overlaps(h))
        };
        self.sighting.of(list).iter().filter(outside)
    }

    fn is_denied(&self) -> bool {
        let mut action = false;
        let mut at = self.finding.start;
        while at > 0 && self.finding.start - at < DENIAL_REACH {
            match self.sighting.tokens[at as usize].before {
                Break::Sentence => return false,
                Break::Comma if !self.or_follows(at) => return false,
                Break::Comma | Break::None => {}
            }
            at -= 1;
            if let Some(denies) = self.denial_ending_at(at + 1, action) {
                return denies && !self.is_denial_undone();
            }
            if self.inside_match(at) || self.sighting.covers(self.cues.joins, at) {
                continue;
            }
            if self.sighting.covers(self.cues.between_actions, at) {
                action = true;
            } else if self.sighting.covers(self.cues.listed_together, at) {
                if !self.is_joined_to_next(at) {
                    return false;
                }
            } else if !self.sighting.covers(self.cues.between_things, at) {
                return false;
            }
        }
        false
    }

    /// `Some(true)` for a denial that ends before the word, `Some(false)` for a mock denial.
    fn denial_ending_at(&self, end: u32, action: bool) -> Option<bool> {
        let ends = |list: ListId| self.sighting.of(list).iter().find(|h| h.end == end);
        let denial = ends(self.cues.denies_action)
            .or_else(|| if action { None } else { ends(self.cues.denies_thing) });
        let found = denial.filter(|h| !h.overlaps(&self.finding) && !self.inside_match(h.start))?;
        let mock = self.sighting.of(self.cues.no_denial).iter().any(|h| h.overlaps(found));
        Some(!mock)
    }

    fn or_follows(&self, token: u32) -> bool {
        let joins = self.sighting.of(self.cues.joins);
        joins
            .iter()
            .any(|h| token <= h.start && h.start <= self.finding.end + 3 && self.in_sentence(h))
    }

    fn is_joined_to_next(&self, token: u32) -> bool {
        let next = token + 1;
        let comma =
            self.sighting.tokens.get(next as usize).is_some_and(|t| t.before == Break::Comma);
        comma || self.sighting.covers(self.cues.joins, next)
    }

    fn is_denial_undone(&self) -> bool {
        let end = self.finding.end;
        self.cues(self.cues.denial_undone).any(|h| end <= h.start && h.start < end + UNDONE_REACH)
    }

    fn is_general(&self) -> bool {
        let start = self.finding.start;
        let hypothetical =
            self.cues(self.cues.hypothetical).filter(|h| h.start < start).max_by_key(|h| h.end);
        if self.is_reported(hypothetical) {
            return false;
        }
        let before = |h: &Hit, reach: u32| h.start < start && start.saturating_sub(h.end) <= reach;
        let after =
            |h: &Hit| self.finding.end <= h.start && h.start - self.finding.end <= AFTER_REACH;
        hypothetical.is_some_and(|h| before(h, GENERAL_REACH))
            || self.shared_cues(self.cues.general).any(|h| before(h, GENERAL_REACH))
            || self.shared_cues(self.cues.question).any(|h| before(h, QUESTION_REACH))
            || self.cues(self.cues.general_after).any(after)
    }

    /// Cues that may share words with the finding ("is a lump").
    fn shared_cues(&self, list: ListId) -> impl Iterator<Item = &Hit> {
        self.sighting.of(list).iter().filter(|h| self.in_sentence(h))
    }

    /// A report cue before the finding with no hypothetical or general cue at or after it, an
    /// owner right before the finding, or a report cue soon after it.
    fn is_reported(&self, hypothetical: Option<&Hit>) -> bool {
        let start = self.finding.start;
        let general = self
            .cues(self.cues.general)
            .filter(|h| h.end <= start && !self.comma_after(h))
            .max_by_key(|h| h.end);
        let supposed = |h: &Hit| {
            hypothetical.is_some_and(|x| h.start < x.end)
                || general.is_some_and(|x| h.start < x.end)
        };
        let before = |h: &Hit| h.end <= start && start - h.end <= REPORT_REACH && !supposed(h);
        let after = |h: &Hit| {
            self.finding.end <= h.start && h.start - self.finding.end <= REPORT_AFTER_REACH
        };
        let later =
            |h: &&Hit| self.finding.end <= h.start && h.start - self.finding.end <= LATER_REACH;
        self.cues(self.cues.report).any(before)
            || self.sighting.of(self.cues.report_later).iter().any(|h| later(&h))
            || hypothetical.is_none() && self.cues(self.cues.owner).any(|h| self.owns(h))
            || hypothetical.is_none() && self.cues(self.cues.report_after).any(after)
    }

    /// Whether only describing words stand between "my" and the finding.
    fn owns(&self, owner: &Hit) -> bool {
        let start = self.finding.start;
        let describes = |token| self.sighting.covers(self.cues.between_things, token);
        owner.end <= start
            && start - owner.end <= OWNER_REACH
            && !self.comma_after(owner)
            && (owner.end..start).all(describes)
    }

    fn is_past(&self) -> bool {
        let start = self.finding.start;
        let before =
            |h: &Hit, reach: u32| h.end <= start && start - h.end <= reach && !self.comma_after(h);
        if self.cues(self.cues.now).next().is_some() {
            return false;
        }
        let after = |h: &Hit, reach: u32| {
            self.finding.end <= h.start && h.start - self.finding.end <= reach
        };
        let long_ago =
            |reach: u32| self.cues(self.cues.long_ago).any(|h| h.gap(&self.finding) <= reach);
        let dated = self.cues(self.cues.long_ago).any(|h| after(h, DATED_REACH));
        let gone = |reach: u32| self.cues(self.cues.resolved).any(|h| after(h, reach));
        // "found a lump in 1987 and had it removed"; a find that is not so is a present one.
        if self.cues(self.cues.found).any(|h| before(h, REPORT_REACH)) {
            return dated && gone(PAST_REACH);
        }
        let had = self.cues(self.cues.had).any(|h| before(h, REPORT_REACH));
        let resolved = gone(RESOLVED_REACH)
            || self.cues(self.cues.resolved).any(|h| before(h, RESOLVED_REACH));
        let former = self.cues(self.cues.former).any(|h| before(h, FORMER_REACH));
        had && long_ago(PAST_REACH) || resolved || former
    }

    /// Whether a comma stands between a cue and the finding after it.
    fn comma_after(&self, cue: &Hit) -> bool {
        let between = cue.end as usize..=self.finding.start as usize;
        self.sighting.tokens[between].iter().any(|t| t.before != Break::None)
    }
}
