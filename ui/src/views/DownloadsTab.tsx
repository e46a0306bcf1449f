// Every file of the upload, with what it is for.
import type { Upload, UploadFile } from "../api/types";
import { Icon } from "../components/Icon";
import { bytes } from "../lib/format";

const WORDS: Record<string, { title: string; text: string }> = {
  "original": { title: "Original", text: "what you sent, byte for byte" },
  "clean.parquet": { title: "Clean data, Parquet", text: "typed and compressed, for DuckDB, pandas, Spark and warehouses" },
  "clean.csv": { title: "Clean data, CSV", text: "UTF-8, commas, one header row, accepted records only" },
  "clean.ndjson": { title: "Clean data, NDJSON", text: "one JSON object a line" },
  "rejects.csv": { title: "Records set aside", text: "in full, with the reason of each, to correct and send again" },
  "problems.csv": { title: "All problems", text: "the complete list with positions" },
  "report.json": { title: "Report", text: "everything this page shows, as JSON" },
};

const ORDER = Object.keys(WORDS);

export function DownloadsTab({ upload }: { upload: Upload }) {
  const files = [...upload.files].sort((a, b) => rank(a) - rank(b));
  return (
    <section aria-labelledby="downloads-title">
      <div class="section-head"><h2 id="downloads-title">Downloads</h2></div>
      <ul class="card download-list">{files.map((file) => <DownloadRow key={file.name} file={file} />)}</ul>
      <p class="muted digest">SHA-256 of the original <code class="selectable break">{upload.sha256}</code></p>
    </section>
  );
}

function DownloadRow({ file }: { file: UploadFile }) {
  const words = WORDS[file.name] ?? { title: file.name, text: file.media_type };
  return (
    <li class="download-row">
      <Icon name="file" class="upload-icon" />
      <div class="download-main">
        <p class="download-title">{words.title}</p>
        <p class="muted">{words.text}</p>
      </div>
      <span class="download-size">{bytes(file.size_bytes)}</span>
      <a class="button button-small" href={file.href} download aria-label={`Download ${words.title}`}><Icon name="download" size={16} /><span>Download</span></a>
    </li>
  );
}

function rank(file: UploadFile): number {
  const at = ORDER.indexOf(file.name);
  return at < 0 ? ORDER.length : at;
}
