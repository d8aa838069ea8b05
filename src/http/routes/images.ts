import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../../context.js';
import { studyOf } from '../../database/studyOf.js';
import { renderExplanationImage, renderSliceImage } from '../../explain/renderImages.js';
import type { Caller } from '../../identity/caller.js';

const optional = <T extends z.ZodType>(type: T) => type.nullable().default(null as never);
const sliceView = z
  .object({
    size: optional(z.coerce.number().int().min(16).max(2048)),
    windowCenter: optional(z.coerce.number()),
    windowWidth: optional(z.coerce.number().min(1)),
  })
  .refine(({ windowCenter, windowWidth }) => (windowCenter === null) === (windowWidth === null), {
    message: 'give windowCenter and windowWidth, or neither',
  });
const explanationView = z.object({
  opacity: z.coerce.number().min(0).max(1).default(0.4),
  legend: z.stringbool().default(false),
});

const PIXELS = { config: { demand: 'pixels' } } as const;

type ById = { Params: { id: string } };

/** Serves the PNG pictures that Image.url of the API names. */
export function serveImages(app: FastifyInstance, context: Context): void {
  app.get<ById>('/images/slices/:id.png', PIXELS, (request, reply) => {
    const view = sliceView.safeParse(request.query);
    if (!view.success) return refuse(reply, view.error);
    return send(context, request, reply, () => renderSliceImage(context, request.params.id, view.data));
  });
  for (const [name, kind] of [
    ['raw', 'RAW'],
    ['heatmap', 'HEATMAP'],
    ['overlay', 'OVERLAY'],
  ] as const)
    app.get<ById>(`/images/explanations/:id/${name}.png`, PIXELS, (request, reply) => {
      const view = explanationView.safeParse(request.query);
      if (!view.success) return refuse(reply, view.error);
      return send(context, request, reply, () =>
        renderExplanationImage(context, request.params.id, { kind, ...view.data }),
      );
    });
}

/** Audits and sends a picture. Caches keep it privately, as it shows a patient, and ask again, as rights may change. */
async function send(
  { audit, prisma }: Context,
  request: FastifyRequest<ById>,
  reply: FastifyReply,
  render: () => Promise<Buffer>,
) {
  const png = await render();
  const { id } = request.params;
  const studyInstanceUid = await studyOf(prisma, id);
  const { subject } = request.caller as Caller;
  const access = { subject, studyInstanceUid, object: id, address: request.ip, outcome: 'OK' };
  await audit.record([{ action: 'READ_PIXELS', ...access }]);
  const etag = `"${createHash('sha256').update(png).digest('base64url').slice(0, 22)}"`;
  reply.header('Cache-Control', 'private, no-cache').header('ETag', etag);
  if (request.headers['if-none-match'] === etag) return reply.status(304).send();
  return reply.type('image/png').send(png);
}

function refuse(reply: FastifyReply, error: z.ZodError) {
  const message = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return reply.status(400).send({ code: 'BAD_USER_INPUT', message });
}
