// Widths of the table's columns, and which of them can be seen.
import type { ColumnReport } from "../api/types";
import { alignsRight, typeName } from "./column-types";

export interface Layout {
  /** Left edge of each column, and the right edge of the last one. */
  edges: number[];
  width: number;
}

const CHARACTER_PX = 7.6;
const PADDING_PX = 28;
const MIN_PX = 76;
const MAX_PX = 320;

/** A width that fits the name and most values, from the profile alone, so that it never changes while scrolling. */
export function columnWidth(column: Pick<ColumnReport, "name" | "type" | "profile">): number {
  const profile = column.profile;
  const longest = profile?.max_length ?? 12;
  const usual = profile?.mean_length ?? longest;
  const numeric = alignsRight(column.type) || ["date", "time", "timestamp", "uuid"].includes(typeName(column.type));
  const characters = numeric ? longest : Math.min(longest, usual * 1.6 + 4);
  const name = Math.min(column.name.length, 24) + 1;
  const wanted = Math.max(characters, name, typeName(column.type).length) * CHARACTER_PX + PADDING_PX;
  return Math.round(Math.min(MAX_PX, Math.max(MIN_PX, wanted)));
}

export function layout(widths: number[], available: number): Layout {
  const sum = widths.reduce((total, width) => total + width, 0);
  // few columns share the free room, but none grows to more than double
  const factor = sum > 0 && sum < available ? Math.min(2, available / sum) : 1;
  const edges = [0];
  for (const width of widths) edges.push((edges[edges.length - 1] ?? 0) + Math.floor(width * factor));
  return { edges, width: edges[edges.length - 1] ?? 0 };
}

/** First and last column (inclusive) between two horizontal offsets. */
export function visibleColumns(edges: number[], left: number, right: number): [number, number] {
  const columns = edges.length - 1;
  if (columns <= 0) return [0, -1];
  return [
    Math.max(0, lastEdgeAtMost(edges, left) - 1),
    Math.min(columns - 1, lastEdgeAtMost(edges, right) + 1),
  ];
}

function lastEdgeAtMost(edges: number[], x: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edges[middle] ?? 0) <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}
