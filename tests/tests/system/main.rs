//! What the kernel and other users do: permissions, groups, namespaces, sandboxes.

mod groups;
mod growing_of_other_users;
mod ipc_namespaces;
mod maps_of_other_users;
mod moves_at_limits;
mod moves_of_other_users;
mod namespaces;
mod other_users;
mod sandboxes;
mod streams_of_other_users;
mod swapped_directories;
mod without_proc;
