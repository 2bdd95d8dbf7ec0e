//! The kernel's limits for segments, before a new segment is made and after it was refused.

use nix::errno::Errno;

use super::create::CREATE;
use super::{Found, Target};
use crate::error::CreateError;
use crate::segment::header::{self, Geometry};
use crate::segment::identity::Identity;
use crate::sys::process::ordinary_page_size;
use crate::sys::shm;

/// How many of the kernel's pages a segment takes, which are what the kernel counts.
fn pages(size: usize) -> u64 {
    size.div_ceil(ordinary_page_size()) as u64
}

impl Target<'_> {
    /// Refuses if the kernel's limits do not allow the new segment after the old one is removed. The memory of a
    /// segment in use is free only after its last user ends.
    pub(super) fn check_room(&self, identity: &Identity, geometry: &Geometry, old: &Found) -> Result<(), CreateError> {
        let freed = if old.attached() == 0 { (1, pages(old.status.size)) } else { (0, 0) };
        self.check_limits(identity, geometry, 1, freed)
    }

    /// Refuses if the kernel's limits do not allow a journal and a new segment beside the old one.
    pub(super) fn check_room_for_two(&self, identity: &Identity, geometry: &Geometry) -> Result<(), CreateError> {
        self.check_limits(identity, geometry, 2, (0, 0))
    }

    /// Refuses if the kernel's limits do not allow so many new segments, after so many segments and pages are free.
    fn check_limits(
        &self,
        identity: &Identity,
        geometry: &Geometry,
        count: u64,
        (segments, freed): (u64, u64),
    ) -> Result<(), CreateError> {
        let Ok(usage) = shm::usage() else { return Ok(()) };
        let needed = pages(geometry.segment_size).saturating_mul(count);
        let used = usage.pages.saturating_sub(freed);
        if geometry.segment_size as u64 > usage.max_size {
            Err(self.too_large(identity, geometry.segment_size as u64))
        } else if used.saturating_add(needed) > usage.page_limit {
            let subject = self.subject(Some(identity));
            Err(CreateError::PageLimit { subject, needed, used, limit: usage.page_limit })
        } else if usage.segments.saturating_sub(segments).saturating_add(count) > usage.segment_limit {
            Err(self.segment_limit(identity, usage.segment_limit))
        } else {
            Ok(())
        }
    }

    pub(super) fn too_large(&self, identity: &Identity, size: u64) -> CreateError {
        let (min, max) = shm::usage().map_or((0, 0), |usage| (usage.min_size, usage.max_size));
        CreateError::SizeLimit { subject: self.subject(Some(identity)), size, min, max }
    }

    /// Returns why the kernel makes no segment. `ENOSPC` has two reasons, and neither is a full disk.
    pub(super) fn create_failed(&self, identity: &Identity, geometry: &Geometry, errno: Errno) -> CreateError {
        let subject = self.subject(Some(identity));
        let needed = pages(geometry.segment_size);
        match errno {
            Errno::EINVAL => self.too_large(identity, geometry.segment_size as u64),
            Errno::ENOMEM => CreateError::OutOfMemory { subject, size: geometry.segment_size as u64 },
            Errno::ENOSPC => match shm::usage() {
                Ok(usage) if usage.pages.saturating_add(needed) <= usage.page_limit => {
                    self.segment_limit(identity, usage.segment_limit)
                }
                Ok(usage) => CreateError::PageLimit { subject, needed, used: usage.pages, limit: usage.page_limit },
                Err(errno) => self
                    .system("ask (`shmctl(IPC_INFO)`, /proc/sysvipc) for the limits while creating", identity, errno)
                    .into(),
            },
            errno => self.system(CREATE, identity, errno).into(),
        }
    }

    fn segment_limit(&self, identity: &Identity, limit: u64) -> CreateError {
        let ours = || shm::table().into_iter().flatten().filter(|status| header::is_tagged(status.size));
        CreateError::SegmentLimit {
            subject: self.subject(Some(identity)),
            limit,
            ours: ours().count() as u64,
            unattached: ours().filter(|status| status.attach_count == 0).count() as u64,
        }
    }
}
