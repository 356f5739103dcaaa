//! A rebuild embeds what changed and nothing else.
//!
//! 1. Editing one sentence embeds that passage alone; editing a question variant, that variant.
//! 2. Editing a title embeds the document's passages (they are embedded with it), not its variants.
//! 3. Adding a file embeds its passages and variants; deleting one embeds nothing.
//! 4. A change that no text is embedded for (an approval) embeds nothing.
//! 5. A damaged cache costs time, never a result.

use guidepost::index::build::BuildOptions;

use crate::support::{Doc, Place};

/// Two sections, so two passages, and two variants.
fn two_sections() -> Doc {
    let body =
        "Ears are checked with soft tones.\n\n## The room\n\nThe room for ear checks is silent.";
    let mut doc = Doc::new("edited", "what is an ear check like", body);
    doc.questions.push("is the room quiet".to_owned());
    doc
}

#[test]
fn only_what_changed_is_embedded() {
    let place = Place::sample();
    let doc = two_sections();
    place.add(&doc);
    let first = place.build();
    assert_eq!(first.embedded, first.texts, "a new index embeds every text");
    let file = "edited.md";
    let steps: [(&str, &str, usize); 4] = [
        ("The room for ear checks is silent.", "The room for ear checks is very quiet.", 1),
        ("is the room quiet", "is the listening room quiet", 1),
        ("title = \"About edited\"", "title = \"The ear check itself\"", 2),
        ("review_due = 2027-01-10", "review_due = 2027-02-10", 0),
    ];
    for (from, to, expected) in steps {
        place.edit(file, from, to);
        let built = place.build();
        assert!(!built.reused);
        assert_eq!((built.embedded, built.texts), (expected, first.texts), "{from} -> {to}");
    }
    place.add(&Doc::new("added", "where is the tooth clinic", "The tooth clinic is upstairs."));
    let added = place.build();
    assert_eq!((added.embedded, added.texts), (2, first.texts + 2));
    fs_err::remove_file(place.corpus().join("added.md")).unwrap();
    fs_err::remove_file(place.corpus().join(file)).unwrap();
    let removed = place.build();
    assert_eq!((removed.embedded, removed.texts), (0, first.texts - 4));
}

#[test]
fn a_damaged_cache_costs_time_and_nothing_else() {
    let place = Place::sample();
    let first = place.build();
    let cache = place.store().cache_path();
    let sound = fs_err::read(&cache).unwrap();
    let mut damaged = sound.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for (bytes, name) in
        [(damaged, "a flipped byte"), (sound[..sound.len() - 9].to_vec(), "a torn end")]
    {
        let before = fs_err::read(place.store().folder(first.id).join("vectors.bin")).unwrap();
        fs_err::write(&cache, bytes).unwrap();
        fs_err::remove_dir_all(place.store().folder(first.id)).unwrap();
        let built = place.try_build(BuildOptions::default()).unwrap();
        assert_eq!(built.id, first.id, "{name}");
        assert!(built.embedded > 0 && built.embedded < built.texts, "{name}: {built:?}");
        let after = fs_err::read(place.store().folder(first.id).join("vectors.bin")).unwrap();
        assert!(before == after, "{name}");
    }
}
