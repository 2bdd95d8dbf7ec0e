//! Takes samples of this machine.

use std::fs;
use std::io;

use super::parse::{self, CpuTimes};
use crate::host_stats::{Cpu, Load, Memory};

/// Reasons why a sample cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file of `/proc` cannot be read.
    #[error("cannot read {path}: {source}; is /proc mounted?")]
    Read {
        /// The file.
        path: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A file of `/proc` does not hold what Linux puts there.
    #[error("cannot make sense of {path}: it does not hold {expected}; `cat {path}` shows what it holds")]
    Content {
        /// The file.
        path: &'static str,
        /// The expected contents.
        expected: &'static str,
    },
}

/// The machine at one moment.
#[derive(Debug)]
pub struct Sample {
    /// Seconds since it was started.
    pub uptime: f64,
    /// Its load.
    pub load: Load,
    /// Its memory.
    pub memory: Memory,
    /// The work of each CPU since the sample before, by number.
    pub cpus: Vec<Cpu>,
}

/// Takes samples, and knows the last one's counters.
#[derive(Debug)]
pub struct Sampler {
    /// In the order of their numbers.
    earlier: Vec<CpuTimes>,
}

impl Sampler {
    /// Begins to count.
    ///
    /// # Errors
    ///
    /// As [`sample`](Self::sample).
    pub fn start() -> Result<Self, HostError> {
        Ok(Self { earlier: cpu_times()? })
    }

    /// Takes a sample.
    ///
    /// # Errors
    ///
    /// [`HostError`] if a file of `/proc` is missing, or holds nothing that makes sense.
    pub fn sample(&mut self) -> Result<Sample, HostError> {
        let now = cpu_times()?;
        let cpus = now.iter().map(|cpu| cpu.since(self.earlier_of(cpu))).collect();
        self.earlier = now;
        Ok(Sample {
            uptime: read("/proc/uptime", "the seconds since the start", parse::uptime)?,
            load: read("/proc/loadavg", "three averages", parse::load)?,
            memory: read("/proc/meminfo", "a line `MemTotal: … kB`", parse::memory)?,
            cpus,
        })
    }

    /// Returns the counters of a CPU at the sample before, or its own if it was just switched on.
    fn earlier_of<'a>(&'a self, cpu: &'a CpuTimes) -> &'a CpuTimes {
        let found = self.earlier.binary_search_by_key(&cpu.number, |earlier| earlier.number);
        found.map_or(cpu, |at| &self.earlier[at])
    }
}

/// The CPUs in the order of their numbers.
fn cpu_times() -> Result<Vec<CpuTimes>, HostError> {
    let mut cpus = read("/proc/stat", "a line `cpu0 …`", parse::cpu_times)?;
    cpus.sort_unstable_by_key(|cpu| cpu.number);
    Ok(cpus)
}

/// The machine's name; empty if the kernel does not tell.
#[must_use]
pub fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

fn read<T>(path: &'static str, expected: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, HostError> {
    let bytes = fs::read(path).map_err(|source| HostError::Read { path, source })?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or(HostError::Content { path, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_sampled() {
        let mut sampler = Sampler::start().expect("a Linux machine");
        let sample = sampler.sample().expect("a Linux machine");
        assert!(sample.memory.total > 0 && !sample.cpus.is_empty() && sample.uptime > 0.0, "{sample:?}");
    }

    #[test]
    fn a_cpu_that_was_just_switched_on_has_done_nothing() {
        let new = CpuTimes { number: 7, user: 1_000_000, ..CpuTimes::default() };
        let sampler = Sampler { earlier: vec![CpuTimes::default()] };
        assert_eq!(new.since(sampler.earlier_of(&new)), Cpu { number: 7, ..Cpu::default() });
    }

    #[test]
    fn what_is_missing_or_strange_is_named() {
        let missing = read("/proc/no-such-file", "a number", parse::uptime).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read /proc/no-such-file: No such file"), "{missing}");
        let strange = read("/proc/stat", "the seconds since the start", parse::uptime).unwrap_err();
        let expected = "cannot make sense of /proc/stat: it does not hold the seconds since the start";
        assert!(strange.to_string().starts_with(expected), "{strange}");
    }
}
