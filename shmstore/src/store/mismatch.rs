//! Explaining how the layout of an object differs from that of a program.

use super::Target;
use super::attach::creator;
use crate::error::{AttachError, LayoutMismatch, LayoutSummary};
use crate::layout::diff::LayoutDiff;
use crate::layout::hash::LayoutHash;
use crate::layout::schema::{OwnedSchema, Schema};
use crate::segment::header::{self, Damage, Geometry, Header, POINTER_BYTES};
use crate::segment::identity::Identity;
use crate::sys::shm::Mapping;

impl Target<'_> {
    pub(super) fn mismatch(
        &self,
        identity: &Identity,
        schema: &'static Schema,
        mapping: &Mapping,
        geometry: &Geometry,
    ) -> AttachError {
        let header = Header::of(mapping).expect("what was judged ready has a header");
        let (stored, pointer_bytes) = (header.layout_hash(), header.pointer_bytes());
        let json = header::read_schema(mapping, geometry);
        let theirs = json.and_then(|json| OwnedSchema::from_json(json).map_err(|error| Damage::new("schema", error)));
        let theirs = match theirs {
            Ok(theirs) => theirs,
            Err(damage) => return self.damaged(identity, damage),
        };
        // A schema hashes differently in a program of another pointer width: only in our own can we tell.
        if pointer_bytes == POINTER_BYTES && theirs.hash() != stored {
            let found = format!("{stored}, but the schema's hash is {}", theirs.hash());
            return self.damaged(identity, Damage { field: "layout_hash", found });
        }
        let ours = OwnedSchema::from(schema);
        AttachError::LayoutMismatch(Box::new(LayoutMismatch {
            subject: *self.subject(Some(identity)),
            diff: LayoutDiff::between(&ours, &theirs),
            ours: summary(&ours, ours.hash(), POINTER_BYTES),
            theirs: summary(&theirs, stored, pointer_bytes),
            creator: creator(header),
        }))
    }
}

fn summary(schema: &OwnedSchema, hash: LayoutHash, pointer_bytes: u32) -> LayoutSummary {
    let pointer_bits = pointer_bytes.saturating_mul(u8::BITS);
    LayoutSummary { hash, size: schema.size(), align: schema.align(), pointer_bits }
}
