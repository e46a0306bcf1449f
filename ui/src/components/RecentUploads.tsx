// The list of recent uploads: what became of each, open, delete.
import { useState } from "preact/hooks";
import type { Upload } from "../api/types";
import { isActive } from "../api/events";
import { dataRecords } from "../lib/data-records";
import { ago, bytes, count, dateTime, percent, plural } from "../lib/format";
import { uploadPath } from "../state/router";
import { listFailure, moreUploads, nextCursor, refreshUploads, uploads } from "../state/uploads";
import { ConfirmDelete } from "./ConfirmDelete";
import { FailureNotice } from "./FailureNotice";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { StateBadge } from "./StateBadge";

export function RecentUploads() {
  const [asking, setAsking] = useState<Upload | null>(null);
  const list = uploads.value;
  const done = () => {
    setAsking(null);
    document.getElementById("recent-title")?.focus();
  };
  return (
    <section class="section" aria-labelledby="recent-title">
      <div class="section-head"><h2 id="recent-title" tabIndex={-1}>Recent uploads</h2></div>
      {listFailure.value && (
        <FailureNotice failure={listFailure.value}>
          <button type="button" class="button button-small" onClick={() => void refreshUploads()}>Try again</button>
        </FailureNotice>
      )}
      {list === null && !listFailure.value && <ListSkeleton />}
      {list !== null && list.length === 0 && <p class="card quiet-card">Nothing yet. Files you send appear here and stay until you delete them.</p>}
      {list !== null && list.length > 0 && (
        <ul class="card upload-list">
          {list.map((upload) => <UploadRow key={upload.id} upload={upload} remove={() => setAsking(upload)} />)}
        </ul>
      )}
      {nextCursor.value !== null && <button type="button" class="button more" onClick={() => void moreUploads()}>Show more</button>}
      {asking && <ConfirmDelete upload={asking} close={() => setAsking(null)} deleted={done} />}
    </section>
  );
}

function UploadRow({ upload, remove }: { upload: Upload; remove: () => void }) {
  return (
    <li class="upload-row">
      <Icon name="file" class="upload-icon" />
      <div class="upload-main">
        <Link class="upload-name" href={uploadPath(upload.id)}>{upload.name}</Link>
        <p class="upload-facts">
          <span>{bytes(upload.size_bytes)}</span>
          {upload.summary && <span>{plural(dataRecords(upload.summary), "record")}, {plural(upload.summary.columns, "column")}</span>}
          {upload.summary && upload.summary.rejected > 0 && <span>{count(upload.summary.rejected)} set aside</span>}
          {isActive(upload.state) && <span>{percent(upload.progress.bytes_done, upload.progress.bytes_total)} done</span>}
          <time dateTime={upload.created_at} title={dateTime(upload.created_at)}>{ago(upload.created_at)}</time>
        </p>
      </div>
      <StateBadge upload={upload} />
      <button type="button" class="icon-button" onClick={remove} aria-label={`Delete ${upload.name}`} title="Delete"><Icon name="trash" /></button>
    </li>
  );
}

function ListSkeleton() {
  return (
    <div class="card upload-list" aria-hidden="true">
      {[0, 1, 2].map((row) => <div key={row} class="upload-row"><span class="skeleton skeleton-line" /></div>)}
    </div>
  );
}
