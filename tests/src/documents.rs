//! The documents with Rust programs in them, which doctests build and run. They lie outside the published packages, so
//! their doctests are of this package.

#[cfg(any(doctest, test))]
macro_rules! documents {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../", $path))]
            struct $name;
        )*

        #[cfg(test)]
        const DOCUMENTS: &[&str] = &[$($path),*];
    };
}

#[cfg(any(doctest, test))]
documents! {
    Readme: "README.md",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::DOCUMENTS;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` is below the workspace")
    }

    /// Every Markdown file of the repository that may have programs for users in it.
    fn candidates() -> Vec<String> {
        let mut found = vec!["README.md".to_owned()];
        for directory in ["docs", "docs/guide"] {
            let Ok(entries) = fs::read_dir(root().join(directory)) else { continue };
            let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
            found.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{directory}/{name}")));
        }
        found
    }

    #[test]
    fn every_document_with_a_rust_program_is_a_doctest() {
        let has_program = |path: &String| {
            let text = fs::read_to_string(root().join(path)).expect("a document");
            text.lines().any(|line| line.trim_start().starts_with("```rust"))
        };
        let with_programs: BTreeSet<String> = candidates().into_iter().filter(has_program).collect();
        assert_eq!(with_programs, DOCUMENTS.iter().map(|path| (*path).to_owned()).collect());
    }
}
