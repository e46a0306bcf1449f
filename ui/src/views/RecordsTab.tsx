// All records in a table, with ways to get to a record or to the next problem.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Report } from "../api/types";
import { CellInspector } from "../components/CellInspector";
import { FailureNotice } from "../components/FailureNotice";
import type { Cell } from "../components/grid-model";
import { Icon } from "../components/Icon";
import { RecordsGrid } from "../components/RecordsGrid";
import { dataRecords } from "../lib/data-records";
import { count, plural } from "../lib/format";
import { placesOf, neighbour } from "../lib/problem-places";
import { announce } from "../state/announce";
import { generation } from "../state/current";
import { RecordStore } from "../state/record-store";
import { route } from "../state/router";

export function RecordsTab({ id, report }: { id: string; report: Report }) {
  const total = dataRecords(report.counts);
  if (total === 0 || report.columns.length === 0) {
    return (
      <div class="empty-state">
        <h2>No records to show</h2>
        <p>The file has a header at most. Check that the export wrote what it should, or change how it is read.</p>
      </div>
    );
  }
  return <Table key={generation.value} id={id} report={report} total={total} />;
}

function Table({ id, report, total }: { id: string; report: Report; total: number }) {
  const columns = report.columns;
  const store = useMemo(() => new RecordStore(id, columns.length), [id]);
  useEffect(() => () => store.close(), [store]);
  const grid = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<Cell | null>(null);
  const [jump, setJump] = useState(0);
  const places = useMemo(() => placesOf(report.problems.first), [report]);

  const jumpTo = (cell: Cell, focus: boolean) => {
    setActive(cell);
    setJump((n) => n + 1);
    if (focus) grid.current?.focus({ preventScroll: false });
  };
  const place = route.value;
  const wantedRecord = place.kind === "upload" ? place.record : null;
  const wantedColumn = place.kind === "upload" ? place.column : null;
  useEffect(() => {
    if (wantedRecord !== null && wantedRecord <= total) {
      jumpTo({ row: wantedRecord - 1, column: Math.min(columns.length, wantedColumn ?? 0) }, true);
    }
  }, [wantedRecord, wantedColumn]);

  const toProblem = (direction: 1 | -1) => {
    const next = neighbour(places, active, direction);
    if (!next) return;
    jumpTo(next, true);
    announce(`record ${count(next.row + 1)}`);
  };
  // reading the version makes the inspector draw again when its record arrives
  void store.version.value;
  return (
    <section aria-labelledby="records-title" class="records">
      <div class="section-head">
        <h2 id="records-title">{plural(total, "record")}</h2>
        <div class="records-tools">
          {places.length > 0 && (
            <div class="button-group" role="group" aria-label="Move between problems">
              <button type="button" class="button button-small" onClick={() => toProblem(-1)}><Icon name="up" size={16} />Previous problem</button>
              <button type="button" class="button button-small" onClick={() => toProblem(1)}><Icon name="down" size={16} />Next problem</button>
            </div>
          )}
          <GoToRecord total={total} go={(row) => jumpTo({ row, column: active?.column ?? 1 }, true)} />
        </div>
      </div>
      {store.failure.value && (
        <FailureNotice failure={store.failure.value}>
          <button type="button" class="button button-small" onClick={() => store.retry()}>Try again</button>
        </FailureNotice>
      )}
      <RecordsGrid store={store} columns={columns} total={total} active={active} jump={jump} setActive={setActive} gridRef={grid} />
      <CellInspector active={active} record={active ? store.row(active.row) : undefined} columns={columns} />
    </section>
  );
}

function GoToRecord({ total, go }: { total: number; go: (row: number) => void }) {
  const [text, setText] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const record = Number(text.replace(/[,\s]/g, ""));
    if (Number.isInteger(record) && record >= 1) go(Math.min(record, total) - 1);
  };
  return (
    <form class="go-to" onSubmit={submit}>
      <label for="go-to-record">Go to record</label>
      <input id="go-to-record" class="input input-small" inputMode="numeric" autocomplete="off" placeholder={`1 to ${count(total)}`}
        value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" class="button button-small">Go</button>
    </form>
  );
}
