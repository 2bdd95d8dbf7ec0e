//! The path where writer and reader meet if no other is given.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The name of the directory.
const DIRECTORY: &str = "shmstore-host";

/// The default place: `$XDG_RUNTIME_DIR/shmstore-host`, or, where a session has no such directory,
/// `<temporary directory>/shmstore-host-<uid>`. Both belong to the user, so no other user's programs get in the way.
#[must_use]
pub fn default_path() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match runtime.filter(|path| path.is_absolute() && path.is_dir()) {
        Some(runtime) => runtime.join(DIRECTORY),
        None => env::temp_dir().join(format!("{DIRECTORY}-{}", user())),
    }
}

/// Our user: the owner of our own entry in `/proc`. "unknown" where there is no `/proc`.
fn user() -> String {
    fs::metadata("/proc/self").map_or_else(|_| "unknown".into(), |own| own.uid().to_string())
}
