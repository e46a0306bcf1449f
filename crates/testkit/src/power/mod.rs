//! Power cuts from a trace: the calls of a real run are played into a model of a disk, and every state that the disk may
//! be left in when the power goes can be made into a directory that is started from.
//!
//! The model promises as little as POSIX does: what was written to a file is durable after a sync of that file; a name,
//! or that a name has gone, after a sync of its directory, and the two halves of a rename each by itself; everything
//! after a sync of the file system. What was not synced may be there in any part and order. After a failed sync the
//! bytes that it was about are gone, as on Linux, where they count as written from then on; after one of the file system
//! the bytes of all files.

mod disk;
mod states;

pub use disk::{Disk, Image};
pub use states::{Cut, Event, Schedule, append, events, pending_after};
