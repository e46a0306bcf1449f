//! When the next group of a group commit begins.
//!
//! While a group waits for the disk the next one gathers. A fast disk answers before more than one or two have come, and each
//! pays for a wait of its own: under load the processors have more to do with groups than with their members. So once a group
//! has been a crowd, the next one begins [`APART`] behind it at the earliest. Whoever comes alone, or with few, never waits
//! (after `commit_delay` and `commit_siblings` of PostgreSQL).

use std::time::{Duration, Instant};

/// Time between the beginnings of two groups while many come. With 64 clients it saves a seventh of the processor time; twice
/// as much saves hardly more.
const APART: Duration = Duration::from_millis(5);
/// Members of a group that make it a crowd. Eight clients hardly ever are one: with fewer the wait would cost them more than it
/// saves.
const CROWD: usize = 8;

/// The groups of one committer, as they come.
#[derive(Debug, Default)]
pub(crate) struct GroupPace {
    /// When the last crowd began; none when the last group was none.
    crowd: Option<Instant>,
}

impl GroupPace {
    /// How long the next group is to gather before it begins.
    pub(crate) fn gather_for(&self) -> Duration {
        self.crowd.map_or(Duration::ZERO, |begun| APART.saturating_sub(begun.elapsed()))
    }

    /// A group of so many begins.
    pub(crate) fn begin(&mut self, members: usize) {
        self.crowd = (members >= CROWD).then(Instant::now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_follows_a_crowd_gathers() {
        let mut pace = GroupPace::default();
        assert_eq!(pace.gather_for(), Duration::ZERO);
        pace.begin(CROWD - 1);
        assert_eq!(pace.gather_for(), Duration::ZERO);
        pace.crowd = Some(Instant::now() + APART);
        assert_eq!(pace.gather_for(), APART, "counted from the beginning of the crowd");
        pace.crowd = Instant::now().checked_sub(APART);
        assert_eq!(pace.gather_for(), Duration::ZERO, "its time is over");
        pace.begin(CROWD);
        assert!(pace.crowd.is_some());
        pace.begin(1);
        assert_eq!(pace.gather_for(), Duration::ZERO, "the crowd has gone");
    }
}
