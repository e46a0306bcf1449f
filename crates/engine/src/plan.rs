//! The outcome of the first pass that the second one needs; it can be stored.

use csvp_report::{FileFacts, Report};
use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::check::keys::KeyFaults;
use crate::layout::Layout;
use crate::schema::Schema;
use crate::settings::Policy;
use crate::{EngineError, Limits};

/// Version of the stored form.
pub(crate) const PLAN_VERSION: u32 = 1;
/// Most entries of a block index.
const MAX_INDEX_ENTRIES: usize = 4_096;

/// Everything fixed by the first pass: layout, schema, policy, and where blocks begin.
///
/// It can be stored, and the second pass be made by another process:
///
/// ```
/// use csvp_engine::{Check, Plan, Second, Settings};
///
/// let mut check = Check::new(Settings::default())?;
/// check.push(b"id\n1\n2\n")?;
/// let stored = serde_json::to_string(&check.finish()?.plan).expect("a plan is plain data");
///
/// let plan: Plan = serde_json::from_str(&stored).expect("it was stored by this version");
/// assert_eq!((plan.data_records(), plan.schema().columns[0].name.as_str()), (2, "id"));
/// let mut second = Second::new(&plan, ())?;
/// second.push(b"id\n1\n2\n")?;
/// assert_eq!(second.finish()?.0.counts.accepted, 2);
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub(crate) version: u32,
    pub(crate) file: FileFacts,
    pub(crate) layout: Layout,
    pub(crate) schema: Schema,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) index: BlockIndex,
    pub(crate) key_faults: KeyFaults,
    /// The first pass's report; the second one replaces its counts, problems and profiles.
    pub(crate) report: Report,
}

impl Plan {
    /// # Errors
    /// The plan was stored by another version.
    pub fn check_version(&self) -> Result<(), EngineError> {
        if self.version == PLAN_VERSION {
            return Ok(());
        }
        Err(EngineError::PlanVersion { found: self.version, expected: PLAN_VERSION })
    }

    /// The columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The first pass's report.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The header's cells without blanks around them, several rows joined by a space; none without header.
    pub fn header(&self) -> Option<Vec<String>> {
        self.layout.header_cells()
    }

    /// Places in the file from which reading can begin; at most 4,096, and none for a file of one block.
    pub fn n_blocks(&self) -> usize {
        self.index.entries.len()
    }

    /// Data records of the file.
    pub fn data_records(&self) -> u64 {
        self.report.counts.data_records()
    }

    /// Whether the bytes of the original are compressed, so that reading cannot begin inside.
    pub(crate) fn is_compressed(&self) -> bool {
        self.file.compression.is_some()
    }
}

/// Where some blocks begin: at most 4,096 entries; when full, every second one is dropped.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct BlockIndex {
    entries: Vec<IndexEntry>,
    /// Every so many-th block has an entry.
    stride: u64,
}

/// Where a block begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexEntry {
    /// Byte of the decompressed source.
    pub(crate) byte: u64,
    /// Data records before it.
    pub(crate) record: u64,
    /// Physical line, from 0.
    pub(crate) line: u64,
}

impl BlockIndex {
    pub(crate) fn add(&mut self, block: &Block) {
        self.stride = self.stride.max(1);
        // Header rows are in the first block, which is reached by reading from the start.
        if block.header_rows > 0 || !block.seq.is_multiple_of(self.stride) {
            return;
        }
        if self.entries.len() == MAX_INDEX_ENTRIES {
            let mut keep = false;
            self.entries.retain(|_| {
                keep = !keep;
                keep
            });
            self.stride *= 2;
            if !block.seq.is_multiple_of(self.stride) {
                return;
            }
        }
        self.entries.push(IndexEntry {
            byte: block.source_byte(0),
            record: block.base.record,
            line: block.base.line,
        });
    }

    /// The last entry at or before data record `record` (from 0).
    pub(crate) fn before(&self, record: u64) -> Option<IndexEntry> {
        let after = self.entries.partition_point(|entry| entry.record <= record);
        self.entries.get(after.checked_sub(1)?).copied()
    }
}
