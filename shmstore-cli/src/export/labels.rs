//! Words for types, from which the export makes names. The order of the types does not matter.

use std::collections::{HashMap, HashSet};

use shmstore::schema::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema};

/// Words for types, in the case of a language.
pub(super) struct Labels<'a> {
    case: fn(&str) -> String,
    /// The words of structs and enums that share their name and const arguments with another one.
    told_apart: HashMap<&'a OwnedSchema, String>,
}

impl<'a> Labels<'a> {
    /// Makes words that depend only on one type. Two types may have the same word.
    pub(super) fn plain(case: fn(&str) -> String) -> Self {
        Self { case, told_apart: HashMap::new() }
    }

    /// Makes a different word for each struct and enum in a schema.
    ///
    /// The instantiations of one generic type get the word of the value in the first field that differs. If that is not
    /// enough, they get the first digits of the layout hash.
    pub(super) fn among(root: &'a OwnedSchema, case: fn(&str) -> String) -> Self {
        let plain = Self::plain(case);
        let (mut seen, mut alike, mut told_apart) = (HashSet::new(), HashMap::new(), HashMap::new());
        plain.gather(root, &mut seen, &mut alike);
        for (label, types) in alike.into_iter().filter(|(_, types)| types.len() > 1) {
            let words = plain.differences(&types);
            let mut times: HashMap<&str, usize> = HashMap::new();
            words.iter().for_each(|word| *times.entry(word).or_default() += 1);
            for (schema, word) in types.into_iter().zip(&words) {
                let is_enough = !word.is_empty() && times[word.as_str()] == 1;
                let word = if is_enough { word.clone() } else { schema.hash().to_string()[..8].to_owned() };
                told_apart.insert(schema, format!("{label}_{word}"));
            }
        }
        Self { case, told_apart }
    }

    /// Collects structs and enums by their words.
    fn gather(
        &self,
        schema: &'a OwnedSchema,
        seen: &mut HashSet<&'a OwnedSchema>,
        alike: &mut HashMap<String, Vec<&'a OwnedSchema>>,
    ) {
        if !seen.insert(schema) {
            return;
        }
        if let OwnedKind::Struct { .. } | OwnedKind::Enum { .. } = schema.kind() {
            alike.entry(self.of(schema)).or_default().push(schema);
        }
        let other = match schema.kind() {
            OwnedKind::Map { key: other, .. } | OwnedKind::Frames { meta: other, .. } => Some(&**other),
            _ => None,
        };
        fields(schema).iter().map(|field| &field.schema).chain(other).chain(inner(schema)).for_each(|part| {
            self.gather(part, seen, alike);
        });
    }

    /// Returns a word for each of these types: the word of the value in the first field that differs, or an empty one.
    fn differences(&self, types: &[&OwnedSchema]) -> Vec<String> {
        let differs = |at: &usize| types.iter().any(|schema| part(schema, *at) != part(types[0], *at));
        let most = types.iter().map(|schema| fields(schema).len()).max().unwrap_or(0);
        let at = (0..most).find(differs).unwrap_or(most);
        let word = |schema: &&OwnedSchema| {
            let value = std::iter::successors(part(schema, at), |part| inner(part)).last();
            value.map(|value| self.of(value)).unwrap_or_default()
        };
        types.iter().map(word).collect()
    }

    /// Returns the word for a type.
    pub(super) fn of(&self, schema: &OwnedSchema) -> String {
        if let Some(word) = self.told_apart.get(schema) {
            return word.clone();
        }
        match schema.kind() {
            OwnedKind::Primitive(primitive) => primitive.name().to_owned(),
            OwnedKind::Struct { name, const_args, .. } => (self.case)(name) + &words_of_args(const_args),
            OwnedKind::Enum { name, .. } => (self.case)(name),
            OwnedKind::Atomic(integer) => format!("atomic_{}", integer.name()),
            OwnedKind::FixedString { capacity } => format!("string_{capacity}"),
            OwnedKind::Array { len, element } => format!("array_{}_{len}", self.of(element)),
            OwnedKind::FixedVec { capacity, element } => format!("vec_{}_{capacity}", self.of(element)),
            OwnedKind::AtomicCell { value } => format!("atomic_{}", self.of(value)),
            OwnedKind::Versioned { value } => format!("versioned_{}", self.of(value)),
            OwnedKind::Queue { capacity, value } => format!("queue_{}_{capacity}", self.of(value)),
            OwnedKind::Broadcast { capacity, value } => format!("broadcast_{}_{capacity}", self.of(value)),
            OwnedKind::Map { capacity, key, value } => format!("map_{}_{}_{capacity}", self.of(key), self.of(value)),
            OwnedKind::Frames { capacity, slots, element, meta } => {
                let of_meta = if meta.size() == 0 { String::new() } else { format!("_{}", self.of(meta)) };
                format!("frames_{}_{capacity}_{slots}{of_meta}", self.of(element))
            }
            OwnedKind::CacheAligned { object } => format!("cache_aligned_{}", self.of(object)),
            OwnedKind::Lock => "lock".to_owned(),
            OwnedKind::Event => "event".to_owned(),
            OwnedKind::Pad => format!("pad_{}", schema.size()),
            OwnedKind::Phantom => "phantom".to_owned(),
            _ => "part".to_owned(),
        }
    }
}

fn words_of_args(args: &[OwnedConstArg]) -> String {
    let word = |arg: &OwnedConstArg| format!("_{}{}", if arg.value < 0 { "m" } else { "" }, arg.value.unsigned_abs());
    args.iter().take(4).map(word).collect()
}

fn fields(schema: &OwnedSchema) -> &[OwnedField] {
    if let OwnedKind::Struct { fields, .. } = schema.kind() { fields } else { &[] }
}

fn part(schema: &OwnedSchema, at: usize) -> Option<&OwnedSchema> {
    fields(schema).get(at).map(|field| &field.schema)
}

/// Returns the type within a part or an array. In a map, it is the type of the values, in frames that of the elements.
fn inner(schema: &OwnedSchema) -> Option<&OwnedSchema> {
    match schema.kind() {
        OwnedKind::Array { element: inner, .. }
        | OwnedKind::FixedVec { element: inner, .. }
        | OwnedKind::AtomicCell { value: inner }
        | OwnedKind::Versioned { value: inner }
        | OwnedKind::Queue { value: inner, .. }
        | OwnedKind::Broadcast { value: inner, .. }
        | OwnedKind::Map { value: inner, .. }
        | OwnedKind::Frames { element: inner, .. }
        | OwnedKind::CacheAligned { object: inner } => Some(inner),
        _ => None,
    }
}
