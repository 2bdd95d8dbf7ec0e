//! How many frames a second are published, measured for a moment.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::{FieldPath, Limits, Object, Value};

/// The time of a measurement.
const A_MOMENT: Duration = Duration::from_millis(500);

/// The most frames that are measured.
const MOST: usize = 64;

/// The rates of the frames of an object, by their unescaped paths.
#[derive(Debug, Default)]
pub struct Rates(HashMap<String, f64>);

impl Rates {
    /// Measures the rates of all frames in a value of the object. It takes half a second if there are any, and no time
    /// otherwise.
    #[must_use]
    pub fn measure(object: &Object, value: &Value) -> Self {
        let mut paths = Vec::new();
        find(value, &FieldPath::default(), "", &mut paths);
        if paths.is_empty() {
            return Self::default();
        }
        let mut limits = Limits::default();
        (limits.nodes, limits.bytes) = (1, 0);
        let newest = |(_, path): &(String, FieldPath)| match object.read_at(&path.field("newest"), &limits) {
            Ok(Value::Unsigned(number)) => number,
            _ => 0,
        };
        let (since, before) = (Instant::now(), paths.iter().map(newest).collect::<Vec<u64>>());
        thread::sleep(A_MOMENT);
        let (after, seconds) = (paths.iter().map(newest).collect::<Vec<u64>>(), since.elapsed().as_secs_f64());
        let rates = before.iter().zip(after).map(|(before, after)| after.saturating_sub(*before) as f64 / seconds);
        Self(paths.into_iter().map(|(path, _)| path).zip(rates).collect())
    }

    /// Returns the frames a second that are published to the frames at a path, if they were measured.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<f64> {
        self.0.get(path).copied()
    }
}

/// Collects the paths of frames that have a frame.
fn find(value: &Value, path: &FieldPath, text: &str, found: &mut Vec<(String, FieldPath)>) {
    match value {
        Value::Frames { newest, .. } if *newest > 0 && found.len() < MOST => found.push((text.into(), path.clone())),
        Value::Struct { fields, .. } => {
            for (name, value) in fields {
                let text = if text.is_empty() { name.clone() } else { format!("{text}.{name}") };
                find(value, &path.field(name), &text, found);
            }
        }
        Value::List { first, .. } => {
            for (index, value) in (0..).zip(first) {
                find(value, &path.index(index), &format!("{text}[{index}]"), found);
            }
        }
        _ => {}
    }
}
