//! How a store is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::errno::Errno;

use super::directory::{directory_mode, make_directory};
use super::open::{Inner, Store};
use crate::error::OpenError;
use crate::segment::anchor::Anchor;
use crate::segment::header::MAX_PARTICIPANTS;
use crate::store::{Patience, Policy};

const DEFAULT_MODE: u32 = 0o600;
const DEFAULT_WAIT: Duration = Duration::from_secs(5);
const DEFAULT_MAX_PROCESSES: u32 = 128;

/// The permission bits that mean something for a segment: reading and writing.
const MODE_BITS: u32 = 0o666;

/// Options for opening a [`Store`]: see [`Store::options`].
///
/// ```
/// # let dir = tempfile::tempdir()?; let path = dir.path().join("shared");
/// use std::time::Duration;
/// let store = shmstore::Store::options()
///     .mode(0o660)
///     .wait(Duration::from_secs(1))
///     .max_processes(16)
///     .open_or_create(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "options do nothing until `open` or `open_or_create` is called"]
pub struct StoreOptions {
    policy: Policy,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let policy = Policy {
            mode: DEFAULT_MODE,
            wait: DEFAULT_WAIT,
            trusted: Vec::new(),
            max_processes: DEFAULT_MAX_PROCESSES,
            per_ipc_namespace: false,
        };
        Self { policy }
    }
}

impl StoreOptions {
    /// The permission bits of objects and anchors that this store makes: 0600 if not set. Reading and writing only
    /// (0o666); a directory gets the search bit wherever it gets the reading one.
    ///
    /// # Groups
    ///
    /// An object that a group may use belongs to the group of its anchor, and the file of a new name to the group of its
    /// directory. So the users of a group share by a directory of the group, such as `root:team` with mode 2770: each
    /// process opens it with `mode(0o660)`, and [trusts](Self::trust) the other users. The kernel lets the creator's
    /// primary group use such an object, too.
    ///
    /// # Root
    ///
    /// What root makes at an anchor of another user, it makes for that user: objects and names belong to the owner and
    /// the group of the anchor. A directory that root makes is root's.
    pub fn mode(mut self, mode: u32) -> Self {
        self.policy.mode = mode;
        self
    }

    /// How long to wait for other processes that are creating or removing, and, having the lock, for others to let go of
    /// what the dead have left: 5 s each if not set.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.policy.wait = wait;
        self
    }

    /// Accepts objects and anchors that the user `uid` made, besides those of this user and of root. Call it once
    /// for each user.
    pub fn trust(mut self, uid: u32) -> Self {
        self.policy.trusted.push(uid);
        self
    }

    /// How many processes can be attached for writing to an object that this store creates: 128 if not set, at most
    /// 65,536. Each costs 32 bytes.
    pub fn max_processes(mut self, max_processes: u32) -> Self {
        self.policy.max_processes = max_processes;
        self
    }

    /// Lets each IPC namespace have objects of its own at this path. Off if not set.
    ///
    /// A container often has an IPC namespace of its own. Processes of two namespaces can share a directory, but never an object. So a creator is
    /// refused with [`CreateError::OtherIpcNamespace`](crate::CreateError::OtherIpcNamespace) if it finds a process of another namespace that
    /// uses objects of this path: each of the two would store where the other does not look. With this option it creates its own object all
    /// the same. The programs of every namespace need it.
    ///
    /// # Details
    ///
    /// Found are processes that live and have attached an object for writing since they started. Readers are not found, nor are processes that
    /// could not lock a byte on the anchor or its directory, such as those that may not read it.
    pub fn per_ipc_namespace(mut self, per_ipc_namespace: bool) -> Self {
        self.policy.per_ipc_namespace = per_ipc_namespace;
        self
    }

    /// Opens the store at an existing directory or file.
    ///
    /// # Errors
    ///
    /// As [`Store::open`]; [`OpenError::BadOption`] if an option is out of range.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Store, OpenError> {
        self.open_timeout(path, Duration::ZERO)
    }

    /// Opens the store at a path, waiting up to `timeout` until something is there.
    ///
    /// # Errors
    ///
    /// As [`Store::open_timeout`].
    pub fn open_timeout(&self, path: impl AsRef<Path>, timeout: Duration) -> Result<Store, OpenError> {
        let path = absolute(path.as_ref())?;
        self.check(&path)?;
        let anchor = Patience::new(timeout).wait_for_anchor(|| self.open_anchor(&path))?;
        Ok(Store::new(path, anchor, self.policy.clone(), None))
    }

    /// Opens the store at a path; if nothing is there, makes a directory, and those above it. The last one has this
    /// store's mode with search bits added, the others what the umask leaves.
    ///
    /// # Errors
    ///
    /// As [`Store::open_or_create`].
    pub fn open_or_create(&self, path: impl AsRef<Path>) -> Result<Store, OpenError> {
        let path = absolute(path.as_ref())?;
        self.check(&path)?;
        let anchor = match self.open_made(&path) {
            Err(OpenError::NotFound { .. }) => {
                make_directory(&path, directory_mode(self.policy.mode))?;
                self.open_made(&path)?
            }
            opened => opened?,
        };
        Ok(Store::new(path, anchor, self.policy.clone(), None))
    }

    /// Opens an anchor. A directory that another user is just making is closed to everybody else until it has its mode, which takes a
    /// moment.
    fn open_made(&self, path: &Path) -> Result<Anchor, OpenError> {
        const MOMENT: Duration = Duration::from_millis(100);
        let mut maker = Patience::new(MOMENT);
        loop {
            match self.open_anchor(path) {
                Err(OpenError::AccessDenied { .. }) if maker.pause() => {}
                opened => return opened,
            }
        }
    }

    fn open_anchor(&self, path: &Path) -> Result<Anchor, OpenError> {
        Anchor::open(path, |owner| self.policy.trusts(owner))
    }

    fn check(&self, path: &Path) -> Result<(), OpenError> {
        let Policy { mode, max_processes, .. } = &self.policy;
        let bad =
            |option, value: String, allowed| Err(OpenError::BadOption { path: path.into(), option, value, allowed });
        if mode & !MODE_BITS != 0 || mode & 0o600 != 0o600 {
            return bad("mode", format!("{mode:#o}"), "0o600 with any of 0o066");
        }
        if !(1..=MAX_PARTICIPANTS).contains(max_processes) {
            return bad("max_processes", max_processes.to_string(), "1 to 65,536");
        }
        Ok(())
    }
}

fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    let bad = |reason| Err(OpenError::BadPath { path: path.into(), reason });
    if path.as_os_str().is_empty() {
        return bad("it is empty");
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return bad("it contains a zero byte");
    }
    std::path::absolute(path).map_err(|error| OpenError::System {
        attempted: "make absolute the path",
        path: path.into(),
        errno: errno_of(&error),
    })
}

pub(super) fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

/// Something about an anchor that is allowed, but unwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// More users can read the anchor than can use the objects: any of them can hold its lock, which stalls creation
    /// and removal.
    AnchorMoreReadable {
        /// The anchor.
        path: PathBuf,
        /// Its permission bits.
        anchor_mode: u32,
        /// The permission bits of the store's objects.
        object_mode: u32,
        /// The permission bits that would do for the anchor.
        fit_mode: u32,
    },
    /// The anchor is a file with other names in its file system: each of them is a name of the same objects.
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
                    "the anchor {0} is a file with {links} names, each of which leads to the same objects; `find -samefile {0}` \
                     finds the others, of which one may have been meant for objects of its own",
                    path.display()
                );
            }
        };
        write!(
            f,
            "the anchor {0} (mode {anchor_mode:04o}) can be read by users who cannot use the objects that this store makes (mode \
             {object_mode:04o}): they can hold its lock, and so stall creation and removal; `chmod {fit_mode:03o} {0}`, or \
             open the store with another mode",
            path.display()
        )
    }
}

impl Store {
    pub(super) fn new(path: PathBuf, anchor: Anchor, policy: Policy, name: Option<String>) -> Self {
        let (anchor_mode, object_mode) = (anchor.mode(), policy.mode);
        let fit_mode = if anchor.stat.is_dir() { directory_mode(object_mode) } else { object_mode };
        let more_readable = anchor_mode & 0o044 & !object_mode != 0;
        let warning = || Warning::AnchorMoreReadable { path: path.clone(), anchor_mode, object_mode, fit_mode };
        let mut warnings: Vec<_> = more_readable.then(warning).into_iter().collect();
        if anchor.stat.is_file() && anchor.stat.links > 1 {
            warnings.push(Warning::HardLinked { path: path.clone(), links: anchor.stat.links });
        }
        Self {
            inner: Arc::new(Inner { path: path.into(), real_path: OnceLock::new(), anchor, policy, name, warnings }),
        }
    }
}
