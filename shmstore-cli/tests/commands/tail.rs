//! `shmstore tail`.
