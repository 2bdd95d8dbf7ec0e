//! Storing one message in a part of an object.

use std::borrow::Cow;

use shmstore::dynamic::{self, DynamicError, Limit, Object};
use shmstore::error::{InsertError, LoanError, PushError};

use super::Only;
use super::pace::patiently;
use crate::Message;
use crate::reading::Channel;

/// The most notifications of an event for one message.
const MOST_NOTIFICATIONS: u64 = 1000;

/// What became of a message.
#[derive(Debug)]
pub(super) enum Outcome {
    Stored,
    /// It is no valid message of the part.
    Refused(String),
    /// The object did not take it in time.
    Blocked(String),
    /// The object is gone.
    Removed,
}

/// The writer of a channel.
#[derive(Debug)]
pub(super) enum Writer {
    /// The messages are only checked.
    Check,
    Versioned(dynamic::Versioned),
    Broadcast(dynamic::Broadcast),
    Queue(dynamic::Queue),
    Map(dynamic::Map),
    Frames(dynamic::Frames),
    Atomics(Vec<Atomic>),
}

/// One of the atomics of an object.
#[derive(Debug)]
pub(super) enum Atomic {
    /// A lock, or what is not asked for.
    Nothing,
    Value(dynamic::Atomic),
    Event {
        part: dynamic::Event,
        /// The count of the message before.
        seen: Option<u64>,
    },
}

impl Writer {
    pub(super) fn of(channel: &Channel, object: &Object, only: &Only) -> Result<Self, DynamicError> {
        use dynamic::Part;
        if channel.kind == crate::Kind::Atomics {
            let atomic = |path| match object.part(path)? {
                _ if !only.has(path) => Ok(Atomic::Nothing),
                Part::Atomic(part) => Ok(Atomic::Value(part)),
                Part::Event(part) => Ok(Atomic::Event { part, seen: None }),
                _ => Ok(Atomic::Nothing),
            };
            return Ok(Self::Atomics(channel.parts.iter().map(atomic).collect::<Result<_, DynamicError>>()?));
        }
        Ok(match object.part(&channel.parts[0])? {
            Part::Versioned(part) => Self::Versioned(part),
            Part::Broadcast(part) => Self::Broadcast(part),
            Part::Queue(part) => Self::Queue(part),
            Part::Map(part) => Self::Map(part),
            Part::Frames(part) => Self::Frames(part),
            _ => Self::Check,
        })
    }

    /// Begins the recording again. Keys of a map are removed, because the first messages have those that were there.
    pub(super) fn begin_again(&mut self) {
        match self {
            Self::Map(map) => {
                let mut keys = Vec::new();
                map.for_each_bytes(|key, _, value| keys.push((key.to_vec(), value.to_vec())));
                for (key, mut value) in keys {
                    // A key that another process writes stays.
                    drop(map.remove_bytes(&key, &mut value, Limit::Within(std::time::Duration::from_secs(1))));
                }
            }
            Self::Atomics(atomics) => atomics.iter_mut().for_each(|atomic| {
                if let Atomic::Event { seen, .. } = atomic {
                    *seen = None;
                }
            }),
            _ => {}
        }
    }

    /// Stores a message. It waits for at most a second, and not at all without patience.
    pub(super) fn store(
        &mut self,
        message: &Message,
        data: &[u8],
        is_patient: bool,
        is_over: &mut dyn FnMut() -> bool,
    ) -> Outcome {
        let pieces = match message.decode(data) {
            Ok(pieces) => pieces,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let stored = patiently(is_patient, is_over, is_late, |limit| self.try_store(&pieces, limit));
        match stored {
            Ok(()) => Outcome::Stored,
            Err(error) if is_removed(&error) => Outcome::Removed,
            Err(error @ DynamicError::InvalidValue(_)) => Outcome::Refused(error.to_string()),
            Err(error) => Outcome::Blocked(error.to_string()),
        }
    }

    fn try_store(&mut self, pieces: &[Cow<'_, [u8]>], limit: Limit) -> Result<(), DynamicError> {
        match self {
            Self::Check => Ok(()),
            Self::Versioned(part) => part.store_bytes(&pieces[0], limit).map(drop),
            Self::Broadcast(part) => part.send_bytes(&pieces[0], limit).map(drop),
            Self::Queue(part) => part.push_bytes(&pieces[0], limit),
            Self::Map(part) => {
                let (op, key, value) = (pieces[0][0], &pieces[1], &pieces[2]);
                let mut old = vec![0; value.len()];
                if op == Message::REMOVED {
                    return match part.remove_bytes(key, &mut old, limit) {
                        // The bytes that were removed do not matter.
                        Err(DynamicError::InvalidValue(_)) => Ok(()),
                        removed => removed.map(drop),
                    };
                }
                // A later file of a recording begins with the entries that are there already.
                if op == Message::PRESENT && matches!(part.get_bytes(key, &mut old), Ok(Some(_))) && old == **value {
                    return Ok(());
                }
                part.insert_bytes(key, value, limit).map(drop)
            }
            Self::Frames(part) => {
                let mut frame = part.loan(limit)?;
                frame.set_meta_bytes(&pieces[0])?;
                frame.write_at(0, &pieces[1])?;
                frame.publish().map(drop)
            }
            Self::Atomics(atomics) => {
                atomics.iter_mut().zip(pieces).try_for_each(|(atomic, piece)| atomic.store(piece))
            }
        }
    }
}

impl Atomic {
    fn store(&mut self, piece: &[u8]) -> Result<(), DynamicError> {
        match self {
            Self::Nothing => {}
            Self::Value(part) => part.store_bytes(piece)?,
            Self::Event { part, seen } => {
                let count = u64::from_le_bytes(piece.try_into().expect("the count of an event has 8 bytes"));
                let steps = seen.map_or(0, |seen| count.saturating_sub(seen));
                *seen = Some(count);
                (0..steps.min(MOST_NOTIFICATIONS)).for_each(|_| _ = part.notify_all());
            }
        }
        Ok(())
    }
}

/// Returns `true` if another attempt may succeed.
fn is_late(error: &DynamicError) -> bool {
    matches!(
        error,
        DynamicError::Busy(_)
            | DynamicError::Push(PushError::Full { .. } | PushError::Busy(_))
            | DynamicError::Insert(InsertError::Busy(_))
            | DynamicError::Loan(LoanError::Full { .. } | LoanError::Busy(_))
    )
}

fn is_removed(error: &DynamicError) -> bool {
    matches!(
        error,
        DynamicError::Push(PushError::Removed { .. } | PushError::AnchorLost { .. })
            | DynamicError::Loan(LoanError::Removed { .. } | LoanError::AnchorLost { .. })
    )
}
