//! `uuid::Uuid` as a value.
//!
//! # Safety
//!
//! This file assumes that a `Uuid` is its 16 bytes in order, as its documentation says ("the same ABI as `Bytes`"). It
//! also assumes that any 16 bytes are a `Uuid`, as `Uuid::from_bytes` says. Size and alignment are asserted.
#![allow(unsafe_code)]

use uuid::{Bytes, Uuid};

use crate::layout::InvalidValue;
use crate::layout::schema::{Field, Kind, Schema};
use crate::layout::{Any, ShmKey, ShmLayout, ShmValue};

const FIELDS: &[Field] = &[Field { name: "bytes", offset: 0, schema: Bytes::SCHEMA }];

// SAFETY: a `Uuid` is its bytes, by the contract of the file. Size and alignment are asserted.
#[diagnostic::do_not_recommend]
unsafe impl ShmLayout for Uuid {
    const SCHEMA: &'static Schema = {
        assert!(
            size_of::<Self>() == 16 && align_of::<Self>() == 1,
            "a `Uuid` is not its 16 bytes: use a version of `uuid` that shmstore supports"
        );
        &Schema::of::<Self>(Kind::Struct { name: "Uuid", const_args: &[], fields: FIELDS })
    };
}

// SAFETY: 16 bytes have no padding and no pointer. Every bit pattern is valid, by the contract of the file.
#[diagnostic::do_not_recommend]
unsafe impl ShmValue for Uuid {
    type Validity = Any;

    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl ShmKey for Uuid {
    #[inline]
    fn to_key(&self) -> Self {
        *self
    }
}
