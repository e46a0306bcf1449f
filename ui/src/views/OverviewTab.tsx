// The finding, the facts, the account of all records, and the columns with their profiles.
import type { Report, Upload } from "../api/types";
import { dataRecords } from "../lib/data-records";
import { bytes } from "../lib/format";
import { uploadPath } from "../state/router";
import { ColumnTable } from "../components/ColumnTable";
import { CountsBar } from "../components/CountsBar";
import { FactStrip } from "../components/FactStrip";
import { Link } from "../components/Link";
import { VerdictBanner } from "../components/VerdictBanner";

export function OverviewTab({ upload, report }: { upload: Upload; report: Report }) {
  return (
    <div class="overview">
      <VerdictBanner upload={upload} report={report} />
      {report.columns.length > 0 ? (
        <>
          <FactStrip upload={upload} report={report} />
          <CountsBar counts={report.counts} />
          <ColumnTable columns={report.columns} records={dataRecords(report.counts)} />
        </>
      ) : (
        <div class="card quiet-card no-columns">
          <p>No columns were found in these {bytes(upload.size_bytes)}. If it is a table after all, say how to read it.</p>
          <Link class="button" href={uploadPath(upload.id, { tab: "reading" })}>Choose encoding and delimiter</Link>
        </div>
      )}
    </div>
  );
}
