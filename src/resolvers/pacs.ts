import { createHash } from 'node:crypto';
import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { Forbidden, MrimasterError } from '../errors/errors.js';
import type { Study as StudyRow } from '../generated/prisma/client.js';
import { isoDate } from '../pacs/header/isoDate.js';
import type { StudyFound } from '../pacs/query/searchResults.js';
import type { StudyQuery } from '../pacs/query/studyQuery.js';
import { requireArchive } from '../pacs/requireArchive.js';
import { badInput, ForwardPageArgs, pageOf, pageSize, readCursor } from '../schema/connection.js';
import { Pacs, PacsHealth, PacsStudy, PacsStudyConnection, PacsStudyFilter } from '../schema/pacs.js';
import { Patient, Study } from '../schema/study.js';
import { showArchivedPatient } from './patient.js';
import { may, noteAccess, type Request } from './request.js';

const STUDIES_PER_PAGE = 20;
const MOST_PER_PAGE = 100;

@Resolver(() => Pacs)
export class PacsResolver {
  @Query(() => [Pacs], { description: 'Archives that are configured. The first one is the default.' })
  pacs(@Ctx() { context }: Request): Pacs[] {
    return [...context.archives.values()].map(({ settings, address }) => ({
      name: settings.name,
      protocol: settings.kind,
      address,
    }));
  }

  @FieldResolver(() => PacsHealth, {
    description: "The archive's answer to a search for one study or a C-ECHO, sent now.",
  })
  async health(@Root() { name }: Pacs, @Ctx() { context }: Request): Promise<PacsHealth> {
    const started = performance.now();
    const healthOf = (error: MrimasterError | null): PacsHealth => ({
      reachable: error === null,
      responseMs: performance.now() - started,
      errorCode: error?.code ?? null,
      error: error?.message ?? null,
    });
    try {
      await requireArchive(context, name).check();
      return healthOf(null);
    } catch (error) {
      if (error instanceof MrimasterError) return healthOf(error);
      throw error;
    }
  }

  @Query(() => PacsStudyConnection, {
    description: "Studies that an archive finds now by QIDO-RS or C-FIND, in the archive's order.",
  })
  async pacsStudies(
    @Arg('pacs', () => String, { nullable: true, description: 'Name of the archive. By default the first one.' }) pacs:
      | string
      | null,
    @Arg('filter', () => PacsStudyFilter, {
      nullable: true,
      description: 'Conditions that the studies must meet. By default all studies.',
    })
    filter: PacsStudyFilter | null,
    @Args() { first, after }: ForwardPageArgs,
    @Ctx() request: Request,
  ) {
    const { context } = request;
    // A search by name reveals whose study it finds, even if the answer does not show the patient.
    const byIdentity = Boolean(filter?.patientName || filter?.patientId || filter?.accessionNumber);
    if (byIdentity && !may(request, 'identity'))
      throw new Forbidden('To search by patient or accession number needs "identity". An administrator grants rights.');
    const size = pageSize(first, STUDIES_PER_PAGE, MOST_PER_PAGE);
    const archive = requireArchive(context, pacs ?? [...context.archives.keys()][0] ?? '');
    // The protocols page by offset only, so a study that arrives meanwhile may shift the entries.
    const query = toQuery(filter ?? {});
    const list = listOf(archive.settings.name, query);
    const offset = after ? (readCursor(list, after, ['integer'])[0] as number) : 0;
    const found = await archive.searchForStudies({ ...query, limit: size + 1, offset });
    if (byIdentity) for (const { studyInstanceUid } of found) noteAccess(request, 'READ_IDENTITY', studyInstanceUid);
    const studies = found.map((study, index) => ({
      ...toPacsStudy(study, archive.settings.name),
      place: offset + index + 1,
    }));
    return pageOf(list, studies, size, after, ({ place }) => [place]);
  }
}

@Resolver(() => PacsStudy)
export class PacsStudyResolver {
  @FieldResolver(() => Study, {
    nullable: true,
    description: 'The same study as it is here. Null if nothing of it is here.',
  })
  study(@Root() { studyInstanceUid }: PacsStudy, @Ctx() { loaders }: Request): Promise<StudyRow | undefined> {
    return loaders.studyByUid.load(studyInstanceUid);
  }

  @FieldResolver(() => Patient, {
    nullable: true,
    description: 'The patient of the study. Null for callers without the right "identity".',
  })
  patient(@Root() study: PacsStudyRow, @Ctx() request: Request): Patient | null {
    return showArchivedPatient(study, request);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'AccessionNumber (0008,0050). Null if it is missing, and for callers without the right "identity".',
  })
  accessionNumber(@Root() { accessionNumber, studyInstanceUid }: PacsStudy, @Ctx() request: Request): string | null {
    if (!may(request, 'identity') || accessionNumber === null) return null;
    noteAccess(request, 'READ_IDENTITY', studyInstanceUid);
    return accessionNumber;
  }
}

/** A study as the archive gave it, with the patient, whom only callers with the right "identity" are shown. */
type PacsStudyRow = Omit<PacsStudy, 'patient'> & { patient: StudyFound['patient'] };

function toPacsStudy({ studyDate, studyDescription: description, ...study }: StudyFound, pacs: string): PacsStudyRow {
  return { ...study, pacs, description, studyDate: isoDate(studyDate) };
}

/** Names the list in its cursors: an offset is valid for one query only. Hashed, as a query may name a patient. */
function listOf(pacs: string, query: StudyQuery): string {
  return createHash('sha256')
    .update(JSON.stringify([pacs, query]))
    .digest('base64url')
    .slice(0, 16);
}

function toQuery({ studyDateFrom, studyDateTo, modality, ...matching }: PacsStudyFilter): StudyQuery {
  const query: StudyQuery = {};
  for (const [key, value] of Object.entries(matching)) {
    if (value === null || value === undefined || value === '') continue;
    // A backslash separates values (PS3.5 6.2), and no value has control characters.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for them
    if (/[\\\0-\x1f]/.test(value)) throw badInput(`\`${key}\` may not hold a backslash or a control character.`);
    query[key as 'patientId'] = value;
  }
  if (modality) query.modalitiesInStudy = modality;
  const day = (date: Date | string | null | undefined) =>
    date ? new Date(date).toISOString().slice(0, 10).replaceAll('-', '') : '';
  const range = `${day(studyDateFrom)}-${day(studyDateTo)}`;
  return range === '-' ? query : { ...query, studyDate: range }; // PS3.4 C.2.2.2.5
}
