// Builds the page into dist/, which the server embeds. Nothing is inlined: the page runs under a strict
// content security policy without inline script or style.
import { defineConfig } from "vite";

const api = process.env["CSVP_URL"] ?? "http://127.0.0.1:3000";

export default defineConfig({
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: { "/api": api, "/docs": api, "/problems": api },
  },
});
