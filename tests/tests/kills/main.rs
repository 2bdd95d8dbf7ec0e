//! Processes that are killed or stopped at each step, and what the others see.

mod frames;
mod growing;
mod holders;
mod killed;
mod map_deaths;
mod moves;
mod scenarios;
mod streams;
mod torture;
mod untyped;
