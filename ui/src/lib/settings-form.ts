// The override form and the `Settings` it stands for. An empty field means: find out by yourself.
import type { ColumnSetting, DialectSettings, OnBad, OverrideType, Settings } from "../api/types";
import { needsFormat } from "./column-types";

export const AUTOMATIC = "automatic";

export interface SettingsForm {
  encoding: string;
  /** `automatic`, a sign, or `other` with the sign in `delimiterOther`. */
  delimiter: string;
  delimiterOther: string;
  /** `automatic`, a sign, or the empty string for no quote. */
  quote: string;
  escape: string;
  comment: string;
  preambleRows: string;
  headerRows: string;
  onBad: OnBad;
  maxRejects: string;
  unusual: boolean;
  columns: Record<string, { type: OverrideType; format: string }>;
}

export const USUAL_DELIMITERS = [",", ";", "\t", "|"];

export function formFrom(settings: Settings): SettingsForm {
  const dialect = settings.dialect ?? {};
  const delimiter = dialect.delimiter;
  const usual = delimiter != null && USUAL_DELIMITERS.includes(delimiter);
  const form: SettingsForm = {
    encoding: settings.encoding ?? AUTOMATIC,
    delimiter: delimiter == null ? AUTOMATIC : usual ? delimiter : "other",
    delimiterOther: delimiter == null || usual ? "" : delimiter,
    quote: dialect.quote ?? AUTOMATIC,
    escape: dialect.escape ?? AUTOMATIC,
    comment: dialect.comment ?? "",
    preambleRows: dialect.preamble_rows == null ? "" : String(dialect.preamble_rows),
    headerRows: dialect.header_rows == null ? "" : String(dialect.header_rows),
    onBad: settings.on_bad ?? "reject",
    maxRejects: settings.max_rejects ?? "",
    unusual: settings.unusual ?? false,
    columns: {},
  };
  for (const column of settings.columns ?? []) {
    form.columns[column.name] = { type: column.type, format: column.format ?? "" };
  }
  return form;
}

/** What is wrong with the form, by field; empty when it can be sent. */
export function formErrors(form: SettingsForm): Partial<Record<keyof SettingsForm, string>> {
  const errors: Partial<Record<keyof SettingsForm, string>> = {};
  if (form.delimiter === "other" && form.delimiterOther === "") errors.delimiterOther = "enter the delimiter";
  for (const field of ["preambleRows", "headerRows"] as const) {
    if (form[field] !== "" && !/^\d{1,6}$/.test(form[field])) errors[field] = "enter a whole number, or leave it empty";
  }
  if (form.maxRejects !== "" && !/^\d+(\.\d+)?%$|^\d+$/.test(form.maxRejects)) {
    errors.maxRejects = "enter a number such as 100, or a share such as 1%";
  }
  return errors;
}

/** The settings to send; parts that the form does not show (a schema, a threshold) are kept. */
export function settingsFrom(form: SettingsForm, before: Settings): Settings {
  const settings: Settings = {};
  if (before.schema != null) settings.schema = before.schema;
  if (before.type_threshold != null) settings.type_threshold = before.type_threshold;
  if (form.encoding !== AUTOMATIC) settings.encoding = form.encoding;

  const dialect: DialectSettings = {};
  if (form.delimiter === "other") dialect.delimiter = unescapeSign(form.delimiterOther);
  else if (form.delimiter !== AUTOMATIC) dialect.delimiter = form.delimiter;
  if (form.quote !== AUTOMATIC) dialect.quote = form.quote;
  if (form.escape !== AUTOMATIC) dialect.escape = form.escape;
  if (form.comment !== "") dialect.comment = form.comment;
  if (form.preambleRows !== "") dialect.preamble_rows = Number(form.preambleRows);
  if (form.headerRows !== "") dialect.header_rows = Number(form.headerRows);
  if (Object.keys(dialect).length > 0) settings.dialect = dialect;

  const columns: ColumnSetting[] = Object.entries(form.columns).map(([name, { type, format }]) =>
    needsFormat(type) && format !== "" ? { name, type, format } : { name, type });
  if (columns.length > 0) settings.columns = columns;

  if (form.onBad !== "reject") settings.on_bad = form.onBad;
  if (form.maxRejects !== "") settings.max_rejects = form.maxRejects;
  if (form.unusual) settings.unusual = true;
  return settings;
}

/** `\t` typed as two characters means a tab. */
function unescapeSign(text: string): string {
  return text.replace(/\\t/g, "\t");
}

/** How many things a person has set. */
export function overrideCount(settings: Settings): number {
  const dialect = Object.keys(settings.dialect ?? {}).length;
  const columns = settings.columns?.length ?? 0;
  const others = [settings.encoding, settings.on_bad, settings.max_rejects, settings.unusual, settings.schema].filter((v) => v != null).length;
  return dialect + columns + others;
}
