//! Sockets of this machine that listen, found without connecting to them.

use std::net::{Ipv4Addr, SocketAddrV4};

/// State `LISTEN` in the kernel's tables.
const LISTEN: &str = "0A";

/// Returns whether a socket accepts connections at an address, or `None` if the system has no such table.
///
/// Source: <https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html>
pub(super) fn is_listening(address: SocketAddrV4) -> Option<bool> {
    let v4 = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let v6 = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Some(listens(&v4, &v6, address))
}

fn listens(v4: &str, v6: &str, address: SocketAddrV4) -> bool {
    // Addresses are words in the machine's byte order, and ports are numbers.
    let word = |octets: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(octets));
    let (own, any) = (word(address.ip().octets()), word(Ipv4Addr::UNSPECIFIED.octets()));
    let mapped = format!("{any}{any}{}{own}", word([0, 0, 0xFF, 0xFF]));
    let accepting = [own, any.clone(), mapped, any.repeat(4)];
    v4.lines().chain(v6.lines()).any(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, state) = (fields.next().and_then(|local| local.split_once(':')), fields.nth(1));
        let Some((host, port)) = local else { return false };
        state == Some(LISTEN)
            && u16::from_str_radix(port, 16) == Ok(address.port())
            && accepting.iter().any(|known| known == host)
    })
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::*;

    fn v4(listener: &TcpListener) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port())
    }

    #[test]
    fn a_listener_is_found_at_every_address_that_includes_loopback() {
        if !std::path::Path::new("/proc/net/tcp").exists() {
            return assert_eq!(is_listening("127.0.0.1:1".parse().unwrap()), None);
        }
        for bound in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let listener = TcpListener::bind(bound).unwrap();
            let address = v4(&listener);
            assert_eq!(is_listening(address), Some(true), "{bound}");
            // A connection on the same port is not a listener.
            let open = std::net::TcpStream::connect(SocketAddr::V4(address)).unwrap();
            drop(listener);
            assert_eq!(is_listening(address), Some(false), "{bound}");
            drop(open);
        }
        let elsewhere = TcpListener::bind("127.0.0.2:0").unwrap();
        assert_eq!(is_listening(v4(&elsewhere)), Some(false));
    }
}
