//! The different types among the fields of an item: what is asked of a type is asked once, however many fields have it.
//!
//! Two fields whose types are written alike count as being of one type, that of the first; that they are, in the struct as
//! the compiler sees it, is what [`same_fields`](super::check::same_fields) checks.

use std::collections::HashMap;

use crate::parse::Field;

pub(crate) struct Types<'item> {
    /// The first field of each type, in order.
    pub(crate) firsts: Vec<&'item Field>,
    /// The number of each field's type among them.
    pub(crate) of: Vec<usize>,
}

impl<'item> Types<'item> {
    pub(crate) fn new(fields: &'item [Field]) -> Self {
        let (mut firsts, mut known) = (Vec::new(), HashMap::new());
        let number = |field: &'item Field| {
            let text = field.tokens.to_string();
            // Which crate `$crate` is, only its span says.
            let place = if text.contains("$crate") { firsts.len() } else { 0 };
            *known.entry((text, place)).or_insert_with(|| {
                firsts.push(field);
                firsts.len() - 1
            })
        };
        let of = fields.iter().map(number).collect();
        Self { firsts, of }
    }

    /// Each type with its fields' places in the struct.
    pub(crate) fn with_fields(&self) -> impl Iterator<Item = (&'item Field, Vec<usize>)> {
        self.firsts.iter().enumerate().map(|(number, first)| {
            let places = (0..self.of.len()).filter(|&place| self.of[place] == number);
            (*first, places.collect())
        })
    }
}
