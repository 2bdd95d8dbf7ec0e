//! The description of an object in a recording.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use shmstore::schema::OwnedSchema;

use super::ReadError;

/// The name of the metadata that describe an object.
pub(super) const NAME: &str = "shmstore.object";

/// The most bytes of the description. The layout of an object has at most a fourth of it.
pub(super) const MOST: u64 = 4 << 20;

/// An object in a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The topic of the object, in front of those of its parts: `/rover`.
    pub topic: String,
    /// The anchor that it had: an absolute path on the machine of the recorder.
    pub path: PathBuf,
    /// Its name in its directory. Empty if it has none.
    pub name: String,
    /// Its type-id-char.
    pub id: char,
    /// The name of its type.
    pub type_name: String,
    /// Its layout, which is the newest one if it grew.
    pub schema: OwnedSchema,
    /// The bytes to which it can grow. `None` if it cannot.
    pub room: Option<u64>,
    /// The host of the recorder.
    pub host: String,
}

impl Recorded {
    /// Reads a description. Returns the number of the object in its file, too.
    pub(super) fn of(pairs: &BTreeMap<String, String>, file: &Path, at: u64) -> Result<(u64, Self), ReadError> {
        let wrong = |why: String| ReadError::Object { path: file.into(), at, why };
        let text = |key: &str| pairs.get(key).ok_or_else(|| wrong(format!("it has no `{key}`")));
        let topic = text("topic")?.clone();
        let schema = OwnedSchema::from_json(text("schema")?).map_err(|cause| ReadError::Schema {
            path: file.into(),
            topic: topic.clone(),
            cause,
        })?;
        let (hash, found) = (text("layout_hash")?, schema.hash().to_string());
        if *hash != found {
            return Err(wrong(format!("`layout_hash` is {hash:?}, and the layout has {found}")));
        }
        let id = text("id")?;
        let id = id.parse().map_err(|_| wrong(format!("`id` is {id:?}, and one character is expected")))?;
        let room = pairs.get("room").filter(|room| !room.is_empty());
        let recorded = Self {
            path: text("path")?.into(),
            name: pairs.get("name").cloned().unwrap_or_default(),
            id,
            type_name: text("type")?.clone(),
            room: room.map(|room| number("room", room).map_err(wrong)).transpose()?,
            host: pairs.get("host").cloned().unwrap_or_default(),
            topic,
            schema,
        };
        Ok((number("object", text("object")?).map_err(wrong)?, recorded))
    }

    /// Takes the longer one of two layouts, and the larger room.
    pub(super) fn grow(&mut self, other: Self, file: &Path) -> Result<(), ReadError> {
        if other.schema != self.schema {
            let grows = |short: &OwnedSchema, long: &OwnedSchema| {
                let short = short.prefix_hashes();
                short.last().is_some_and(|last| long.prefix_hashes().get(short.len() - 1) == Some(last))
            };
            if grows(&self.schema, &other.schema) {
                self.schema = other.schema;
            } else if !grows(&other.schema, &self.schema) {
                return Err(ReadError::Replaced {
                    path: file.into(),
                    topic: self.topic.clone(),
                    old: self.schema.hash().to_string(),
                    new: other.schema.hash().to_string(),
                });
            }
        }
        self.room = self.room.max(other.room);
        Ok(())
    }
}

/// Parses a decimal number of metadata.
pub(super) fn number<T: FromStr>(key: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{key}` is {text:?}, and a decimal number is expected"))
}
