import { createHash, randomUUID } from 'node:crypto';
import type { Context } from '../context.js';
import type { Prisma, Study } from '../generated/prisma/client.js';
import type { RunningModel } from '../models/modelLoader.js';
import { DELIVER_WEBHOOK } from '../queue/deliveryQueue.js';
import type { StudyFacts } from './fhir/facts.js';
import { writeStudyBundle } from './fhir/studyBundle.js';
import { gatherFacts } from './gatherFacts.js';
import { eventContent, eventType } from './webhookEvent.js';

/**
 * Queues what receivers of webhooks are told of a study that came to an end, in the transaction that ends it: both are
 * there, or neither. Nothing where nobody is to be told.
 * @param cause an event that says the same as the last one and has its cause is not told again, as where a killed job
 *   repeats its last step; null: whatever says the same as the last one.
 */
export async function announceStudy(
  context: Pick<Context, 'config' | 'queue'>,
  running: RunningModel,
  tx: Prisma.TransactionClient,
  studyId: string,
  cause: string | null,
): Promise<void> {
  const { config, queue } = context;
  const { model } = running;
  if (config.webhooks.urls.length === 0) return;
  const study = await tx.study.findUniqueOrThrow({
    where: { id: studyId },
    include: { findings: { where: { modelId: model.id } } },
  });
  const type = eventType(study.status);
  if (!type) return;
  // A bundle names the patient, and it is not sure who that is. Our own events name nobody.
  if (study.withheld && config.webhooks.format === 'fhir') return;
  // Whoever files it by its StudyInstanceUID would file it under somebody.
  const tells = type === 'study.classified' && !study.withheld;
  const finding = tells ? (study.findings[0] ?? null) : null;
  const content = eventContent({ study, finding, model, graphql: graphqlAddress(config) });
  const digest = createHash('sha256')
    .update(JSON.stringify({ type, ...content }))
    .digest('hex');
  const last = await tx.webhookDelivery.findFirst({ where: { studyId }, orderBy: { createdAt: 'desc' } });
  if (last?.digest === digest && (cause === null || last.cause === cause)) return;
  const eventId = randomUUID();
  const own = { id: eventId, type, time: new Date().toISOString(), ...content };
  const message = config.webhooks.format === 'fhir' ? await asFhir(running, tx, study, eventId) : own;
  const contentType = config.webhooks.format === 'fhir' ? 'application/fhir+json' : 'application/json';
  const event = { eventId, type, contentType, body: JSON.stringify(message), digest, cause, studyId };
  for (const url of config.webhooks.urls) {
    const id = randomUUID();
    await tx.job.create({ data: { id, kind: DELIVER_WEBHOOK, studyId } });
    await tx.webhookDelivery.create({ data: { id, url, ...event } });
    await queue.deliveries.send(tx, id, url);
  }
}

/** A study that failed has no finding to tell of, though an earlier one may be stored. */
async function asFhir(running: RunningModel, tx: Prisma.TransactionClient, study: Study, eventId: string) {
  const facts = (await gatherFacts(running, tx, study.studyInstanceUid)) as StudyFacts;
  const told = eventType(study.status) === 'study.classified' ? facts : { ...facts, finding: null, time: new Date() };
  return writeStudyBundle(told, eventId);
}

/** Where the rest can be asked for. */
function graphqlAddress({ host, port, publicUrl }: Context['config']): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${publicUrl ?? `http://${name}:${port}`}/graphql`;
}
