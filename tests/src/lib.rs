//! The promises of shmstore, each checked by a test in a file of its own.
