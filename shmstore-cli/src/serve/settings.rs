//! What the command line asks for, and what is refused at the start.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::metrics::Shape;
use crate::failure::Failure;
use crate::text::shown_path;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Listen {
    /// Returns `true` if only programs of this machine reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The files and directories whose objects are served. Empty for all objects.
    pub paths: Vec<PathBuf>,
    /// Where to listen.
    pub listen: Listen,
    /// More host names of the server.
    pub hosts: Vec<String>,
    /// Users who may read without a token, besides the own one and root.
    pub users: Vec<u32>,
    /// The file of the token.
    pub token_file: Option<PathBuf>,
    /// Whether clients may store values.
    pub write: bool,
    /// Whether they may do so from other machines.
    pub insecure: bool,
    /// The shape of the metrics.
    pub metrics: Shape,
}

impl Settings {
    /// Refuses settings that are not safe.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`].
    pub fn check(&self) -> Result<(), Failure> {
        match &self.listen {
            Listen::Tcp(address) if self.write && !self.insecure && !self.listen.is_local() => {
                Err(Failure::Refused(format!(
                    "cannot serve with --write on {address}: there is no TLS, so anybody on the network between could \
                     read the token and write objects. Listen on 127.0.0.1 and use `ssh -L`, or add --insecure if the \
                     network is trusted"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Reads `--listen`.
///
/// # Errors
///
/// The message for a text that is no address.
pub fn listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.is_empty() {
            Err("write unix:PATH, the path of a socket".into())
        } else {
            Ok(Listen::Unix(path.into()))
        };
    }
    let of_localhost = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let local = of_localhost.map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let address = local.or_else(|| text.parse().ok()).map(Listen::Tcp);
    address.ok_or_else(|| "write an address and a port such as 127.0.0.1:9464 or [::1]:9464, or unix:PATH".into())
}

/// Reads `--host`.
///
/// # Errors
///
/// The message for a text that is no host name.
pub fn host(text: &str) -> Result<String, String> {
    let is_of_name =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ':' | '[' | ']');
    if text.is_empty() || !text.chars().all(is_of_name) {
        return Err("write the name that clients use, such as plant7.example, with :PORT if they name one".into());
    }
    Ok(text.to_ascii_lowercase())
}

/// Reads `--allow-user`.
///
/// # Errors
///
/// The message for a user that does not exist.
pub fn user(text: &str) -> Result<u32, String> {
    if let Ok(uid) = text.parse() {
        return Ok(uid);
    }
    let found = User::from_name(text).map_err(|errno| format!("the user cannot be looked up: {}", errno.desc()))?;
    found
        .map(|user| user.uid.as_raw())
        .ok_or_else(|| "this machine has no such user: `getent passwd` lists them".into())
}

/// Reads the file of a token.
///
/// # Errors
///
/// [`Failure::File`] if it cannot be read; [`Failure::Refused`] if others may read it, or if the token is too short.
pub(super) fn token_in(path: &Path) -> Result<String, Failure> {
    const SHORTEST: usize = 16;
    const LONGEST: u64 = 4096;
    let metadata = fs::metadata(path).map_err(Failure::at(path))?;
    let refused = |why: String| Failure::Refused(format!("{} is no file for a token: {why}", shown_path(path)));
    let mode = metadata.permissions().mode() & 0o777;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(refused("a file with one line is expected".into()));
    }
    if mode & 0o077 != 0 {
        let path = shown_path(path);
        return Err(refused(format!("others may use it, because its mode is {mode:04o}. Run `chmod 600 {path}`")));
    }
    let own = Uid::effective().as_raw();
    if ![0, own].contains(&metadata.uid()) {
        return Err(refused(format!("user {} owns it, and not user {own}, who runs the server", metadata.uid())));
    }
    let text = fs::read_to_string(path).map_err(Failure::at(path))?;
    let token = text.trim();
    if token.len() < SHORTEST || !token.chars().all(|letter| letter.is_ascii_graphic()) {
        let make = format!("`(umask 077; openssl rand -hex 16 > {})` makes one", shown_path(path));
        return Err(refused(format!(
            "a token has at least {SHORTEST} printable ASCII characters and no blank. {make}"
        )));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_other_texts_are_refused() {
        let tcp = |text: &str| Listen::Tcp(text.parse().unwrap());
        assert_eq!(listen("localhost:80"), Ok(tcp("127.0.0.1:80")));
        assert_eq!(listen("[::1]:9464"), Ok(tcp("[::1]:9464")));
        assert_eq!(listen("unix:/run/s"), Ok(Listen::Unix("/run/s".into())));
        for wrong in ["", "9464", "example.com:80", "unix:", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_addresses_of_this_machine_are_local() {
        let is_local = |text| listen(text).unwrap().is_local();
        assert!(is_local("127.0.0.9:1") && is_local("[::1]:1") && is_local("unix:s"));
        assert!(!is_local("0.0.0.0:1") && !is_local("[::]:1") && !is_local("192.168.1.2:1"));
    }
}
