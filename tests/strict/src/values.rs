//! Values.

use store::{Pad, ShmKey, ShmValue};

/// A length that nobody should use any more.
#[deprecated = "use meters"]
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(transparent)]
pub struct Feet {
    /// How many.
    pub value: f64,
}

/// Altitudes, in a unit of the past.
#[allow(deprecated)]
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
pub struct Altitude {
    /// In feet.
    pub old: Feet,
    /// In meters.
    #[deprecated(note = "use `old`", since = "0.0.1")]
    pub new: f64,
}

/// Names that are not in style, with a reason; a lint of fields does not see what is allowed on one.
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[expect(non_snake_case, reason = "the names of a foreign structure")]
#[repr(C)]
pub struct ForeignSample {
    /// A name from elsewhere.
    pub uiTick: u32,
    /// Another.
    #[allow(non_snake_case, missing_docs)]
    pub dwFlags: [u16; 2],
    #[expect(missing_docs)]
    pub rest: u8,
    #[allow(clippy::pub_underscore_fields, missing_docs)]
    pub _pad: Pad<3>,
}

/// Parameters that are not in style.
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[allow(non_upper_case_globals, non_camel_case_types)]
#[repr(C)]
pub struct Wide<#[allow(non_upper_case_globals)] const width: usize, #[allow(non_camel_case_types)] t: ShmKey> {
    /// As many as are asked for.
    pub rows: [u64; width],
    /// One of a kind.
    pub one: t,
}

/// States, one of which is of the past.
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[repr(u8)]
pub enum Mode {
    /// None is chosen.
    Unset,
    /// A state of the past.
    #[deprecated]
    Old = 3,
    /// A foreign name.
    #[expect(non_camel_case_types, reason = "the name of a foreign constant")]
    MODE_DRIVE = 7,
    /// A name that its enum's has in it.
    #[allow(clippy::enum_variant_names)]
    ModeIdle,
}

/// The states of something else, all of whose names are out of style.
#[allow(non_camel_case_types, clippy::upper_case_acronyms, missing_docs)]
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[repr(i64)]
pub enum STATE {
    off,
    on = -1,
}

/// Fields without names.
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[repr(C)]
pub struct Tuple(
    /// A flag.
    pub bool,
    /// Another.
    pub bool,
    /// Signed.
    #[allow(clippy::cast_sign_loss)]
    pub i16,
);

/// A number that nobody should use any more.
#[deprecated = "use `Name`"]
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[repr(transparent)]
pub struct Number {
    /// The number.
    pub value: u64,
}

/// A key with a part of the past.
#[allow(deprecated)]
#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[repr(C)]
pub struct Name {
    /// In numbers.
    pub old: Number,
    /// In others.
    #[deprecated(note = "use `old`", since = "0.0.1")]
    pub new: [u8; 8],
}
