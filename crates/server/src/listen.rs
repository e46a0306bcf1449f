//! Takes the ports, and explains itself when it cannot.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::serve::ServeError;

/// Which port is meant, for the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Main,
    Operations,
}

/// How many further ports are tried when looking for a free one to offer.
const PORTS_TO_TRY: u16 = 100;

/// Connections that may wait to be accepted. The standard library's 128 overflow when thousands come at once, and each
/// that is dropped tries again only after a second, then three, then seven.
const BACKLOG: u32 = 4_096;

/// Listens on the address. Needs a tokio runtime.
///
/// # Errors
/// [`ServeError::PortBusy`] or [`ServeError::OperationsPortBusy`] with the next free port, or why it cannot listen.
pub(crate) fn listen(address: SocketAddr, purpose: Purpose) -> Result<TcpListener, ServeError> {
    match bind(address) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let free = next_free(address);
            Err(match purpose {
                Purpose::Main => ServeError::PortBusy { address, free },
                Purpose::Operations => ServeError::OperationsPortBusy { address, free },
            })
        }
        Err(source) => Err(ServeError::Listen { address, source }),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As the standard library does: a restart need not wait until the old connections are forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// The next free port; it is given back at once, so it is an offer and no promise.
fn next_free(address: SocketAddr) -> Option<u16> {
    let first = address.port().checked_add(1)?;
    let last = first.saturating_add(PORTS_TO_TRY);
    (first..=last).find(|port| TcpListener::bind(SocketAddr::new(address.ip(), *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_port_offers_a_free_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        match listen(address, Purpose::Main) {
            Err(error @ ServeError::PortBusy { free: Some(free), .. }) => {
                assert!(free > address.port());
                assert_eq!(error.to_string(), format!("port {} on 127.0.0.1 is in use", address.port()));
                assert_eq!(error.hints(), [format!("use another port: `--port {free}` or `PORT={free}`")]);
            }
            other => panic!("expected a busy port, found {other:?}"),
        }
    }
}
