//! Versions in Cargo's lock file.

/// The named packages that are there, with their versions.
pub(super) fn versions(lock: &str, names: &[&str]) -> Vec<String> {
    names.iter().filter_map(|name| Some(format!("{name} {}", version(lock, name)?))).collect()
}

/// In a lock file, the line of the version follows that of the name.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::versions;

    #[test]
    fn versions_are_found_by_whole_names() {
        let lock = "[[package]]\nname = \"heed-types\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"heed\"\nversion = \"0.23.4\"\n";
        assert_eq!(versions(lock, &["heed", "other"]), ["heed 0.23.4"]);
    }
}
