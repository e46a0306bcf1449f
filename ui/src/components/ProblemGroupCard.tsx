// All problems of one code: what it means, what to do, in which columns, and each one with a way to its cell.
import { useEffect, useState } from "preact/hooks";
import { listProblems } from "../api/client";
import { asFailure, type ApiFailure } from "../api/failure";
import type { ColumnReport, ProblemView, Severity } from "../api/types";
import { count } from "../lib/format";
import { codeText } from "../lib/problem-codes";
import type { ProblemGroup } from "../lib/problem-groups";
import { FailureNotice, sentence } from "./FailureNotice";
import { Icon, type IconName } from "./Icon";
import { Prose } from "./Prose";
import { ProblemRow } from "./ProblemRow";

const LOOKS: Record<Severity, { icon: IconName; word: string }> = {
  error: { icon: "error", word: "error" },
  warning: { icon: "warning", word: "warning" },
  info: { icon: "info", word: "note" },
};

interface Props {
  id: string;
  group: ProblemGroup;
  columns: ColumnReport[];
  initiallyOpen: boolean;
}

export function ProblemGroupCard({ id, group, columns, initiallyOpen }: Props) {
  const [open, setOpen] = useState(initiallyOpen);
  const [column, setColumn] = useState<number | null>(null);
  const text = codeText(group.code);
  const look = LOOKS[group.severity];
  const named = group.columns.filter((entry) => entry.column !== null);
  const bodyId = `problems-${group.code}`;
  return (
    <article class={`card problem-group problem-${group.severity}`}>
      <h3 class="problem-head">
        <button type="button" class="problem-toggle" aria-expanded={open} aria-controls={bodyId} onClick={() => setOpen(!open)}>
          <span class="problem-sign"><Icon name={look.icon} size={20} /><span class="visually-hidden">{look.word}</span></span>
          <span class="problem-title">{text.title}</span>
          <span class="problem-count">{count(group.count)}</span>
          <Icon name="chevron" size={16} class="disclosure-mark" />
        </button>
      </h3>
      <p class="problem-fix"><span class="label">Fix</span> <Prose text={sentence(text.fix)} /> <a href={`/docs/problems/${group.code}`}>About <code>{group.code}</code></a></p>
      {open && (
        <div id={bodyId} class="problem-body">
          {named.length > 0 && (
            <div class="chips" role="group" aria-label="Show problems of one column">
              <button type="button" class="chip" aria-pressed={column === null} onClick={() => setColumn(null)}>
                All <span class="chip-count">{count(group.count)}</span>
              </button>
              {named.slice(0, 30).map((entry) => (
                <button key={entry.column} type="button" class="chip" aria-pressed={column === entry.column} onClick={() => setColumn(entry.column)}>
                  {columns[(entry.column ?? 0) - 1]?.name ?? `column ${entry.column}`} <span class="chip-count">{count(entry.count)}</span>
                </button>
              ))}
              {named.length > 30 && <span class="muted">and {named.length - 30} more columns</span>}
            </div>
          )}
          <ProblemList key={column} id={id} code={group.code} column={column} />
        </div>
      )}
    </article>
  );
}

const STEP = 50;

function ProblemList({ id, code, column }: { id: string; code: string; column: number | null }) {
  const [items, setItems] = useState<ProblemView[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const load = async (from: string | null) => {
    try {
      const page = await listProblems(id, { code, column, cursor: from, limit: STEP });
      setItems((before) => [...(from === null ? [] : (before ?? [])), ...page.items]);
      setCursor(page.next_cursor ?? null);
      setFailure(null);
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  useEffect(() => void load(null), []);
  return (
    <>
      {items === null && !failure && <div class="skeleton skeleton-block-small" aria-hidden="true" />}
      {items !== null && <ul class="problem-list">{items.map((problem, at) => <ProblemRow key={at} id={id} problem={problem} />)}</ul>}
      {failure && <FailureNotice failure={failure}><button type="button" class="button button-small" onClick={() => void load(cursor)}>Try again</button></FailureNotice>}
      {cursor !== null && <button type="button" class="button button-small more" onClick={() => void load(cursor)}>Show more</button>}
    </>
  );
}
