//! `shmstore-mirror status`: the copies in a directory, as a table or as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::{Value, json};
use shmstore::inspect::Participant;
use shmstore::{ReadOnly, Store};
use shmstore_mirror::MirrorError;
use shmstore_mirror::status::{self, CopyState, STALE_AFTER};

/// The copies of a directory.
pub(crate) struct Shown {
    origin: String,
    /// Whether the importer runs, and whether it hears of the origin.
    importer: &'static str,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    id: char,
    state: &'static str,
    /// The time since the origin was heard of, in seconds. `None` without a copy, or if it never was.
    silent: Option<f64>,
    updates: u64,
    bytes: u64,
    requests: u64,
    reason: String,
    versions: Vec<(u32, u64)>,
}

/// Reads the status of a directory.
pub(crate) fn of(directory: &Path) -> Result<Shown, MirrorError> {
    let status = status::attach(directory)?;
    let wrong = |error: &dyn fmt::Display| MirrorError::Directory { path: directory.into(), why: error.to_string() };
    let listed = Store::open(directory).and_then(|store| store.list()).map_err(|error| wrong(&error))?;
    let mut versions: BTreeMap<(String, char), Vec<(u32, u64)>> = BTreeMap::new();
    for (key, version) in status.versions.iter().flatten() {
        versions.entry((key.name.to_string(), key.id)).or_default().push((key.part, version));
    }
    let mut rows = Vec::new();
    for (key, copy) in status.copies.iter().flatten() {
        let (name, id) = (key.name.to_string(), key.id);
        let info = listed.iter().find(|info| info.name.as_deref() == Some(&name) && info.id == id);
        let heard = info.and_then(|info| info.mirrored.as_ref()).and_then(|mirrored| mirrored.heard);
        let is_stale = heard.is_none_or(|silent| silent > STALE_AFTER);
        let state = match copy.state {
            CopyState::Refused => "refused",
            _ if info.is_some_and(|info| info.mirrored.is_none()) => "an ordinary object",
            CopyState::Gone => "gone at its origin",
            CopyState::Waiting => "without values",
            CopyState::Live | CopyState::Disconnected if is_stale => "stale",
            CopyState::Disconnected => "disconnected",
            CopyState::Live => "live",
        };
        let mut of_parts = versions.remove(&(name.clone(), id)).unwrap_or_default();
        of_parts.sort_unstable();
        rows.push(Row {
            name,
            id,
            state,
            silent: heard.map(|silent| silent.as_secs_f64()),
            updates: copy.updates,
            bytes: copy.bytes,
            requests: copy.requests,
            reason: copy.reason.to_string(),
            versions: of_parts,
        });
    }
    rows.sort_unstable_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    let session = status.session.load_checked().map_err(|error| wrong(&error))?;
    let origin = status.origin.load_checked().map_err(|error| wrong(&error))?.to_string();
    let runs = |process: &Participant| process.alive && process.holding.iter().any(|part| part == "importer");
    let importer = match (ReadOnly::participants(&status).iter().any(runs), session.is_empty()) {
        (false, _) => "no importer runs",
        (true, true) => "not connected",
        (true, false) => "connected",
    };
    Ok(Shown { origin, importer, rows })
}

impl Shown {
    pub(crate) fn to_json(&self) -> String {
        let copies: Vec<Value> = self.rows.iter().map(Row::to_json).collect();
        json!({ "origin": self.origin, "importer": self.importer, "copies": copies }).to_string()
    }
}

impl Row {
    fn to_json(&self) -> Value {
        let versions: Vec<Value> =
            self.versions.iter().map(|(part, version)| json!({ "part": part, "version": version })).collect();
        json!({
            "name": self.name, "id": self.id.to_string(), "state": self.state, "silent_seconds": self.silent,
            "updates": self.updates, "bytes": self.bytes, "requests": self.requests, "reason": self.reason,
            "origin_versions": versions,
        })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copies of {} ({})", self.origin, self.importer)?;
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
        write!(f, "\n{:width$}  ID  {:18}  {:>10}  {:>10}  {:>12}", "NAME", "STATE", "HEARD", "UPDATES", "BYTES")?;
        for Row { name, id, state, silent, updates, bytes, reason, .. } in &self.rows {
            let silent = silent.map_or_else(|| "-".into(), |silent| format!("{silent:.1} s ago"));
            write!(f, "\n{name:width$}  {id:2}  {state:18}  {silent:>10}  {updates:>10}  {bytes:>12}")?;
            if !reason.is_empty() {
                write!(f, "\n{:width$}  {reason}", "")?;
            }
        }
        Ok(())
    }
}
