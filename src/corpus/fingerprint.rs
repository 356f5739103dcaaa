//! Which corpus is this?
//!
//! The fingerprint covers the id and every byte of every document, in the order of ids, and
//! nothing else: not the order or the place of the files, not the facts, not the folder.

use super::document::Document;
use crate::ids::Fingerprint;

/// Fingerprint of a set of documents, whatever their order.
pub fn corpus_fingerprint(documents: &[Document]) -> Fingerprint {
    let mut rows: Vec<(&str, Fingerprint)> =
        documents.iter().map(|document| (document.id.as_str(), document.fingerprint())).collect();
    rows.sort_unstable();
    Fingerprint::of_parts(
        rows.iter().flat_map(|(id, print)| [id.as_bytes(), print.as_bytes().as_slice()]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::testing::document;

    #[test]
    fn order_does_not_count_and_every_byte_does() {
        let (a, b) = (document("a", "", "One."), document("b", "", "Two."));
        let print = corpus_fingerprint(&[a.clone(), b.clone()]);
        assert_eq!(print, corpus_fingerprint(&[b.clone(), a.clone()]));
        assert_ne!(print, corpus_fingerprint(&[a.clone(), document("b", "", "Two!")]));
        assert_ne!(print, corpus_fingerprint(&[a]));
        let mut moved = b.clone();
        moved.path = "elsewhere.md".to_owned();
        assert_eq!(corpus_fingerprint(&[b]), corpus_fingerprint(&[moved]));
    }
}
