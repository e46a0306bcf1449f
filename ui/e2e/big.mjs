// More records than a browser can make an element tall: both ends, the middle, small steps and jumps.
// BIG_ROWS sets the number (default 300,000). The mock server also pretends to ten million.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newPage } from "./browser.mjs";
import { assert, manyRows, MOCK, noFaults, openTab, step, waitText } from "./check.mjs";

export const name = "big";

export async function run({ browser, base }) {
  const rows = Number(process.env.BIG_ROWS ?? 300_000);
  await walk(browser, base, "many.csv", rows, rows);
  if (MOCK) await walk(browser, base, "ten-million.csv", 1_000, 10_000_000);
}

/** Uploads a file of so many rows and walks through the table of so many records. */
async function walk(browser, base, file, written, rows) {
  const { page, context, faults } = await newPage(browser, base);
  page.setDefaultTimeout(120_000);
  const folder = await mkdtemp(join(tmpdir(), "csvp-e2e-"));
  const visible = () => page.evaluate(() => {
    const grid = document.querySelector(".grid");
    const box = grid.getBoundingClientRect();
    return [...grid.querySelectorAll(".grid-row")].filter((row) => {
      const r = row.getBoundingClientRect();
      return r.top >= box.top + 52 - 1 && r.bottom <= box.bottom + 1;
    }).map((row) => Number(row.getAttribute("aria-rowindex")) - 1);
  });
  const scrollBy = (pixels) => page.evaluate((by) => { document.querySelector(".grid").scrollTop += by; }, pixels);
  const showsRecord = (n) => page.waitForSelector(`.grid-row[aria-rowindex="${n + 1}"]:has-text("${n}")`);

  await step(`${rows} records: upload and open`, async () => {
    await page.goto(base);
    // a file on disk, because the browser's driver takes no large buffers
    const path = join(folder, file);
    await writeFile(path, manyRows(written));
    await page.setInputFiles("input[type=file]", path);
    await page.waitForSelector(".facts");
    await openTab(page, "Records");
    assert.equal(await page.getAttribute(".grid", "aria-rowcount"), String(rows + 1));
    await showsRecord(1);
  });

  await step("the last record by keyboard", async () => {
    await page.focus(".grid");
    await page.keyboard.press("Control+End");
    await showsRecord(rows);
    await waitText(page, ".inspector", `record ${rows.toLocaleString("en-US")}`);
    assert.equal((await visible()).at(-1), rows);
  });

  await step("a jump of the scroll bar to the middle, then a step of the wheel", async () => {
    await page.evaluate(() => { const g = document.querySelector(".grid"); g.scrollTop = (g.scrollHeight - g.clientHeight) / 2; });
    await page.waitForFunction((half) => {
      const first = Number(document.querySelector(".grid-row")?.getAttribute("aria-rowindex"));
      return Math.abs(first - half) < half * 0.01;
    }, rows / 2);
    const before = (await visible())[0];
    await scrollBy(340);
    // 340 pixels are ten rows of 34, and they stay where they are when the native offset settles after the gesture
    await showsRecord(before + 10);
    await page.waitForFunction((since) => performance.now() - since > 400, await page.evaluate(() => performance.now()));
    assert.equal((await visible())[0], before + 10);
  });

  await step("every row that is shown is the right one", async () => {
    for (const record of [2, Math.round(rows / 3), Math.round(rows * 0.97), rows - 1]) {
      await page.fill("#go-to-record", String(record));
      await page.press("#go-to-record", "Enter");
      await waitText(page, ".inspector", `record ${record.toLocaleString("en-US")}`);
      await showsRecord(record);
      assert.ok((await visible()).includes(record), `record ${record} is on screen`);
    }
  });

  await step("few elements, whatever the number of records", async () => {
    assert.ok((await page.$$(".grid-row")).length < 80);
  });
  noFaults(faults);
  await context.close();
  await rm(folder, { recursive: true });
}
