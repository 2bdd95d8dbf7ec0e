//! A value by hand may have a field that is no value: the derive does not know its key.
use std::num::NonZeroU32;

use shmstore::schema::{Any, Schema};
use shmstore::{InvalidValue, ShmKey, ShmLayout, ShmValue};

#[derive(Clone, Copy, ShmKey)]
#[repr(transparent)]
struct Index {
    number: Option<NonZeroU32>,
}

unsafe impl ShmLayout for Index {
    const SCHEMA: &'static Schema = u32::SCHEMA;
}

unsafe impl ShmValue for Index {
    type Validity = Any;
    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}

fn main() {
    let _ = Index { number: None }.to_key();
}
