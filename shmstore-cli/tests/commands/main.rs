//! Runs of each command of the program.

mod camera;
mod plant;
mod scratch;
mod planted;
mod planted_map;
#[cfg(feature = "record")]
#[path = "../../../shmstore-record/tests/replay/recording.rs"]
mod recording;
mod support;

mod create;
mod damaged_logs;
mod diff;
mod doctor;
mod elsewhere;
mod files;
mod frames;
mod gc;
mod group;
mod grown;
mod get;
mod hostile;
mod interrupted;
mod items;
mod journal;
mod lines;
mod load;
mod ls;
mod manual;
mod measured;
mod migrate;
mod mirrored;
mod output;
mod maps;
#[cfg(feature = "record")]
mod replay;
#[cfg(feature = "record")]
mod replay_refused;
mod rings;
mod rm;
mod save;
mod schema;
mod set;
mod show;
mod tail;
mod wait;
mod watched;
