//! A process that moves money until it is killed.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use shmstore::Store;

use super::bank::{ACCOUNTS, Bank, Way};
use crate::failure::Failure;
use crate::worker::{Worker, end_with_parent};

/// The largest transfer.
const MOST: u64 = 100;

/// A process that moves money.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Clerk {
    /// Moves money until it is killed, or its parent ends.
    #[command(hide = true)]
    PlayClerk {
        /// The place of the bank.
        path: PathBuf,
        /// How it moves the money.
        way: Way,
    },
}

impl Clerk {
    /// Works without end.
    ///
    /// # Errors
    ///
    /// If there is no bank.
    pub fn work(&self) -> Result<(), Failure> {
        let Self::PlayClerk { path, way } = self;
        let store = Store::open(path)?;
        let bank = store.attach::<Bank>()?;
        end_with_parent::<Bank>(store);
        let mut random = Random::new();
        loop {
            let [from, to] = [(); 2].map(|()| random.below(ACCOUNTS as u64) as usize);
            bank.transfer(*way, from, to, random.below(MOST) as i64);
        }
    }

    /// Starts a clerk.
    pub(super) fn hire(path: &Path, way: Way) -> Result<Worker, Failure> {
        let way = clap::ValueEnum::to_possible_value(&way).ok_or("every way has a name")?;
        Ok(Worker::start(["play-clerk".as_ref(), path.as_os_str(), way.get_name().as_ref()])?)
    }
}

/// Numbers that nobody foresees (SplitMix64, Steele, Lea and Flood 2014).
pub(super) struct Random(u64);

impl Random {
    /// Seeded by what the standard library seeds its hash maps with.
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}
