import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../../context.js';
import { StudyNotFound } from '../../errors/errors.js';
import { noteStudy } from '../../intake/noteStudy.js';
import { isUid } from '../../pacs/header/uid.js';
import { requireArchive } from '../../pacs/requireArchive.js';

const notice = z.object({
  studyInstanceUid: z.string().refine(isUid, { message: 'studyInstanceUid must be a DICOM UID (PS3.5 9.1)' }),
  pacs: z.string().optional(),
});

/**
 * Serves POST /arrivals {"studyInstanceUid": "1.2.3", "pacs": "main"}: a notice that an archive has a study, such as a
 * script in an archive or an integration engine sends. Answers 202. A second notice of the same study changes nothing.
 * Without `pacs` it is the first archive.
 */
export function serveNotices(app: FastifyInstance, context: Context): void {
  app.post('/arrivals', { config: { demand: 'send' } }, async (request, reply) => {
    const body = notice.safeParse(request.body);
    if (!body.success) {
      const message = body.error.issues.map((issue) => issue.message).join('; ');
      return reply.status(400).send({ code: 'BAD_REQUEST', message });
    }
    const { studyInstanceUid, pacs = [...context.archives.keys()][0] ?? '' } = body.data;
    const [found] = await requireArchive(context, pacs).searchForStudies({ studyInstanceUid });
    if (!found) throw new StudyNotFound(`The archive "${pacs}" does not have that study.`);
    await context.prisma.$transaction((tx) => noteStudy(context, tx, pacs, found));
    return reply.status(202).send({ studyInstanceUid, pacs });
  });
}
