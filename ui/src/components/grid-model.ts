// The words of the table: a place in it, and where keys lead.

export interface Cell {
  /** Index of the data record, from 0. */
  row: number;
  /** 0 is the record number in front, 1 the first column. */
  column: number;
}

/** Where a key leads from a cell; none when the key means nothing to the table. */
export function step(from: Cell, event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">, rows: number, columns: number, page: number): Cell | null {
  const far = event.ctrlKey || event.metaKey;
  const { row, column } = from;
  switch (event.key) {
    case "ArrowDown": return keep({ row: far ? rows - 1 : row + 1, column }, rows, columns);
    case "ArrowUp": return keep({ row: far ? 0 : row - 1, column }, rows, columns);
    case "ArrowRight": return keep({ row, column: far ? columns : column + 1 }, rows, columns);
    case "ArrowLeft": return keep({ row, column: far ? 0 : column - 1 }, rows, columns);
    case "PageDown": return keep({ row: row + page, column }, rows, columns);
    case "PageUp": return keep({ row: row - page, column }, rows, columns);
    case "Home": return keep({ row: far ? 0 : row, column: 0 }, rows, columns);
    case "End": return keep({ row: far ? rows - 1 : row, column: columns }, rows, columns);
    default: return null;
  }
}

function keep(cell: Cell, rows: number, columns: number): Cell {
  return { row: Math.max(0, Math.min(rows - 1, cell.row)), column: Math.max(0, Math.min(columns, cell.column)) };
}

/** Line breaks inside a cell, as signs, so that a row stays one line high. */
export function oneLine(text: string): string {
  return text.replace(/\r\n|\n|\r/g, "↵").replace(/\t/g, "⇥").replaceAll("\u0000", "␀");
}
