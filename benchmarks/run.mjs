// `npm run bench -- NAME`: runs benchmarks/NAME.mjs on the program as built.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [name, ...options] = process.argv.slice(2);
const file = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
if (!name || !existsSync(file)) {
  const names = readdirSync(new URL('.', import.meta.url)).flatMap((entry) => /^(\w+)\.mjs$/.exec(entry)?.[1] ?? []);
  const runnable = names.filter((one) => !['run', 'compareMaps', 'encodeHtj2k'].includes(one));
  console.error(`Usage: npm run bench -- NAME, of: ${runnable.join(', ')}`);
  process.exit(1);
}
const build = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
const built = spawnSync(process.execPath, [build], { stdio: 'inherit' });
const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1' };
process.exit(built.status || (spawnSync(process.execPath, [file, ...options], { stdio: 'inherit', env }).status ?? 1));
