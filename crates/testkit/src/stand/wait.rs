//! Waiting for what another process does: for a state that can be seen, never for a time.

use std::time::{Duration, Instant};

/// Not more often: looks make the service call as well, and its calls are counted.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Waits until something is so; false when it was not within the time.
pub fn wait_until(longest: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if begun.elapsed() > longest {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
