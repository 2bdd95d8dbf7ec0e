//! The canonical bytes of a node, from which its hash is made. Any change of them is a new hash version.
//!
//! There are two trees, and a const function cannot be generic over them. So one macro writes the function for both.

use super::{ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedVariant, Variant};
use crate::layout::hash::{LayoutHash, LayoutHasher};

macro_rules! hash_node {
    ($name:ident of $kind:ident, $arg:ident, $field:ident, $variant:ident $(, $const:ident)?) => {
        /// Hashes a node from its own numbers and names and the finished hashes of its children.
        pub(super) $($const)? fn $name(size: u64, align: u64, kind: &$kind) -> LayoutHash {
            $($const)? fn args(mut node: LayoutHasher, args: &[$arg]) -> LayoutHasher {
                node = node.u64(args.len() as u64);
                let mut at = 0;
                while at < args.len() {
                    node = node.named_number(&args[at].name, args[at].value);
                    at += 1;
                }
                node
            }
            $($const)? fn fields(mut node: LayoutHasher, fields: &[$field]) -> LayoutHasher {
                node = node.u64(fields.len() as u64);
                let mut at = 0;
                while at < fields.len() {
                    node = node.field(&fields[at].name, fields[at].offset as u64, fields[at].schema.hash());
                    at += 1;
                }
                node
            }
            $($const)? fn variants(mut node: LayoutHasher, variants: &[$variant]) -> LayoutHasher {
                node = node.u64(variants.len() as u64);
                let mut at = 0;
                while at < variants.len() {
                    node = node.named_number(&variants[at].name, variants[at].discriminant);
                    at += 1;
                }
                node
            }
            let node = LayoutHasher::node(kind.tag() as u8, size, align);
            match kind {
                $kind::Primitive(primitive) | $kind::Atomic(primitive) => node.byte(*primitive as u8),
                $kind::Array { len, element } => node.u64(*len as u64).child(element.hash()),
                $kind::Struct { name, const_args, fields: list } => fields(args(node.name(name), const_args), list),
                $kind::Enum { name, repr, variants: list } => variants(node.name(name).byte(*repr as u8), list),
                $kind::Pad | $kind::Phantom | $kind::Lock | $kind::Event => node,
                $kind::FixedString { capacity } => node.u64(*capacity as u64),
                $kind::FixedVec { capacity, element } => node.u64(*capacity as u64).child(element.hash()),
                $kind::Queue { capacity, value } | $kind::Broadcast { capacity, value } => {
                    node.u64(*capacity as u64).child(value.hash())
                }
                $kind::Map { capacity, key, value } => {
                    node.u64(*capacity as u64).child(key.hash()).child(value.hash())
                }
                $kind::Frames { capacity, slots, element, meta } => {
                    node.u64(*capacity as u64).u64(*slots as u64).child(element.hash()).child(meta.hash())
                }
                $kind::AtomicCell { value } | $kind::Versioned { value } => node.child(value.hash()),
                $kind::CacheAligned { object } => node.child(object.hash()),
            }
            .finish()
        }
    };
}

hash_node!(hash_node of Kind, ConstArg, Field, Variant, const);
hash_node!(hash_owned_node of OwnedKind, OwnedConstArg, OwnedField, OwnedVariant);
