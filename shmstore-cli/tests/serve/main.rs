//! Runs of `shmstore serve`.
