//! Every cap of the engine, in one struct.

use serde::{Deserialize, Serialize};

/// Caps that bound memory and time, whatever the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Largest physical line that is read, and how far a quote may reach, in bytes of text.
    pub max_record_bytes: usize,
    /// Largest cell that counts as valid, in bytes of text.
    pub max_cell_bytes: usize,
    /// Most columns.
    pub max_columns: usize,
    /// Largest column name, in bytes of text; a column with a larger one is called by its number.
    pub max_name_bytes: usize,
    /// Columns that get statistics; further ones get types and problems only.
    pub max_profiled_columns: usize,
    /// Most bytes after decompression.
    pub max_decoded_bytes: u64,
    /// Most bytes after decompression per compressed byte, once `ratio_free_bytes` are out.
    pub max_ratio: u64,
    /// Decompressed bytes below which the ratio does not matter.
    pub ratio_free_bytes: u64,
    /// Bytes from which encoding and dialect are detected.
    pub detect_bytes: usize,
    /// Bytes of text in a block.
    pub block_bytes: usize,
    /// Bytes of text kept back behind a block, so that the last block holds the file's last records.
    pub tail_bytes: usize,
    /// Problems the report shows in full.
    pub problems_shown: usize,
    /// Characters of a cell that a problem quotes.
    pub value_chars: usize,
    /// Memory for exact unique and key checks, in bytes; beyond it they go to a temporary file.
    pub unique_memory_bytes: usize,
    /// Most repeated values that are listed; beyond them the file is refused.
    pub max_repeats: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_record_bytes: 8 << 20,
            max_cell_bytes: 8 << 20,
            max_columns: 16_384,
            max_name_bytes: 1_024,
            max_profiled_columns: 1_024,
            max_decoded_bytes: 1 << 40,
            max_ratio: 250,
            ratio_free_bytes: 64 << 20,
            detect_bytes: 1 << 20,
            block_bytes: 256 << 10,
            tail_bytes: 64 << 10,
            problems_shown: 1_000,
            value_chars: 200,
            unique_memory_bytes: 64 << 20,
            max_repeats: 1_000_000,
        }
    }
}
