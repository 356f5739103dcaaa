//! Email and web addresses, and names on social media.

use super::Kind;
use super::lexicon::EVERYDAY_WORDS;
use super::scan::{PieceKind, Scan};

const MAIL_HOSTS: [&str; 16] = [
    "gmail",
    "googlemail",
    "hotmail",
    "outlook",
    "yahoo",
    "icloud",
    "live",
    "aol",
    "btinternet",
    "sky",
    "talktalk",
    "virginmedia",
    "ntlworld",
    "protonmail",
    "ymail",
    "msn",
];
/// Hosts that are nothing else.
const SURE_MAIL_HOSTS: [&str; 6] =
    ["gmail", "googlemail", "hotmail", "icloud", "btinternet", "protonmail"];
/// Sites whose addresses lead to persons.
const PERSONAL_HOSTS: [&str; 12] = [
    "facebook",
    "fb",
    "m.me",
    "messenger",
    "instagram",
    "twitter",
    "x.com",
    "tiktok",
    "linkedin",
    "snapchat",
    "wa.me",
    "t.me",
];
/// The public page of a screening service is nobody's.
const PUBLIC_PAGES: [&str; 1] = ["northmidlandsbreastscreeningservice"];
/// Hosts of public bodies, whose pages are quoted with numbers in their paths.
const OFFICIAL_HOSTS: [&str; 8] = [
    "gov.uk",
    "nhs.uk",
    "nhs.wales",
    "nhs.scot",
    "nhsinform.scot",
    "gov.wales",
    "gov.scot",
    "nice.org.uk",
];
const TOP_LEVELS: [&str; 16] = [
    "com", "co", "uk", "org", "net", "nhs", "gov", "me", "ly", "info", "io", "biz", "eu", "pl",
    "ro", "in",
];
const FEWEST_HANDLE_LETTERS: usize = 3;
/// A host has at most this many words, dots and dashes.
const LONGEST_HOST: usize = 24;

pub(super) fn claim(scan: &mut Scan) {
    let mut at = 0;
    while at < scan.pieces.len() {
        at = email(scan, at).or_else(|| link(scan, at)).unwrap_or(at + 1);
    }
}

/// How the at sign of an address is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtSign {
    /// `a@b`.
    Glued,
    /// `a @ b`.
    Apart,
    /// `a at b`.
    Word,
    /// `a(at)b`.
    Bracketed,
}

/// `a@b.c`, with slips of blanks and dots, and `name at gmail dot com`. The place after it.
fn email(scan: &mut Scan, at: usize) -> Option<usize> {
    let (sign, before, after) = at_sign(scan, at)?;
    let host = host(scan, after);
    let start = local_start(scan, before);
    let parted = host.as_ref().is_some_and(|h| h.ended) && start.is_some();
    if !parted && let Some(end) = handle(scan, at) {
        return scan.claim(Kind::Link, at..end).then_some(end);
    }
    let start = start?;
    let end = match (sign, host) {
        (AtSign::Glued, host) => glued_end(scan, at).max(host.map_or(0, |h| h.end)),
        (AtSign::Apart | AtSign::Bracketed, Some(host)) if host.ended => host.end,
        (AtSign::Word, Some(host)) if host.ended => {
            let plain = scan.word(start).is_some_and(|w| EVERYDAY_WORDS.holds(w));
            let sure = scan.is_word(after, &MAIL_HOSTS) || host.dot_in_words && !plain;
            sure.then_some(host.end)?
        }
        (AtSign::Word, Some(host)) if scan.is_word(after, &SURE_MAIL_HOSTS) => {
            let plain = scan.word(start).is_some_and(|w| EVERYDAY_WORDS.holds(w));
            let end = scan.skip_words(host.end, &TOP_LEVELS).min(host.end + 1);
            (!plain).then_some(end)?
        }
        _ => return None,
    };
    (end > after && scan.claim(Kind::Email, start..end)).then_some(end)
}

/// The at sign at a place, where it begins, and the place after it.
fn at_sign(scan: &Scan, at: usize) -> Option<(AtSign, usize, usize)> {
    if scan.is_mark(at, &['@']) {
        let glued = scan.glued_to_last(at) && scan.glued_to_next(at);
        return Some((if glued { AtSign::Glued } else { AtSign::Apart }, at, at + 1));
    }
    scan.is_word(at, &["at"]).then_some(())?;
    let opened = at > 0 && scan.is_mark(at - 1, &['(', '[', '{']);
    if opened && scan.is_mark(at + 1, &[')', ']', '}']) {
        return Some((AtSign::Bracketed, at - 1, at + 2));
    }
    Some((AtSign::Word, at, at + 1))
}

/// `@jane_s` that stands alone.
fn handle(scan: &Scan, at: usize) -> Option<usize> {
    let alone = scan.is_mark(at, &['@']) && scan.glued_to_next(at) && !scan.glued_to_last(at);
    let word = scan.word(at + 1)?;
    let end = glued_end(scan, at);
    let plain = end == at + 2;
    let named = word.len() >= FEWEST_HANDLE_LETTERS && !(plain && EVERYDAY_WORDS.holds(word));
    (alone && named).then_some(end)
}

/// Where the part before the at sign begins: glued pieces, and `jane dot smith`.
fn local_start(scan: &Scan, before: usize) -> Option<usize> {
    let is_name = |at: usize| scan.is(at, PieceKind::Word) || scan.is(at, PieceKind::Digits);
    let mut start = glued_start(scan, before);
    if start == before {
        start = before.checked_sub(1).filter(|&last| is_name(last))?;
        start = glued_start(scan, start).min(start);
    }
    while start >= 2 && scan.is_word(start - 1, &["dot", "underscore"]) && is_name(start - 2) {
        start = glued_start(scan, start - 1).min(start - 2);
    }
    Some(start)
}

/// What stands behind an at sign.
struct Host {
    end: usize,
    /// Whether it ends as hosts do: `com`, `co uk`.
    ended: bool,
    /// Whether a dot of it is written as a word.
    dot_in_words: bool,
}

fn host(scan: &Scan, at: usize) -> Option<Host> {
    scan.word(at)?;
    let mut host = Host { end: at + 1, ended: false, dot_in_words: false };
    loop {
        if scan.is_mark(host.end, &['-', '_'])
            && scan.glued_to_last(host.end)
            && scan.glued_to_next(host.end)
        {
            host.end += 2;
            continue;
        }
        let Some((next, in_words)) = dot(scan, host.end) else {
            return Some(host);
        };
        let glued = scan.glued_to_last(host.end) && scan.glued_to_next(next - 1);
        let complete = host.ended && !scan.is_word(host.end - 1, &["co"]);
        let ending = scan.is_word(next, &TOP_LEVELS);
        if !(scan.is(next, PieceKind::Word) && (glued || ending && !complete)) {
            return Some(host);
        }
        host.ended = ending;
        host.dot_in_words |= in_words;
        host.end = next + 1;
    }
}

/// A dot, written as a mark, as a comma by mistake, or as a word: the place after it, and whether
/// it is a word.
fn dot(scan: &Scan, at: usize) -> Option<(usize, bool)> {
    if scan.is_word(at, &["dot"]) {
        return Some((at + 1, true));
    }
    if scan.is_mark(at, &['(', '[', '{']) && scan.is_word(at + 1, &["dot"]) {
        return Some((at + 3, true));
    }
    let comma = scan.is_mark(at, &[',']) && scan.glued_to_next(at);
    (scan.is_mark(at, &['.']) || comma).then_some((at + 1, false))
}

/// A web address: glued pieces that begin with `http://`, `www.`, or a host and a path.
fn link(scan: &mut Scan, at: usize) -> Option<usize> {
    let word = scan.word(at)?;
    let inside =
        scan.glued_to_last(at) && !scan.is_mark(at - 1, &['(', '<', '"', ':', '=', '-', '[']);
    let begins = match word {
        "http" | "https" => scan.is_mark(at + 1, &[':']) && scan.is_mark(at + 2, &['/']),
        "www" => is_dot(scan, at + 1),
        _ => is_dot(scan, at + 1) && has_path(scan, at),
    };
    if inside || !begins {
        return None;
    }
    let end = link_end(scan, at);
    let text = scan.raw[scan.pieces[at].start..scan.pieces[end - 1].end].to_lowercase();
    if leads_to_a_person(&text) {
        scan.claim(Kind::Link, at..end).then_some(end)
    } else {
        scan.is_free(&(at..end)).then(|| {
            scan.keep(at..end);
            end
        })
    }
}

/// A dot glued on both sides.
fn is_dot(scan: &Scan, at: usize) -> bool {
    scan.is_mark(at, &['.']) && scan.glued_to_last(at) && scan.glued_to_next(at)
}

/// Whether a host with a known ending and a slash stand at a place.
fn has_path(scan: &Scan, at: usize) -> bool {
    let mut ended = false;
    for next in at + 1..at + LONGEST_HOST {
        if !scan.glued_to_last(next) {
            return false;
        }
        if scan.is_mark(next, &['/', '?']) {
            return ended && scan.glued_to_next(next);
        }
        if !is_address_piece(scan, next) {
            return false;
        }
        ended |= scan.is_word(next, &TOP_LEVELS);
    }
    false
}

fn leads_to_a_person(link: &str) -> bool {
    let after_scheme = link.split_once("://").map_or(link, |(_, rest)| rest);
    let (host, path) = after_scheme.split_once('/').unwrap_or((after_scheme, ""));
    let host = host.trim_start_matches("www.");
    let asked = link.contains(['?', '=', '#', '&', '%', '@']);
    let official = OFFICIAL_HOSTS
        .iter()
        .any(|o| host.strip_suffix(o).is_some_and(|h| h.is_empty() || h.ends_with('.')));
    if official {
        return asked || !path.split(['/', '-', '_', '.']).all(is_readable);
    }
    let numbered = link.chars().any(|c| super::scan::digit(c).is_some());
    let is_personal = PERSONAL_HOSTS
        .iter()
        .any(|p| if p.contains('.') { host == *p } else { host.split('.').any(|part| part == *p) });
    let is_public = PUBLIC_PAGES.iter().any(|page| link.trim_end_matches('/').ends_with(page));
    asked || numbered || (is_personal && !is_public) || has_user_path(path)
}

/// Whether a part of a path is a word, a word with a number, or a short number, as those of
/// published pages are.
fn is_readable(part: &str) -> bool {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = part.len() - letters.len();
    letters.chars().all(char::is_alphabetic) && digits <= if letters.is_empty() { 4 } else { 2 }
}

/// `/u/...`, `/s/...`, `/r/...`: short paths that stand for one person's page.
fn has_user_path(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.by_ref().any(|part| matches!(part, "u" | "s" | "r" | "user" | "users" | "t" | "v" | "p"))
        && parts.next().is_some_and(|part| !part.is_empty())
}

fn glued_start(scan: &Scan, at: usize) -> usize {
    let mut start = at;
    while start > 0 && scan.glued_to_next(start - 1) && is_address_piece(scan, start - 1) {
        start -= 1;
    }
    scan.skip_marks(start, &['.', '-', '(', '<', '\'']).min(at)
}

fn glued_end(scan: &Scan, at: usize) -> usize {
    let mut end = at + 1;
    while scan.glued_to_last(end) && is_address_piece(scan, end) {
        end += 1;
    }
    while end > at + 1 && scan.is_mark(end - 1, &['.', '-', '+', '\'', '!', '#']) {
        end -= 1;
    }
    end
}

fn is_address_piece(scan: &Scan, at: usize) -> bool {
    scan.is(at, PieceKind::Word)
        || scan.is(at, PieceKind::Digits)
        || scan.is_mark(at, &['.', '-', '_', '+', '\'', '#', '!', '~'])
}

/// A web address ends at a blank, a bracket or a quotation mark; marks that close a sentence are
/// not part of it.
fn link_end(scan: &Scan, at: usize) -> usize {
    let mut end = at + 1;
    while scan.glued_to_last(end)
        && !scan.is_mark(end, &['\n', ')', '>', '"', ',', ']', '}'])
        && !scan.is(end, PieceKind::Placeholder)
    {
        end += 1;
    }
    while end > at + 1 && scan.is_mark(end - 1, &['.', '!', '?', ';', ':', '\'']) {
        end -= 1;
    }
    end
}
