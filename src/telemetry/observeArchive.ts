import type { Archive, StoredFile } from '../pacs/archive.js';
import type { Metrics } from './metrics.js';
import { codeOf, timed } from './outcome.js';
import type { Tracing } from './tracing.js';

/** Wraps an archive: its requests are timed, by the archive's name and by how each ended. */
export function observeArchive(archive: Archive, { archiveSeconds }: Metrics, tracing: Tracing): Archive {
  const { name } = archive.settings;
  const count = (request: string) => (outcome: string, seconds: number) =>
    archiveSeconds.observe({ archive: name, request, outcome }, seconds);
  const spanOf = (request: string) => [`archive ${request}`, { 'mrimaster.archive': name }] as const;
  const ask = <T>(request: string, work: () => Promise<T>, judge?: (result: T) => string) =>
    tracing.span(...spanOf(request), () => timed(work, count(request), judge));
  const { retrieveStudy, moveStudy } = archive;

  /** Lasts until the last object. A reader that stops earlier counts as a success. */
  async function* pull(...wanted: Parameters<NonNullable<Archive['retrieveStudy']>>) {
    const began = performance.now();
    const span = tracing.start(...spanOf('retrieve'));
    let outcome = 'OK';
    try {
      if (retrieveStudy) yield* retrieveStudy(...wanted);
    } catch (error) {
      outcome = codeOf(error);
      throw error;
    } finally {
      count('retrieve')(outcome, (performance.now() - began) / 1000);
      span.end(outcome);
    }
  }

  return {
    ...archive,
    check: () => ask('check', () => archive.check()),
    searchForStudies: (query) => ask('search', () => archive.searchForStudies(query)),
    listInstances: (uid) => ask('list', () => archive.listInstances(uid)),
    ...(retrieveStudy && { retrieveStudy: pull }),
    ...(moveStudy && { moveStudy: (...wanted) => ask('move', () => moveStudy(...wanted)) }),
    storeInstances: (paths, signal) => ask('store', () => archive.storeInstances(paths, signal), failureOf),
  };
}

const failureOf = (files: StoredFile[]) => files.find(({ failure }) => failure)?.failure?.code ?? 'OK';
