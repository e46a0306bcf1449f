// What the tests share: steps with names, and assertions that say what was expected.
import assert from "node:assert/strict";

export const MOCK = process.env.MOCK === "1";

/** Runs one named step and says how long it took; a failed step ends the run with its name. */
export async function step(name, run) {
  const start = performance.now();
  try {
    await run();
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  console.log(`  ok ${name} (${Math.round(performance.now() - start)} ms)`);
}

export function noFaults(faults) {
  assert.deepEqual(faults, [], "the page must not log errors nor ask another host");
}

/** Chooses a file as a person would; content is text or bytes. */
export async function choose(page, name, content) {
  await page.setInputFiles("input[type=file]", { name, mimeType: "text/csv", buffer: Buffer.from(content) });
}

/** Uploads a sample from the start page and waits for its result. */
export async function openSample(page, base, title) {
  await page.goto(base);
  await page.click(`.sample-card:has-text("${title}")`);
  await page.waitForSelector(".facts");
}

export async function openTab(page, name) {
  await page.click(`role=tab[name=/^${name}/]`);
  await page.waitForSelector(`role=tab[name=/^${name}/][selected=true]`);
}

/** A fact of the overview by its name. */
export async function fact(page, name) {
  return (await page.textContent(`.fact:has(dt:text-is("${name}")) .fact-value`)).trim();
}

export async function waitText(page, selector, text) {
  await page.waitForSelector(`${selector}:has-text("${text}")`);
}

/** Rows of a table too tall for a browser when they are many. */
export function manyRows(rows) {
  const lines = ["n,parity,square"];
  for (let n = 1; n <= rows; n += 1) lines.push(`${n},${n % 2 === 0 ? "even" : "odd"},${n * 7}`);
  return `${lines.join("\n")}\n`;
}

/** The first bytes of a PNG, under a false name. */
export const PNG = Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452000000100000001008060000001ff3ff61", "hex"), Buffer.alloc(400, 0)]);

export { assert };
