//! Objects and the processes that share them: how objects come, stay and go, and how processes attach, look and leave.

/// The examples do what they show.
mod examples;
/// A child of `fork` is a process of its own.
mod fork;
/// The tests of `fork`, where the kernel refuses to wipe pages in children.
mod fork_without_wiping;
/// A child of `fork` takes nothing from its parent of what the parent holds.
mod inherited_parts;
/// Looking into segments, of which only the segment itself is known.
mod inspect;
/// How objects come, stay and go.
mod lifecycle;
/// Living and dead processes are told apart.
mod liveness;
/// An anchor is removed while processes have its object.
mod lost_anchors;
/// Dead owners are found where the usual look does not show them.
mod owners_out_of_sight;
/// Libraries that are loaded and unloaded leave nothing behind.
mod plugins;
/// Processes come at the same time.
mod races;
/// Attaching for reading only.
mod read_only;
/// An object that cannot be had is refused, named, and never touched.
mod refusals;
/// Two copies of the crate are in one process.
mod twins;
