//! Counts of the shapes of a column's cells: small, and they add.

use super::classify::classify;
use super::shape::Shape;

/// What is known about the cells of one column in one part of a file.
///
/// Shapes of two parts merge into those of both, in any grouping, so that the types do not depend on how a file is cut.
/// A column of one type has a handful of shapes; the memory is 32 bytes for each and at most
/// [`Shapes::MOST`] of them.
///
/// ```
/// use csvp_engine::types::{Shapes, TypePolicy, decide};
///
/// let mut first = Shapes::new();
/// first.add(b"1.50");
/// let mut second = Shapes::new();
/// second.add(b"12.00");
/// second.add(b"");
/// first.merge(&second);
/// let decision = decide(&first, &TypePolicy::default());
/// assert_eq!(decision.column_type.to_string(), "decimal(4,2)");
/// assert_eq!((decision.nulls, decision.exceptions), (1, 0));
/// ```
#[derive(Debug, Clone)]
pub struct Shapes {
    empty: u64,
    text: u64,
    /// Cells that are neither empty nor text, in the table or given up.
    typed: u64,
    /// The first shapes; most columns have no more, and a wide table has thousands of columns in every block.
    few: [Slot; FEW],
    /// Further ones: open addressing, a power of two of slots or none; empty after `given_up`.
    slots: Vec<Slot>,
    /// Slots in use, those of `few` not counted.
    used: usize,
    /// The slot of the last cell.
    last: usize,
    /// More than [`Shapes::MOST`] different shapes came. That is true of the union of parts whatever its order.
    given_up: bool,
}

/// A shape and how often it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// [`Shape::code`] of the shape, which is quicker to compare.
    code: u64,
    pub(crate) shape: Shape,
    /// Most digits before the decimal mark.
    pub(crate) digits: u8,
    /// 0 in a free slot.
    pub(crate) count: u64,
}

/// Shapes that need no table.
const FEW: usize = 2;

const FREE: Slot = Slot { code: 0, shape: Shape::Empty, digits: 0, count: 0 };

impl Slot {
    #[inline]
    fn add(&mut self, shape: Shape, digits: u8, count: u64) {
        debug_assert_eq!(self.shape, shape);
        self.count += count;
        self.digits = self.digits.max(digits);
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self::new()
    }
}

impl Shapes {
    /// Most different shapes that are kept. A column with more is text.
    pub const MOST: usize = 256;

    /// Of no cell.
    pub fn new() -> Self {
        Self {
            empty: 0,
            text: 0,
            typed: 0,
            few: [FREE; FEW],
            slots: Vec::new(),
            used: 0,
            last: 0,
            given_up: false,
        }
    }

    /// Counts a cell as it reads after unquoting; the empty cell too.
    pub fn add(&mut self, cell: &[u8]) {
        self.add_many(cell, 1);
    }

    /// Counts a cell as many times as others of its shape came.
    pub(crate) fn add_many(&mut self, cell: &[u8], count: u64) {
        let (shape, digits) = classify(cell);
        match shape {
            Shape::Empty => self.empty += count,
            Shape::Text => self.text += count,
            shape => self.count(shape, digits, count),
        }
    }

    /// Adds the counts of a part that comes later in the file.
    pub fn merge(&mut self, later: &Shapes) {
        self.empty += later.empty;
        self.text += later.text;
        if later.given_up {
            self.give_up();
            self.typed += later.typed;
        } else {
            for slot in later.slots() {
                self.count(slot.shape, slot.digits, slot.count);
            }
        }
    }

    /// All cells counted.
    pub fn cells(&self) -> u64 {
        self.empty + self.text + self.typed
    }

    /// Empty cells.
    pub(crate) fn empty(&self) -> u64 {
        self.empty
    }

    /// The shapes between empty and text that came, in no order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.few.iter().chain(&self.slots).filter(|slot| slot.count > 0)
    }

    /// Whether so many shapes came that they were no longer told apart.
    pub(crate) fn has_given_up(&self) -> bool {
        self.given_up
    }

    fn count(&mut self, shape: Shape, digits: u8, count: u64) {
        self.typed += count;
        let code = shape.code();
        if let Some(slot) = self.slots.get_mut(self.last)
            && slot.code == code
        {
            slot.add(shape, digits, count);
            return;
        }
        if self.given_up {
            return;
        }
        if let Some(slot) = self.few.iter_mut().find(|slot| slot.count == 0 || slot.code == code) {
            (slot.code, slot.shape) = (code, shape);
            slot.add(shape, digits, count);
            return;
        }
        if self.used * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let at = self.find(code);
        let slot = &mut self.slots[at];
        if slot.count == 0 {
            (slot.code, slot.shape) = (code, shape);
            self.used += 1;
        }
        slot.add(shape, digits, count);
        self.last = at;
        if self.used + FEW > Self::MOST {
            self.give_up();
        }
    }

    /// The slot of a shape's code, or the free one where it belongs.
    fn find(&self, code: u64) -> usize {
        let mask = self.slots.len() - 1;
        // Multiplicative hashing: the upper bits of the product depend on all bits of the code.
        let mut at = (code.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize & mask;
        while self.slots[at].count > 0 && self.slots[at].code != code {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(8);
        let old = std::mem::replace(&mut self.slots, vec![FREE; len]);
        for slot in old.into_iter().filter(|slot| slot.count > 0) {
            let at = self.find(slot.code);
            self.slots[at] = slot;
        }
    }

    fn give_up(&mut self) {
        self.given_up = true;
        self.few = [FREE; FEW];
        self.slots = Vec::new();
        self.used = 0;
        self.last = 0;
    }
}
