// Words for column types.
import type { ColumnType } from "../api/types";

export function typeName(type: ColumnType | string): string {
  return typeof type === "string" ? type.replace(/[ (].*/, "") : type.kind;
}

/** The written format behind a type, in words; empty where there is nothing to tell. */
export function typeFormat(type: ColumnType): string {
  switch (type.kind) {
    case "boolean":
      return `${type.true_word} / ${type.false_word}`;
    case "decimal":
      return decimalPlaces(type.scale, type.marks.decimal);
    case "float":
      return typeof type.form === "object" ? decimalPlaces(type.form.fixed.scale, type.marks.decimal) : "";
    case "integer":
      return type.marks.group ? `thousands ${type.marks.group === " " ? "space" : type.marks.group}` : "";
    case "date":
    case "time":
    case "timestamp":
      return readableFormat(type.format);
    default:
      return "";
  }
}

function decimalPlaces(scale: number, mark: string): string {
  const digits = `${scale} decimal ${scale === 1 ? "place" : "places"}`;
  return mark === "," ? `${digits}, comma` : digits;
}

const SIGNS: Record<string, string> = {
  Y: "YYYY", y: "YY", m: "MM", d: "DD", H: "hh", I: "hh", M: "mm", S: "ss", b: "Mon", B: "Month", p: "AM", e: "D",
  z: "±hhmm", ":z": "±hh:mm", Z: "zone", F: "YYYY-MM-DD", T: "hh:mm:ss", a: "Day", A: "Weekday", f: "fff", j: "ddd",
};

/** `%Y-%m-%d` as `YYYY-MM-DD`. */
export function readableFormat(format: string): string {
  return format.replace(/%(?:(-)|\.?(\d)?)(:?[A-Za-z%])/g, (all, short: string | undefined, digits: string | undefined, sign: string) => {
    if (sign === "%") return "%";
    const name = SIGNS[sign];
    if (name === undefined) return all;
    if (sign === "f") return (all.startsWith("%.") ? "." : "") + "f".repeat(Number(digits ?? 3));
    return short ? name.slice(0, 1) : name;
  });
}

/** Numbers and times read better from the right. */
export function alignsRight(type: ColumnType | string): boolean {
  const name = typeName(type);
  return name === "integer" || name === "decimal" || name === "float";
}

export function needsFormat(type: string): boolean {
  return type === "date" || type === "time" || type === "timestamp";
}
