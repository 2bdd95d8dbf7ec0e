//! POSIX message queues: the kernel's, a system call for each operation.
//!
//! Their names are not files that a run could find and remove, so a queue loses its name at once. Other processes open
//! it by its creator's descriptor.
//!
//! # Safety
//!
//! Promises that each descriptor is of a message queue, and open as long as it is used.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::libc;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_timedreceive, mq_unlink};
use nix::sys::stat::Mode;
use nix::sys::time::TimeSpec;

use super::SECOND;
use super::channel::{Channel, Ends, Receives, Sends, Waits};
use crate::Failure;
use crate::payload::Payload;
use crate::place;

/// A queue in the kernel.
pub struct PosixMq;

/// A descriptor that never waits, and one that does.
pub struct End {
    polls: MqdT,
    waits: MqdT,
    /// They close the descriptors.
    _files: [File; 2],
    /// The creator's descriptor, by which others open the queue.
    _first: Option<Arc<OwnedFd>>,
}

/// The number of messages that every user may have in a queue, where the administrator has not changed it.
const ROOM: &str = "/proc/sys/fs/mqueue/msg_max";

/// The file that says where the creator's descriptor is.
const NAME: &str = "descriptor";

impl End {
    fn open(directory: &Path, first: Option<Arc<OwnedFd>>) -> Result<Self, Failure> {
        let descriptor = fs::read_to_string(directory.join(NAME))?;
        let open = |flags| File::options().read(true).write(true).custom_flags(flags).open(&descriptor);
        let files = [open(libc::O_NONBLOCK)?, open(0)?];
        // SAFETY: a descriptor of a message queue, which is closed after its last use, and only by its file.
        let [polls, waits] = files.each_ref().map(|file| unsafe { MqdT::from_raw_fd(file.as_raw_fd()) });
        Ok(Self { polls, waits, _files: files, _first: first })
    }
}

impl Channel for PosixMq {
    const NAME: &'static str = "POSIX mq";
    type Sender<const WORDS: usize> = End;
    type Receiver<const WORDS: usize> = End;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        let name = format!("/{}", place::name_in_memory(directory));
        let room: i64 = fs::read_to_string(ROOM)?.trim().parse()?;
        let attributes = MqAttr::new(0, room, Payload::<WORDS>::BYTES as i64, 0);
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        let queue = mq_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&attributes))?;
        mq_unlink(name.as_str())?;
        // SAFETY: the descriptor of the queue, which is given away here.
        let first = Arc::new(unsafe { OwnedFd::from_raw_fd(queue.into_raw_fd()) });
        fs::write(directory.join(NAME), format!("/proc/{}/fd/{}", std::process::id(), first.as_raw_fd()))?;
        Ok((End::open(directory, Some(Arc::clone(&first)))?, End::open(directory, Some(first))?))
    }

    fn sender<const WORDS: usize>(directory: &Path) -> Result<End, Failure> {
        End::open(directory, None)
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<End, Failure> {
        End::open(directory, None)
    }
}

impl<const WORDS: usize> Sends<WORDS> for End {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        succeeded(mq_send(&self.polls, value.bytes(), 0), Errno::EAGAIN)
    }
}

impl<const WORDS: usize> Receives<WORDS> for End {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        succeeded(mq_receive(&self.polls, into.bytes_mut(), &mut 0), Errno::EAGAIN)
    }
}

impl<const WORDS: usize> Waits<WORDS> for End {
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool {
        let limit = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO) + SECOND;
        succeeded(mq_timedreceive(&self.waits, into.bytes_mut(), &mut 0, &TimeSpec::from(limit)), Errno::ETIMEDOUT)
    }
}

/// Returns `false` for the expected error.
#[inline]
fn succeeded<T>(answer: nix::Result<T>, expected: Errno) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) if error == expected => false,
        Err(error) => panic!("a message queue: {error}"),
    }
}
