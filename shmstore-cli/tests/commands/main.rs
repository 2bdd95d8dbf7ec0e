//! Runs of each command of the program.

mod camera;
mod plant;
mod scratch;
mod planted;
mod planted_map;
mod support;

mod damaged_logs;
mod diff;
mod doctor;
mod elsewhere;
mod files;
mod frames;
mod gc;
mod grown;
mod get;
mod hostile;
mod interrupted;
mod items;
mod journal;
mod load;
mod ls;
mod manual;
mod measured;
mod migrate;
mod output;
mod maps;
mod rings;
mod rm;
mod save;
mod schema;
mod set;
mod show;
mod tail;
mod wait;
mod watched;
