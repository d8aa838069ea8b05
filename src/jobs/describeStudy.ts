import type { ArrivedStudy } from '../config/intakeRules.js';
import type { Context } from '../context.js';
import type { Study } from '../generated/prisma/client.js';

/** What intake rules know of a study. */
export async function describeStudy({ prisma }: Context, study: Study): Promise<ArrivedStudy> {
  const series = await prisma.series.findMany({
    where: { studyId: study.id },
    select: { description: true, bodyPart: true, station: true },
  });
  const given = (values: (string | null)[]) => values.filter((value) => value !== null);
  return {
    modalities: study.modalities,
    descriptions: given([study.description, ...series.map(({ description }) => description)]),
    bodyParts: given(series.map(({ bodyPart }) => bodyPart)),
    stations: given(series.map(({ station }) => station)),
    pacs: study.pacs,
  };
}
