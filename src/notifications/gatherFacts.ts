import { WriteBackWithheld } from '../errors/errors.js';
import type { Prisma } from '../generated/prisma/client.js';
import type { RunningModel } from '../models/modelLoader.js';
import type { StudyFacts } from './fhir/facts.js';

/**
 * Reads what FHIR says of a study and of the given model's finding in it; null where the study is not here.
 * @throws WriteBackWithheld where it is not certain whose study it is.
 */
export async function gatherFacts(
  { classifier, model }: RunningModel,
  db: Prisma.TransactionClient,
  studyInstanceUid: string,
): Promise<StudyFacts | null> {
  const study = await db.study.findUnique({
    where: { studyInstanceUid },
    include: { findings: { where: { modelId: model.id } }, _count: { select: { series: true } } },
  });
  if (!study) return null;
  if (study.withheld) throw new WriteBackWithheld(study.withheld);
  const finding = study.findings[0] ?? null;
  return {
    study,
    numberOfSeries: study._count.series,
    numberOfInstances: await db.instance.count({ where: { series: { studyId: study.id } } }),
    finding,
    model,
    codes: classifier.manifest.codes,
    labels: classifier.manifest.labels,
    normalLabel: classifier.manifest.normalLabel,
    time: finding?.createdAt ?? new Date(),
  };
}
