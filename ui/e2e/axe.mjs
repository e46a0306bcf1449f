// Every state of the page in light, dark and at phone width: no violation that axe can find, no sideways scrolling,
// and a picture of it when SHOTS_DIR is set.
import { mkdir } from "node:fs/promises";
import { AxeBuilder } from "@axe-core/playwright";
import { newPage, VIEWPORTS } from "./browser.mjs";
import { assert, choose, MOCK, noFaults, openSample, openTab, PNG, step, waitText } from "./check.mjs";

export const name = "axe";

const LOOKS = {
  desktop: { viewport: VIEWPORTS.desktop },
  dark: { viewport: VIEWPORTS.desktop, scheme: "dark" },
  phone: { viewport: VIEWPORTS.phone, touch: true },
  "phone-dark": { viewport: VIEWPORTS.phone, touch: true, scheme: "dark" },
};

const tab = (name, then) => async (page) => {
  await openTab(page, name);
  await then?.(page);
};

/** States in the order in which they are visited; each goes on from the one before. */
function states(base) {
  return [
    ["start", async (page) => { await page.goto(base); await page.waitForSelector(".upload-list, .quiet-card"); }],
    ["paste", async (page) => { await page.click("text=Paste text"); await page.fill("#paste-text", "a,b\n1,2\n"); }],
    ["clean", async (page) => { await openSample(page, base, "A clean file"); }],
    ["overview", async (page) => { await openSample(page, base, "A broken file"); }],
    ["column", async (page) => { await page.click(".disclosure:has-text('unit_price')"); await page.waitForSelector(".column-detail"); }],
    ["records", tab("Records", async (page) => { await page.click("text=Next problem"); await page.waitForSelector(".grid-bad.grid-active"); await page.waitForSelector(".inspector-problems"); })],
    ["problems", tab("Problems", async (page) => { await page.waitForSelector(".problem-row"); })],
    ["reading", tab("Reading")],
    ["reading-error", async (page) => { await page.fill("#setting-headerRows", "x"); await page.click("text=Process again"); await page.waitForSelector(".field-error"); }],
    ["downloads", tab("Downloads")],
    ["delete", async (page) => { await page.click(".upload-actions >> text=Delete"); await page.waitForSelector("dialog[open]"); }],
    ["list", async (page) => { await page.goto(base); await page.waitForSelector(".upload-row"); }],
    ["refused", async (page) => { await choose(page, "picture.csv", PNG); await waitText(page, "main", "Not a CSV file"); }],
    ["gone", async (page) => { await page.goto(`${base}/uploads/01900000-0000-7000-8000-000000000000`); await page.waitForSelector(".notice-error"); }],
    ["nowhere", async (page) => { await page.goto(`${base}/uploads/no/such/page`); await waitText(page, "h1", "nothing at this address"); }],
    ...(MOCK ? [["processing", async (page) => { await page.goto(base); await choose(page, "slow.csv", "a,b\n1,2\n"); await page.waitForSelector(".processing"); }]] : []),
  ];
}

export async function run({ browser, base, shotsDir }) {
  if (shotsDir) await mkdir(shotsDir, { recursive: true });
  for (const [look, options] of Object.entries(LOOKS)) {
    const { page, context, faults } = await newPage(browser, base, options);
    await step(`${look}: no violations`, async () => {
      for (const [state, reach] of states(base)) {
        await reach(page);
        await check(page, `${look}, ${state}`, options.viewport.width);
        if (shotsDir) await page.screenshot({ path: `${shotsDir}/${look}-${state}.png`, fullPage: look.startsWith("phone") || state !== "records" });
      }
    });
    noFaults(faults);
    await context.close();
  }
}

async function check(page, where, width) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")}`);
  assert.deepEqual(found, [], `axe in ${where}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${where} is ${wide} pixels wide, the screen has ${width}`);
}
