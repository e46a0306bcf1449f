// Live progress of a run, with a way to stop it.
import type { Stage, Upload } from "../api/types";
import { bytes, percent, plural } from "../lib/format";
import { cancelRun } from "../state/current";
import { ProgressBar } from "./ProgressBar";

const STAGES: Record<Stage, string> = {
  queued: "Waiting for its turn",
  checking: "Reading and checking every record",
  converting: "Writing the clean files",
  done: "Finishing",
};

export function ProcessingCard({ upload, again }: { upload: Upload; again: boolean }) {
  const { stage, bytes_done, bytes_total, records } = upload.progress;
  return (
    <section class="card processing" aria-label="Processing">
      <div class="processing-head">
        <h2>{STAGES[stage]}</h2>
        <button type="button" class="button button-small" onClick={() => void cancelRun()}>Cancel</button>
      </div>
      <ProgressBar label={STAGES[stage]} value={bytes_done} max={bytes_total} unknown={stage === "queued"} />
      <p class="processing-facts">
        <span>{percent(bytes_done, bytes_total)} of {bytes(bytes_total)}</span>
        {records > 0 && <span>{plural(records, "record")}</span>}
      </p>
      {again && <p class="muted">Below is the result of the run before. It stays until this one is done.</p>}
    </section>
  );
}
