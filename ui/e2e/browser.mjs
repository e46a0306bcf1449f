// A browser for the tests: Debian's Chromium by default, CHROMIUM names another. Fails when there is none.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

export async function launch() {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found: install it (Debian: apt-get install chromium) or name it with CHROMIUM=/path");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

export const VIEWPORTS = { desktop: { width: 1360, height: 900 }, phone: { width: 360, height: 740 } };

/** A fresh page that remembers everything that must not happen: other hosts, console errors, uncaught errors. */
export async function newPage(browser, base, { viewport = VIEWPORTS.desktop, scheme = "light", touch = false } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, hasTouch: touch, deviceScaleFactor: 1, acceptDownloads: true, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  const host = new URL(base).host;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.host !== host) faults.push(`request to another host: ${request.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught error: ${error.message}`));
  page.on("console", (message) => {
    // the browser logs each refused request; the tests that provoke one look at the page itself
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(`console: ${message.text()}`);
  });
  return { page, context, faults };
}
