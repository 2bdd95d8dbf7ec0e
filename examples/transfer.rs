//! Money that survives its movers: `cargo run --release --example transfer`.
//!
//! Four processes move money between accounts, and are killed (SIGKILL) again and again, wherever they are. After each
//! kill the money is counted: none is lost. First the accounts are one value, changed by transactions. Then each
//! account is a part by itself, under a lock, with a journal from which the next owner finishes a transfer that a
//! killed one has begun.

#![forbid(unsafe_code)]

use shmstore::{CacheAligned, Lock, Shared, ShmObject, ShmValue, Store, Versioned};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::parent_id;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 16;
const COINS: i64 = 1_000 * ACCOUNTS as i64;

/// A transfer in progress: the balances after it, so that it may be carried out more than once.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Entry {
    accounts: [u64; 2],
    balances: [i64; 2],
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Bank {
    accounts: CacheAligned<Versioned<[i64; ACCOUNTS]>>,
    lock: CacheAligned<Lock>, // guards the rest
    journal: Versioned<Entry>,
    balances: [AtomicI64; ACCOUNTS],
    repaired: AtomicU64,
}

impl Bank {
    fn open(&self) {
        self.accounts.store([1_000; ACCOUNTS]);
        self.balances.iter().for_each(|balance| balance.store(1_000, Relaxed));
        self.journal.store(Entry { accounts: [0, 1], balances: [1_000; 2] });
    }

    /// A process that is killed before `commit` has changed nothing, and after it everything.
    fn transfer_by_transaction(&self, [from, to]: [usize; 2]) {
        let mut accounts = self.accounts.begin();
        let moved = accounts[from].min(100);
        accounts[from] -= moved;
        accounts[to] += moved;
        accounts.commit();
    }

    /// A process that is killed before the entry is in the journal has changed nothing. After it, the next owner
    /// finishes.
    fn transfer_by_lock(&self, [from, to]: [usize; 2]) {
        let _guard = self.lock.lock_or_repair(|| self.repair());
        let [has, other] = [from, to].map(|account| self.balances[account].load(Relaxed));
        let moved = has.min(100);
        self.journal.store(Entry { accounts: [from as u64, to as u64], balances: [has - moved, other + moved] });
        self.carry_out();
    }

    fn carry_out(&self) {
        let Entry { accounts, balances } = self.journal.load();
        for (account, balance) in accounts.into_iter().zip(balances) {
            // Release: no balance changes before its entry is in the journal.
            self.balances[account as usize].store(balance, Release);
        }
    }

    /// Runs under the lock if its last owner has died. The journal says what is to be, not what is to change.
    fn repair(&self) {
        self.carry_out();
        self.repaired.fetch_add(1, Relaxed);
    }

    fn count(&self, by_lock: bool) -> i64 {
        if !by_lock {
            return self.accounts.load().iter().sum(); // one value is always whole
        }
        let _guard = self.lock.lock_or_repair(|| self.repair());
        self.balances.iter().map(|balance| balance.load(Relaxed)).sum()
    }
}

/// Returns a number below `end`, a new one at each call.
fn random(end: usize) -> usize {
    RandomState::new().hash_one(0) as usize % end
}

/// Moves money until this process is killed. If its parent is gone, it removes the bank and ends.
fn work(by_lock: bool) -> Result<(), Box<dyn Error>> {
    let store = Store::open("./transfer-bank")?;
    let bank = store.attach::<Bank>()?;
    let creator = Shared::info(&bank).and_then(|info| info.creator_pid);
    while creator == Some(parent_id()) {
        let from = random(ACCOUNTS);
        let accounts = [from, (from + 1 + random(ACCOUNTS - 1)) % ACCOUNTS];
        if by_lock { bank.transfer_by_lock(accounts) } else { bank.transfer_by_transaction(accounts) }
    }
    Ok(store.remove::<Bank>()?)
}

fn start_worker(way: &str) -> Result<Child, std::io::Error> {
    Command::new(std::env::current_exe()?).arg(way).stderr(Stdio::null()).spawn()
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(way) = std::env::args().nth(1) {
        return work(way == "lock");
    }
    let store = Store::open_or_create("./transfer-bank")?;
    let bank = store.replace_with(Bank::open)?;
    println!("{COINS} coins on {ACCOUNTS} accounts, in segment {}", Shared::info(&bank).map_or(0, |info| info.shmid));
    for way in ["transaction", "lock"] {
        let mut workers = (0..4).map(|_| start_worker(way)).collect::<Result<Vec<_>, _>>()?;
        let (started, mut killed) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_micros(random(20_000) as u64));
            let worker = &mut workers[random(4)];
            worker.kill()?;
            worker.wait()?;
            *worker = start_worker(way)?;
            killed += 1;
            let coins = bank.count(way == "lock");
            if coins != COINS {
                return Err(format!("{coins} coins after {killed} kills").into());
            }
        }
        for worker in &mut workers {
            worker.kill()?;
            worker.wait()?;
        }
        let versions = if way == "lock" { bank.journal.version() } else { bank.accounts.version() };
        let (transfers, repaired) = (versions - 1, bank.repaired.load(Relaxed));
        println!("by {way}: {transfers} transfers, {killed} processes killed, {repaired} repairs: {COINS} coins");
    }
    Ok(store.remove::<Bank>()?)
}
