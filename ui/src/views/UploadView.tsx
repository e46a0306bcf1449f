// One upload: what is known of it in each state.
import { useEffect } from "preact/hooks";
import { isActive } from "../api/events";
import { asFailure } from "../api/failure";
import type { Report, Upload } from "../api/types";
import { FailureNotice, sentence } from "../components/FailureNotice";
import { Link } from "../components/Link";
import { ProcessingCard } from "../components/ProcessingCard";
import { Tabs } from "../components/Tabs";
import { UploadHeader } from "../components/UploadHeader";
import { useTitle } from "../components/use-title";
import { failure, openUpload, report, reprocess, upload } from "../state/current";
import { route } from "../state/router";
import { DownloadsTab } from "./DownloadsTab";
import { OverviewTab } from "./OverviewTab";
import { ProblemsTab } from "./ProblemsTab";
import { ReadingTab } from "./ReadingTab";
import { RecordsTab } from "./RecordsTab";

export function UploadView({ id }: { id: string }) {
  useEffect(() => openUpload(id), [id]);
  const current = upload.value;
  useTitle(current?.name ?? "Upload");
  if (current === null) {
    return failure.value
      ? <div class="upload"><h1 class="visually-hidden">Upload</h1><FailureNotice failure={failure.value}><Link class="button button-small" href="/">All uploads</Link></FailureNotice></div>
      : <UploadSkeleton />;
  }
  const found = report.value;
  return (
    <div class="upload">
      <UploadHeader upload={current} />
      {failure.value && <FailureNotice failure={failure.value} />}
      {isActive(current.state) && <ProcessingCard upload={current} again={found !== null} />}
      {current.state === "failed" && <EndNotice upload={current} />}
      {current.state === "cancelled" && <EndNotice upload={current} />}
      {found && <Result upload={current} report={found} />}
      {!found && (current.state === "failed" || current.state === "cancelled") && <DownloadsTab upload={current} />}
      {!found && !isActive(current.state) && current.state !== "failed" && current.state !== "cancelled" && !failure.value
        && <div class="skeleton skeleton-block" aria-hidden="true" />}
    </div>
  );
}

function Result({ upload: current, report: found }: { upload: Upload; report: Report }) {
  const place = route.value;
  const tab = place.kind === "upload" ? place.tab : "overview";
  return (
    <>
      <Tabs id={current.id} tab={tab} problems={found.problems.total} />
      <div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class="panel">
        {tab === "overview" && <OverviewTab upload={current} report={found} />}
        {tab === "records" && <RecordsTab id={current.id} report={found} />}
        {tab === "problems" && <ProblemsTab id={current.id} report={found} />}
        {tab === "reading" && <ReadingTab key={current.run.id} upload={current} report={found} />}
        {tab === "downloads" && <DownloadsTab upload={current} />}
      </div>
    </>
  );
}

function EndNotice({ upload: current }: { upload: Upload }) {
  const again = () => {
    reprocess(current.run.settings).catch((error: unknown) => {
      failure.value = asFailure(error);
    });
  };
  const button = <button type="button" class="button button-small" onClick={again}>Process again</button>;
  if (current.state === "cancelled") {
    return (
      <div class="notice notice-quiet">
        <div class="notice-body">
          <p>Processing was cancelled. The original is kept until you delete this upload.</p>
          <div class="notice-actions">{button}</div>
        </div>
      </div>
    );
  }
  return (
    <div class="notice notice-error" role="alert">
      <div class="notice-body">
        <p class="notice-title">Processing failed</p>
        <p>{sentence(current.error?.detail ?? "something went wrong on the server")}</p>
        <p><span class="label">What to do</span> The original is safe. Process it again; if that fails too, tell the operator the upload id.</p>
        <p class="notice-meta"><span>Upload <code class="selectable">{current.id}</code></span>{current.error && <code>{current.error.code}</code>}</p>
        <div class="notice-actions">{button}</div>
      </div>
    </div>
  );
}

function UploadSkeleton() {
  return (
    <div class="upload" aria-busy="true">
      <h1 class="visually-hidden">Loading</h1>
      <div class="skeleton skeleton-title" />
      <div class="skeleton skeleton-banner" />
      <div class="skeleton skeleton-block" />
    </div>
  );
}
