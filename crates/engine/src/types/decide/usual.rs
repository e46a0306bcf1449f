//! What nearly all values of a text column are, so that the few others can be shown.

use csvp_report::ColumnType;

use super::super::shape::{Odd, Shape};
use super::{Candidate, Tally, TypePolicy};

/// Values below which a column shows no habit.
const FEWEST_VALUES: u64 = 20;
/// Part of the values that must be of one type, in percent.
const USUAL_PERCENT: u64 = 90;

/// The type of nearly all values, unless the others are only another spelling of the same. Who asks for strict types wants
/// such columns to be text.
pub(super) fn of_text(tally: &Tally, best: Candidate, policy: &TypePolicy) -> Option<ColumnType> {
    // A third word beside `yes` and `no` is a third answer.
    let usual = !matches!(best.column_type, ColumnType::Boolean { .. })
        && policy.threshold < 1.0
        && tally.values >= FEWEST_VALUES
        && best.accepted * 100 >= tally.values * USUAL_PERCENT
        && best.refusal.is_none();
    // Codes of digits, or numbers in several spellings: no single value is at fault.
    let respelled = matches!(
        best.column_type,
        ColumnType::Integer { .. } | ColumnType::Decimal { .. } | ColumnType::Float { .. }
    ) && tally.count(is_number) > best.accepted;
    (usual && !respelled).then_some(best.column_type)
}

/// A number in any spelling.
fn is_number(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Integer { .. }
            | Shape::Number(_)
            | Shape::Exponent { .. }
            | Shape::NegativeZero { .. }
            | Shape::Odd(
                Odd::LeadingZeros(_) | Odd::SignedZero | Odd::PlusSign | Odd::BareMark | Odd::TooManyDigits
            )
    )
}
