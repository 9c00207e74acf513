import { fileURLToPath } from 'node:url';

import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.TOCSIN_URL ?? 'http://127.0.0.1:8080';

const proxy = { '/api': server, '/ws': { target: server, ws: true } };

export default defineConfig({
  // Assets are named relative to the page, so that it works under any sub-path.
  base: './',
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: { target: 'es2022', modulePreload: { polyfill: false } },
  server: { proxy },
  preview: { proxy },
});
