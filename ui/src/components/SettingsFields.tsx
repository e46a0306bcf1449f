// The fields for encoding, dialect and bad records. Each shows what automatic means for this file.
import type { ComponentChildren } from "preact";
import type { OnBad, Report } from "../api/types";
import { ENCODINGS } from "../lib/encodings";
import { AUTOMATIC, type SettingsForm } from "../lib/settings-form";
import { signGlyph, signName } from "../lib/signs";

interface Props {
  form: SettingsForm;
  report: Report;
  errors: Partial<Record<keyof SettingsForm, string>>;
  change: (values: Partial<SettingsForm>) => void;
}

export function SettingsFields({ form, report, errors, change }: Props) {
  const { dialect, encoding } = report;
  return (
    <div class="fields">
      <Field name="delimiter" label="Delimiter">
        <select id="setting-delimiter" class="input" value={form.delimiter} onChange={(e) => change({ delimiter: e.currentTarget.value })}>
          <option value={AUTOMATIC}>{automatic(form.delimiter, `${signName(dialect.delimiter)} ${signGlyph(dialect.delimiter)}`)}</option>
          <option value=",">Comma ,</option>
          <option value=";">Semicolon ;</option>
          <option value={"\t"}>Tab</option>
          <option value="|">Pipe |</option>
          <option value="other">Other</option>
        </select>
      </Field>
      {form.delimiter === "other" && (
        <Field name="delimiterOther" label="Other delimiter" error={errors.delimiterOther} hint="one or more characters">
          <input id="setting-delimiterOther" class="input" value={form.delimiterOther} aria-invalid={errors.delimiterOther !== undefined}
            aria-describedby="hint-delimiterOther" onInput={(e) => change({ delimiterOther: e.currentTarget.value })} />
        </Field>
      )}
      <Field name="quote" label="Quote">
        <select id="setting-quote" class="input" value={form.quote} onChange={(e) => change({ quote: e.currentTarget.value })}>
          <option value={AUTOMATIC}>{automatic(form.quote, signName(dialect.quote))}</option>
          <option value={'"'}>Double quote "</option>
          <option value="'">Single quote '</option>
          <option value="">None</option>
        </select>
      </Field>
      <Field name="escape" label="Quote inside a field">
        <select id="setting-escape" class="input" value={form.escape} onChange={(e) => change({ escape: e.currentTarget.value })}>
          <option value={AUTOMATIC}>{automatic(form.escape, dialect.escape ? signName(dialect.escape) : "doubled")}</option>
          <option value="">Doubled ""</option>
          <option value={"\\"}>Backslash \"</option>
        </select>
      </Field>
      <Field name="encoding" label="Encoding">
        <select id="setting-encoding" class="input" value={form.encoding} onChange={(e) => change({ encoding: e.currentTarget.value })}>
          <option value={AUTOMATIC}>{automatic(form.encoding, encoding.name)}</option>
          {!ENCODINGS.some((known) => known.name === form.encoding) && form.encoding !== AUTOMATIC && <option value={form.encoding}>{form.encoding}</option>}
          {ENCODINGS.map((known) => <option key={known.name} value={known.name}>{known.name} ({known.hint})</option>)}
        </select>
      </Field>
      <Field name="headerRows" label="Header rows" error={errors.headerRows} hint="0 for none">
        <input id="setting-headerRows" class="input" inputMode="numeric" value={form.headerRows} placeholder={`Automatic: ${dialect.header_rows}`}
          aria-invalid={errors.headerRows !== undefined} aria-describedby="hint-headerRows" onInput={(e) => change({ headerRows: e.currentTarget.value.trim() })} />
      </Field>
      <Field name="preambleRows" label="Lines before the header" error={errors.preambleRows} hint="titles, notes">
        <input id="setting-preambleRows" class="input" inputMode="numeric" value={form.preambleRows} placeholder={`Automatic: ${dialect.preamble_rows}`}
          aria-invalid={errors.preambleRows !== undefined} aria-describedby="hint-preambleRows" onInput={(e) => change({ preambleRows: e.currentTarget.value.trim() })} />
      </Field>
      <Field name="comment" label="Comment prefix" hint="such as #">
        <input id="setting-comment" class="input" value={form.comment} placeholder={`Automatic: ${dialect.comment ?? "none"}`}
          aria-describedby="hint-comment" onInput={(e) => change({ comment: e.currentTarget.value })} />
      </Field>
      <Field name="onBad" label="Records with bad values">
        <select id="setting-onBad" class="input" value={form.onBad} onChange={(e) => change({ onBad: e.currentTarget.value as OnBad })}>
          <option value="reject">Set aside</option>
          <option value="null">Keep, bad value becomes null</option>
          <option value="fail">Refuse the whole file</option>
        </select>
      </Field>
      <Field name="maxRejects" label="Most records set aside" error={errors.maxRejects} hint="100 or 1%; more refuses the file">
        <input id="setting-maxRejects" class="input" value={form.maxRejects} placeholder="No limit" aria-invalid={errors.maxRejects !== undefined}
          aria-describedby="hint-maxRejects" onInput={(e) => change({ maxRejects: e.currentTarget.value.trim() })} />
      </Field>
      <Field name="unusual" label="Records with unusual values" hint="such as text where nearly all have a number">
        <select id="setting-unusual" class="input" value={form.unusual ? "named" : "not"} aria-describedby="hint-unusual"
          onChange={(e) => change({ unusual: e.currentTarget.value === "named" })}>
          <option value="not">Say nothing</option>
          <option value="named">Warn of each</option>
        </select>
      </Field>
    </div>
  );
}

interface FieldProps {
  name: keyof SettingsForm;
  label: string;
  hint?: string;
  error?: string | undefined;
  children: ComponentChildren;
}

function Field({ name, label, hint, error, children }: FieldProps) {
  return (
    <div class="field">
      <label class="field-label" for={`setting-${name}`}>{label}</label>
      {children}
      {(error !== undefined || hint !== undefined) && <p id={`hint-${name}`} class={error === undefined ? "field-hint" : "field-hint field-error"}>{error ?? hint}</p>}
    </div>
  );
}

/** While a person has set the field, the report shows the set value, so what automatic would find is not known. */
function automatic(value: string, found: string): string {
  return value === AUTOMATIC ? `Automatic: ${found.trim()}` : "Automatic";
}
