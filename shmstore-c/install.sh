#!/bin/sh
# Installs the C library below a prefix: lib/libshmstore.so, lib/libshmstore.a, lib/pkgconfig/shmstore.pc,
# include/shmstore.h and include/shmstore.hpp.
#
#   install.sh /usr/local               builds the library first, with cargo
#   install.sh /usr/local DIRECTORY     takes libshmstore_c.so and libshmstore_c.a from a directory
#
# With DESTDIR, the files are written below it. They still name the prefix.
set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ] || [ "${1#/}" = "$1" ]; then
    echo "usage: $0 PREFIX [DIRECTORY], where PREFIX begins with /" >&2
    exit 2
fi
prefix=$1
here=$(cd "$(dirname "$0")" && pwd)
if [ $# = 2 ]; then
    built=$2
else
    cargo build --release --manifest-path "$here/Cargo.toml"
    built=$(cargo metadata --no-deps --format-version 1 --manifest-path "$here/Cargo.toml" |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release
fi

# The name that programs look for when they start is in the library.
soname=$(LC_ALL=C grep -aoE 'libshmstore\.so\.[0-9]+\.[0-9]+' "$built/libshmstore_c.so" | head -n 1)
version=${soname#libshmstore.so.}.0
to=${DESTDIR-}$prefix
mkdir -p "$to/lib/pkgconfig" "$to/include"
install -m 755 "$built/libshmstore_c.so" "$to/lib/libshmstore.so.$version"
ln -sf "libshmstore.so.$version" "$to/lib/$soname"
ln -sf "$soname" "$to/lib/libshmstore.so"
install -m 644 "$built/libshmstore_c.a" "$to/lib/libshmstore.a"
install -m 644 "$here/include/shmstore.h" "$here/include/shmstore.hpp" "$to/include"
sed "s|@PREFIX@|$prefix|; s|@VERSION@|$version|" "$here/shmstore.pc.in" >"$to/lib/pkgconfig/shmstore.pc"
