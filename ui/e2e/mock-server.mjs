// Serves dist/ and answers the HTTP contract from memory, for work on the page. PORT sets the port (default 4173).
// A file whose name begins with `slow` is processed over some seconds; `ten-million.csv` pretends to that many records.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { randomUUID } from "node:crypto";
import { analyse, sha256 } from "./mock-engine.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const MEDIA = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".csv": "text/csv" };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const uploads = new Map();
let sequence = 0;

const now = () => new Date().toISOString().replace("Z", "000Z");
const newId = () => `0190${(Date.now() * 1000 + (sequence += 1)).toString(16).padStart(14, "0").slice(-14)}${randomUUID()}`.replace(/-/g, "").slice(0, 32).replace(/(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, "$1-$2-7$3-8$4-$5");

function view(entry) {
  const { report, state, bytes, id } = entry;
  const base = `/api/v1/uploads/${id}`;
  const files = [["original", bytes.length, "application/octet-stream"]];
  if (report && state === "completed") for (const name of ["clean.parquet", "clean.csv", "clean.ndjson", "rejects.csv", "problems.csv", "report.json"]) files.push([name, Math.round(bytes.length * 0.4), "application/octet-stream"]);
  const c = report?.counts;
  return {
    id, name: entry.name, size_bytes: bytes.length, sha256: entry.sha256, state, created_at: entry.created, finished_at: entry.finished,
    run: { id: entry.runId, number: entry.run, started_at: entry.created, finished_at: entry.finished, processing_ms: entry.ms, settings: entry.settings },
    progress: entry.progress,
    summary: report ? { verdict: report.verdict, encoding: report.encoding.name, delimiter: report.dialect.delimiter, records: c.records, accepted: c.accepted, rejected: c.rejected, skipped: c.records - c.accepted - c.rejected, columns: report.columns.length, problems: report.problems.total, errors: report.problems.errors, warnings: report.problems.warnings } : null,
    error: state === "refused" ? { code: "not-csv", detail: "the uploaded bytes are no delimited text" } : null,
    files: files.map(([name, size_bytes, media_type]) => ({ name, size_bytes, media_type, href: `${base}/files/${name}` })),
    holds: [], keep_until: null,
    links: { self: base, report: `${base}/report`, records: `${base}/records`, problems: `${base}/problems`, events: `${base}/events` },
  };
}

function finish(entry, started) {
  const result = analyse(entry.bytes, entry.settings);
  Object.assign(entry, result, { state: result.report.verdict === "refused" ? "refused" : "completed", finished: now(), ms: Date.now() - started + 3 });
  entry.progress = { stage: "done", bytes_done: entry.bytes.length, bytes_total: entry.bytes.length, records: result.rows.length };
  if (entry.name === "ten-million.csv") { entry.total = 10_000_000; entry.report.counts.accepted = entry.total; entry.report.counts.records = entry.total; }
  for (const wake of entry.watchers) wake();
}

function start(entry) {
  const started = Date.now();
  Object.assign(entry, { state: "processing", runId: newId(), finished: null, ms: null, progress: { stage: "checking", bytes_done: 0, bytes_total: entry.bytes.length, records: 0 } });
  if (!entry.name.startsWith("slow") && entry.run === 1) return finish(entry, started);
  const steps = entry.name.startsWith("slow") ? 24 : 4;
  let at = 0;
  entry.timer = setInterval(() => {
    at += 1;
    if (at >= steps) { clearInterval(entry.timer); finish(entry, started); return; }
    entry.progress = { stage: at > steps * 0.7 ? "converting" : "checking", bytes_done: Math.round((entry.bytes.length * at) / steps), bytes_total: entry.bytes.length, records: at * 1234 };
    for (const wake of entry.watchers) wake();
  }, 150);
}

const body = async (request) => { const parts = []; for await (const part of request) parts.push(part); return Buffer.concat(parts); };

async function api(request, response, url) {
  const json = (status, value, headers = {}) => { response.writeHead(status, { "content-type": status >= 400 ? "application/problem+json" : "application/json", ...headers }); response.end(value === undefined ? "" : JSON.stringify(value)); };
  const fail = (status, code, title, detail) => json(status, { type: `/problems/${code}`, title, status, code, detail, instance: `/requests/${response.getHeader("x-request-id")}` });
  const [, , , , id, what, file] = url.pathname.split("/");
  if (url.pathname === "/api/v1/limits") return json(200, { max_upload_bytes: 5 * 2 ** 30, inline_bytes: 8 * 2 ** 20 });
  if (!url.pathname.startsWith("/api/v1/uploads")) return fail(404, "route-not-found", "No such address", `no route has the path \`${url.pathname}\``);
  if (id === undefined && request.method === "GET") {
    const all = [...uploads.values()].reverse();
    const from = Number(url.searchParams.get("cursor") ?? 0), limit = Number(url.searchParams.get("limit") ?? 50);
    return json(200, { items: all.slice(from, from + limit).map(view), next_cursor: from + limit < all.length ? String(from + limit) : null });
  }
  if (id === undefined && request.method === "POST") {
    const bytes = await body(request);
    const name = url.searchParams.get("name") ?? "upload.csv";
    if (name === "full.csv") return fail(507, "storage-full", "Storage full", "the data directory has reached its ceiling of 10.0 GiB");
    const entry = { id: newId(), name, bytes, sha256: sha256(bytes), created: now(), run: 1, settings: {}, watchers: new Set(), report: null };
    uploads.set(entry.id, entry);
    start(entry);
    return json(entry.state === "processing" ? 202 : 201, view(entry), { location: `/api/v1/uploads/${entry.id}` });
  }
  const entry = uploads.get(id);
  if (!entry) return fail(404, "upload-not-found", "Upload not found", `there is no upload \`${id}\``);
  if (what === undefined && request.method === "DELETE") { clearInterval(entry.timer); uploads.delete(id); response.writeHead(204).end(); return; }
  if (what === undefined) return json(200, view(entry));
  if (what === "cancel") {
    if (entry.state !== "processing") return fail(409, "upload-state-conflict", "Not possible in this state", "the upload is not being processed");
    clearInterval(entry.timer); entry.state = "cancelled"; for (const wake of entry.watchers) wake();
    return json(202, view(entry));
  }
  if (what === "events") return events(request, response, entry);
  if (what === "reprocess") { entry.settings = JSON.parse((await body(request)).toString() || "{}"); entry.run += 1; start(entry); return json(202, view(entry)); }
  if (what === "files") { response.writeHead(200, { "content-type": "application/octet-stream", "content-disposition": `attachment; filename="${file}"` }); response.end(file === "report.json" ? JSON.stringify(entry.report) : entry.bytes); return; }
  if (!entry.report) return fail(409, "upload-state-conflict", "Not possible in this state", "there is no report yet");
  if (what === "report") return json(200, entry.report);
  if (what === "records") return json(200, records(entry, Number(url.searchParams.get("offset") ?? 0), Number(url.searchParams.get("limit") ?? 100)));
  if (what === "problems") {
    const code = url.searchParams.get("code"), column = Number(url.searchParams.get("column") ?? 0);
    const found = entry.problems.filter((p) => (!code || p.code === code) && (!column || p.position.column?.number === column));
    const from = Number(url.searchParams.get("cursor") ?? 0), limit = Number(url.searchParams.get("limit") ?? 100);
    return json(200, { items: found.slice(from, from + limit), next_cursor: from + limit < found.length ? String(from + limit) : null, total: found.length });
  }
  return fail(404, "route-not-found", "No such address", `no route has the path \`${url.pathname}\``);
}

function records(entry, offset, limit) {
  const total = entry.total ?? entry.rows.length;
  const rows = [];
  for (let i = offset; i < Math.min(total, offset + limit); i += 1) {
    const row = entry.rows[i % entry.rows.length];
    rows.push(entry.total ? { ...row, record: i + 1, line: i + 2, cells: [String(i + 1), ...row.cells.slice(1)] } : row);
  }
  return { offset, total, columns: entry.report.columns.map(({ number, name, type }) => ({ number, name, type })), records: rows };
}

function events(request, response, entry) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const wake = () => {
    const active = entry.state === "processing" || entry.state === "queued";
    response.write(active ? `event: progress\ndata: ${JSON.stringify({ state: entry.state, progress: entry.progress })}\n\n` : `event: done\ndata: ${JSON.stringify(view(entry))}\n\n`);
    if (!active) { entry.watchers.delete(wake); response.end(); }
  };
  entry.watchers.add(wake);
  request.on("close", () => entry.watchers.delete(wake));
  wake();
}

async function asset(response, path) {
  const known = extname(path) in MEDIA;
  const file = known ? join(DIST, normalize(path)) : join(DIST, "index.html");
  try {
    const content = await readFile(file);
    response.writeHead(200, { "content-type": MEDIA[extname(file)] ?? "application/octet-stream" });
    response.end(content);
  } catch {
    response.writeHead(404).end("not found; run `npm run build` first");
  }
}

export function serve(port) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    response.setHeader("x-request-id", newId());
    response.setHeader("content-security-policy", CSP);
    response.setHeader("x-content-type-options", "nosniff");
    if (url.pathname.startsWith("/api/")) api(request, response, url).catch(() => response.destroy()); // the client went away
    else if (url.pathname.startsWith("/docs") || url.pathname.startsWith("/problems")) response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>docs</title><h1>docs</h1>");
    else void asset(response, url.pathname);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = await serve(Number(process.env.PORT ?? 4173));
  console.log(`mock server on http://127.0.0.1:${server.address().port}`);
}
