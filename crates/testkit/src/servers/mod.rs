//! Real servers for tests: started on this machine's loopback for one test, gone when it ends.

mod postgres;
mod relay;

pub use postgres::Postgres;
pub use relay::Relay;

use std::net::TcpListener;

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("expected a free port on 127.0.0.1");
    listener.local_addr().expect("a bound socket has an address").port()
}
