//! The number and the names of each kind of type.

use super::{Kind, OwnedKind};

/// The kind of a node, as the number that starts its canonical bytes and as the `kind` of its JSON.
///
/// Numbers and names are never reused and never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindTag {
    Primitive = 1,
    Atomic = 2,
    Array = 3,
    Struct = 4,
    Enum = 5,
    Pad = 6,
    Phantom = 7,
    FixedString = 8,
    FixedVec = 9,
    AtomicCell = 10,
    Versioned = 11,
    CacheAligned = 12,
    Lock = 13,
    Event = 14,
    Queue = 15,
    Broadcast = 16,
    Map = 17,
    Frames = 18,
}

impl KindTag {
    /// Returns the kind in words, for messages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Primitive => "a primitive",
            Self::Atomic => "std's atomic",
            Self::Array => "an array",
            Self::Struct => "a struct",
            Self::Enum => "an enum",
            Self::Phantom => "std's marker",
            Self::Pad
            | Self::FixedString
            | Self::FixedVec
            | Self::AtomicCell
            | Self::Versioned
            | Self::CacheAligned
            | Self::Lock
            | Self::Event
            | Self::Queue
            | Self::Broadcast
            | Self::Map
            | Self::Frames => "shmstore's own",
        }
    }
}

macro_rules! tags {
    ($($kind:ident)*) => {$(
        impl $kind {
            pub(crate) const fn tag(&self) -> KindTag {
                match self {
                    Self::Primitive(_) => KindTag::Primitive,
                    Self::Atomic(_) => KindTag::Atomic,
                    Self::Array { .. } => KindTag::Array,
                    Self::Struct { .. } => KindTag::Struct,
                    Self::Enum { .. } => KindTag::Enum,
                    Self::Pad => KindTag::Pad,
                    Self::Phantom => KindTag::Phantom,
                    Self::FixedString { .. } => KindTag::FixedString,
                    Self::FixedVec { .. } => KindTag::FixedVec,
                    Self::AtomicCell { .. } => KindTag::AtomicCell,
                    Self::Versioned { .. } => KindTag::Versioned,
                    Self::CacheAligned { .. } => KindTag::CacheAligned,
                    Self::Lock => KindTag::Lock,
                    Self::Event => KindTag::Event,
                    Self::Queue { .. } => KindTag::Queue,
                    Self::Broadcast { .. } => KindTag::Broadcast,
                    Self::Map { .. } => KindTag::Map,
                    Self::Frames { .. } => KindTag::Frames,
                }
            }
        }
    )*};
}

tags! { Kind OwnedKind }
