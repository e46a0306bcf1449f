//! The columns of a file: their names, types and rules, declared or inferred.

mod declared;
mod names;
mod table_schema;
mod text_form;

use csvp_report::ColumnType;
use serde::{Deserialize, Serialize};

pub(crate) use declared::{Declared, check_overrides, check_schema, declared_columns, resolve};
pub(crate) use names::{header, join_rows, spread};
pub use table_schema::{Constraints, Field, FieldsMatch, ForeignKey, Key, Reference, TableSchema};
pub(crate) use text_form::TextCheck;
pub use text_form::TextForm;

/// Ordered columns and their types; fixed for a whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// In file order.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Unique name: from the header, or `column_N`.
    pub name: String,
    /// The type, from all records or declared.
    pub column_type: ColumnType,
    /// Whether the type was declared.
    pub declared: bool,
    /// Words that are null in this column, beside the empty cell.
    pub null_words: Vec<String>,
    /// Whether the empty cell is null; if not, it is an empty text.
    pub empty_is_null: bool,
    /// The form that its texts must have, beside the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<TextForm>,
    /// The type of nearly all values of a column that is text because of the others, which are worth a look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<ColumnType>,
    /// Rules of the declared schema.
    pub constraints: Constraints,
}

impl Column {
    /// Whether the cell counts as null.
    pub fn is_null(&self, cell: &[u8]) -> bool {
        if cell.is_empty() {
            return self.empty_is_null;
        }
        self.null_words.iter().any(|word| word.as_bytes() == cell)
    }
}
