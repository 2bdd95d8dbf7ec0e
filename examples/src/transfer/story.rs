//! The show: clerks at work, killed one after the other, and the money counted after each kill.

use std::io::{Write, stdout};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use shmstore::Shared;

use super::bank::{ACCOUNTS, ALL_THE_MONEY, Bank, Books, Way};
use super::clerk::{Clerk, Random};
use super::progress::Progress;
use crate::failure::Failure;
use crate::stage::Stage;
use crate::stop::Stop;
use crate::worker::Worker;

/// The kernel's number of the signal that nobody survives.
const SIGKILL: i32 = 9;

/// How long the counting may wait for those who move money: far longer than any death takes to be noticed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the show can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct TransferArgs {
    /// How long, half of it for each way to move money, 1 to 3600
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Processes that move money at a time, 1 to 64
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    processes: u32,
    /// Processes killed a second, on average, 1 to 500
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    kills: u32,
}

/// Moves money both ways, and tells whether all of it is there.
///
/// # Errors
///
/// If a coin is missing, or a process ends that nobody has killed.
pub fn show(args: &TransferArgs) -> Result<(), Failure> {
    let stop = Stop::on_signal()?;
    let stage = Stage::set("transfer", Bank::open)?;
    let info = Shared::info(stage.object()).ok_or("the kernel does not tell of the object")?;
    say(&format!("{} coins on {ACCOUNTS} accounts, in shared memory: segment {}", ALL_THE_MONEY, info.shmid))?;

    say("\nThe accounts are one `Versioned<[i64; 16]>`: `begin`, change two of them, `commit`.")?;
    let killed = Turn::begin(Way::Transaction, args, &stage)?.play(&stop)?;
    say(
        "\nEach account is an atomic by itself: take the `Lock`, write the journal, change two of them; who takes it from the",
    )?;
    say("dead finishes what is in the journal (`lock_or_repair`).")?;
    let killed = killed + Turn::begin(Way::Lock, args, &stage)?.play(&stop)?;

    drop(stage);
    say(&format!("\n{killed} processes were killed, and not a coin is lost. The segment is removed."))
}

/// One way's turn.
struct Turn<'a> {
    way: Way,
    args: &'a TransferArgs,
    stage: &'a Stage<Bank>,
    started: Instant,
    clerks: Vec<Worker>,
    random: Random,
    killed: u32,
    /// How many of them still had the bank when the kernel had let go of them.
    amid_a_transfer: u32,
}

impl<'a> Turn<'a> {
    fn begin(way: Way, args: &'a TransferArgs, stage: &'a Stage<Bank>) -> Result<Self, Failure> {
        let clerks = (0..args.processes).map(|_| Clerk::hire(stage.path(), way)).collect::<Result<_, _>>()?;
        let (started, random) = (Instant::now(), Random::new());
        Ok(Self { way, args, stage, started, clerks, random, killed: 0, amid_a_transfer: 0 })
    }

    /// Kills one clerk after the other, and counts the money after each. Returns how many it has killed.
    fn play(mut self, stop: &Stop) -> Result<u32, Failure> {
        let mut progress = Progress::of_stdout();
        let end = self.started + Duration::from_secs(self.args.seconds.into()) / 2;
        loop {
            let moment = Instant::now() + self.pause();
            if stop.asked_before(moment.min(end)) {
                return Err("stopped before the end; all that was made is removed".into());
            }
            if moment >= end {
                break;
            }
            self.kill_one()?;
            let books = self.count()?;
            progress.show(|| self.line(&books))?;
        }
        progress.end(&self.line(&self.count()?))?;
        Ok(self.killed)
    }

    /// Up to twice the average.
    fn pause(&mut self) -> Duration {
        Duration::from_micros(self.random.below(2_000_000 / u64::from(self.args.kills)))
    }

    /// Kills any of them, and puts another in its place.
    fn kill_one(&mut self) -> Result<(), Failure> {
        let chosen = self.random.below(self.clerks.len() as u64) as usize;
        let pid = self.clerks[chosen].pid();
        let status = self.clerks[chosen].kill()?;
        if status.signal() != Some(SIGKILL) {
            return Err(format!("process {pid} has ended before it was killed: {status}").into());
        }
        self.killed += 1;
        let participants = Shared::participants(self.stage.object());
        let held_the_bank = participants.iter().any(|one| one.pid == pid && !one.alive && !one.holding.is_empty());
        self.amid_a_transfer += u32::from(held_the_bank);
        self.clerks[chosen] = Clerk::hire(self.stage.path(), self.way)?;
        Ok(())
    }

    fn count(&self) -> Result<Books, Failure> {
        let books = self.stage.object().books(self.way, PATIENCE)?;
        if books.sum == ALL_THE_MONEY {
            return Ok(books);
        }
        Err(format!("after {} kills there are {} coins, where {ALL_THE_MONEY} were put", self.killed, books.sum).into())
    }

    fn line(&self, books: &Books) -> String {
        let Self { killed, amid_a_transfer, started, .. } = self;
        let seconds = started.elapsed().as_secs_f64();
        let rate = books.transfers as f64 / seconds;
        let repaired = if self.way == Way::Lock { format!(", {} repaired", books.repairs) } else { String::new() };
        format!(
            "{seconds:6.1} s | {rate:9.0} transfers/s | {killed} killed, {amid_a_transfer} seen with the bank in hand\
             {repaired} | {} coins",
            books.sum
        )
    }
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{text}")?)
}
