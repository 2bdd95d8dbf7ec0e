//! The names of the types that schemas describe. Each schema is read once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::layout::hash::LayoutHash;
use crate::layout::schema::OwnedSchema;
use crate::segment::header::Stored;

/// The schemas that were read so far, by their bytes. The next segment mostly has one of them.
#[derive(Default)]
pub(crate) struct TypeNames {
    known: HashMap<Vec<u8>, Option<Described>>,
    /// The number of bytes of all schemas.
    bytes: usize,
}

/// The facts that are kept of a schema.
struct Described {
    hash: LayoutHash,
    name: String,
    schema: Arc<OwnedSchema>,
}

impl TypeNames {
    /// Returns the name of the type that a schema describes, if the schema is valid and fits the hash and the size
    /// beside it.
    pub(crate) fn of(&mut self, stored: Stored) -> Option<String> {
        self.with_schema(stored).map(|(name, _)| name)
    }

    /// Returns the same name with the schema.
    pub(crate) fn with_schema(&mut self, stored: Stored) -> Option<(String, Arc<OwnedSchema>)> {
        let Stored { hash, size, json } = stored;
        const KEPT: usize = 4 << 20;
        if self.bytes > KEPT {
            *self = Self::default();
        }
        let bytes = &mut self.bytes;
        let described = self.known.entry(json).or_insert_with_key(|json| {
            *bytes += json.len();
            let schema = OwnedSchema::from_json(json).ok()?;
            Some(Described { hash: schema.hash(), name: shortened(schema.to_string()), schema: schema.into() })
        });
        let fits = |of: &&mut Described| (of.hash, of.schema.size()) == (hash, size as u64);
        described.as_mut().filter(fits).map(|of| (of.name.clone(), of.schema.clone()))
    }
}

/// Cuts a name, because a hostile name may be as long as a schema.
fn shortened(mut name: String) -> String {
    const LONGEST: usize = 1000;
    if let Some((end, _)) = name.char_indices().nth(LONGEST) {
        name.truncate(end);
        name.push('…');
        name.shrink_to_fit();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_as_long_as_a_schema_is_shortened() {
        assert_eq!(shortened("Telemetry".into()), "Telemetry");
        let long = shortened("é".repeat(1_000_000));
        assert_eq!(long.chars().count(), 1001);
        assert!(long.ends_with("é…") && long.capacity() < 5000);
    }
}
