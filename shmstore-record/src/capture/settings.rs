//! What is recorded, and how.

use std::time::Duration;

use shmstore::inspect::FieldPath;

use super::body::Encoding;

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
    path.is_empty() || part.strip_prefix(&path.to_string()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
