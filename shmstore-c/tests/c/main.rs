//! Programs in C and C++ that use the installed library, beside this process, which has the types.

mod all;
mod at_once;
mod examples;
mod guide;
mod hostile;
mod installed;
mod killed;
mod objects;
