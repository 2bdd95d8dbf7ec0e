//! Errors of creating an object.

use std::error::Error;
use std::path::PathBuf;

use super::subject::{Creator, Subject};
use super::{AttachError, OpenError, RemoveError, SchemaError};

/// Why an object cannot be created.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The segment at the object's key cannot be used or attached, or the anchor cannot be used.
    #[error(transparent)]
    Existing(#[from] AttachError),
    /// This process may not remove the object that it was to replace.
    #[error(transparent)]
    NotReplaceable(RemoveError),
    /// The object exists already.
    #[error("{subject} exists already: {creator}, {}", instead_of_create(subject, *.same_layout))]
    AlreadyExists {
        /// Which object.
        subject: Box<Subject>,
        /// Which process made it.
        creator: Creator,
        /// True if its layout is this program's.
        same_layout: bool,
    },
    /// A process of another IPC namespace uses the path. Neither process would ever see the other's object.
    #[error(
        "cannot create {subject}: a process of another IPC namespace (ipc:[{theirs}]) uses {}, and this process is in \
         ipc:[{ours}]. Each namespace would have an object of its own here, which processes of the other never see. \
         Run both in one IPC namespace (`--ipc=host` or `--ipc=container:…` for containers), or use another path. If \
         each namespace is to have its own object, call Store::options().per_ipc_namespace(true)", .used.display()
    )]
    OtherIpcNamespace {
        /// Which object.
        subject: Box<Subject>,
        /// The file or directory that the other process uses: the anchor, or the directory of its name.
        used: PathBuf,
        /// The IPC namespace of this process, by its number.
        ours: u32,
        /// The other IPC namespace.
        theirs: u32,
    },
    /// The object was to be replaced only if no process uses it, but it is in use. It is unchanged.
    #[error(
        "{subject} was not replaced: it is attached {}, and processes that have it attached would keep the old object. \
         End these processes first",
        if *.attached == 1 { "once".into() } else { format!("{attached} times") }
    )]
    InUse {
        /// Which object.
        subject: Box<Subject>,
        /// How many times it is attached, in all processes.
        attached: u64,
    },
    /// The old object was removed to be replaced, and the new one could not be made.
    #[error("{subject} no longer exists: it was removed to be replaced, and the new one could not be made: {cause}")]
    Lost {
        /// Which object.
        subject: Box<Subject>,
        /// Why.
        cause: Box<CreateError>,
    },
    /// The layout that the object was to have is that of no type. A program could never attach it by its type.
    #[error("cannot create {subject}, because no type has its layout: {cause}")]
    NoType {
        /// Which object.
        subject: Box<Subject>,
        /// What no type has.
        cause: SchemaError,
    },
    /// The kernel's limit on the number of segments is reached. This is not a full disk.
    #[error(
        "cannot create {subject}: no more than {limit} shared-memory segments may exist (SHMMNI); {ours} are \
         shmstore's, and no process has {unattached} of these attached. Remove unused ones (`ipcs -m` lists them), or \
         raise /proc/sys/kernel/shmmni"
    )]
    SegmentLimit {
        /// Which object.
        subject: Box<Subject>,
        /// `kernel.shmmni`.
        limit: u64,
        /// How many segments look like shmstore's.
        ours: u64,
        /// How many of those no process has attached.
        unattached: u64,
    },
    /// The kernel's limit on the memory of all segments is reached. This is not a full disk.
    #[error(
        "cannot create {subject}: it needs {needed} pages of shared memory, but {used} of {limit} are in use (SHMALL). \
         Remove unused segments (`ipcs -m` lists them), or raise /proc/sys/kernel/shmall"
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
    #[error(
        "no memory to create {subject}, which takes {size} bytes: the memory of the machine, or of this control group, \
         is used up or too small. Free memory, raise the group's limit, or make the object smaller"
    )]
    OutOfMemory {
        /// Which object.
        subject: Box<Subject>,
        /// The size of the segment, in bytes.
        size: u64,
    },
    /// The init closure returned an error. Nothing is left of the object.
    #[error("cannot create {subject}: its init closure failed: {cause}")]
    Init {
        /// Which object.
        subject: Box<Subject>,
        /// The error of the closure.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Another process removed the segment while it was being initialized.
    #[error("{subject} was removed while this process was initializing it (`ipcrm`, perhaps): create it again")]
    RemovedMeanwhile {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The init closure forked, and this is the child process. The parent process creates the object.
    #[error(
        "the init closure of {subject} forked, and this process is the child: attach to the object that the parent \
         creates"
    )]
    ForkedInInit {
        /// Which object.
        subject: Box<Subject>,
    },
}

/// The cure. It names attaching only if the layouts are the same.
fn instead_of_create(subject: &Subject, same_layout: bool) -> String {
    if same_layout {
        return "with the layout of this program; use `attach`, `attach_or_create` or `replace`".into();
    }
    format!(
        "with another layout than this program's: run a build with the object's struct, or start over without its \
         values, with `store.replace{}`",
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
