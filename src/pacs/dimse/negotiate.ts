import {
  EXPLICIT_BIG_ENDIAN,
  EXPLICIT_LITTLE_ENDIAN,
  IMPLICIT_LITTLE_ENDIAN,
  TRANSFER_SYNTAXES,
} from '../header/transferSyntax.js';
import type { PresentationContext } from './association.js';
import type { AnsweredContext, ProposedContext } from './pdu.js';

export const VERIFICATION = '1.2.840.10008.1.1';
/** PS3.4 B.5: every standard storage SOP class begins so, retired ones too. */
const STORAGE = '1.2.840.10008.5.1.4.1.1.';
/** Keeps the value representations of private elements (PS3.5 6.2.2), and no bytes need swapping. */
const LAST_CHOICES = [IMPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN];

/**
 * What a storage provider answers to proposed contexts (PS3.8 9.3.3.2): storage and verification, in the first
 * proposed transfer syntax whose pixels we can decode. Others are refused, so that the sender decompresses.
 */
export function answerContexts(proposed: readonly ProposedContext[]): {
  answers: AnsweredContext[];
  contexts: PresentationContext[];
} {
  const contexts: PresentationContext[] = [];
  const answers = proposed.map(({ id, abstractSyntax, transferSyntaxes }) => {
    const refuse = (result: number) => ({ id, result, transferSyntax: transferSyntaxes[0] ?? IMPLICIT_LITTLE_ENDIAN });
    if (abstractSyntax !== VERIFICATION && !abstractSyntax.startsWith(STORAGE)) return refuse(3);
    const transferSyntax = chooseTransferSyntax(transferSyntaxes);
    if (transferSyntax === undefined) return refuse(4);
    contexts.push({ id, abstractSyntax, transferSyntax });
    return { id, result: 0, transferSyntax };
  });
  return { answers, contexts };
}

function chooseTransferSyntax(proposed: readonly string[]): string | undefined {
  const known = proposed.filter((uid) => TRANSFER_SYNTAXES[uid]?.decoder);
  return known.find((uid) => !LAST_CHOICES.includes(uid)) ?? known[0];
}

/** Of what we proposed, what was accepted in a syntax that we proposed for it. */
export function agreedContexts(
  proposed: readonly ProposedContext[],
  answers: readonly AnsweredContext[],
): PresentationContext[] {
  return proposed.flatMap(({ id, abstractSyntax, transferSyntaxes }) => {
    const answer = answers.find((candidate) => candidate.id === id && candidate.result === 0);
    if (!answer || !transferSyntaxes.includes(answer.transferSyntax)) return [];
    return [{ id, abstractSyntax, transferSyntax: answer.transferSyntax }];
  });
}

export const UNCOMPRESSED = [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN];

/** What we take when we retrieve: everything that we decode. */
export const DECODABLE = Object.entries(TRANSFER_SYNTAXES).flatMap(([uid, { decoder }]) => (decoder ? [uid] : []));
