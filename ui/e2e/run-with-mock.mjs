// Runs the browser tests against the mock server, for work on the page alone.
import { serve } from "./mock-server.mjs";

const server = await serve(0);
process.env.BASE_URL = `http://127.0.0.1:${server.address().port}`;
process.env.MOCK = "1";
await import("./run.mjs");
