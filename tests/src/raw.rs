//! Segments as a foreign, damaged or hostile program would make and change them: by the system calls, past the store.
//!
//! # Safety
//!
//! Assumes that the kernel keeps an attached segment mapped at its full size. Promises to touch nothing outside it, and
//! to see it as atomic bytes only, whoever else writes there.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::slice;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

use nix::errno::Errno;
use nix::libc;

use crate::scratch::Planted;

/// What the size of each of the store's segments leaves when divided by 4096.
pub const SIZE_TAG: usize = 1357;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub len: usize,
}

/// The numbers of the header that the tests patch.
pub mod field {
    use super::Field;

    macro_rules! fields {
        ($($constant:ident: $name:literal at $offset:literal of $len:literal;)*) => {
            $(#[doc = concat!("`", $name, "`")] pub const $constant: Field =
                Field { name: $name, offset: $offset, len: $len };)*

            pub const ALL: &[Field] = &[$($constant),*];
        };
    }

    fields! {
        FIRST_WORD: "first_word" at 0 of 8;
        VERSION: "version" at 8 of 4;
        STATE: "state" at 12 of 4;
        FLAGS: "flags" at 16 of 4;
        HEADER_LEN: "header_len" at 20 of 4;
        NONCE: "nonce" at 24 of 8;
        BIRTH_SECONDS: "birth_seconds" at 48 of 8;
        BIRTH_KNOWN: "birth_known" at 60 of 4;
        ID: "id" at 64 of 4;
        HINT_LEN: "hint_len" at 68 of 4;
        LAYOUT_HASH: "layout_hash" at 72 of 16;
        SLOT_COUNT: "slot_count" at 124 of 4;
        SLOTS_OFFSET: "slots_offset" at 128 of 8;
        SLOT_SIZE: "slot_size" at 136 of 8;
        SCHEMA_OFFSET: "schema_offset" at 144 of 8;
        SCHEMA_LEN: "schema_len" at 152 of 8;
        PAYLOAD_OFFSET: "payload_offset" at 160 of 8;
        PAYLOAD_LEN: "payload_len" at 168 of 8;
        SEGMENT_SIZE: "segment_size" at 176 of 8;
        BYTE_ORDER: "byte_order" at 184 of 4;
        POINTER_BYTES: "pointer_bytes" at 188 of 4;
        SLOTS_USED: "slots_used" at 216 of 4;
        MOUNT_NAMESPACE: "mount_namespace" at 224 of 8;
        ROOT_DEV: "root_dev" at 232 of 8;
        ROOT_INO: "root_ino" at 240 of 8;
        LAYOUT: "layout" at 248 of 8;
        LOG_OFFSET: "log_offset" at 256 of 8;
        LOG_CAPACITY: "log_capacity" at 264 of 8;
        OWNER_TOKEN: "owner_token" at 272 of 4;
        HEARD: "heard" at 296 of 8;
        ORIGIN_LEN: "origin_len" at 304 of 4;
        ORIGIN: "origin" at 308 of 64;
        HINT: "hint" at 512 of 512;
    }
}

#[derive(Debug)]
pub struct Raw {
    shmid: i32,
    // INVARIANT: `len` bytes from `base` are mapped until `drop`.
    base: *const AtomicU8,
    len: usize,
}

/// Makes a segment with these bytes at its start, attached by nobody. It is removed when the guard is dropped.
#[track_caller]
pub fn plant(key: i32, size: usize, mode: u32, bytes: &[u8]) -> Planted {
    let flags = libc::IPC_CREAT | libc::IPC_EXCL | mode as libc::c_int;
    // SAFETY: takes numbers only.
    let shmid = unsafe { libc::shmget(key, size, flags) };
    let planted = Planted { shmid: Errno::result(shmid).expect("a new segment at a key that is free") };
    if !bytes.is_empty() {
        Raw::attach(planted.shmid).write(0, bytes);
    }
    planted
}

pub fn find(key: i32) -> Option<i32> {
    // SAFETY: takes numbers only.
    let shmid = unsafe { libc::shmget(key, 0, 0) };
    Errno::result(shmid).ok()
}

/// What libc makes of a path and an id.
pub fn ftok(path: &Path, id: char) -> i32 {
    let path = CString::new(path.as_os_str().as_bytes()).expect("a path without NUL");
    // SAFETY: a C string, alive during the call.
    let key = unsafe { libc::ftok(path.as_ptr(), id as libc::c_int) };
    Errno::result(key).expect("a path that exists")
}

fn status(shmid: i32) -> Option<libc::shmid_ds> {
    // SAFETY: `shmid_ds` is integers, for which zeros are valid.
    let mut status: libc::shmid_ds = unsafe { std::mem::zeroed() };
    // SAFETY: IPC_STAT fills a `shmid_ds`.
    let asked = unsafe { libc::shmctl(shmid, libc::IPC_STAT, &raw mut status) };
    Errno::result(asked).ok().map(|_| status)
}

/// Puts a page that nobody may touch before and after every segment that this process has attached, where there is
/// nothing yet: from then on a step out of a segment is a SIGSEGV, and not a look at a neighbour. They stay for good.
pub fn guard_segments() {
    const PAGE: usize = 4096;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for line in maps.lines().filter(|line| line.contains("/SYSV")) {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let Some((start, end)) = range else { continue };
        let address = |digits| usize::from_str_radix(digits, 16).unwrap_or(0);
        for page in [address(start).wrapping_sub(PAGE), address(end)] {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
            // SAFETY: a mapping where there is none, or an error: it replaces nothing.
            unsafe { libc::mmap(ptr::without_provenance_mut(page), PAGE, libc::PROT_NONE, flags, -1, 0) };
        }
    }
}

impl Raw {
    #[track_caller]
    pub fn attach(shmid: i32) -> Self {
        Self::try_attach(shmid).expect("a segment that we may attach")
    }

    /// Attaches a segment that may be gone.
    pub fn try_attach(shmid: i32) -> Option<Self> {
        // SAFETY: with a null address the kernel chooses one where nothing is mapped.
        let base = unsafe { libc::shmat(shmid, ptr::null(), 0) };
        if base as isize == -1 {
            return None;
        }
        let mut raw = Self { shmid, base: base.cast(), len: 0 };
        raw.len = status(shmid)?.shm_segsz;
        Some(raw)
    }

    #[track_caller]
    pub fn at_key(key: i32) -> Self {
        Self::attach(find(key).expect("a segment at the key"))
    }

    /// Makes another user its owner; its creator stays.
    #[track_caller]
    pub fn give_to(&self, uid: u32) {
        let mut status = status(self.shmid).expect("an attached segment");
        status.shm_perm.uid = uid;
        // SAFETY: IPC_SET reads a `shmid_ds`.
        let set = unsafe { libc::shmctl(self.shmid, libc::IPC_SET, &raw mut status) };
        Errno::result(set).expect("the right to give it away");
    }

    pub fn shmid(&self) -> i32 {
        self.shmid
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether it has none, which the kernel does not make.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn all(&self) -> &[AtomicU8] {
        // SAFETY: by the invariant of `base`, and atomics of one byte may be changed by anybody.
        unsafe { slice::from_raw_parts(self.base, self.len) }
    }

    pub fn read(&self, range: Range<usize>) -> Vec<u8> {
        self.all()[range].iter().map(|byte| byte.load(Relaxed)).collect()
    }

    pub fn number(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.read(at..at + 8).try_into().expect("eight bytes"))
    }

    pub fn word(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.read(at..at + 4).try_into().expect("four bytes"))
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.read(0..self.len)
    }

    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.all()[offset..offset + bytes.len()].iter().zip(bytes).for_each(|(to, &from)| to.store(from, Relaxed));
    }

    /// Wakes all threads that sleep on the word at an offset.
    pub fn wake(&self, offset: usize) {
        let word = self.all()[offset..offset + 4].as_ptr();
        // SAFETY: the kernel looks up what is mapped at the address, and reads and writes nothing there.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
    }

    pub fn get(&self, field: Field) -> u64 {
        let bytes = self.read(field.offset..field.offset + field.len.min(8));
        bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    pub fn set(&self, field: Field, value: u64) {
        self.write(field.offset, &value.to_le_bytes()[..field.len.min(8)]);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: attached by `attach` at this address, and nobody who borrowed from `self` is left.
        let detached = unsafe { libc::shmdt(self.base.cast()) };
        debug_assert_eq!(detached, 0, "{}", Errno::last());
    }
}
