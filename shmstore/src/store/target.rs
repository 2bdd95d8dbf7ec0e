//! One object as an operation sees it, and the options of its store.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::errno::Errno;

use super::{AnchorLock, Deadline};
use crate::error::{AttachError, OpenError, Subject};
use crate::layout::ShmId;
use crate::layout::schema::Schema;
use crate::layout::type_layout::TypeLayout;
use crate::segment::anchor::Anchor;
use crate::segment::header::JOURNAL_BIT;
use crate::segment::identity::Identity;
use crate::segment::this_process::append_list::AppendList;
use crate::sys::file;
use crate::sys::process::effective_uid;

/// The options of a store, for all its objects.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Permission bits of new segments and anchors.
    pub(crate) mode: u32,
    /// How long to wait for other processes that hold a lock or are about to finish.
    pub(crate) wait: Duration,
    /// The users that are trusted besides this user and root.
    pub(crate) trusted: Vec<u32>,
    /// The number of processes that a new object is made for.
    pub(crate) max_processes: u32,
    /// Objects are created even if processes of another IPC namespace have objects at the path.
    pub(crate) per_ipc_namespace: bool,
    /// Objects are extended by the fields that this program's type has more.
    pub(crate) grows: bool,
}

impl Policy {
    pub(crate) fn trusts(&self, uid: u32) -> bool {
        uid == 0 || self.trusted.contains(&uid) || uid == effective_uid()
    }
}

/// The layouts of the types that this program has used so far, with all that was computed of them.
///
/// One for each type of object in the program, or a few more if threads come together.
static LAYOUTS: AppendList<TypeLayout> = AppendList::new();

/// The layout of a type of this program.
pub(crate) fn layout_of<T: ShmId>() -> &'static TypeLayout {
    let is_it = |known: &&TypeLayout| known.is_of_type(T::SCHEMA, T::ROOM);
    LAYOUTS.iter().find(is_it).unwrap_or_else(|| LAYOUTS.push(TypeLayout::of_type(T::SCHEMA, T::ROOM)))
}

/// One object as an operation sees it: its anchor, its id, and its type unless only an id was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) path: &'a Arc<Path>,
    pub(crate) real_path: &'a OnceLock<PathBuf>,
    pub(crate) anchor: &'a Anchor,
    pub(crate) policy: &'a Policy,
    pub(crate) id: u8,
    pub(crate) layout: Option<&'a TypeLayout>,
}

impl Target<'_> {
    /// Checks the path again. If the anchor was replaced, old and new processes would have different objects; if it was
    /// given to another user, it may no longer be trusted.
    pub(super) fn refresh(&self) -> Result<Anchor, OpenError> {
        self.anchor.refresh(self.path, |owner| self.policy.trusts(owner))
    }

    /// Takes the anchor's lock.
    pub(super) fn lock(&self, deadline: &mut Deadline) -> Result<AnchorLock, OpenError> {
        AnchorLock::acquire(self.path, self.anchor, |owner| self.policy.trusts(owner), deadline)
    }

    /// Checks the path again, and waits for a missing anchor: a name may be removed and made again.
    pub(super) fn refresh_within(&self, deadline: &mut Deadline) -> Result<Anchor, OpenError> {
        deadline.wait_for_anchor(|| self.refresh())
    }

    /// The anchor's path without links, which may lead elsewhere later. The path as given, if a link changed just now.
    pub(super) fn real_path(&self, anchor: &Anchor) -> Cow<'_, Path> {
        let is_it = |real: &Path| file::stat_no_follow(real).is_ok_and(|stat| stat.inode() == anchor.stat.inode());
        if let Some(known) = self.real_path.get().filter(|known| is_it(known)) {
            return Cow::Borrowed(known);
        }
        let Some(real) = std::fs::canonicalize(self.path).ok().filter(|real| is_it(real)) else {
            return Cow::Borrowed(self.path);
        };
        // If another path is known already, that one stays, as it is checked each time.
        drop(self.real_path.set(real.clone()));
        Cow::Owned(real)
    }

    /// The layout of the object's type.
    ///
    /// # Panics
    ///
    /// Panics if only an id was given.
    pub(super) fn layout(&self) -> &TypeLayout {
        self.layout.expect("only a target with a type is created or attached")
    }

    /// The type of the object in this program, if it was given.
    pub(super) fn schema(&self) -> Option<&'static Schema> {
        self.layout.and_then(TypeLayout::schema)
    }

    /// Names the object in an error.
    pub(crate) fn subject(&self, identity: Option<&Identity>) -> Box<Subject> {
        Box::new(Subject {
            type_name: self.layout.map(ToString::to_string).unwrap_or_default(),
            id: char::from(self.id & !JOURNAL_BIT),
            key: identity.map(|identity| identity.key(self.id)),
            path: self.path.to_path_buf(),
        })
    }

    pub(super) fn system(&self, attempted: &'static str, identity: &Identity, errno: Errno) -> AttachError {
        AttachError::System { attempted, subject: self.subject(Some(identity)), cause: errno.into() }
    }
}
