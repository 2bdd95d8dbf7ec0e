//! The names of a recording's files.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// `x.mcap` with a number is `x_0001.mcap`.
pub(super) fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("_{number:04}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// The file of a numbered recording that exists, if there is one.
pub(super) fn existing(path: &Path) -> io::Result<Option<PathBuf>> {
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    for entry in directory.read_dir()? {
        let name: OsString = entry?.file_name();
        let found = Path::new(&name);
        let rest = found.file_stem().and_then(|other| other.as_encoded_bytes().strip_prefix(stem));
        let digits = rest.and_then(|rest| rest.strip_prefix(b"_")).unwrap_or_default();
        if digits.len() >= 4 && digits.iter().all(u8::is_ascii_digit) && found.extension() == path.extension() {
            return Ok(Some(path.with_file_name(name)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_before_their_extension() {
        let names = [("a/x.mcap", "a/x_0001.mcap"), ("x", "x_0001"), ("x.y.mcap", "x.y_0001.mcap")];
        for (path, expected) in names {
            assert_eq!(numbered(Path::new(path), 1), Path::new(expected));
        }
        assert_eq!(numbered(Path::new("x.mcap"), 12_345), Path::new("x_12345.mcap"));
    }

    #[test]
    fn only_numbered_files_of_the_same_name_exist() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.mcap");
        for other in ["x.mcap", "x_1.mcap", "x_000a.mcap", "y_0001.mcap", "x_0001.txt", "x_0001"] {
            std::fs::write(directory.path().join(other), "").unwrap();
        }
        assert_eq!(existing(&path).unwrap(), None);
        std::fs::write(directory.path().join("x_0042.mcap"), "").unwrap();
        assert_eq!(existing(&path).unwrap(), Some(directory.path().join("x_0042.mcap")));
    }
}
