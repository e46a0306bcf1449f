// The whole way without a mouse.
import { newPage } from "./browser.mjs";
import { assert, noFaults, step, waitText } from "./check.mjs";

export const name = "keyboard";

export async function run({ browser, base }) {
  const { page, context, faults } = await newPage(browser, base);
  const press = (key) => page.keyboard.press(key);
  const focused = () => page.evaluate(() => {
    const element = document.activeElement;
    return `${element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? ""}`;
  });
  /** Goes on with Tab until the focus is where it should be; the order must lead there within some steps. */
  const tabTo = async (test, limit = 40, key = "Tab") => {
    for (let at = 0; at < limit; at += 1) {
      await press(key);
      if (test(await focused())) return;
    }
    assert.fail(`no focus for ${test} within ${limit} steps, last was "${await focused()}"`);
  };

  await step("the skip link comes first and leads to the content", async () => {
    await page.goto(base);
    await page.waitForSelector(".drop-zone");
    await press("Tab");
    assert.equal(await focused(), "Skip to the content");
    await press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  });

  await step("paste a file with the keyboard", async () => {
    await tabTo((text) => text === "Choose a file", 3);
    await tabTo((text) => text === "Paste text", 1);
    await press("Enter");
    await page.waitForSelector("dialog[open]");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "paste-text");
    await press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    assert.equal(await focused(), "Paste text");
    await press("Enter");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.insertText(`id,amount\n${Array.from({ length: 200 }, (_, n) => `${n + 1},${n === 150 ? "many" : n * 3}`).join("\n")}\n`);
    await tabTo((text) => text === "Check this text", 3);
    await press("Enter");
    await waitText(page, "h1", "pasted.csv");
    await page.waitForSelector(".facts");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  });

  await step("tabs move by arrows", async () => {
    await tabTo((text) => text === "Overview", 8);
    await press("ArrowRight");
    assert.equal(await focused(), "Records");
    await page.waitForSelector(".grid");
  });

  await step("the table is read by arrows", async () => {
    await tabTo((text) => text === "All records", 10);
    const activeIs = (text) => page.waitForFunction((wanted) =>
      document.getElementById(document.activeElement?.getAttribute("aria-activedescendant") ?? "")?.textContent === wanted, text);
    await activeIs("1");
    await press("ArrowDown");
    await press("ArrowRight");
    await activeIs("3");
    await press("Control+End");
    await waitText(page, ".inspector", "record 200");
    await press("Control+Home");
    await press("PageDown");
    await press("End");
    await page.waitForFunction(() => document.querySelector(".inspector")?.textContent?.includes("amount"));
  });

  await step("to the problem and back by keys", async () => {
    await tabTo((text) => text === "Next problem", 10, "Shift+Tab");
    await press("Enter");
    await waitText(page, ".inspector", "record 151");
    assert.equal(await focused(), "All records");
    await page.waitForFunction(() => document.getElementById(document.activeElement?.getAttribute("aria-activedescendant") ?? "")?.textContent?.includes("problem: expected"));
  });

  await step("delete with the keyboard", async () => {
    await tabTo((text) => text === "Delete", 30, "Shift+Tab");
    await press("Enter");
    await page.waitForSelector("dialog[open]");
    await tabTo((text) => text === "Delete", 4);
    await press("Enter");
    await page.waitForURL(`${base}/`);
    await page.waitForFunction(() => document.activeElement?.id === "main");
  });

  noFaults(faults);
  await context.close();
}
