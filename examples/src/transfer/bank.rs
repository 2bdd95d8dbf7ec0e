//! The bank: accounts in shared memory, and two ways to move money between them so that a killed mover loses none.

use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use shmstore::{CacheAligned, Lock, LockError, ShmObject, ShmValue, Versioned};

/// How many accounts there are.
pub(super) const ACCOUNTS: usize = 16;
/// What is on each when the bank opens.
const EACH: i64 = 1_000;
/// What is on all of them together, always.
pub(super) const ALL_THE_MONEY: i64 = ACCOUNTS as i64 * EACH;

/// How the money is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// All balances are one value, changed by transactions.
    Transaction,
    /// Each balance is a part by itself; who changes two of them holds a lock, and keeps a journal.
    Lock,
}

/// A transfer that is being made: what is to stand on two accounts after it.
#[derive(Debug, Clone, Copy, ShmValue)]
#[repr(C)]
struct Entry {
    /// Transfers are numbered from 1; 0 if none is being made.
    number: u64,
    from: u32,
    to: u32,
    from_after: i64,
    to_after: i64,
}

/// No transfer is being made.
const NONE: Entry = Entry { number: 0, from: 0, to: 0, from_after: 0, to_after: 0 };

/// All accounts, once for each way.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
pub(super) struct Bank {
    /// `Way::Transaction`: what belongs together stands in one value.
    accounts: CacheAligned<Versioned<[i64; ACCOUNTS]>>,
    /// `Way::Lock`: guards all that follows.
    lock: CacheAligned<Lock>,
    journal: Versioned<Entry>,
    balances: [AtomicI64; ACCOUNTS],
    transfers: AtomicU64,
    repairs: AtomicU64,
}

/// What can be counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Books {
    pub(super) sum: i64,
    pub(super) transfers: u64,
    /// How often a dead clerk's transfer was finished by another.
    pub(super) repairs: u64,
}

impl Bank {
    /// Puts the money on the accounts of a new bank.
    pub(super) fn open(&self) {
        self.accounts.store([EACH; ACCOUNTS]);
        self.balances.iter().for_each(|balance| balance.store(EACH, Relaxed));
    }

    /// Moves up to `amount` from one account to another: no more than there is.
    pub(super) fn transfer(&self, way: Way, from: usize, to: usize, amount: i64) {
        match way {
            Way::Transaction => self.transfer_by_transaction(from, to, amount),
            Way::Lock => self.transfer_by_lock(from, to, amount),
        }
    }

    /// Killed before `commit`, nothing has happened; after it, everything has.
    fn transfer_by_transaction(&self, from: usize, to: usize, amount: i64) {
        let mut accounts = self.accounts.begin();
        let moved = amount.min(accounts[from]);
        accounts[from] -= moved;
        carry(moved);
        accounts[to] += moved;
        accounts.commit();
    }

    /// Killed before the journal has the entry, nothing has happened; after it, the next one to take the lock finishes it.
    fn transfer_by_lock(&self, from: usize, to: usize, amount: i64) {
        let _guard = self.lock.lock_or_repair(|| self.repair());
        let [has, other] = [from, to].map(|account| self.balances[account].load(Relaxed));
        let moved = amount.min(has);
        let entry = Entry {
            number: self.transfers.load(Relaxed) + 1,
            from: from as u32,
            to: to as u32,
            from_after: has - moved,
            to_after: if from == to { has } else { other + moved },
        };
        self.journal.store(entry);
        self.carry_out(&entry);
    }

    /// Does what the journal says, as often as it takes: it says what is to be, not what is to change.
    fn carry_out(&self, entry: &Entry) {
        // Release: none of them comes before the entry is in the journal. Its own store comes after all of them.
        let from = &self.balances[entry.from as usize];
        let moved = from.load(Relaxed) - entry.from_after;
        from.store(entry.from_after, Release);
        carry(moved);
        self.balances[entry.to as usize].store(entry.to_after, Release);
        self.transfers.store(entry.number, Release);
        self.journal.store(NONE);
    }

    /// Runs with the lock held, when its last owner has died. If the one who repairs is killed too, the next one repairs.
    fn repair(&self) {
        let entry = self.journal.load();
        if entry.number != 0 {
            self.carry_out(&entry);
        }
        self.repairs.fetch_add(1, Relaxed);
    }

    /// Counts the money, while nobody moves it.
    pub(super) fn books(&self, way: Way, patience: Duration) -> Result<Books, LockError> {
        match way {
            Way::Transaction => {
                // A load is whole: no lock is needed. The first version is what the bank opened with.
                let (version, accounts) = self.accounts.load_versioned();
                Ok(Books { sum: accounts.iter().sum(), transfers: version - 1, repairs: 0 })
            }
            Way::Lock => {
                let _guard = self.lock.lock_or_repair_timeout(patience, || self.repair())?;
                let sum = self.balances.iter().map(|balance| balance.load(Acquire)).sum();
                Ok(Books { sum, transfers: self.transfers.load(Relaxed), repairs: self.repairs.load(Relaxed) })
            }
        }
    }
}

/// Takes time, so that many are killed on the way, when the money is nowhere.
fn carry(coins: i64) {
    (0..10 * coins).for_each(|_| spin_loop());
}

#[cfg(test)]
mod tests {
    use shmstore::Shared;

    use super::*;

    fn bank() -> Shared<Bank> {
        let bank = Shared::<Bank>::new_private().unwrap();
        bank.open();
        bank
    }

    #[test]
    fn both_ways_move_what_there_is() {
        for way in [Way::Transaction, Way::Lock] {
            let bank = bank();
            for (from, to, amount) in [(0, 1, 400), (0, 2, 10_000), (3, 3, 7)] {
                bank.transfer(way, from, to, amount);
            }
            let balances = match way {
                Way::Transaction => bank.accounts.load(),
                Way::Lock => std::array::from_fn(|account| bank.balances[account].load(Relaxed)),
            };
            assert_eq!(balances[..4], [0, 1_400, 1_600, 1_000], "{way:?}");
            let books = bank.books(way, Duration::ZERO).unwrap();
            assert_eq!((books.sum, books.transfers, books.repairs), (ALL_THE_MONEY, 3, 0), "{way:?}");
        }
    }

    #[test]
    fn half_a_transfer_is_finished_from_the_journal_however_often() {
        let bank = bank();
        bank.journal.store(Entry { number: 1, from: 0, to: 1, from_after: 900, to_after: 1_100 });
        bank.balances[0].store(900, Relaxed);
        bank.repair();
        bank.repair();
        let books = bank.books(Way::Lock, Duration::ZERO).unwrap();
        assert_eq!((books.sum, books.transfers, bank.balances[1].load(Relaxed)), (ALL_THE_MONEY, 1, 1_100));
    }
}
