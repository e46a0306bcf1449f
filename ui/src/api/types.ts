// Short names for the types of the HTTP interface. They come from the server's OpenAPI document (`npm run generate`
// makes schema.d.ts); nothing about the wire is written by hand here.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Upload = Schemas["UploadView"];
export type UploadState = Schemas["UploadState"];
export type UploadFile = Schemas["FileView"];
export type UploadPage = Schemas["UploadPage"];
export type Progress = Schemas["ProgressView"];
export type ProgressEvent = Schemas["ProgressEvent"];
export type Stage = Schemas["ProgressStage"];
export type Limits = Schemas["LimitsView"];

export type Settings = Schemas["SettingsRequest"];
export type DialectSettings = Schemas["DialectRequest"];
export type ColumnSetting = Schemas["ColumnOverrideRequest"];
export type OverrideType = Schemas["ColumnTypeName"];
export type OnBad = Schemas["OnBadRequest"];

export type Report = Schemas["Report"];
export type ColumnReport = Schemas["ColumnReport"];
export type ColumnType = Schemas["ColumnType"];
export type HistogramBin = Schemas["HistogramBin"];
export type CodeCount = Schemas["CodeCount"];
export type Severity = Schemas["Severity"];
export type Problem = Schemas["Problem"];
export type ProblemView = Schemas["ProblemView"];
export type ProblemPage = Schemas["ProblemPage"];

export type RecordRow = Schemas["RecordView"];
export type RecordPage = Schemas["RecordPage"];
export type CellProblem = Schemas["CellProblem"];

/** An RFC 9457 problem document; any part may be missing when something in between has answered. */
export type ApiProblem = Partial<Omit<Schemas["ProblemDetails"], "code">> & { code?: string };

/** The types a column can be set to, in the order of the menu. */
export const OVERRIDE_TYPES = [
  "text", "integer", "decimal", "float", "boolean", "date", "time", "timestamp", "uuid",
] as const satisfies readonly OverrideType[];
