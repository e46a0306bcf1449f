// The rest of a column's profile.
import type { ColumnReport } from "../api/types";
import { count, percent, statistic } from "../lib/format";
import { sentence } from "./FailureNotice";
import { Prose } from "./Prose";

export function ColumnDetail({ column, records }: { column: ColumnReport; records: number }) {
  const profile = column.profile;
  const facts: [string, string][] = [];
  if (profile) {
    facts.push(["Values", `${count(profile.values)} of ${count(records)}`]);
    if (profile.mean != null) facts.push(["Mean", statistic(profile.mean)]);
    if (profile.standard_deviation != null) facts.push(["Standard deviation", statistic(profile.standard_deviation)]);
    if (profile.quantiles) {
      const q = profile.quantiles;
      facts.push(["Median", statistic(q.p50)], ["Middle half", `${statistic(q.p25)} to ${statistic(q.p75)}`], ["5% to 95%", `${statistic(q.p05)} to ${statistic(q.p95)}`]);
    }
    if (profile.min_length != null && profile.max_length != null) {
      facts.push(["Characters", profile.min_length === profile.max_length ? count(profile.min_length) : `${count(profile.min_length)} to ${count(profile.max_length)}`]);
    }
    if (profile.distinct_error != null) facts.push(["Distinct", `about ${count(profile.distinct)}, ± ${statistic(profile.distinct_error * 100)}%`]);
    if (profile.sorted) facts.push(["Order", profile.sorted]);
  }
  if (column.exceptions > 0) facts.push(["Not of this type", count(column.exceptions)]);
  if (column.null_words.length > 0) facts.push(["Null is written as", column.null_words.join(", ")]);
  return (
    <div class="column-detail">
      {column.reason && <p class="column-reason"><span class="label">Why this type</span> <Prose text={sentence(column.reason)} /></p>}
      <dl class="pairs">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {profile && profile.pii.length > 0 && (
        <p class="pii"><span class="label">May be personal data</span> {profile.pii.map((hint) => `${hint.kind} (${count(hint.values)} values)`).join(", ")}</p>
      )}
      {profile && profile.top.length > 0 && profile.distinct !== profile.values && (
        <div class="top-values">
          <p class="label">Most frequent</p>
          <ol>
            {profile.top.slice(0, 8).map((top) => (
              <li key={top.value}>
                <span class="top-bar-track" aria-hidden="true"><span class="top-bar-fill" style={{ transform: `scaleX(${top.count / (profile.top[0]?.count || 1)})` }} /></span>
                <span class="value">{top.value === "" ? "(empty)" : top.value}</span>
                <span class="muted">{top.error > 0 ? "≈ " : ""}{count(top.count)} · {percent(top.count, profile.values)}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}
