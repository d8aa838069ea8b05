// `npm run lock`, after every change of dependencies: writes into package-lock.json what npm has no setting for, and what
// `npm ci` of every version goes by. `npm run lock -- --check` only says what is missing.
//
// - npm 10, which comes with Node 20 and 22, knows no `allowScripts` and runs the install script of each package that is
//   marked. Those that we deny would download (onnxruntime-node, @prisma/engines) or advertise.
// - Packages that name a newer Node than we need, and that our tests run on the oldest one we support, would warn.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// pg-boss asks for Node 22.12, so that CommonJS may require it. We import it; Node 20.19 can do either.
const TESTED_HERE = ['pg-boss'];

const root = new URL('../', import.meta.url);
const path = fileURLToPath(new URL('package-lock.json', root));
const { allowScripts, engines } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const lock = JSON.parse(readFileSync(path, 'utf8'));

const amended = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (allowScripts[name] === false && entry.hasInstallScript) {
    delete entry.hasInstallScript;
    amended.push(`${place}: no install script`);
  }
  if (TESTED_HERE.includes(name) && entry.engines?.node !== engines.node) {
    entry.engines = { ...entry.engines, node: engines.node };
    amended.push(`${place}: Node ${engines.node}`);
  }
}

if (amended.length > 0 && process.argv.includes('--check')) {
  console.error(`package-lock.json lacks what \`npm run lock\` writes:\n${amended.join('\n')}`);
  process.exit(1);
}
if (amended.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(amended.join('\n') || 'package-lock.json has it all.');
