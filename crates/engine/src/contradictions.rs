//! What later records say against what was detected in the first part of the file.

use csvp_report::{Detail, Problem, ProblemCode};

use crate::block::{Block, partition_point};
use crate::decode::Invalid;
use crate::layout::{Layout, whole_file};

/// What later records say against what was detected in the first part.
#[derive(Debug, Default)]
pub(crate) struct Contradictions {
    /// Data records and those with a wrong number of fields, in the part that was looked at and behind it.
    sampled: (u64, u64),
    behind: (u64, u64),
    invalid_behind: u64,
}

/// Fewest records behind the first part that can contradict it.
const CONTRADICTING_RECORDS: u64 = 10;

impl Contradictions {
    /// Of one block, with its invalid sequences. The sample, and so `detect_bytes`, are bytes of the source and not of the
    /// decoded text.
    pub(crate) fn of(block: &Block, invalid: &[Invalid], detect_bytes: u64) -> Self {
        let data = block.data();
        let start_of = |record: usize| block.source_byte(block.index.record_start(record));
        let split = data.start + partition_point(data.len(), |at| start_of(data.start + at) < detect_bytes);
        let (mut ragged_before, mut ragged_all) = (0, 0);
        for (record, _) in block.index.ragged().filter(|(record, _)| data.contains(record)) {
            ragged_before += u64::from(record < split);
            ragged_all += 1;
        }
        Self {
            sampled: ((split - data.start) as u64, ragged_before),
            behind: ((data.end - split) as u64, ragged_all - ragged_before),
            invalid_behind: invalid.iter().filter(|invalid| invalid.source >= detect_bytes).count() as u64,
        }
    }

    /// Adds those of another block.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sampled.0 += other.sampled.0;
        self.sampled.1 += other.sampled.1;
        self.behind.0 += other.behind.0;
        self.behind.1 += other.behind.1;
        self.invalid_behind += other.invalid_behind;
    }

    pub(crate) fn problems(&self, layout: &Layout) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.invalid_behind > 0 && layout.encoding_facts.source == "ascii" {
            let text =
                "the first part of the file is plain ASCII, later bytes are not valid UTF-8".to_owned();
            problems.push(whole_file(ProblemCode::EncodingContradicted, Detail::Note { text }));
        }
        let ((sampled, bad), (behind, bad_behind)) = (self.sampled, self.behind);
        if behind >= CONTRADICTING_RECORDS && bad_behind * 2 > behind && bad * 10 < sampled {
            let text = format!(
                "{bad_behind} of {behind} later records do not have the number of fields that the first ones have"
            );
            problems.push(whole_file(ProblemCode::DialectContradicted, Detail::Note { text }));
        }
        problems
    }
}
