//! The labelled messages this repository ships.
//!
//! 1. The sealed splits are the very bytes whose hashes were committed.
//! 2. They hold what a claim on them needs: so many families, urgent, near, personal messages and
//!    conversations; `calibrate` has one message a family, since exact tails need independence.
//! 3. No family stands in two splits, and every document that a label names exists.

use std::collections::{BTreeMap, BTreeSet};

use guidepost::corpus::read::read_corpus;
use guidepost::eval::topic::{Expected, Topic, read_topics};
use sha2::{Digest as _, Sha256};

use crate::support::{root, shipped_corpus};

const SPLITS: [&str; 7] = ["fit", "spent", "safety", "dev", "conversations", "calibrate", "test"];

fn split(name: &str) -> Vec<Topic> {
    read_topics(&root().join(format!("eval/topics/screening-{name}.jsonl"))).unwrap()
}

#[test]
fn sealed_splits_are_the_bytes_that_were_sealed() {
    let folder = root().join("eval/topics");
    let text = fs_err::read_to_string(folder.join("SEALED.toml")).unwrap();
    let seals: toml::Table = toml::from_str(&text).unwrap();
    let seals = seals["sealed"].as_array().unwrap();
    assert_eq!(seals.len(), 2);
    for seal in seals {
        let bytes = fs_err::read(folder.join(seal["file"].as_str().unwrap())).unwrap();
        let digest = Sha256::digest(&bytes);
        let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(Some(hex.as_str()), seal["sha256"].as_str(), "{}", seal["file"]);
    }
}

#[test]
fn the_sets_hold_what_claims_on_them_need() {
    let all: usize = SPLITS.iter().map(|name| split(name).len()).sum();
    assert!(all >= 2400, "{all}");
    let calibrate = split("calibrate");
    let families: BTreeSet<&str> = calibrate.iter().map(Topic::family).collect();
    assert!(families.len() >= 600 && families.len() == calibrate.len());
    let test = split("test");
    let families_of = |wanted: &dyn Fn(&Topic) -> bool| {
        test.iter().filter(|t| wanted(t)).map(Topic::family).collect::<BTreeSet<_>>().len()
    };
    let has_reason = |name: &'static str| move |t: &Topic| t.reason.as_deref() == Some(name);
    assert!(families_of(&|t| t.expected == Some(Expected::Urgent)) >= 300);
    assert!(families_of(&has_reason("out_of_scope_near")) >= 300);
    assert!(families_of(&has_reason("personal")) >= 100);
    assert!(families_of(&|t| t.conversation.is_some()) >= 60);
}

#[test]
fn families_keep_to_one_split_and_labels_name_documents_that_exist() {
    let corpus = read_corpus(&shipped_corpus()).unwrap();
    let mut home: BTreeMap<String, &str> = BTreeMap::new();
    for name in SPLITS {
        for topic in split(name) {
            let first = *home.entry(topic.family().to_owned()).or_insert(name);
            assert_eq!(first, name, "family {} stands in two splits", topic.family());
            let parts = topic.parts.iter().flat_map(|part| &part.documents);
            for document in topic.documents.iter().chain(parts) {
                assert!(corpus.document(document).is_some(), "{}: {document}", topic.id);
            }
        }
    }
}
