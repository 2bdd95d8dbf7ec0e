//! System V shared memory by bare system calls.
//!
//! A file stands for each segment. The segment's key comes from the file, and the file contains the id of the process
//! that creates the segment, so that segments of a run can be told from all others.
//!
//! # Safety
//!
//! Assumes that the kernel attaches what it reports. Promises that an address is used only while it is attached, and
//! that no segment is removed unless the process named in its file has created it.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

use nix::libc;

/// The `id` of all keys.
const ID: libc::c_int = b'S' as libc::c_int;

/// The file that stands for a segment.
#[derive(Debug, Clone)]
pub struct Anchor {
    path: PathBuf,
    name: CString,
}

/// A segment, attached.
pub struct Attachment {
    // INVARIANT: attached there, until this is dropped.
    address: *mut u8,
}

impl Anchor {
    /// The anchor in this directory, which may or may not exist.
    pub fn at(directory: &Path) -> Self {
        let path = directory.join("segment");
        let name = CString::new(path.as_os_str().as_bytes()).expect("a path without NUL");
        Self { path, name }
    }

    /// Creates the file, which names this process as the creator of the segment.
    pub fn make(directory: &Path) -> io::Result<Self> {
        let anchor = Self::at(directory);
        std::fs::write(&anchor.path, std::process::id().to_string())?;
        Ok(anchor)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its path, for C.
    pub fn name(&self) -> &CString {
        &self.name
    }

    /// Finds the segment.
    pub fn find(&self) -> io::Result<libc::c_int> {
        self.get(0, 0)
    }

    /// Creates the segment, with a size in bytes.
    pub fn create(&self, bytes: usize) -> io::Result<libc::c_int> {
        self.get(bytes, libc::IPC_CREAT | libc::IPC_EXCL | 0o600)
    }

    /// Removes the segment, if the process named in the file has created it. Returns `true` if there is none
    /// afterwards.
    pub fn clean(&self) -> bool {
        let maker = std::fs::read_to_string(&self.path).ok().and_then(|pid| pid.parse::<libc::pid_t>().ok());
        let Ok(shmid) = self.find() else { return true };
        maker.is_some_and(|maker| status(shmid).is_ok_and(|status| status.shm_cpid == maker)) && remove(shmid).is_ok()
    }

    fn get(&self, bytes: usize, flags: libc::c_int) -> io::Result<libc::c_int> {
        // SAFETY: a C string, alive during the call.
        let key = checked(unsafe { libc::ftok(self.name.as_ptr(), ID) })?;
        // SAFETY: takes numbers only.
        checked(unsafe { libc::shmget(key, bytes, flags) })
    }
}

impl Attachment {
    /// The size of the segment of a small shmstore object: all systems map the same number of bytes.
    pub const SMALL: usize = 9549;

    /// Attaches a segment, to read and write.
    pub fn new(shmid: libc::c_int) -> io::Result<Self> {
        // SAFETY: the kernel chooses the address.
        let address = unsafe { libc::shmat(shmid, ptr::null(), 0) };
        if address.addr() == usize::MAX {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { address: address.cast() })
    }

    /// Copies its first eight words.
    #[inline]
    pub fn read(&self) -> [u64; 8] {
        // SAFETY: attached, and a page at least; nobody writes there during the read.
        unsafe { ptr::read_volatile(self.address.cast()) }
    }

    /// Writes its first eight words.
    #[inline]
    pub fn write(&self, value: [u64; 8]) {
        // SAFETY: attached, writable, and a page at least.
        unsafe { ptr::write_volatile(self.address.cast(), value) }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // SAFETY: attached there, and used no more.
        unsafe { libc::shmdt(self.address.cast()) };
    }
}

/// The kernel's status of a segment.
pub fn status(shmid: libc::c_int) -> io::Result<libc::shmid_ds> {
    let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
    // SAFETY: the buffer has the type that IPC_STAT fills.
    checked(unsafe { libc::shmctl(shmid, libc::IPC_STAT, status.as_mut_ptr()) })?;
    // SAFETY: filled.
    Ok(unsafe { status.assume_init() })
}

/// The bytes of a segment that are in memory, as the kernel counts them.
pub fn resident(shmid: libc::c_int) -> io::Result<usize> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm")?;
    let mut lines = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let column = lines.next().and_then(|names| names.iter().position(|name| *name == "rss"));
    let line = lines.find(|line| line.get(1).is_some_and(|id| id.parse() == Ok(shmid)));
    let bytes = column.and_then(|rss| line?.get(rss)?.parse().ok());
    bytes.ok_or_else(|| io::Error::other("the kernel does not say how much of the segment is in memory"))
}

/// Removes a segment.
pub fn remove(shmid: libc::c_int) -> io::Result<()> {
    // SAFETY: IPC_RMID ignores the buffer.
    checked(unsafe { libc::shmctl(shmid, libc::IPC_RMID, ptr::null_mut()) }).map(drop)
}

fn checked(answer: libc::c_int) -> io::Result<libc::c_int> {
    if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}
