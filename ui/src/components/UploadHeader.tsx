// Name of the upload, when it came, and what can be done with it as a whole.
import { useState } from "preact/hooks";
import type { Upload } from "../api/types";
import { dataRecords } from "../lib/data-records";
import { ago, dateTime, plural } from "../lib/format";
import { navigate } from "../state/router";
import { ConfirmDelete } from "./ConfirmDelete";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { StateBadge } from "./StateBadge";

export function UploadHeader({ upload }: { upload: Upload }) {
  const [asking, setAsking] = useState(false);
  const parquet = upload.files.find((file) => file.name === "clean.parquet");
  return (
    <header class="upload-header">
      <div class="upload-heading">
        <Link class="back-link" href="/"><Icon name="back" size={16} />All uploads</Link>
        <div class="upload-title">
          <h1 class="break">{upload.name}</h1>
          <StateBadge upload={upload} />
        </div>
        <p class="muted">
          Uploaded <time dateTime={upload.created_at} title={dateTime(upload.created_at)}>{ago(upload.created_at)}</time>
          {upload.summary && <> · {plural(dataRecords(upload.summary), "record")}, {plural(upload.summary.columns, "column")}</>}
          {upload.run.number > 1 && <> · run {upload.run.number}</>}
        </p>
      </div>
      <div class="upload-actions">
        {parquet && (
          <a class="button button-primary" href={parquet.href} download><Icon name="download" size={16} />Clean Parquet</a>
        )}
        <button type="button" class="button" onClick={() => setAsking(true)}><Icon name="trash" size={16} />Delete</button>
      </div>
      {asking && <ConfirmDelete upload={upload} close={() => setAsking(false)} deleted={() => navigate("/")} />}
    </header>
  );
}
