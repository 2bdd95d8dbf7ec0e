//! Errors of an anchor, which is the path that a store is opened on, and warnings about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::subject::{FileOwner, after, by, if_refused};

/// An error of opening a store, or of its anchor and names.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no file or directory at the path.
    #[error(
        "cannot open a store at {}: there is no such file or directory{}; {}",
        .path.display(), after(.waited), how_to_make(.path)
    )]
    NotFound {
        /// The path.
        path: PathBuf,
        /// How long this process waited for it.
        waited: Duration,
    },
    /// The path is a symbolic link to a file that does not exist.
    #[error(
        "cannot open a store at {}: it is a link to {}, which does not exist; create that file, or remove the link",
        .path.display(), .target.display()
    )]
    DanglingLink {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// This user may not read the path.
    #[error(
        "cannot open a store at {}: permission denied for uid {uid}{}; the anchor must be readable by every user of \
         the store, and each directory on the way searchable",
        .path.display(), by(.refused)
    )]
    AccessDenied {
        /// The path.
        path: PathBuf,
        /// The effective user of this process.
        uid: u32,
        /// The anchor, or the directory on the way that may not be searched; `None` if that cannot be told.
        refused: Option<Box<FileOwner>>,
    },
    /// This user may not make a directory or an anchor.
    #[error(
        "cannot make {}: permission denied for uid {uid}{}; the directory above it must be writable",
        .path.display(), by(.refused)
    )]
    NotWritable {
        /// The path to make.
        path: PathBuf,
        /// The effective user of this process.
        uid: u32,
        /// The directory above it, or one on the way that may not be searched; `None` if that cannot be told.
        refused: Option<Box<FileOwner>>,
    },
    /// A file stands where a directory was to be made.
    #[error(
        "cannot make {}: {} is not a directory; move it away, or use another path",
        .path.display(), .obstacle.display()
    )]
    InTheWay {
        /// The directory that was to be made.
        path: PathBuf,
        /// The obstacle: a file, or a link to a file that does not exist.
        obstacle: PathBuf,
    },
    /// The path cannot name a file on any machine.
    #[error("cannot open a store at {path:?}: {reason}; give the path of a directory, such as \"./rover\"")]
    BadPath {
        /// The path.
        path: PathBuf,
        /// The reason.
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
        /// Its kind.
        kind: &'static str,
    },
    /// Every user may write in the directory, such as `/tmp` itself.
    #[error(
        "cannot open a store at {}: every user may write there (mode {mode:04o}), and so could take its lock or \
         replace its objects; use a directory of your own below it, for example {}",
        .path.display(), .path.join("my-app").display()
    )]
    WorldWritable {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// File locks do not work on the file system.
    #[error(
        "cannot open a store at {}: file locks do not work there ({reason}); put the anchor on a local file system, \
         for example below /run or in $XDG_RUNTIME_DIR",
        .path.display()
    )]
    LocksUnsupported {
        /// The path.
        path: PathBuf,
        /// The observation.
        reason: String,
    },
    /// The name is empty, too long, or would leave the store's directory. Or the name was to be removed, and its file
    /// is not empty.
    #[error("{name:?} cannot name an object in {}: {reason}", .path.display())]
    BadName {
        /// The store's directory.
        path: PathBuf,
        /// The name.
        name: String,
        /// The reason.
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
    /// The anchor's owner is not trusted. An owner can put another file in the anchor's place, or into it.
    #[error(
        "refused the anchor {}: it belongs to uid {owner}, which is neither this user, root, nor trusted; remove it, \
         or accept it with Store::options().trust({owner})",
        .path.display()
    )]
    UntrustedAnchor {
        /// The anchor.
        path: PathBuf,
        /// The user it belongs to.
        owner: u32,
    },
    /// Every new file got an inode with a key that is taken.
    #[error(
        "cannot make the anchor {}: {tries} new files in a row had the key of an existing segment or anchor; remove \
         unused segments (`ipcs -m` lists them), or use another file system",
        .path.display()
    )]
    NoFreeKey {
        /// The anchor to be made.
        path: PathBuf,
        /// How many files were tried.
        tries: usize,
    },
    /// The name has objects, and so cannot be removed.
    #[error(
        "cannot remove the name {name:?} in {}: it has objects with the ids {ids:?}; remove these objects first",
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
        "the anchor {} stayed locked for {waited:?}: a process is creating, extending, migrating or removing an \
         object there, or was stopped in the middle, or another program has locked it (`flock`), as systemd-tmpfiles \
         does while it cleans up. `lslocks` shows which. Wait longer with Store::options().wait(…)",
        .path.display()
    )]
    Busy {
        /// The anchor.
        path: PathBuf,
        /// How long this process waited.
        waited: Duration,
    },
    /// An option is out of range.
    #[error("cannot open a store at {}: {option} is {value}, but must be {allowed}", .path.display())]
    BadOption {
        /// The path.
        path: PathBuf,
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// The values that it accepts.
        allowed: &'static str,
    },
    /// The system refused for another reason.
    #[error("cannot {attempted} {}: {cause}{}", .path.display(), if_refused(.cause))]
    System {
        /// The attempted operation.
        attempted: &'static str,
        /// On what.
        path: PathBuf,
        /// The kernel's error.
        cause: io::Error,
    },
}

/// How to make the anchor. The store of a directory makes the anchors of names.
fn how_to_make(path: &Path) -> String {
    let file = path.file_name().and_then(|file| file.to_str());
    match file.and_then(|file| file.strip_suffix(".shm")).filter(|name| !name.is_empty()) {
        Some(name) => {
            format!("make the name with `store.open_or_create_named({name:?})`, of the store on the directory")
        }
        None => "create it, or let `Store::open_or_create` make a directory".into(),
    }
}

/// A warning about an anchor: it is allowed, but unwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// More users can read the anchor than can use the objects. Any of them can hold the anchor's lock, which stalls
    /// creation and removal.
    AnchorMoreReadable {
        /// The anchor.
        path: PathBuf,
        /// Its permission bits.
        anchor_mode: u32,
        /// The permission bits of the store's objects.
        object_mode: u32,
        /// The permission bits that the anchor needs.
        fit_mode: u32,
    },
    /// The anchor is a file with several hard links in its file system. Each of them is a name of the same objects.
    HardLinked {
        /// The anchor.
        path: PathBuf,
        /// How many names it has.
        links: u32,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, anchor_mode, object_mode, fit_mode) = match self {
            Self::AnchorMoreReadable { path, anchor_mode, object_mode, fit_mode } => {
                (path, anchor_mode, object_mode, fit_mode)
            }
            Self::HardLinked { path, links } => {
                return write!(
                    f,
                    "the anchor {0} is a file with {links} names, each of which leads to the same objects; `find \
                     -samefile {0}` finds the other names. Give each set of objects a file of its own",
                    path.display()
                );
            }
        };
        write!(
            f,
            "the anchor {0} (mode {anchor_mode:04o}) can be read by users who cannot use the objects that this store \
             makes (mode {object_mode:04o}). These users can hold its lock, and so stall creation and removal. Run \
             `chmod {fit_mode:03o} {0}`, or open the store with another mode",
            path.display()
        )
    }
}
