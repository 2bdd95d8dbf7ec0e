//! What can go wrong with an anchor: the path a store is opened on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;

use super::subject::{FileOwner, after, by, if_refused};

/// Why a path cannot be the anchor of a store.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing is there.
    #[error(
        "cannot open a store at {}: there is no such file or directory{}; {}",
        .path.display(), after(.waited), how_to_make(.path)
    )]
    NotFound {
        /// The path.
        path: PathBuf,
        /// How long we waited for it.
        waited: Duration,
    },
    /// A symbolic link is there, to nothing.
    #[error(
        "cannot open a store at {}: it is a link to {}, which does not exist; create that, or remove the link",
        .path.display(), .target.display()
    )]
    DanglingLink {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The path may not be read.
    #[error(
        "cannot open a store at {}: permission denied for uid {uid}{}; the anchor must be readable by every user of the \
         store, and each directory on the way searchable",
        .path.display(), by(.refused)
    )]
    AccessDenied {
        /// The path.
        path: PathBuf,
        /// Our effective user.
        uid: u32,
        /// The anchor, or the directory on the way that may not be searched; `None` if that cannot be told.
        refused: Option<Box<FileOwner>>,
    },
    /// A directory or an anchor cannot be made.
    #[error(
        "cannot make {}: permission denied for uid {uid}{}; the directory above it must be writable",
        .path.display(), by(.refused)
    )]
    NotWritable {
        /// What was to be made.
        path: PathBuf,
        /// Our effective user.
        uid: u32,
        /// The directory above it, or one on the way that may not be searched; `None` if that cannot be told.
        refused: Option<Box<FileOwner>>,
    },
    /// Something that is no directory is in the way of a directory.
    #[error(
        "cannot make {}: {} is in the way, and is no directory; move it away, or use another path",
        .path.display(), .obstacle.display()
    )]
    InTheWay {
        /// The directory that was to be made.
        path: PathBuf,
        /// What is in its way: a file, or a link to nothing.
        obstacle: PathBuf,
    },
    /// A path that names no file, on any machine.
    #[error("cannot open a store at {path:?}: {reason}; give the path of a directory, such as \"./rover\"")]
    BadPath {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The path is neither a file nor a directory.
    #[error(
        "cannot open a store at {}: it is a {kind}; an anchor is a directory of its own (best) or a regular file",
        .path.display()
    )]
    NotAnAnchor {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        kind: &'static str,
    },
    /// A directory in which everybody may write, such as `/tmp` itself.
    #[error(
        "cannot open a store at {}: everybody may write there (mode {mode:04o}), so anybody could take its lock or \
         replace its objects; use a directory of your own below it, for example {}",
        .path.display(), .path.join("my-app").display()
    )]
    WorldWritable {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file system does not lock files so that all processes see it.
    #[error(
        "cannot open a store at {}: file locks do not work there ({reason}); put the anchor on a local file system, for \
         example below /tmp, /run or /dev/shm",
        .path.display()
    )]
    LocksUnsupported {
        /// The path.
        path: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// A name that is empty, too long, or would leave the store's directory; or to be forgotten, and has a file that is not empty.
    #[error("{name:?} cannot name an object in {}: {reason}", .path.display())]
    BadName {
        /// The store's directory.
        path: PathBuf,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Named objects need a store on a directory.
    #[error(
        "cannot name objects at {}: it is a file, and names need a directory; open the store on a directory",
        .path.display()
    )]
    NotADirectory {
        /// The store's anchor.
        path: PathBuf,
    },
    /// An anchor of a user who is not trusted: its owner can put another file in its place, or into it.
    #[error(
        "refused the anchor {}: it belongs to uid {owner}, who is neither this user, root, nor trusted; remove it, or \
         accept it with Store::options().trust({owner})",
        .path.display()
    )]
    UntrustedAnchor {
        /// The anchor.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// No new file got an inode whose key is free.
    #[error(
        "cannot make the anchor {}: {tries} new files in a row had the key of an existing segment or anchor; remove \
         what is unused (`ipcs -m` lists the segments), or use another file system",
        .path.display()
    )]
    NoFreeKey {
        /// The anchor to be made.
        path: PathBuf,
        /// How many files were tried.
        tries: usize,
    },
    /// An anchor that is still used cannot be forgotten.
    #[error(
        "cannot forget {name:?} in {}: it has objects with the ids {ids:?}; remove them first",
        .path.display()
    )]
    InUse {
        /// The store's directory.
        path: PathBuf,
        /// The name.
        name: String,
        /// The type-id-chars of its objects.
        ids: String,
    },
    /// Another process or thread kept the anchor locked.
    #[error(
        "the anchor {} stayed locked for {waited:?}: a process is creating or removing there, or is stopped at it, or \
         another program has locked it (`flock`), as systemd-tmpfiles does while it cleans up; `lslocks` shows which. Wait longer \
         with Store::options().wait(…)",
        .path.display()
    )]
    Busy {
        /// The anchor.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// An option that is out of range.
    #[error("cannot open a store at {}: {option} is {value}, but must be {allowed}", .path.display())]
    BadOption {
        /// The path.
        path: PathBuf,
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// The system refused for another reason.
    #[error("cannot {attempted} {}: {}{}", .path.display(), .errno.desc(), if_refused(*.errno))]
    System {
        /// What was attempted.
        attempted: &'static str,
        /// On what.
        path: PathBuf,
        /// What the kernel said.
        errno: Errno,
    },
}

/// How to make what a store is opened on: the anchor of a name is made by the store of its directory.
fn how_to_make(path: &Path) -> String {
    let file = path.file_name().and_then(|file| file.to_str());
    match file.and_then(|file| file.strip_suffix(".shm")).filter(|name| !name.is_empty()) {
        Some(name) => format!("make the name with `store.named({name:?})`, of the store on the directory"),
        None => "create it, or let `Store::open_or_create` make a directory".into(),
    }
}
