//! The settings of an exporter and an importer: a file in TOML, or flags.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::MirrorError;
use crate::name::{Name, Pattern};

/// The settings of an exporter or an importer.
///
/// For an exporter:
///
/// ```toml
/// host = "rover7"                       # the name of this host, as others know it
///
/// [network]
/// listen = ["tls/0.0.0.0:7447"]         # where others connect to
/// authority = "authority.pem"           # signs the certificates of all hosts
/// certificate = "rover7.pem"            # of this host. Its common name is `rover7`
/// key = "rover7.key"
///
/// [export]
/// to = ["control"]                      # the hosts that may copy
/// objects = [{ path = "/run/rover", names = ["telemetry*"] }, { path = "/run/arm", as = "arm" }]
/// ```
///
/// For an importer:
///
/// ```toml
/// host = "control"
///
/// [network]
/// connect = ["tls/rover7.example:7447"] # where this host connects to
/// authority = "authority.pem"
/// certificate = "control.pem"
/// key = "control.key"
///
/// [[import]]
/// from = "rover7"
/// directory = "/run/copies/rover7"      # the copies are named objects in this directory
/// names = ["*"]
/// types = ["Telemetry"]                 # names of types, or layout hashes. All types without this line
/// max_bytes = 1048576                   # the largest object
/// max_objects = 16
/// mode = "0640"                         # who may read the copies. Without it, only the user of the importer
/// ```
///
/// An exporter and an importer on one host are two programs. Each one that listens needs a port of its own, so they have
/// two files. Paths are relative to the directory of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The name of this host. A flag may give it, too.
    pub host: Option<Name>,
    /// How this host is connected to others.
    #[serde(default)]
    pub network: Network,
    /// What this host exports.
    #[serde(default)]
    pub export: Export,
    /// What this host imports, from one other host each.
    #[serde(default)]
    pub import: Vec<Import>,
}

/// How a host is connected to others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Endpoints to listen on: `tls/ADDRESS:PORT`, or `tcp/ADDRESS:PORT` if `insecure`.
    #[serde(default)]
    pub listen: Vec<String>,
    /// Endpoints to connect to.
    #[serde(default)]
    pub connect: Vec<String>,
    /// The certificate of the authority that signs the certificates of all hosts, as PEM.
    pub authority: Option<PathBuf>,
    /// The certificate of this host, as PEM.
    pub certificate: Option<PathBuf>,
    /// The private key of this host, as PEM.
    pub key: Option<PathBuf>,
    /// Uses plain TCP instead of TLS. Then every program that reaches the port can read all exported objects and change
    /// all copies.
    #[serde(default)]
    pub insecure: bool,
}

/// What a host exports.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The hosts that may copy, by the common names of their certificates.
    #[serde(default)]
    pub to: Vec<Name>,
    /// The objects.
    #[serde(default)]
    pub objects: Vec<Exported>,
}

/// Objects that a host exports.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// A directory of named objects, or the anchor of objects without a name.
    pub path: PathBuf,
    /// Patterns for the names in the directory.
    #[serde(default)]
    pub names: Vec<Pattern>,
    /// The name under which the objects of the anchor are exported.
    #[serde(rename = "as")]
    pub as_name: Option<Name>,
    /// Names of types, or layout hashes. Objects of other types are not exported. Without this list, those of all types
    /// are.
    #[serde(default)]
    pub types: Vec<String>,
}

/// What a host imports from another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The other host, which is the common name of its certificate.
    pub from: Name,
    /// The directory of the copies. No other import has the same.
    pub directory: PathBuf,
    /// Patterns for the names of the objects.
    #[serde(default)]
    pub names: Vec<Pattern>,
    /// Names of types, or layout hashes. Objects of other types are not copied. Without this list, those of all types
    /// are.
    #[serde(default)]
    pub types: Vec<String>,
    /// The size of the largest object, in bytes.
    #[serde(default = "Import::default_max_bytes")]
    pub max_bytes: u64,
    /// The largest number of copies, up to [`STATUS_COPIES`](crate::status::STATUS_COPIES).
    #[serde(default = "Import::default_max_objects")]
    pub max_objects: usize,
    /// The permission bits of the copies, in octal.
    #[serde(default = "Import::default_mode", deserialize_with = "octal")]
    pub mode: u32,
}

impl Import {
    /// 64 MiB.
    #[must_use]
    pub fn default_max_bytes() -> u64 {
        64 << 20
    }

    /// 256 copies.
    #[must_use]
    pub fn default_max_objects() -> usize {
        256
    }

    /// The owner alone reads and writes.
    #[must_use]
    pub fn default_mode() -> u32 {
        0o600
    }
}

/// Reads permission bits, such as `"0640"`.
fn octal<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let text = String::deserialize(from)?;
    mode_of(&text).map_err(serde::de::Error::custom)
}

/// Reads permission bits, such as `0640`.
///
/// # Errors
///
/// A sentence on what is wrong.
pub fn mode_of(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode & !0o666 == 0 => Ok(mode),
        Ok(_) => Err(format!("the mode {text:?} has other bits than those to read and write: an example is 0640")),
        Err(_) => Err(format!("{text:?} is no mode: it is octal, such as 0640")),
    }
}

/// Which side of a mirror runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It sends the changes of objects of this host.
    Export,
    /// It keeps copies of objects of other hosts.
    Import,
}

impl Settings {
    /// Settings without any object, for flags to fill.
    #[must_use]
    pub fn of_host(host: Name) -> Self {
        Self { host: Some(host), network: Network::default(), export: Export::default(), import: Vec::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`MirrorError::Settings`] if the file cannot be read, or has a line that means nothing.
    pub fn read(path: &Path) -> Result<Self, MirrorError> {
        let wrong = |why: String| MirrorError::Settings { path: path.into(), why };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let mut settings: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        settings.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(settings)
    }

    fn resolve(&mut self, base: &Path) {
        let network = &mut self.network;
        let files = [&mut network.authority, &mut network.certificate, &mut network.key].into_iter().flatten();
        let exported = self.export.objects.iter_mut().map(|object| &mut object.path);
        let imported = self.import.iter_mut().map(|import| &mut import.directory);
        for path in files.chain(exported).chain(imported) {
            *path = base.join(&*path);
        }
    }

    /// The name of this host.
    ///
    /// # Panics
    ///
    /// Panics if there is none, which [`check`](Self::check) refuses.
    pub(crate) fn own_name(&self) -> &Name {
        self.host.as_ref().expect("the settings were checked")
    }

    /// Checks that the settings are complete and agree with each other.
    ///
    /// # Errors
    ///
    /// [`MirrorError::Incomplete`], which says what is missing.
    pub fn check(&self, role: Role) -> Result<(), MirrorError> {
        let incomplete = |why: String| Err(MirrorError::Incomplete { why });
        let Network { listen, connect, authority, certificate, key, insecure } = &self.network;
        if self.host.is_none() {
            return incomplete("there is no host: give `host` in the file, or `--host`".into());
        }
        if listen.is_empty() && connect.is_empty() {
            return incomplete("there is no endpoint: give `listen` or `connect`, such as tls/0.0.0.0:7447".into());
        }
        let (protocol, why) = match insecure {
            true => ("tcp/", "`insecure` is set, so it begins with `tcp/`. For TLS, remove `insecure`"),
            false => ("tls/", "it begins with `tls/`. For plain TCP, on a network that you trust, set `insecure`"),
        };
        if let Some(other) = listen.iter().chain(connect).find(|endpoint| !endpoint.starts_with(protocol)) {
            return incomplete(format!("the endpoint {other:?} cannot be used: {why}"));
        }
        if !insecure && (authority.is_none() || certificate.is_none() || key.is_none()) {
            return incomplete(
                "TLS needs `authority`, `certificate` and `key`. On a network that you trust, `insecure` permits plain \
                 TCP"
                    .into(),
            );
        }
        for (setting, path) in [("`authority`", authority), ("`certificate`", certificate), ("`key`", key)] {
            let Some(path) = path.as_ref().filter(|_| !insecure) else { continue };
            let wrong = |why: String| MirrorError::File { setting, path: path.clone(), why };
            let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
            if !text.contains("-----BEGIN ") {
                return Err(wrong("it is no PEM file, which has lines of -----BEGIN …".into()));
            }
        }
        match role {
            Role::Export => self.check_export(),
            Role::Import => self.check_import(),
        }
    }

    fn check_export(&self) -> Result<(), MirrorError> {
        let incomplete = |why: String| Err(MirrorError::Incomplete { why });
        if self.export.objects.is_empty() {
            return incomplete("nothing is exported: give the paths of objects".into());
        }
        if !self.export.to.is_empty() && self.network.insecure {
            return incomplete(
                "`to` has no effect with `insecure`, since nothing says which host copies: remove it".into(),
            );
        }
        if self.export.to.is_empty() && !self.network.insecure {
            return incomplete("no host may copy: give `to`, the names of the other hosts".into());
        }
        for Exported { path, names, as_name, .. } in &self.export.objects {
            if names.is_empty() == as_name.is_none() {
                return incomplete(format!(
                    "{} needs either `names`, patterns for the named objects in the directory, or `as`, a name for the \
                     objects of the path itself",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    fn check_import(&self) -> Result<(), MirrorError> {
        let incomplete = |why: String| Err(MirrorError::Incomplete { why });
        if self.import.is_empty() {
            return incomplete("nothing is imported: give the name of a host".into());
        }
        for (at, Import { from, directory, names, max_objects, .. }) in self.import.iter().enumerate() {
            if names.is_empty() {
                return incomplete(format!("nothing of {from} is accepted: give `names`, such as \"*\""));
            }
            if *max_objects > crate::status::STATUS_COPIES {
                return incomplete(format!("max_objects is at most {}", crate::status::STATUS_COPIES));
            }
            if self.host.as_ref() == Some(from) {
                return incomplete(format!("`from` is {from}, which is this host: give the name of another one"));
            }
            let others = &self.import[..at];
            if others.iter().any(|other| other.directory == *directory || other.from == *from) {
                return incomplete(format!("two imports have {from} or {}", directory.display()));
            }
        }
        Ok(())
    }
}

/// Returns `true` if a list of types permits a type. An empty list permits all.
pub(crate) fn permits(types: &[String], type_name: &str, layout: &shmstore::LayoutHash) -> bool {
    types.is_empty() || types.iter().any(|one| one == type_name || *one == layout.to_string())
}
