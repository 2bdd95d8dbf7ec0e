//! What each command of the program does, by running it.

mod support;

mod diff;
mod doctor;
mod elsewhere;
mod gc;
mod get;
mod hostile;
mod ls;
mod manual;
mod measured;
mod output;
mod rm;
mod saved;
mod schema;
mod show;
mod watched;
