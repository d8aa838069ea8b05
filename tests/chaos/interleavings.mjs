// Arrivals in every order: instances reach us and an archive, again, late and out of order, looks are cut short and jobs end
// in between. The database and the queue are real; the archive is a set in memory, because what matters is when it answers.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacsUnreachable } from '../../dist/errors/errors.js';
import { recordInstance } from '../../dist/intake/recordInstance.js';
import { settleStudy } from '../../dist/intake/settleStudy.js';
import { createRandom } from '../fuzz/random.mjs';

const MOST_INSTANCES = 5;
const STEPS = 40;

/**
 * One study's life, decided by `seed`. `context`: without workers, its archives are replaced.
 * @returns what is wrong with it, an empty list where nothing is.
 */
export async function live(context, seed) {
  const random = createRandom(seed);
  const study = createStudy(context, seed, 1 + random.below(MOST_INSTANCES), random);
  for (let step = 0; step < STEPS; step++) await random.of(study.steps)();
  await study.rest();
  return study.complaints;
}

function createStudy(context, seed, size, random) {
  const uid = `1.2.${BigInt(`0x${createHash('sha256').update(String(seed)).digest('hex').slice(0, 24)}`)}`;
  const all = Array.from({ length: size }, (_, index) => `${uid}.${index + 1}`);
  const archived = new Set();
  const complaints = [];
  const archive = simulateArchive(context, uid, archived, random);
  const inContext = { ...context, archives: new Map([['archive', archive]]), log: { warn() {}, info() {} } };
  const { prisma } = context;
  const row = () => prisma.study.findUnique({ where: { studyInstanceUid: uid }, include: { jobs: true } });
  const here = async () =>
    (await prisma.instance.findMany({ where: { series: { study: { studyInstanceUid: uid } } } })).map(
      (one) => one.sopInstanceUid,
    );

  const arrive = () => record(inContext, uid, random.of(all), true);
  const archiveOne = async () => void archived.add(random.of(all));
  const look = async () => {
    const before = await row();
    if (before?.settleAt == null) return;
    const cut = new AbortController();
    if (random.once(8)) cut.abort(new Error('cut short'));
    await settleStudy(inContext, before, isOverdue(before), cut.signal).catch((error) => {
      if (!(error instanceof PacsUnreachable) && error.message !== 'cut short' && error.code !== 'STUDY_BUSY')
        throw error;
    });
    const after = await row();
    if (after.revision === before.revision || after.completenessState !== 'PROVEN') return;
    const missing = [...archived].filter((one) => !archive.seen.includes(one));
    const kept = await here();
    if (missing.length > 0 || [...archived].some((one) => !kept.includes(one)))
      complaints.push(`${seed}: PROVEN without ${missing}`);
  };
  const endJobs = async () => {
    const { jobs = [] } = (await row()) ?? {};
    for (const { id } of jobs.filter(({ status }) => status === 'QUEUED')) {
      await prisma.$executeRaw`DELETE FROM pgboss.job WHERE id = ${id}::uuid`;
      await prisma.job.update({ where: { id }, data: { status: 'SUCCEEDED' } });
    }
  };

  let late = false;
  const passDeadline = async () => {
    late = true;
    await prisma.study.updateMany({ where: { studyInstanceUid: uid }, data: { settleBy: new Date(0) } });
  };

  /** Everything has come everywhere, and nothing is in the way any more. */
  const rest = async () => {
    archive.faults = false;
    for (const one of all) archived.add(one);
    for (const one of all) await record(inContext, uid, one, true);
    for (let looks = 0; looks < 20; looks++) {
      await endJobs();
      const now = await row();
      if (now.settleAt === null) break;
      await settleStudy(inContext, now, isOverdue(now), new AbortController().signal);
    }
    const final = await row();
    const kept = await here();
    if (final.settleAt !== null) complaints.push(`${seed}: it does not settle`);
    if (kept.length !== size) complaints.push(`${seed}: ${size - kept.length} instances are lost`);
    if (final.revisionKey !== digest(kept)) complaints.push(`${seed}: the last revision is not of what is here`);
    // What was answered at its deadline stays provisional: nothing new came that would ask for another look.
    if (final.completenessState !== 'PROVEN' && !late) complaints.push(`${seed}: at rest, whole, and not PROVEN`);
    if (final.jobs.length !== final.revision)
      complaints.push(`${seed}: ${final.jobs.length} jobs for ${final.revision} revisions`);
  };
  const steps = [arrive, arrive, arrive, archiveOne, archiveOne, look, look, look, look, look, endJobs, endJobs];
  if (random.once(4)) steps.push(passDeadline);
  return { steps, rest, complaints };
}

function simulateArchive(context, uid, archived, random) {
  const archive = {
    faults: true,
    /** What it had when it was asked last. */
    seen: [],
    settings: { name: 'archive', kind: 'DICOMWEB', url: 'http://simulated' },
    searchForStudies: async () => {
      if (archive.faults && random.once(7)) throw new PacsUnreachable('away');
      archive.seen = [...archived];
      if (archived.size === 0) return [];
      const patient = { name: null, id: null, issuer: null, birthDate: null, sex: null };
      return [{ studyInstanceUid: uid, modalities: ['MR'], patient, numberOfInstances: archived.size }];
    },
    /** As C-MOVE does: the objects come by themselves; it may break off in the middle. */
    moveStudy: async () => {
      for (const one of [...archived]) {
        if (archive.faults && random.once(10)) throw new PacsUnreachable('broke off');
        await record(context, uid, one, false);
      }
      return { remaining: 0, completed: archived.size, failed: 0 };
    },
    listInstances: async () => {
      archive.seen = [...archived];
      return archive.seen;
    },
  };
  return archive;
}

function record(context, studyInstanceUid, sopInstanceUid, arriving) {
  const nobody = { name: null, id: null, issuer: null, birthDate: null, sex: null };
  const instance = {
    studyInstanceUid,
    seriesInstanceUid: `${studyInstanceUid}.0`,
    sopInstanceUid,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.4',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    patient: nobody,
    accessionNumber: null,
    studyDate: null,
    studyDescription: null,
    modality: 'MR',
    seriesDescription: null,
    seriesNumber: 1,
    instanceNumber: 1,
    bodyPartExamined: null,
    stationName: null,
    manufacturer: null,
    rows: null,
    columns: null,
    frames: [],
  };
  const received = { instance, path: `${sopInstanceUid}.dcm`, sha256: digest([sopInstanceUid]), bytes: 1 };
  return recordInstance(context, received, { pacs: null, sender: null, arriving });
}

/** As watchArrivals sees it. */
const isOverdue = ({ settleBy }) => settleBy !== null && settleBy.getTime() <= Date.now();

/** As settleStudy names a set of instances. */
function digest(uids) {
  return createHash('sha256')
    .update([...uids].sort().join('\n'))
    .digest('hex');
}

/** Lives `count` studies, `atOnce` at a time; complaints of all. */
export async function liveMany(context, count, atOnce, onProgress = () => {}) {
  const complaints = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < count; at = next++) {
      complaints.push(...(await live(context, `study ${at}`)));
      onProgress(at + 1);
      await sleep(0);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return complaints;
}
