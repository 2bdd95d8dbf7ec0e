//! Errors of the segment at an object's key: finding it, checking it, attaching it.

mod abandoned;
mod cures;

use std::io;
use std::time::Duration;

pub use abandoned::AbandonedReason;
use cures::{fields, give_room, instead_of_attach, kept_by, lack, share};

use super::subject::{AnchorClaim, Creator, SegmentOwner, Subject, after, if_refused};
use super::{CreateError, LayoutMismatch, OpenError};

/// Why an object cannot be attached.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The anchor itself cannot be used.
    #[error(transparent)]
    Anchor(#[from] OpenError),
    /// There is no such object.
    #[error(
        "{subject} does not exist{}. Its creator is not running, or it runs in another IPC namespace. This process is \
         uid {uid} in {ipc_namespace}. {}",
        after(.waited), instead_of_attach(.waited)
    )]
    NotFound {
        /// Which object.
        subject: Box<Subject>,
        /// How long this process waited for it.
        waited: Duration,
        /// The effective user of this process.
        uid: u32,
        /// The IPC namespace of this process, as `/proc/self/ns/ipc` names it.
        ipc_namespace: String,
    },
    /// The object exists with another layout.
    #[error(transparent)]
    LayoutMismatch(Box<LayoutMismatch>),
    /// This program's type has fields that the object does not have yet, and this process does not extend the object.
    #[error(
        "{subject} does not have the {} of this program's type yet. This process does not extend the object, because \
         {}. Start a program that attaches the object for writing with the same type, or wait longer for one with a \
         call that ends in `_timeout`",
        fields(.missing),
        if *.to_write { "its store has the option `grows(false)`" } else { "its handle is for reading only" }
    )]
    Shorter {
        /// Which object.
        subject: Box<Subject>,
        /// The names of the fields that are missing, in order.
        missing: Vec<String>,
        /// `true` if the object is attached as a [`Shared`](crate::Shared) one, and the store has the option
        /// `grows(false)`. `false` for a [`ReadOnly`](crate::ReadOnly) one, which never extends an object.
        to_write: bool,
    },
    /// This program's type has the object's fields and more, and the object cannot be extended by them.
    #[error(
        "{subject} cannot be extended by the new fields of this program's type: {}. The object was {creator}. {}",
        lack(*.room, *.needed, *.log_is_full), give_room(subject, *.type_room)
    )]
    NoRoom {
        /// Which object.
        subject: Box<Subject>,
        /// The room of the object, in bytes. 0 if it was made without room.
        room: u64,
        /// The size of this program's type, in bytes.
        needed: u64,
        /// The room of this program's type, in bytes. 0 if it has none.
        type_room: u64,
        /// `true` if there is room for the fields, but the object's layout log has no space for their description.
        log_is_full: bool,
        /// The process that made the object.
        creator: Creator,
    },
    /// A migration of the object was interrupted, and another object has taken its key. Both are left alone.
    ///
    /// Programs can attach that object, but not create, replace, remove, extend or migrate it.
    #[error(
        "a migration of {subject} was interrupted, and another program has created an object in its place \
         ({object}). The values of the migration are in its journal, {journal}. Nothing was touched. Save these values \
         with `shmstore save --interrupted PATH FILE`, then remove the journal with `shmstore rm --segment {}`",
        .journal.shmid
    )]
    MigrationConflict {
        /// Which object.
        subject: Box<Subject>,
        /// The segment of the object that stands at the key.
        object: SegmentOwner,
        /// The segment of the journal.
        journal: SegmentOwner,
    },
    /// A migration of the object was interrupted, and this process only reads. The values are in the journal.
    #[error(
        "a migration of {subject} was interrupted, and this process cannot finish it, because it attaches for reading \
         only. No value is lost ({journal}). Start a program that attaches the object for writing: that finishes the \
         migration"
    )]
    MigrationUnfinished {
        /// Which object.
        subject: Box<Subject>,
        /// The segment of the journal.
        journal: SegmentOwner,
    },
    /// A migration of the object was interrupted, and this process cannot finish it. The values are in the journal.
    #[error(
        "a migration of {subject} was interrupted, and this process cannot finish it: {cause}. No value is lost. \
         Remove the cause, and attach the object again: that finishes the migration"
    )]
    MigrationInterrupted {
        /// Which object.
        subject: Box<Subject>,
        /// Why the new object cannot be made.
        cause: Box<CreateError>,
    },
    /// A shmstore with another segment format made the object.
    #[error(
        "{subject} has segment format {segment}, but this program's shmstore reads format {ours}. Rebuild the older \
         program with the newer shmstore, or end the object's users and start over with \
         `store.replace{}`", .subject.turbofish()
    )]
    FormatVersion {
        /// Which object.
        subject: Box<Subject>,
        /// The format of the segment.
        segment: u32,
        /// The format of this program.
        ours: u32,
    },
    /// A program with a newer shmstore uses the object in a way that this program does not know.
    #[error(
        "{subject} uses features that this program does not know (flags {flags:#06x} in its header). It was not \
         touched. Update this program: build it with the newer shmstore that the object's other programs use. If no \
         program uses the object any more, `ipcrm -m {}` removes it", .segment.shmid
    )]
    NewerFormat {
        /// Which object.
        subject: Box<Subject>,
        /// The flags that this program does not know.
        flags: u32,
        /// The segment.
        segment: SegmentOwner,
    },
    /// A segment that no shmstore made has the key. It was not touched.
    #[error(
        "the key of {subject} belongs to a foreign {segment}: {why}. It was not touched. End the program that owns it \
         (`ipcs -m -p` names its processes), remove it with `ipcrm -m {}`, or use another path", .segment.shmid
    )]
    Foreign {
        /// Which object.
        subject: Box<Subject>,
        /// The foreign segment.
        segment: SegmentOwner,
        /// The reason why it is foreign.
        why: &'static str,
    },
    /// An object of another anchor has the key. It was not touched.
    #[error(
        "the key of {subject} is taken by another anchor's object, as a key has only 24 bits of the path. This store's \
         anchor is {ours}, the other is {theirs}, {segment}. It was not touched. Use another path, or \
         `Store::open_or_create_named`, which chooses a free key"
    )]
    Collision {
        /// Which object.
        subject: Box<Subject>,
        /// The anchor of this store.
        ours: Box<AnchorClaim>,
        /// The anchor that the segment names.
        theirs: Box<AnchorClaim>,
        /// The segment.
        segment: SegmentOwner,
    },
    /// The anchor was deleted and made again on the same inode, and the segment of the earlier one is still in use.
    #[error(
        "{subject} is left from an earlier file of this path, which was deleted and made again, and {attached} \
         attachments still use it: {segment}. End the processes that use it (`ipcs -m -p`), and try again"
    )]
    StaleAnchor {
        /// Which object.
        subject: Box<Subject>,
        /// The segment.
        segment: SegmentOwner,
        /// How many times it is attached.
        attached: u64,
    },
    /// The segment's creator or owner is not trusted. Nothing in it was read.
    #[error(
        "refused {subject}: the segment at its key {} by uid {untrusted}, which is not trusted. Nothing in it was \
         read. Call Store::options().trust({untrusted}) to accept it, or have it removed ({segment})",
        if *.untrusted == .segment.creator { "was created" } else { "is owned" }
    )]
    Untrusted {
        /// Which object.
        subject: Box<Subject>,
        /// The creator or owner that is not trusted.
        untrusted: u32,
        /// The segment.
        segment: SegmentOwner,
    },
    /// The object's creator died before the object was complete, and this process cannot clean it up.
    #[error("{subject} was left incomplete by a process that died, and cannot be cleaned up: {reason} ({segment})")]
    Abandoned {
        /// Which object.
        subject: Box<Subject>,
        /// The user that can remove it.
        owner: u32,
        /// Why this process cannot.
        reason: AbandonedReason,
        /// The segment.
        segment: SegmentOwner,
    },
    /// The object's creator, or the process that migrates it, did not finish in time.
    #[error(
        "{subject} is still being initialized or migrated{}: its anchor is locked by the process that does so, or by \
         another program (`lslocks` shows which; {segment}). Wait longer with `attach_timeout` or \
         Store::options().wait(…)", after(.waited)
    )]
    StillInitializing {
        /// Which object.
        subject: Box<Subject>,
        /// The segment.
        segment: SegmentOwner,
        /// How long this process waited.
        waited: Duration,
    },
    /// The permissions of the segment do not allow what was asked for.
    #[error(
        "permission denied for uid {uid} to {} {subject}: {segment}. {}",
        if *.to_write { "write" } else { "read" }, share(segment, *.uid, *.to_write, *.readable)
    )]
    AccessDenied {
        /// Which object.
        subject: Box<Subject>,
        /// The effective user of this process.
        uid: u32,
        /// The segment.
        segment: SegmentOwner,
        /// True if it was to be attached for writing.
        to_write: bool,
        /// True if this process may read it.
        readable: bool,
    },
    /// The kernel cannot provide a page of the segment.
    #[error(
        "cannot read {subject}: the kernel cannot provide a page of {segment}. Its memory or swap space may have \
         failed: see `dmesg`. If the object is lost, remove it with `ipcrm -m {}`", .segment.shmid
    )]
    Unreadable {
        /// Which object.
        subject: Box<Subject>,
        /// The segment.
        segment: SegmentOwner,
    },
    /// A field of the header, or the schema, is not what a creator writes.
    #[error(
        "{subject} is damaged: `{field}` of its header is {found}. If no process uses it, start over with \
         `store.replace{}`", .subject.turbofish()
    )]
    Corrupt {
        /// Which object.
        subject: Box<Subject>,
        /// The field.
        field: &'static str,
        /// The value of the field.
        found: String,
    },
    /// The object is a copy of another machine's, and another process owns it, or it is of another origin than was
    /// asked for.
    #[error(
        "{subject} is a copy of an object on `{origin}`{}. No other process may write to it here. To read it, use \
         `attach_view` or `attach_read_only`. To change it, change the object on `{origin}`",
        kept_by(.owner_pid)
    )]
    Mirrored {
        /// Which object.
        subject: Box<Subject>,
        /// The name of the machine with the original.
        origin: String,
        /// The process that owns the copy, as its own PID namespace numbers it; `None` if it is not known, or if no
        /// process owns the copy.
        owner_pid: Option<u32>,
    },
    /// The object is no copy of another machine's, so no process can own it.
    #[error(
        "{subject} is no copy of another machine's object: programs of this machine write it. It was not touched. Make \
         the copy at another path, or remove this object first with `shmstore rm`"
    )]
    NotMirrored {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The object has as many processes as it was made for.
    #[error(
        "{subject} is full: it was made for {capacity} processes, and that many have attached and may be running. End \
         some, or make it for more with Store::options().max_processes(…). For reading, `attach_read_only` needs no \
         slot"
    )]
    ParticipantsFull {
        /// Which object.
        subject: Box<Subject>,
        /// How many processes it was made for.
        capacity: u32,
    },
    /// Two living processes drew the same random token, which happens about once in 500 million times.
    #[error(
        "another process (pid {pid}) in {subject} has this process's random token by chance: start this process again"
    )]
    TokenCollision {
        /// Which object.
        subject: Box<Subject>,
        /// The other process.
        pid: u32,
    },
    /// An init closure asked for the object that it initializes, and would wait for itself.
    #[error(
        "{subject} is being initialized by this very thread, and an init closure cannot attach, create or remove its \
         own object: use the reference that the closure is given"
    )]
    WouldDeadlock {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The type-id-char is not printable ASCII.
    #[error("{id:?} cannot be a type-id-char: it must be printable ASCII, ' ' to '~'")]
    BadId {
        /// The char.
        id: char,
    },
    /// The kernel has no memory for the mapping.
    #[error(
        "no memory to attach {subject}: the address space of this process, its limit on locked memory (`ulimit -v`, \
         `ulimit -l`) or the kernel's memory is used up. Raise the limit, or free memory"
    )]
    OutOfMemory {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The system refused for another reason.
    #[error("cannot {attempted} {subject}: {cause}{}", if_refused(.cause))]
    System {
        /// The attempted operation.
        attempted: &'static str,
        /// On which object.
        subject: Box<Subject>,
        /// The kernel's error.
        cause: io::Error,
    },
}
