//! What the kernel and other users do: permissions, groups, namespaces, sandboxes.

/// Users share by a group, and root works in the store of a user.
mod groups;
/// Processes of several IPC namespaces meet at one path.
mod ipc_namespaces;
/// Containers: namespaces and limits.
mod namespaces;
/// The permissions of other users, and the users that are believed.
mod other_users;
/// Sandboxes and kernels refuse system calls.
mod sandboxes;
/// Another directory takes the place of one that is in use.
mod swapped_directories;
/// No `/proc` is mounted.
mod without_proc;
