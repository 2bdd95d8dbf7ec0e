//! The documents with Rust programs in them, which doctests build and run. They lie outside the published packages, so
//! their doctests are of this package.

macro_rules! documents {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../", $path))]
            struct $name;
        )*

        /// The documents by their paths in the repository.
        pub const DOCUMENTS: &[&str] = &[$($path),*];
    };
}

documents! {
    Readme: "README.md",
    Chapter1: "docs/guide/1-first-object.md",
    Chapter2: "docs/guide/2-choosing-a-part.md",
    Chapter3: "docs/guide/3-waiting-and-locking.md",
    Chapter4: "docs/guide/4-crashes-and-cleaning-up.md",
    Chapter5: "docs/guide/5-growing-and-changing-layouts.md",
    Chapter6: "docs/guide/6-other-users-containers-fork.md",
    Chapter9: "docs/guide/9-limits-and-questions.md",
    Chapter10: "docs/guide/10-queues-and-broadcasts.md",
    Chapter11: "docs/guide/11-maps.md",
    Chapter13: "docs/guide/13-many-waits-and-async.md",
    Chapter14: "docs/guide/14-frames.md",
}
