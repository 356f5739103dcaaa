//! Email and web addresses.

use super::Kind;
use super::scan::{PieceKind, Scan};

const MAIL_HOSTS: [&str; 14] = [
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
];
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
const TOP_LEVELS: [&str; 16] = [
    "com", "co", "uk", "org", "net", "nhs", "gov", "me", "ly", "info", "io", "biz", "eu", "pl",
    "ro", "in",
];

pub(super) fn claim(scan: &mut Scan) {
    let mut at = 0;
    while at < scan.pieces.len() {
        at = email(scan, at).or_else(|| link(scan, at)).unwrap_or(at + 1);
    }
}

/// An `@` with glued pieces on both sides, or `name at gmail dot com`. The place after it.
fn email(scan: &mut Scan, at: usize) -> Option<usize> {
    if scan.is_mark(at, &['@']) {
        let start = glued_start(scan, at);
        let end = glued_end(scan, at);
        let is_address = start < at && end > at + 1;
        return (is_address && scan.claim(Kind::Email, start..end)).then_some(end);
    }
    let spoken_at = scan.word(at) == Some("at")
        && scan.word(at + 1).is_some_and(|host| MAIL_HOSTS.contains(&host));
    if !spoken_at || at == 0 {
        return None;
    }
    let dotted = scan.word(at + 2) == Some("dot") || scan.is_mark(at + 2, &['.']);
    let ends = scan.word(at + 3).is_some_and(|top| TOP_LEVELS.contains(&top));
    let start = glued_start(scan, at - 1);
    let end = at + 4;
    (dotted && ends && scan.claim(Kind::Email, start..end)).then_some(end)
}

/// A web address: glued pieces that begin with `http`, `www` or hold a known ending and a path.
fn link(scan: &mut Scan, at: usize) -> Option<usize> {
    let word = scan.word(at)?;
    if at > 0 && scan.glued_to_next(at - 1) && !scan.is_mark(at - 1, &['(', '<', '"', ':']) {
        return None;
    }
    let end = link_end(scan, at);
    let text = scan.raw[scan.pieces[at].start..scan.pieces[end - 1].end].to_lowercase();
    let dotted = |at: usize| scan.is_mark(at, &['.']) && scan.glued_to_next(at);
    let schemed = matches!(word, "http" | "https") && text.contains("://");
    let hosted = word == "www" && dotted(at + 1);
    let bare = dotted(at + 1)
        && (at + 2..end).any(|i| scan.word(i).is_some_and(|w| TOP_LEVELS.contains(&w)))
        && text.contains('/');
    if !(schemed || hosted || bare) {
        return None;
    }
    if leads_to_a_person(&text) {
        scan.claim(Kind::Link, at..end).then_some(end)
    } else {
        scan.is_free(&(at..end)).then(|| {
            scan.keep(at..end);
            end
        })
    }
}

fn leads_to_a_person(link: &str) -> bool {
    let tokens = link.contains(['?', '=', '#', '&', '%', '@'])
        || link.chars().any(|c| super::scan::digit(c).is_some());
    let after_scheme = link.split_once("://").map_or(link, |(_, rest)| rest);
    let host = after_scheme.split('/').next().unwrap_or_default();
    let is_personal = PERSONAL_HOSTS
        .iter()
        .any(|p| if p.contains('.') { host == *p } else { host.split('.').any(|part| part == *p) });
    let is_public = PUBLIC_PAGES.iter().any(|page| link.trim_end_matches('/').ends_with(page));
    tokens || (is_personal && !is_public)
}

fn glued_start(scan: &Scan, at: usize) -> usize {
    let mut start = at;
    while start > 0 && scan.glued_to_next(start - 1) && is_address_piece(scan, start - 1) {
        start -= 1;
    }
    while scan.is_mark(start, &['.', '-', '(', '<']) && start < at {
        start += 1;
    }
    start
}

fn glued_end(scan: &Scan, at: usize) -> usize {
    let mut end = at + 1;
    while end < scan.pieces.len() && scan.glued_to_next(end - 1) && is_address_piece(scan, end) {
        end += 1;
    }
    while end > at + 1 && scan.is_mark(end - 1, &['.', '-', '+', '\'']) {
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
    while end < scan.pieces.len()
        && scan.glued_to_next(end - 1)
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
