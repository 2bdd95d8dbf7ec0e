//! A snapshot for people: a table, or one line.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::host_stats::{Cpu, WriterState};
use crate::snapshot::Snapshot;

/// The number of CPUs in the table, the busiest ones. With these it fits a terminal of 24 lines.
const CPUS_SHOWN: usize = 10;

/// A writer that is silent for so long is probably gone.
const SILENCE: Duration = Duration::from_secs(3);

const BAR_WIDTH: usize = 24;
const GIB: f64 = (1_u64 << 30) as f64;

/// Draws a share from 0 to 1 as a bar.
fn bar(share: f64) -> String {
    let filled = ((share.clamp(0.0, 1.0) * BAR_WIDTH as f64).round() as usize).min(BAR_WIDTH);
    format!("[{}{}]", "#".repeat(filled), "·".repeat(BAR_WIDTH - filled))
}

/// Draws a snapshot as a table of at most 20 lines.
#[must_use]
pub fn table(snapshot: &Snapshot) -> String {
    let mut table = String::new();
    draw(&mut table, snapshot).expect("a string takes everything");
    table
}

fn draw(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let Snapshot { sample, uptime, host_name, load, memory, .. } = snapshot;
    writeln!(out, "{host_name}, sample {sample}, {}", writer(snapshot))?;
    writeln!(out)?;
    writeln!(out, "up      {}", span(*uptime))?;
    writeln!(out, "load    {:.2} {:.2} {:.2}  (1, 5, 15 minutes)", load.one, load.five, load.fifteen)?;
    draw_usage(out, "memory", memory.used(), memory.total)?;
    draw_usage(out, "swap", memory.swap_total.saturating_sub(memory.swap_free), memory.swap_total)?;
    writeln!(out)?;
    writeln!(out, "cpu     user system   wait")?;
    draw_cpu(out, "all", &snapshot.all_cpus())?;
    let shown = busiest(&snapshot.cpus);
    for cpu in &shown {
        draw_cpu(out, &cpu.number.to_string(), cpu)?;
    }
    let hidden = snapshot.cpus.len() - shown.len();
    if hidden > 0 || snapshot.cpus_left_out > 0 {
        let left_out = snapshot.cpus_left_out;
        writeln!(out, "… {hidden} less busy CPUs not shown, {left_out} more not sampled for lack of room")?;
    }
    Ok(())
}

fn draw_usage(out: &mut String, name: &str, used: u64, total: u64) -> fmt::Result {
    if total == 0 {
        return writeln!(out, "{name:<7} none");
    }
    let share = used as f64 / total as f64;
    let (used, total) = (used as f64 / GIB, total as f64 / GIB);
    writeln!(out, "{name:<7} {} {used:.1} of {total:.1} GiB used", bar(share))
}

fn draw_cpu(out: &mut String, name: &str, cpu: &Cpu) -> fmt::Result {
    let Cpu { user, system, waiting, .. } = cpu;
    let percent = |share: &f32| format!("{:.0} %", share * 100.0);
    let [user, system, waiting] = [user, system, waiting].map(percent);
    writeln!(out, "{name:>4} {user:>7}{system:>7}{waiting:>7}  {}", bar(cpu.busy().into()))
}

/// The busiest CPUs, as many as are shown, in the order of their numbers.
fn busiest(cpus: &[Cpu]) -> Vec<Cpu> {
    let mut cpus = cpus.to_vec();
    cpus.sort_by(|a, b| b.busy().total_cmp(&a.busy()));
    cpus.truncate(CPUS_SHOWN);
    cpus.sort_by_key(|cpu| cpu.number);
    cpus
}

/// Shows a snapshot in one line: for logs and pipes.
#[must_use]
pub fn line(snapshot: &Snapshot) -> String {
    let Snapshot { sample, load, memory, .. } = snapshot;
    let used = memory.used() as f64 / GIB;
    let busy = snapshot.all_cpus().busy() * 100.0;
    let writer = writer(snapshot);
    format!("sample {sample}, load {:.2}, memory {used:.2} GiB used, CPUs {busy:.0} % busy, {writer}", load.one)
}

fn writer(snapshot: &Snapshot) -> String {
    let Snapshot { writer_pid, age, .. } = snapshot;
    match snapshot.writer {
        WriterState::Absent => "never written".into(),
        WriterState::Ended => format!("{} old: writer (pid {writer_pid}) has ended", span(*age)),
        WriterState::Running if *age >= SILENCE => {
            format!("{} old: writer (pid {writer_pid}) is silent, stopped or killed", span(*age))
        }
        WriterState::Running => format!("from pid {writer_pid}"),
    }
}

/// A time as people say it, by its two largest units.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{:.1} s", time.as_secs_f64()),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_stats::{Load, Memory};

    fn snapshot(cpus: u32) -> Snapshot {
        let cpu = |number| Cpu { number, user: number as f32 / cpus as f32, ..Cpu::default() };
        Snapshot {
            sample: 42,
            age: Duration::from_millis(100),
            uptime: Duration::from_secs(93_784),
            writer_pid: 812,
            writer: WriterState::Running,
            host_name: "rover".into(),
            load: Load { one: 0.5, five: 0.25, fifteen: 0.125 },
            memory: Memory { total: 4 << 30, available: 3 << 30, swap_total: 0, swap_free: 0 },
            cpus: (0..cpus).map(cpu).collect(),
            cpus_left_out: 0,
        }
    }

    #[test]
    fn a_small_machine_is_shown_whole() {
        let expected = "\
rover, sample 42, from pid 812

up      1 d 2 h
load    0.50 0.25 0.12  (1, 5, 15 minutes)
memory  [######··················] 1.0 of 4.0 GiB used
swap    none

cpu     user system   wait
 all    25 %    0 %    0 %  [######··················]
   0     0 %    0 %    0 %  [························]
   1    50 %    0 %    0 %  [############············]
";
        assert_eq!(table(&snapshot(2)), expected);
    }

    #[test]
    fn of_a_large_machine_the_busiest_cpus_are_shown() {
        let table = table(&snapshot(1000));
        assert!(table.contains("\n 999 ") && table.contains("\n… 990 less busy CPUs not shown, 0 more"), "{table}");
        assert!(table.lines().count() <= 20, "{table}");
    }

    #[test]
    fn a_silent_writer_is_noticed() {
        let silent = Snapshot { age: Duration::from_secs(75), ..snapshot(1) };
        assert!(line(&silent).ends_with("1 min 15 s old: writer (pid 812) is silent, stopped or killed"));
        let ended = Snapshot { writer: WriterState::Ended, ..snapshot(1) };
        assert!(line(&ended).ends_with("0.1 s old: writer (pid 812) has ended"));
    }
}
