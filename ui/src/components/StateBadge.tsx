// Where an upload stands, in a word, a sign and a colour.
import type { Upload } from "../api/types";
import { plural } from "../lib/format";
import { Icon, type IconName } from "./Icon";

interface Look {
  tone: "ok" | "warn" | "bad" | "busy" | "quiet";
  icon: IconName;
  text: string;
}

export function lookOf(upload: Upload): Look {
  switch (upload.state) {
    case "queued":
      return { tone: "busy", icon: "clock", text: "waiting" };
    case "processing":
      return { tone: "busy", icon: "clock", text: "processing" };
    case "failed":
      return { tone: "bad", icon: "error", text: "failed" };
    case "cancelled":
      return { tone: "quiet", icon: "stop", text: "cancelled" };
    case "refused":
      return { tone: "bad", icon: "error", text: "refused" };
    case "completed": {
      const { errors = 0, warnings = 0, problems = 0 } = upload.summary ?? {};
      // notes alone leave a file clean; beside faults they are counted, as on the tab
      if (errors + warnings === 0) return { tone: "ok", icon: "check", text: "clean" };
      return { tone: errors > 0 ? "bad" : "warn", icon: "warning", text: plural(problems, "problem") };
    }
  }
}

export function StateBadge({ upload }: { upload: Upload }) {
  const look = lookOf(upload);
  const matters = upload.holds.map((hold) => hold.name).join(", ");
  return (
    <>
      <span class={`badge badge-${look.tone}`}><Icon name={look.icon} size={14} />{look.text}</span>
      {matters && <span class="badge badge-quiet" title={`held for ${matters}: it cannot be deleted`}>held</span>}
    </>
  );
}
