//! All segments of this IPC namespace, and the kernel's limits: by `shmctl`, or from `/proc` ([proc_sysvipc(5)]) where
//! a sandbox or an old kernel refuses that.
//!
//! [proc_sysvipc(5)]: https://man7.org/linux/man-pages/man5/proc_sysvipc.5.html
//!
//! # Safety
//!
//! As `sys/shm.rs`.
#![allow(unsafe_code)]

use std::fs;
use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::libc;

use super::{SHM_DEST, Status, stat};
use crate::layout::key::Key;
use crate::sys::process::ordinary_page_size;

/// Commands of `shmctl` that libc does not name, from `<linux/shm.h>` and `<linux/ipc.h>`.
const IPC_INFO: libc::c_int = 3;
const SHM_STAT: libc::c_int = 13;
const SHM_INFO: libc::c_int = 14;
/// Since Linux 4.17: status by table index, whatever the permissions.
const SHM_STAT_ANY: libc::c_int = 15;

/// Filled by `IPC_INFO`: `struct shminfo64` of `<asm-generic/shmbuf.h>`.
#[repr(C)]
struct Limits {
    max_size: libc::c_ulong,
    min_size: libc::c_ulong,
    segments: libc::c_ulong,
    segments_per_process: libc::c_ulong,
    pages: libc::c_ulong,
    unused: [libc::c_ulong; 4],
}

/// Filled by `SHM_INFO`: `struct shm_info` of `<linux/shm.h>`.
#[repr(C)]
struct Used {
    segments: libc::c_int,
    pages: libc::c_ulong,
    resident_pages: libc::c_ulong,
    swapped_pages: libc::c_ulong,
    swap_attempts: libc::c_ulong,
    swap_successes: libc::c_ulong,
}

/// The kernel's limits for shared memory, and how much of them is in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) segments: u64,
    pub(crate) segment_limit: u64,
    pub(crate) pages: u64,
    pub(crate) page_limit: u64,
    pub(crate) min_size: u64,
    pub(crate) max_size: u64,
}

/// Lists every segment of this IPC namespace, also those without read permission.
pub(crate) fn table() -> Result<impl Iterator<Item = Status>, Errno> {
    let listed = by_index().or_else(|errno| from_proc().ok_or(errno))?;
    Ok(listed.into_iter())
}

fn by_index() -> Result<Vec<Status>, Errno> {
    let (highest, used) = info()?;
    let mut listed = Vec::new();
    for index in 0..=highest {
        match stat(index, SHM_STAT_ANY).or_else(|_| stat(index, SHM_STAT)) {
            Ok((shmid, ds)) => listed.push(Status::new(shmid, &ds)),
            // No segment has this index.
            Err(Errno::EINVAL | Errno::EIDRM) => {}
            Err(errno) => return Err(errno),
        }
    }
    // A kernel that knows neither command answers so for each index.
    if listed.is_empty() && used.segments > 0 { Err(Errno::EINVAL) } else { Ok(listed) }
}

/// Reads the table as text. Its first line has the names of the columns.
fn from_proc() -> Option<Vec<Status>> {
    let text = fs::read_to_string("/proc/sysvipc/shm").ok()?;
    text.lines().skip(1).map(status_of_line).collect()
}

/// `key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime …`
fn status_of_line(line: &str) -> Option<Status> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |at: usize| columns.get(at)?.parse::<i64>().ok();
    let mode = u32::from_str_radix(columns.get(2)?, 8).ok()?;
    Some(Status {
        shmid: i32::try_from(number(1)?).ok()?,
        key: Key::from_raw(number(0)? as i32),
        size: columns.get(3)?.parse().ok()?,
        owner: u32::try_from(number(7)?).ok()?,
        group: u32::try_from(number(8)?).ok()?,
        creator: u32::try_from(number(9)?).ok()?,
        creator_pid: i32::try_from(number(4)?).ok()?,
        mode: mode & 0o777,
        attach_count: u64::try_from(number(6)?).ok()?,
        changed: number(13)?,
        removed: mode & SHM_DEST != 0,
    })
}

/// The limits, and how much of them is in use.
pub(crate) fn usage() -> Result<Usage, Errno> {
    usage_by_call().or_else(|errno| usage_from_proc().ok_or(errno))
}

fn usage_by_call() -> Result<Usage, Errno> {
    let (_, used) = info()?;
    let mut limits = MaybeUninit::<Limits>::zeroed();
    // SAFETY: IPC_INFO fills a `Limits`, which is what the buffer is, whatever the prototype says.
    Errno::result(unsafe { libc::shmctl(0, IPC_INFO, limits.as_mut_ptr().cast()) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    let limits = unsafe { limits.assume_init() };
    Ok(Usage {
        segments: used.segments.unsigned_abs().into(),
        segment_limit: limits.segments,
        pages: used.pages,
        page_limit: limits.pages,
        min_size: limits.min_size,
        max_size: limits.max_size,
    })
}

fn usage_from_proc() -> Option<Usage> {
    let limit = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?.trim().parse::<u64>().ok();
    let listed = from_proc()?;
    Some(Usage {
        segments: listed.len() as u64,
        segment_limit: limit("shmmni")?,
        pages: listed.iter().map(|status| status.size.div_ceil(ordinary_page_size()) as u64).sum(),
        page_limit: limit("shmall")?,
        min_size: 1,
        max_size: limit("shmmax")?,
    })
}

/// Returns `true` if no page of any segment of this IPC namespace is in swap space. Mostly the machine uses none at all,
/// which takes one short call.
pub(crate) fn nothing_is_swapped() -> bool {
    let mut machine = MaybeUninit::<libc::sysinfo>::zeroed();
    // SAFETY: fills a `sysinfo`, which is what the buffer is.
    let asked = unsafe { libc::sysinfo(machine.as_mut_ptr()) };
    // SAFETY: zeroed, and filled if the call succeeded: integers all of them.
    let machine = unsafe { machine.assume_init() };
    let is_unused = asked == 0 && machine.totalswap == machine.freeswap;
    is_unused || info().is_ok_and(|(_, used)| used.swapped_pages == 0)
}

/// The highest index that is in use in the kernel's table, and the sums of the table.
fn info() -> Result<(i32, Used), Errno> {
    let mut used = MaybeUninit::<Used>::zeroed();
    // SAFETY: SHM_INFO fills a `Used`, which is what the buffer is, whatever the prototype says.
    let highest = Errno::result(unsafe { libc::shmctl(0, SHM_INFO, used.as_mut_ptr().cast()) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    Ok((highest, unsafe { used.assume_init() }))
}

#[cfg(test)]
mod tests {
    use super::super::{create, remove};
    use super::*;

    #[test]
    fn line_of_proc_is_read_by_its_columns() {
        let line = " 1509957893 7 1640 5000 11 12 3 1001 1002 1003 1004 21 22 23 4096 0";
        let status = Status {
            shmid: 7,
            key: Key::from_raw(1_509_957_893),
            size: 5000,
            owner: 1001,
            group: 1002,
            creator: 1003,
            creator_pid: 11,
            mode: 0o640,
            attach_count: 3,
            changed: 23,
            removed: true,
        };
        assert_eq!(status_of_line(line), Some(status));
        assert_eq!(status_of_line("1 2 600"), None);
    }

    #[test]
    fn proc_lists_a_segment_and_the_limits_as_the_calls_do() {
        let shmid = create(Key::from_raw(0), 5000, 0o640).unwrap();
        let of = |listed: Vec<Status>| listed.into_iter().find(|status| status.shmid == shmid);
        let (by_index, from_proc) = (of(by_index().unwrap()), of(from_proc().unwrap()));
        remove(shmid).unwrap();
        assert_eq!(by_index, from_proc);
        assert_eq!(from_proc.map(|status| (status.size, status.mode)), Some((5000, 0o640)));
        let limits = |usage: Usage| [usage.segment_limit, usage.page_limit, usage.min_size, usage.max_size];
        assert_eq!(usage_by_call().map(limits).unwrap(), usage_from_proc().map(limits).unwrap());
    }
}
