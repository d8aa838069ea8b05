import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../context.js';
import { asKnown } from '../../errors/asKnown.js';
import { BodyCutOff, BodyTooSlow, InvalidDicom, PacsBadAnswer } from '../../errors/errors.js';
import { type Caller, sharerOf } from '../../identity/caller.js';
import { logTransfer } from '../../intake/logTransfer.js';
import { receiveInstance } from '../../intake/receiveInstance.js';
import { readBoundary, readMultipart } from '../../pacs/dicomweb/multipart.js';
import { requireUid } from '../../pacs/header/uid.js';
import { limitBytes } from '../../peers/limitBytes.js';
import { createPlaces } from '../../peers/places.js';
import { arrivingBody } from '../requests/arrivingBody.js';
import { type FailedObject, type StoreOutcome, statusOf, writeStoreResponse } from './storeResponse.js';

const DICOM_JSON = 'application/dicom+json';
const REFUSALS = { 406: 'NOT_ACCEPTABLE', 415: 'UNSUPPORTED_MEDIA_TYPE', 503: 'BUSY' } as const;
const MAX_OBJECT_BYTES = 4 * 1024 ** 3;
/** Limits of requests at the same time. Each holds a connection, a file and a chunk of memory. */
const AT_ONCE = { most: 16, mostOfOne: 12, waitMs: 1500 };

/** What can be done at /dicom-web, in the Web Application Description Language (PS3.18 8.9.3). */
const CAPABILITIES = `<?xml version="1.0" encoding="UTF-8"?>
<application xmlns="http://wadl.dev.java.net/2009/02">
  <resources base="/dicom-web">
    ${['studies', 'studies/{study}'].map(describeStore).join('\n    ')}
  </resources>
</application>
`;

/**
 * Serves STOW-RS (PS3.18 10.5): POST /dicom-web/studies and POST /dicom-web/studies/{study}, and the description of
 * what can be done at /dicom-web (PS3.18 8.9).
 */
export function serveStow(app: FastifyInstance, context: Context): void {
  const places = createPlaces(AT_ONCE);
  // `store` reads the body itself, part by part, so Fastify must not buffer it.
  app.addContentTypeParser(/^multipart\/related/, (_request, _payload, done) => done(null));
  const store = async (request: FastifyRequest<{ Params: { study?: string } }>, reply: FastifyReply) => {
    const boundary = boundaryOf(request.headers['content-type'] ?? '');
    if (boundary === null)
      return refuse(reply, 415, 'Send DICOM objects as multipart/related; type="application/dicom" with a boundary.');
    if (!takesDicomJson(request.headers.accept))
      return refuse(
        reply,
        406,
        'The answer is application/dicom+json. Name it in the Accept header, or leave that out.',
      );
    const { study } = request.params;
    const announced = study === undefined ? {} : { studyInstanceUid: requireUid(study, 'StudyInstanceUID') };
    const body = arrivingBody(request);
    const give = await places.take(sharerOf(request.caller as Caller, request.ip), body);
    if (!give) return refuse(reply.header('retry-after', '5'), 503, 'Too many are sending at once. Try again shortly.');
    try {
      const sender = `${(request.caller as Caller).subject} at ${request.ip}`;
      const outcome = await storeParts(context, body.bytes, boundary, announced, sender);
      // As bytes, because to JSON text Fastify adds a charset, for which clients find no DICOM JSON in the answer. The
      // media type has no such parameter (RFC 8259 11; PS3.18 8.7.3.2).
      const answer = Buffer.from(JSON.stringify(writeStoreResponse(outcome)));
      return reply.status(statusOf(outcome)).type(DICOM_JSON).send(answer);
    } finally {
      give();
    }
  };
  app.post('/dicom-web/studies', { config: { demand: 'send' } }, store);
  app.post('/dicom-web/studies/:study', { config: { demand: 'send' } }, store);
  for (const path of ['/dicom-web', '/dicom-web/'])
    app.options(path, { config: { demand: 'send' } }, (_request, reply) =>
      reply.type('application/vnd.sun.wadl+xml').send(CAPABILITIES),
    );
}

function describeStore(path: string): string {
  return [
    `<resource path="${path}">`,
    '  <method name="POST" id="StoreInstances">',
    '    <request><representation mediaType="multipart/related; type=application/dicom"/></request>',
    ...[200, 202, 409].map(
      (status) => `    <response status="${status}"><representation mediaType="${DICOM_JSON}"/></response>`,
    ),
    '  </method>',
    '</resource>',
  ].join('\n    ');
}

/** The boundary of a body of DICOM Part 10 objects; null for every other media type (PS3.18 8.6.1.1.1, `type`). */
function boundaryOf(contentType: string): string | null {
  const type = /;\s*type\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1];
  return type === undefined || type.toLowerCase() === 'application/dicom' ? readBoundary(contentType) : null;
}

/** Plain JSON counts as well: clients that name it read DICOM JSON. */
function takesDicomJson(accept = '*/*'): boolean {
  return accept
    .split(',')
    .map((range) => range.trim().toLowerCase())
    .filter((range) => !/;\s*q\s*=\s*0(?:\.0*)?\s*$/.test(range))
    .some((range) => /^(?:\*\/\*|application\/(?:\*|json|dicom\+json))\s*(?:;|$)/.test(range));
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
      let uids: FailedObject['uids'] = null;
      try {
        if (!/^application\/dicom\s*(?:;|$)/i.test(headers.get('content-type') ?? 'application/dicom'))
          throw new InvalidDicom('A part is not application/dicom. Send DICOM Part 10 objects.');
        const { instance, conflict } = await receiveInstance(context, {
          door: 'STOW-RS',
          bytes: limitBytes(content, MAX_OBJECT_BYTES, tooLarge),
          pacs: null,
          sender,
          transfer,
          announced,
          onHeader: ({ sopClassUid, sopInstanceUid }) => {
            uids = { sopClassUid, sopInstanceUid };
          },
        });
        const { sopClassUid, sopInstanceUid } = instance;
        outcome.stored.push({ sopClassUid, sopInstanceUid, conflict });
      } catch (error) {
        // The multipart body is broken or cut off, so no further part can be read.
        if (error instanceof PacsBadAnswer || isCutOff(error)) throw error;
        const known = asKnown(error);
        if (!known) throw error;
        context.log.warn({ code: known.code }, 'An object that was sent by STOW-RS is not kept.');
        outcome.failures.push({ uids, error: known });
      }
    }
  } catch (error) {
    if (!(error instanceof PacsBadAnswer) && !isCutOff(error)) throw error;
    const broken = new InvalidDicom('The multipart body is malformed or cut off. What was whole is kept.');
    outcome.failures.push({ uids: null, error: broken });
  } finally {
    logTransfer(context, sender, transfer);
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

function refuse(reply: FastifyReply, status: keyof typeof REFUSALS, message: string): FastifyReply {
  return reply.status(status).send({ code: REFUSALS[status], message });
}
