//! What the rules say, in terms of decoded values: what becomes of a value, and which paths are refused.

use shmstore::inspect::{FieldPath, Value};
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use super::{text, zero};

/// The paths at which a value does not fit.
pub(super) type Unfit = Vec<String>;

fn bare(schema: &OwnedSchema) -> &OwnedSchema {
    if let OwnedKind::CacheAligned { object } = schema.kind() { bare(object) } else { schema }
}

fn has_meaning(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Pad | OwnedKind::Phantom => false,
        OwnedKind::Array { element, .. } => has_meaning(element),
        _ => true,
    }
}

/// The value in a part that holds one. An atomic integer has none.
fn held(schema: &OwnedSchema) -> Option<&OwnedSchema> {
    match schema.kind() {
        OwnedKind::AtomicCell { value } | OwnedKind::Versioned { value } => Some(value),
        _ => None,
    }
}

fn number(schema: &OwnedSchema) -> Option<Primitive> {
    match schema.kind() {
        OwnedKind::Primitive(of) | OwnedKind::Atomic(of) => Some(*of),
        _ => None,
    }
}

fn field<'s>(fields: &'s [OwnedField], name: &str) -> Option<&'s OwnedField> {
    fields.iter().find(|field| field.name == name && has_meaning(&field.schema))
}

/// Lists the parts whose types do not fit, whatever their values are.
pub(super) fn types(from: &OwnedSchema, to: &OwnedSchema, path: &str) -> Unfit {
    use OwnedKind as Of;
    let (from, to) = (bare(from), bare(to));
    if from == to || !has_meaning(from) || !has_meaning(to) {
        return vec![];
    }
    let below = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    let element = || if path == "." { "[]".to_owned() } else { format!("{path}[]") };
    match (from.kind(), to.kind()) {
        (Of::Struct { fields: old, .. }, Of::Struct { fields: new, .. }) => {
            let both = new.iter().filter_map(|new| field(old, &new.name).map(|old| (old, new)));
            both.flat_map(|(old, new)| types(&old.schema, &new.schema, &below(&new.name))).collect()
        }
        (Of::Enum { .. }, Of::Enum { .. }) | (Of::FixedString { .. }, Of::FixedString { .. }) => vec![],
        (Of::Array { element: x, .. }, Of::Array { element: y, .. })
        | (Of::FixedVec { element: x, .. }, Of::FixedVec { element: y, .. })
        | (Of::Queue { value: x, .. }, Of::Queue { value: y, .. })
        | (Of::Broadcast { value: x, .. }, Of::Broadcast { value: y, .. }) => types(x, y, &element()),
        (Of::Map { key: k, value: x, .. }, Of::Map { key: l, value: y, .. }) => {
            [types(k, l, &below("key")), types(x, y, &element())].concat()
        }
        (Of::Frames { element: x, meta: m, .. }, Of::Frames { element: y, meta: n, .. }) => {
            [types(m, n, &below("meta")), types(x, y, &element())].concat()
        }
        _ => {
            let is_one = |schema: &OwnedSchema| held(schema).is_some() || matches!(schema.kind(), Of::Atomic(_));
            let is_number = |of: Primitive| !matches!(of, Primitive::Bool | Primitive::Char);
            match (number(from), number(to)) {
                (Some(a), Some(b)) if is_number(a) && is_number(b) => vec![],
                _ if is_one(from) && is_one(to) => types(held(from).unwrap_or(from), held(to).unwrap_or(to), path),
                _ => vec![path.to_owned()],
            }
        }
    }
}

/// Returns what becomes of a value, and adds the paths at which it does not fit. The types fit.
pub(super) fn value(from: &OwnedSchema, to: &OwnedSchema, old: &Value, path: &FieldPath, unfit: &mut Unfit) -> Value {
    use OwnedKind as Of;
    let (from, to) = (bare(from), bare(to));
    if !has_meaning(from) || !has_meaning(to) {
        return zero(to);
    }
    if from == to {
        return old.clone();
    }
    match (from.kind(), to.kind(), old) {
        (Of::Struct { fields: types, .. }, Of::Struct { name, fields: new, .. }, Value::Struct { fields, .. }) => {
            let mut values = Vec::new();
            for new in new.iter().filter(|field| !matches!(field.schema.kind(), Of::Pad | Of::Phantom)) {
                let old = field(types, &new.name).zip(fields.iter().find(|(name, _)| *name == new.name));
                let converted = match old.filter(|_| has_meaning(&new.schema)) {
                    Some((of, (_, old))) => value(&of.schema, &new.schema, old, &path.field(&new.name), unfit),
                    None => zero(&new.schema),
                };
                values.push((new.name.clone(), converted));
            }
            Value::Struct { name: name.clone(), fields: values }
        }
        (Of::Enum { .. }, Of::Enum { variants, .. }, Value::Variant { name, .. }) => {
            let Some(new) = variants.iter().find(|new| new.name == *name) else { return refuse(path, unfit) };
            Value::Variant { name: name.clone(), discriminant: new.discriminant }
        }
        (Of::FixedString { .. }, Of::FixedString { capacity }, Value::Text(text)) => {
            if text.len() as u64 > *capacity {
                refuse(path, unfit)
            } else {
                old.clone()
            }
        }
        (Of::Array { element: x, .. }, Of::Array { len, element: y }, Value::List { first, .. }) => {
            let (kept, rest) = first.split_at(first.len().min(*len as usize));
            let mut values = list(x, y, kept, path, unfit);
            if rest.iter().any(|old| text(old) != text(&zero(x))) {
                unfit.push(path.to_string());
            }
            values.resize_with(*len as usize, || zero(y));
            Value::List { len: *len, first: values }
        }
        (Of::FixedVec { element: x, .. }, Of::FixedVec { capacity, element: y }, Value::List { len, first }) => {
            if len > capacity {
                return refuse(path, unfit);
            }
            Value::List { len: *len, first: list(x, y, first, path, unfit) }
        }
        (Of::Queue { value: x, .. }, Of::Queue { capacity, value: y }, Value::Queue { len, pushed, first, .. }) => {
            if len > capacity {
                return refuse(path, unfit);
            }
            let first = list(x, y, first, path, unfit);
            Value::Queue { len: *len, capacity: *capacity, pushed: *pushed, outstanding: 0, first }
        }
        (Of::Broadcast { value: x, .. }, Of::Broadcast { capacity, value: y }, Value::Broadcast { sent, last, .. }) => {
            let newest = &last[last.len().saturating_sub(*capacity as usize)..];
            let item = |(position, old): &(u64, Value)| (*position, value(x, y, old, &path.index(*position), unfit));
            Value::Broadcast { sent: *sent, capacity: *capacity, last: newest.iter().map(item).collect() }
        }
        (
            Of::Map { key: k, value: x, .. },
            Of::Map { capacity, key: l, value: y },
            Value::Map { changes, first, .. },
        ) => {
            if first.len() as u64 > *capacity {
                return refuse(path, unfit);
            }
            let mut entries: Vec<(Value, Value)> = Vec::new();
            for (name, old) in first {
                let path_of_key = path.key(name);
                let converted = value(k, l, name, &path_of_key, unfit);
                if entries.iter().any(|(other, _)| text(other) == text(&converted)) {
                    unfit.push(path.to_string());
                }
                let Value::Versioned { version, locked, value: old } = old else { panic!("{old:?}") };
                let new = Box::new(value(x, y, old, &path_of_key, unfit));
                entries.push((converted, Value::Versioned { version: *version, locked: *locked, value: new }));
            }
            Value::Map { len: first.len() as u64, capacity: *capacity, changes: *changes, first: entries }
        }
        (
            Of::Frames { element: x, meta: m, .. },
            Of::Frames { capacity, slots, element: y, meta: n },
            Value::Frames { newest, len, meta, first, .. },
        ) => {
            if len > capacity {
                return refuse(path, unfit);
            }
            if *newest == 0 {
                return zero(to);
            }
            let meta = Box::new(value(m, n, meta, &path.field("meta"), unfit));
            let first = list(x, y, first, path, unfit);
            let (newest, capacity, slots, len) = (*newest, *capacity, *slots, *len);
            Value::Frames { newest, capacity, slots, pins: 0, loans: 0, len, meta, first }
        }
        _ if held(from).is_some() || held(to).is_some() => {
            let (version, old) = match old {
                Value::Versioned { version, value, .. } => (*version, &**value),
                other => (1, other),
            };
            let new = value(held(from).unwrap_or(from), held(to).unwrap_or(to), old, path, unfit);
            match to.kind() {
                Of::Versioned { .. } => Value::Versioned { version, locked: false, value: Box::new(new) },
                _ => new,
            }
        }
        _ => {
            let new = number(to).and_then(|to| same_number(old, to));
            new.unwrap_or_else(|| refuse(path, unfit))
        }
    }
}

fn list(from: &OwnedSchema, to: &OwnedSchema, old: &[Value], path: &FieldPath, unfit: &mut Unfit) -> Vec<Value> {
    (0..).zip(old).map(|(index, old)| value(from, to, old, &path.index(index), unfit)).collect()
}

fn refuse(path: &FieldPath, unfit: &mut Unfit) -> Value {
    unfit.push(path.to_string());
    Value::Nothing
}

/// The same number in another type, found by its digits.
fn same_number(old: &Value, to: Primitive) -> Option<Value> {
    let digits = match old {
        Value::F32(number) => f64::from(*number).to_string(),
        Value::F64(number) => number.to_string(),
        other => other.to_string(),
    };
    let is_same = |new: f64| format!("{new}") == digits || exact(new) == Some(digits.clone());
    match to {
        Primitive::F32 => digits.parse().ok().filter(|new: &f32| is_same((*new).into())).map(Value::F32),
        Primitive::F64 => digits.parse().ok().filter(|new: &f64| is_same(*new)).map(Value::F64),
        _ => {
            let number: i128 = digits.parse().ok().filter(|_| digits != "-0")?;
            let bits = 8 * to.size() as u32;
            if to.name().starts_with('i') {
                let end = 1_i128 << (bits - 1);
                (-end..end).contains(&number).then_some(Value::Signed(number as i64))
            } else {
                (0..1_i128 << bits).contains(&number).then_some(Value::Unsigned(number as u64))
            }
        }
    }
}

/// All digits of a float that is whole.
fn exact(number: f64) -> Option<String> {
    (number.fract() == 0.0 && number.abs() < 1e30).then(|| (number as i128).to_string())
}
