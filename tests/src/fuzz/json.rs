//! Schemas as JSON.

use shmstore::inspect::{FieldPath, SavedObject};
use shmstore::schema::OwnedSchema;

use super::choices::Choices;
use super::saved::{file_of, read_all};
use super::types::any_json;

const MOST: u64 = 1 << 16;

/// Reads JSON; if it is accepted, it comes back, and any bytes of its size are decoded.
pub(super) fn try_input(choices: &mut Choices<'_>) -> bool {
    let json = any_json(choices);
    let Ok(schema) = OwnedSchema::from_json(&json) else { return false };
    let canonical = schema.to_json();
    assert_eq!(OwnedSchema::from_json(&canonical).as_ref(), Ok(&schema), "{canonical}");
    let _ = schema.to_string();
    if schema.size() <= MOST {
        let image = choices.pattern(schema.size() as usize);
        let saved =
            SavedObject::parse(&file_of(b'F', &canonical, schema.hash(), &image, 0)).expect("all of it is right");
        read_all(&saved, choices);
        for text in [canonical.get(..choices.below(40)).unwrap_or_default(), "a[1].b", "[", ".."] {
            let _ = text.parse::<FieldPath>();
        }
    }
    true
}
