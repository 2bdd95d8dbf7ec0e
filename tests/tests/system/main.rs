//! What the kernel and other users do: permissions, groups, namespaces, sandboxes.

mod frames_of_other_users;
mod groups;
mod growing_of_other_users;
mod ipc_namespaces;
mod journals_given_away;
mod maps_of_other_users;
mod moves_at_limits;
mod moves_of_other_users;
mod namespaces;
mod other_users;
mod sandboxes;
mod streams_of_other_users;
mod swapped_directories;
mod without_proc;
