import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.js';
import { asKnown } from '../../errors/asKnown.js';
import { BodyCutOff, BodyTooSlow, InvalidDicom, MrimasterError, PacsBadAnswer } from '../../errors/errors.js';
import { type Caller, sharerOf } from '../../identity/caller.js';
import { receiveInstance } from '../../intake/receiveInstance.js';
import { readBoundary, readMultipart } from '../../pacs/dicomweb/multipart.js';
import { requireUid } from '../../pacs/header/uid.js';
import { limitBytes } from '../../peers/limitBytes.js';
import { createPlaces } from '../../peers/places.js';
import { arrivingBody } from '../requests/arrivingBody.js';

const MAX_OBJECT_BYTES = 4 * 1024 ** 3;
/** Limits of requests at the same time. Each holds a connection, a file and a chunk of memory. */
const AT_ONCE = { most: 16, mostOfOne: 12, waitMs: 1500 };

type StoreOutcome = { stored: { sopClassUid: string; sopInstanceUid: string }[]; failures: MrimasterError[] };

/** Serves STOW-RS (PS3.18 10.5): POST /dicom-web/studies and POST /dicom-web/studies/{study}. */
export function serveStow(app: FastifyInstance, context: Context): void {
  const places = createPlaces(AT_ONCE);
  // `store` reads the body itself, part by part, so Fastify must not buffer it.
  app.addContentTypeParser(/^multipart\/related/, (_request, _payload, done) => done(null));
  const store = async (request: FastifyRequest<{ Params: { study?: string } }>, reply: FastifyReply) => {
    const boundary = readBoundary(request.headers['content-type'] ?? '');
    if (boundary === null)
      return refuse(reply, 415, 'Send DICOM objects as multipart/related; type="application/dicom" with a boundary.');
    const { study } = request.params;
    const announced = study === undefined ? {} : { studyInstanceUid: requireUid(study, 'StudyInstanceUID') };
    const body = arrivingBody(request);
    const give = await places.take(sharerOf(request.caller as Caller, request.ip), body);
    if (!give) return refuse(reply.header('retry-after', '5'), 503, 'Too many are sending at once. Try again shortly.');
    try {
      const sender = `${(request.caller as Caller).subject} at ${request.ip}`;
      const outcome = await storeParts(context, body.bytes, boundary, announced, sender);
      return reply.status(statusOf(outcome)).type('application/dicom+json').send(writeResponse(outcome));
    } finally {
      give();
    }
  };
  app.post('/dicom-web/studies', { config: { demand: 'send' } }, store);
  app.post('/dicom-web/studies/:study', { config: { demand: 'send' } }, store);
}

/** PS3.18 Table 10.5.3-1: 200 if all objects were stored, 202 if some were, 409 if none was. */
function statusOf({ stored, failures }: StoreOutcome): number {
  if (stored.length === 0) return 409;
  return failures.length === 0 ? 200 : 202;
}

async function storeParts(
  context: Context,
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  announced: { studyInstanceUid?: string },
  sender: string,
): Promise<StoreOutcome> {
  const transfer = context.transfers.begin();
  const outcome: StoreOutcome = { stored: [], failures: [] };
  try {
    for await (const { headers, content } of readMultipart(body, boundary)) {
      try {
        if (!/^application\/dicom\s*(?:;|$)/i.test(headers.get('content-type') ?? 'application/dicom'))
          throw new InvalidDicom('A part is not application/dicom. Send DICOM Part 10 objects.');
        const bytes = limitBytes(content, MAX_OBJECT_BYTES, tooLarge);
        const { instance } = await receiveInstance(context, {
          door: 'STOW-RS',
          bytes,
          pacs: null,
          sender,
          transfer,
          announced,
        });
        outcome.stored.push(instance);
      } catch (error) {
        // The multipart body is broken or cut off, so no further part can be read.
        if (error instanceof PacsBadAnswer || isCutOff(error)) throw error;
        const known = asKnown(error);
        if (!known) throw error;
        context.log.warn({ code: known.code }, 'An object that was sent by STOW-RS is not kept.');
        outcome.failures.push(known);
      }
    }
  } catch (error) {
    if (!(error instanceof PacsBadAnswer) && !isCutOff(error)) throw error;
    outcome.failures.push(new InvalidDicom('The multipart body is malformed or cut off. What was whole is kept.'));
  } finally {
    transfer.end();
  }
  return outcome;
}

/** By type, not by code: a broken connection to the database has the same code as a body that was cut off. */
function isCutOff(error: unknown): boolean {
  return error instanceof BodyTooSlow || error instanceof BodyCutOff;
}

function tooLarge(): InvalidDicom {
  return new InvalidDicom(`An object is larger than ${MAX_OBJECT_BYTES / 1024 ** 3} GiB. Send it in smaller ones.`);
}

/** PS3.18 Table 10.5.3-2: A700 out of resources, C000 cannot understand, 0110 processing failure. */
function failureReason(error: MrimasterError): number {
  if (error.retryable) return 0xa700;
  return error instanceof InvalidDicom ? 0xc000 : 0x0110;
}

/** Store Instances Response Module (PS3.18 I.2). It names no UIDs of failed objects: they are unknown or unreliable. */
function writeResponse({ stored, failures }: StoreOutcome): Record<string, unknown> {
  return {
    ...(stored.length > 0 && {
      '00081199': {
        vr: 'SQ',
        Value: stored.map(({ sopClassUid, sopInstanceUid }) => ({
          '00081150': { vr: 'UI', Value: [sopClassUid] },
          '00081155': { vr: 'UI', Value: [sopInstanceUid] },
        })),
      },
    }),
    ...(failures.length > 0 && {
      // Other Failures Sequence
      '0008119A': {
        vr: 'SQ',
        Value: failures.map((error) => ({ '00081197': { vr: 'US', Value: [failureReason(error)] } })),
      },
    }),
  };
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.status(status).send({ code: status === 503 ? 'BUSY' : 'UNSUPPORTED_MEDIA_TYPE', message });
}
