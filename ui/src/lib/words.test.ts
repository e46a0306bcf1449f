import { expect, it } from "vitest";
import { parseFailureExamples } from "./words.test-data";
import { failureFromBody } from "../api/failure";
import { adviceFor } from "./advice";
import { readableFormat, typeFormat, typeName } from "./column-types";
import { columnWidth, layout, visibleColumns } from "./columns-layout";
import { PageCache, pagesFor } from "./page-cache";
import { signGlyph, signName } from "./signs";
import { SpeedMeter } from "./speed-meter";

it.each([["%Y-%m-%d", "YYYY-MM-DD"], ["%d.%m.%y", "DD.MM.YY"], ["%H:%M:%S%.3f", "hh:mm:ss.fff"], ["%-d/%-m/%Y", "D/M/YYYY"], ["%Y-%m-%dT%H:%M:%S%:z", "YYYY-MM-DDThh:mm:ss±hh:mm"], ["%Q", "%Q"]])(
  "format %s reads %s", (format, words) => expect(readableFormat(format)).toBe(words));

it("names types, also from their long texts", () => {
  expect([typeName("decimal(10,2) with decimal comma"), typeName({ kind: "uuid", uppercase: false })]).toEqual(["decimal", "uuid"]);
  expect(typeFormat({ kind: "decimal", precision: 9, scale: 1, form: "fixed", marks: { decimal: "," } })).toBe("1 decimal place, comma");
  expect(typeFormat({ kind: "float", form: { fixed: { scale: 4 } }, marks: { decimal: "." } })).toBe("4 decimal places");
  expect(typeFormat({ kind: "float", form: "repr", marks: { decimal: "." } })).toBe("");
});

it("names signs", () => {
  expect([signName(","), signName("\t"), signName(null), signName("§"), signGlyph("\t"), signGlyph(";")]).toEqual(["comma", "tab", "none", "`§`", "", ";"]);
});

it.each(parseFailureExamples)("reads a failure: $name", ({ body, status, expected }) => {
  const failure = failureFromBody(body, status, null);
  expect({ code: failure.code, message: failure.message, requestId: failure.requestId }).toEqual(expected);
});

it("has advice for every failure", () => {
  expect(adviceFor("storage-full", 507)).toContain("delete uploads");
  expect(adviceFor("unknown", 429)).toContain("wait");
  expect(adviceFor("unknown", 502)).toContain("request id");
});

it("keeps the pages that were used last", () => {
  const cache = new PageCache<string>(2);
  cache.set(1, "a");
  cache.set(2, "b");
  cache.get(1);
  cache.set(3, "c");
  expect([cache.has(1), cache.has(2), cache.has(3)]).toEqual([true, false, true]);
  expect(pagesFor(150, 420, 100)).toEqual([1, 2, 3, 4]);
  expect(pagesFor(0, -1, 100)).toEqual([]);
});

it("lays out columns and finds the visible ones", () => {
  const { edges, width } = layout([100, 200, 100], 300);
  expect([edges, width]).toEqual([[0, 100, 300, 400], 400]);
  expect(layout([100, 100], 300).width).toBe(300);
  expect(layout([100, 100], 3000).width).toBe(400);
  const many = layout(Array.from({ length: 1000 }, () => 100), 800).edges;
  expect(visibleColumns(many, 5000, 5800)).toEqual([49, 59]);
  expect(visibleColumns([0], 0, 800)).toEqual([0, -1]);
  expect(columnWidth({ name: "x", type: { kind: "text" }, profile: null })).toBeGreaterThanOrEqual(76);
});

it("measures the speed of the last seconds", () => {
  const meter = new SpeedMeter();
  expect(meter.bytesPerSecond()).toBeNull();
  for (let at = 0; at <= 10_000; at += 500) meter.add(at, at < 5000 ? at : 5000 + (at - 5000) * 3);
  expect(meter.bytesPerSecond()).toBeCloseTo(3000);
});
