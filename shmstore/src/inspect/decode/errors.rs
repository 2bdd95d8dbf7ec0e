//! The reasons why a path leads to no part.

use std::cmp::Reverse;
use std::ops::Range;

use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema};

/// The step after `path[..done]` does not fit the type there.
pub(super) fn no_such_part(schema: &OwnedSchema, path: &FieldPath, done: usize) -> FieldError {
    let step = path.steps().get(done);
    let what = what_of(step);
    let instead = match (schema.kind(), step) {
        (
            OwnedKind::Array { .. }
            | OwnedKind::FixedVec { .. }
            | OwnedKind::Queue { .. }
            | OwnedKind::Broadcast { .. }
            | OwnedKind::Frames { .. },
            _,
        ) => path.with_index_at(done),
        (OwnedKind::Struct { fields, .. }, Some(Step::Key(key))) => {
            let name = serde_json::from_str::<String>(key).ok();
            let field = name.and_then(|name| fields.iter().find(|field| field.name == name));
            field.map(|field| path.with_step_at(done, Step::Field(field.name.clone())))
        }
        _ => None,
    };
    let (path, type_name) = (path.up_to(done).to_string(), schema.to_string());
    FieldError::NoSuchPart { path, type_name, what, instead: instead.map(|path| path.to_string()) }
}

/// The parts of a type that a step leads to.
pub(super) fn what_of(step: Option<&Step>) -> &'static str {
    match step {
        Some(Step::Index(_)) => "elements",
        Some(Step::Key(_)) => "keys",
        _ => "fields",
    }
}

pub(super) fn check_index(index: u64, len: u64, path: &FieldPath, done: usize) -> Result<(), FieldError> {
    if index < len { Ok(()) } else { Err(FieldError::OutOfRange { path: path.up_to(done).to_string(), len }) }
}

pub(super) fn no_item(position: u64, there: Range<u64>, path: &FieldPath) -> FieldError {
    FieldError::NoItem { path: path.to_string(), position, oldest: there.start, sent: there.end }
}

pub(super) fn no_field(schema: &OwnedSchema, fields: &[OwnedField], name: &str, path: &FieldPath) -> FieldError {
    const SHOWN: usize = 10;
    let alike =
        |field: &OwnedField| field.name.chars().zip(name.chars()).take_while(|(own, asked)| own == asked).count();
    let mut near: Vec<&OwnedField> = fields.iter().collect();
    near.sort_by_key(|field| Reverse(alike(field)));
    let mut there: Vec<String> =
        near.iter().take(SHOWN).map(|field| format!("`{}`", field.name.escape_debug())).collect();
    if fields.len() > SHOWN {
        there.push(format!("{} more", fields.len() - SHOWN));
    }
    let there = if there.is_empty() { "none".into() } else { there.join(", ") };
    FieldError::NoField { path: path.to_string(), type_name: schema.to_string(), name: name.into(), there }
}
