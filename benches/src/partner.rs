//! The other process of a comparison, on the other processor: it writes while the first reads, and rests while it is
//! another system's turn.
//!
//! The two are directed by an object of shmstore itself.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::alarm;
use shmstore::{CacheAligned, Event, Shared, ShmObject, Store};

use crate::batch::{Sample, each};
use crate::systems::{Reads, Talk};
use crate::{Failure, cpu};

/// How the first process directs the other, and what that one tells.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'D')]
struct Director {
    /// What is to be done: one of the constants below.
    wanted: CacheAligned<AtomicU64>,
    /// Rung when that changes.
    bell: Event,
    /// What is being done, as `wanted`.
    doing: CacheAligned<AtomicU64>,
    /// How many operations the partner has done in all.
    done: CacheAligned<AtomicU64>,
}

const PREPARE: u64 = 0;
const REST: u64 = 1;
const RUN: u64 = 2;
const END: u64 = 3;

/// A partner that does not do as it was told within this time has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the other process is started with.
#[derive(Debug, Clone, Args)]
pub struct Role {
    /// What it is to do.
    pub work: String,
    /// By which system.
    pub system: String,
    /// With values of so many words.
    pub words: usize,
    /// The directory of this contender.
    pub directory: PathBuf,
    /// The processor to run on.
    pub cpu: usize,
}

/// The other process, as the first one has it. Ended when dropped.
pub struct Partner {
    process: Child,
    director: Shared<Director>,
}

impl Partner {
    /// Starts one, and waits until it is ready: it rests then.
    pub fn start(work: &str, system: &str, words: usize, directory: &Path, cpu: usize) -> Result<Self, Failure> {
        let director = Store::open(directory)?.create::<Director>()?;
        let process = Command::new(std::env::current_exe()?)
            .args(["partner", work, system, &words.to_string()])
            .arg(directory)
            .arg(cpu.to_string())
            .stdin(Stdio::null())
            .stdout(File::options().write(true).open("/dev/null")?)
            .spawn()?;
        let mut partner = Self { process, director };
        partner.until(REST).map_err(|failure| format!("{system}, {work}: {failure}"))?;
        Ok(partner)
    }

    /// Measures `work` while the partner does its own.
    pub fn beside(&mut self, rounds: u64, work: impl FnOnce(u64) -> Reads) -> Sample {
        self.tell(RUN).expect("the partner runs");
        let before = self.director.done.load(Acquire);
        while self.director.done.load(Acquire) == before {
            std::hint::spin_loop();
        }
        let (done, start) = (self.director.done.load(Acquire), Instant::now());
        let Reads { done: rounds, torn, starved } = work(rounds);
        let (taken, did) = (start.elapsed(), self.director.done.load(Acquire) - done);
        self.tell(REST).expect("the partner rests");
        let partner = Some(each(taken, did.max(1)));
        Sample { nanoseconds: each(taken, rounds.max(1)), partner, rounds, torn, starved }
    }

    /// Calls the partner so many times, who answers each time. Returns how long that took, without the pauses: before
    /// each call, and before each answer, as the partner was told.
    pub fn converse(&mut self, rounds: u64, talk: &mut impl Talk, pause: Duration) -> Duration {
        self.tell(RUN).expect("the partner runs");
        // Some systems wait for ever, if nobody answers any more.
        alarm::set(PATIENCE.as_secs() as u32);
        let taken = if pause.is_zero() { calls(rounds, talk) } else { calls_apart(rounds, talk, pause) };
        // It hears only calls now: with the next one it looks what is wanted.
        self.director.wanted.store(REST, Release);
        talk.call();
        alarm::cancel();
        self.until(REST).expect("the partner rests");
        taken
    }

    /// How many operations the partner has done in all. To be asked while it rests.
    pub fn done(&self) -> u64 {
        self.director.done.load(Acquire)
    }

    /// Tells it what to do, and waits until it does.
    pub fn tell(&mut self, wanted: u64) -> Result<(), Failure> {
        self.director.wanted.store(wanted, Release);
        self.director.bell.notify_all();
        self.until(wanted)
    }

    fn until(&mut self, wanted: u64) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        while self.director.doing.load(Acquire) != wanted {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the other process has ended: {status}").into());
            }
            if Instant::now() > deadline {
                return Err("the other process does not do as it is told".into());
            }
            std::thread::sleep(Duration::from_micros(20));
        }
        Ok(())
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.director.wanted.store(END, Release);
        self.director.bell.notify_all();
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What the other process does, from its start to its end.
pub fn play(role: &Role, act: impl FnOnce(&Role, &Stage<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    // Nobody is left running beside the next comparison. (Whose parent was gone before will see that when it rests.)
    set_pdeathsig(Signal::SIGKILL)?;
    cpu::pin(role.cpu)?;
    let director = Store::open(&role.directory)?.attach::<Director>()?;
    act(role, &Stage { director: &director })
}

/// What the other process's work is directed by.
pub struct Stage<'a> {
    director: &'a Director,
}

impl Stage<'_> {
    /// Does `chunk` again and again while it is wanted, and rests otherwise, until the end. It returns how many
    /// operations it has done.
    pub fn perform(&self, mut chunk: impl FnMut() -> u64) -> Result<(), Failure> {
        let Director { wanted, done, .. } = self.director;
        let mut all = 0;
        self.direct(|| {
            while wanted.load(Relaxed) == RUN {
                all += chunk();
                done.store(all, Release);
            }
        })
    }

    /// Answers while it is wanted. The call after which it is wanted no more is the last one that is answered.
    /// It pauses before each answer.
    pub fn answer(&self, talk: &mut impl Talk, pause: Duration) -> Result<(), Failure> {
        let wanted = &self.director.wanted;
        self.direct(|| {
            while wanted.load(Relaxed) != END {
                if talk.receive() {
                    let is_last = wanted.load(Acquire) != RUN;
                    spin(pause);
                    talk.answer();
                    if is_last {
                        break;
                    }
                }
            }
        })
    }

    /// Runs when that is wanted, and rests otherwise, until the end.
    fn direct(&self, mut run: impl FnMut()) -> Result<(), Failure> {
        let Director { wanted, bell, doing, .. } = self.director;
        loop {
            let seen = bell.count();
            match wanted.load(Acquire) {
                RUN => {
                    doing.store(RUN, Release);
                    run();
                }
                END => return Ok(()),
                PREPARE | REST => {
                    doing.store(REST, Release);
                    // An error is a time-out: look again.
                    drop(bell.wait_past(seen, Duration::from_secs(1)));
                    if std::os::unix::process::parent_id() == 1 {
                        return Ok(());
                    }
                }
                other => return Err(format!("told to do {other}").into()),
            }
        }
    }
}

fn calls(rounds: u64, talk: &mut impl Talk) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        talk.call();
    }
    start.elapsed()
}

/// With a pause before each, and one before each answer: by then the other side is asleep. As if each had taken as long as
/// the middle one: a single one that finds its processor taken by another program would outweigh all others.
fn calls_apart(rounds: u64, talk: &mut impl Talk, pause: Duration) -> Duration {
    let mut each: Vec<Duration> = (0..rounds)
        .map(|_| {
            spin(pause);
            let start = Instant::now();
            talk.call();
            start.elapsed().saturating_sub(pause)
        })
        .collect();
    let middle = each.len() / 2;
    *each.select_nth_unstable(middle).1 * rounds as u32
}

fn spin(time: Duration) {
    if !time.is_zero() {
        let start = Instant::now();
        while start.elapsed() < time {
            std::hint::spin_loop();
        }
    }
}
