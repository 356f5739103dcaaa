//! Is this short message in English, and if not, in which language perhaps?
//!
//! Only an answer of "another language" has consequences (a person takes over), so doubt counts as
//! English or unclear: typing slips, dialect, slang, names, a foreign word or a single word that is in
//! no list must not be flagged. Scripts decide first (share of letters), then function words of
//! languages people write to British services, spelt with or without accents. It does not translate
//! and does not look for symptoms.

mod lists;

use std::collections::{HashMap, HashSet};

use super::fold::words;
use lists::{ENGLISH, LANGUAGES};

/// What a short text seems to be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// English, slang and dialect included.
    English,
    /// Another language.
    Other {
        /// BCP 47 code of the best guess, when one language stands out.
        code: Option<&'static str>,
    },
    /// Too little to tell.
    Unclear,
}

/// Share of letters of another script above which the message is in that script.
const SCRIPT_SHARE: f64 = 0.3;
/// Messages of at most so many words without an English one need a single foreign word.
const SHORT: usize = 3;

/// Recognises the language of one message. For many messages keep a [`Languages`].
pub fn recognise(raw: &str) -> Recognised {
    Languages::new().recognise(raw)
}

/// The word lists, ready for look-ups.
#[derive(Debug)]
pub struct Languages {
    english: HashSet<&'static str>,
    /// Word → places in [`LANGUAGES`], and whether it is a strong word there.
    foreign: HashMap<&'static str, Vec<(usize, bool)>>,
}

/// The language with most words in a message.
struct Best {
    /// Left out when two languages have as many.
    code: Option<&'static str>,
    words: usize,
    strong: usize,
}

impl Default for Languages {
    fn default() -> Self {
        Self::new()
    }
}

impl Languages {
    /// Reads the word lists.
    pub fn new() -> Self {
        let mut foreign: HashMap<&'static str, Vec<(usize, bool)>> = HashMap::new();
        for (at, language) in LANGUAGES.iter().enumerate() {
            for (list, strong) in [(language.strong, true), (language.weak, false)] {
                for word in list.split_ascii_whitespace() {
                    foreign.entry(word).or_default().push((at, strong));
                }
            }
        }
        Self { english: ENGLISH.split_ascii_whitespace().collect(), foreign }
    }

    /// Recognises the language of a short message.
    pub fn recognise(&self, raw: &str) -> Recognised {
        if let Some(code) = other_script(raw) {
            return Recognised::Other { code: Some(code) };
        }
        let tokens: Vec<String> = words(raw)
            .map(|w| w.folded.replace('\'', ""))
            .filter(|w| w.chars().any(char::is_alphabetic))
            .collect();
        let english = tokens.iter().filter(|w| self.english.contains(w.as_str())).count();
        let certain = if english > 0 { Recognised::English } else { Recognised::Unclear };
        if 2 * english > tokens.len() {
            return certain;
        }
        let Some(best) = self.best_language(raw, &tokens) else {
            return certain;
        };
        let Best { code, words: foreign, strong } = best;
        // English nouns in another language's sentence: "appointment cancel karna hai".
        let mixed = strong >= 2;
        let short = tokens.len() <= SHORT && english == 0;
        let outnumbers = foreign > english || (foreign == english && mixed);
        if outnumbers && (foreign >= 2 || short) { Recognised::Other { code } } else { certain }
    }

    /// The language with most words in the message, at least one of them no weak word.
    fn best_language(&self, raw: &str, tokens: &[String]) -> Option<Best> {
        let mut counts = [(0_usize, 0_usize); LANGUAGES.len()];
        for &(at, strong) in tokens.iter().filter_map(|w| self.foreign.get(w.as_str())).flatten() {
            counts[at].0 += 1;
            counts[at].1 += usize::from(strong);
        }
        for (count, language) in counts.iter_mut().zip(&LANGUAGES) {
            let accented = accented_words(raw, language.letters);
            count.0 += accented;
            count.1 += accented;
        }
        let backed = || counts.iter().zip(&LANGUAGES).filter(|((_, strong), _)| *strong > 0);
        let words = backed().map(|((all, _), _)| *all).max()?;
        let mut best = backed().filter(|((all, _), _)| *all == words);
        let ((_, strong), language) = best.next()?;
        let code = if best.next().is_some() { None } else { Some(language.code) };
        Some(Best { code, words, strong: *strong })
    }
}

/// Words that hold a letter of the language that English never borrows.
fn accented_words(raw: &str, letters: &str) -> usize {
    if raw.is_ascii() || letters.is_empty() {
        return 0;
    }
    let holds = |w: &&str| w.chars().flat_map(char::to_lowercase).any(|c| letters.contains(c));
    raw.split_whitespace().filter(holds).count()
}

/// The code of the script that holds more than [`SCRIPT_SHARE`] of the letters, Latin apart.
fn other_script(raw: &str) -> Option<&'static str> {
    if raw.is_ascii() {
        return None;
    }
    let mut letters = 0_usize;
    let mut counts = [0_usize; SCRIPTS.len()];
    for c in raw.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        let code = u32::from(c);
        if let Some(script) = SCRIPTS.iter().position(|s| s.from <= code && code <= s.to) {
            counts[script] += 1;
        }
    }
    let (script, count) =
        counts.iter().copied().enumerate().max_by_key(|&(at, n)| (n, usize::MAX - at))?;
    let many = count as f64 > SCRIPT_SHARE * letters as f64;
    many.then(|| refine(SCRIPTS[script].code, raw))
}

/// Urdu and Persian letters, Ukrainian letters.
fn refine(code: &'static str, raw: &str) -> &'static str {
    match code {
        "ar" if raw.contains(['ٹ', 'ڈ', 'ڑ', 'ں', 'ے', 'ہ', 'ھ']) => "ur",
        "ar" if raw.contains(['پ', 'چ', 'گ', 'ک', 'ی']) => "fa",
        "ru" if raw.contains(['і', 'ї', 'є', 'ґ']) => "uk",
        code => code,
    }
}

struct Script {
    from: u32,
    to: u32,
    code: &'static str,
}

const SCRIPTS: [Script; 17] = [
    Script { from: 0x600, to: 0x6ff, code: "ar" },
    Script { from: 0x750, to: 0x77f, code: "ar" },
    Script { from: 0x900, to: 0x97f, code: "hi" },
    Script { from: 0x980, to: 0x9ff, code: "bn" },
    Script { from: 0xa00, to: 0xa7f, code: "pa" },
    Script { from: 0xa80, to: 0xaff, code: "gu" },
    Script { from: 0xb80, to: 0xbff, code: "ta" },
    Script { from: 0xd00, to: 0xd7f, code: "ml" },
    Script { from: 0x400, to: 0x4ff, code: "ru" },
    Script { from: 0x370, to: 0x3ff, code: "el" },
    Script { from: 0x590, to: 0x5ff, code: "he" },
    Script { from: 0x1200, to: 0x137f, code: "am" },
    Script { from: 0xe00, to: 0xe7f, code: "th" },
    Script { from: 0x3040, to: 0x30ff, code: "ja" },
    Script { from: 0x4e00, to: 0x9fff, code: "zh" },
    Script { from: 0xac00, to: 0xd7af, code: "ko" },
    Script { from: 0xd80, to: 0xdff, code: "si" },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_other(raw: &str, expected: &str) {
        let found = recognise(raw);
        assert!(
            matches!(found, Recognised::Other { code } if code.is_none() || code == Some(expected)),
            "{raw}: {found:?}"
        );
    }

    #[track_caller]
    fn check_not_other(raw: &str) {
        let found = recognise(raw);
        assert!(!matches!(found, Recognised::Other { .. }), "{raw}: {found:?}");
    }

    #[test]
    fn other_languages() {
        check_other("Kiedy dostanę wyniki badania?", "pl");
        check_other("chciałabym przełożyć wizytę", "pl");
        check_other("czy to boli", "pl");
        check_other("dziekuje bardzo", "pl");
        check_other("Pryd mae fy apwyntiad?", "cy");
        check_other("diolch yn fawr", "cy");
        check_other("dwi eisiau newid fy apwyntiad", "cy");
        check_other("Buna ziua, cand primesc rezultatele?", "ro");
        check_other("vreau sa fac o programare", "ro");
        check_other("mera appointment kab hai", "ur");
        check_other("kya mammogram mein pain hota hai", "ur");
        check_other("mujhe letter nahi mila", "ur");
        check_other("tuhada clinic kithe hai", "pa");
        check_other("amar appointment kobe", "bn");
        check_other("ami kobe result pabo", "bn");
        check_other("hola, cuando es mi cita", "es");
        check_other("bonjour, je voudrais annuler mon rendez-vous", "fr");
        check_other("ola quero marcar o exame", "pt");
        check_other("buongiorno, vorrei spostare l'appuntamento", "it");
        check_other("wann bekomme ich mein Ergebnis", "de");
        check_other("randevu almak istiyorum", "tr");
        check_other("waxaan rabaa ballan", "so");
        check_other("مجھے میموگرام کب ہوگا", "ur");
        check_other("متى موعدي", "ar");
        check_other("আমার রেজাল্ট কবে পাব", "bn");
        check_other("ਮੇਰੀ ਮੁਲਾਕਾਤ ਕਦੋਂ ਹੈ", "pa");
        check_other("когда мой приём", "ru");
        check_other("我的预约是什么时候", "zh");
        check_other("מתי התור שלי", "he");
    }

    #[test]
    fn english_in_all_its_dress() {
        for raw in [
            "parking?",
            "deoderant??",
            "how long",
            "?",
            "",
            "😂😂",
            "ok ta",
            "x",
            "mammogram",
            "ey up duck am 51 and ant had me letter yet",
            "wot do i need 2 wear",
            "am bricking it",
            "mamogram reslts how long do they tek",
            "ah dinnae ken when ma appointment is",
            "wheres me bairn allowed",
            "my name is 李娜",
            "Zoë here, can I come",
            "café near the van?",
            "naïve question",
            "can I get the letter in Urdu or Polish",
            "mum doesnt speak english",
            "hola! do you do sundays",
            "gracias",
            "ciao x",
            "thx hun",
            "nae bother",
            "haway man",
            "giz a bell",
            "a l l",
            "BRCA2",
            "El Dorado",
            "am I due",
            "Las Vegas",
            "mi mam was poorly",
            "is that sen or nan",
            "go on then",
            "me an all",
            "per se",
            "da van",
            "no",
            "si",
            "fit kit",
            "Siobhan from Llandudno",
            "do you come to Aberystwyth",
            "im in Llanelli",
            "Krakow",
            "wfh today",
            "I do not want to go on",
            "de ja vu",
            "our kid is 50",
            "mardy bum",
            "tha knows nowt",
        ] {
            check_not_other(raw);
        }
    }

    #[test]
    fn no_strong_word_is_english() {
        for language in LANGUAGES {
            for word in language.strong.split_ascii_whitespace() {
                let english = ENGLISH.split_ascii_whitespace().any(|w| w == word);
                assert!(!english, "{word} ({})", language.code);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(raw in "\\PC{0,80}") {
            recognise(&raw);
        }
    }
}
