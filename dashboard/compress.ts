import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/**
 * Writes each built file a second time, compressed, so that a node compresses nothing; fails the build when all of them
 * together are larger than `most` bytes.
 */
export function compressed(directory: string, most: number): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      const total = filesBelow(directory).reduce((sum, file) => sum + compress(file), 0);
      if (total > most) throw new Error(`the dashboard has ${total} bytes compressed; at most ${most} are allowed`);
      console.log(`dashboard: ${total} bytes compressed, of ${most} allowed`);
    },
  };
}

/** Writes `file`.gz and returns its size. The same bytes for the same file: the header carries no time. */
function compress(file: string): number {
  const bytes = gzipSync(readFileSync(file), { level: 9 });
  bytes.fill(0, 4, 8);
  writeFileSync(`${file}.gz`, bytes);
  return bytes.length;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((file) => statSync(file).isFile() && !file.endsWith(".gz"))
    .sort();
}
