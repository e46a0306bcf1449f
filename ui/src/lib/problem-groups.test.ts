import { expect, it } from "vitest";
import { groupProblems } from "./problem-groups";
import { neighbour, placesOf } from "./problem-places";

it("groups by code, errors first, most first", () => {
  const groups = groupProblems([
    { code: "row-blank", severity: "info", column: null, count: 9 },
    { code: "type-mismatch", severity: "error", column: 2, count: 1 },
    { code: "quote-stray", severity: "warning", column: 1, count: 50 },
    { code: "type-mismatch", severity: "error", column: 5, count: 7 },
    { code: "field-count", severity: "error", column: null, count: 20 },
  ]);
  expect(groups.map((g) => [g.code, g.count])).toEqual([["field-count", 20], ["type-mismatch", 8], ["quote-stray", 50], ["row-blank", 9]]);
  expect(groups[1]?.columns.map((c) => c.column)).toEqual([5, 2]);
});

it("has no groups for a clean file", () => expect(groupProblems([])).toEqual([]));

it("walks through the places of problems and around the end", () => {
  const at = (record: number | null, column?: number) =>
    ({ code: "x", position: { record, line: 1, byte: 0, ...(column ? { column: { number: column, name: "c" } } : {}) } });
  const places = placesOf([at(9, 2), at(null), at(3), at(9, 2), at(9, 1)]);
  expect(places).toEqual([{ row: 2, column: 0 }, { row: 8, column: 1 }, { row: 8, column: 2 }]);
  expect(neighbour(places, null, 1)).toEqual({ row: 2, column: 0 });
  expect(neighbour(places, { row: 2, column: 0 }, 1)).toEqual({ row: 8, column: 1 });
  expect(neighbour(places, { row: 8, column: 2 }, 1)).toEqual({ row: 2, column: 0 });
  expect(neighbour(places, { row: 2, column: 0 }, -1)).toEqual({ row: 8, column: 2 });
  expect(neighbour([], null, 1)).toBeNull();
});
