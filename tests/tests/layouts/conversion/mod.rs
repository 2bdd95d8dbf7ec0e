//! The conversion of saved objects to other layouts: each rule, and random types with random changes.

mod expected;
mod hostile;
mod random;
mod rules;
pub(super) mod types;

use shmstore::inspect::{Limits, SavedObject, Value};
use shmstore::schema::OwnedSchema;
use shmstore_tests::images::saved_bytes;

/// All values, also of queues, broadcasts and maps.
fn read(saved: &SavedObject) -> Value {
    saved.read(&Limits::full())
}

/// The values of a new object.
fn zero(schema: &OwnedSchema) -> Value {
    read(&saved_bytes(schema, &vec![0; schema.size() as usize]))
}

/// The text by which values are compared: `NaN` is `NaN`, and `-0.0` is not `0.0`.
fn text(value: &Value) -> String {
    format!("{value:?}")
}
