// The table over all records: only what is on screen exists, whatever the number of records and columns.
import type { RefObject } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ColumnReport } from "../api/types";
import { columnWidth, layout, visibleColumns } from "../lib/columns-layout";
import { visibleRows } from "../lib/scroll-scale";
import type { RecordStore } from "../state/record-store";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";
import { GridTooltip, type Tip } from "./GridTooltip";
import { step, type Cell } from "./grid-model";
import { useGridScroll } from "./use-grid-scroll";

export const ROW_HEIGHT = 34;
const HEAD_HEIGHT = 52;

interface Props {
  store: RecordStore;
  columns: ColumnReport[];
  total: number;
  active: Cell | null;
  /** Grows when the active cell was set from outside and must be brought into view. */
  jump: number;
  setActive: (change: Cell | ((before: Cell | null) => Cell | null)) => void;
  gridRef: RefObject<HTMLDivElement | null>;
}

export function RecordsGrid({ store, columns, total, active, jump, setActive, gridRef }: Props) {
  const [tip, setTip] = useState<Tip | null>(null);
  const scroll = useGridScroll(gridRef, total, ROW_HEIGHT, HEAD_HEIGHT);
  const numberWidth = Math.max(64, String(total).length * 8 + Math.floor(String(total).length / 3) * 4 + 40);
  const widths = useMemo(() => columns.map(columnWidth), [columns]);
  const { edges, width } = useMemo(() => layout(widths, scroll.width - numberWidth - 1), [widths, scroll.width, numberWidth]);

  // reading the version makes the table draw again when records arrive
  const version = store.version.value;
  const [first, last] = visibleRows(scroll.place, scroll.viewport, ROW_HEIGHT, total);
  const [left, right] = visibleColumns(edges, scroll.scrollLeft, scroll.scrollLeft + scroll.width - numberWidth);
  useEffect(() => {
    if (scroll.viewport > 0) store.want(first, last);
  }, [store, first, last, version, scroll.viewport]);

  const show = (cell: Cell, middle: boolean) => {
    scroll.showRow(cell.row, middle);
    if (cell.column > 0) scroll.showSpan(edges[cell.column - 1] ?? 0, edges[cell.column] ?? 0, numberWidth);
  };
  useEffect(() => {
    if (active && scroll.viewport > 0) show(active, true);
  }, [jump, scroll.viewport > 0]);

  const go = (cell: Cell) => {
    setTip(null);
    setActive(cell);
    show(cell, false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") return setTip(null);
    const page = Math.max(1, Math.floor(scroll.viewport / ROW_HEIGHT) - 1);
    const next = step(active ?? { row: 0, column: 1 }, event, total, columns.length, page);
    if (next === null) return;
    event.preventDefault();
    go(active ? next : { row: 0, column: 1 });
  };
  const cellOf = (event: Event): [HTMLElement, Cell] | null => {
    const element = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-cell]") : null;
    const [row, column] = (element?.dataset["cell"] ?? "").split(":").map(Number);
    return element && row !== undefined && column !== undefined ? [element, { row, column }] : null;
  };
  const onPointer = (event: Event) => {
    const found = cellOf(event);
    const text = found?.[0].dataset["problem"];
    setTip(found && text !== undefined ? { text, box: found[0].getBoundingClientRect() } : null);
  };

  const offset = scroll.scrollTop + first * ROW_HEIGHT - scroll.place;
  const rows = [];
  for (let row = first; row <= last; row += 1) rows.push(row);
  const activeShown = active !== null && active.row >= first && active.row <= last;
  return (
    <div class="grid-frame">
      <div ref={gridRef} class="grid" role="grid" tabIndex={0} aria-label="All records" aria-rowcount={total + 1} aria-colcount={columns.length + 1}
        aria-activedescendant={activeShown ? `cell-${active.row}-${active.column}` : undefined}
        style={{ maxHeight: `${total * ROW_HEIGHT + HEAD_HEIGHT + 18}px` }}
        onScroll={() => { setTip(null); scroll.onScroll(); }} onKeyDown={onKeyDown}
        onFocus={() => setActive((before) => before ?? { row: 0, column: 1 })}
        onClick={(event) => { const found = cellOf(event); if (found) setActive(found[1]); }}
        onMouseOver={onPointer} onMouseLeave={() => setTip(null)}>
        <GridHead columns={columns} edges={edges} first={left} last={right} width={width} numberWidth={numberWidth} />
        <div class="grid-body" role="rowgroup" style={{ height: `${scroll.height}px`, width: `${width + numberWidth}px` }}>
          <div class="grid-layer" role="presentation" style={{ transform: `translateY(${offset}px)` }}>
            {rows.map((row) => (
              <GridRow key={row} row={row} record={store.row(row)} columns={columns} edges={edges} first={left} last={right}
                numberWidth={numberWidth} activeColumn={active?.row === row ? active.column : null} />
            ))}
          </div>
        </div>
      </div>
      {tip && <GridTooltip tip={tip} />}
    </div>
  );
}
