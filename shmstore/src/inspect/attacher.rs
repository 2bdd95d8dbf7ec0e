//! Listings and attachments that are made again and again.

use super::InspectError;
use super::describe::Known;
use super::object::Object;
use super::segment::{Segment, listed};

/// Lists segments and attaches objects again and again, and reads each schema only once.
///
/// Most of the time of [`Object::attach`] goes into the schema, which is JSON. A program that looks at many objects
/// every second keeps an `Attacher` and detaches each object after the look, because an attached object cannot be
/// replaced or removed for good.
///
/// A schema is known by its bytes, which are compared each time. So an object that has grown, or another object with
/// the same number, gets its own schema. At most 4 MiB of schemas are kept.
///
/// ```
/// use shmstore::inspect::{Attacher, Limits, SegmentState};
/// use shmstore::{ShmObject, Store, Versioned};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'D')]
/// struct Door { angle: Versioned<f64> }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let door = store.create::<Door>()?;
/// let path = dir.path().canonicalize()?;
/// let mut attacher = Attacher::new();
/// for angle in [0.5, 1.5] {
///     door.angle.store(angle);
///     for segment in attacher.segments()?.iter().filter(|segment| segment.path() == Some(&path)) {
///         assert_eq!(segment.state, SegmentState::Ready);
///         let object = attacher.attach(segment)?;
///         assert_eq!(object.read(&Limits::default()).field("angle").and_then(|angle| angle.as_f64()), Some(angle));
///     }
/// }
/// # store.remove::<Door>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Attacher {
    known: Known,
}

impl Attacher {
    /// Returns an attacher that knows no schema yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists all segments of this IPC namespace, as [`segments`](super::segments) does.
    ///
    /// # Errors
    ///
    /// As [`segments`](super::segments).
    pub fn segments(&mut self) -> Result<Vec<Segment>, InspectError> {
        self.known.forget_directories();
        listed(&mut self.known)
    }

    /// Attaches a segment for reading only, as [`Object::attach`] does.
    ///
    /// # Errors
    ///
    /// As [`Object::attach`].
    pub fn attach(&mut self, segment: &Segment) -> Result<Object, InspectError> {
        self.known.forget_directories();
        Object::attach_knowing(segment, &mut self.known)
    }
}

impl std::fmt::Debug for Attacher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attacher").finish_non_exhaustive()
    }
}
