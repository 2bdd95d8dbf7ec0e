//! The System V key of an object: where processes meet, not who they are.

use std::fmt;

/// The key that [ftok(3)] gives for a file and a type-id-char: 16 bits of inode, 8 of device, 8 of id.
///
/// A rendezvous, not an identity: different files can have the same key, which the header of the segment tells apart.
///
/// [ftok(3)]: https://man7.org/linux/man-pages/man3/ftok.3.html
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(i32);

impl Key {
    pub(crate) const fn new(dev: u64, ino: u64, id: u8) -> Self {
        Self::from_raw(((ino & 0xffff) | (dev & 0xff) << 16 | (id as u64) << 24) as u32 as i32)
    }

    pub(crate) const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// The key as `shmget` takes it.
    #[must_use]
    pub const fn to_raw(self) -> i32 {
        self.0
    }

    /// The 24 bits that come from the anchor; what is left is the type-id-char.
    pub(crate) const fn anchor_bits(self) -> u32 {
        self.0 as u32 & 0x00ff_ffff
    }

    /// The byte of the type-id-char.
    pub(crate) const fn id_byte(self) -> u8 {
        (self.0 as u32 >> 24) as u8
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::file;

    #[test]
    #[allow(unsafe_code)]
    fn key_is_what_libc_computes() {
        use std::os::unix::ffi::OsStrExt;
        for path in ["/", "/proc", "/dev/null", env!("CARGO_MANIFEST_DIR")] {
            let stat = file::stat_path(path.as_ref()).unwrap();
            let c_path = std::ffi::CString::new(std::ffi::OsStr::new(path).as_bytes()).unwrap();
            for id in b' '..=b'~' {
                // SAFETY: a C string, alive during the call.
                let ours = unsafe { nix::libc::ftok(c_path.as_ptr(), i32::from(id)) };
                assert_eq!(Key::new(stat.dev, stat.ino, id).to_raw(), ours, "{path} {id}");
            }
        }
    }

    #[test]
    fn key_splits_into_what_it_was_made_of() {
        let key = Key::new(0x1_fe12, 0xabc_3456, b'T');
        assert_eq!((key.anchor_bits(), key.id_byte()), (0x12_3456, b'T'));
    }
}
