//! Values and objects of types that are known by their schema only.

mod derived;
mod is_an_object;
mod types;
