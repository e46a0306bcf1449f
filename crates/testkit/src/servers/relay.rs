//! A relay for TCP connections: a small load balancer, and a network that can be made to swallow everything.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Hands each connection to one of its targets, in turn. It ends when this is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    targets: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    silent: AtomicBool,
    refusing: AtomicBool,
    delay_ms: AtomicU64,
    /// Both ends of each connection, by its number, as long as it lasts.
    open: Mutex<HashMap<usize, [TcpStream; 2]>>,
    ended: AtomicBool,
}

impl Relay {
    /// Listens on a free port.
    ///
    /// # Panics
    /// There is no free port.
    pub fn to(targets: impl IntoIterator<Item = SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("expected a free port on 127.0.0.1");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let relay = Self { address, shared: Arc::clone(&shared) };
        relay.set_targets(targets);
        spawn(move || {
            for connection in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                if let Ok(client) = connection {
                    spawn(move || shared.connect(client));
                }
            }
        });
        relay
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go to these from now on; those that are open stay where they are.
    pub fn set_targets(&self, targets: impl IntoIterator<Item = SocketAddr>) {
        let mut held = self.shared.targets.lock().unwrap_or_else(PoisonError::into_inner);
        *held = targets.into_iter().collect();
    }

    /// How many there are.
    pub fn targets(&self) -> usize {
        self.shared.targets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// While refusing, connections end as soon as they are made. Those that are open are cut off at once.
    pub fn set_refusing(&self, refusing: bool) {
        self.shared.refusing.store(refusing, Ordering::SeqCst);
        if refusing {
            self.cut();
        }
    }

    /// Cuts off all open connections, wherever they are in what they send.
    pub fn cut(&self) {
        for (_, streams) in self.shared.open().drain() {
            for stream in streams {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Lets each piece that is sent wait, in both directions.
    pub fn set_delay(&self, delay: Duration) {
        self.shared.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// While silent, nothing that is sent arrives, in both directions, and nobody is told.
    pub fn set_silent(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// Finds a target that answers; the client is cut off when none does.
    fn connect(self: Arc<Self>, client: TcpStream) {
        self.wait_while_silent();
        if self.refusing.load(Ordering::SeqCst) {
            return;
        }
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let first = self.next.fetch_add(1, Ordering::SeqCst);
        let found = (0..targets.len())
            .find_map(|turn| TcpStream::connect(targets[(first + turn) % targets.len()]).ok());
        let Some(target) = found else { return };
        let (Ok(client_too), Ok(target_too)) = (client.try_clone(), target.try_clone()) else { return };
        if let (Ok(client), Ok(target)) = (client.try_clone(), target.try_clone()) {
            self.open().insert(first, [client, target]);
        }
        let shared = Arc::clone(&self);
        let there = spawn(move || shared.pump(client_too, target_too));
        self.pump(target, client);
        let _ = there.join();
        self.open().remove(&first);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<usize, [TcpStream; 2]>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        loop {
            let read = from.read(&mut bytes);
            self.wait_while_silent();
            sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst)));
            match read {
                Ok(n) if n > 0 && to.write_all(&bytes[..n]).is_ok() => {}
                _ => {
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
            }
        }
    }

    fn wait_while_silent(&self) {
        while self.silent.load(Ordering::SeqCst) && !self.ended.load(Ordering::SeqCst) {
            sleep(LOOK_EVERY);
        }
    }
}
