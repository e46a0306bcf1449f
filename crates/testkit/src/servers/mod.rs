//! Real servers for tests: started on this machine's loopback for one test, gone when it ends.

mod postgres;
mod relay;
mod seaweed;

pub use postgres::Postgres;
pub use relay::Relay;
pub use seaweed::Seaweed;

use std::net::TcpListener;
use std::process::Command;

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("expected a free port on 127.0.0.1");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Sends a signal to a process that we started.
fn signal(name: &str, process: u32) {
    let _ = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
}
