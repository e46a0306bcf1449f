// A failed request as people need it: what happened, what to do, and the id that the operator can search for.
import type { ComponentChildren } from "preact";
import type { ApiFailure } from "../api/failure";
import { adviceFor } from "../lib/advice";
import { Icon } from "./Icon";
import { Prose } from "./Prose";

interface Props {
  failure: ApiFailure;
  children?: ComponentChildren;
}

export function FailureNotice({ failure, children }: Props) {
  return (
    <div class="notice notice-error" role="alert">
      <Icon name="error" size={20} />
      <div class="notice-body">
        <p class="notice-title">{failure.title}</p>
        <p><Prose text={sentence(failure.message)} /></p>
        <p><span class="label">What to do</span> {sentence(adviceFor(failure.code, failure.status))}</p>
        {(failure.requestId !== null || failure.docs !== null) && (
          <p class="notice-meta">
            {failure.requestId !== null && <>Request <code class="selectable">{failure.requestId}</code></>}
            {failure.docs !== null && <a href={failure.docs}>About <code>{failure.code}</code></a>}
          </p>
        )}
        {children && <div class="notice-actions">{children}</div>}
      </div>
    </div>
  );
}

/** Texts of the interface begin in lower case and have no final dot; as sentences of their own they get both. */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
