// What the file is, in six facts.
import type { ComponentChildren } from "preact";
import type { Report, Upload } from "../api/types";
import { dataRecords } from "../lib/data-records";
import { bytes, count, duration, plural, speed } from "../lib/format";
import { confidence, signGlyph, signName } from "../lib/signs";

export function FactStrip({ upload, report }: { upload: Upload; report: Report }) {
  const { file, encoding, dialect, counts } = report;
  const ms = upload.run.processing_ms ?? null;
  const compressed = file.compression != null;
  return (
    <dl class="facts">
      <Fact name="Size" note={compressed ? `${file.compression}, ${bytes(file.decoded_bytes)} inside` : file.size_bytes < 1024 ? "as sent" : `${count(file.size_bytes)} bytes`}>
        {bytes(file.size_bytes)}
      </Fact>
      <Fact name="Encoding" note={encodingNote(encoding)}>{encoding.name}</Fact>
      <Fact name="Delimiter" note={`quote: ${signName(dialect.quote)}`}>
        {signName(dialect.delimiter)} {signGlyph(dialect.delimiter) !== "" && <kbd>{signGlyph(dialect.delimiter)}</kbd>}
      </Fact>
      <Fact name="Records" note={plural(counts.lines, "line")}>{count(dataRecords(counts))}</Fact>
      <Fact name="Columns" note={headerWords(dialect.header_rows)}>{count(report.columns.length)}</Fact>
      <Fact name="Took" note={ms !== null && ms >= 50 && file.decoded_bytes >= 1_048_576 ? speed((file.decoded_bytes * 1000) / ms) : "processing time"}>
        {ms === null ? "–" : duration(ms)}
      </Fact>
    </dl>
  );
}

function Fact({ name, note, children }: { name: string; note: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd class="fact-value">{children}</dd>
      <dd class="fact-note">{note}</dd>
    </div>
  );
}

function encodingNote({ bom, source, confidence: sure }: Report["encoding"]): string {
  if (bom) return "with byte order mark";
  return source === "ascii" ? "plain ASCII" : source === "declared" ? "as you set it" : confidence(sure);
}

function headerWords(rows: number): string {
  return rows === 0 ? "no header row" : rows === 1 ? "header in one row" : `header in ${rows} rows`;
}
