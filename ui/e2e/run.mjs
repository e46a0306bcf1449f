// Runs the browser tests against a running server: BASE_URL=http://127.0.0.1:3000 npm run e2e
// SHOTS_DIR keeps pictures, REAL_DIR adds real files, ONLY picks suites by name (comma separated).
import { launch } from "./browser.mjs";
import * as axe from "./axe.mjs";
import * as big from "./big.mjs";
import * as flow from "./flow.mjs";
import * as keyboard from "./keyboard.mjs";
import * as real from "./real.mjs";

const base = process.env.BASE_URL?.replace(/\/$/, "");
if (!base) {
  console.error("BASE_URL is not set; it names the running server, for example http://127.0.0.1:3000");
  process.exit(2);
}
const only = process.env.ONLY?.split(",");
const suites = [axe, flow, keyboard, big, real].filter((suite) => !only || only.includes(suite.name));
const browser = await launch();
let failed = 0;
for (const suite of suites) {
  console.log(suite.name);
  try {
    await suite.run({ browser, base, shotsDir: process.env.SHOTS_DIR, realDir: process.env.REAL_DIR });
  } catch (error) {
    failed += 1;
    console.error(`  FAILED ${error.stack ?? error}`);
  }
}
await browser.close();
console.log(failed === 0 ? `${suites.length} suites passed` : `${failed} of ${suites.length} suites failed`);
process.exit(failed === 0 ? 0 : 1);
