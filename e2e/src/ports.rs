//! Free loopback ports for servers whose port must be known before they start.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that the kernel hands to outgoing connections: there, a server that is stopped for a while could
/// lose its port to a client, or a client could connect to itself.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Starts anywhere, so that test processes that run side by side seldom try the same port.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
    let mut seed = [0; 2];
    // Without randomness the ports are still tried one by one.
    let _ = aws_lc_rs::rand::fill(&mut seed);
    AtomicU16::new(u16::from_ne_bytes(seed) % COUNT)
});

/// A loopback port that nobody listens on. Somebody else may take it before its user does: starting a server must
/// be tried again with another port when it says that its address is in use.
///
/// # Errors
/// When no port is free.
pub fn free() -> io::Result<u16> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_closed_at_once) => return Ok(port),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_port_is_handed_out_once_and_can_be_bound() {
        let (first, second) = (free().unwrap(), free().unwrap());
        assert_ne!(first, second);
        TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
    }

    #[test]
    fn a_port_in_use_is_not_handed_out() {
        let held = free().unwrap();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, held)).unwrap();
        NEXT.store(held - FIRST, Ordering::Relaxed);
        assert_ne!(free().unwrap(), held);
    }
}
