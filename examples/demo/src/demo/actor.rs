//! A process of the demo, as its parent sees it.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::role::Role;
use super::scene::Patience;
use crate::failure::Failure;

/// The time between two looks whether the demo should stop, while it waits for something else.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A child process that plays a role; killed and reaped when dropped.
pub(super) struct Actor {
    name: &'static str,
    child: Child,
    /// Closed to tell it that the play is over. If the demo itself is killed, the kernel closes it.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Actor {
    /// Starts this program once more, in a role. It is in a process group of its own: Ctrl-C reaches the demo alone,
    /// which ends the others.
    pub(super) fn start(name: &'static str, role: &Role) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(role.to_args()).process_group(0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output: Box<dyn Read + Send> = match (child.stdout.take(), child.stderr.take()) {
            (Some(out), Some(errors)) => Box::new(out.chain(errors)),
            _ => Box::new(io::empty()),
        };
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(io::Result::ok);
            lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        Ok(Self { name, child, input, lines })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line it says; `None` when it has said all.
    pub(super) fn next_line(&self, patience: &Patience) -> Result<Option<String>, Failure> {
        loop {
            match self.lines.recv_timeout(LOOK_AGAIN) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => patience.check(&format!("{} (pid {})", self.name, self.pid()))?,
            }
        }
    }

    /// Waits for the next line it says, and shows it.
    pub(super) fn speak(&self, patience: &Patience) -> Result<String, Failure> {
        let line = self.next_line(patience)?.ok_or_else(|| format!("{} has ended too early", self.name))?;
        writeln!(stdout(), "   {:<8} {:>7} | {line}", self.name, self.pid())?;
        Ok(line)
    }

    /// Asks what it sees, and shows the answer.
    pub(super) fn ask(&mut self, patience: &Patience) -> Result<String, Failure> {
        if let Some(input) = &mut self.input {
            writeln!(input)?;
        }
        self.speak(patience)
    }

    /// Kills it, as the out-of-memory killer would.
    pub(super) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Closes its input, which ends the play, and waits until it has ended by itself.
    pub(super) fn end(mut self, patience: &Patience) -> Result<ExitStatus, Failure> {
        self.input = None;
        loop {
            match self.child.try_wait()? {
                Some(status) => return Ok(status),
                None => patience.check(self.name)?,
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.kill();
    }
}
