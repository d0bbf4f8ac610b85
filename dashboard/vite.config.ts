import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { compressed } from "./compress";

const OUTPUT = fileURLToPath(new URL("../pacing_node/api/static", import.meta.url));

/** Relative addresses throughout, so that the dashboard works behind a proxy that puts a path before it. */
export default defineConfig({
  base: "./",
  plugins: [compressed(OUTPUT, 150_000)],
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"] },
});
