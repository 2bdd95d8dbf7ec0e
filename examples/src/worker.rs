//! A process that an example starts: itself once more, with another part to play.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::thread;

use shmstore::{ShmId, ShmObject, Store};

use crate::stage::remove;

/// A child process that runs this program with other arguments; killed and reaped when dropped.
pub(crate) struct Worker {
    /// We hold the other end of its standard input. If this process is killed, the kernel closes it.
    child: Child,
}

impl Worker {
    /// Starts it, in a process group of its own: Ctrl-C reaches the parent alone, which ends the others.
    pub(crate) fn start<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(args).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(Self { child: command.spawn()? })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it (SIGKILL), and waits until the kernel has let go of it.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.kill();
    }
}

/// In a worker: when its parent has ended, however that came, it is the one to clean up, and ends too.
pub(crate) fn end_with_parent<T: ShmObject + ShmId>(store: Store) {
    thread::spawn(move || {
        // An error is an end, too.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        // There is nobody left to be told.
        let _ = remove::<T>(&store);
        process::exit(0);
    });
}
