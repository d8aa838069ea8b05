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
 * Queues the webhooks that say how a study ended, in the transaction that ends it: both are stored, or neither. Does
 * nothing where WEBHOOK_URL names no receiver.
 * @param cause what brought the event about. An event that says the same as the last one and has the same cause is not
 *   queued again, as when a killed job repeats its last step. null: not queued again whatever the last one's cause.
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
  // A bundle is filed under a patient, and it is not certain who that is. Our own events are not.
  if (study.withheld && config.webhooks.format === 'fhir') return;
  // A withheld study's event has no finding: a receiver would file it under the study's patient.
  const hasFinding = type === 'study.classified' && !study.withheld;
  const finding = hasFinding ? (study.findings[0] ?? null) : null;
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

/** The event as FHIR. A study that failed is told without a finding, though an earlier one may be stored. */
async function asFhir(running: RunningModel, tx: Prisma.TransactionClient, study: Study, eventId: string) {
  const facts = (await gatherFacts(running, tx, study.studyInstanceUid)) as StudyFacts;
  const isClassified = eventType(study.status) === 'study.classified';
  return writeStudyBundle(isClassified ? facts : { ...facts, finding: null, time: new Date() }, eventId);
}

/** Address where receivers can ask for more. */
function graphqlAddress({ host, port, publicUrl }: Context['config']): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${publicUrl ?? `http://${name}:${port}`}/graphql`;
}
