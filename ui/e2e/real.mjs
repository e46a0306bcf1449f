// Real files, uploaded in a real browser: counts must be those that an independent reader finds.
// REAL_DIR names the folder; its README.md holds the table `| file | bytes | data records | columns |`.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { newPage } from "./browser.mjs";
import { assert, fact, noFaults, openTab, step } from "./check.mjs";

export const name = "real";

export async function run({ browser, base, realDir }) {
  if (!realDir) {
    console.log("  REAL_DIR is not set: no real files in this run");
    return;
  }
  const table = await readFile(join(realDir, "README.md"), "utf8");
  const files = [...table.matchAll(/^\| (\S+\.csv) \| (\d+) \| (\d+) \| (\d+) \|/gm)];
  assert.ok(files.length > 0, `no table of files in ${realDir}/README.md`);
  const { page, context, faults } = await newPage(browser, base);
  page.setDefaultTimeout(180_000);
  for (const [, file, , records, columns] of files) {
    await step(`${file}: ${records} records, ${columns} columns`, async () => {
      await page.goto(base);
      await page.setInputFiles("input[type=file]", join(realDir, file));
      await page.waitForSelector(".facts");
      assert.equal(await fact(page, "Records"), Number(records).toLocaleString("en-US"));
      assert.equal(await fact(page, "Columns"), columns);
      await openTab(page, "Records");
      await page.focus(".grid");
      await page.keyboard.press("Control+End");
      await page.waitForSelector(`.grid-row[aria-rowindex="${Number(records) + 1}"] .grid-cell .grid-text`);
    });
  }
  noFaults(faults);
  await context.close();
}
