//! The parts of an object, in the order of its layout.

use shmstore::inspect::FieldPath;
use shmstore::schema::{OwnedKind, OwnedSchema};

/// The most parts of an object that is mirrored.
pub(crate) const MOST: usize = 16_384;

/// An object has more than [`MOST`] parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has more than {MOST} parts")]
pub(crate) struct TooMany;

/// The paths and layouts of all parts. Both sides number the parts by their position in this list. The parts of an object
/// that has grown begin with the parts that it had.
pub(crate) fn parts_of(schema: &OwnedSchema) -> Result<Vec<(FieldPath, &OwnedSchema)>, TooMany> {
    let mut parts = Vec::new();
    list(schema, String::new(), &mut parts)?;
    Ok(parts)
}

fn list<'s>(
    schema: &'s OwnedSchema,
    path: String,
    parts: &mut Vec<(FieldPath, &'s OwnedSchema)>,
) -> Result<(), TooMany> {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => {
            for field in fields {
                let dot = if path.is_empty() { "" } else { "." };
                list(&field.schema, format!("{path}{dot}{}", field.name), parts)?;
            }
        }
        // An array of elements without parts may have any length.
        OwnedKind::Array { element, .. } if !has_parts(element) => {}
        OwnedKind::Array { len, element } => {
            for index in 0..*len {
                list(element, format!("{path}[{index}]"), parts)?;
            }
        }
        OwnedKind::CacheAligned { object } => list(object, path, parts)?,
        OwnedKind::Pad | OwnedKind::Phantom => {}
        _ if parts.len() == MOST => return Err(TooMany),
        _ => {
            let whole = if path.is_empty() { "." } else { &path };
            // The strict check has refused names that no field has.
            parts.extend(whole.parse::<FieldPath>().map(|path| (path, schema)));
        }
    }
    Ok(())
}

fn has_parts(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => fields.iter().any(|field| has_parts(&field.schema)),
        OwnedKind::Array { element: inner, .. } | OwnedKind::CacheAligned { object: inner } => has_parts(inner),
        OwnedKind::Pad | OwnedKind::Phantom => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use shmstore::{Broadcast, Event, Lock, Queue, ShmLayout, ShmObject, Versioned};

    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    struct Wheel {
        speed: Versioned<[f64; 2]>,
        turns: AtomicU64,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R')]
    struct Rover {
        wheels: [Wheel; 2],
        stop: Event,
        lock: Lock,
        jobs: Queue<u32, 4>,
        log: Broadcast<u32, 4>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'M')]
    struct Many {
        all: [AtomicU64; 20_000],
    }

    fn schema<T: ShmLayout>() -> OwnedSchema {
        OwnedSchema::from_json(T::SCHEMA.to_json()).unwrap()
    }

    #[test]
    fn parts_have_their_paths_in_order() {
        let rover = schema::<Rover>();
        let paths: Vec<String> = parts_of(&rover).unwrap().iter().map(|(path, _)| path.to_string()).collect();
        let expected = ["wheels[0].speed", "wheels[0].turns", "wheels[1].speed", "wheels[1].turns"];
        assert_eq!(paths[..4], expected);
        assert_eq!(paths.len(), 8, "{paths:?}");
        assert!(parts_of(&schema::<Many>()).is_err());
    }
}
