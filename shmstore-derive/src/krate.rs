//! The name of the runtime in the crate that is being compiled.
//!
//! A derive runs in the compiler, whose arguments name every dependency and its file. So the derive finds a dependency
//! that is renamed in `Cargo.toml`, and reports a missing one.

use std::path::Path;
use std::sync::OnceLock;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::errors::Errors;

/// The runtime's own name.
const NAME: &str = "shmstore";

/// Finds the path of the runtime. Reports an error if there is none, or more than one.
pub(crate) fn find(errors: &mut Errors) -> Option<TokenStream> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match arguments() {
        Some(arguments) => among(arguments.into_iter()),
        None => Ok(NAME.to_owned()),
    });
    let found = found.as_ref().map_err(|message| syn::Error::new(Span::call_site(), message));
    let name = Ident::new(errors.keep(found)?, Span::call_site());
    Some(quote! { ::#name })
}

/// Returns the arguments of the compiler, including those in files. Returns `None` if a file cannot be read.
fn arguments() -> Option<Vec<String>> {
    let arguments = std::env::args_os().map(|argument| expanded(argument.to_string_lossy().into_owned()));
    Some(arguments.collect::<Option<Vec<_>>>()?.concat())
}

/// Expands `@FILE` to the arguments in the file, one a line. Returns `None` if the file cannot be read.
fn expanded(argument: String) -> Option<Vec<String>> {
    match argument.strip_prefix('@') {
        Some(file) => Some(std::fs::read_to_string(file).ok()?.lines().map(str::to_owned).collect()),
        None => Some(vec![argument]),
    }
}

/// Returns the name of the runtime among the dependencies, or an error message.
fn among(arguments: impl Iterator<Item = String>) -> Result<String, String> {
    let dependencies = dependencies(arguments);
    // The server of an editor has no such arguments. The usual name is the best guess then.
    if dependencies.is_empty() {
        return Ok(NAME.to_owned());
    }
    let is_there = |(name, file): &(String, String)| name == NAME || is_runtime(file);
    let mut names: Vec<_> = dependencies.into_iter().filter(is_there).map(|(name, _)| name).collect();
    // A library may be given by two files.
    names.sort();
    names.dedup();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(format!(
            "`{NAME}` is not a dependency of this crate: add it to `[dependencies]`; if another crate re-exports it, \
             write `#[shm(crate = \"::that_crate::{NAME}\")]`"
        )),
        [first, ..] => Err(format!(
            "this crate depends on several versions of `{NAME}`, as `{}`: choose one, as in `#[shm(crate = \
             \"::{first}\")]`",
            names.join("`, `")
        )),
    }
}

/// Returns the name and the file of each `--extern`, without those that a path cannot begin with.
fn dependencies(mut arguments: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some(argument) = arguments.next() {
        let dependency = match argument.strip_prefix("--extern") {
            Some("") => arguments.next(),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        let Some(dependency) = dependency else { continue };
        let (name, file) = dependency.split_once('=').unwrap_or((&dependency, ""));
        let (options, name) = name.rsplit_once(':').unwrap_or(("", name));
        if !options.split(',').any(|option| option == "noprelude") {
            found.push((name.to_owned(), file.to_owned()));
        }
    }
    found
}

/// Returns `true` if this is the file of the runtime: `libshmstore-0123456789abcdef.rmeta`.
fn is_runtime(file: &str) -> bool {
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    stem.split('-').next() == Some("libshmstore")
}

#[cfg(test)]
mod tests {
    fn among(arguments: &[&str]) -> Result<String, String> {
        super::among(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn the_runtime_is_found_under_its_own_name_or_another() {
        assert_eq!(
            among(&["--extern", "serde=libserde-1.rmeta", "--extern", "shmstore=x.rmeta"]),
            Ok("shmstore".into())
        );
        assert_eq!(
            among(&["--extern", "store=/a/libshmstore-0f.rmeta", "--extern=log=liblog-1.rlib"]),
            Ok("store".into())
        );
        assert_eq!(among(&["--extern", "priv:store=/a/libshmstore-0f.rlib"]), Ok("store".into()));
        assert_eq!(among(&["--edition=2024", "lib.rs"]), Ok("shmstore".into()), "nothing is known");
        assert_eq!(among(&["--extern"]), Ok("shmstore".into()));
    }

    #[test]
    fn arguments_may_stand_in_a_file() {
        let file = std::env::temp_dir().join(format!("shmstore-derive-{}", std::process::id()));
        std::fs::write(&file, "--extern\nstore=libshmstore-1.rlib\n").unwrap();
        let read = super::expanded(format!("@{}", file.display()));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(read, Some(vec!["--extern".to_owned(), "store=libshmstore-1.rlib".to_owned()]));
        assert_eq!(super::expanded(format!("@{}", file.display())), None);
    }

    #[test]
    fn a_missing_or_ambiguous_runtime_is_an_error_with_advice() {
        let missing = among(&[
            "--extern",
            "shmstore_cli=libshmstore_cli-1.rmeta",
            "--extern",
            "noprelude:store=libshmstore-1.rlib",
        ]);
        assert!(
            missing.unwrap_err().contains("`shmstore` is not a dependency of this crate: add it to `[dependencies]`")
        );
        let twice = among(&["--extern", "old=libshmstore-1.rmeta", "--extern", "new=libshmstore-2.rmeta"]).unwrap_err();
        assert!(
            twice.contains("as `new`, `old`: choose one") && twice.contains(r#"#[shm(crate = "::new")]"#),
            "{twice}"
        );
    }
}
