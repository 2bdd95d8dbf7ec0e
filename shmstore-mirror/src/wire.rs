//! What goes over the network: the keys, and the messages.
//!
//! | key | what |
//! |---|---|
//! | `shm/1/HOST/SESSION` | a liveliness token: this exporter of the host runs |
//! | `shm/1/HOST/SESSION/list` | a [`Listing`], every second and after each change of it |
//! | `shm/1/HOST/SESSION/new/OBJECT` | an [`Update`] of an object |
//! | `shm/1/HOST/SESSION/ask/list`, `…/ask/OBJECT` | answers a [`Request`] by replies |
//!
//! SESSION is random, and another one in each run of an exporter. OBJECT is `NAME/ID/NONCE`, in which ID is the
//! type-id-char as two hexadecimal digits, and NONCE the random number of the origin's segment. So a late message of an
//! object that was replaced, or of an exporter that has ended, has a key to which no importer subscribes.
//!
//! Messages are encoded by [postcard](https://postcard.jamesmunns.com/wire-format). Bytes that cannot be
//! decoded are refused as a whole. Updates and replies have two pieces: a *head*, which is the attachment of the message, and the
//! bytes of all changes, one behind the other, which are its payload. So a large value is not copied to be encoded.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Name;

/// The version of keys and messages.
const VERSION: &str = "shm/1";

/// One run of an exporter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey {
    pub(crate) host: Name,
    pub(crate) session: String,
}

impl SessionKey {
    /// The keys of all exporters of a host.
    pub(crate) fn all_of(host: &Name) -> String {
        format!("{VERSION}/{host}/*")
    }

    /// All keys of a host.
    pub(crate) fn everything_of(host: &Name) -> String {
        format!("{VERSION}/{host}/**")
    }

    /// The exporter with this token.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        let (host, session) = key.strip_prefix(VERSION)?.strip_prefix('/')?.split_once('/')?;
        let is_session = (1..=64).contains(&session.len()) && session.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_session.then_some(Self { host: host.parse().ok()?, session: session.to_owned() })
    }

    pub(crate) fn list(&self) -> String {
        format!("{self}/list")
    }

    pub(crate) fn updates_of(&self, object: &ObjectKey) -> String {
        format!("{self}/new/{object}")
    }

    pub(crate) fn ask_list(&self) -> String {
        format!("{self}/ask/list")
    }

    pub(crate) fn ask_object(&self, object: &ObjectKey) -> String {
        format!("{self}/ask/{object}")
    }

    pub(crate) fn ask_all(&self) -> String {
        format!("{self}/ask/**")
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}/{}/{}", self.host, self.session)
    }
}

/// An object of an origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ObjectKey {
    pub(crate) name: Name,
    /// The type-id-char: `' '` to `'~'`.
    pub(crate) id: u8,
    pub(crate) nonce: u64,
}

impl ObjectKey {
    pub(crate) fn id(&self) -> char {
        char::from(self.id)
    }

    /// Returns `true` if the id is one. A message may have any byte.
    pub(crate) fn is_valid(&self) -> bool {
        (b' '..=b'~').contains(&self.id)
    }

    /// The object at the end of a key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split('/');
        let (name, id, nonce) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let (id, nonce) = (u8::from_str_radix(id, 16).ok()?, u64::from_str_radix(nonce, 16).ok()?);
        let parsed = Self { name: name.parse().ok()?, id, nonce };
        Some(parsed).filter(|key| pieces.next().is_none() && key.is_valid() && key.to_string() == text)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:02x}/{:016x}", self.name, self.id, self.nonce)
    }
}

/// An object in a [`Listing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) key: ObjectKey,
    /// The layout hash. It changes when the object grows.
    pub(crate) layout: u128,
    /// The number of the newest update.
    pub(crate) sequence: u64,
}

/// All objects of an exporter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) objects: Vec<Listed>,
}

/// A question to an exporter, for an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// The layout of the object.
    Describe,
    /// All that has changed since an update.
    State {
        /// The number of that update. 0 for all.
        since: u64,
        /// The parts that are broadcasts, and the number of the next item that the copy lacks.
        positions: Vec<(u32, u64)>,
    },
}

/// A reply of an exporter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply<'a> {
    /// To [`Request::Describe`].
    Layout {
        /// The schema as JSON.
        schema: &'a str,
        room: Option<u64>,
    },
    /// To [`Request::State`].
    #[serde(borrow)]
    State(Update<'a>),
    /// The object is not exported, or not any more.
    Gone,
}

/// Changes of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update<'a> {
    /// The exporter counts the updates of an object from 1. The state up to an update has the number of that update.
    pub(crate) sequence: u64,
    /// The parts, by their position in the layout, and their changes.
    #[serde(borrow)]
    pub(crate) parts: Vec<Part<'a>>,
}

/// The change of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part<'a> {
    /// The position of the part in the layout.
    pub(crate) at: u32,
    #[serde(borrow)]
    pub(crate) change: Change<'a>,
    /// The number of bytes in the payload.
    len: u64,
    /// They come from the payload.
    #[serde(skip)]
    pub(crate) bytes: &'a [u8],
}

/// What a change is, and what the bytes in the payload are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change<'a> {
    /// The newest value of a `Versioned`: its bytes.
    Value { version: u64 },
    /// The value of an atomic: its bytes.
    Atomic,
    /// The number of notifications of an `Event`. No bytes.
    Event(u64),
    /// Items of a `Broadcast`, one behind the other.
    Items {
        /// The number of the first one.
        first: u64,
    },
    /// Entries of a `Map`: keys, each followed by its value.
    Entries {
        /// The keys that were removed, one behind the other.
        #[serde(borrow, with = "serde_bytes")]
        removed: &'a [u8],
        /// `true` if these are all entries of the map.
        whole: bool,
    },
    /// The newest frame of a `Frames`: its elements.
    Frame {
        number: u64,
        #[serde(borrow, with = "serde_bytes")]
        meta: &'a [u8],
    },
}

impl<'a> Part<'a> {
    pub(crate) fn new(at: u32, change: Change<'a>, bytes: &'a [u8]) -> Self {
        Self { at, change, len: bytes.len() as u64, bytes }
    }
}

impl<'a> Update<'a> {
    /// Gives each change its bytes. `None` if the payload has other bytes than the head says.
    fn with_payload(mut self, mut payload: &'a [u8]) -> Option<Self> {
        for part in &mut self.parts {
            (part.bytes, payload) = payload.split_at_checked(usize::try_from(part.len).ok()?)?;
        }
        payload.is_empty().then_some(self)
    }
}

/// The longest head and the longest list, in bytes. What they become in memory is some times larger.
const LONGEST: usize = 4 << 20;

/// Decodes an update.
pub(crate) fn decode_update<'a>(head: &'a [u8], payload: &'a [u8]) -> Option<Update<'a>> {
    decode::<Update<'_>>(Some(head).filter(|head| head.len() <= LONGEST)?)?.with_payload(payload)
}

/// Decodes a list.
pub(crate) fn decode_listing(bytes: &[u8]) -> Option<Listing> {
    decode(Some(bytes).filter(|bytes| bytes.len() <= LONGEST)?)
}

/// Decodes a reply.
pub(crate) fn decode_reply<'a>(head: &'a [u8], payload: &'a [u8]) -> Option<Reply<'a>> {
    match decode(Some(head).filter(|head| head.len() <= LONGEST)?)? {
        Reply::State(update) => update.with_payload(payload).map(Reply::State),
        other => Some(other),
    }
}

/// Encodes a message.
pub(crate) fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(message).expect("the types of messages are encoded by postcard")
}

/// Decodes a message. `None` if the bytes are none.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written_and_nothing_else_is() {
        let key = ObjectKey { name: "quotes".parse().unwrap(), id: b'/', nonce: 0xab };
        assert_eq!(key.to_string(), "quotes/2f/00000000000000ab");
        assert_eq!(ObjectKey::parse(&key.to_string()), Some(key.clone()));
        for bad in ["", "quotes", "quotes/2f", "quotes/2f/ab", "quotes/2F/00000000000000ab", "a.b/2f/00000000000000ab"]
        {
            assert_eq!(ObjectKey::parse(bad), None, "{bad}");
        }
        assert_eq!(ObjectKey::parse("quotes/1f/00000000000000ab"), None);
        assert_eq!(ObjectKey::parse("quotes/2f/00000000000000ab/x"), None);
        let session = SessionKey { host: "rover".parse().unwrap(), session: "12ab".into() };
        assert_eq!(SessionKey::parse("shm/1/rover/12ab"), Some(session.clone()));
        for bad in ["shm/2/rover/12ab", "shm/1/rover", "shm/1/../12ab", "shm/1/rover/xy", "shm/1/rover/12ab/list"] {
            assert_eq!(SessionKey::parse(bad), None, "{bad}");
        }
        assert_eq!(session.updates_of(&key), "shm/1/rover/12ab/new/quotes/2f/00000000000000ab");
    }

    #[test]
    fn messages_are_read_as_they_are_written() {
        let parts = vec![
            Part::new(0, Change::Value { version: 7 }, &[1, 2, 3]),
            Part::new(1, Change::Atomic, &[1]),
            Part::new(2, Change::Event(9), &[]),
            Part::new(3, Change::Items { first: 1 << 40 }, &[4; 100]),
            Part::new(4, Change::Entries { removed: &[5], whole: true }, &[6]),
            Part::new(5, Change::Frame { number: 1, meta: &[] }, &[7]),
        ];
        let payload: Vec<u8> = parts.iter().flat_map(|part| part.bytes).copied().collect();
        let reply = Reply::State(Update { sequence: u64::MAX, parts });
        let head = encode(&reply);
        assert_eq!(decode_reply(&head, &payload), Some(reply));
        for len in 0..head.len() {
            assert_eq!(decode_reply(&head[..len], &payload), None, "{len}");
        }
        assert_eq!(decode_reply(&head, &payload[1..]), None);
        assert_eq!(decode_reply(&head, &[&payload[..], &[0]].concat()), None);
    }

    #[test]
    fn random_bytes_are_refused_or_read_without_a_panic() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            let mut bytes = [0; 24];
            for byte in &mut bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
            let len = bytes[0] as usize % bytes.len();
            _ = decode_reply(&bytes[1..=len], &bytes);
            _ = decode::<Request>(&bytes[1..=len]);
            _ = decode::<Listing>(&bytes[1..=len]);
            _ = decode_update(&bytes[1..=len], &bytes);
        }
    }
}
