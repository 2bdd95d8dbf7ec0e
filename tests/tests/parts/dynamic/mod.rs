//! Parts that one process uses by their type and another, or the same, by the schema alone: each sees what the other did.

mod attached;
mod by_path;
mod bytes;
mod hostile;
mod streams;
mod values;

use shmstore::dynamic::Object;
use shmstore::inspect::{FieldPath, Value};
use shmstore::{Shared, ShmId, ShmObject};
use shmstore_tests::scratch::Scratch;

/// An object of a type, and the same object by its schema.
fn both<T: ShmObject + ShmId>(scratch: &Scratch) -> (Shared<T>, Object) {
    let typed = scratch.store().create::<T>().expect("room for an object");
    let object = Object::attach(&scratch.store(), T::ID).expect("the object that was just created");
    (typed, object)
}

fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

fn floats(numbers: &[f64]) -> Value {
    let first: Vec<Value> = numbers.iter().copied().map(Value::F64).collect();
    Value::List { len: first.len() as u64, first }
}
