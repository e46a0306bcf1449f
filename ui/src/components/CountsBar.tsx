// Every record is accounted for: read = accepted + set aside + skipped.
import type { Report } from "../api/types";
import { count } from "../lib/format";

export function CountsBar({ counts }: { counts: Report["counts"] }) {
  const { accepted, rejected, skipped, records } = counts;
  const skippedTotal = skipped.blank + skipped.comment + skipped.preamble + skipped.footer;
  const parts = [
    { key: "accepted", name: "accepted", n: accepted },
    { key: "rejected", name: "set aside", n: rejected },
    { key: "skipped", name: "skipped", n: skippedTotal },
  ];
  const kinds = (["blank", "comment", "preamble", "footer"] as const).filter((kind) => skipped[kind] > 0)
    .map((kind) => `${count(skipped[kind])} ${kind}`).join(", ");
  return (
    <section class="counts" aria-label="Account of records">
      <div class="counts-bar" aria-hidden="true">
        {parts.map((part) => part.n > 0 && (
          <span key={part.key} class={`counts-part counts-${part.key}`} style={{ flexGrow: String(part.n / Math.max(1, records)) }} />
        ))}
      </div>
      <p class="counts-words">
        <span><strong>{count(records)}</strong> read</span>
        <span aria-hidden="true">=</span>
        {parts.map((part, at) => (
          <span key={part.key} class="counts-term">
            {at > 0 && <span class="counts-plus">+</span>}
            <span class={`counts-dot counts-${part.key}`} aria-hidden="true" />
            <strong>{count(part.n)}</strong> {part.name}
          </span>
        ))}
        {kinds !== "" && <span class="muted">({kinds})</span>}
      </p>
    </section>
  );
}
