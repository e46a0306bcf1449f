// The ways of a person through the page: send, look, correct, take away, delete.
import { readFile } from "node:fs/promises";
import { newPage } from "./browser.mjs";
import { assert, choose, fact, MOCK, noFaults, openSample, openTab, PNG, step, waitText } from "./check.mjs";

export const name = "flow";

export async function run({ browser, base }) {
  const { page, context, faults } = await newPage(browser, base);

  await step("a clean sample is clean", async () => {
    await openSample(page, base, "A clean file");
    await waitText(page, ".verdict h2", "Clean");
    assert.equal(await fact(page, "Records"), "180");
    assert.equal(await fact(page, "Columns"), "10");
    assert.equal(await fact(page, "Encoding"), "UTF-8");
    const types = await page.$$eval(".column-row .type-tag", (tags) => tags.map((tag) => tag.textContent));
    assert.deepEqual(types.slice(0, 2).concat(types[5], types[6], types[8]), ["integer", "date", "integer", "decimal", "boolean"]);
    assert.ok((await page.$$(".column-row svg[role=img]")).length >= 4, "numbers have a histogram");
  });

  await step("a column opens to its profile", async () => {
    await page.click(".disclosure:has-text('unit_price')");
    await waitText(page, ".column-detail", "Median");
  });

  await step("an export from Europe is understood", async () => {
    await openSample(page, base, "An export from Europe");
    assert.equal(await fact(page, "Encoding"), "windows-1252");
    assert.match(await fact(page, "Delimiter"), /^semicolon/);
    assert.equal(await fact(page, "Records"), "120");
    await openTab(page, "Records");
    await waitText(page, ".grid-row", "Brême");
  });

  let broken = "";
  await step("a broken sample shows its problems", async () => {
    await openSample(page, base, "A broken file");
    broken = page.url();
    assert.match(await page.textContent(".verdict"), /set aside/);
    await page.click("text=See the problems");
    await page.waitForSelector(".problem-group");
    for (const code of ["type-mismatch", "field-count"]) assert.ok(await page.$(`.problem-fix:has-text("${code}")`), `${code} is listed`);
  });

  await step("a problem leads to its cell", async () => {
    const group = page.locator(".problem-group", { hasText: "type-mismatch" });
    if ((await group.locator(".problem-toggle").getAttribute("aria-expanded")) === "false") await group.locator(".problem-toggle").click();
    await group.locator(".chip", { hasText: "unit_price" }).click();
    const row = group.locator(".problem-row", { hasText: "12,99 EUR" });
    assert.match(await row.textContent(), /line 18/);
    await row.getByText("Show").click();
    await page.waitForSelector(".grid-bad.grid-active:has-text('12,99 EUR')");
    assert.match(await page.textContent(".inspector"), /record 17.*line 18/s);
    assert.equal(await page.getAttribute(".grid-bad.grid-active", "aria-invalid"), "true");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("role")), "grid");
  });

  await step("the message of a bad cell shows on hover", async () => {
    await page.hover(".grid-bad:has-text('12,99 EUR')");
    await waitText(page, "[role=tooltip]", "expected");
  });

  await step("next problem and go to record", async () => {
    await page.click("text=Next problem");
    await page.waitForFunction(() => /record (3\d|58)/.test(document.querySelector(".inspector")?.textContent ?? ""));
    await page.fill("#go-to-record", "240");
    await page.press("#go-to-record", "Enter");
    await waitText(page, ".inspector", "record 240");
  });

  await step("another delimiter and process again", async () => {
    await openTab(page, "Reading");
    await page.selectOption("#setting-delimiter", ";");
    await page.click("text=Process again");
    await waitText(page, ".upload-header", "run 2");
    await openTab(page, "Overview");
    await page.waitForFunction(() => document.querySelector(".fact:nth-child(3)")?.textContent?.includes("semicolon"));
  });

  await step("back to automatic, progress by polling when events do not come", async () => {
    await page.route("**/events", (route) => route.abort());
    await openTab(page, "Reading");
    assert.equal(await page.inputValue("#setting-delimiter"), ";");
    await page.click("text=All automatic");
    await page.click("text=Process again");
    await waitText(page, ".upload-header", "run 3");
    await openTab(page, "Overview");
    await page.waitForFunction(() => document.querySelector(".fact:nth-child(3)")?.textContent?.includes("comma"));
    await page.unroute("**/events");
  });

  await step("wrong settings are said at the field", async () => {
    await openTab(page, "Reading");
    await page.fill("#setting-headerRows", "two");
    await page.click("text=Process again");
    await waitText(page, "#hint-headerRows", "whole number");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "setting-headerRows");
  });

  await step("unusual records are named on request", async () => {
    await page.goto(broken);
    await openTab(page, "Reading");
    await page.selectOption("#setting-unusual", "named");
    await page.click("text=Process again");
    await waitText(page, ".upload-header", "run 4");
    await openTab(page, "Reading");
    assert.equal(await page.inputValue("#setting-unusual"), "named");
    // The stand-in for the engine has no looks.
    if (!MOCK) {
      await openTab(page, "Problems");
      await page.waitForSelector('.problem-fix:has-text("row-unusual")');
    }
  });

  await step("an ambiguous date becomes a date when a person says so", async () => {
    await openSample(page, base, "An ambiguous file");
    const typeOf = (column) => page.textContent(`.column-row:has-text("${column}") .type-tag`);
    assert.equal(await typeOf("due"), "text");
    assert.equal(await typeOf("code"), "text");
    await openTab(page, "Reading");
    await page.selectOption("li:has(label:text-is('due')) select", "date");
    await page.fill("[aria-label='Format of due']", "%d/%m/%Y");
    await page.click("text=Process again");
    await waitText(page, ".upload-header", "run 2");
    await openTab(page, "Overview");
    await waitText(page, ".column-row:has-text('due') .type-tag", "date");
  });

  await step("the original downloads byte for byte", async () => {
    await page.goto(broken);
    await openTab(page, "Downloads");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("[aria-label='Download Original']")]);
    const got = await readFile(await download.path());
    const sent = await readFile(new URL("../samples/broken-orders.csv", import.meta.url));
    assert.ok(got.equals(sent), "the bytes are those that were sent");
    for (const file of ["Parquet", "CSV", "NDJSON"]) assert.ok(await page.$(`.download-row:has-text("Clean data, ${file}")`), file);
    assert.ok(await page.$(".download-row:has-text('Records set aside')"));
  });

  await step("drop and paste", async () => {
    await page.goto(base);
    await page.waitForSelector(".drop-zone");
    const files = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["a,b\n1,2\n3,4\n"], "dropped.csv", { type: "text/csv" }));
      return data;
    });
    await page.dispatchEvent("body", "drop", { dataTransfer: files });
    await waitText(page, "h1", "dropped.csv");
    await page.goto(base);
    await page.click("text=Paste text");
    await page.fill("#paste-text", "x;y\n1;2\n3;4\n");
    await page.click("text=Check this text");
    await waitText(page, "h1", "pasted.csv");
  });

  await step("several files at once stay on the list", async () => {
    await page.goto(base);
    await page.setInputFiles("input[type=file]", ["one.csv", "two.csv"].map((file) => ({ name: file, mimeType: "text/csv", buffer: Buffer.from("k,v\na,1\nb,2\n") })));
    await waitText(page, ".upload-name", "one.csv");
    await waitText(page, ".upload-name", "two.csv");
    assert.equal(new URL(page.url()).pathname, "/");
  });

  await step("hostile and empty files have a clear answer", async () => {
    await page.goto(base);
    await choose(page, "picture.csv", PNG);
    await waitText(page, "main", "Not a CSV file");
    await page.goto(base);
    await choose(page, "empty.csv", "");
    await page.waitForSelector(".verdict, .notice-error");
    await page.goto(base);
    await choose(page, "<img src=x onerror=alert(1)>.csv", "a,b\n<b>1</b>,2\n");
    await waitText(page, "h1", "<img src=x");
  });

  await step("delete asks and deletes", async () => {
    await page.goto(broken);
    await page.click(".upload-actions >> text=Delete");
    await page.click("dialog >> text=Keep it");
    await page.click(".upload-actions >> text=Delete");
    await page.click("dialog >> .button-danger");
    await page.waitForURL(`${base}/`);
    await page.goto(broken);
    await waitText(page, ".notice-error", "Upload not found");
    assert.match(await page.textContent(".notice-error"), /What to do.*Request/s);
  });

  await step("the theme is remembered", async () => {
    await page.goto(base);
    await page.click("[aria-label='Use the dark theme']");
    await page.reload();
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    await page.click("[aria-label='Use the light theme']");
  });

  noFaults(faults);
  await context.close();
  await sending(browser, base);
}

/** A slow line: progress, speed, cancel, a broken connection. */
async function sending(browser, base) {
  const { page, context, faults } = await newPage(browser, base);
  const session = await context.newCDPSession(page);
  const throttle = (uploadThroughput) => session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await session.send("Network.enable");
  const big = `a,b\n${"some,text\n".repeat(400_000)}`;

  await step("a slow upload shows progress and speed, and can be cancelled", async () => {
    await page.goto(base);
    await throttle(800_000);
    await choose(page, "cancelled.csv", big);
    await page.waitForFunction(() => /% of .*\/s/.test(document.querySelector(".transfer-facts")?.textContent ?? ""));
    await page.click("[aria-label='Cancel the upload of cancelled.csv']");
    await page.waitForSelector(".transfer", { state: "detached" });
    await page.waitForFunction(() => /cancelled/.test(document.querySelector("[role=status]")?.textContent ?? ""));
    await throttle(-1);
    await page.reload();
    await page.waitForSelector(".section");
    assert.equal(await page.$(".upload-name:text-is('cancelled.csv')"), null, "nothing of it was kept");
  });

  await step("a broken connection is told, and trying again works", async () => {
    await context.setOffline(true);
    await choose(page, "retry.csv", "a,b\n1,2\n");
    await waitText(page, ".notice-error", "No connection");
    await context.setOffline(false);
    await page.click("button:text-is('Try again')");
    await waitText(page, "h1", "retry.csv");
  });

  if (MOCK) {
    await step("live progress, cancel, process again", async () => {
      await page.goto(base);
      await choose(page, "slow.csv", big.slice(0, 4000));
      await waitText(page, ".processing", "Reading and checking");
      await page.click(".processing >> text=Cancel");
      await waitText(page, ".notice", "cancelled");
      await page.click("text=Process again");
      await page.waitForSelector(".processing");
      await page.waitForSelector(".facts");
    });
    await step("a full disk is told with its request id", async () => {
      await page.goto(base);
      await choose(page, "full.csv", "a,b\n");
      await waitText(page, ".notice-error", "Storage full");
      assert.match(await page.textContent(".notice-error"), /delete uploads.*Request/is);
    });
  }
  noFaults(faults);
  await context.close();
}
