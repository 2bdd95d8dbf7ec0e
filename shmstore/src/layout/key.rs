//! The System V key of an object, at which processes meet.

use std::fmt;

/// The key that [ftok(3)] gives for a file and a type-id-char.
///
/// From the lowest bit up it has 16 bits of the inode, 8 bits of the device and 8 bits of the type-id-char. It does not
/// identify an object: different files can have the same key. The header of the segment tells them apart.
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

    /// Returns the key as `shmget` takes it.
    #[must_use]
    pub const fn to_raw(self) -> i32 {
        self.0
    }

    /// The key of the same anchor with another id.
    pub(crate) const fn with_id(self, id: u8) -> Self {
        Self::from_raw((self.anchor_bits() | (id as u32) << 24) as i32)
    }

    /// The 24 bits that come from the anchor.
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
    fn key_is_the_one_that_libc_computes() {
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
    fn key_gives_back_its_anchor_bits_and_its_id() {
        let key = Key::new(0x1_fe12, 0xabc_3456, b'T');
        assert_eq!((key.anchor_bits(), key.id_byte()), (0x12_3456, b'T'));
    }
}
