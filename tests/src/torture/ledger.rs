//! Accounts in several parts, which fit together only as long as a [`Lock`] and a journal see to it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::{Lock, LockError, LockGuard, ShmObject, ShmValue, Versioned};

use super::board::Board;

/// The accounts, the lock that guards them, and what they were before the transfer that is under way.
#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Ledger {
    lock: Lock,
    journal: Versioned<Journal>,
    balances: [Versioned<i64>; 8],
    transfers: Versioned<u64>,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
pub(super) struct Journal {
    under_way: u64,
    from: u64,
    to: u64,
    from_before: i64,
    to_before: i64,
    transfers_before: u64,
}

impl Ledger {
    /// Takes the lock, after putting right what a dead owner left.
    pub(super) fn lock(&self, board: &Board) -> LockGuard<'_> {
        self.lock.lock_or_repair(|| self.repair(board))
    }

    /// Likewise, by the way that says it by an error.
    pub(super) fn lock_by_error(&self, board: &Board) -> LockGuard<'_> {
        loop {
            match self.lock.lock() {
                Ok(guard) => return guard,
                Err(LockError::OwnerDied { .. }) => {
                    let guard = self.lock.lock_to_repair();
                    if guard.is_inconsistent() {
                        self.repair(board);
                        guard.mark_consistent();
                    }
                }
                Err(other) => panic!("a lock was refused: {other}"),
            }
        }
    }

    pub(super) fn lock_timeout(&self, board: &Board, timeout: Duration) -> Result<LockGuard<'_>, LockError> {
        self.lock.lock_or_repair_timeout(timeout, || self.repair(board))
    }

    /// Undoes a transfer that was not finished. May itself be killed anywhere, and done again.
    fn repair(&self, board: &Board) {
        let journal = self.journal.load();
        if journal.under_way != 0 {
            self.balances[journal.from as usize].store(journal.from_before);
            self.balances[journal.to as usize].store(journal.to_before);
            self.transfers.store(journal.transfers_before);
            self.journal.store(Journal { under_way: 0, ..journal });
            board.undone.fetch_add(1, SeqCst);
        }
        board.repairs.fetch_add(1, SeqCst);
    }

    /// Moves money, with a pause where it is nowhere. The lock is the caller's. Returns how many transfers there were.
    pub(super) fn transfer(&self, from: usize, to: usize, amount: i64, mut pause: impl FnMut()) -> u64 {
        let [from, to] = [from % 8, if from % 8 == to % 8 { (to + 1) % 8 } else { to % 8 }];
        let [from_before, to_before] = [self.balances[from].load(), self.balances[to].load()];
        let transfers_before = self.transfers.load();
        let journal =
            Journal { under_way: 1, from: from as u64, to: to as u64, from_before, to_before, transfers_before };
        self.journal.store(journal);
        self.balances[from].store(from_before - amount);
        pause();
        self.balances[to].store(to_before + amount);
        self.transfers.store(transfers_before + 1);
        self.journal.store(Journal { under_way: 0, ..journal });
        transfers_before + 1
    }

    /// What must hold while the lock is the caller's.
    pub(super) fn check(&self, acknowledged: u64) -> Result<(), String> {
        let balances: Vec<i64> = self.balances.iter().map(Versioned::load).collect();
        let sum: i64 = balances.iter().sum();
        if sum != 0 {
            return Err(format!("the accounts under the lock sum up to {sum}: {balances:?}"));
        }
        if self.journal.load().under_way != 0 {
            return Err("a transfer is under way while nobody has the lock".into());
        }
        let transfers = self.transfers.load();
        if transfers < acknowledged {
            return Err(format!("{transfers} transfers under the lock, {acknowledged} were acknowledged"));
        }
        Ok(())
    }
}
