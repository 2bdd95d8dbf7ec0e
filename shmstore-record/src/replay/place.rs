//! Where the objects of a recording go.

use std::collections::HashSet;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use shmstore::dynamic::{self, DynamicError, Limit, Object, Options, Part};
use shmstore::inspect::{self, InspectError};
use shmstore::{CreateError, Store};

use super::ReplayError;
use crate::reading::Recorded;

/// Where an object goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// The name in it. `None` if the directory is the anchor.
    pub name: Option<String>,
}

impl Place {
    /// The path of the object, as a command line takes it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.name.as_ref().map_or_else(|| self.directory.clone(), |name| self.directory.join(name))
    }

    fn store(&self) -> Result<Store, ReplayError> {
        let store = Store::open_or_create(&self.directory)?;
        Ok(match &self.name {
            Some(name) => store.open_or_create_named(name)?,
            None => store,
        })
    }
}

/// An object that is replayed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The object.
    pub object: Object,
    /// Where it is.
    pub place: Place,
    /// Whether it was created for the replay.
    pub is_new: bool,
}

/// Returns where the objects go below a directory.
///
/// Objects that had names keep them. Objects of one directory go to the directory itself, and objects of several
/// directories to several ones in it, which have their names.
#[must_use]
pub fn places(objects: &[Recorded], into: &Path) -> Vec<Place> {
    let of = |object: &Recorded| match object.name.is_empty() {
        true => object.path.clone(),
        false => object.path.parent().unwrap_or(&object.path).to_owned(),
    };
    let mut directories: Vec<PathBuf> = Vec::new();
    let mut places = Vec::new();
    let mut used = HashSet::new();
    let is_one = objects.iter().all(|object| of(object) == of(&objects[0]));
    let mut chosen: Vec<PathBuf> = Vec::new();
    for object in objects {
        let from = of(object);
        let at = directories.iter().position(|known| *known == from).unwrap_or_else(|| {
            let name = from.file_name().map_or_else(|| "root".into(), |name| name.to_owned());
            let numbered = (2_usize..).map(|number| {
                let mut name = name.clone();
                name.push(format!("_{number}"));
                name
            });
            let mut names = std::iter::once(name.clone()).chain(numbered);
            let name = names.find(|name| used.insert(name.clone())).expect("there are more numbers than objects");
            chosen.push(if is_one { into.to_owned() } else { into.join(name) });
            directories.push(from);
            chosen.len() - 1
        });
        let name = Some(&object.name).filter(|name| !name.is_empty()).cloned();
        places.push(Place { directory: chosen[at].clone(), name });
    }
    places
}

/// Creates the objects below a directory, or attaches those that exist. `None` for objects that are not wanted.
///
/// If one cannot be created or attached, those that were created before it are removed again.
///
/// # Errors
///
/// - [`ReplayError::Exists`] if an object exists, and `existing` is `false`.
/// - [`ReplayError::OtherLayout`] and [`ReplayError::HasWriter`] if an existing object cannot be used.
/// - [`ReplayError::Directory`], [`ReplayError::Open`] and [`ReplayError::Object`] if an object cannot be made.
pub fn open(
    objects: &[Recorded],
    into: &Path,
    existing: bool,
    is_wanted: impl Fn(&Recorded) -> bool,
) -> Result<Vec<Option<Opened>>, ReplayError> {
    let places = places(objects, into);
    // Several objects may go to directories in it.
    let is_new = match DirBuilder::new().mode(0o700).create(into) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
        made => made.map(|()| true).map_err(|cause| ReplayError::Directory { path: into.into(), cause })?,
    };
    let mut opened = Vec::new();
    for (object, place) in objects.iter().zip(&places) {
        let one = if is_wanted(object) { open_one(object, place.clone(), existing).map(Some) } else { Ok(None) };
        match one {
            Ok(one) => opened.push(one),
            Err(error) => {
                undo(opened, objects);
                if is_new {
                    // Only empty ones are removed.
                    places.iter().for_each(|place| drop(fs::remove_dir(&place.directory)));
                    drop(fs::remove_dir(into));
                }
                return Err(error);
            }
        }
    }
    Ok(opened)
}

/// Removes what was created.
fn undo(opened: Vec<Option<Opened>>, objects: &[Recorded]) {
    for (one, recorded) in opened.into_iter().zip(objects) {
        let Some(Opened { object, place, is_new: true }) = one else { continue };
        drop(object);
        // Errors do not matter beside the one that led here.
        drop(place.store().map(|store| store.remove_id(recorded.id)));
        if let Some(name) = &place.name {
            drop(Store::open(&place.directory).map(|store| store.remove_name(name)));
        }
    }
}

fn open_one(recorded: &Recorded, place: Place, existing: bool) -> Result<Opened, ReplayError> {
    let id = recorded.id;
    // Before a directory is made for it.
    recorded.schema.is_an_object().map_err(DynamicError::Schema)?;
    let (store, path) = (place.store()?, place.path());
    let is_missing = matches!(inspect::Object::find(store.path(), Some(id)), Err(InspectError::NotFound { .. }));
    if !existing || is_missing {
        let options = Options { id, room: recorded.room };
        let object = dynamic::create(&store, &recorded.schema, options).map_err(|error| match error {
            DynamicError::Create(CreateError::AlreadyExists { .. } | CreateError::InUse { .. }) => {
                ReplayError::Exists { path, id }
            }
            error => error.into(),
        })?;
        return Ok(Opened { object, place, is_new: true });
    }
    let object = Object::attach(&store, id)?;
    let (found, expected) = (object.schema().hash(), recorded.schema.hash());
    if found != expected {
        let (found, expected) = (found.to_string(), expected.to_string());
        return Err(ReplayError::OtherLayout { path, id, found, expected });
    }
    check_free(&object).map_err(|cause| ReplayError::HasWriter { path, id, cause: Box::new(cause) })?;
    Ok(Opened { object, place, is_new: false })
}

/// Checks that no other process is the exclusive writer of a part. A `Versioned` whose bytes are not valid is free, too:
/// the first store repairs it.
fn check_free(object: &Object) -> Result<(), DynamicError> {
    // Objects with more parts are checked part by part, as messages are stored.
    for part in object.parts().unwrap_or_default() {
        let taken = match object.part(part.path())? {
            Part::Versioned(part) => part.begin(Limit::Never).map(drop),
            Part::Broadcast(part) => part.skip_to(part.sent(), Limit::Never).map(drop),
            _ => Ok(()),
        };
        match taken {
            Err(busy @ DynamicError::Busy(_)) => return Err(busy),
            _ => continue,
        }
    }
    Ok(())
}
