//! The other process of a comparison, on the other processor. It works while the first process measures, and rests
//! while it is another system's turn.
//!
//! An object of shmstore itself directs the two.

use std::fs::File;
use std::hint::spin_loop;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use clap::Args;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, alarm};
use shmstore::{CacheAligned, Event, Shared, ShmObject, Store};

use crate::Failure;
use crate::batch::{Sample, each};
use crate::systems::{Reads, Talk};

/// Orders from the first process, and the other one's answers.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'D')]
struct Director {
    /// The order: one of the constants below.
    wanted: CacheAligned<AtomicU64>,
    /// Notified when the order changes.
    bell: Event,
    /// The order that is being followed.
    doing: CacheAligned<AtomicU64>,
    /// The number of operations that the partner has done in all.
    done: CacheAligned<AtomicU64>,
}

const PREPARE: u64 = 0;
const REST: u64 = 1;
const RUN: u64 = 2;
const END: u64 = 3;

/// A partner that does not follow an order within this time has failed.
const LIMIT: Duration = Duration::from_secs(30);

/// A partner that is to be killed works this long at most.
const MOMENT: Duration = Duration::from_millis(10);

/// The arguments of the other process.
#[derive(Debug, Clone, Args)]
pub struct Role {
    /// Its work.
    pub work: String,
    /// The name of the system.
    pub system: String,
    /// The number of words of a value.
    pub words: usize,
    /// The directory of this contender.
    pub directory: PathBuf,
    /// The processor to run on.
    pub cpu: usize,
}

/// The other process, as the first one sees it. It is ended when this is dropped.
pub struct Partner {
    process: Child,
    director: Shared<Director>,
}

impl Partner {
    /// Starts one, and waits until it is ready and rests.
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

    /// Measures `work` while the partner works, too.
    pub fn beside(&mut self, rounds: u64, work: impl FnOnce(u64) -> Reads) -> Sample {
        self.tell(RUN).expect("the partner runs");
        let before = self.done();
        while self.done() == before {
            spin_loop();
        }
        let (done, start) = (self.done(), Instant::now());
        let Reads { done: rounds, torn, starved, lost } = work(rounds);
        let (taken, did) = (start.elapsed(), self.done() - done);
        self.tell(REST).expect("the partner rests");
        let partner = Some(each(taken, did.max(1)));
        Sample { nanoseconds: each(taken, rounds.max(1)), partner, rounds, torn, starved, lost }
    }

    /// Calls the partner, which answers, a number of times. Returns the time that this takes, without the pauses before
    /// each call and each answer.
    pub fn converse(&mut self, rounds: u64, talk: &mut impl Talk, pause: Duration) -> Duration {
        self.tell(RUN).expect("the partner runs");
        // Some systems wait forever if nobody answers.
        alarm::set(LIMIT.as_secs() as u32);
        let taken = if pause.is_zero() { calls(rounds, talk) } else { calls_apart(rounds, talk, pause) };
        // The partner hears only calls now, and checks its order after the next one.
        self.director.wanted.store(REST, Release);
        talk.call();
        alarm::cancel();
        self.until(REST).expect("the partner rests");
        taken
    }

    /// Lets the partner work until `work` is done. `work` returns the time that it took.
    pub fn along(&mut self, work: impl FnOnce(&Self) -> Duration) -> Duration {
        self.tell(RUN).expect("the partner runs");
        // Without the partner, `work` would wait forever.
        alarm::set(LIMIT.as_secs() as u32);
        let taken = work(self);
        alarm::cancel();
        self.tell(REST).expect("the partner rests");
        taken
    }

    /// Lets the partner work, and kills it as soon as it has done some operations, or a moment later if it cannot do as
    /// many. Returns the number that it has done.
    pub fn kill_after(mut self, operations: u64) -> Result<u64, Failure> {
        self.director.wanted.store(RUN, Release);
        self.director.bell.notify_all();
        let deadline = Instant::now() + MOMENT;
        while self.done() < operations && Instant::now() < deadline {
            spin_loop();
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(self.done())
    }

    /// Returns the number of operations that the partner has done in all, as far as it has told.
    pub fn done(&self) -> u64 {
        self.director.done.load(Acquire)
    }

    /// Gives an order, and waits until the partner follows it.
    fn tell(&mut self, wanted: u64) -> Result<(), Failure> {
        self.director.wanted.store(wanted, Release);
        self.director.bell.notify_all();
        self.until(wanted)
    }

    fn until(&mut self, wanted: u64) -> Result<(), Failure> {
        let deadline = Instant::now() + LIMIT;
        while self.director.doing.load(Acquire) != wanted {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the other process has ended: {status}").into());
            }
            if Instant::now() > deadline {
                return Err("the other process does not follow its order".into());
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

/// The life of the other process.
pub fn play(role: &Role, act: impl FnOnce(&Role, &Stage<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    // No process is left running beside the next comparison. (If the parent has ended before, the process sees it at
    // rest.)
    set_pdeathsig(Signal::SIGKILL)?;
    pin(role.cpu)?;
    let director = Store::open(&role.directory)?.attach::<Director>()?;
    act(role, &Stage { director: &director })
}

/// The other process's view of its orders.
pub struct Stage<'a> {
    director: &'a Director,
}

impl Stage<'_> {
    /// Calls `chunk` repeatedly while the order is to run, and rests otherwise, until the end. `chunk` returns the
    /// number of its operations.
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

    /// Answers while the order is to run, with a pause before each answer. The first call after a new order is the last
    /// one that is answered.
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

    /// Runs or rests, as ordered, until the end.
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
                    // An error is a time-out, after which the order is read again.
                    drop(bell.wait_past(seen, Duration::from_secs(1)));
                    if std::os::unix::process::parent_id() == 1 {
                        return Ok(());
                    }
                }
                other => return Err(format!("no order has the number {other}").into()),
            }
        }
    }
}

fn calls(rounds: u64, talk: &mut impl Talk) -> Duration {
    let start = Instant::now();
    (0..rounds).for_each(|_| talk.call());
    start.elapsed()
}

/// Calls with a pause before each call and each answer, so that the other side is asleep. Returns the time that all
/// calls would take if each took as long as the median one: a single call whose processor another program has taken
/// would outweigh all others.
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

/// Spins for a time.
pub fn spin(time: Duration) {
    if !time.is_zero() {
        let start = Instant::now();
        while start.elapsed() < time {
            spin_loop();
        }
    }
}

/// Returns the processors of the process that measures and of its partner, which are the same if there is only one.
pub fn processors() -> Result<[usize; 2], Failure> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut allowed = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false));
    let first = allowed.next().ok_or("no processor to run on")?;
    Ok([first, allowed.next().unwrap_or(first)])
}

/// Keeps this process on one processor from here on.
pub fn pin(cpu: usize) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}
