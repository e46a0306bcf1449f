// A type for each column, where the one that was found is not the one that is meant.
import { useState } from "preact/hooks";
import { OVERRIDE_TYPES, type ColumnReport, type OverrideType } from "../api/types";
import { needsFormat, typeName } from "../lib/column-types";
import { count } from "../lib/format";
import { AUTOMATIC, type SettingsForm } from "../lib/settings-form";

const STEP = 60;
const PLACEHOLDERS: Record<string, string> = { date: "%d/%m/%Y", time: "%H:%M:%S", timestamp: "%Y-%m-%d %H:%M:%S" };

interface Props {
  form: SettingsForm;
  columns: ColumnReport[];
  change: (values: Partial<SettingsForm>) => void;
}

export function ColumnTypesForm({ form, columns, change }: Props) {
  const [shown, setShown] = useState(STEP);
  const set = (name: string, entry: { type: OverrideType; format: string } | null) => {
    const next = { ...form.columns };
    if (entry === null) delete next[name];
    else next[name] = entry;
    change({ columns: next });
  };
  return (
    <fieldset class="column-types">
      <legend>Column types</legend>
      <ul>
        {columns.slice(0, shown).map((column) => {
          const entry = form.columns[column.name];
          const id = `type-${column.number}`;
          return (
            <li key={column.number}>
              <label for={id} class="break">{column.name}</label>
              <select id={id} class="input input-small" value={entry?.type ?? AUTOMATIC}
                onChange={(event) => {
                  const type = OVERRIDE_TYPES.find((known) => known === event.currentTarget.value);
                  set(column.name, type ? { type, format: entry?.format ?? "" } : null);
                }}>
                <option value={AUTOMATIC}>{entry ? "Automatic" : `Automatic: ${typeName(column.type)}`}</option>
                {OVERRIDE_TYPES.map((type) => <option key={type} value={type}>{type}</option>)}
              </select>
              {entry && needsFormat(entry.type) && (
                <input class="input input-small" aria-label={`Format of ${column.name}`} placeholder={PLACEHOLDERS[entry.type]} value={entry.format}
                  onInput={(event) => set(column.name, { type: entry.type, format: event.currentTarget.value })} />
              )}
            </li>
          );
        })}
      </ul>
      {columns.length > shown && <button type="button" class="button button-small" onClick={() => setShown(shown + STEP)}>Show more of {count(columns.length)} columns</button>}
      <p class="field-hint">Formats use signs: %Y year, %m month, %d day, %H hour, %M minute, %S second. So %d/%m/%Y reads 31/01/2024.</p>
    </fieldset>
  );
}
