//! `HostStats` as a program that was built last month knows it: same name, same id, another layout.

use std::sync::atomic::{AtomicU32, AtomicU64};

use shmstore::{AtomicValue, FixedString, FixedVec, ShmObject, ShmValue, Versioned};

use crate::host_stats::{Cpu, MAX_CPUS, MAX_HOST_NAME, Memory};

/// Before there was `cpus_left_out`, and while `load` had fewer digits.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'H')]
pub struct HostStats {
    /// The number of samples.
    pub samples: AtomicU64,
    /// When the last one was taken.
    pub taken_at: AtomicU64,
    /// How long the machine has been running, in seconds.
    pub uptime: AtomicValue<f64>,
    /// The process that writes.
    pub writer_pid: AtomicU32,
    /// What the writer says it is doing.
    pub writer: AtomicValue<WriterState>,
    /// The machine's name.
    pub host_name: Versioned<FixedString<MAX_HOST_NAME>>,
    /// The number of processes that wait for a CPU.
    pub load: Versioned<Load>,
    /// The use of memory.
    pub memory: Versioned<Memory>,
    /// The work of the CPUs.
    pub cpus: Versioned<FixedVec<Cpu, MAX_CPUS>>,
}

/// Before writers said that they had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub enum WriterState {
    /// No writer has written yet.
    Absent = 0,
    /// It takes samples.
    Running = 1,
}

/// With half the digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShmValue)]
#[repr(C)]
pub struct Load {
    /// Over the last minute.
    pub one: f32,
    /// Over the last five minutes.
    pub five: f32,
    /// Over the last fifteen minutes.
    pub fifteen: f32,
}
