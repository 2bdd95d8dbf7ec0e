//! The search for objects to export.

use std::fmt;
use std::time::{Duration, Instant};

use shmstore::inspect::{self, Segment};
use shmstore::{ObjectInfo, Store};

use super::SEARCH_SHARE;
use crate::name::Name;
use crate::report::Report;
use crate::settings::{Export, Exported, permits};
use crate::wire::ObjectKey;

/// The shortest pause between two searches.
const PAUSE: Duration = Duration::from_millis(500);

/// An object to export.
pub(super) struct Found {
    pub(super) key: ObjectKey,
    pub(super) layout: u128,
    pub(super) store: Store,
    /// It is attached for a look only.
    pub(super) object: inspect::Object,
    type_name: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, `{}`)", self.key.name, self.key.id(), self.type_name)
    }
}

/// Looks for objects again and again.
pub(super) struct Scan<'a> {
    settings: &'a Export,
    next: Instant,
}

impl<'a> Scan<'a> {
    pub(super) fn of(settings: &'a Export) -> Self {
        Self { settings, next: Instant::now() }
    }

    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Finds all objects that the settings name. If two have one name and id, the first one is exported.
    pub(super) fn now(&mut self, report: &Report) -> Vec<Found> {
        let started = Instant::now();
        let mut all: Vec<Found> = Vec::new();
        for exported in &self.settings.objects {
            let subject = exported.path.display().to_string();
            match found_in(exported, report) {
                Ok(found) => {
                    for one in found {
                        if all.iter().all(|known| (&known.key.name, known.key.id) != (&one.key.name, one.key.id)) {
                            all.push(one);
                        } else {
                            report
                                .again(&one.to_string(), &format!("{one} of {subject} has the name of another object"));
                        }
                    }
                    report.well(&subject);
                }
                Err(error) => report.again(&subject, &format!("cannot export {subject}: {error}")),
            }
        }
        self.next = Instant::now() + PAUSE.max(started.elapsed() * SEARCH_SHARE);
        all
    }
}

/// The objects of one path.
fn found_in(exported: &Exported, report: &Report) -> Result<Vec<Found>, shmstore::OpenError> {
    let store = Store::open(&exported.path)?;
    let mut found = Vec::new();
    for info in store.list()? {
        let name = match (&info.name, &exported.as_name) {
            (None, Some(name)) => name.clone(),
            (Some(name), None) if exported.names.iter().any(|pattern| pattern.matches(name)) => {
                match name.parse::<Name>() {
                    Ok(name) => name,
                    Err(error) => {
                        report.again(name, &format!("cannot export {}: {error}", info.path.display()));
                        continue;
                    }
                }
            }
            _ => continue,
        };
        let of_name = match &info.name {
            Some(name) => store.open_named(name),
            None => Ok(store.clone()),
        };
        // It may be removed meanwhile.
        let Ok(of_name) = of_name else { continue };
        found.extend(
            look_at(&info, name, of_name)
                .filter(|one| permits(&exported.types, &one.type_name, &one.object.schema().hash())),
        );
    }
    Ok(found)
}

/// An object that is ready, and no copy of another host's object.
fn look_at(info: &ObjectInfo, name: Name, store: Store) -> Option<Found> {
    let segment = Segment::of_shmid(info.shmid).ok()?;
    let object = inspect::Object::attach(&segment).ok()?;
    let is_copy = info.mirrored.is_some();
    if is_copy || object.is_removed() || object.is_moving() || info.key != segment.key {
        return None;
    }
    let key = ObjectKey { name, id: info.id as u8, nonce: object.nonce() };
    let type_name = info.type_name.clone().unwrap_or_default();
    Some(Found { key, layout: object.schema().hash().to_u128(), store, object, type_name })
}
