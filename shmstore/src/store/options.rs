//! Options for opening a store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::errno::Errno;

use super::directory::{directory_mode, make_directory};
use super::open::{Inner, Location, Store};
use crate::error::{OpenError, Warning};
use crate::segment::anchor::Anchor;
use crate::segment::header::MAX_PARTICIPANTS;
use crate::store::{Deadline, Policy};

const DEFAULT_MODE: u32 = 0o600;
const DEFAULT_WAIT: Duration = Duration::from_secs(5);
const DEFAULT_MAX_PROCESSES: u32 = 128;

/// The permission bits that a segment uses: reading and writing.
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
            grows: true,
        };
        Self { policy }
    }
}

impl StoreOptions {
    /// Sets the permission bits of objects and anchors that this store makes. The default is 0600. Only bits for
    /// reading and writing (0o666) are allowed. A directory gets a search bit with each bit for reading.
    ///
    /// # Groups
    ///
    /// An object that a group may use belongs to the group of its anchor, and the file of a new name to the group of
    /// its directory. So the users of a group share objects in a directory of the group, such as `root:team` with mode
    /// 2770. Each process opens it with `mode(0o660)`, and [trusts](Self::trust) the other users. The kernel lets the
    /// creator's primary group use such an object, too.
    ///
    /// # Root
    ///
    /// Objects and names that root makes at an anchor of another user belong to the owner and the group of the anchor.
    /// A directory that root makes belongs to root.
    pub fn mode(mut self, mode: u32) -> Self {
        self.policy.mode = mode;
        self
    }

    /// Sets how long to wait for other processes that create, extend, migrate, replace or remove objects, and then,
    /// with the lock, for other processes to detach from the object that a dead process left. The default is 5 s for
    /// each.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.policy.wait = wait;
        self
    }

    /// Trusts the user `uid`, besides this user and root: objects and anchors that it made are accepted. Call it once
    /// for each user.
    pub fn trust(mut self, uid: u32) -> Self {
        self.policy.trusted.push(uid);
        self
    }

    /// Sets how many processes can attach for writing to an object that this store creates, at most 65,536. The default
    /// is 128. Each slot takes 32 bytes.
    pub fn max_processes(mut self, max_processes: u32) -> Self {
        self.policy.max_processes = max_processes;
        self
    }

    /// Sets whether this process extends objects. The default is `true`.
    ///
    /// If this program's type has more fields than an object with [room](macro@crate::ShmObject#room), attaching
    /// extends the object. All programs keep the new fields, and no call takes them back. With `false`, attaching
    /// returns [`AttachError::Shorter`](crate::AttachError::Shorter), and `attach_timeout` waits for another process to
    /// extend the object. Debugging tools and test builds should not leave fields in the object of a running system.
    pub fn grows(mut self, grows: bool) -> Self {
        self.policy.grows = grows;
        self
    }

    /// Lets each IPC namespace have objects of its own at this path. The default is `false`.
    ///
    /// A container often has an IPC namespace of its own. Processes of two namespaces can share a directory, but not an
    /// object. So a creator is refused with [`CreateError::OtherIpcNamespace`](crate::CreateError::OtherIpcNamespace)
    /// if it finds a process of another namespace that uses objects of this path: neither process would see the other's
    /// object. With this option the creator makes its own object anyway. The programs of every namespace need the
    /// option.
    ///
    /// # Details
    ///
    /// The creator finds living processes that have attached an object for writing since they started. It does not find
    /// readers, nor processes that cannot lock a byte of the anchor or its directory, such as a process that may not
    /// read it.
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

    /// Opens the store at a path, and waits up to `timeout` for a directory or file to be there.
    ///
    /// # Errors
    ///
    /// As [`Store::open_timeout`].
    pub fn open_timeout(&self, path: impl AsRef<Path>, timeout: Duration) -> Result<Store, OpenError> {
        let path = absolute(path.as_ref())?;
        self.check(&path)?;
        let anchor = Deadline::new(timeout).wait_for_anchor(|| self.open_anchor(&path))?;
        Ok(Store::new(path, anchor, self.policy.clone(), None))
    }

    /// Opens the store at a path. If there is no file, makes a directory, and the directories above it. The last
    /// directory has this store's mode with search bits added, the directories above it have their mode from the umask.
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

    /// Opens an anchor. A directory that another user makes is closed to other users for a moment, until it has its
    /// mode.
    fn open_made(&self, path: &Path) -> Result<Anchor, OpenError> {
        const MOMENT: Duration = Duration::from_millis(100);
        let mut deadline = Deadline::new(MOMENT);
        loop {
            match self.open_anchor(path) {
                Err(OpenError::AccessDenied { .. }) if deadline.pause() => {}
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
        cause: error,
    })
}

pub(super) fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

impl Store {
    pub(super) fn new(path: PathBuf, anchor: Anchor, policy: Policy, name: Option<Arc<str>>) -> Self {
        let (anchor_mode, object_mode) = (anchor.mode(), policy.mode);
        let fit_mode = if anchor.stat.is_dir() { directory_mode(object_mode) } else { object_mode };
        let more_readable = anchor_mode & 0o044 & !object_mode != 0;
        let warning = || Warning::AnchorMoreReadable { path: path.clone(), anchor_mode, object_mode, fit_mode };
        let mut warnings: Vec<_> = more_readable.then(warning).into_iter().collect();
        if anchor.stat.is_file() && anchor.stat.links > 1 {
            warnings.push(Warning::HardLinked { path: path.clone(), links: anchor.stat.links });
        }
        let location = Location { path: path.into(), name };
        Self { inner: Arc::new(Inner { location, real_path: OnceLock::new(), anchor, policy, warnings }) }
    }
}
