//! The choice of what is recorded, and its encoding.

use std::time::Duration;

use shmstore::inspect::{FieldPath, Part};
use shmstore::schema::OwnedKind;

use super::body::Encoding;
use super::image::Image;

/// What is recorded of the objects, and how.
///
/// ```
/// use shmstore_record::capture::Settings;
///
/// let mut settings = Settings::default();
/// settings.only = vec!["wheels".parse()?];
/// assert!(settings.wants("wheels[0].speed") && !settings.wants("position"));
/// # Ok::<(), shmstore::inspect::FieldError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The parts that are recorded, or structs and arrays of parts. All if empty, which is the default.
    pub only: Vec<FieldPath>,
    /// How often atomics, locks and events are sampled, from 1 ms to 1000 s. The default is 100 ms.
    pub sample: Duration,
    /// The encoding of the messages. The default is CDR.
    pub encoding: Encoding,
    /// The `Frames` that are recorded as `sensor_msgs/Image`. None by default.
    pub images: Vec<FieldPath>,
    /// The most bytes of one message. A part whose values have more is left out. The default is 64 MiB.
    pub most_bytes: u64,
    /// Whether the recording ends when all its objects are removed. By default, it waits for their successors.
    pub once: bool,
}

/// The most parts that an error names.
const MOST_NAMED: usize = 8;

/// A path in [`Settings`] does not lead where it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no part to record.
    #[error("no part is at `{path}` or below it: there are {parts}")]
    NoPart {
        /// The path.
        path: String,
        /// The parts.
        parts: String,
    },
    /// A part is no image.
    #[error("`{path}` cannot be recorded as sensor_msgs/Image: {why}")]
    NoImage {
        /// The path.
        path: String,
        /// The reason.
        why: String,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            sample: Duration::from_millis(100),
            encoding: Encoding::default(),
            images: Vec::new(),
            most_bytes: 64 << 20,
            once: false,
        }
    }
}

impl Settings {
    /// Returns `true` if the part at a path is recorded.
    #[must_use]
    pub fn wants(&self, path: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| is_within(path, only))
    }

    /// Checks that the paths lead to parts, and that the images are some.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] about the first path that does not.
    pub fn check(&self, parts: &[Part]) -> Result<(), SettingsError> {
        let paths: Vec<String> = parts.iter().map(|part| part.path().to_string()).collect();
        let leads = |path: &&FieldPath| !paths.iter().any(|part| is_within(part, path));
        if let Some(path) = self.only.iter().find(leads) {
            let first: Vec<String> = paths.iter().take(MOST_NAMED).map(|path| format!("`{path}`")).collect();
            let more = if paths.len() > MOST_NAMED { ", …" } else { "" };
            return Err(SettingsError::NoPart { path: path.to_string(), parts: first.join(", ") + more });
        }
        for path in self.images.iter().map(FieldPath::to_string) {
            let of = |part: &&Part| part.path().to_string() == path;
            let why = match parts.iter().find(of).map(|part| part.schema().kind()) {
                Some(OwnedKind::Frames { element, meta, .. }) => Image::of(meta, element).err(),
                Some(_) => Some("it is no `Frames`".into()),
                None => Some("there is no such part".into()),
            };
            if let Some(why) = why {
                return Err(SettingsError::NoImage { path, why });
            }
        }
        Ok(())
    }

    pub(super) fn is_image(&self, path: &str) -> bool {
        self.images.iter().any(|image| image.to_string() == path)
    }

    /// The period of samples, in nanoseconds.
    pub(super) fn period(&self) -> u64 {
        let period = self.sample.clamp(Duration::from_millis(1), Duration::from_secs(1000));
        u64::try_from(period.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Returns `true` if a part is at a path, or below it.
pub(super) fn is_within(part: &str, path: &FieldPath) -> bool {
    path.is_empty()
        || part.strip_prefix(&path.to_string()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
