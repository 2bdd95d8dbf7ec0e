//! The shared types: one object, made of parts that any process may read and write at any time.

use std::sync::atomic::{AtomicU32, AtomicU64};

use shmstore::{AtomicValue, FixedString, FixedVec, ShmObject, ShmValue, Versioned};

/// The number of CPUs there is room for. On a larger machine the CPUs with the highest numbers are left out, and
/// [`HostStats::cpus_left_out`] says how many.
pub const MAX_CPUS: usize = 1024;

/// The longest host name, in bytes: Linux's `HOST_NAME_MAX`.
pub const MAX_HOST_NAME: usize = 64;

/// The state of this machine, sampled some times a second.
///
/// Each part is whole by itself. Numbers that belong together stand in one value, in one [`Versioned`].
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'H')]
pub struct HostStats {
    /// The number of samples since the object was created, by all writers. It is counted after the rest of a sample is
    /// stored.
    pub samples: AtomicU64,
    /// When the last one was taken: milliseconds since 1970-01-01, universal time.
    pub taken_at: AtomicU64,
    /// How long the machine has been running, in seconds.
    pub uptime: AtomicValue<f64>,
    /// The process that writes, or has written last.
    pub writer_pid: AtomicU32,
    /// The number of CPUs there was no room for.
    pub cpus_left_out: AtomicU32,
    /// What the writer says it is doing.
    pub writer: AtomicValue<WriterState>,
    /// The machine's name.
    pub host_name: Versioned<FixedString<MAX_HOST_NAME>>,
    /// The number of processes that wait for a CPU.
    pub load: Versioned<Load>,
    /// The use of memory.
    pub memory: Versioned<Memory>,
    /// The work of the CPUs between the last two samples. They are one value, so all are of the same moment.
    pub cpus: Versioned<FixedVec<Cpu, MAX_CPUS>>,
}

/// The state of the writer, as it says. A writer that is killed says nothing, and its last sample grows old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub enum WriterState {
    /// No writer has written yet. Shared memory starts as zeros, so this is 0.
    Absent = 0,
    /// It takes samples.
    Running = 1,
    /// It has ended as it was told to.
    Ended = 2,
}

/// The load: how many processes were running, or waiting to run, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShmValue)]
#[repr(C)]
pub struct Load {
    /// Over the last minute.
    pub one: f64,
    /// Over the last five minutes.
    pub five: f64,
    /// Over the last fifteen minutes.
    pub fifteen: f64,
}

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub struct Memory {
    /// All memory that the kernel manages.
    pub total: u64,
    /// Memory that programs could still get without swapping.
    pub available: u64,
    /// Swap space.
    pub swap_total: u64,
    /// Unused swap space.
    pub swap_free: u64,
}

/// The work of one CPU, in shares of its time from 0 to 1. It was idle for the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShmValue)]
#[repr(C)]
pub struct Cpu {
    /// The kernel's number of it.
    pub number: u32,
    /// Running programs.
    pub user: f32,
    /// Running the kernel, serving interrupts, or taken away by a hypervisor.
    pub system: f32,
    /// Idle, while something waited for a disk.
    pub waiting: f32,
}

impl Cpu {
    /// The share of time it was not idle.
    #[must_use]
    pub fn busy(&self) -> f32 {
        self.user + self.system
    }
}
