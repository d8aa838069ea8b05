import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Context } from '../../context.js';
import { asKnown } from '../../errors/asKnown.js';
import { WriteBackWithheld } from '../../errors/errors.js';
import type { Resource } from '../../notifications/fhir/codes.js';
import { writeOperationOutcome } from '../../notifications/fhir/operationOutcome.js';
import { writeStudyBundle } from '../../notifications/fhir/studyBundle.js';
import { gatherFacts } from '../../notifications/gatherFacts.js';
import { isUid } from '../../pacs/header/uid.js';

type ByUid = { Params: { studyInstanceUid: string } };

/**
 * Serves GET /fhir/studies/{StudyInstanceUID}: the active model's finding as a Bundle of FHIR R4, or an OperationOutcome
 * with status 400, 404, 409 (the answer is withheld) or 503.
 */
export function serveFhir(app: FastifyInstance, context: Context): void {
  app.get<ByUid>(
    '/fhir/studies/:studyInstanceUid',
    { config: { demand: 'read' } },
    async ({ params: { studyInstanceUid } }, reply) => {
      if (!isUid(studyInstanceUid))
        return send(reply, 400, writeOperationOutcome('invalid', 'A StudyInstanceUID is up to 64 digits and dots.'));
      try {
        const facts = await gatherFacts(context.models.active, context.prisma, studyInstanceUid);
        if (facts?.finding) return send(reply, 200, writeStudyBundle(facts));
        const missing = facts ? 'has no finding by the active model' : 'is not here';
        return send(reply, 404, writeOperationOutcome('not-found', `Study ${studyInstanceUid} ${missing}.`));
      } catch (error) {
        const known = asKnown(error);
        if (known instanceof WriteBackWithheld)
          return send(reply, 409, writeOperationOutcome('conflict', known.message));
        if (!known?.retryable) throw error;
        return send(reply, 503, writeOperationOutcome('transient', known.message));
      }
    },
  );
}

function send(reply: FastifyReply, status: number, resource: Resource): FastifyReply {
  reply.header('Cache-Control', 'private, no-cache').type('application/fhir+json; charset=utf-8');
  return reply.status(status).send(JSON.stringify(resource));
}
