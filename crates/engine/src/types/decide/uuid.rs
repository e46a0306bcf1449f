//! UUIDs: lower or upper case.

use csvp_report::ColumnType;

use super::super::shape::{Shape, UuidCase};
use super::{Candidate, Tally};

/// The case of most UUIDs.
pub(super) fn candidate(tally: &Tally) -> Option<Candidate> {
    let count = |wanted| tally.count(|shape| shape == Shape::Uuid(wanted));
    let (either, lower, upper) = (count(UuidCase::Either), count(UuidCase::Lower), count(UuidCase::Upper));
    let uppercase = upper > lower;
    let accepted = either + if uppercase { upper } else { lower };
    (accepted > 0).then(|| Candidate::new(ColumnType::Uuid { uppercase }, accepted))
}
