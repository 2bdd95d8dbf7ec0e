//! Values and objects of types that are known by their schema only.

mod checks;
mod derived;
mod hostile;
mod is_an_object;
mod random;
mod texts;
mod types;
mod values;

use shmstore::ShmLayout;
use shmstore::schema::OwnedSchema;

/// The schema of a type, as it is read from a segment.
fn schema<T: ShmLayout>() -> OwnedSchema {
    OwnedSchema::from_json(T::SCHEMA.to_json()).expect("the schema of a type")
}
