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
import type {
  Series as SeriesRow,
  StudyFinding as StudyFindingRow,
  Study as StudyRow,
} from '../generated/prisma/client.js';
import { enqueueStudy } from '../jobs/enqueueStudy.js';
import { PageArgs } from '../schema/connection.js';
import { JobPriority } from '../schema/enums.js';
import { SliceFilter, SliceOrder, StudyFilter, StudyOrder } from '../schema/filters.js';
import { Job } from '../schema/job.js';
import { type Order, pageBy } from '../schema/keyset.js';
import { Model } from '../schema/model.js';
import { type ReasonParameter, SeriesEligibility, StudyIntake } from '../schema/reason.js';
import { DicomUidScalar } from '../schema/scalars.js';
import { Series } from '../schema/series.js';
import { Slice, SliceConnection } from '../schema/slice.js';
import { Completeness, Patient, Report, Study, StudyConnection, StudyFinding } from '../schema/study.js';
import { sayEvidence } from '../wording/completeness.js';
import { sayEligibility } from '../wording/eligibility.js';
import { sayIntake } from '../wording/intake.js';
import { readParameters } from '../wording/parameters.js';
import { sayFinding } from '../wording/sayAnswer.js';
import { showPatient } from './patient.js';
import { answerOf, may, noteAccess, type Request, requireActive } from './request.js';
import { showSlice } from './slice.js';
import type { SlicePageRequest } from './slicePages.js';
import { whereStudies } from './whereOf.js';

const STUDIES_PER_PAGE = 20;
const MOST_PER_PAGE = 500;

@InputType({ description: 'Which study to classify, and how.' })
class ClassifyStudyInput {
  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID.' })
  studyInstanceUid!: string;

  @Field(() => String, { nullable: true, description: 'Pull it from this archive first, also when it is here.' })
  pacs?: string | null;

  @Field(() => ID, { nullable: true, description: 'By default the active one.' })
  model?: string | null;

  @Field(() => JobPriority, {
    nullable: true,
    defaultValue: 'ROUTINE',
    description: 'Before which other jobs it is taken.',
  })
  priority?: JobPriority | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Classify again what has a prediction already.',
  })
  force?: boolean | null;
}

@ObjectType({ description: 'The job that was queued, or was there already.' })
class ClassifyStudyPayload {
  @Field(() => Job, { description: 'The job that does it; the one under way, if there is one.' })
  job!: Job;

  @Field(() => Study, { nullable: true, description: 'The study that the job is about.' })
  study!: StudyRow | null;
}

@Resolver(() => Study)
export class StudyResolver {
  @Query(() => Study, { nullable: true, description: 'Null when it is not here.' })
  study(
    @Arg('studyInstanceUid', () => DicomUidScalar, { description: 'StudyInstanceUID.' }) studyInstanceUid: string,
    @Ctx() { context }: Request,
  ): Promise<StudyRow | null> {
    return context.prisma.study.findUnique({ where: { studyInstanceUid } });
  }

  @Query(() => StudyConnection, { description: 'By default the latest first.' })
  async studies(
    @Args() args: PageArgs,
    @Arg('filter', () => StudyFilter, { nullable: true, description: 'By default all.' }) filter: StudyFilter | null,
    @Arg('orderBy', () => StudyOrder, { nullable: true, description: 'By default the latest received first.' })
    orderBy: StudyOrder | null,
    @Ctx() request: Request,
  ) {
    const column = orderBy?.field ?? 'receivedAt';
    const order: Order<StudyRow> = {
      list: 'studies',
      column,
      kind: column === 'receivedAt' ? 'date' : 'string',
      direction: orderBy?.direction === 'ASC' ? 'asc' : 'desc',
      nullable: column === 'studyDate',
    };
    const page = pageBy(args, order, STUDIES_PER_PAGE, MOST_PER_PAGE);
    const { where, ...rest } = page.keyset;
    const fitting = whereStudies(filter ?? {}, request);
    const rows = await request.context.prisma.study.findMany({ where: { AND: [fitting, where] }, ...rest });
    // Who finds studies by a name learns whose they are, whatever is shown of them.
    if (filter?.search && may(request, 'identity'))
      for (const { studyInstanceUid } of rows) noteAccess(request, 'READ_IDENTITY', studyInstanceUid);
    return page.show(rows);
  }

  @Mutation(() => ClassifyStudyPayload, {
    description: 'Queues a study to be classified; pulls it from the archive when it is not here. Answers at once.',
  })
  async classifyStudy(
    @Arg('input', () => ClassifyStudyInput, { description: 'What to do, and to what.' }) input: ClassifyStudyInput,
    @Ctx() request: Request,
  ): Promise<ClassifyStudyPayload> {
    requireActive(request, input.model);
    const { pacs, force, priority } = input;
    const job = await enqueueStudy(request.context, {
      studyInstanceUid: input.studyInstanceUid,
      pacs: pacs ?? undefined,
      force: force ?? false,
      priority: !priority || priority === 'ROUTINE' ? 'ASKED' : priority,
    });
    const { studyInstanceUid } = input;
    return { job, study: await request.context.prisma.study.findUnique({ where: { studyInstanceUid } }) };
  }

  @FieldResolver(() => Patient, { nullable: true, description: 'Null for callers who may not see identity.' })
  patient(@Root() study: StudyRow, @Ctx() request: Request): Patient | null {
    return showPatient(study, request);
  }

  @FieldResolver(() => String, { nullable: true, description: 'Null for callers who may not see identity.' })
  accessionNumber(@Root() study: StudyRow, @Ctx() request: Request): string | null {
    if (!may(request, 'identity') || study.accessionNumber === null) return null;
    noteAccess(request, 'READ_IDENTITY', study.studyInstanceUid);
    return study.accessionNumber;
  }

  @FieldResolver(() => Completeness, { description: 'Whether every instance is here.' })
  async completeness(@Root() study: StudyRow, @Ctx() { loaders }: Request): Promise<Completeness> {
    const { received: receivedInstances } = await loaders.instancesOfStudy.load(study.id);
    const { completenessState: state, expectedInstances, evidenceCode, evidenceParameters } = study;
    return {
      state,
      receivedInstances,
      expectedInstances,
      evidenceCode,
      evidenceParameters: listParameters(evidenceParameters),
      evidence: sayEvidence({ code: evidenceCode, parameters: evidenceParameters }),
    };
  }

  @FieldResolver(() => StudyIntake, {
    nullable: true,
    description: 'What decided whether it is classified when it arrived; null where nothing was to be decided.',
  })
  intake(@Root() { intakeCode: code, intakeParameters: parameters }: StudyRow): StudyIntake | null {
    const text = sayIntake({ code, parameters });
    return code === null || text === null ? null : { code, parameters: listParameters(parameters), text };
  }

  @FieldResolver(() => String, { nullable: true, description: 'The text of `intake`.' })
  intakeReason(@Root() { intakeCode: code, intakeParameters: parameters }: StudyRow): string | null {
    return sayIntake({ code, parameters });
  }

  @FieldResolver(() => Int, {
    description:
      'Objects that came with the UID of one that was here, and other bytes. Both are kept, the first is used.',
  })
  async conflictingInstances(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<number> {
    return (await loaders.instancesOfStudy.load(id)).conflicting;
  }

  @FieldResolver(() => [Series], { description: 'In the order of their SeriesNumber.' })
  series(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Series[]> {
    return loaders.seriesOfStudy.load(id);
  }

  @FieldResolver(() => SliceConnection, { description: 'Of all series, eligible or not; in their order in space.' })
  slices(
    @Root() { id }: StudyRow,
    @Args() args: PageArgs,
    @Arg('filter', () => SliceFilter, { nullable: true, description: 'By default all.' }) filter: SliceFilter | null,
    @Arg('orderBy', () => SliceOrder, { nullable: true, description: 'By default from the lower end.' })
    order: SliceOrder | null,
    @Ctx() request: Request,
  ) {
    return showSlices(request, { of: 'study', id, args, filter, order });
  }

  @FieldResolver(() => StudyFinding, {
    nullable: true,
    description:
      'By default of the active model; until that has classified it, the latest of a model that was. Null until one has.',
  })
  async finding(
    @Root() { id }: StudyRow,
    @Arg('model', () => ID, { nullable: true, description: 'Of this one, a shadow perhaps, and of no other.' })
    model: string | null,
    @Ctx() request: Request,
  ): Promise<StudyFindingRow | undefined> {
    return answerOf(request, await request.loaders.findingsOfStudy.load(id), model);
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
  @FieldResolver(() => String, {
    description:
      'For people, to be shown as it is: "glioma, 92.3 %", "No answer (confidence too low)", "tumour, kind not sure: glioma 55.0 % or meningioma 43.1 %".',
  })
  answer(@Root() row: StudyFindingRow): string {
    return sayFinding(row);
  }

  @FieldResolver(() => Slice, { nullable: true, description: 'The slice to look at first.' })
  async keySlice(@Root() { keySliceId }: StudyFindingRow, @Ctx() { loaders }: Request): Promise<Slice | undefined> {
    const row = keySliceId === null ? undefined : await loaders.slice.load(keySliceId);
    return row && showSlice(row);
  }

  @FieldResolver(() => Model, { description: 'Whose answer it is.' })
  model(@Root() { modelId }: StudyFindingRow, @Ctx() { loaders }: Request): Promise<Model | undefined> {
    return loaders.model.load(modelId);
  }
}

@Resolver(() => Series)
export class SeriesResolver {
  @FieldResolver(() => SeriesEligibility, {
    nullable: true,
    description: 'Why it is classified or passed over; null before that was decided.',
  })
  eligibility(
    @Root() { eligibilityCode: code, eligibilityParameters: parameters }: SeriesRow,
  ): SeriesEligibility | null {
    if (code === null) return null;
    return { code, parameters: listParameters(parameters), text: sayEligibility({ code, parameters }) };
  }

  @FieldResolver(() => String, {
    description: 'The text of `eligibility`, such as "T1 post-contrast axial" or "localizer".',
  })
  eligibilityReason(@Root() { eligibilityCode: code, eligibilityParameters: parameters }: SeriesRow): string {
    return sayEligibility({ code, parameters });
  }

  @FieldResolver(() => SliceConnection, { description: 'In their order in space.' })
  slices(
    @Root() { id }: Series,
    @Args() args: PageArgs,
    @Arg('filter', () => SliceFilter, { nullable: true, description: 'By default all.' }) filter: SliceFilter | null,
    @Arg('orderBy', () => SliceOrder, { nullable: true, description: 'By default from the lower end.' })
    order: SliceOrder | null,
    @Ctx() request: Request,
  ) {
    return showSlices(request, { of: 'series', id, args, filter, order });
  }
}

async function showSlices(request: Request, page: Omit<SlicePageRequest, 'modelId'>) {
  const { loaders, context } = request;
  const { edges: found, pageInfo } = await loaders.slicePage.load({ ...page, modelId: context.models.active.model.id });
  const nodes = found.map(({ row }) => showSlice(row));
  const edges = found.map((edge, index) => ({
    get cursor() {
      return edge.cursor;
    },
    node: nodes[index],
  }));
  return { edges, nodes, pageInfo };
}

function listParameters(parameters: unknown): ReasonParameter[] {
  return Object.entries(readParameters(parameters)).map(([name, value]) => ({ name, value: value ?? '' }));
}
