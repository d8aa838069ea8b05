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
 * A door for whatever can send a request when a study is there, a script in an archive or an integration engine:
 * POST /arrivals {"studyInstanceUid": "1.2.3", "pacs": "main"}. Answers 202; telling it again changes nothing.
 */
export function serveNotices(app: FastifyInstance, context: Context): void {
  app.post('/arrivals', { config: { demand: 'send' } }, async (request, reply) => {
    const told = notice.safeParse(request.body);
    if (!told.success) {
      const message = told.error.issues.map((issue) => issue.message).join('; ');
      return reply.status(400).send({ code: 'BAD_REQUEST', message });
    }
    const { studyInstanceUid, pacs = [...context.archives.keys()][0] ?? '' } = told.data;
    const [found] = await requireArchive(context, pacs).searchForStudies({ studyInstanceUid });
    if (!found) throw new StudyNotFound(`The archive "${pacs}" does not have that study.`);
    await context.prisma.$transaction((tx) => noteStudy(context, tx, pacs, found));
    return reply.status(202).send({ studyInstanceUid, pacs });
  });
}
