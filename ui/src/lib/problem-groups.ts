// Groups the exact counts of a report by code, worst first.
import type { CodeCount, Severity } from "../api/types";

export interface ProblemGroup {
  code: string;
  severity: Severity;
  count: number;
  /** Counts by column, most first; `null` stands for whole records or the file. */
  columns: { column: number | null; count: number }[];
}

const WEIGHT: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

export function groupProblems(counts: CodeCount[]): ProblemGroup[] {
  const groups = new Map<string, ProblemGroup>();
  for (const entry of counts) {
    let group = groups.get(entry.code);
    if (!group) {
      group = { code: entry.code, severity: entry.severity, count: 0, columns: [] };
      groups.set(entry.code, group);
    }
    group.count += entry.count;
    group.columns.push({ column: entry.column ?? null, count: entry.count });
  }
  for (const group of groups.values()) group.columns.sort((a, b) => b.count - a.count);
  return [...groups.values()].sort((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity] || b.count - a.count);
}
