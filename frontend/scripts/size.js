// Fails when what the browser loads first grows beyond the promise. First load: the page, its
// scripts and styles, everything those import statically, and the same for the first screen.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 300;
const read = (name) => readFileSync(new URL(`../dist/${name}`, import.meta.url), 'utf8');
const first = new Set(['index.html']);

function follow(name) {
  if (first.has(name)) return;
  first.add(name);
  const imports = read(name).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g);
  for (const [, file] of imports) follow(`assets/${file}`);
}

for (const [, name] of read('index.html').matchAll(/(?:src|href)="\.\/([^"]+)"/g)) follow(name);

const all = readdirSync(new URL('../dist/assets', import.meta.url)).map((name) => `assets/${name}`);
follow(all.find((name) => name.startsWith('assets/home-page-') && name.endsWith('.js')));

const size = (name) => gzipSync(read(name), { level: 9 }).length / 1000;
const sum = (names) => names.reduce((total, name) => total + size(name), 0);
const firstLoad = sum([...first]);

for (const name of [...first, ...all.filter((name) => !first.has(name))])
  console.log(`${size(name).toFixed(1).padStart(7)} kB  ${first.has(name) ? 'first' : 'later'}  ${name}`);
console.log(`first load ${firstLoad.toFixed(1)} kB gzip of at most ${LIMIT_KB} kB; everything ${sum(all).toFixed(1)} kB`);
if (firstLoad > LIMIT_KB) process.exit(1);
