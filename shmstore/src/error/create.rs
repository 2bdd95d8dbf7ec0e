//! What can go wrong while an object is created.

use std::error::Error;
use std::path::PathBuf;

use super::subject::{Creator, Subject};
use super::{AttachError, OpenError, RemoveError};

/// Why an object cannot be created.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// What is at the object's key stands in the way, or cannot be attached.
    #[error(transparent)]
    Existing(#[from] AttachError),
    /// The object that was to be replaced is not ours to remove.
    #[error(transparent)]
    NotReplaceable(RemoveError),
    /// The object exists.
    #[error("{subject} exists already: {creator}, {}", instead_of_create(subject, *.same_layout))]
    AlreadyExists {
        /// Which object.
        subject: Box<Subject>,
        /// Who made it.
        creator: Creator,
        /// Whether its layout is ours.
        same_layout: bool,
    },
    /// A process of another IPC namespace uses the path: it would never see the new object, nor this process the one that it uses.
    #[error(
        "cannot create {subject}: a process of another IPC namespace (ipc:[{theirs}]) uses {}, and this one is in ipc:[{ours}]. Each \
         namespace would have an object of its own here, which processes of the other never see. Run both in one IPC namespace \
         (`--ipc=host` or `--ipc=container:…` for containers), or use another path. If each namespace is to have its own \
         object, call Store::options().per_ipc_namespace(true)", .used.display()
    )]
    OtherIpcNamespace {
        /// Which object.
        subject: Box<Subject>,
        /// The file or directory that the other process uses: the anchor, or the directory of its name.
        used: PathBuf,
        /// Our IPC namespace, by its number.
        ours: u32,
        /// The other.
        theirs: u32,
    },
    /// The object that was to be replaced only if nobody uses it is in use. It is as it was.
    #[error(
        "{subject} was not replaced: it is attached {}, and whoever has it attached would keep it, while nobody else would find \
         it. End these processes first",
        if *.attached == 1 { "once".into() } else { format!("{attached} times") }
    )]
    InUse {
        /// Which object.
        subject: Box<Subject>,
        /// How many times it is attached, in all processes.
        attached: u64,
    },
    /// The object that was to be replaced is removed, and no new one could be made.
    #[error("{subject} is gone: it was removed to be replaced, and then no new one could be made: {source}")]
    Lost {
        /// Which object.
        subject: Box<Subject>,
        /// Why.
        source: Box<CreateError>,
    },
    /// All segments that the kernel allows are in use. This is not a full disk.
    #[error(
        "cannot create {subject}: all {limit} shared-memory segments are in use (SHMMNI); {ours} are shmstore's, \
         {unattached} of these attached by nobody. Remove unused ones (`ipcs -m` lists them), or raise \
         /proc/sys/kernel/shmmni"
    )]
    SegmentLimit {
        /// Which object.
        subject: Box<Subject>,
        /// `kernel.shmmni`.
        limit: u64,
        /// How many segments look like shmstore's.
        ours: u64,
        /// How many of those nobody has attached.
        unattached: u64,
    },
    /// All memory that the kernel allows for segments is in use. This is not a full disk.
    #[error(
        "cannot create {subject}: it needs {needed} pages of shared memory, {used} of {limit} are in use (SHMALL). Remove \
         unused segments (`ipcs -m` lists them), or raise /proc/sys/kernel/shmall"
    )]
    PageLimit {
        /// Which object.
        subject: Box<Subject>,
        /// Pages it needs.
        needed: u64,
        /// Pages in use.
        used: u64,
        /// `kernel.shmall`.
        limit: u64,
    },
    /// The object is larger than the kernel allows.
    #[error(
        "cannot create {subject}: its segment of {size} bytes is not between {min} (SHMMIN) and {max} (SHMMAX); raise \
         /proc/sys/kernel/shmmax, or make the type smaller"
    )]
    SizeLimit {
        /// Which object.
        subject: Box<Subject>,
        /// The size of the segment, in bytes.
        size: u64,
        /// The smallest that is allowed.
        min: u64,
        /// The largest that is allowed.
        max: u64,
    },
    /// The kernel has no memory for the segment.
    #[error("no memory to create {subject}: the machine's memory, or this control group's, is used up")]
    OutOfMemory {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The init closure failed. Nothing is left of the object.
    #[error("cannot create {subject}: its init closure failed: {source}")]
    Init {
        /// Which object.
        subject: Box<Subject>,
        /// What the closure returned.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Somebody removed the segment while it was being initialized.
    #[error("{subject} was removed while this process was initializing it (`ipcrm`, perhaps): create it again")]
    RemovedMeanwhile {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The init closure forked, and this is the child: the parent goes on with the object.
    #[error("the init closure of {subject} forked, and this is the child: the object is the parent's; attach to it")]
    ForkedInInit {
        /// Which object.
        subject: Box<Subject>,
    },
}

/// Attaching is of no use where it is certain to be refused.
fn instead_of_create(subject: &Subject, same_layout: bool) -> String {
    if same_layout {
        return "with the layout of this program; use `attach`, `attach_or_create` or `replace`".into();
    }
    format!(
        "with another layout than this program's: rebuild the older program, or start over with `store.replace{}`",
        subject.turbofish()
    )
}

impl From<RemoveError> for CreateError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Existing(error) => Self::Existing(error),
            error => Self::NotReplaceable(error),
        }
    }
}

impl From<OpenError> for CreateError {
    fn from(error: OpenError) -> Self {
        Self::Existing(error.into())
    }
}
