import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './freePort.mjs';

const program = ['/usr/sbin/Orthanc', '/usr/local/sbin/Orthanc'].find(existsSync);
const plugins = ['/usr/share/orthanc/plugins', '/usr/local/share/orthanc/plugins'].filter(existsSync);

export const hasOrthanc = program !== undefined && plugins.length > 0;

/** A real Orthanc with DICOMweb on free ports of loopback, its storage in `folder`; the caller ends `child`. */
export async function startOrthanc(folder) {
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const store = mkdtempSync(join(folder, 'orthanc-'));
  const settings = {
    StorageDirectory: store,
    IndexDirectory: store,
    HttpPort: httpPort,
    DicomPort: dicomPort,
    DicomAet: 'ORTHANC',
    RemoteAccessAllowed: false, // then it listens on loopback alone
    AuthenticationEnabled: false,
    Plugins: plugins,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  };
  writeFileSync(join(store, 'orthanc.json'), JSON.stringify(settings));
  const child = spawn(program ?? 'Orthanc', [join(store, 'orthanc.json')], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${httpPort}`;
  await answering(`${url}/system`);
  const dicom = { host: '127.0.0.1', port: dicomPort, calledAeTitle: 'ORTHANC', callingAeTitle: 'BENCH' };
  return { child, url, dicom };
}

/** Waits for a server that starts. @throws after a minute. */
export async function answering(url, headers = {}) {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const answer = await fetch(url, { headers }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer`);
}

/** The series identifiers, Orthanc's own, of a study's structured reports. */
export async function findReports(orthanc, uid) {
  const found = await fetch(`${orthanc.url}/tools/find`, {
    method: 'POST',
    body: JSON.stringify({ Level: 'Instance', Query: { StudyInstanceUID: uid, Modality: 'SR' } }),
  });
  return found.json();
}
