//! The families of metrics.

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    Counter,
    Info,
    StateSet,
}

/// A family, by its place in [`FAMILIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Value,
    State,
    Text,
    Versions,
    Notifications,
    Items,
    Length,
    Capacity,
    Entries,
    Held,
    Inconsistent,
    Object,
    Bytes,
    Attached,
    Created,
    Processes,
    Objects,
    Segments,
    SegmentLimit,
    Invalid,
    Omitted,
    Seconds,
    Build,
}

/// The name of each family without its suffix, its type, and its help.
pub(super) const FAMILIES: [(Family, &str, Kind, &str); 23] = [
    (Family::Value, "shmstore_value", Kind::Gauge, "The value of a field. true is 1."),
    (Family::State, "shmstore_state", Kind::StateSet, "The variant of a field that is an enum."),
    (Family::Text, "shmstore_text", Kind::Info, "The text of a field that was asked for."),
    (Family::Versions, "shmstore_versions", Kind::Counter, "Stores to a Versioned."),
    (Family::Notifications, "shmstore_notifications", Kind::Counter, "Notifications of an Event."),
    (Family::Items, "shmstore_items", Kind::Counter, "Items pushed or sent, or frames published."),
    (Family::Length, "shmstore_part_length", Kind::Gauge, "Items that are in a part."),
    (Family::Capacity, "shmstore_part_capacity", Kind::Gauge, "Items or keys that a part has room for."),
    (Family::Entries, "shmstore_map_entries", Kind::Gauge, "Keys that are in a Map."),
    (Family::Held, "shmstore_lock_held", Kind::Gauge, "1 if a process holds a Lock."),
    (Family::Inconsistent, "shmstore_lock_inconsistent", Kind::Gauge, "1 if an owner of a Lock died or panicked."),
    (Family::Object, "shmstore_object", Kind::Info, "An object."),
    (Family::Bytes, "shmstore_object_bytes", Kind::Gauge, "The size of the segment of an object, in bytes."),
    (Family::Attached, "shmstore_object_attached", Kind::Gauge, "Attachments of an object in all processes."),
    (Family::Created, "shmstore_object_created_timestamp_seconds", Kind::Gauge, "When an object was created."),
    (Family::Processes, "shmstore_object_processes", Kind::Gauge, "Processes in the table of an object."),
    (Family::Objects, "shmstore_objects", Kind::Gauge, "Objects by state."),
    (Family::Segments, "shmstore_segments", Kind::Gauge, "Segments of all programs on this machine."),
    (Family::SegmentLimit, "shmstore_segments_limit", Kind::Gauge, "The most segments: kernel.shmmni."),
    (Family::Invalid, "shmstore_invalid_values", Kind::Gauge, "Fields whose bytes are not a value of their type."),
    (Family::Omitted, "shmstore_series_omitted", Kind::Gauge, "Series and values beyond the limits of this program."),
    (Family::Seconds, "shmstore_scrape_seconds", Kind::Gauge, "How long it took to read the objects."),
    (Family::Build, "shmstore_build", Kind::Info, "The program that serves."),
];

impl Kind {
    /// Returns the suffix of the names of samples.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::StateSet => "",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// Returns the type in the older format, which has fewer.
    pub(super) fn older_name(self) -> &'static str {
        if self == Self::Counter { "counter" } else { "gauge" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_stand_in_the_order_of_their_numbers() {
        for (at, (family, ..)) in FAMILIES.iter().enumerate() {
            assert_eq!(*family as usize, at);
        }
    }
}
