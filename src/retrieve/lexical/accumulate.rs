//! From postings to the scores of all places, in buffers that queries hand on to each other.
//!
//! A group's lists come in the order in which their parts of tf' are added. All but the last are
//! scattered over one slot a place; the last, mostly the body's and by far the longest, is read
//! in one go together with what lies in the slots already.

use super::groups::Group;
use super::{Lexical, Norm};
use crate::index::postings::{PostingList, Postings, PostingsError, TextField};

/// Buffers of one query over some postings.
#[derive(Debug, Default)]
pub(super) struct Accumulator {
    /// Score so far, by place.
    scores: Vec<f64>,
    is_clear: bool,
    /// Part of tf' of the group at hand, by place; zero between groups.
    slots: Vec<f64>,
    /// Frequency of the reading at hand, by place; zero between fields.
    frequencies: Vec<u32>,
    /// Places with a slot that is not zero.
    touched: Vec<u32>,
    /// Places with a frequency that is not zero.
    of_field: Vec<u32>,
    /// Places of the group at hand, and tf' of each.
    places: Vec<u32>,
    weights: Vec<f64>,
}

impl Accumulator {
    pub(super) fn new(rows: u32) -> Accumulator {
        let rows = rows as usize;
        Accumulator {
            scores: vec![0.0; rows],
            is_clear: true,
            slots: vec![0.0; rows],
            ..Accumulator::default()
        }
    }

    pub(super) fn clear(&mut self) {
        if !self.is_clear {
            self.scores.fill(0.0);
            // What an error left behind.
            self.settle();
            for place in self.of_field.drain(..) {
                self.frequencies[place as usize] = 0;
            }
        }
        self.is_clear = true;
    }

    /// Score by place.
    pub(super) fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Gathers tf' of every place that a group matches; their number is its document frequency.
    pub(super) fn gather(
        &mut self,
        lexical: &Lexical,
        group: &Group,
    ) -> Result<u32, PostingsError> {
        self.is_clear = false;
        self.places.clear();
        self.weights.clear();
        if group.concepts.is_empty() {
            self.gather_plain(lexical, group)?;
        } else {
            self.gather_readings(lexical, group)?;
        }
        self.settle();
        Ok(self.places.len() as u32)
    }

    /// Adds weight * saturated(tf') of the group at hand to the scores.
    pub(super) fn add(&mut self, weight: f64, saturated: impl Fn(f64) -> f64) {
        for tf in &mut self.weights {
            *tf = weight * saturated(*tf);
        }
        for (&place, value) in self.places.iter().zip(&self.weights) {
            self.scores[place as usize] += value;
        }
    }

    fn gather_plain(&mut self, lexical: &Lexical, group: &Group) -> Result<(), PostingsError> {
        let lists = TextField::ALL.into_iter().flat_map(|field| {
            let forms = group.variants.iter();
            forms.filter_map(move |form| {
                Some((lexical.norm(field)?, form.lists[field as usize].as_ref()?))
            })
        });
        let mut lists = lists.peekable();
        while let Some((norm, list)) = lists.next() {
            if lists.peek().is_some() {
                self.scatter(&lexical.postings, norm, list)?;
            } else {
                self.stream(&lexical.postings, norm, list)?;
            }
        }
        Ok(())
    }

    fn scatter(
        &mut self,
        postings: &Postings,
        norm: &Norm,
        list: &PostingList,
    ) -> Result<(), PostingsError> {
        let lengths = postings.lengths(list.field());
        postings.visit_blocks(list, |places, frequencies| {
            for (&place, &frequency) in places.iter().zip(frequencies) {
                let slot = &mut self.slots[place as usize];
                if *slot == 0.0 {
                    self.touched.push(place);
                }
                *slot += f64::from(frequency) * norm.factor(lengths[place as usize]);
            }
        })
    }

    fn stream(
        &mut self,
        postings: &Postings,
        norm: &Norm,
        list: &PostingList,
    ) -> Result<(), PostingsError> {
        let lengths = postings.lengths(list.field());
        self.places.reserve(list.rows() as usize + self.touched.len());
        self.weights.reserve(list.rows() as usize + self.touched.len());
        let is_alone = self.touched.is_empty();
        postings.visit_blocks(list, |places, frequencies| {
            self.places.extend_from_slice(places);
            let parts = places.iter().zip(frequencies).map(|(&place, &frequency)| {
                f64::from(frequency) * norm.factor(lengths[place as usize])
            });
            if is_alone {
                self.weights.extend(parts);
            } else {
                let slots = &mut self.slots;
                self.weights.extend(parts.zip(places).map(|(part, &place)| {
                    let slot = &mut slots[place as usize];
                    if *slot == 0.0 { part } else { std::mem::take(slot) + part }
                }));
            }
        })
    }

    fn gather_readings(&mut self, lexical: &Lexical, group: &Group) -> Result<(), PostingsError> {
        self.frequencies.resize(self.slots.len(), 0);
        for field in TextField::ALL {
            let Some(norm) = lexical.norm(field) else {
                continue;
            };
            let variants = group.variants.iter().map(|form| (true, form));
            let concepts = group.concepts.iter().map(|form| (false, form));
            for (is_variant, form) in variants.chain(concepts) {
                if let Some(list) = &form.lists[field as usize] {
                    self.count(&lexical.postings, list, is_variant)?;
                }
            }
            let lengths = lexical.postings.lengths(field);
            for place in self.of_field.drain(..) {
                let frequency = std::mem::take(&mut self.frequencies[place as usize]);
                let slot = &mut self.slots[place as usize];
                if *slot == 0.0 {
                    self.touched.push(place);
                }
                *slot += f64::from(frequency) * norm.factor(lengths[place as usize]);
            }
        }
        Ok(())
    }

    /// Variants of a word add up; of several readings, which come later, the greatest counts.
    fn count(
        &mut self,
        postings: &Postings,
        list: &PostingList,
        is_variant: bool,
    ) -> Result<(), PostingsError> {
        postings.visit_blocks(list, |places, frequencies| {
            for (&place, &frequency) in places.iter().zip(frequencies) {
                let slot = &mut self.frequencies[place as usize];
                if *slot == 0 {
                    self.of_field.push(place);
                }
                *slot = if is_variant { *slot + frequency } else { frequency.max(*slot) };
            }
        })
    }

    /// Takes what is left in the slots.
    fn settle(&mut self) {
        for place in self.touched.drain(..) {
            let tf = std::mem::take(&mut self.slots[place as usize]);
            if tf != 0.0 {
                self.places.push(place);
                self.weights.push(tf);
            }
        }
    }
}
