//! Keeps a segment attached, by its number, until its standard input ends: as a program would that knows nothing of
//! shmstore.
//!
//! # Safety
//!
//! Assumes nothing but the C library's prototype. The memory is never looked at.
#![allow(unsafe_code)]

use std::io;
use std::ptr;

use nix::errno::Errno;
use nix::libc;

pub(crate) fn play() {
    let number = super::args().next().and_then(|number| number.parse().ok()).expect("the number of a segment");
    // SAFETY: with a null address the kernel chooses one where nothing is mapped.
    let base = unsafe { libc::shmat(number, ptr::null(), libc::SHM_RDONLY) };
    if base as isize == -1 {
        return println!("err {}", Errno::last());
    }
    println!("ok attached");
    io::copy(&mut io::stdin().lock(), &mut io::sink()).expect("standard input");
}
