//! The texts of `/proc`, read. Kernels differ in what they tell, so what is missing counts as zero; only a text of
//! which nothing at all can be understood is refused, by `None`.

use std::iter::zip;

use crate::host_stats::{Cpu, Load, Memory};

const BYTES_PER_KIB: u64 = 1024;

/// The work of a CPU since the machine was started, in clock ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes {
    /// The kernel's number of the CPU.
    pub number: u32,
    /// Running programs.
    pub user: u64,
    /// Running the kernel, serving interrupts, or taken away by a hypervisor.
    pub system: u64,
    /// Doing nothing.
    pub idle: u64,
    /// Doing nothing, while something waited for a disk.
    pub waiting: u64,
}

impl CpuTimes {
    /// Returns its work since `earlier`. A counter that went backwards, as `waiting` does at times, counts as
    /// unchanged.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Cpu {
        let times = [self.user, self.system, self.waiting, self.idle];
        let earlier = [earlier.user, earlier.system, earlier.waiting, earlier.idle];
        let mut ticks = [0.0_f32; 4];
        for (ticks, (now, before)) in zip(&mut ticks, zip(times, earlier)) {
            *ticks = now.saturating_sub(before) as f32;
        }
        // A CPU on which no time has passed did nothing.
        let total = ticks.iter().sum::<f32>().max(1.0);
        let [user, system, waiting, _] = ticks.map(|ticks| ticks / total);
        Cpu { number: self.number, user, system, waiting }
    }
}

/// Reads `/proc/stat`: the times of each CPU, in the kernel's order.
#[must_use]
pub fn cpu_times(stat: &str) -> Option<Vec<CpuTimes>> {
    let cpus: Vec<CpuTimes> = stat.lines().filter_map(times_of_one).collect();
    (!cpus.is_empty()).then_some(cpus)
}

/// Reads `cpu3 user nice system idle iowait irq softirq steal …`; `None` for all other lines, the sum of all CPUs too.
fn times_of_one(line: &str) -> Option<CpuTimes> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.strip_prefix("cpu")?.parse().ok()?;
    let mut ticks = [0; 8];
    for (ticks, word) in zip(&mut ticks, words) {
        *ticks = word.parse().ok()?;
    }
    let [user, nice, kernel, idle, waiting, irq, soft_irq, stolen] = ticks;
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    Some(CpuTimes { number, user: sum(&[user, nice]), system: sum(&[kernel, irq, soft_irq, stolen]), idle, waiting })
}

/// Reads `/proc/meminfo`. A kernel that does not say what is available (before Linux 3.14) says at least what is free.
#[must_use]
pub fn memory(meminfo: &str) -> Option<Memory> {
    let bytes_of = |name: &str| {
        let rest = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kib: u64 = rest.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        Some(kib.saturating_mul(BYTES_PER_KIB))
    };
    Some(Memory {
        total: bytes_of("MemTotal")?,
        available: bytes_of("MemAvailable").or_else(|| bytes_of("MemFree")).unwrap_or_default(),
        swap_total: bytes_of("SwapTotal").unwrap_or_default(),
        swap_free: bytes_of("SwapFree").unwrap_or_default(),
    })
}

/// Reads `/proc/loadavg`.
#[must_use]
pub fn load(loadavg: &str) -> Option<Load> {
    let mut words = loadavg.split_ascii_whitespace().map(number);
    Some(Load { one: words.next()??, five: words.next()??, fifteen: words.next()?? })
}

/// Reads `/proc/uptime`: the seconds since the machine was started.
#[must_use]
pub fn uptime(text: &str) -> Option<f64> {
    text.split_ascii_whitespace().next().and_then(number)
}

/// A number that means something: not infinite, not negative.
fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "\
cpu  110 5 30 1000 20 3 2 1 0 0
cpu0 100 5 20 600 15 2 1 1 0 0
cpu12 10 0 10 400 5 1 1 0 0 0
intr 1244776 0 0
ctxt 1564539
btime 1795000000
";

    #[test]
    fn each_cpu_is_read_and_their_sum_is_not() {
        let cpus = cpu_times(STAT).expect("two CPUs");
        let first = CpuTimes { number: 0, user: 105, system: 24, idle: 600, waiting: 15 };
        let other = CpuTimes { number: 12, user: 10, system: 12, idle: 400, waiting: 5 };
        assert_eq!(cpus, [first, other]);
    }

    #[test]
    fn kernels_with_fewer_columns_are_understood() {
        let cpus = cpu_times("cpu0 7 1 2 90").expect("a CPU");
        assert_eq!(cpus, [CpuTimes { number: 0, user: 8, system: 2, idle: 90, waiting: 0 }]);
    }

    #[test]
    fn lines_that_are_no_cpus_are_passed_over() {
        let odd = "\n   \ncpu\ncpux 1 2 3\ncpu-1 1 2 3\ncpu0 one 2 3\ncpu99999999999 1\ncpu3 1 0 1 8\n\u{fffd}\u{fffd}";
        let numbers: Vec<u32> = cpu_times(odd).into_iter().flatten().map(|cpu| cpu.number).collect();
        assert_eq!(numbers, [3]);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let max = u64::MAX;
        let cpus = cpu_times(&format!("cpu0 {max} {max} {max} {max} {max} {max} {max} {max}")).expect("a CPU");
        let Cpu { user, system, waiting, .. } = cpus[0].since(&CpuTimes::default());
        for share in [user, system, waiting] {
            assert!((share - 0.25).abs() < 0.001, "{share}");
        }
    }

    #[test]
    fn texts_of_which_nothing_is_understood_are_refused() {
        for nonsense in ["", " ", "\0", "cpu", "MemTotal", "MemTotal: lots kB", "nan inf -1", "-0.5"] {
            assert_eq!(cpu_times(nonsense), None, "{nonsense:?}");
            assert_eq!(memory(nonsense), None, "{nonsense:?}");
            assert_eq!(load(nonsense), None, "{nonsense:?}");
            assert_eq!(uptime(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn shares_are_of_the_time_that_passed() {
        let before = CpuTimes { number: 4, user: 100, system: 100, idle: 100, waiting: 100 };
        let now = CpuTimes { number: 4, user: 150, system: 125, idle: 125, waiting: 100 };
        assert_eq!(now.since(&before), Cpu { number: 4, user: 0.5, system: 0.25, waiting: 0.0 });
        assert_eq!(now.since(&now), Cpu { number: 4, ..Cpu::default() });
    }

    #[test]
    fn a_counter_that_goes_backwards_counts_as_unchanged() {
        let before = CpuTimes { waiting: 100, ..CpuTimes::default() };
        let now = CpuTimes { user: 1, waiting: 90, idle: 3, ..CpuTimes::default() };
        assert_eq!(now.since(&before), Cpu { user: 0.25, ..Cpu::default() });
    }

    #[test]
    fn memory_is_in_bytes() {
        let text = "MemTotal:       24684084 kB\nMemFree:  1 kB\nMemAvailable:   24147348 kB\nSwapTotal: 8 kB\nSwapFree: 4 kB\n";
        let expected =
            Memory { total: 24_684_084 * 1024, available: 24_147_348 * 1024, swap_total: 8192, swap_free: 4096 };
        assert_eq!(memory(text), Some(expected));
    }

    #[test]
    fn memory_that_is_free_stands_in_for_what_is_available() {
        let found = memory("MemTotalX: 9 kB\nMemTotal: 4 kB\nMemFree: 2 kB\n").expect("the total is there");
        assert_eq!((found.total, found.available, found.swap_total), (4096, 2048, 0));
        assert_eq!(memory(&format!("MemTotal: {} kB", u64::MAX)).map(|memory| memory.total), Some(u64::MAX));
    }

    #[test]
    fn load_and_uptime_are_the_first_numbers() {
        assert_eq!(load("0.71 1.23 1.18 2/99 28028\n"), Some(Load { one: 0.71, five: 1.23, fifteen: 1.18 }));
        assert_eq!(load("0.71 1.23"), None);
        assert_eq!(uptime("3310.68 5056.91\n"), Some(3310.68));
    }
}
