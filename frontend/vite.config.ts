/// <reference types="vitest/config" />
// Build, development server and tests of the page.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const server = process.env.SWITCHBOARD_URL ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  // Paths in the page are relative to its <base>, those in scripts and styles to their files: the
  // server may have a path prefix.
  base: './',
  // A small asset would be inlined as a data: URL, which the Content-Security-Policy refuses.
  build: { assetsInlineLimit: 0 },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/socket.io': { target: server, ws: true },
      '/v1': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: 'src/testing/setup.ts',
    restoreMocks: true,
    unstubGlobals: true,
    // Generous, since rendering is slow on a machine that runs other tests at the same time.
    testTimeout: 20_000,
  },
});

/** Writes a .br and a .gz beside every file that shrinks by it: the server does not compress. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir }) {
      const entries = readdirSync(dir ?? '.', { recursive: true, withFileTypes: true });
      for (const file of entries.filter((entry) => entry.isFile())) {
        const path = join(file.parentPath, file.name);
        const content = readFileSync(path);
        // The highest levels, 11 and 9, since a build compresses once.
        const twins = { br: brotliCompressSync(content), gz: gzipSync(content, { level: 9 }) };
        for (const [suffix, twin] of Object.entries(twins)) {
          if (twin.length < content.length) writeFileSync(`${path}.${suffix}`, twin);
        }
      }
    },
  };
}
