//! The demo's processes. The demo starts itself again for each of them.

use std::io::{self, BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use shmstore::{Shared, Store};

use crate::drifted;
use crate::failure::Failure;
use crate::host_stats::HostStats;
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::table::line;
use crate::writer::{WriterArgs, write};

/// The number of samples that the demo's writer takes a second.
pub(super) const SAMPLES_A_SECOND: u32 = 20;

/// The time that an attaching process waits for the object.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time between two looks of a reader whether the object is still there.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// One of the demo's processes.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Role {
    /// Writes samples until its parent ends.
    #[command(hide = true)]
    PlayWriter {
        /// The place of the object.
        path: PathBuf,
    },
    /// Says what it sees, whenever a line comes in.
    #[command(hide = true)]
    PlayReader {
        /// The place of the object.
        path: PathBuf,
    },
    /// Tries to attach as a program does that was built from an older struct.
    #[command(hide = true)]
    PlayOldProgram {
        /// The place of the object.
        path: PathBuf,
    },
}

impl Role {
    /// Plays the role.
    ///
    /// # Errors
    ///
    /// As the store says; for the old program, the difference between the layouts.
    pub fn play(&self) -> Result<(), Failure> {
        match self {
            Self::PlayWriter { path } => {
                let stop = Stop::on_signal()?.or_end_of_input();
                let path = Some(path.clone());
                // `remove`: if the demo itself is killed, its writer is the one to clean up.
                let (hz, mode) = (SAMPLES_A_SECOND, 0o600);
                write(&WriterArgs { path, hz, seconds: None, mode, replace: false, remove: true }, &stop)
            }
            Self::PlayReader { path } => play_reader(path),
            Self::PlayOldProgram { path } => {
                Store::open(path)?.attach::<drifted::HostStats>()?;
                Ok(())
            }
        }
    }

    /// The arguments that make the demo play the role.
    pub(super) fn to_args(&self) -> [PathBuf; 2] {
        let (name, path) = match self {
            Self::PlayWriter { path } => ("play-writer", path),
            Self::PlayReader { path } => ("play-reader", path),
            Self::PlayOldProgram { path } => ("play-old-program", path),
        };
        [name.into(), path.clone()]
    }
}

fn play_reader(path: &Path) -> Result<(), Failure> {
    let stats = Store::open(path)?.attach_timeout::<HostStats>(PATIENCE)?;
    let info = Shared::info(&stats).ok_or("the kernel does not tell of the object")?;
    let creator = info.creator_pid.ok_or("the object does not tell who created it")?;
    writeln!(stdout(), "attached segment {}, created by pid {creator}", info.shmid)?;
    let questions = questions();
    loop {
        match questions.recv_timeout(LOOK_AGAIN) {
            Ok(()) => writeln!(stdout(), "{}", line(&Snapshot::of(&stats)?))?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) if Shared::is_removed(&stats) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let Snapshot { sample, .. } = Snapshot::of(&stats)?;
    writeln!(stdout(), "the object was removed; until I let go I still see its sample {sample}")?;
    Ok(())
}

/// A question for each line of standard input. It ends when the parent does.
fn questions() -> Receiver<()> {
    let (ask, questions) = channel();
    thread::spawn(move || {
        let lines = stdin().lock().lines().map_while(io::Result::ok);
        lines.map(|_| ask.send(())).take_while(Result::is_ok).for_each(drop);
    });
    questions
}
