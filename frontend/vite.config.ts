/// <reference types="vitest/config" />
// How the page is built, served while developing, and tested.

import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.SWITCHBOARD_URL ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  // An inlined asset would be a data: URL, which a strict Content-Security-Policy refuses.
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
  },
});
