//! Objects and the processes that share them: how objects come, stay and go, and how processes attach, look and leave.

mod examples;
mod following;
mod fork;
mod frames_in_namespaces;
mod fork_without_wiping;
mod growing;
mod inherited_frames;
mod inherited_frames_without_wiping;
mod inherited_maps;
mod inherited_maps_without_wiping;
mod inherited_parts;
mod inherited_streams;
mod inherited_streams_without_wiping;
mod inspect;
mod lifecycle;
mod liveness;
mod lost_anchors;
mod mirrored;
mod moving;
mod owners_out_of_sight;
mod plugins;
mod races;
mod read_only;
mod refusals;
mod twins;
mod views_of_frames;
