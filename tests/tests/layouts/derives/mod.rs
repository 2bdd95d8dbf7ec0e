//! What the derives accept, and what becomes of it.
//!
//! Modules that deny lints are public, so that the lints see what the derives generate as they would see it in a library.

mod any_bits;
mod attribute_macros;
#[allow(unreachable_pub)]
mod const_parameters;
#[allow(unreachable_pub)]
mod crate_attribute;
pub mod every_field_of_a_value;
pub mod every_field_of_an_object;
mod every_repr_of_an_enum;
mod inherent_items_of_the_same_name;
mod keys;
pub mod locks_and_events;
mod macro_fragments;
mod no_implicit_prelude;
mod parts_of_ones_own;
mod phantoms;
mod primitives_shadowed;
#[allow(unreachable_pub)]
mod rooms;
mod shapes_of_structs;
mod type_parameters;
pub mod wherever_a_struct_may_stand;

#[test]
fn generated_code_needs_no_prelude() {
    no_implicit_prelude::check();
}

#[test]
fn types_may_have_the_names_of_primitives() {
    primitives_shadowed::check();
}
