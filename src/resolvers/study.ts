import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { StudyFinding as FindingRow, Study as StudyRow } from '../generated/prisma/client.js';
import { PageArgs, pageOf, pageSize, readCursor } from '../schema/connection.js';
import { JobPriority } from '../schema/enums.js';
import { Job } from '../schema/job.js';
import { Model } from '../schema/model.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Series } from '../schema/series.js';
import { Slice, SliceConnection } from '../schema/slice.js';
import { Completeness, Patient, Report, Study, StudyConnection, StudyFinding } from '../schema/study.js';
import { enqueueStudy } from '../studyJobs.js';
import { type Request, requireModel } from './request.js';
import { showSlice } from './slice.js';

const STUDIES_PER_PAGE = 20;
const SLICES_PER_PAGE = 100;
const MOST_PER_PAGE = 500;

@InputType({ description: 'Which study to classify, and how.' })
class ClassifyStudyInput {
  @Field(() => DicomUidScalar)
  studyInstanceUid!: string;

  @Field(() => String, { nullable: true, description: 'Pull it from this archive first, also when it is here.' })
  pacs?: string | null;

  @Field(() => ID, { nullable: true, description: 'By default the active one.' })
  model?: string | null;

  @Field(() => JobPriority, { nullable: true, defaultValue: 'ROUTINE' })
  priority?: JobPriority | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Classify again what has a prediction already.',
  })
  force?: boolean | null;
}

@ObjectType()
class ClassifyStudyPayload {
  @Field(() => Job, { description: 'The job that does it; the one under way, if there is one.' })
  job!: Job;

  @Field(() => Study, { nullable: true })
  study!: StudyRow | null;
}

@Resolver(() => Study)
export class StudyResolver {
  @Query(() => Study, { nullable: true, description: 'Null when it is not here.' })
  study(
    @Arg('studyInstanceUid', () => DicomUidScalar) studyInstanceUid: string,
    @Ctx() { program }: Request,
  ): Promise<StudyRow | null> {
    return program.prisma.study.findUnique({ where: { studyInstanceUid } });
  }

  @Query(() => StudyConnection, { description: 'The latest first.' })
  async studies(@Args() { first, after }: PageArgs, @Ctx() { program }: Request) {
    const size = pageSize(first, STUDIES_PER_PAGE, MOST_PER_PAGE);
    // Keyset, not offset: a page stays where it was while new studies arrive.
    const [receivedAt, id] = after ? readCursor(after, ['date', 'string']) : [];
    const rows = await program.prisma.study.findMany({
      ...(receivedAt && {
        where: {
          receivedAt: { lte: new Date(receivedAt) },
          OR: [{ receivedAt: { lt: new Date(receivedAt) } }, { id: { lt: id as string } }],
        },
      }),
      orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
      take: size + 1,
    });
    return pageOf(rows, size, after, (row) => [row.receivedAt.toISOString(), row.id]);
  }

  @Mutation(() => ClassifyStudyPayload, {
    description: 'Queues a study to be classified; pulls it from the archive when it is not here. Answers at once.',
  })
  async classifyStudy(
    @Arg('input', () => ClassifyStudyInput) input: ClassifyStudyInput,
    @Ctx() request: Request,
  ): Promise<ClassifyStudyPayload> {
    requireModel(request, input.model);
    const { pacs, force, priority } = input;
    const job = await enqueueStudy(request.program, {
      studyInstanceUid: input.studyInstanceUid,
      pacs: pacs ?? undefined,
      force: force ?? false,
      priority: priority ?? 'ROUTINE',
    });
    const { studyInstanceUid } = input;
    return { job, study: await request.program.prisma.study.findUnique({ where: { studyInstanceUid } }) };
  }

  @FieldResolver(() => Patient, { nullable: true })
  patient(@Root() { patientName, patientId, patientBirthDate, patientSex }: StudyRow): Patient {
    return { name: patientName, id: patientId, birthDate: patientBirthDate, sex: patientSex };
  }

  @FieldResolver(() => Completeness)
  async completeness(@Root() study: StudyRow, @Ctx() { program }: Request): Promise<Completeness> {
    const receivedInstances = await program.prisma.instance.count({ where: { series: { studyId: study.id } } });
    const { completenessState: state, expectedInstances, evidence } = study;
    return { state, receivedInstances, expectedInstances, evidence };
  }

  @FieldResolver(() => Int, {
    description:
      'Objects that came with the UID of one that was here, and other bytes. Both are kept, the first is used.',
  })
  conflictingInstances(@Root() { id: studyId }: StudyRow, @Ctx() { program }: Request): Promise<number> {
    return program.prisma.conflictingInstance.count({ where: { instance: { series: { studyId } } } });
  }

  @FieldResolver(() => [Series])
  series(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Series[]> {
    return loaders.seriesOfStudy.load(id);
  }

  @FieldResolver(() => SliceConnection, { description: 'Of all series, eligible or not; in their order in space.' })
  async slices(@Root() { id: studyId }: StudyRow, @Args() { first, after }: PageArgs, @Ctx() { program }: Request) {
    return slicePage(program, { series: { studyId } }, first, after);
  }

  @FieldResolver(() => StudyFinding, { nullable: true, description: 'Null until the model has classified it.' })
  async finding(
    @Root() { id }: StudyRow,
    @Arg('model', () => ID, { nullable: true, description: 'By default the active one.' }) model: string | null,
    @Ctx() { loaders, program }: Request,
  ): Promise<FindingRow | undefined> {
    const findings = await loaders.findingsOfStudy.load(id);
    return findings.find(({ modelId }) => modelId === (model ?? program.model.id));
  }

  @FieldResolver(() => [Report], { description: 'What was written back to archives, or is to be; the oldest first.' })
  reports(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Report[]> {
    return loaders.reportsOfStudy.load(id);
  }

  @FieldResolver(() => [Job], { description: 'The oldest first.' })
  jobs(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Job[]> {
    return loaders.jobsOfStudy.load(id);
  }
}

@Resolver(() => StudyFinding)
export class StudyFindingResolver {
  @FieldResolver(() => Slice, { nullable: true, description: 'The slice to look at first.' })
  async keySlice(@Root() { keySliceId }: FindingRow, @Ctx() { loaders }: Request): Promise<Slice | undefined> {
    const row = keySliceId === null ? undefined : await loaders.slice.load(keySliceId);
    return row && showSlice(row);
  }

  @FieldResolver(() => Model)
  model(@Root() { modelId }: FindingRow, @Ctx() { loaders }: Request): Promise<Model | undefined> {
    return loaders.model.load(modelId);
  }
}

@Resolver(() => Series)
export class SeriesResolver {
  @FieldResolver(() => SliceConnection, { description: 'In their order in space.' })
  slices(@Root() { id: seriesId }: Series, @Args() { first, after }: PageArgs, @Ctx() { program }: Request) {
    return slicePage(program, { seriesId }, first, after);
  }
}

type SliceFilter = { seriesId: string } | { series: { studyId: string } };

async function slicePage(
  { prisma }: Request['program'],
  filter: SliceFilter,
  first?: number | null,
  after?: string | null,
) {
  const size = pageSize(first, SLICES_PER_PAGE, MOST_PER_PAGE);
  const [seriesId, position, id] = after
    ? (readCursor(after, ['string', 'integer', 'string']) as [string, number, string])
    : [];
  const rows = await prisma.slice.findMany({
    where: {
      AND: [
        filter,
        seriesId === undefined
          ? {}
          : {
              OR: [
                { seriesId: { gt: seriesId } },
                { seriesId, position: { gt: position as number } },
                { seriesId, position: position as number, id: { gt: id as string } },
              ],
            },
      ],
    },
    orderBy: [{ seriesId: 'asc' }, { position: 'asc' }, { id: 'asc' }],
    take: size + 1,
  });
  return pageOf(rows.map(showSlice), size, after, (row) => [row.seriesId, row.position, row.id]);
}
