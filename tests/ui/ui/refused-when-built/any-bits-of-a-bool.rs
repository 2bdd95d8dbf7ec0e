//! Where bytes become a value, a type is as valid as its schema says.
use shmstore::schema::{Any, Schema};
use shmstore::{InvalidValue, ShmLayout, ShmValue, Versioned};

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Flag(bool);

unsafe impl ShmLayout for Flag {
    const SCHEMA: &'static Schema = bool::SCHEMA;
}

unsafe impl ShmValue for Flag {
    type Validity = Any;
    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}

fn main() {
    Versioned::<Flag>::default().load();
}
