//! Table Schema: any JSON is refused with words or is a schema that a file can be checked with.

use csvp_engine::{Settings, TableSchema};

use crate::choices::Choices;
use crate::files::{both, reconcile, small_limits};

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let chunk = 1 + choices.below(50);
    let text = choices.text();
    // Choices are bytes at the end; JSON may end anywhere before them.
    let end = text.iter().rposition(|&byte| byte == b'}').map_or(0, |at| at + 1);
    let Ok(schema) = serde_json::from_slice::<TableSchema>(&text[..end]) else { return };
    let written = serde_json::to_string(&schema).expect("a schema can be written");
    let again: TableSchema = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(again, schema);

    let settings = Settings { schema: Some(schema.clone()), limits: small_limits(), ..Settings::default() };
    if let Err(error) = settings.validate() {
        assert!(!error.to_string().is_empty());
        return;
    }
    let mut file = Vec::new();
    let names: Vec<&[u8]> = schema.fields.iter().map(|field| field.name.as_bytes()).collect();
    csvp_parse::writer::write_record(&mut file, names, b',');
    for cell in ["1", "", "2024-01-31", "x", "1", "-0.00", "true", "{}"] {
        csvp_parse::writer::write_record(&mut file, schema.fields.iter().map(|_| cell.as_bytes()), b',');
    }
    let whole = both(&settings, &file, file.len(), 1, ());
    let pieces = both(&settings, &file, chunk, 1, ());
    match (whole, pieces) {
        (Ok((whole, ())), Ok((pieces, ()))) => {
            assert_eq!(whole, pieces, "chunks of {chunk}");
            reconcile(&whole);
        }
        (whole, pieces) => assert_eq!(whole.err(), pieces.err()),
    }
}
