// How the file was read, why, and the panel to read it another way.
import { useState } from "preact/hooks";
import { isActive } from "../api/events";
import { asFailure, type ApiFailure } from "../api/failure";
import type { Report, Upload } from "../api/types";
import { ColumnTypesForm } from "../components/ColumnTypesForm";
import { FailureNotice } from "../components/FailureNotice";
import { HowItWasRead } from "../components/HowItWasRead";
import { Icon } from "../components/Icon";
import { SettingsFields } from "../components/SettingsFields";
import { formErrors, formFrom, overrideCount, settingsFrom, type SettingsForm } from "../lib/settings-form";
import { plural } from "../lib/format";
import { reprocess } from "../state/current";

export function ReadingTab({ upload, report }: { upload: Upload; report: Report }) {
  const before = upload.run.settings;
  const [form, setForm] = useState<SettingsForm>(() => formFrom(before));
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const [showErrors, setShowErrors] = useState(false);
  const errors = formErrors(form);
  const settings = settingsFrom(form, before);
  const changed = JSON.stringify(settings) !== JSON.stringify(settingsFrom(formFrom(before), before));
  const overrides = overrideCount(settings);
  const busy = isActive(upload.state);

  const change = (values: Partial<SettingsForm>) => setForm((old) => ({ ...old, ...values }));
  const submit = async (event: Event) => {
    event.preventDefault();
    setShowErrors(true);
    const first = Object.keys(errors)[0];
    if (first !== undefined) {
      document.getElementById(`setting-${first}`)?.focus();
      return;
    }
    try {
      setFailure(null);
      await reprocess(settings);
      window.scrollTo({ top: 0 });
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <div class="reading">
      <HowItWasRead report={report} />
      <form class="card reading-form" onSubmit={(event) => void submit(event)} noValidate aria-labelledby="reading-title">
        <h2 id="reading-title">Read it another way</h2>
        <p class="muted">Set only what is wrong. Everything left on automatic is found out again. The original stays as it is.</p>
        <SettingsFields form={form} report={report} errors={showErrors ? errors : {}} change={change} />
        {report.columns.length > 0 && <ColumnTypesForm form={form} columns={report.columns} change={change} />}
        {failure && <FailureNotice failure={failure} />}
        <div class="reading-submit">
          <button type="submit" class="button button-primary" disabled={busy}><Icon name="redo" size={16} />Process again</button>
          <button type="button" class="button" disabled={overrides === 0} onClick={() => setForm(formFrom({}))}>All automatic</button>
          <span class="muted" role="status">{busy ? "processing" : `${overrides === 0 ? "all automatic" : plural(overrides, "setting")}${changed ? ", not applied yet" : ""}`}</span>
        </div>
      </form>
    </div>
  );
}
