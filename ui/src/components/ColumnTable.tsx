// All columns: type, nulls, distinct values, range, picture. A row opens to show the rest of its profile.
import { useState } from "preact/hooks";
import type { ColumnReport } from "../api/types";
import { typeFormat, typeName } from "../lib/column-types";
import { count, percent, plural } from "../lib/format";
import { ColumnDetail } from "./ColumnDetail";
import { Histogram, histogramLabel } from "./Histogram";
import { Icon } from "./Icon";

const STEP = 100;
const FILTER_FROM = 12;

export function ColumnTable({ columns, records }: { columns: ColumnReport[]; records: number }) {
  const [shown, setShown] = useState(STEP);
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLowerCase();
  const matching = wanted === "" ? columns : columns.filter((c) => c.name.toLowerCase().includes(wanted) || typeName(c.type).includes(wanted));
  return (
    <section aria-labelledby="columns-title">
      <div class="section-head">
        <h2 id="columns-title">{plural(columns.length, "column")}</h2>
        {columns.length >= FILTER_FROM && (
          <input class="input input-search" type="search" placeholder="Filter by name or type" aria-label="Filter columns by name or type"
            value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        )}
      </div>
      {matching.length === 0 && <p class="card quiet-card">No column matches <code>{filter}</code>.</p>}
      {matching.length > 0 && (
        <table class="card column-table">
          <thead>
            <tr>
              <th scope="col">Column</th><th scope="col">Type</th><th scope="col" class="right">Nulls</th><th scope="col" class="right">Distinct</th>
              <th scope="col">Smallest</th><th scope="col">Largest</th><th scope="col">Values</th>
            </tr>
          </thead>
          <tbody>{matching.slice(0, shown).map((column) => <ColumnRow key={column.number} column={column} records={records} />)}</tbody>
        </table>
      )}
      {matching.length > shown && (
        <button type="button" class="button more" onClick={() => setShown(shown + STEP)}>
          Show {Math.min(STEP, matching.length - shown)} more of {count(matching.length)}
        </button>
      )}
    </section>
  );
}

function ColumnRow({ column, records }: { column: ColumnReport; records: number }) {
  const [open, setOpen] = useState(false);
  const profile = column.profile;
  const format = typeFormat(column.type);
  const detailId = `column-${column.number}-detail`;
  return (
    <>
      <tr class={open ? "column-row column-row-open" : "column-row"}>
        <th scope="row">
          <button type="button" class="disclosure" aria-expanded={open} aria-controls={detailId} onClick={() => setOpen(!open)}>
            <Icon name="chevron" size={14} class="disclosure-mark" />
            <span class="column-number">{column.number}</span>
            <span class="column-name">{column.name}</span>
          </button>
        </th>
        <td data-label="Type">
          <span class="type-tag">{typeName(column.type)}</span>
          {format !== "" && <span class="type-format">{format}</span>}
          {column.declared && <span class="type-format">declared</span>}
        </td>
        <td data-label="Nulls" class="right">{profile ? <NullShare nulls={profile.nulls} of={records} /> : "–"}</td>
        <td data-label="Distinct" class="right">{profile ? `${profile.distinct_error == null ? "" : "≈ "}${count(profile.distinct)}` : "–"}</td>
        <td data-label="Smallest"><Value text={profile?.min ?? null} /></td>
        <td data-label="Largest"><Value text={profile?.max ?? null} /></td>
        <td data-label="Values" class="column-picture"><Picture column={column} /></td>
      </tr>
      {open && (
        <tr class="column-detail-row"><td colSpan={7} id={detailId}><ColumnDetail column={column} records={records} /></td></tr>
      )}
    </>
  );
}

function NullShare({ nulls, of }: { nulls: number; of: number }) {
  if (nulls === 0) return <span class="muted">none</span>;
  return <>{count(nulls)} <span class="muted">{percent(nulls, of)}</span></>;
}

function Value({ text }: { text: string | null }) {
  return text === null ? <span class="muted">–</span> : <span class="value" title={text}>{text}</span>;
}

function Picture({ column }: { column: ColumnReport }) {
  const profile = column.profile;
  if (!profile || profile.values === 0) return <span class="muted">no values</span>;
  if (profile.histogram.length > 0) {
    return <Histogram bins={profile.histogram} label={histogramLabel(profile.histogram, profile.min ?? null, profile.max ?? null)} />;
  }
  if (profile.distinct === profile.values) return <span class="muted">all different</span>;
  const top = profile.top[0];
  if (!top) return <span class="muted">–</span>;
  return (
    <span class="top-value">
      <span class="top-value-text" title={top.value}>{top.value}</span>
      <span class="muted">{percent(top.count, profile.values)}</span>
    </span>
  );
}
