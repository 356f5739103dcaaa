//! Names after a cue.

use std::ops::Range;

use super::Kind;
use super::scan::{PieceKind, Scan};

/// After these the next words are a name, unless the first of them is an everyday word.
const SURE_CUES: [&[&str]; 24] = [
    &["my", "name", "is"],
    &["my", "names"],
    &["my", "name's"],
    &["my", "full", "name", "is"],
    &["my", "name"],
    &["me", "name", "is"],
    &["me", "names"],
    &["her", "name", "is"],
    &["his", "name", "is"],
    &["mums", "name", "is"],
    &["mum's", "name", "is"],
    &["mother's", "name", "is"],
    &["mothers", "name", "is"],
    &["name", "is"],
    &["surname", "is"],
    &["surname"],
    &["maiden", "name", "was"],
    &["maiden", "name", "is"],
    &["maiden", "name"],
    &["i'm", "called"],
    &["im", "called"],
    &["i", "am", "called"],
    &["they", "call", "me"],
    &["known", "as"],
];
/// After these a word is a name only if it is a common given name, or capitalised with a surname.
const DOUBTFUL_CUES: [&[&str]; 12] = [
    &["this", "is"],
    &["its"],
    &["it's"],
    &["it", "is"],
    &["i'm"],
    &["im"],
    &["i", "am"],
    &["love"],
    &["from"],
    &["signed"],
    &["yours"],
    &["for"],
];
/// Closings: a name may follow at the end of the message or line.
const CLOSINGS: [&str; 12] = [
    "regards",
    "thanks",
    "thankyou",
    "cheers",
    "sincerely",
    "faithfully",
    "wishes",
    "you",
    "ta",
    "rgds",
    "truly",
    "many",
];
const TITLES: [&str; 10] =
    ["mrs", "mr", "ms", "mx", "miss", "dr", "prof", "rev", "sister", "nurse"];

const COMMON_NAMES: &str = "aaliyah abigail adam adele agnes ahmed aisha alan alice alison amanda amina \
    amy andrea andrew angela anita ann anna anne annie anthony arthur asha audrey ayesha barbara beryl \
    beth betty beverley brenda brian bridget carole caroline catherine cath charlotte cheryl \
    chloe christina christine christopher claire clare colin craig cynthia danielle daphne david \
    debbie deborah deirdre denise derek diane dianne donna doreen doris dorothy edith edna eileen \
    elaine eleanor elizabeth ellen elsie emily emma enid eric erin ethel eva fatima fatma fiona \
    florence frances freda gail gary geoff george geraldine gillian gladys glenys gloria graham gwen \
    gwyneth hannah harriet helen hilary hilda ian imran ingrid irene isabel \
    jackie jacqueline jade james jane janet janice jasmine jason jayne jean jeanette jennifer jenny \
    jessica jill jo joan joanna joanne joyce judith judy julia julian julie karen kate katherine kathleen \
    kathryn katie kay keith kelly kenneth kerry kevin khadija kim kirsty kulwinder laura lauren leanne \
    lesley leslie lilian linda lindsay lisa liz lorna lorraine louise lucy lydia lyn lynda lynn lynne \
    mabel maggie malgorzata mandy manjit margaret maria marian marie marilyn marion marjorie mary maureen \
    mavis megan mehwish melanie michael michelle mildred miriam mohammed mohamed moira molly monica \
    morag muriel myra nadia nancy naomi natalie nasreen nazia neil nicola nina nora norma olivia \
    olwen pam pamela parveen patricia paul paula pauline peggy penelope peter phil philip \
    phillip phyllis priya rachel rashida raymond rebecca rekha rhian rhiannon richard rita robert \
    roberta rosalind rosemary rosie roxanne rubina ruth sadia sally samantha samina sandra sangeeta \
    sarah sara shabana shanaz sharon sheila shirley shazia sian simon siobhan sonia sophie stella \
    stephanie stephen steve sue susan suzanne sylvia tanya tara teresa terry theresa thelma tina tracey \
    tracy trevor usha valerie vera veronica victoria vicky viv vivien wendy winifred yasmin yvonne zahra \
    zainab zoe zofia agnieszka katarzyna ewa";

/// Given names that are also common words or months: only after "this is", with a capital.
const DOUBTFUL_NAMES: &str = "carol dawn eve faith grace hazel heather hope iris ivy jack joy mark olive pat penny rose ruby \
    violet daisy lily poppy holly pearl";

/// Everyday words that follow "my name is" or begin a line, and are no names.
const NO_NAMES: &str = "on not wrong spelt spelled misspelt misspelled down in still missing the listed \
    registered different changed a an and or but i im my me you your it its is was are so if that this \
    what when where how why who can could do does will would should please pls thanks thank very much \
    for to of at by with from no yes ok okay incorrect same now already there here being getting both \
    known hyphenated correct right on never always only also then back because as about be been has have had \
    just too up out all any some more most than dob born date nhs number address postcode phone mobile \
    email and age aged old years year x xx xxx lovely hun love duck mate again advance everyone all \
    everybody so a in looking hoping reading listening said says told was rang phoned called will need \
    needs want wants would could the she he they we screening breast unit team department office service \
    clinic hospital reply help time info information your kind many best god bless though anyway bye \
    hello hi hiya hey regards cheers ta bit lot million loads u ur";

const MOST_NAME_WORDS: usize = 3;

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        let name = after_sure_cue(scan, at)
            .or_else(|| after_colon(scan, at))
            .or_else(|| after_doubtful_cue(scan, at))
            .or_else(|| after_title(scan, at))
            .or_else(|| after_closing(scan, at))
            .or_else(|| before_here(scan, at));
        if let Some(range) = name {
            scan.claim(Kind::Name, range);
        }
    }
}

fn matches(scan: &Scan, at: usize, cue: &[&str]) -> bool {
    cue.iter().enumerate().all(|(i, &word)| scan.word(at + i).is_some_and(|w| same(w, word)))
}

fn same(word: &str, cue: &str) -> bool {
    word == cue
}

fn after_sure_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let cue = SURE_CUES.iter().find(|cue| matches(scan, at, cue))?;
    let mut start = at + cue.len();
    if scan.is_mark(start, &[':', '-', ',']) {
        start += 1;
    }
    name_from(scan, start)
}

/// `Name: Jane Smith`.
fn after_colon(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let is_label = matches!(scan.word(at)?, "name" | "surname" | "forename" | "names" | "patient");
    (is_label && scan.is_mark(at + 1, &[':', '='])).then(|| name_from(scan, at + 2))?
}

/// One to three words that are no everyday words.
fn name_from(scan: &Scan, start: usize) -> Option<Range<usize>> {
    let mut end = after_initials(scan, start);
    while end - start < MOST_NAME_WORDS && scan.word(end).is_some_and(|w| !is_everyday(w)) {
        if end > start && is_cue_word(scan, end) {
            break;
        }
        end += 1;
        if scan.is_mark(end, &['-']) && scan.glued_to_next(end) && scan.glued_to_next(end - 1) {
            end += 1;
        }
    }
    while end > start && scan.is(end - 1, PieceKind::Mark) {
        end -= 1;
    }
    (end > start).then_some(start..end)
}

/// The place after `A.` or `J P` when a capitalised word follows.
fn after_initials(scan: &Scan, start: usize) -> usize {
    let mut next = start;
    while scan.word(next).is_some_and(|w| w.chars().count() == 1) && scan.pieces[next].capital {
        next += if scan.is_mark(next + 1, &['.']) { 2 } else { 1 };
    }
    let named = scan.word(next).is_some_and(|w| !is_everyday(w)) && scan.pieces[next].capital;
    if named { next } else { start }
}

fn is_everyday(word: &str) -> bool {
    NO_NAMES.split_whitespace().any(|w| w == word)
}

fn is_cue_word(scan: &Scan, at: usize) -> bool {
    matches!(scan.word(at), Some("call" | "ring" | "live" | "lives" | "postcode" | "wondering"))
}

fn is_common_name(word: &str) -> bool {
    COMMON_NAMES.split_whitespace().any(|w| w == word)
}

fn after_doubtful_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let cue = DOUBTFUL_CUES.iter().find(|cue| matches(scan, at, cue))?;
    let start = at + cue.len();
    let name = scan.word(start)?;
    let speaks_of_self = !matches!(cue, ["love" | "from" | "for" | "yours" | "signed"]);
    let doubtful = speaks_of_self
        && scan.pieces[start].capital
        && DOUBTFUL_NAMES.split_whitespace().any(|n| n == name);
    (is_common_name(name) || doubtful).then(|| with_surname(scan, start))?
}

/// A given name and, when it looks like one, a surname.
fn with_surname(scan: &Scan, start: usize) -> Option<Range<usize>> {
    let capital = scan.get(start)?.capital;
    let surname = scan.word(start + 1).is_some_and(|w| {
        !is_everyday(w)
            && w.len() > 1
            && (scan.pieces[start + 1].capital || ends_line(scan, start + 2))
    });
    let surname = surname && (capital || !scan.pieces[start + 1].capital);
    Some(start..start + if surname { 2 } else { 1 })
}

/// `Mrs Smith`, `dr patel`; a bare `miss` is a verb unless both words are capitalised.
fn after_title(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let title = scan.word(at)?;
    if !TITLES.contains(&title) {
        return None;
    }
    let dotted = scan.is_mark(at + 1, &['.']);
    let start = if dotted { at + 2 } else { at + 1 };
    let word = scan.word(start)?;
    let capitals = scan.pieces[at].capital && scan.pieces[start].capital;
    let loose = matches!(title, "mrs" | "mr" | "ms" | "mx");
    if is_everyday(word) || word.len() < 2 || !(capitals || loose) {
        return None;
    }
    let surname = scan.word(start + 1).is_some_and(|w| !is_everyday(w) && w.len() > 1)
        && scan.pieces[start + 1].capital
        && scan.pieces[start].capital;
    Some(start..start + if surname { 2 } else { 1 })
}

/// `Kind regards, Jane Smith`, `thanks jane x` at the end of a line.
fn after_closing(scan: &Scan, at: usize) -> Option<Range<usize>> {
    if !CLOSINGS.contains(&scan.word(at)?) {
        return None;
    }
    let mut start = at + 1;
    let mut marked = false;
    while scan.is_mark(start, &[',', '\n', '-', '.', '!']) {
        marked = true;
        start += 1;
    }
    let first = scan.word(start)?;
    let known = is_common_name(first);
    let formal =
        matches!(scan.word(at), Some("regards" | "sincerely" | "faithfully" | "wishes" | "rgds"));
    let capital = scan.pieces[start].capital;
    let likely = known || formal || marked && capital;
    if is_everyday(first) || !likely {
        return None;
    }
    let range = name_from(scan, start)?;
    let end = range.end;
    ends_line(scan, end).then_some(range)
}

/// `jane here`, at the start of a message.
fn before_here(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let starts = at == 0
        || scan
            .word(at - 1)
            .is_some_and(|w| matches!(w, "hi" | "hello" | "hiya" | "hey" | "its" | "morning"))
        || scan.is_mark(at - 1, &[',', '.', '!', '\n']);
    let here = scan.word(at + 1) == Some("here")
        || (scan.word(at + 2) == Some("here") && scan.is(at + 1, PieceKind::Word));
    let first = scan.word(at)?;
    if !(starts && here && is_common_name(first)) {
        return None;
    }
    Some(at..if scan.word(at + 1) == Some("here") { at + 1 } else { at + 2 })
}

/// Whether only kisses, marks or nothing follow up to the end of the line.
fn ends_line(scan: &Scan, at: usize) -> bool {
    for piece in scan.pieces.iter().skip(at) {
        let fades = match piece.kind {
            PieceKind::Word => piece.text.chars().all(|c| c == 'x' || c == 'o'),
            PieceKind::Mark if piece.text == "\n" => return true,
            PieceKind::Mark => !piece.text.chars().all(char::is_alphanumeric),
            PieceKind::Digits | PieceKind::Placeholder => false,
        };
        if !fades {
            return false;
        }
    }
    true
}
