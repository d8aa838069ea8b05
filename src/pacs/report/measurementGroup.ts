import { percent } from '../../statistics/percent.js';
import {
  type ContentItem,
  codeContent,
  container,
  imageContents,
  numberContent,
  textContent,
  uidContent,
} from './contentItem.js';
import type { Algorithm, Code, Reference, ReportedAnswer, StudyReport } from './report.js';
import { CODES, findingSite, PRESENCE } from './vocabulary.js';

/** The study's answer as a Measurement and Qualitative Evaluation Group (PS3.16 TID 1501). */
export function measurementGroup({ tracking, lookedFor, answer, algorithm }: StudyReport): ContentItem {
  const { key, slices } = imagesOf(answer);
  const sources = slices.map(({ reference }) => reference);
  return container(
    'CONTAINS',
    CODES.measurementGroup,
    [
      textContent('HAS OBS CONTEXT', CODES.trackingIdentifier, tracking.identifier),
      uidContent('HAS OBS CONTEXT', CODES.trackingUniqueIdentifier, tracking.uid),
      codeContent('CONTAINS', CODES.finding, findingOf(answer, lookedFor)),
      codeContent('HAS CONCEPT MOD', CODES.findingSite, findingSite(findingOf(answer, lookedFor))),
      ...algorithmIdentification(algorithm),
      ...certainties(answer),
      ...imageContents('CONTAINS', CODES.bestIllustration, key ? [key] : []),
      ...imageContents('CONTAINS', CODES.sourceOfMeasurement, sources),
    ],
    '1501',
  );
}

/** The images that an answer refers to. A failure has none. An abstention has at most the key slice. */
export function imagesOf(answer: ReportedAnswer) {
  const none: { key: Reference | null; slices: readonly { reference: Reference; confidence: number }[] } = {
    key: null,
    slices: [],
  };
  return { ...none, ...answer };
}

/**
 * The coded finding. An abstention's guess and unsure kinds are left out, because software that reads only codes would
 * take them for findings.
 */
function findingOf(answer: ReportedAnswer, lookedFor: Code): Code {
  if (answer.outcome === 'KIND_UNSURE') return lookedFor;
  return 'label' in answer ? answer.label : PRESENCE[answer.outcome];
}

/** Algorithm Identification (PS3.16 TID 4019). */
function algorithmIdentification({ name, version, sha256 }: Algorithm): ContentItem[] {
  return [
    textContent('HAS CONCEPT MOD', CODES.algorithmName, name),
    textContent('HAS CONCEPT MOD', CODES.algorithmVersion, version),
    textContent('HAS CONCEPT MOD', CODES.algorithmParameters, `SHA-256 of the model: ${sha256}`),
  ];
}

/**
 * Certainties of the answer and of each of its slices (PS3.16 TID 300). The answer's certainty is a mean; each slice's
 * is inferred from its image (TID 320).
 */
function certainties(answer: ReportedAnswer): ContentItem[] {
  if (!('confidence' in answer)) return [];
  const certainty = (probability: number, children: ContentItem[]) =>
    numberContent('CONTAINS', CODES.certaintyOfFinding, percent(probability), CODES.percent, children);
  return [
    certainty(answer.confidence, [codeContent('HAS CONCEPT MOD', CODES.derivation, CODES.mean)]),
    ...answer.slices.map(({ reference, confidence }) =>
      certainty(confidence, imageContents('INFERRED FROM', CODES.sourceOfMeasurement, [reference])),
    ),
  ];
}
