//! Groups: files with the saved objects of a directory, one after the other, and an index of them.
//!
//! `docs/format.md` describes the format.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use shmstore::inspect::SavedObject;

use crate::failure::Failure;
use crate::saved;
use crate::text::shown_path;

/// The first bytes of a group.
pub const MAGIC: [u8; 8] = *b"shmgroup";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 24;
const RECORD_LEN: usize = 20;
const CHECKSUM: usize = 16;

/// The most bytes of an index.
const MAX_INDEX: u64 = 64 << 20;

/// What the anchor of a member was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// The file of a name, which ends in `.shm`.
    Name,
    /// Any other file.
    File,
}

const KINDS: [Kind; 3] = [Kind::Directory, Kind::Name, Kind::File];

/// An object in a group, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The path of its anchor below the directory. It is empty for the directory itself.
    pub path: PathBuf,
    /// What the anchor was.
    pub kind: Kind,
    /// The type-id-char.
    pub id: char,
    /// The length of the saved object, in bytes.
    pub len: u64,
}

impl Member {
    /// Returns the path of the object below the directory, as the command line takes it.
    #[must_use]
    pub fn shown(&self) -> String {
        let path = if self.kind == Kind::Name { self.path.with_extension("") } else { self.path.clone() };
        if path.as_os_str().is_empty() { ".".into() } else { shown_path(&path) }
    }
}

/// FNV-1a of 128 bits.
fn checksum(parts: &[&[u8]]) -> [u8; CHECKSUM] {
    const PRIME: u128 = (1 << 88) + 0x13b;
    let bytes = parts.iter().copied().flatten();
    let hash = bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    });
    hash.to_le_bytes()
}

fn header(count: u32, index_len: u64) -> Vec<u8> {
    [&MAGIC[..], &VERSION.to_le_bytes(), &count.to_le_bytes(), &index_len.to_le_bytes()].concat()
}

fn index(members: &[Member]) -> Vec<u8> {
    members.iter().fold(Vec::new(), |mut bytes, member| {
        let (path, kind) = (member.path.as_os_str().as_bytes(), KINDS.iter().position(|kind| *kind == member.kind));
        bytes.extend(member.len.to_le_bytes());
        bytes.extend((member.id as u32).to_le_bytes());
        bytes.extend((kind.unwrap_or(0) as u32).to_le_bytes());
        bytes.extend((path.len() as u32).to_le_bytes());
        bytes.extend(path);
        bytes
    })
}

/// Writes a group. `object` returns the saved object of a member, one after the other. The lengths of the members are
/// set.
///
/// # Errors
///
/// The error of `object`, or of the file.
pub fn write(
    file: &mut File,
    members: &mut [Member],
    mut object: impl FnMut(&Member) -> Result<SavedObject, Failure>,
) -> Result<(), Failure> {
    let front = HEADER_LEN + index(members).len() + CHECKSUM;
    file.seek(SeekFrom::Start(front as u64))?;
    for member in &mut *members {
        let saved = object(member)?;
        member.len = saved.write_to(&mut *file)?;
    }
    let index = index(members);
    let header = header(u32::try_from(members.len()).unwrap_or(u32::MAX), index.len() as u64);
    file.rewind()?;
    file.write_all(&[&header[..], &index, &checksum(&[&header, &index])].concat())?;
    Ok(())
}

/// A group in a file.
#[derive(Debug)]
pub struct Group {
    path: PathBuf,
    file: File,
    members: Vec<Member>,
    /// The offset of each member in the file.
    offsets: Vec<u64>,
}

impl Group {
    /// Reads the index of a group. Returns `None` if the file does not begin as one.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the index is damaged.
    pub fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let Some(mut file) = saved::open_if_begins(path, &MAGIC) else { return Ok(None) };
        let len = file.metadata().map_err(Failure::at(path))?.len();
        let members = read_index(&mut file, len).map_err(|error| match error {
            Unread::Io(cause) => Failure::at(path)(cause),
            Unread::Damaged(why) => Failure::Other(format!("{}: {why}", shown_path(path))),
        })?;
        let front = len - members.iter().map(|member| member.len).sum::<u64>();
        let after = |at: &mut u64, member: &Member| {
            let offset = *at;
            *at += member.len;
            Some(offset)
        };
        let offsets = members.iter().scan(front, after).collect();
        Ok(Some(Self { path: path.into(), file, members, offsets }))
    }

    /// Returns the members, in the order of the file.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Reads the saved object of a member.
    ///
    /// # Errors
    ///
    /// It is damaged, or the file cannot be read.
    pub fn read(&self, at: usize) -> Result<SavedObject, Failure> {
        let (member, mut file) = (&self.members[at], &self.file);
        file.seek(SeekFrom::Start(self.offsets[at])).map_err(Failure::at(&self.path))?;
        let name = PathBuf::from(format!("{} in {}", member.shown(), self.path.display()));
        let saved = saved::parse_from(&name, file.take(member.len), member.len)?;
        if saved.id() != member.id {
            let (id, of) = (saved.id(), member.id);
            return Err(Failure::Other(format!("{}: damaged: its id is {id:?}, not {of:?}", shown_path(&name))));
        }
        Ok(saved)
    }
}

/// Why an index cannot be read.
enum Unread {
    Io(io::Error),
    Damaged(String),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it ends in its index"),
            _ => Self::Io(error),
        }
    }
}

fn damaged(why: impl std::fmt::Display) -> Unread {
    Unread::Damaged(format!("damaged: {why}. Copy it again"))
}

fn read_index(file: &mut File, len: u64) -> Result<Vec<Member>, Unread> {
    let mut header = [0; HEADER_LEN];
    file.read_exact(&mut header)?;
    let (version, count) = (number(&header, 8, 4) as u32, number(&header, 12, 4));
    if version != VERSION {
        let why = format!("a group of version {version}: this program reads version {VERSION}");
        return Err(Unread::Damaged(format!("{why}. Use the shmstore that saved it")));
    }
    let index_len = number(&header, 16, 8);
    if index_len > MAX_INDEX.min(len) {
        return Err(damaged(format!("the length of its index is {index_len}")));
    }
    let mut index = vec![0; index_len as usize];
    file.read_exact(&mut index)?;
    let mut stored = [0; CHECKSUM];
    file.read_exact(&mut stored)?;
    if stored != checksum(&[&header, &index]) {
        return Err(damaged("the checksum of its index is another"));
    }
    let members = parse_index(&index, count)?;
    let front = (HEADER_LEN + CHECKSUM) as u64 + index_len;
    let all = members.iter().try_fold(front, |all, member| all.checked_add(member.len));
    if all != Some(len) {
        let expected = all.map_or_else(|| "more than any file has".into(), |all| all.to_string());
        let why = format!("cut short or extended: {len} bytes, where its index says {expected}");
        return Err(Unread::Damaged(format!("{why}. Copy it again")));
    }
    Ok(members)
}

fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    let mut number = [0; 8];
    number[..len].copy_from_slice(&bytes[at..at + len]);
    u64::from_le_bytes(number)
}

fn parse_index(mut index: &[u8], count: u64) -> Result<Vec<Member>, Unread> {
    let (mut members, mut seen) = (Vec::new(), HashSet::new());
    while !index.is_empty() {
        let place = members.len();
        let of_member = |what: &str| damaged(format!("the {what} of its member {place}"));
        let (record, rest) = index.split_at_checked(RECORD_LEN).ok_or_else(|| of_member("record"))?;
        let path_len = number(record, 16, 4) as usize;
        let (path, rest) = rest.split_at_checked(path_len).ok_or_else(|| of_member("path"))?;
        let kind = KINDS.get(number(record, 12, 4) as usize).ok_or_else(|| of_member("kind"))?;
        let id = char::from_u32(number(record, 8, 4) as u32).ok_or_else(|| of_member("id"))?;
        let path = PathBuf::from(OsStr::from_bytes(path));
        // A path could lead out of the directory.
        if !is_below(&path, *kind) || !seen.insert((path.clone(), id)) {
            return Err(of_member("path"));
        }
        members.push(Member { path, kind: *kind, id, len: number(record, 0, 8) });
        index = rest;
    }
    if members.len() as u64 != count {
        return Err(damaged(format!("{} members, where its header says {count}", members.len())));
    }
    Ok(members)
}

/// Returns `true` for a path that leads to a file or directory below a directory, in its shortest form.
fn is_below(path: &Path, kind: Kind) -> bool {
    let shortest: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let is_shortest = shortest.as_os_str() == path.as_os_str() && !path.as_os_str().as_bytes().contains(&0);
    let is_name = path.extension().is_some_and(|extension| extension == "shm");
    let is_of_kind = match kind {
        Kind::Directory => true,
        Kind::Name => is_name,
        Kind::File => !is_name && path.file_name().is_some(),
    };
    is_shortest && is_of_kind
}
