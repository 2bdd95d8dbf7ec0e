//! The data of files, from and to memory that other processes may change meanwhile.
//!
//! # Safety
//!
//! The kernel copies, outside of the language, so it races with no access of this program.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::libc;

/// Writes `count` bytes. After an error, some of them may have been written.
///
/// # Safety
///
/// They are mapped.
pub(crate) unsafe fn write_all(to: BorrowedFd<'_>, from: *const u8, count: usize) -> io::Result<()> {
    let write = |done| {
        // SAFETY: the kernel reads the rest of the bytes, which are mapped, by the caller's promise.
        unsafe { libc::write(to.as_raw_fd(), from.wrapping_add(done).cast(), count - done) }
    };
    match all(count, write) {
        (done, Ok(())) if done < count => Err(io::ErrorKind::WriteZero.into()),
        (_, done) => done,
    }
}

/// Reads `count` bytes, or fewer if the file ends. Returns the number of bytes that were read, also if an error came
/// after them.
///
/// # Safety
///
/// They are mapped, and may be written.
pub(crate) unsafe fn read_all(from: BorrowedFd<'_>, to: *mut u8, count: usize) -> (usize, io::Result<()>) {
    all(count, |done| {
        // SAFETY: the kernel writes to the rest of the bytes, which are mapped for it, by the caller's promise.
        unsafe { libc::read(from.as_raw_fd(), to.wrapping_add(done).cast(), count - done) }
    })
}

/// Repeats a call that moves the rest of the bytes, and returns their number, 0 at the end, or −1 after an error.
fn all(count: usize, mut call: impl FnMut(usize) -> isize) -> (usize, io::Result<()>) {
    let mut done = 0;
    while done < count {
        match usize::try_from(call(done)) {
            Ok(0) => break,
            Ok(moved) => done += moved,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return (done, Err(error));
                }
            }
        }
    }
    (done, Ok(()))
}
