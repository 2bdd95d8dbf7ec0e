//! The process that stores values.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use shmstore::{CacheAligned, ShmObject, ShmValue, Store, Versioned};

use super::clock::now;
use crate::failure::Failure;
use crate::worker::{Worker, end_with_parent};

/// How the values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// `Versioned::store`, which takes the write side each time.
    Store,
    /// `Writer::store`, with the write side leased.
    Lease,
}

/// A value that says when it was stored.
#[derive(Debug, Clone, Copy, ShmValue)]
#[repr(C)]
pub(super) struct Tick {
    /// Nanoseconds of the clock that all processes share.
    pub(super) stored_at: u64,
}

/// What producer and consumer share: a part for each way.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'W')]
pub(super) struct Ticks {
    stored: CacheAligned<Versioned<Tick>>,
    leased: CacheAligned<Versioned<Tick>>,
}

impl Ticks {
    pub(super) fn part(&self, way: Way) -> &Versioned<Tick> {
        match way {
            Way::Store => &self.stored,
            Way::Lease => &self.leased,
        }
    }
}

/// A process that stores values.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Producer {
    /// Stores so many values, and ends; also when its parent does.
    #[command(hide = true)]
    PlayProducer {
        /// The place of the object.
        path: PathBuf,
        /// How to store.
        way: Way,
        /// How many values.
        updates: u32,
        /// How many a second.
        hz: u32,
    },
}

impl Producer {
    /// Stores the values.
    ///
    /// # Errors
    ///
    /// If there is no object.
    pub fn produce(&self) -> Result<(), Failure> {
        let Self::PlayProducer { path, way, updates, hz } = self;
        let store = Store::open(path)?;
        let ticks = store.attach::<Ticks>()?;
        end_with_parent::<Ticks>(store);
        let pause = Duration::from_secs(1) / *hz;
        match way {
            Way::Store => repeat(*updates, pause, |tick| ticks.stored.store(tick)),
            Way::Lease => {
                let mut writer = ticks.leased.writer();
                repeat(*updates, pause, |tick| writer.store(tick))
            }
        }
    }

    /// Starts a producer.
    pub(super) fn start(path: &Path, way: Way, updates: u32, hz: u32) -> Result<Worker, Failure> {
        let way = clap::ValueEnum::to_possible_value(&way).ok_or("every way has a name")?;
        let (updates, hz) = (updates.to_string(), hz.to_string());
        let args = ["play-producer".as_ref(), path.as_os_str(), way.get_name().as_ref(), updates.as_ref(), hz.as_ref()];
        Ok(Worker::start(args)?)
    }
}

fn repeat(updates: u32, pause: Duration, mut store: impl FnMut(Tick) -> u64) -> Result<(), Failure> {
    for _ in 0..updates {
        // First, so that the consumer is asleep when the value comes.
        thread::sleep(pause);
        store(Tick { stored_at: now()? });
    }
    Ok(())
}
