// Encoding and dialect with the evidence for them.
import type { Report } from "../api/types";
import { count, percent } from "../lib/format";
import { confidence, encodingSource, signGlyph, signName, terminatorName } from "../lib/signs";
import { sentence } from "./FailureNotice";
import { Prose } from "./Prose";

export function HowItWasRead({ report }: { report: Report }) {
  const { encoding, dialect } = report;
  const pairs: [string, string][] = [
    ["Encoding", encoding.name + (encoding.bom ? " with byte order mark" : "")],
    ["Delimiter", glyph(dialect.delimiter)],
    ["Quote", glyph(dialect.quote)],
    ["Quote inside a field", dialect.escape ? `${signName(dialect.escape)} before it` : dialect.quote ? "doubled" : "–"],
    ["Line ending", terminatorName(dialect.terminator)],
    ["Comment lines", dialect.comment ? `begin with ${dialect.comment}` : "none"],
    ["Lines before the header", count(dialect.preamble_rows)],
    ["Header rows", count(dialect.header_rows)],
    ["Rows after the data", count(dialect.footer_rows)],
  ];
  return (
    <section class="card how-read" aria-labelledby="how-title">
      <h2 id="how-title">How it was read</h2>
      <dl class="pairs pairs-wide">{pairs.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      <h3>Why</h3>
      <ul class="evidence">
        <li>Encoding: {encodingSource(encoding.source)}, {sureness(encoding.confidence)}.</li>
        {dialect.source === "declared" && <li>The dialect was declared.</li>}
        {dialect.evidence.map((line) => <li key={line}><Prose text={sentence(line)} /></li>)}
        {dialect.source !== "declared" && <li>Dialect: {sureness(dialect.confidence)}.</li>}
      </ul>
      {dialect.candidates.length > 1 && (
        <>
          <h3>Also looked at</h3>
          <ul class="candidates">
            {dialect.candidates.slice(1, 5).map((candidate, at) => (
              <li key={at}>{glyph(candidate.delimiter)}, quote {signName(candidate.quote)} <span class="muted">score {candidate.score.toFixed(2)}, best {(dialect.candidates[0]?.score ?? 0).toFixed(2)}</span></li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function glyph(sign: string | null | undefined): string {
  const shown = signGlyph(sign);
  return shown === "" ? signName(sign) : `${signName(sign)} ${shown}`;
}

function sureness(value: number): string {
  return `${confidence(value)} (${percent(Math.round(value * 100), 100)})`;
}
