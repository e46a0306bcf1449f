// The places of problems in the table, in order, and the next one from where somebody is.
import type { Problem } from "../api/types";

export interface TablePlace {
  /** Index of the record, from 0. */
  row: number;
  /** 0 is the whole record, 1 the first column. */
  column: number;
}

export function placesOf(problems: Problem[]): TablePlace[] {
  const places: TablePlace[] = [];
  for (const { position } of problems) {
    if (position.record != null) places.push({ row: position.record - 1, column: position.column?.number ?? 0 });
  }
  return places.sort(order).filter((place, at) => at === 0 || order(place, places[at - 1] ?? place) !== 0);
}

/** The next place in a direction, around the end; from nowhere the first or the last. */
export function neighbour(places: TablePlace[], from: TablePlace | null, direction: 1 | -1): TablePlace | null {
  if (places.length === 0) return null;
  const first = places[0] ?? null;
  const last = places[places.length - 1] ?? null;
  if (direction === 1) return (from && places.find((place) => order(place, from) > 0)) || first;
  return (from && places.findLast((place) => order(place, from) < 0)) || last;
}

function order(a: TablePlace, b: TablePlace): number {
  return a.row - b.row || a.column - b.column;
}
