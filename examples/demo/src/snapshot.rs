//! The contents of the shared object at one moment.

use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shmstore::{InvalidValue, ReadOnly};

use crate::host_stats::{Cpu, HostStats, Load, Memory, WriterState};

/// A copy of all that is in the shared object.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The last sample's number. The rest is of this sample, or of one that was taken while we copied.
    pub sample: u64,
    /// The time since it was taken.
    pub age: Duration,
    /// The time since the machine was started.
    pub uptime: Duration,
    /// The process that writes, or wrote last.
    pub writer_pid: u32,
    /// The state of the writer, as it says.
    pub writer: WriterState,
    /// The machine's name.
    pub host_name: String,
    /// Its load.
    pub load: Load,
    /// Its memory.
    pub memory: Memory,
    /// Its CPUs.
    pub cpus: Vec<Cpu>,
    /// The number of CPUs there was no room for.
    pub cpus_left_out: u32,
}

/// Copies all of an object, or of its view: the parts of both have the same names and load by the same methods.
macro_rules! snapshot_of {
    ($stats:expr) => {
        Snapshot {
            sample: $stats.samples.load(Acquire),
            age: age($stats.taken_at.load(Relaxed)),
            uptime: Duration::try_from_secs_f64($stats.uptime.load(Relaxed)).unwrap_or_default(),
            writer_pid: $stats.writer_pid.load(Relaxed),
            writer: $stats.writer.load_checked(Relaxed)?,
            host_name: $stats.host_name.load().to_string_lossy().into_owned(),
            load: $stats.load.load(),
            memory: $stats.memory.load(),
            cpus: $stats.cpus.load().to_vec(),
            cpus_left_out: $stats.cpus_left_out.load(Relaxed),
        }
    };
}

impl Snapshot {
    /// Copies all of the object. It takes no lock, and keeps no process from writing.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if another program wrote something that is no [`WriterState`].
    pub fn of(stats: &HostStats) -> Result<Self, InvalidValue> {
        Ok(snapshot_of!(stats))
    }

    /// Copies all of an object that may only be read.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_seen(stats: &ReadOnly<HostStats>) -> Result<Self, InvalidValue> {
        Ok(snapshot_of!(stats))
    }

    /// Returns the average work of all CPUs.
    #[must_use]
    pub fn all_cpus(&self) -> Cpu {
        let count = self.cpus.len().max(1) as f32;
        let mean = |of: fn(&Cpu) -> f32| self.cpus.iter().map(of).sum::<f32>() / count;
        Cpu { number: 0, user: mean(|cpu| cpu.user), system: mean(|cpu| cpu.system), waiting: mean(|cpu| cpu.waiting) }
    }
}

impl Memory {
    /// Bytes that are in use.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.total.saturating_sub(self.available)
    }
}

/// Returns the time since a moment, given in milliseconds since 1970, or zero if the clock was set back since.
fn age(taken_at: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(taken_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmstore::Shared;

    #[test]
    fn a_new_object_is_a_snapshot_of_nothing() {
        let stats = Shared::<HostStats>::new_private().expect("memory");
        let snapshot = Snapshot::of(&stats).expect("zeros are valid");
        assert_eq!((snapshot.sample, snapshot.writer, snapshot.cpus.len()), (0, WriterState::Absent, 0));
        assert_eq!(snapshot.all_cpus(), Cpu::default());
    }

    #[test]
    fn numbers_from_a_faulty_writer_are_survived() {
        let stats = Shared::<HostStats>::new_private().expect("memory");
        stats.uptime.store(f64::NAN, Relaxed);
        stats.taken_at.store(u64::MAX, Relaxed);
        stats.memory.store(Memory { total: 1, available: 2, ..Memory::default() });
        let snapshot = Snapshot::of(&stats).expect("any number is valid");
        assert_eq!((snapshot.uptime, snapshot.age, snapshot.memory.used()), (Duration::ZERO, Duration::ZERO, 0));
    }
}
