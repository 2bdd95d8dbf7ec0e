//! Named stores: many objects of one type under one directory. Each name has a file, which is the anchor of its store.
//!
//! A key has only 24 bits of its file, so a file is made, checked, and published only if its key is free. A rejected
//! file is kept open until one is accepted: once it is closed, its inode would come back at the next try.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::directory::Directory;
use super::new_name::Candidate;
use super::open::{Inner, Store};
use crate::error::OpenError;
use crate::layout::key::Key;
use crate::segment::anchor::{Anchor, open_failed, system};
use crate::segment::header::JOURNAL_BIT;
use crate::store::{AnchorLock, Deadline};
use crate::sys::failpoint::{self, Step};
use crate::sys::file::Inode;
use crate::sys::{file, shm};

/// The end of the names of anchors.
const SUFFIX: &str = ".shm";

/// The longest file name that Linux's file systems take.
const LONGEST_FILE_NAME: usize = 255;

/// How many new files are tried. With half of all keys taken, one in a trillion trillion calls fails.
const TRIES: usize = 80;

impl Store {
    /// Opens the store of a name in this store's directory, and makes the name's anchor if there is none: the file
    /// `<name>.shm`.
    ///
    /// The name is 1 to 251 bytes, without `/` and NUL, and does not start with `.`. Names are not nested: for
    /// `fx/eurusd`, open a store on a directory `fx`, or write `fx-eurusd`. The file is chosen so that its key is free
    /// of collisions with every segment and every other name that exists.
    ///
    /// A hard link to the file is a second name of the same objects, and [`warnings`](Self::warnings) has a warning for
    /// it.
    ///
    /// # Errors
    ///
    /// [`OpenError::BadName`], [`OpenError::NotADirectory`], [`OpenError::UntrustedAnchor`] if a user that is not
    /// trusted made the file, [`OpenError::Busy`] if the directory stayed locked.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// use shmstore::{AtomicValue, ShmValue, Store};
    /// use std::sync::atomic::Ordering::Relaxed;
    ///
    /// #[derive(Clone, Copy, ShmValue)]
    /// #[repr(transparent)]
    /// #[shm(id = 'P')]
    /// struct Price(f64);
    ///
    /// let store = Store::open(dir.path())?;
    /// let eurusd = store.open_or_create_named("eurusd")?.attach_or_create::<AtomicValue<Price>>()?;
    /// eurusd.store(Price(1.0842), Relaxed);
    /// assert_eq!(store.names()?, ["eurusd"]);
    /// # store.open_or_create_named("eurusd")?.remove::<AtomicValue<Price>>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_or_create_named(&self, name: &str) -> Result<Self, OpenError> {
        let path = self.path_of(name)?;
        let anchor = match self.open_anchor(&path) {
            Err(OpenError::NotFound { .. }) => self.make_named(name, &path)?,
            opened => opened?,
        };
        Ok(self.at_name(name, path, anchor))
    }

    /// Opens the store of a name if the name exists, for programs that make nothing.
    ///
    /// # Errors
    ///
    /// As [`open_or_create_named`](Self::open_or_create_named); [`OpenError::NotFound`] if there is no such name.
    pub fn open_named(&self, name: &str) -> Result<Self, OpenError> {
        let path = self.path_of(name)?;
        let anchor = self.open_anchor(&path)?;
        Ok(self.at_name(name, path, anchor))
    }

    /// Lists the names in this store's directory, in alphabetical order. Names of other users are included.
    ///
    /// # Errors
    ///
    /// [`OpenError::NotADirectory`], or [`OpenError::AccessDenied`] if the directory may not be read.
    pub fn names(&self) -> Result<Vec<String>, OpenError> {
        let mut names = Vec::new();
        self.for_each_name(|name, _| names.push(name.to_owned()))?;
        names.sort_unstable();
        Ok(names)
    }

    fn for_each_name(&self, mut visit: impl FnMut(&str, &DirEntry)) -> Result<(), OpenError> {
        let path = &self.inner.location.path;
        self.check_is_directory()?;
        let refused = |error: std::io::Error| open_failed(path, super::options::errno_of(&error));
        for entry in fs::read_dir(path).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let found = entry.file_name();
            let name = found.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            if let Some(name) = name.filter(|name| bad_name(name).is_none()) {
                visit(name, &entry);
            }
        }
        Ok(())
    }

    /// Removes a name, which is its anchor. Returns `true` if there was one.
    ///
    /// [`open_or_create_named`](Self::open_or_create_named) makes it again.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] if the name has objects: remove them first. [`OpenError::BadName`] if the file is not
    /// empty, as no store writes in it. [`OpenError::System`] with `ESTALE` if another file takes its place during the
    /// call.
    pub fn remove_name(&self, name: &str) -> Result<bool, OpenError> {
        let path = self.path_of(name)?;
        let file_name = file_name(name);
        // Under the directory's lock names are made and removed one at a time, so the file stays during the checks.
        let directory = Directory::lock(self)?;
        let anchor = match self.open_anchor_in(&directory, &file_name, &path) {
            Err(OpenError::NotFound { .. }) => return Ok(false),
            opened => opened?,
        };
        let Inner { location, policy, .. } = &*self.inner;
        let parent = || location.path.to_path_buf();
        let deadline = &mut Deadline::new(policy.wait);
        let lock = AnchorLock::acquire(&path, &anchor, |owner| policy.trusts(owner), deadline)?;
        let replaced = || system("remove the name of a file that was just replaced,", &path)(Errno::ESTALE);
        // The lock is taken by path, which may lead to another file since.
        if !lock.anchor().stat.is_same_file(&anchor.stat) {
            return Err(replaced());
        }
        let bits = anchor.identity().key(0).anchor_bits();
        let ids: String = segment_keys(&path)?
            .filter(|key| key.anchor_bits() == bits)
            .map(|key| char::from(key.id_byte() & !JOURNAL_BIT))
            .collect();
        if !ids.is_empty() {
            return Err(OpenError::InUse { path: parent(), name: name.into(), ids });
        }
        failpoint::reach(Step::NameToBeRemoved);
        // The last check, as no system call removes a file only if it is a certain one.
        let now = file::stat_in(directory.fd(), &file_name).map_err(|errno| open_failed(&path, errno))?;
        if !now.is_same_file(&anchor.stat) {
            return Err(replaced());
        }
        if now.size > 0 {
            let reason = "its file is not empty, and the data in it would be lost";
            return Err(OpenError::BadName { path: parent(), name: name.into(), reason });
        }
        file::remove_in(directory.fd(), &file_name).map_err(|errno| open_failed(&path, errno))?;
        Ok(true)
    }

    fn at_name(&self, name: &str, path: PathBuf, anchor: Anchor) -> Self {
        Self::new(path, anchor, self.inner.policy.clone(), Some(name.into()))
    }

    fn path_of(&self, name: &str) -> Result<PathBuf, OpenError> {
        let path = &self.inner.location.path;
        if let Some(reason) = bad_name(name) {
            return Err(OpenError::BadName { path: path.to_path_buf(), name: name.into(), reason });
        }
        self.check_is_directory()?;
        Ok(path.join(file_name(name)))
    }

    fn check_is_directory(&self) -> Result<(), OpenError> {
        if self.inner.anchor.stat.is_dir() {
            Ok(())
        } else {
            Err(OpenError::NotADirectory { path: self.path().to_path_buf() })
        }
    }

    fn open_anchor(&self, path: &Path) -> Result<Anchor, OpenError> {
        Anchor::open_named(path, Some(&self.inner.anchor), |owner| self.inner.policy.trusts(owner))
    }

    /// As `open_anchor`, relative to the directory that is held.
    fn open_anchor_in(&self, directory: &Directory, file_name: &Path, path: &Path) -> Result<Anchor, OpenError> {
        let trusts = |owner| self.inner.policy.trusts(owner);
        Anchor::open_named_in(directory.fd(), file_name, path, Some(directory.anchor()), trusts)
    }

    /// Makes the anchor of a new name, unless another process is faster.
    fn make_named(&self, name: &str, path: &Path) -> Result<Anchor, OpenError> {
        let file_name = file_name(name);
        let directory = Directory::lock(self)?;
        match self.open_anchor_in(&directory, &file_name, path) {
            Err(OpenError::NotFound { .. }) => {}
            opened => return opened,
        }
        let taken = self.bits_of_names()?;
        let (mut rejected, mut nameless) = (Vec::new(), true);
        while rejected.len() < TRIES {
            let candidate = Candidate::make(&directory, path, nameless)?;
            failpoint::reach(Step::NameCandidate);
            let bits = candidate.anchor_bits()?;
            if taken.contains(&bits) || has_segment(&self.inner.location.path, bits)? {
                rejected.push(candidate);
                continue;
            }
            if !candidate.publish(&file_name, path, self.inner.policy.mode)? {
                nameless = false;
                continue;
            }
            failpoint::reach(Step::NamePublished);
            // A temporary name is removed first.
            drop(candidate);
            return self.open_anchor_in(&directory, &file_name, path);
        }
        Err(OpenError::NoFreeKey { path: path.into(), tries: TRIES })
    }

    /// The low 24 key bits of this directory and of every name in it.
    fn bits_of_names(&self) -> Result<HashSet<u32>, OpenError> {
        let Inner { location, anchor, .. } = &*self.inner;
        let mut taken = HashSet::from([anchor.identity().key(0).anchor_bits()]);
        self.for_each_name(|name, entry| {
            let Inode { dev, ino } = if anchor.is_plain {
                // A system call for each of thousands of files takes long.
                Inode { dev: anchor.stat.dev, ino: entry.ino() }
            } else {
                // A name that was removed meanwhile takes no key.
                let Ok(stat) = file::stat_path(&location.path.join(file_name(name))) else { return };
                stat.inode()
            };
            taken.insert(Key::new(dev, ino, 0).anchor_bits());
        })?;
        Ok(taken)
    }
}

/// Returns `true` if a segment has any of the keys of an anchor's objects. Asks for each key, as there may be many more
/// segments than ids.
fn has_segment(path: &Path, anchor_bits: u32) -> Result<bool, OpenError> {
    let refused = system("look (`shmget`) for the segments of a new file in", path);
    for id in b' '..=b'~' {
        let key = Key::from_raw((anchor_bits | u32::from(id) << 24) as i32);
        if shm::find(key).map_err(&refused)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn segment_keys(path: &Path) -> Result<impl Iterator<Item = Key>, OpenError> {
    let table = shm::table().map_err(system("list (`shmctl(SHM_INFO)`, /proc/sysvipc/shm) the segments for", path))?;
    Ok(table.filter(|status| !status.removed).map(|status| status.key))
}

/// The name of the file that is a name's anchor.
fn file_name(name: &str) -> PathBuf {
    format!("{name}{SUFFIX}").into()
}

/// Why a name is refused; `None` if it is good.
fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() + SUFFIX.len() > LONGEST_FILE_NAME {
        Some("it is longer than 251 bytes")
    } else if name.contains('/') {
        Some(
            "it contains `/`, and names are not nested; write another letter, such as `-`, or open a store on a \
             directory below",
        )
    } else if name.contains('\0') {
        Some("it contains a zero byte")
    } else if name.starts_with('.') {
        Some("it starts with `.`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_bits_of_each_name_and_of_the_directory_are_taken() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let mut expected = HashSet::from([store.inner.anchor.identity().key(0).anchor_bits()]);
        for name in ["rover", "lander"] {
            store.open_or_create_named(name).unwrap();
            let stat = file::stat_path(&directory.path().join(file_name(name))).unwrap();
            expected.insert(Key::new(stat.dev, stat.ino, 0).anchor_bits());
        }
        assert_eq!(store.bits_of_names().unwrap(), expected);
    }

    #[test]
    fn key_bits_at_which_a_segment_stands_are_taken() {
        let directory = tempfile::tempdir().unwrap();
        let key = Store::open(directory.path()).unwrap().inner.anchor.identity().key(b'~');
        let there = || has_segment(directory.path(), key.anchor_bits()).unwrap();
        assert!(!there());
        let shmid = shm::create(key, 1, 0o600).unwrap();
        let found = there();
        shm::remove(shmid).unwrap();
        assert!(found && !there());
    }
}
