import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../setup/freePorts.js';
import { patience } from '../setup/patience.js';

const PLUGINS = [
  '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
  '/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so',
];
const plugin = process.env.ORTHANC_DICOMWEB ?? PLUGINS.find((path) => existsSync(path));
const program = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'Orthanc'))
  .find((path) => existsSync(path));

export const hasOrthanc = plugin !== undefined && program !== undefined;

export type Orthanc = {
  /** REST root, without credentials. */
  url: string;
  dicomWebUrl: string;
  /** The DICOM port and AE title. */
  dicomPort: number;
  aeTitle: string;
  /** Stores DICOM files; the archive's answer to each. */
  upload(paths: readonly string[]): Promise<void>;
  stop(): Promise<void>;
};

export type OrthancOptions = {
  /** With these, requests without them are refused. */
  username?: string;
  password?: string;
  /** The DICOM port of a MRIMaster, which it may send to as `us`. */
  sendsTo?: number;
  /** Merged into Orthanc's configuration. */
  configuration?: Record<string, unknown>;
};

/** Starts a real Orthanc on free loopback ports, its storage in a new temporary folder that `stop` deletes. */
export async function startOrthanc({
  username,
  password = '',
  sendsTo,
  configuration = {},
}: OrthancOptions = {}): Promise<Orthanc> {
  if (!program || !plugin) throw new Error('Orthanc or its DICOMweb plugin is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'orthanc-'));
  const [httpPort, dicomPort] = await freePorts(2);
  const aeTitle = 'ORTHANCTEST';
  const settings = {
    Name: 'test',
    StorageDirectory: join(folder, 'storage'),
    IndexDirectory: join(folder, 'index'),
    Plugins: [plugin],
    HttpPort: httpPort,
    DicomPort: dicomPort,
    DicomAet: aeTitle,
    // Without remote access Orthanc listens on loopback alone.
    RemoteAccessAllowed: false,
    AuthenticationEnabled: username !== undefined,
    RegisteredUsers: username === undefined ? {} : { [username]: password },
    OverwriteInstances: false,
    ConcurrentJobs: 1,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
    ...(sendsTo !== undefined && { DicomModalities: { us: ['MRIMASTER', '127.0.0.1', sendsTo] } }),
    ...configuration,
  };
  const file = join(folder, 'orthanc.json');
  await writeFile(file, JSON.stringify(settings));
  const child = spawn(program, [file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000);
  });
  const url = `http://127.0.0.1:${httpPort}`;
  const headers: Record<string, string> =
    username === undefined
      ? {}
      : { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(child, `${url}/system`, headers, () => log);
  } catch (error) {
    await stop();
    throw error;
  }
  const upload = async (paths: readonly string[]) => {
    for (const path of paths) {
      const response = await fetch(`${url}/instances`, { method: 'POST', headers, body: await readFile(path) });
      if (!response.ok) throw new Error(`Orthanc answered ${response.status} to ${path}`);
      await response.arrayBuffer();
    }
  };
  return { url, dicomWebUrl: `${url}/dicom-web`, dicomPort: dicomPort as number, aeTitle, upload, stop };
}

async function untilReady(child: ChildProcess, url: string, headers: Record<string, string>, log: () => string) {
  for (const deadline = Date.now() + patience(60_000); Date.now() < deadline; ) {
    if (child.exitCode !== null) throw new Error(`Orthanc stopped at start:\n${log()}`);
    const response = await fetch(url, { headers }).catch(() => null);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error(`Orthanc did not answer in time:\n${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}
