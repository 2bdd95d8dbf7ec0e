//! The state of this machine, as `/proc` shows it.

mod parse;
mod sampler;

pub use parse::{CpuTimes, cpu_times, load, memory, uptime};
pub use sampler::{HostError, Sample, Sampler, host_name};
