import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { codeText, KNOWN_CODES } from "./problem-codes";

// the words belong to the report crate; the page must not drift from them
const source = readFileSync(new URL("../../../crates/report/src/code.rs", import.meta.url), "utf8");
const table = source.slice(source.indexOf("problem_codes! {\n"));
const entries = [...table.matchAll(/"([a-z0-9-]+)",\s*(?:Info|Warning|Error),\s*"([^"]*)",\s*"([^"]*)";/g)];

it("has every code of the report crate, with the same words", () => {
  expect(entries.length).toBeGreaterThan(20);
  expect(KNOWN_CODES).toEqual(entries.map((entry) => entry[1]));
  for (const [, code, title, fix] of entries) expect(codeText(code ?? "")).toEqual({ title, fix });
});

it("finds words for a code of a newer server", () => {
  expect(codeText("value-too-old").title).toBe("value too old");
});
