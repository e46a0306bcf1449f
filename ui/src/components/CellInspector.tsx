// The active cell in full: value, place, and what is wrong with it.
import type { ColumnReport, RecordRow } from "../api/types";
import { typeName } from "../lib/column-types";
import { count } from "../lib/format";
import { codeText } from "../lib/problem-codes";
import { sentence } from "./FailureNotice";
import { Icon } from "./Icon";
import { Prose } from "./Prose";
import type { Cell } from "./grid-model";

interface Props {
  active: Cell | null;
  record: RecordRow | undefined;
  columns: ColumnReport[];
}

const STATUS = { accepted: "accepted", repaired: "accepted, a bad cell became null", rejected: "set aside" };

export function CellInspector({ active, record, columns }: Props) {
  if (!active) return <p class="inspector inspector-empty">Choose a cell to see it in full. Arrow keys move through the table.</p>;
  if (!record) return <p class="inspector inspector-empty">Loading record {count(active.row + 1)}</p>;
  const column = active.column > 0 ? columns[active.column - 1] : undefined;
  const value = column ? record.cells[active.column - 1] : undefined;
  const extra = record.cells.slice(columns.length);
  const problems = record.problems.filter((p) => !column || p.column === column.number || p.column == null);
  return (
    <section class="inspector" aria-label="Active cell">
      <p class="inspector-place">
        {column && <strong>{column.name} <span class="type-tag">{typeName(column.type)}</span></strong>}
        <span>record {count(record.record)}</span><span>line {count(record.line)}</span><span>byte {count(record.byte)}</span>
        <span class={`inspector-status status-${record.status}`}>{STATUS[record.status]}</span>
      </p>
      {column && (value === null || value === undefined
        ? <p class="muted">{value === undefined ? "This record has no such field" : "Null: there is no value"}</p>
        : <pre class="inspector-value" tabIndex={value.length > 200 ? 0 : undefined}>{value === "" ? "(empty text)" : value}</pre>)}
      {extra.length > 0 && <p><span class="label">Fields beyond the last column</span> <code>{extra.map((cell) => cell ?? "null").join(" | ")}</code></p>}
      {problems.length > 0 && (
        <ul class="inspector-problems">
          {problems.map((problem, at) => (
            <li key={at}>
              <Icon name="warning" size={16} />
              <span><strong><Prose text={sentence(problem.message)} /></strong> <Prose text={sentence(codeText(problem.code).fix)} /> <a href={`/docs/problems/${problem.code}`}>About <code>{problem.code}</code></a></span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
