import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { INTENDED_USE, VERSION } from '../about.js';
import { kindOf } from '../database/kindOf.js';
import { CLASSIFY_STUDY } from '../queue/studyQueue.js';
import { Model } from '../schema/model.js';
import { Node } from '../schema/node.js';
import { Server } from '../schema/server.js';
import { showPatient, studyOfPatient } from './patient.js';
import type { Request } from './request.js';
import { showSlice } from './slice.js';

@Resolver()
export class ServerResolver {
  @Query(() => Server, { description: 'This server, and what it runs on.' })
  async server(@Ctx() { context }: Request): Promise<Server> {
    const { database, models, prisma } = context;
    const { classifier } = models.active;
    return {
      version: VERSION,
      intendedUse: INTENDED_USE,
      executionProvider: classifier.provider,
      executionProviderNotes: classifier.notes,
      database: database.description,
      queueDepth: await prisma.job.count({ where: { kind: CLASSIFY_STUDY, status: 'QUEUED' } }),
    };
  }

  @Query(() => [Model], { description: 'Models in MODELS_DIR, and those that made predictions before.' })
  models(@Ctx() { context }: Request): Promise<Model[]> {
    return context.prisma.model.findMany({ orderBy: [{ name: 'asc' }, { version: 'asc' }] });
  }

  @Query(() => Model, {
    nullable: true,
    description: 'A model by name and version. Without arguments the active model. Null if there is none.',
  })
  model(
    @Arg('name', () => String, { nullable: true, description: 'Name of the model, which is its folder in MODELS_DIR.' })
    name: string | null,
    @Arg('version', () => String, {
      nullable: true,
      description: 'Version of the model. By default the latest registered one.',
    })
    version: string | null,
    @Ctx() { context }: Request,
  ): Promise<Model | null> {
    if (!name && !version) return Promise.resolve(context.models.active.model);
    return context.prisma.model.findFirst({
      where: { ...(name && { name }), ...(version && { version }) },
      orderBy: { version: 'desc' },
    });
  }

  @Query(() => Node, { nullable: true, description: 'The object that an id names. Null if there is none.' })
  async node(
    @Arg('id', () => ID, { description: 'Global id of the object.' }) id: string,
    @Ctx() request: Request,
  ): Promise<Node | null> {
    const { prisma } = request.context;
    switch (kindOf(id)) {
      case 'Patient': {
        const study = await prisma.study.findUnique({ where: { id: studyOfPatient(id) } });
        return study && showPatient(study, request);
      }
      case 'Study':
        return prisma.study.findUnique({ where: { id } });
      case 'Slice': {
        const row = await prisma.slice.findUnique({ where: { id } });
        return row && showSlice(row);
      }
      case 'Prediction':
        return prisma.prediction.findUnique({ where: { id } });
      case 'Explanation':
        return prisma.explanation.findUnique({ where: { id } });
      case 'Model':
        return prisma.model.findUnique({ where: { id } });
      case 'Review':
        return prisma.review.findUnique({ where: { id } });
      case 'Job':
        return prisma.job.findUnique({ where: { id } });
      default:
        return null;
    }
  }
}
