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
      'Decides which objects of a study in conflict are right. The others stay on disk and are not used. What changed is classified again, and the answer is written back under the patient of the kept side. Fails with NO_CONFLICT if there is none.',
  })
  async resolveConflicts(
    @Arg('input', () => ResolveConflictsInput, { description: 'The study, and the side that is right.' })
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
      'Objects that contradict what came first, resolved or not, the latest first. Null for callers without the right "identity".',
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

/** Values are kept only of attributes that identify the patient. Of the others it is known only that they differ. */
function differencesOf(
  { differing, patient }: ConflictingInstanceRow,
  first: StudyPatient | null,
): AttributeDifference[] {
  const ofPatient = first && patient ? listDifferences(first, patient as StudyPatient) : [];
  const others = differing.filter((attribute) => !ofPatient.some((difference) => difference.attribute === attribute));
  return [...ofPatient, ...others.map((attribute) => ({ attribute, first: null, other: null }))];
}
