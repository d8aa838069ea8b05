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
import { SlicePageArgs, StudyFilter, StudyOrder } from '../schema/filters.js';
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

@InputType({ description: 'A study to classify, and how.' })
class ClassifyStudyInput {
  @Field(() => DicomUidScalar, { description: 'StudyInstanceUID (0020,000D).' })
  studyInstanceUid!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Name of an archive to pull the study from first, even if it is here.',
  })
  pacs?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the active model, which classifies studies. No other is accepted.',
  })
  model?: string | null;

  @Field(() => JobPriority, {
    nullable: true,
    defaultValue: 'ROUTINE',
    description: 'Priority of the job.',
  })
  priority?: JobPriority | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether slices that have a prediction are classified again.',
  })
  force?: boolean | null;
}

@ObjectType({ description: 'The job that classifies the study.' })
class ClassifyStudyPayload {
  @Field(() => Job, { description: 'The job that was queued, or the one that was waiting or running already.' })
  job!: Job;

  @Field(() => Study, { nullable: true, description: 'The study that the job is about. Null if it is not here yet.' })
  study!: StudyRow | null;
}

@Resolver(() => Study)
export class StudyResolver {
  @Query(() => Study, { nullable: true, description: 'A study by its StudyInstanceUID. Null if it is not here.' })
  study(
    @Arg('studyInstanceUid', () => DicomUidScalar, { description: 'StudyInstanceUID (0020,000D).' })
    studyInstanceUid: string,
    @Ctx() { context }: Request,
  ): Promise<StudyRow | null> {
    return context.prisma.study.findUnique({ where: { studyInstanceUid } });
  }

  @Query(() => StudyConnection, { description: 'Studies, by default the latest received first.' })
  async studies(
    @Args() args: PageArgs,
    @Arg('filter', () => StudyFilter, {
      nullable: true,
      description: 'Conditions that the studies must meet. By default all studies.',
    })
    filter: StudyFilter | null,
    @Arg('orderBy', () => StudyOrder, {
      nullable: true,
      description: 'Order of the studies. By default the latest received first.',
    })
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
    const matching = whereStudies(filter ?? {}, request);
    const rows = await request.context.prisma.study.findMany({ where: { AND: [matching, where] }, ...rest });
    // A search by name reveals whose studies it finds, even if the answer does not show the patient.
    if (filter?.search && may(request, 'identity'))
      for (const { studyInstanceUid } of rows) noteAccess(request, 'READ_IDENTITY', studyInstanceUid);
    return page.show(rows);
  }

  @Mutation(() => ClassifyStudyPayload, {
    description:
      'Queues a study for classification and answers at once. The job pulls the study from the archive if it is not here.',
  })
  async classifyStudy(
    @Arg('input', () => ClassifyStudyInput, { description: 'The study, and how it is to be classified.' })
    input: ClassifyStudyInput,
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

  @FieldResolver(() => Patient, {
    nullable: true,
    description: 'The patient of the study. Null for callers without the right "identity".',
  })
  patient(@Root() study: StudyRow, @Ctx() request: Request): Patient | null {
    return showPatient(study, request);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'AccessionNumber (0008,0050). Null if it is missing, and for callers without the right "identity".',
  })
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
    description: 'Why the study was classified or not when it arrived. Null if there was nothing to decide.',
  })
  intake(@Root() { intakeCode: code, intakeParameters: parameters }: StudyRow): StudyIntake | null {
    const text = sayIntake({ code, parameters });
    return code === null || text === null ? null : { code, parameters: listParameters(parameters), text };
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'The text of `intake`. Null if there was nothing to decide.',
  })
  intakeReason(@Root() { intakeCode: code, intakeParameters: parameters }: StudyRow): string | null {
    return sayIntake({ code, parameters });
  }

  @FieldResolver(() => Int, {
    description: 'Number of unresolved objects that contradict earlier ones. Both are kept, and the first is used.',
  })
  async conflictingInstances(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<number> {
    return (await loaders.instancesOfStudy.load(id)).conflicting;
  }

  @FieldResolver(() => [Series], { description: 'Series of the study in the order of their SeriesNumber.' })
  series(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Series[]> {
    return loaders.seriesOfStudy.load(id);
  }

  @FieldResolver(() => SliceConnection, {
    description: 'Slices of all series, eligible or not, in their order in space.',
  })
  slices(@Root() { id }: StudyRow, @Args() args: SlicePageArgs, @Ctx() request: Request) {
    return showSlices(request, { of: 'study', id }, args);
  }

  @FieldResolver(() => StudyFinding, {
    nullable: true,
    description:
      'The finding of the active model. Until it has one, the latest finding of a model that was active before. Null if there is none.',
  })
  async finding(
    @Root() { id }: StudyRow,
    @Arg('model', () => ID, {
      nullable: true,
      description: 'Id of a model, for example a shadow, whose finding is shown instead.',
    })
    model: string | null,
    @Ctx() request: Request,
  ): Promise<StudyFindingRow | undefined> {
    return answerOf(request, await request.loaders.findingsOfStudy.load(id), model);
  }

  @FieldResolver(() => [Report], {
    description: 'Objects that were or will be written back to archives, the oldest first.',
  })
  reports(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Report[]> {
    return loaders.reportsOfStudy.load(id);
  }

  @FieldResolver(() => [Job], { description: 'Jobs of the study, the oldest first.' })
  jobs(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<Job[]> {
    return loaders.jobsOfStudy.load(id);
  }
}

@Resolver(() => StudyFinding)
export class StudyFindingResolver {
  @FieldResolver(() => String, {
    description:
      'The finding as text for people, to be shown as it is: "glioma, 92.3 %", "No answer (confidence too low)", "tumour, kind not sure: glioma 55.0 % or meningioma 43.1 %".',
  })
  answer(@Root() row: StudyFindingRow): string {
    return sayFinding(row);
  }

  @FieldResolver(() => Slice, { nullable: true, description: 'The slice to look at first.' })
  async keySlice(@Root() { keySliceId }: StudyFindingRow, @Ctx() { loaders }: Request): Promise<Slice | undefined> {
    const row = keySliceId === null ? undefined : await loaders.slice.load(keySliceId);
    return row && showSlice(row);
  }

  @FieldResolver(() => Model, { description: 'The model that made the finding.' })
  model(@Root() { modelId }: StudyFindingRow, @Ctx() { loaders }: Request): Promise<Model | undefined> {
    return loaders.model.load(modelId);
  }
}

@Resolver(() => Series)
export class SeriesResolver {
  @FieldResolver(() => SeriesEligibility, {
    nullable: true,
    description: 'Why the series is classified or passed over. Null before that is decided.',
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

  @FieldResolver(() => SliceConnection, { description: 'Slices of the series in their order in space.' })
  slices(@Root() { id }: Series, @Args() args: SlicePageArgs, @Ctx() request: Request) {
    return showSlices(request, { of: 'series', id }, args);
  }
}

async function showSlices(
  { loaders, context }: Request,
  owner: Pick<SlicePageRequest, 'of' | 'id'>,
  { filter = null, orderBy: order = null, ...args }: SlicePageArgs,
) {
  const modelId = context.models.active.model.id;
  const { edges: found, pageInfo } = await loaders.slicePage.load({ ...owner, args, filter, order, modelId });
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
