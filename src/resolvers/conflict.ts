import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { ConflictingInstance as ConflictingInstanceRow, Study as StudyRow } from '../generated/prisma/client.js';
import { resolveConflicts } from '../intake/resolveConflicts.js';
import { listDifferences, type StudyPatient } from '../pacs/header/patientIdentity.js';
import {
  type AttributeDifference,
  ResolveConflictsInput,
  ResolveConflictsPayload,
  StudyConflict,
} from '../schema/conflict.js';
import { Study } from '../schema/study.js';
import { groupBy } from '../statistics/groupBy.js';
import { may, noteAccess, type Request } from './request.js';

@Resolver(() => Study)
export class ConflictResolver {
  @Mutation(() => ResolveConflictsPayload, {
    description:
      'Says which objects of a study in conflict are right. The others stay on disk and are not used; what changed is classified anew, and the answer is written back under the patient that is kept. NO_CONFLICT where there is none.',
  })
  async resolveConflicts(
    @Arg('input', () => ResolveConflictsInput, { description: 'The study, and which side is right.' })
    input: ResolveConflictsInput,
    @Ctx() request: Request,
  ) {
    const { context, loaders } = request;
    const { study, job } = await resolveConflicts(context, input);
    loaders.study.clear(study.id);
    loaders.conflictsOfStudy.clear(study.id);
    return { study, job };
  }

  @FieldResolver(() => [StudyConflict], {
    nullable: true,
    description:
      'Objects that contradict what came first, resolved or not; the latest first. Null for callers who may not see identity.',
  })
  async conflicts(@Root() study: StudyRow, @Ctx() request: Request): Promise<StudyConflict[] | null> {
    if (!may(request, 'identity')) return null;
    const rows = await request.loaders.conflictsOfStudy.load(study.id);
    if (rows.length > 0) noteAccess(request, 'READ_IDENTITY', study.studyInstanceUid);
    const first = study.receivedPatient as StudyPatient | null;
    const groups = groupBy(rows, (row) =>
      JSON.stringify([row.kind, row.sender, row.differing, row.patient, row.resolvedAt, row.resolution]),
    );
    return [...groups.values()].map((group) => summarize(group as [ConflictingInstanceRow], first));
  }
}

function summarize(rows: readonly [ConflictingInstanceRow, ...ConflictingInstanceRow[]], first: StudyPatient | null) {
  const [{ kind, sender, resolvedAt, resolution }] = rows;
  const times = rows.map(({ receivedAt }) => receivedAt.getTime());
  return {
    kind,
    sender,
    resolvedAt,
    resolution,
    objects: rows.length,
    differences: differencesOf(rows[0], first),
    firstAt: new Date(Math.min(...times)),
    lastAt: new Date(Math.max(...times)),
  };
}

/** Values are kept of whose study it is; of other attributes only that they differ. */
function differencesOf(
  { differing, patient }: ConflictingInstanceRow,
  first: StudyPatient | null,
): AttributeDifference[] {
  const known = first && patient ? listDifferences(first, patient as StudyPatient) : [];
  const others = differing.filter((attribute) => !known.some((one) => one.attribute === attribute));
  return [...known, ...others.map((attribute) => ({ attribute, first: null, other: null }))];
}
