#!/usr/bin/env node
import { existsSync } from 'node:fs';

const program = new URL('../dist/src/cli/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error('Cardwake is not built yet: run "npm start" or "npm run build" first.');
  process.exitCode = 1;
}
