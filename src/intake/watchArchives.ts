import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { asLogged } from '../errors/asKnown.js';
import { Interrupted } from '../errors/errors.js';
import type { Archive, ArchiveSettings } from '../pacs/archive.js';
import { readChanges } from '../pacs/orthancChanges.js';
import { noteStudy } from './noteStudy.js';

const FEED_POLL_MS = 1000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Watches the archives that have a feed of changes or are searched, each by itself, as long as the program runs. */
export function watchArchives(context: Context): { close(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watching = [...context.archives.values()].flatMap((archive) => {
    const { settings } = archive;
    const { pollSeconds } = settings;
    return [
      ...(hasFeed(settings)
        ? [repeat(context, settings.name, () => followFeed(context, archive, settings), FEED_POLL_MS, signal)]
        : []),
      ...(pollSeconds
        ? [repeat(context, settings.name, () => searchAnew(context, archive), pollSeconds * 1000, signal)]
        : []),
    ];
  });
  return {
    close: async () => {
      stopping.abort(new Interrupted('MRIMaster was stopped.'));
      await Promise.all(watching);
    },
  };
}

type WithFeed = ArchiveSettings & { changesUrl: string };

function hasFeed(settings: ArchiveSettings): settings is WithFeed {
  return settings.changesUrl !== undefined;
}

/**
 * Reads one page of a feed of changes. The cursor moves in the transaction that notes the studies, so that none is lost
 * when the process ends in between. @returns whether the feed has more.
 */
async function followFeed(context: Context, archive: Archive, settings: WithFeed): Promise<boolean> {
  const { prisma } = context;
  const pacs = settings.name;
  const cursor = await prisma.archiveCursor.findUnique({ where: { pacs } });
  const { studyInstanceUids, last, more } = await readChanges(settings, Number(cursor?.last ?? 0));
  if (cursor && BigInt(last) === cursor.last) return more;
  const found = await Promise.all(
    studyInstanceUids.map((studyInstanceUid) => archive.searchForStudies({ studyInstanceUid })),
  );
  await prisma.$transaction(async (tx) => {
    for (const study of found.flat()) await noteStudy(context, tx, pacs, study);
    await tx.archiveCursor.upsert({ where: { pacs }, create: { pacs, last }, update: { last } });
  });
  return more;
}

/**
 * Notes studies of yesterday, today and tomorrow of which the archive counts other instances than at the last search.
 * The overlap finds what came late, and what an archive in another time zone dates otherwise.
 */
async function searchAnew(context: Context, archive: Archive): Promise<boolean> {
  const { prisma } = context;
  const pacs = archive.settings.name;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
  const found = await archive.searchForStudies({
    studyDate: `${day(Date.now() - DAY_MS)}-${day(Date.now() + DAY_MS)}`,
  });
  const known = await prisma.study.findMany({
    where: { studyInstanceUid: { in: found.map((one) => one.studyInstanceUid) } },
  });
  const byUid = new Map(known.map((study) => [study.studyInstanceUid, study]));
  for (const study of found) {
    const before = byUid.get(study.studyInstanceUid);
    // It is being settled already, or has nothing new.
    if (before && (before.settleAt !== null || before.expectedInstances === study.numberOfInstances)) continue;
    if (before?.revision === 0 && before.intakeCode !== null) continue; // a rule passed it over
    await prisma.$transaction((tx) => noteStudy(context, tx, pacs, study));
  }
  return false;
}

/**
 * Repeats `step`: at once while it says that there is more, else after `pauseMs`; less often while the archive is down.
 */
async function repeat(
  { log }: Context,
  archive: string,
  step: () => Promise<boolean>,
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    let pause = pauseMs;
    try {
      if (await step()) pause = 0;
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) log.warn({ archive, ...asLogged(error) }, 'An archive cannot be watched for now.');
      pause = Math.max(pauseMs, Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS));
    }
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}
