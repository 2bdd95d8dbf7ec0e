//! What the kernel tells of this machine in `/proc`.

mod parse;
mod sampler;

pub use parse::{CpuTimes, cpu_times, load, memory, uptime};
pub use sampler::{HostError, Sample, Sampler, host_name};
