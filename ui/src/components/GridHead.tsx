// Names and types of the columns that are on screen.
import type { ColumnReport } from "../api/types";
import { alignsRight, typeName } from "../lib/column-types";

interface Props {
  columns: ColumnReport[];
  edges: number[];
  first: number;
  last: number;
  width: number;
  numberWidth: number;
}

export function GridHead({ columns, edges, first, last, width, numberWidth }: Props) {
  return (
    <div class="grid-head" role="rowgroup" style={{ width: `${width + numberWidth}px` }}>
      <div class="grid-head-row" role="row" aria-rowindex={1}>
        <div class="grid-corner" role="columnheader" aria-colindex={1} style={{ width: `${numberWidth}px` }}>Record</div>
        {columns.slice(first, last + 1).map((column, at) => {
          const index = first + at;
          const left = edges[index] ?? 0;
          return (
            <div key={column.number} class={alignsRight(column.type) ? "grid-column right" : "grid-column"} role="columnheader" aria-colindex={index + 2}
              style={{ left: `${numberWidth + left}px`, width: `${(edges[index + 1] ?? left) - left}px` }} title={column.name}>
              <span class="grid-column-name">{column.name}</span>
              <span class="grid-column-type">{typeName(column.type)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
