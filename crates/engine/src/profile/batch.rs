//! The cells of one column in one block: equal ones are counted first and added together, as most columns hold few
//! different values, and numbers are summed block by block, without a division for each.

use super::hash::hash64;
use super::{ColumnProfile, number_of};
use crate::types::Value;

/// Most different cells that are counted at once.
const MOST_SLOTS: usize = 256;
/// Blocks after which a column whose cells did not repeat is tried again.
const TRY_AGAIN: u32 = 16;

/// Adds the cells of one block to a profile. Equal to [`ColumnProfile::add`] for each of them, its plain twin, but for the
/// last digits of mean and standard deviation and the errors of top values.
pub(crate) struct Batch<'a, 'p> {
    profile: &'p mut ColumnProfile,
    /// Each place holds the last cell that came there; empty when cells do not repeat.
    slots: Vec<Option<Slot<'a>>>,
    /// Numbers and how often each came.
    numbers: Vec<(f64, u64)>,
    cells: usize,
    hits: usize,
}

/// A cell, and how often it came.
#[derive(Clone, Copy)]
struct Slot<'a> {
    hash: u64,
    cell: &'a [u8],
    value: Option<Value<'a>>,
    count: u64,
}

/// Whether cells of a column repeat within blocks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Repeats {
    /// Blocks for which they are taken as different.
    skip: u32,
}

impl<'a, 'p> Batch<'a, 'p> {
    /// For a block of about so many cells.
    pub(crate) fn new(profile: &'p mut ColumnProfile, n_cells: usize) -> Self {
        let repeats = &mut profile.repeats;
        let n_slots = if repeats.skip == 0 { (n_cells / 4).min(MOST_SLOTS) } else { 0 };
        repeats.skip = repeats.skip.saturating_sub(1);
        // A power of two, or none.
        let n_slots = (n_slots + 1).next_power_of_two() / 2;
        Self { profile, slots: vec![None; n_slots], numbers: Vec::new(), cells: 0, hits: 0 }
    }

    /// Adds a null cell.
    pub(crate) fn add_null(&mut self) {
        self.profile.add_null();
    }

    /// Adds a cell that is not null; `value` reads it, unless it came before.
    #[inline]
    pub(crate) fn add(&mut self, cell: &'a [u8], value: impl FnOnce(&'a [u8]) -> Option<Value<'a>>) {
        let hash = hash64(cell);
        if self.slots.is_empty() {
            return self.count(hash, cell, value(cell).as_ref(), 1, true);
        }
        self.cells += 1;
        // The lowest bits choose the place in other tables.
        let at = (hash >> 40) as usize & (self.slots.len() - 1);
        if let Some(slot) = &mut self.slots[at]
            && slot.hash == hash
            && slot.cell == cell
        {
            slot.count += 1;
            self.hits += 1;
            if let Some(value) = slot.value.filter(|_| self.profile.order.is_open()) {
                self.profile.order.add(cell, hash, &value);
            }
            return;
        }
        let value = value(cell);
        if let Some(value) = &value {
            self.profile.order.add(cell, hash, value);
        }
        if let Some(old) = self.slots[at].replace(Slot { hash, cell, value, count: 1 }) {
            self.add_slot(&old);
        }
    }

    /// Adds a cell that does not live as long as the block.
    pub(crate) fn add_once(&mut self, cell: &[u8], value: Option<&Value<'_>>) {
        self.count(hash64(cell), cell, value, 1, true);
    }

    /// Adds what is left.
    pub(crate) fn finish(mut self) {
        for slot in std::mem::take(&mut self.slots).iter().flatten() {
            self.add_slot(slot);
        }
        if let Some(numbers) = &mut self.profile.numbers {
            numbers.add_all(&self.numbers);
        }
        if self.hits * 4 < self.cells {
            self.profile.repeats.skip = TRY_AGAIN;
        }
    }

    fn add_slot(&mut self, slot: &Slot<'a>) {
        self.count(slot.hash, slot.cell, slot.value.as_ref(), slot.count, false);
    }

    #[inline]
    fn count(&mut self, hash: u64, cell: &[u8], value: Option<&Value<'_>>, count: u64, in_order: bool) {
        self.profile.count_cell(hash, cell, count);
        let Some(value) = value else { return };
        if in_order {
            self.profile.order.add(cell, hash, value);
        }
        if self.profile.numbers.is_some()
            && let Some(x) = number_of(value, self.profile.divisor)
        {
            self.numbers.push((x, count));
        }
    }
}
