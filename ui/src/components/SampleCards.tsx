// Sample files to try, good and broken.
import { useState } from "preact/hooks";
import { localFailure, type ApiFailure } from "../api/failure";
import { SAMPLES, type Sample } from "../lib/samples";
import { send } from "../state/transfers";
import { FailureNotice } from "./FailureNotice";

export function SampleCards({ first = false }: { first?: boolean }) {
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const use = async (sample: Sample) => {
    setFailure(null);
    try {
      const response = await fetch(sample.url);
      if (!response.ok) throw new Error(String(response.status));
      send([{ file: await response.blob(), name: sample.name }]);
    } catch {
      setFailure(localFailure("offline", "the sample file could not be loaded"));
    }
  };
  return (
    <section class="section" aria-labelledby="samples-title">
      <div class="section-head">
        <h2 id="samples-title">{first ? "No file at hand? Try one of these" : "Sample files"}</h2>
      </div>
      {failure && <FailureNotice failure={failure} />}
      <ul class="sample-cards">
        {SAMPLES.map((sample) => (
          <li key={sample.name}>
            <button type="button" class="sample-card" onClick={() => void use(sample)}>
              <span class={`sample-kind sample-${sample.kind}`}>{sample.kind === "good" ? "good" : "needs attention"}</span>
              <span class="sample-title">{sample.title}</span>
              <span class="sample-teaches">{sample.teaches}</span>
              <span class="sample-name">{sample.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
