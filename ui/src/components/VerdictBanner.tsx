// The finding in one sentence.
import type { Report, Upload } from "../api/types";
import { dataRecords } from "../lib/data-records";
import { count, plural } from "../lib/format";
import { groupProblems } from "../lib/problem-groups";
import { codeText } from "../lib/problem-codes";
import { uploadPath } from "../state/router";
import { sentence } from "./FailureNotice";
import { Icon, type IconName } from "./Icon";
import { Link } from "./Link";
import { Prose } from "./Prose";

interface Words {
  tone: "ok" | "warn" | "bad";
  icon: IconName;
  title: string;
  text: string;
}

function words(upload: Upload, report: Report): Words {
  const { counts, problems } = report;
  const data = dataRecords(counts);
  if (report.verdict === "refused") {
    const worst = groupProblems(problems.by_code)[0];
    const about = worst ? codeText(worst.code) : null;
    const why = upload.error?.detail ?? "the file breaks the rules that were set for it";
    return { tone: "bad", icon: "error", title: about ? `Refused: ${about.title}` : "Refused", text: [why, about?.fix ?? ""].filter((part) => part !== "").map(sentence).join(" ") };
  }
  if (report.verdict === "clean" || problems.errors + problems.warnings === 0) {
    return {
      tone: "ok", icon: "check", title: "Clean",
      text: `${data === 1 ? "The one record follows its" : `All ${count(data)} records follow their`} columns. ${problems.total > 0 ? "There are notes, but nothing needs a correction." : "Nothing needs a correction."}`,
    };
  }
  const found = problemWords(problems);
  if (counts.rejected > 0) {
    return {
      tone: "bad", icon: "warning", title: found,
      text: `${plural(counts.rejected, "record")} set aside, ${count(counts.accepted)} of ${count(data)} accepted into the clean files.`,
    };
  }
  if (counts.repaired > 0) {
    return { tone: "warn", icon: "warning", title: found, text: `In ${plural(counts.repaired, "record")} a bad cell became null. All ${count(data)} are in the clean files.` };
  }
  return { tone: "warn", icon: "warning", title: found, text: `${data === 1 ? "The one record was" : `All ${count(data)} records were`} accepted. Some things need your eye.` };
}

/** `9 errors, 1 warning and 2 notes`. */
function problemWords({ total, errors, warnings }: Report["problems"]): string {
  const kinds: [number, string][] = [[errors, "error"], [warnings, "warning"], [total - errors - warnings, "note"]];
  const parts = kinds.filter(([n]) => n > 0).map(([n, noun]) => plural(n, noun));
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}` : parts.join("");
}

export function VerdictBanner({ upload, report }: { upload: Upload; report: Report }) {
  const { tone, icon, title, text } = words(upload, report);
  return (
    <section class={`verdict verdict-${tone}`} aria-label="Verdict">
      <span class="verdict-icon"><Icon name={icon} size={22} /></span>
      <div class="verdict-words">
        <h2>{title}</h2>
        <p><Prose text={text} /></p>
      </div>
      {report.problems.total > 0 && (
        <Link class="button" href={uploadPath(upload.id, { tab: "problems" })}>
          {report.problems.errors + report.problems.warnings > 0 ? "See the problems" : "See the notes"}
        </Link>
      )}
    </section>
  );
}
