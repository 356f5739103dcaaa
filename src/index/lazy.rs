//! Which values have been decoded so far?
//!
//! A row of cells that are filled on first use and then keep their value in place, so that
//! references to it live as long as the row. Cells come in pages that are made when one of their
//! cells is asked for: a row of a million costs some kilobytes until it is used. What was decoded
//! is never dropped before the row. This module does not know where values come from.

use std::sync::OnceLock;

/// Cells of a page.
const PAGE: usize = 512;

/// A page of cells.
type Page<T> = Box<[OnceLock<Box<T>>]>;

/// A row of values, each made on first use.
pub(super) struct Lazy<T> {
    pages: Box<[OnceLock<Page<T>>]>,
    len: usize,
}

impl<T> Lazy<T> {
    pub(super) fn new(len: usize) -> Self {
        let pages = std::iter::repeat_with(OnceLock::new).take(len.div_ceil(PAGE)).collect();
        Self { pages, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The value at a place; made by `make` if it is not there yet. `None` past the end, or where
    /// `make` has none to give: then it is asked again the next time.
    pub(super) fn get(&self, place: usize, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        if place >= self.len {
            return None;
        }
        let new_page = || std::iter::repeat_with(OnceLock::new).take(PAGE).collect();
        let cell = &self.pages[place / PAGE].get_or_init(new_page)[place % PAGE];
        if let Some(value) = cell.get() {
            return Some(value);
        }
        let value = Box::new(make()?);
        Some(cell.get_or_init(|| value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_a_failure_is_tried_again() {
        let row: Lazy<usize> = Lazy::new(1025);
        assert_eq!(row.get(1024, || None), None);
        assert_eq!(row.get(1024, || Some(7)), Some(&7));
        assert_eq!(row.get(1024, || panic!("made twice")), Some(&7));
        assert_eq!(row.get(1025, || panic!("past the end")), None);
        assert_eq!(Lazy::<u8>::new(0).get(0, || panic!("past the end")), None);
    }
}
