//! What can go wrong with the segment at an object's key: finding it, judging it, attaching it.

use std::fmt;
use std::time::Duration;

use nix::errno::Errno;

use super::subject::{AnchorClaim, SegmentOwner, Subject, after, if_refused};
use super::{LayoutMismatch, OpenError};

/// Why an object cannot be attached.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The anchor itself cannot be used.
    #[error(transparent)]
    Anchor(#[from] OpenError),
    /// There is no such object.
    #[error(
        "{subject} does not exist{}. Is its creator running, as which user, and in the same IPC namespace? We are uid \
         {uid} in {ipc_namespace}. {}reate it with `attach_or_create`",
        after(.waited), if .waited.is_zero() { "Wait for it with `attach_timeout` or `attach_read_only_timeout`, or c" } else { "C" }
    )]
    NotFound {
        /// Which object.
        subject: Box<Subject>,
        /// How long we waited for it.
        waited: Duration,
        /// Our effective user.
        uid: u32,
        /// Our IPC namespace, as `/proc/self/ns/ipc` names it.
        ipc_namespace: String,
    },
    /// It exists, with another layout.
    #[error(transparent)]
    LayoutMismatch(Box<LayoutMismatch>),
    /// It was made by another version of shmstore.
    #[error(
        "{subject} has segment format {segment}, this program's shmstore reads format {ours}: rebuild the older program \
         with the newer shmstore, or stop its users and start over with `store.replace{}`", .subject.turbofish()
    )]
    FormatVersion {
        /// Which object.
        subject: Box<Subject>,
        /// The format of the segment.
        segment: u32,
        /// The format of this program.
        ours: u32,
    },
    /// A program with a newer shmstore uses it in a way that this program does not know.
    #[error(
        "{subject} uses features that this program does not know (flags {flags:#06x} in its header). It was not touched. \
         Update this program: build it with the newer shmstore that the object's other programs use. If no program uses \
         the object any more, `ipcrm -m {}` removes it", .segment.shmid
    )]
    NewerFormat {
        /// Which object.
        subject: Box<Subject>,
        /// The flags that this program does not know.
        flags: u32,
        /// The segment.
        segment: SegmentOwner,
    },
    /// The key is in use by a segment that no shmstore made. It has not been touched.
    #[error(
        "the key of {subject} belongs to a foreign {segment}: {why}. It was not touched. End the program that owns it \
         (`ipcs -m -p` names its processes), remove it with `ipcrm -m {}`, or use another path", .segment.shmid
    )]
    Foreign {
        /// Which object.
        subject: Box<Subject>,
        /// The foreign segment.
        segment: SegmentOwner,
        /// What shows that it is foreign.
        why: &'static str,
    },
    /// The key is in use by an object of another anchor. It has not been touched.
    #[error(
        "the key of {subject} is taken by another anchor's object: keys have only 24 bits of the path. Ours is {ours}, \
         the key's is {theirs}, {segment}. It was not touched; use another path, or `Store::named`, which chooses a \
         free key"
    )]
    Collision {
        /// Which object.
        subject: Box<Subject>,
        /// Our anchor.
        ours: Box<AnchorClaim>,
        /// The anchor that the segment names.
        theirs: Box<AnchorClaim>,
        /// The segment.
        segment: SegmentOwner,
    },
    /// The segment is of an anchor that was deleted and made again on the same inode, and it is still in use.
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
    /// The segment was created by, or belongs to, a user who is not trusted. Nothing in it was read.
    #[error(
        "refused {subject}: the segment at its key {} by uid {untrusted}; call Store::options().trust({untrusted}) to \
         accept it, or have it removed ({segment}). Nothing in it was read",
        if *.untrusted == .segment.creator { "was created" } else { "is owned" }
    )]
    Untrusted {
        /// Which object.
        subject: Box<Subject>,
        /// Creator or owner, whichever is not trusted.
        untrusted: u32,
        /// The segment.
        segment: SegmentOwner,
    },
    /// Its creator died half-way, and it cannot be cleaned up by us.
    #[error("{subject} was left half-made by a process that died, and cannot be cleaned up: {reason} ({segment})")]
    Abandoned {
        /// Which object.
        subject: Box<Subject>,
        /// The user who can remove it.
        owner: u32,
        /// Why we cannot.
        reason: AbandonedReason,
        /// The segment.
        segment: SegmentOwner,
    },
    /// Its creator is at work, and did not finish in time.
    #[error(
        "{subject} is still being initialized{}: its anchor is locked, so its creator is at work, or another \
         program has locked it (`lslocks` shows which; {segment}). Wait longer with `attach_timeout` or \
         Store::options().wait(…)", after(.waited)
    )]
    StillInitializing {
        /// Which object.
        subject: Box<Subject>,
        /// The segment.
        segment: SegmentOwner,
        /// How long we waited.
        waited: Duration,
    },
    /// The permissions of the segment do not let us do what was asked for.
    #[error(
        "permission denied for uid {uid} to {} {subject}: {segment}. {}",
        if *.to_write { "write" } else { "read" }, share(segment, *.uid, *.to_write, *.readable)
    )]
    AccessDenied {
        /// Which object.
        subject: Box<Subject>,
        /// Our effective user.
        uid: u32,
        /// The segment.
        segment: SegmentOwner,
        /// Whether it was to be attached for writing, or for reading only.
        to_write: bool,
        /// Whether we may read it.
        readable: bool,
    },
    /// The kernel cannot provide a page of the segment.
    #[error(
        "cannot read {subject}: the kernel cannot provide a page of {segment}. Its memory or swap space may have failed: \
         see `dmesg`. If the object is lost, remove it with `ipcrm -m {}`", .segment.shmid
    )]
    Unreadable {
        /// Which object.
        subject: Box<Subject>,
        /// The segment.
        segment: SegmentOwner,
    },
    /// A field of the header, or the schema, cannot be what a creator wrote.
    #[error(
        "{subject} is damaged: `{field}` of its header is {found}. If no process uses it, start over with \
         `store.replace{}`", .subject.turbofish()
    )]
    Corrupt {
        /// Which object.
        subject: Box<Subject>,
        /// The field.
        field: &'static str,
        /// What was found there.
        found: String,
    },
    /// As many processes as the object was made for have attached to it.
    #[error(
        "{subject} is full: it was made for {capacity} processes, and that many have attached and may be running. End \
         some, or make it for more with Store::options().max_processes(…); to look at it, `attach_read_only` needs no place"
    )]
    ParticipantsFull {
        /// Which object.
        subject: Box<Subject>,
        /// How many processes it was made for.
        capacity: u32,
    },
    /// Two living processes drew the same random token: about one in 500 million.
    #[error("another process (pid {pid}) in {subject} has this process's random token by chance: start this one again")]
    TokenCollision {
        /// Which object.
        subject: Box<Subject>,
        /// The other process.
        pid: u32,
    },
    /// An init closure that asked for the object it was initializing, and would wait for itself.
    #[error(
        "{subject} is being initialized by this very thread: an init closure cannot attach, create or remove its own \
         object; use the reference it is given"
    )]
    WouldDeadlock {
        /// Which object.
        subject: Box<Subject>,
    },
    /// A type-id-char that is not printable ASCII.
    #[error("{id:?} cannot be a type-id-char: it must be printable ASCII, ' ' to '~'")]
    BadId {
        /// The char.
        id: char,
    },
    /// The kernel has no memory for the mapping.
    #[error(
        "no memory to attach {subject}: the address space of this process, its limit on locked memory (`ulimit -v`, \
         `ulimit -l`) or the kernel's memory is used up"
    )]
    OutOfMemory {
        /// Which object.
        subject: Box<Subject>,
    },
    /// The system refused for another reason.
    #[error("cannot {attempted} {subject}: {}{}", .errno.desc(), if_refused(*.errno))]
    System {
        /// What was attempted.
        attempted: &'static str,
        /// On which object.
        subject: Box<Subject>,
        /// What the kernel said.
        errno: Errno,
    },
}

/// What can be done about missing permission.
fn share(segment: &SegmentOwner, uid: u32, to_write: bool, readable: bool) -> String {
    if [segment.owner, segment.creator].contains(&uid) {
        return format!(
            "The segment is this user's own, but its mode does not let its owner {} it, and no object is made so. \
             If no program needs it, remove it with `ipcrm -m {}`",
            if to_write { "write" } else { "read" },
            segment.shmid
        );
    }
    let (verb, bits) = if to_write { ("write", 0o060) } else { ("read", 0o040) };
    if segment.mode & bits == bits {
        return format!(
            "Group {} may {verb} it, and this process is not in that group: start it as a user of the group (`id` shows the \
             groups), or have the object made at an anchor of another group, as a new object takes its anchor's group",
            segment.group
        );
    }
    let cure = match (to_write, readable) {
        (true, true) => {
            "Reading is permitted: `attach_read_only` attaches it. For writing, its creator can share it by making the \
             store with Store::options().mode(0o660), for the anchor's group, or 0o666, before the object: one that exists keeps its mode"
        }
        (true, false) => {
            "Its creator can share it by making the store with Store::options().mode(0o660), for the anchor's group, or 0o666; \
             with 0o640 or 0o644 it can be read, by `attach_read_only`. An object that exists keeps its mode: `replace` it"
        }
        (false, _) => {
            "It may not even be read. Its creator can let others read it by making the store with \
             Store::options().mode(0o640), for the anchor's group, or 0o644, for everybody, before the object: one that exists keeps its mode"
        }
    };
    cure.into()
}

/// Why a half-made object cannot be cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbandonedReason {
    /// Others have it attached, so it may not be as dead as it looks.
    Attached {
        /// How many attachments there are besides ours.
        others: u64,
    },
    /// Nothing is written in it, so that only its age tells it from one that somebody is about to write in.
    TooYoung {
        /// How old it must be to be taken for abandoned.
        min_age: Duration,
    },
    /// Only its owner, its creator or root may remove it.
    NotPermitted {
        /// The user who can.
        owner: u32,
        /// Our effective user.
        uid: u32,
    },
}

impl fmt::Display for AbandonedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached { others } => {
                write!(
                    f,
                    "{others} attachments besides ours still use it; end those processes (`ipcs -m -p` names them)"
                )
            }
            Self::TooYoung { min_age } => {
                write!(
                    f,
                    "nothing is written in it, and it is left alone until it is {min_age:?} old; try again then, or wait \
                     longer with Store::options().wait(…)"
                )
            }
            Self::NotPermitted { owner, uid } => {
                write!(f, "only uid {owner} or root may remove it, and we are uid {uid}; run this as one of them once")
            }
        }
    }
}
