// One problem: where, what, and the way there.
import type { ProblemView } from "../api/types";
import { count } from "../lib/format";
import { uploadPath } from "../state/router";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { Prose } from "./Prose";

export function ProblemRow({ id, problem }: { id: string; problem: ProblemView }) {
  const { record = null, line, byte, column } = problem.position;
  const where = record === null ? "file" : `record ${count(record)}`;
  return (
    <li class="problem-row">
      <p class="problem-place">
        <span class="problem-line">line {count(line)}</span>
        <span class="muted">{where}{column ? "" : `, byte ${count(byte)}`}</span>
      </p>
      <div class="problem-what">
        <p>{column && <code class="problem-column">{column.name}</code>} <Prose text={problem.message} /></p>
        {problem.value != null && !problem.message.includes(problem.value) && <p class="value problem-value">{problem.value}</p>}
      </div>
      {record !== null && (
        <Link class="button button-small" href={uploadPath(id, { tab: "records", record, column: column?.number ?? null })}
          label={`Show ${where}${column ? `, column ${column.name}` : ""} in the table`}>
          <Icon name="target" size={14} />Show
        </Link>
      )}
    </li>
  );
}
