//! The layout of an object: the request for it, and whether the object may be copied.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use shmstore::schema::OwnedSchema;
use zenoh::sample::Sample;
use zenoh::{Session, Wait};

use super::origin::TICK;
use super::pieces_of;
use crate::settings::{Import, permits};
use crate::status::STATUS_NAME;
use crate::wire::{self, ObjectKey, Reply, Request, SessionKey};

/// The longest wait for a layout.
const LAYOUT: Duration = Duration::from_secs(5);

/// The longest schema, in bytes of JSON.
const LONGEST_SCHEMA: usize = 1 << 20;

/// An exporter did not answer in time, or this program is to end.
pub(super) struct Silent;

/// Asks for the layout of an object.
pub(super) fn described(
    session: &Session,
    from: &SessionKey,
    key: &ObjectKey,
    stop: &AtomicBool,
) -> Result<Result<(OwnedSchema, Option<u64>), String>, Silent> {
    let request = wire::encode(&Request::Describe);
    let replies = session.get(from.ask_object(key)).payload(request).timeout(LAYOUT).wait();
    let Ok(replies) = replies else { return Err(Silent) };
    let end = Instant::now() + LAYOUT;
    let reply = loop {
        match replies.recv_timeout(TICK) {
            Ok(Some(reply)) => break reply,
            Ok(None) if !stop.load(Relaxed) && Instant::now() < end => {}
            _ => return Err(Silent),
        }
    };
    let Ok(sample) = reply.into_result() else { return Err(Silent) };
    Ok(layout_in(&sample))
}

fn layout_in(sample: &Sample) -> Result<(OwnedSchema, Option<u64>), String> {
    let (head, bytes) = pieces_of(sample);
    match wire::decode_reply(&head, &bytes) {
        Some(Reply::Layout { schema, room }) if schema.len() <= LONGEST_SCHEMA => {
            let schema = OwnedSchema::from_json(schema).map_err(|error| format!("its schema: {error}"))?;
            Ok((schema, room))
        }
        Some(Reply::Layout { schema, .. }) => Err(format!("its schema has {} bytes", schema.len())),
        Some(Reply::Gone) => Err("it is gone".into()),
        _ => Err("its exporter said something else than its layout".into()),
    }
}

/// Checks that an object may be copied.
pub(super) fn check(import: &Import, key: &ObjectKey, schema: &OwnedSchema, room: Option<u64>) -> Result<(), String> {
    let size = schema.size().max(room.unwrap_or(0));
    if key.name.as_str() == STATUS_NAME {
        return Err("the status of the mirror has this name".into());
    }
    if !permits(&import.types, &schema.to_string(), &schema.hash()) {
        return Err(format!("its type `{schema}` (layout {}) is not among `types`", schema.hash()));
    }
    if size > import.max_bytes {
        return Err(format!("it has {size} bytes, and `max_bytes` is {}", import.max_bytes));
    }
    Ok(())
}
