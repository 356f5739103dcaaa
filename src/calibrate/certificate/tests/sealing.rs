//! Properties checked:
//! 1. A certificate's text opens to the same certificate, and no other text does: every byte of
//!    every field, changed in any of several ways, is refused.
//! 2. Served with anything else it is refused, and the difference is named.
//! 3. A certificate whose claim does not follow from its outcomes is refused, sealed or not.
//! 4. Only a live population lets answers leave without a person; others say why not.
//! 5. A file of another version says so.
//! 6. Numbers read back to the bit, which takes a feature of the reader.

use jiff::civil::date;

use super::*;
use crate::ids::Locality;

/// The field of a binding to change.
type Field = fn(&mut Bound) -> &mut Fingerprint;
/// A change to a content.
type Forgery = dyn Fn(&mut Content);

/// A small certificate with something in every field.
fn certificate() -> Certificate {
    let mut all = outcomes(9, 1, 0.75);
    all[0].slices = vec!["typos".to_owned(), "worried".to_owned()];
    all[1].answerable = false;
    all[1].proposed = None;
    all[8].proposed.as_mut().unwrap().confidence = 1.0 / 3.0;
    issued(Request {
        population: Population::Live {
            service: Locality::new("leeds").unwrap(),
            from: date(2026, 1, 5),
            to: date(2026, 3, 8),
        },
        ..request(plan(&[0.75, 0.3], &[0, 1]), all, terms(0.6, 0.3))
    })
}

#[test]
fn every_byte_counts() {
    let certificate = certificate();
    let text = certificate.text();
    assert_eq!(Certificate::open(&text, &bound()).as_ref(), Ok(&certificate));
    for field in [
        "version",
        "fingerprint",
        "revises",
        "population",
        "from",
        "mix",
        "alpha",
        "delta",
        "delta_spent",
        "revision",
        "attempts",
        "errors",
        "threshold",
        "method",
        "snapshot",
        "embedder",
        "analyzer",
        "settings",
        "calibrator",
        "labels",
        "outcomes",
        "confidence",
        "document",
        "wrong",
        "slices",
        "urgent",
        "grid",
        "starts",
    ] {
        assert!(text.contains(&format!("\"{field}\"")), "{field} is not in the text");
    }
    for place in 0..text.len() {
        // One bit, a letter's case, another digit, any bit at all.
        for change in [0x01, 0x20, 0x07, 1 << (place % 8)] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= change;
            let opened = String::from_utf8(bytes).map(|text| Certificate::open(&text, &bound()));
            if let Ok(Ok(_)) = opened {
                panic!("byte {place} changed by {change:#x} opens");
            }
        }
    }
}

#[test]
fn spaces_added_or_ends_cut_are_refused() {
    let text = certificate().text();
    let padded = format!("{text}\n");
    let crlf = text.replace('\n', "\r\n");
    let compact = text.replace("\": ", "\":");
    for changed in [padded.as_str(), &crlf, &compact, text.trim_end()] {
        assert_eq!(Certificate::open(changed, &bound()), Err(CertificateError::Altered));
    }
    for end in 0..text.len() - 1 {
        assert!(Certificate::open(&text[..end], &bound()).is_err());
    }
}

#[test]
fn anything_else_served_is_named() {
    let text = certificate().text();
    let other = Fingerprint::of(b"other");
    let cases: [(&str, Field); 6] = [
        ("snapshot", |bound| &mut bound.snapshot),
        ("embedding model", |bound| &mut bound.embedder),
        ("analyzer", |bound| &mut bound.analyzer),
        ("choice of settings", |bound| &mut bound.settings),
        ("calibrator", |bound| &mut bound.calibrator),
        ("urgency model", |bound| &mut bound.urgency),
    ];
    for (what, field) in cases {
        let mut serving = bound();
        *field(&mut serving) = other;
        assert_eq!(Certificate::open(&text, &serving), Err(CertificateError::Bound { what }));
    }
    let labels = certificate().content().labels.clone();
    assert!(certificate().rests_on(&labels));
    assert!(!certificate().rests_on(&Labels { calibrate: other, ..labels }));
}

#[test]
fn claims_that_do_not_follow_are_refused_though_sealed() {
    let forged = |change: &Forgery| {
        let mut content = certificate().content().clone();
        change(&mut content);
        let sealed = Certificate::seal(content);
        Certificate::open(&sealed.text(), &bound())
    };
    assert!(forged(&|_| ()).is_ok());
    let forgeries: [(&str, &Forgery); 16] = [
        ("claim.n", &|content| content.claim.n += 1),
        ("claim.errors", &|content| content.claim.errors -= 1),
        ("claim.p", &|content| content.claim.p /= 2.0),
        ("claim.level", &|content| content.claim.level *= 2.0),
        ("claim.risk_limit", &|content| content.claim.risk_limit *= 0.99),
        ("claim.coverage", &|content| content.claim.coverage *= 1.01),
        ("claim.coverage_limit", &|content| content.claim.coverage_limit *= 1.01),
        ("claim.attempts", &|content| content.claim.attempts.truncate(1)),
        ("claim.attempts.p", &|content| content.claim.attempts[1].p *= 0.9),
        ("claim.risk_limit", &|content| {
            content.outcomes[0].proposed.as_mut().unwrap().wrong = false;
        }),
        ("mix.answerable", &|content| content.mix.answerable += 1),
        ("delta_spent", &|content| content.delta_spent /= 2.0),
        ("delta_of_all", &|content| content.delta_of_all /= 2.0),
        ("slices.errors", &|content| content.slices[0].errors = 0),
        ("slices.certified", &|content| content.slices[0].certified = true),
        ("urgent.recall_limit", &|content| content.urgent.recall_limit = 1.0),
    ];
    for (what, forgery) in forgeries {
        let refused = forged(forgery);
        if what == "claim.risk_limit" {
            assert!(matches!(refused, Err(CertificateError::Unfounded { .. })), "{refused:?}");
        } else {
            let what = what.to_owned();
            assert_eq!(refused, Err(CertificateError::Unfounded { what }));
        }
    }
    let more: [&Forgery; 7] = [
        &|content| content.terms.alpha = 0.01,
        &|content| content.terms.delta = 2.0,
        &|content| content.claim.threshold = 0.75,
        &|content| content.claim.threshold = 0.5,
        &|content| content.outcomes[1].family = "f0".to_owned(),
        &|content| content.plan.starts = vec![2],
        &|content| content.urgent.counts.recognised = 31,
    ];
    for (number, forgery) in more.iter().enumerate() {
        assert!(forged(forgery).is_err(), "forgery {number}");
    }
}

#[test]
fn only_live_populations_send() {
    let live = certificate();
    assert!(live.permits_automatic_sending());
    assert_eq!(live.content().population.to_string(), "live:leeds 2026-01-05 to 2026-03-08");
    for (population, reason) in
        [(Population::Rehearsal, "rehearsal"), (Population::Research, "research")]
    {
        let all = outcomes(9, 0, 0.75);
        let asked = Request { population, ..request(plan(&[0.5], &[0]), all, terms(0.6, 0.3)) };
        let certificate = issued(asked);
        assert!(!certificate.permits_automatic_sending());
        let why = certificate.automatic_sending().unwrap_err().to_string();
        assert!(why.contains(reason) && why.contains("own messages"), "{why}");
    }
}

#[test]
fn periods_and_counts_that_cannot_be_are_refused() {
    let asked = || request(plan(&[0.5], &[0]), outcomes(9, 0, 0.75), terms(0.6, 0.3));
    let service = Locality::new("leeds").unwrap();
    let (from, to) = (date(2026, 3, 8), date(2026, 3, 7));
    let backwards = Population::Live { service, from, to };
    assert!(Certificate::issue(Request { population: backwards, ..asked() }).is_err());
    let urgent = UrgentCounts { urgent: 3, recognised: 4, others: 0, false_alarms: 0 };
    assert!(Certificate::issue(Request { urgent, ..asked() }).is_err());
}

#[test]
fn other_versions_say_so() {
    let text = certificate().text().replacen("\"version\": 2", "\"version\": 3", 1);
    let text = text.replacen("\"revises\"", "\"a_later_field\"", 1);
    assert_eq!(Certificate::open(&text, &bound()), Err(CertificateError::Version { found: 3 }));
    assert!(matches!(Certificate::open("{}", &bound()), Err(CertificateError::Syntax { .. })));
}

#[test]
fn numbers_read_back_to_the_bit() {
    // Without this feature a number may read back one unit in the last place away, and a sound
    // certificate would be refused. Other crates may turn it on in tests only.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let manifest = fs_err::read_to_string(path).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("serde_json =")).unwrap();
    assert!(line.contains("float_roundtrip"), "{line}");
    for bits in [0x3fd3_3333_3333_3333_u64, 0x3fb9_9999_9999_999a, 0x3c67_0ef5_4646_d497] {
        let text = serde_json::to_string(&f64::from_bits(bits)).unwrap();
        assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), bits);
    }
}
