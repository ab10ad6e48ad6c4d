import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Bundles the query editor, so that a browser needs nothing but the gateway itself. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/ide', import.meta.url)),
    emptyOutDir: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 8_000,
  },
});
