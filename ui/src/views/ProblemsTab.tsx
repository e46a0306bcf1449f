// Problems by code, worst first. A group opens to its list, and each problem leads to its cell.
import type { Report } from "../api/types";
import { ProblemGroupCard } from "../components/ProblemGroupCard";
import { Icon } from "../components/Icon";
import { plural } from "../lib/format";
import { groupProblems } from "../lib/problem-groups";
import { generation } from "../state/current";
import { route } from "../state/router";

export function ProblemsTab({ id, report }: { id: string; report: Report }) {
  const groups = groupProblems(report.problems.by_code);
  const place = route.value;
  const wanted = place.kind === "upload" ? place.code : null;
  if (groups.length === 0) {
    return (
      <div class="empty-state">
        <Icon name="check" size={28} class="tone-ok" />
        <h2>No problems</h2>
        <p>Every record was read and nothing needs a correction.</p>
      </div>
    );
  }
  return (
    <section aria-labelledby="problems-title">
      <div class="section-head"><h2 id="problems-title">{plural(report.problems.total, "problem")}</h2></div>
      <div class="problem-groups">
        {groups.map((group, at) => (
          <ProblemGroupCard key={`${generation.value}-${group.code}`} id={id} group={group} columns={report.columns}
            initiallyOpen={wanted === null ? at === 0 : wanted === group.code} />
        ))}
      </div>
    </section>
  );
}
