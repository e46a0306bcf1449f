// Names for the characters and words of a dialect.

const NAMES: Record<string, string> = {
  ",": "comma",
  ";": "semicolon",
  "\t": "tab",
  "|": "pipe",
  ":": "colon",
  " ": "space",
  '"': "double quote",
  "'": "single quote",
  "\\": "backslash",
  "^": "caret",
  "~": "tilde",
  "#": "hash",
  "\u0001": "start of heading",
  "\u001f": "unit separator",
};

/** `comma ,` for signs with a name, the sign itself for others, `none` for nothing. */
export function signName(sign: string | null | undefined): string {
  if (sign === null || sign === undefined || sign === "") return "none";
  const name = NAMES[sign];
  return name ?? `\`${sign}\``;
}

/** What can be shown of the sign beside its name; empty for white space and control characters. */
export function signGlyph(sign: string | null | undefined): string {
  if (!sign) return "";
  return /^[\s\u0000-\u001f]/.test(sign) ? "" : sign;
}

const TERMINATORS: Record<string, string> = { lf: "LF", crlf: "CR LF", cr: "CR", mixed: "mixed" };

export function terminatorName(terminator: string): string {
  return TERMINATORS[terminator] ?? terminator;
}

const ENCODING_SOURCES: Record<string, string> = {
  "declared": "you named it",
  "bom": "byte order mark",
  "valid-utf8": "all bytes are valid UTF-8",
  "ascii": "all bytes are ASCII",
  "zero-bytes": "pattern of zero bytes",
  "statistics": "statistics of the text",
};

export function encodingSource(source: string): string {
  return ENCODING_SOURCES[source] ?? source;
}

export function confidence(value: number): string {
  if (value >= 0.95) return "certain";
  if (value >= 0.75) return "confident";
  if (value >= 0.5) return "likely";
  return "unsure";
}
