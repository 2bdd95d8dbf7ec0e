//! The user at the other end of a connection.
//!
//! Every user of a machine can connect to its loopback address. The kernel's tables of connections name the user of
//! each end.

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// The addresses of the other end and of this one.
    Tcp { peer: SocketAddr, own: SocketAddr },
    /// The user at the other end of a Unix socket, if the kernel names it.
    Unix(Option<u32>),
}

impl Peer {
    /// Returns the user. Returns `None` if it is not known, as of a peer on another machine or in a container.
    pub(super) fn user(self) -> Option<u32> {
        match self {
            Self::Unix(user) => user,
            Self::Tcp { peer, own } => ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
                let text = fs::read_to_string(table).ok()?;
                user_in(&text, peer, own)
            }),
        }
    }
}

/// Finds the user of the end that sees `own` as its peer.
///
/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
fn user_in(table: &str, peer: SocketAddr, own: SocketAddr) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let [local, remote] = [columns.nth(1)?, columns.next()?];
        if address(local)? != plain(peer) || address(remote)? != plain(own) {
            return None;
        }
        // The state and three more columns are before the user, and one is before the inode. A connection that no
        // process has any more has inode 0, and its user is told as 0, too.
        let user = columns.nth(4)?.parse().ok()?;
        (columns.nth(1)? != "0").then_some(user)
    })
}

/// An address as it is compared: IPv4 within IPv6 is IPv4.
fn plain(address: SocketAddr) -> (IpAddr, u16) {
    (address.ip().to_canonical(), address.port())
}

/// Reads `0100007F:2488`, or the same with 32 digits. The kernel prints each four bytes as a number.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| Some(u32::from_str_radix(ip.get(8 * at..8 * (at + 1))?, 16).ok()?.to_ne_bytes());
    let ip: IpAddr = match ip.len() {
        8 => word(0)?.into(),
        32 => {
            let mut bytes = [0; 16];
            for (at, to) in bytes.chunks_mut(4).enumerate() {
                to.copy_from_slice(&word(at)?);
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:24F8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0
   1: 0100007F:24F8 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0 20 4 30 10 -1
   2: 0100007F:C001 0100007F:24F8 01 00000000:00000000 00:00000000 00000000  1000        0 102 1 0 20 4 30 10 -1
   3: 0100007F:C002 0100007F:24F8 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn user_of_the_other_end_is_found_and_that_of_a_closed_one_is_not() {
        let own = "127.0.0.1:9464".parse().unwrap();
        let of = |port| user_in(TABLE, SocketAddr::new([127, 0, 0, 1].into(), port), own);
        assert_eq!([of(0xC001), of(0xC002), of(0xC003)], [Some(1000), None, None]);
        let mapped = "[::ffff:127.0.0.1]:49153".parse().unwrap();
        assert_eq!(user_in(TABLE, mapped, own), Some(1000));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn address_of_either_length_is_read() {
        let loopback = address("00000000000000000000000001000000:24F8").unwrap();
        assert_eq!(loopback, ("::1".parse().unwrap(), 9464));
        let mapped = address("0000000000000000FFFF00000100007F:0001").unwrap();
        assert_eq!(mapped, ("127.0.0.1".parse().unwrap(), 1));
        assert_eq!(address("1:2"), None);
    }
}
