// A small stand-in for the engine, for work on the page without the server. It reads simple CSV for real, so the
// page shows believable data; it promises nothing beyond that.
import { createHash } from "node:crypto";

const MARKS = { decimal: "." };
const TYPES = {
  integer: { test: (v) => /^-?(0|[1-9]\d{0,17})$/.test(v), type: () => ({ kind: "integer", marks: MARKS }), number: Number },
  decimal: { test: (v) => /^-?(0|[1-9]\d*)\.\d+$/.test(v), type: () => ({ kind: "decimal", precision: 12, scale: 2, form: "fixed", marks: MARKS }), number: Number },
  comma: { test: (v) => /^-?(0|[1-9]\d*),\d{1,2}$/.test(v), type: () => ({ kind: "decimal", precision: 12, scale: 2, form: "fixed", marks: { decimal: "," } }), number: (v) => Number(v.replace(",", ".")) },
  date: { test: (v) => /^\d{4}-\d\d-\d\d$/.test(v) && !Number.isNaN(Date.parse(v)) && new Date(v).toISOString().startsWith(v), type: () => ({ kind: "date", format: "%Y-%m-%d" }), number: Date.parse },
  german: { test: (v) => /^\d\d\.\d\d\.\d{4}$/.test(v), type: () => ({ kind: "date", format: "%d.%m.%Y" }), number: (v) => Date.parse(v.split(".").reverse().join("-")) },
  slashed: { test: (v) => /^\d\d\/\d\d\/\d{4}$/.test(v), type: () => ({ kind: "date", format: "%d/%m/%Y" }), number: (v) => Date.parse(v.split("/").reverse().join("-")) },
  boolean: { test: (v) => /^(yes|no|Y|N|true|false)$/.test(v), type: (v) => ({ kind: "boolean", true_word: /^(Y|N)$/.test(v) ? "Y" : "yes", false_word: /^(Y|N)$/.test(v) ? "N" : "no" }) },
};
export const SEVERITY = { "field-count": "error", "quote-unclosed": "error", "quote-stray": "warning", "type-mismatch": "error", "date-ambiguous": "warning", "row-blank": "info", "not-csv": "error", "file-empty": "warning", "line-ending-mixed": "warning" };

export function analyse(bytes, settings = {}) {
  if (bytes.includes(0)) return refused(bytes, "not-csv");
  const { text, encoding } = decode(bytes, settings.encoding);
  const delimiter = settings.dialect?.delimiter ?? guessDelimiter(text);
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  const read = readLines(lines, delimiter);
  const width = mode(read.records.map((r) => r.cells.length));
  const preamble = settings.dialect?.preamble_rows ?? Math.max(0, read.records.findIndex((r) => r.cells.length === width));
  const headerRows = settings.dialect?.header_rows ?? 1;
  const header = headerRows > 0 ? read.records[preamble] : null;
  const data = read.records.slice(preamble + (header ? 1 : 0));
  const names = Array.from({ length: header?.cells.length ?? width ?? 0 }, (_, i) => header?.cells[i] || `column_${i + 1}`);
  return describe({ bytes, text, encoding, delimiter, lines, read, names, data, preamble, headerRows, settings });
}

function decode(bytes, declared) {
  if (declared) return { text: new TextDecoder(declared).decode(bytes), encoding: { name: declared, bom: false, source: "declared", confidence: 1 } };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: { name: "UTF-8", bom: false, source: "valid-utf8", confidence: 1 } };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), encoding: { name: "windows-1252", bom: false, source: "statistics", confidence: 0.82 } };
  }
}

function guessDelimiter(text) {
  const sample = text.slice(0, 20_000).split("\n").slice(1, 40);
  const score = (d) => mode(sample.map((line) => line.split(d).length - 1)) ?? 0;
  return [",", ";", "\t", "|"].sort((a, b) => score(b) - score(a))[0];
}

function readLines(lines, delimiter) {
  const records = [];
  const blank = [];
  let byte = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    const start = byte;
    byte += Buffer.byteLength(lines[at]) + 1;
    if (lines[at] === "") { blank.push({ line, byte: start }); continue; }
    let parsed = fields(lines[at], delimiter);
    for (let more = 1; parsed.open && more <= 3 && at + more < lines.length; more += 1) {
      const joined = fields(lines.slice(at, at + more + 1).join("\n"), delimiter);
      if (!joined.open && !joined.stray) {
        for (let i = 1; i <= more; i += 1) byte += Buffer.byteLength(lines[at + i]) + 1;
        at += more;
        parsed = joined;
        break;
      }
    }
    records.push({ line, byte: start, ...parsed });
  }
  return { records, blank };
}

function fields(line, delimiter) {
  const cells = [];
  let cell = "", quoted = false, stray = false, at = 0;
  while (at < line.length) {
    const c = line[at];
    if (quoted) {
      if (c === '"' && line[at + 1] === '"') { cell += '"'; at += 2; continue; }
      if (c === '"') { quoted = false; if (at + 1 < line.length && !line.startsWith(delimiter, at + 1)) stray = true; } else cell += c;
    } else if (c === '"' && cell === "") quoted = true;
    else if (line.startsWith(delimiter, at)) { cells.push(cell); cell = ""; at += delimiter.length; continue; }
    else { if (c === '"') stray = true; cell += c; }
    at += 1;
  }
  cells.push(cell);
  return { cells, open: quoted, stray };
}

function describe(input) {
  const { bytes, encoding, delimiter, lines, read, names, data, preamble, headerRows, settings } = input;
  const problems = [];
  const columns = names.map((name, i) => column(name, i, data, settings));
  for (const b of read.blank) problems.push(problem("row-blank", null, b, null, undefined, "line has nothing in it"));
  columns.forEach((c, i) => { if (c.ambiguous) problems.push(problem("date-ambiguous", null, data[0], [i, c.report.name], undefined, `${c.ambiguous} dates can be read day first or month first`)); });
  const rows = data.map((r, index) => {
    const found = [];
    const add = (code, col, value, message) => { const p = problem(code, index + 1, r, col, value, message); found.push(p); problems.push(p); };
    if (r.open) add("quote-unclosed", null, undefined, "a quote opens here and is never closed");
    else if (r.cells.length !== names.length) add("field-count", null, undefined, `record has ${r.cells.length} fields, expected ${names.length}`);
    if (r.stray) add("quote-stray", null, undefined, "a quote stands inside the field; it was kept as text");
    columns.forEach((c, i) => { const v = r.cells[i]; if (v && c.check && !c.check(v)) add("type-mismatch", [i, c.report.name], v, `expected ${c.report.type.kind}, found \`${v}\``); });
    const bad = found.some((p) => SEVERITY[p.code] === "error");
    return {
      record: index + 1, line: r.line, byte: r.byte, status: bad ? (settings.on_bad === "null" ? "repaired" : "rejected") : "accepted",
      cells: names.map((_, i) => (r.cells[i] === undefined || r.cells[i] === "" ? null : r.cells[i])).concat(r.cells.slice(names.length)),
      problems: found.map((p) => ({ column: p.position.column?.number ?? null, code: p.code, message: p.message })),
    };
  });
  problems.sort((a, b) => a.position.byte - b.position.byte);
  const rejected = rows.filter((r) => r.status === "rejected").length;
  const report = {
    report_version: 1, rules_version: 1, verdict: problems.some((p) => p.severity !== "info") ? "problems" : "clean",
    file: { size_bytes: bytes.length, decoded_bytes: bytes.length, compression: null },
    encoding,
    dialect: {
      delimiter, quote: '"', escape: null, terminator: input.text.includes("\r\n") ? "crlf" : "lf", comment: null, preamble_rows: preamble, header_rows: headerRows, footer_rows: 0,
      source: settings.dialect?.delimiter ? "declared" : "detected", confidence: 0.97,
      evidence: [`${rows.length - rejected} of ${rows.length} records have ${names.length} fields with this delimiter`, "quotes stand at the borders of fields", ...(preamble > 0 ? [`${preamble} line before the header has fewer fields`] : [])],
      candidates: [{ delimiter, quote: '"', escape: null, score: 0.97 }, { delimiter: delimiter === ";" ? "," : ";", quote: '"', escape: null, score: 0.21 }],
    },
    counts: { lines: lines.length, records: rows.length + read.blank.length + preamble, accepted: rows.length - rejected, rejected, skipped: { blank: read.blank.length, comment: 0, preamble, footer: 0 }, repaired: rows.filter((r) => r.status === "repaired").length },
    columns: columns.map((c) => c.report),
    problems: summary(problems),
  };
  return { report, rows, problems };
}

function problem(code, record, place, column, value, message) {
  const position = { record, line: place.line, byte: place.byte, ...(column ? { column: { number: column[0] + 1, name: column[1] } } : {}) };
  return { code, position, ...(value === undefined ? {} : { value }), severity: SEVERITY[code], message, fix: "see the page", docs: `/docs/problems/${code}` };
}

function summary(problems) {
  const by = new Map();
  for (const p of problems) {
    const key = `${p.code}/${p.position.column?.number ?? ""}`;
    const entry = by.get(key) ?? { code: p.code, severity: p.severity, column: p.position.column?.number ?? null, count: 0 };
    entry.count += 1;
    by.set(key, entry);
  }
  const of = (s) => problems.filter((p) => p.severity === s).length;
  return { total: problems.length, errors: of("error"), warnings: of("warning"), by_code: [...by.values()], first: problems.slice(0, 1000) };
}

function column(name, index, data, settings) {
  const values = data.map((r) => r.cells[index]).filter((v) => v !== undefined && v !== "");
  const declared = settings.columns?.find((c) => c.name === name);
  let kind = null;
  for (const [key, t] of Object.entries(TYPES)) {
    if (values.length > 0 && values.filter((v) => t.test(v)).length >= values.length * 0.99) { kind = key; break; }
  }
  const ambiguous = kind === "slashed" && !declared && values.every((v) => Number(v.slice(0, 2)) <= 12 && Number(v.slice(3, 5)) <= 12) ? values.length : 0;
  if (declared) kind = declared.type === "date" && declared.format?.includes("/") ? "slashed" : TYPES[declared.type] ? declared.type : null;
  else if (ambiguous) kind = null;
  const t = kind ? TYPES[kind] : null;
  const good = t ? values.filter(t.test) : values;
  const type = t ? t.type(good[0]) : { kind: values.length === 0 ? "null" : "text" };
  if (declared?.format) type.format = declared.format;
  return {
    ambiguous, check: t?.test,
    report: {
      number: index + 1, name, type, declared: Boolean(declared), nullable: values.length < data.length, null_words: [], exceptions: values.length - good.length,
      ...(ambiguous ? { reason: "dates may be day first or month first, so the column stays text" } : {}),
      profile: profile(good, values, data.length, t),
    },
  };
}

function profile(good, values, total, t) {
  const counts = new Map();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  const numbers = t?.number ? good.map(t.number) : [];
  const order = t?.number ? [...good].sort((a, b) => t.number(a) - t.number(b)) : [...good].sort();
  const sorted = [...numbers].sort((a, b) => a - b);
  const mean = numbers.length ? numbers.reduce((a, b) => a + b, 0) / numbers.length : null;
  const q = (p) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
  const lengths = values.map((v) => v.length);
  return {
    values: values.length, nulls: total - values.length, distinct: counts.size, distinct_error: null, min: order[0]?.slice(0, 100) ?? null, max: order.at(-1)?.slice(0, 100) ?? null,
    mean, standard_deviation: mean === null ? null : Math.sqrt(numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, numbers.length - 1)),
    quantiles: numbers.length ? { p05: q(0.05), p25: q(0.25), p50: q(0.5), p75: q(0.75), p95: q(0.95), relative_error: 0 } : null,
    min_length: lengths.length ? lengths.reduce((a, b) => Math.min(a, b)) : null, max_length: lengths.length ? lengths.reduce((a, b) => Math.max(a, b)) : null, mean_length: lengths.length ? lengths.reduce((a, b) => a + b, 0) / lengths.length : null,
    top: [...counts].sort((a, b) => b[1] - a[1]).slice(0, 10).map(([value, count]) => ({ value, count, error: 0 })),
    histogram: bins(sorted), sorted: null, pii: [],
  };
}

function bins(sorted) {
  if (sorted.length === 0 || sorted[0] === sorted.at(-1)) return [];
  const n = 20, low = sorted[0], width = (sorted.at(-1) - low) / n;
  const out = Array.from({ length: n }, (_, i) => ({ from: low + i * width, to: low + (i + 1) * width, count: 0 }));
  for (const v of sorted) out[Math.min(n - 1, Math.floor((v - low) / width))].count += 1;
  return out;
}

function refused(bytes, code) {
  const p = { code, position: { record: null, line: 1, byte: 0 }, severity: "error", message: "the bytes are no delimited text", fix: "", docs: `/docs/problems/${code}` };
  const report = {
    report_version: 1, rules_version: 1, verdict: "refused", file: { size_bytes: bytes.length, decoded_bytes: bytes.length, compression: null },
    encoding: { name: "UTF-8", bom: false, source: "statistics", confidence: 0.1 },
    dialect: { delimiter: ",", quote: '"', escape: null, terminator: "lf", comment: null, preamble_rows: 0, header_rows: 0, footer_rows: 0, source: "detected", confidence: 0.1, evidence: [], candidates: [] },
    counts: { lines: 1, records: 0, accepted: 0, rejected: 0, skipped: { blank: 0, comment: 0, preamble: 0, footer: 0 }, repaired: 0 }, columns: [], problems: summary([p]),
  };
  return { report, rows: [], problems: [p] };
}

function mode(values) {
  const counts = new Map();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
