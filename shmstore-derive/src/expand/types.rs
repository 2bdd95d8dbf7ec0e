//! The different types of an item's fields. Each type is checked once, even if several fields have it.
//!
//! Two fields with the same tokens count as the same type. [`same_fields`](super::check::same_fields) checks this with
//! the compiler.

use std::collections::HashMap;

use crate::parse::Field;

pub(crate) struct Types<'item> {
    /// The first field of each type, in order.
    pub(crate) firsts: Vec<&'item Field>,
    /// For each field, the number of its type in `firsts`.
    pub(crate) of: Vec<usize>,
}

impl<'item> Types<'item> {
    pub(crate) fn new(fields: &'item [Field]) -> Self {
        let (mut firsts, mut known) = (Vec::new(), HashMap::new());
        let number = |field: &'item Field| {
            let text = field.tokens.to_string();
            // Two `$crate` with the same text may be different crates.
            let place = if text.contains("$crate") { firsts.len() } else { 0 };
            *known.entry((text, place)).or_insert_with(|| {
                firsts.push(field);
                firsts.len() - 1
            })
        };
        let of = fields.iter().map(number).collect();
        Self { firsts, of }
    }

    /// Returns each type with the numbers of its fields.
    pub(crate) fn with_fields(&self) -> impl Iterator<Item = (&'item Field, Vec<usize>)> {
        self.firsts.iter().enumerate().map(|(number, first)| {
            let places = (0..self.of.len()).filter(|&place| self.of[place] == number);
            (*first, places.collect())
        })
    }
}
