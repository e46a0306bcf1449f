// One record of the table. Bad cells carry a mark, a tint and a hidden text, not a colour alone.
import type { CellProblem, ColumnReport, RecordRow } from "../api/types";
import { alignsRight } from "../lib/column-types";
import { count } from "../lib/format";
import { oneLine } from "./grid-model";

interface Props {
  row: number;
  record: RecordRow | undefined;
  columns: ColumnReport[];
  edges: number[];
  first: number;
  last: number;
  numberWidth: number;
  activeColumn: number | null;
}

const LONGEST_SHOWN = 300;

export function GridRow({ row, record, columns, edges, first, last, numberWidth, activeColumn }: Props) {
  const whole = record?.problems.filter((p) => p.column == null || p.column > columns.length) ?? [];
  const cells = [];
  for (let index = first; index <= last; index += 1) {
    const column = columns[index];
    if (!column) continue;
    const left = edges[index] ?? 0;
    cells.push(
      <GridCell key={column.number} row={row} index={index} column={column} record={record} active={activeColumn === index + 1}
        left={numberWidth + left} width={(edges[index + 1] ?? left) - left} />,
    );
  }
  const status = record?.status ?? "accepted";
  return (
    <div class={`grid-row grid-row-${status} ${row % 2 === 1 ? "grid-row-odd" : ""}`} role="row" aria-rowindex={row + 2}>
      <div class={cellClass("grid-number", activeColumn === 0, whole)} role="rowheader" id={`cell-${row}-0`} data-cell={`${row}:0`} aria-colindex={1}
        data-problem={words(whole)} style={{ width: `${numberWidth}px` }}>
        {status === "rejected" && <span class="grid-mark" aria-hidden="true">✕</span>}
        {status === "repaired" && <span class="grid-mark" aria-hidden="true">~</span>}
        {count(record?.record ?? row + 1)}
        {status === "rejected" && <span class="visually-hidden">, set aside</span>}
        {status === "repaired" && <span class="visually-hidden">, repaired</span>}
        {whole.length > 0 && <span class="visually-hidden">, {words(whole)}</span>}
      </div>
      {cells}
    </div>
  );
}

interface CellProps {
  row: number;
  index: number;
  column: ColumnReport;
  record: RecordRow | undefined;
  active: boolean;
  left: number;
  width: number;
}

function GridCell({ row, index, column, record, active, left, width }: CellProps) {
  const problems = record?.problems.filter((p) => p.column === column.number) ?? [];
  const value = record?.cells[index];
  const side = alignsRight(column.type) ? "grid-cell right" : "grid-cell";
  const bad = problems.length > 0;
  return (
    <div class={cellClass(side, active, problems)} role="gridcell" id={`cell-${row}-${index + 1}`} data-cell={`${row}:${index + 1}`}
      aria-colindex={index + 2} aria-selected={active} aria-invalid={bad ? "true" : undefined} data-problem={words(problems)}
      style={{ left: `${left}px`, width: `${width}px` }}>
      {record === undefined
        ? <span class="skeleton skeleton-cell" />
        : value === null || value === undefined
          ? <span class="grid-null">{value === undefined ? "missing" : "null"}</span>
          : <span class="grid-text">{oneLine(value.slice(0, LONGEST_SHOWN))}</span>}
      {bad && <span class="visually-hidden">, problem: {words(problems)}</span>}
    </div>
  );
}

function cellClass(base: string, active: boolean, problems: CellProblem[]): string {
  return `${base}${active ? " grid-active" : ""}${problems.length > 0 ? " grid-bad" : ""}`;
}

function words(problems: CellProblem[]): string | undefined {
  return problems.length === 0 ? undefined : problems.map((p) => p.message).join("; ");
}
