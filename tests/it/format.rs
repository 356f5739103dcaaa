//! Indices in the field go on opening, or say what to do.
//!
//! 1. `tests/data/snapshot-v1`, built once in the first format, opens and ranks as it did, or is
//!    refused with a hint. It must never be rebuilt to make this pass.

use guidepost::index::store::{Store, StoreError};

use crate::support::data;

#[test]
fn a_snapshot_of_the_first_format_opens_or_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    crate::support::copy_tree(&data("snapshot-v1"), folder.path());
    let store = Store::new(folder.path());
    match store.open_current() {
        Ok(snapshot) => {
            assert_eq!(snapshot.manifest().format, 1);
            let ids: Vec<&str> = snapshot.documents().map(|d| d.id.as_str()).collect();
            assert_eq!(ids, ["old-tones", "old-post", "old-letters"]);
            assert_eq!(
                snapshot.passage(guidepost::ids::Row(0)).unwrap().body,
                "Soft tones are played through headphones."
            );
            let hint = snapshot.passages().filter(|p| p.body.contains("post")).count();
            assert_eq!(hint, 1);
        }
        Err(StoreError::Snapshot { source, .. }) => {
            let told = source.to_string();
            assert!(told.contains("format 1") && told.contains("guidepost index build"), "{told}");
        }
        Err(other) => panic!("{other}"),
    }
}
