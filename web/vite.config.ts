import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// `perilune serve` on its own port answers for the page while it is being worked on.
const api = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../src/perilune/service/static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 800,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": api } },
});
