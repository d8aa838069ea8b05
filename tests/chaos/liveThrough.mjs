import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../benchmarks/setup/freePort.mjs';
import { startOrthanc } from '../../benchmarks/setup/orthanc.mjs';
import { writePhantomStudy } from '../../benchmarks/setup/phantomStudy.mjs';
import { storeInstances } from '../../dist/pacs/dimse/storeInstances.js';
import { phantomVolume } from '../../dist/sample/phantom.js';
import { createRandom } from '../fuzz/random.mjs';
import { judge } from './judge.mjs';
import { kill, startServer, untilItAnswers } from './server.mjs';

const SLICES = 12;
const LONGEST_PEACE_MS = 3000;
const LONGEST_FAULT_MS = 3000;

/**
 * Studies come in, one a round, to a server that settles, classifies and writes them back to a real Orthanc, while `openFault`
 * strikes and heals at random moments, and one round in `killOneIn` ends by kill -9. What was not acknowledged is sent
 * again, as an archive does.
 * @param openFault what is in the way: `env` for the server, `strike()`, `heal()`, `close()`.
 * @returns `complaints`; `recoveries`, the seconds from each heal or start to the first answer; `retried` jobs.
 */
export async function liveThrough(
  { name, open: openFault, killOneIn = 5 },
  folder,
  rounds,
  seed,
  onProgress = () => {},
) {
  const random = createRandom(`${name} ${seed}`);
  const head = phantomVolume(11, SLICES);
  const archive = await startOrthanc(folder);
  const fault = await openFault({ folder, random, archive });
  const dicomPort = await freePort();
  const env = { PACS_URL: `${archive.url}/dicom-web`, ...fault.env };
  const studies = [];
  const recoveries = [];
  let unsent = [];
  let server = null;
  try {
    for (let round = 0; round < rounds; round++) {
      if (server === null) {
        server = await startServer(folder, dicomPort, env);
        recoveries.push(server.seconds);
      }
      const study = writePhantomStudy(folder, `round-${round}`, head);
      for (const path of study.paths) await upload(archive, path);
      studies.push(study.uid);
      unsent.push(study);
      const sending = sendAll(dicomPort, unsent);
      await sleep(random.below(LONGEST_PEACE_MS));
      await fault.strike(server);
      await sleep(random.below(LONGEST_FAULT_MS));
      const killed = random.once(killOneIn);
      if (killed) await kill(server);
      await fault.heal();
      if (killed) server = null;
      else recoveries.push(await untilItAnswers(server));
      unsent = await sending;
      onProgress(round + 1);
    }
    server ??= await startServer(folder, dicomPort, env);
    unsent = await sendAll(dicomPort, unsent);
    const unacceptable = unsent.map(({ uid }) => `${uid}: it could not be sent to a server that nothing troubles`);
    const { complaints, retried } = await judge(server, archive, studies, SLICES);
    await kill(server, 'SIGTERM');
    return { complaints: [...unacceptable, ...complaints], recoveries, retried };
  } finally {
    if (server) await kill(server);
    await fault.close();
    archive.child.kill('SIGKILL');
    await once(archive.child, 'exit');
  }
}

/** Sends each until it is acknowledged, or refused, or the server is gone. @returns those that have to be sent again. */
async function sendAll(port, studies) {
  const unsent = [];
  for (const study of studies) {
    const peer = { host: '127.0.0.1', port, calledAeTitle: 'MRIMASTER', callingAeTitle: 'CHAOS', attempts: 1 };
    const stored = await storeInstances(peer, study.paths).catch(() => null);
    if (!stored || stored.some(({ failure }) => failure)) unsent.push(study);
  }
  return unsent;
}

async function upload({ url }, path) {
  const answer = await fetch(`${url}/instances`, { method: 'POST', body: readFileSync(path) });
  if (!answer.ok) throw new Error(`Orthanc answered ${answer.status}`);
  await answer.arrayBuffer();
}
