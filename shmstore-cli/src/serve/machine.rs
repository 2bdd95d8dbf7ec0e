//! The objects that are served, and what is known of them from one request to the next.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use shmstore::inspect::{Attacher, InspectError, Object, Segment, SegmentState};

use super::history::Histories;
use super::troubles::Troubles;
use crate::about::Users;
use crate::failure::Failure;
use crate::findings;
use crate::output::json_document;
use crate::selection;

/// How old a list may be. To make one takes some milliseconds for a thousand segments.
const FRESH: Duration = Duration::from_secs(1);

/// The objects that are served.
pub(super) struct Machine {
    paths: Vec<PathBuf>,
    attacher: Attacher,
    listed: Vec<Segment>,
    made: Instant,
    pub(super) users: Users,
    pub(super) troubles: Troubles,
    pub(super) histories: Histories,
    /// The sizes of the families in the last scrape.
    pub(super) sizes: Vec<usize>,
    /// The newest findings as JSON.
    told: Option<Arc<RawValue>>,
}

impl Machine {
    /// Lists the objects. A path that does not exist is an error, and later it is not.
    pub(super) fn of(paths: Vec<PathBuf>) -> Result<Self, Failure> {
        for path in &paths {
            selection::under(path)?;
        }
        let mut machine = Self {
            paths,
            attacher: Attacher::new(),
            listed: Vec::new(),
            made: Instant::now(),
            users: Users::default(),
            troubles: Troubles::default(),
            histories: Histories::default(),
            sizes: Vec::new(),
            told: None,
        };
        machine.renew()?;
        Ok(machine)
    }

    /// Makes the list again. Returns `true` if it was older than a second.
    pub(super) fn refresh(&mut self) -> Result<bool, Failure> {
        let is_old = self.made.elapsed() >= FRESH;
        if is_old {
            self.renew()?;
        }
        Ok(is_old)
    }

    fn renew(&mut self) -> Result<(), Failure> {
        let mut all = self.attacher.segments()?;
        all.retain(|segment| segment.state != SegmentState::Foreign);
        selection::sort(&mut all);
        if !self.paths.is_empty() {
            let below = |path| selection::under_of(all.clone(), path).unwrap_or_default();
            let meant: Vec<i32> = self.paths.iter().flat_map(|path| below(path)).map(|segment| segment.shmid).collect();
            all.retain(|segment| meant.contains(&segment.shmid));
        }
        // A user's name may change, too.
        self.users = Users::default();
        (self.listed, self.made) = (all, Instant::now());
        Ok(())
    }

    /// Returns the segments of the list.
    pub(super) fn listed(&self) -> &[Segment] {
        &self.listed
    }

    /// Returns the segments of the list, and what attaches them.
    pub(super) fn parts(&mut self) -> (&[Segment], &mut Attacher, &mut Users) {
        (&self.listed, &mut self.attacher, &mut self.users)
    }

    /// Attaches an object of the list.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if it is not in the list.
    pub(super) fn object(&mut self, shmid: i32) -> Result<Object, Failure> {
        self.refresh()?;
        let found = self.listed.iter().find(|segment| segment.shmid == shmid);
        let found = found.ok_or_else(|| not_served(shmid))?;
        let object = self.attacher.attach(found).map_err(|error| match error {
            InspectError::Gone { .. } | InspectError::Rewritten { .. } => not_served(shmid),
            error => error.into(),
        })?;
        match object.segment().state {
            SegmentState::Removed => Err(not_served(shmid)),
            _ => Ok(object),
        }
    }

    /// Returns the newest findings, as all who listen are told.
    pub(super) fn told(&self) -> Option<Arc<RawValue>> {
        self.told.clone()
    }

    pub(super) fn tell(&mut self, findings: Arc<RawValue>) {
        self.told = Some(findings);
    }

    /// Returns the findings about the machine and the paths as JSON.
    pub(super) fn doctor(&self) -> Result<String, Failure> {
        Ok(json_document(&self.findings()?))
    }

    pub(super) fn findings(&self) -> Result<Vec<findings::Finding>, Failure> {
        let mut found = findings::all(self.paths.first().map(PathBuf::as_path))?;
        for path in self.paths.iter().skip(1) {
            found.extend(findings::of_path(path)?);
        }
        Ok(found)
    }
}

fn not_served(shmid: i32) -> Failure {
    Failure::NotFound(format!("no object has segment {shmid}: it was removed, or it is not below the paths served"))
}
