//! The bodies of messages: CDR, or JSON.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};

use super::json::Json;
use crate::cdr::{Encoded, is_time};
use crate::message::{Kind, Message};

/// How the messages of a recording are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// CDR, with definitions in `ros2msg`.
    #[default]
    Cdr,
    /// JSON, with JSON Schema. It cannot be replayed.
    Json,
}

/// The encoding of the messages of one channel.
pub(super) struct Body {
    message: Message,
    sizes: Vec<Option<usize>>,
    json: Option<Json>,
    /// The piece and the offset of the first `Timestamp`.
    time: Option<(usize, usize)>,
}

impl Body {
    /// `part` is the type of the part, or the message's struct for atomics.
    pub(super) fn of(message: Message, part: &OwnedSchema, encoding: Encoding) -> Self {
        let time = match (message.kind(), part.kind()) {
            (Kind::Map, OwnedKind::Map { value, .. }) => first_time(value).map(|at| (2, at)),
            (Kind::Frames, OwnedKind::Frames { meta, .. }) => first_time(meta).map(|at| (0, at)),
            (Kind::Atomics, _) => None,
            _ => first_time(message.schema()).map(|at| (0, at)),
        };
        let json = (encoding == Encoding::Json).then(|| Json::of(&message, part));
        Self { sizes: message.sizes().collect(), message, json, time }
    }

    /// The sizes of the pieces of a message. `None` for the elements of a frame.
    pub(super) fn sizes(&self) -> &[Option<usize>] {
        &self.sizes
    }

    /// Returns `true` if pieces have the sizes of their types.
    pub(super) fn fits(&self, pieces: &[&[u8]]) -> bool {
        let is_one = |(piece, size): (&&[u8], &Option<usize>)| size.is_none_or(|size| piece.len() == size);
        pieces.len() == self.sizes.len() && pieces.iter().zip(&self.sizes).all(is_one)
    }

    /// Appends the message of pieces that [fit](Self::fits).
    pub(super) fn encode(&self, pieces: &[&[u8]], to: &mut Vec<u8>) -> Encoded {
        match &self.json {
            None => self.message.encode(pieces.iter().copied(), to),
            Some(json) => json.encode(pieces, to),
        }
    }

    /// The time in a message, in nanoseconds since 1970. `None` if it has none, or one before 1970.
    pub(super) fn time(&self, pieces: &[&[u8]]) -> Option<u64> {
        let (piece, at) = self.time?;
        time_at(pieces.get(piece)?, at)
    }
}

/// The time at an offset. `None` if there is none after 1970.
pub(super) fn time_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    u64::try_from(i64::from_le_bytes(*bytes)).ok().filter(|time| *time > 0)
}

/// The offset of the first `Timestamp` in a value. Lists are left out, because they may be empty.
pub(super) fn first_time(schema: &OwnedSchema) -> Option<usize> {
    match schema.kind() {
        _ if is_time(schema) => Some(0),
        OwnedKind::Struct { fields, .. } => {
            let of = |field: &OwnedField| Some(field.offset as usize + first_time(&field.schema)?);
            fields.iter().find_map(of)
        }
        OwnedKind::Array { element, .. } => first_time(element),
        _ => None,
    }
}
