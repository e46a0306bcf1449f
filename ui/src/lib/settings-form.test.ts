import { expect, it } from "vitest";
import type { Settings } from "../api/types";
import { AUTOMATIC, formErrors, formFrom, overrideCount, settingsFrom } from "./settings-form";

it("sends nothing when nothing is set", () => expect(settingsFrom(formFrom({}), {})).toEqual({}));

it("gives back what it was made from", () => {
  const settings: Settings = {
    encoding: "windows-1252", dialect: { delimiter: ";", quote: "", header_rows: 0, preamble_rows: 2, escape: "\\", comment: "#" },
    columns: [{ name: "due", type: "date", format: "%d/%m/%Y" }, { name: "code", type: "text" }], on_bad: "null", max_rejects: "1%", unusual: true,
  };
  expect(settingsFrom(formFrom(settings), settings)).toEqual(settings);
  expect(overrideCount(settings)).toBe(12);
});

it("keeps a schema that the form does not show", () => {
  const settings: Settings = { schema: { fields: [] }, type_threshold: 0.9 };
  expect(settingsFrom({ ...formFrom(settings), delimiter: ";" }, settings)).toEqual({ ...settings, dialect: { delimiter: ";" } });
});

it("knows other delimiters, also of several characters and a typed tab", () => {
  const form = formFrom({ dialect: { delimiter: "||" } });
  expect([form.delimiter, form.delimiterOther]).toEqual(["other", "||"]);
  expect(settingsFrom({ ...form, delimiterOther: "\\t" }, {})).toEqual({ dialect: { delimiter: "\t" } });
});

it("can go back to automatic", () => {
  const before: Settings = { encoding: "UTF-8", dialect: { delimiter: ";" } };
  expect(settingsFrom({ ...formFrom(before), encoding: AUTOMATIC, delimiter: AUTOMATIC }, before)).toEqual({});
});

it("drops a format where the type has none", () => {
  const form = { ...formFrom({}), columns: { a: { type: "integer" as const, format: "%Y" } } };
  expect(settingsFrom(form, {})).toEqual({ columns: [{ name: "a", type: "integer" }] });
});

it("says what is wrong", () => {
  const form = { ...formFrom({}), delimiter: "other", headerRows: "one", maxRejects: "many" };
  expect(Object.keys(formErrors(form)).sort()).toEqual(["delimiterOther", "headerRows", "maxRejects"]);
  expect(formErrors({ ...formFrom({}), headerRows: "0", maxRejects: "0.5%" })).toEqual({});
});
