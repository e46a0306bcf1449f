// Titles and fixes of the problem codes, the same words as in the report crate (a test compares them).

export interface CodeText {
  title: string;
  fix: string;
}

const TEXTS: Record<string, CodeText> = {
  "encoding-invalid": {
    title: "Invalid characters",
    fix: "save the file again as UTF-8, or name its true encoding and process it again",
  },
  "encoding-contradicted": {
    title: "Encoding changes inside the file",
    fix: "name the true encoding and process the file again; if there are two, save its parts in one",
  },
  "field-count": {
    title: "Wrong number of fields",
    fix: "add the missing delimiters, or put quotes around a field that contains one",
  },
  "field-count-varies": {
    title: "Records of different widths",
    fix: "check that the delimiter is right, and split the file if it holds several tables",
  },
  "trailing-delimiter": {
    title: "Delimiter at the end of records",
    fix: "nothing is lost; remove the last delimiter of each line if you can",
  },
  "quote-unclosed": {
    title: "Quote never closed",
    fix: "close the quote, or double it if it belongs to the text",
  },
  "quote-stray": {
    title: "Stray quote",
    fix: "put the whole field in quotes and double each quote inside it",
  },
  "dialect-contradicted": {
    title: "Later records contradict the detected dialect",
    fix: "name the delimiter or the quote and process the file again",
  },
  "header-duplicate": {
    title: "Column name used twice",
    fix: "give each column a name of its own",
  },
  "header-blank": {
    title: "Column without a name",
    fix: "name the column in the first line",
  },
  "header-mismatch": {
    title: "Header differs from the schema",
    fix: "rename, add or remove the column so that the header equals the schema",
  },
  "rejects-without-schema": {
    title: "Rejected records read without a schema",
    fix: "name the schema of the file that they come from with `--schema`",
  },
  "header-repeated": {
    title: "Header repeated among the records",
    fix: "remove the line; it often comes from files that were joined",
  },
  "type-mismatch": {
    title: "Value of another type",
    fix: "correct the value, or declare the column as text",
  },
  "date-ambiguous": {
    title: "Day or month first?",
    fix: "say which comes first by giving the column its format; until then it stays text",
  },
  "number-ambiguous": {
    title: "Decimal or thousands mark?",
    fix: "say which it is by giving the column its type; until then it stays text",
  },
  "value-unusual": {
    title: "Value unlike the others of its column",
    fix: "correct the value, or declare the column's type: as text if the value is right",
  },
  "value-required": {
    title: "Required value missing",
    fix: "fill in the value",
  },
  "value-not-unique": {
    title: "Value appears twice",
    fix: "remove or correct the repeated record",
  },
  "value-out-of-range": {
    title: "Value out of range",
    fix: "correct the value",
  },
  "value-length": {
    title: "Text too short or too long",
    fix: "shorten or complete the text",
  },
  "value-not-in-enum": {
    title: "Value not in the list",
    fix: "use one of the allowed values",
  },
  "value-pattern": {
    title: "Value does not match its pattern",
    fix: "write the value in the asked form",
  },
  "value-key-missing": {
    title: "Reference to a missing key",
    fix: "add the record that is referred to, or correct the reference",
  },
  "row-blank": {
    title: "Blank line",
    fix: "nothing is lost; remove the line if you can",
  },
  "row-hollow": {
    title: "Record of empty cells",
    fix: "remove the line; spreadsheets write it for rows that only look empty",
  },
  "row-single-value": {
    title: "Record with a single value",
    fix: "remove the line if it is a title between the records, or fill in its other cells",
  },
  "row-total": {
    title: "Total among the records",
    fix: "remove the line, or whoever adds up the column counts everything twice",
  },
  "row-unusual": {
    title: "Record unlike the others",
    fix: "look at the cell: correct it, or take it as it is; nothing is rejected for it",
  },
  "line-ending-mixed": {
    title: "Mixed line endings",
    fix: "save the file again with one kind of line ending",
  },
  "nul-byte": {
    title: "NUL byte",
    fix: "remove the byte; it often comes from a broken export",
  },
  "mark-inside": {
    title: "Byte order mark inside the file",
    fix: "remove the mark; it is left where files that begin with one were joined",
  },
  "limit-columns": {
    title: "Too many columns",
    fix: "split the file, or raise the limit `max_columns`",
  },
  "limit-name-bytes": {
    title: "Column name too long",
    fix: "shorten the name, or look for a missing line end or quote in the first line",
  },
  "limit-record-bytes": {
    title: "Record too large",
    fix: "look for a missing quote or line end before it, or raise the limit `max_record_bytes`",
  },
  "limit-cell-bytes": {
    title: "Cell too large",
    fix: "shorten the cell, or raise the limit `max_cell_bytes`",
  },
  "compression-damaged": {
    title: "Compressed file is damaged",
    fix: "compress and send the file again; the records before the damage were read",
  },
  "file-empty": {
    title: "No records",
    fix: "check that the export wrote what it should",
  },
  "not-csv": {
    title: "Not a CSV file",
    fix: "send the table as CSV text, not as a document or an image",
  },
};

export function codeText(code: string): CodeText {
  return TEXTS[code] ?? { title: code.replaceAll("-", " "), fix: "see the page about this problem" };
}

export const KNOWN_CODES = Object.keys(TEXTS);
