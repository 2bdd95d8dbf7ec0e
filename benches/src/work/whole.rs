//! Objects as a whole: found and let go, made and removed.

use super::{Ground, row, target};
use crate::Failure;
use crate::batch::Contender;
use crate::row::Row;
use crate::systems::Whole;
use crate::systems::iceoryx2::Iceoryx2;
use crate::systems::mmap_sync::MmapSync;
use crate::systems::ringfire::Ringfire;
use crate::systems::shmstore::Stored;
use crate::systems::system_calls::SystemCalls;

/// Attaching to what is there, one read, and letting go.
pub(super) fn attach(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    #[cfg_attr(not(boost), allow(unused_mut))]
    let mut contenders = vec![
        attaching::<SystemCalls>(ground, name)?,
        attaching::<Stored>(ground, name)?,
        attaching::<Ringfire>(ground, name)?,
        attaching::<MmapSync>(ground, name)?,
        attaching::<Iceoryx2>(ground, name)?,
    ];
    #[cfg(boost)]
    contenders.push(attaching::<crate::systems::boost::Boost>(ground, name)?);
    let targets = vec![
        target("shmstore", "system calls", 1.25),
        target("shmstore", "Boost", 1.2),
        target("shmstore", "iceoryx2", 0.05),
    ];
    Ok(row(ground, name, "attach + first load + let go".into(), contenders, targets))
}

/// Making one, writing it for the first time, letting it go, and removing it.
pub(super) fn create(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    #[cfg_attr(not(boost), allow(unused_mut))]
    let mut contenders = vec![
        creating::<SystemCalls>(ground, name)?,
        creating::<Stored>(ground, name)?,
        creating::<Ringfire>(ground, name)?,
        creating::<MmapSync>(ground, name)?,
        creating::<Iceoryx2>(ground, name)?,
    ];
    #[cfg(boost)]
    contenders.push(creating::<crate::systems::boost::Boost>(ground, name)?);
    let targets = vec![target("shmstore", "system calls", 1.5)];
    Ok(row(ground, name, "create + first store + let go + remove".into(), contenders, targets))
}

fn attaching<W: Whole>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    Ok(Contender::timed(W::NAME, W::attaching(&ground.directory(row, W::NAME)?)?))
}

fn creating<W: Whole>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    Ok(Contender::timed(W::NAME, W::creating(&ground.directory(row, W::NAME)?)?))
}
