import {
  EXPLICIT_BIG_ENDIAN,
  EXPLICIT_LITTLE_ENDIAN,
  IMPLICIT_LITTLE_ENDIAN,
  TRANSFER_SYNTAXES,
} from '../header/transferSyntax.js';
import type { PresentationContext } from './association.js';
import type { AnsweredContext, ProposedContext } from './pdu.js';

/** The Verification SOP class, which C-ECHO uses (PS3.4 A). */
export const VERIFICATION = '1.2.840.10008.1.1';
/** Prefix of every standard storage SOP class, retired ones included (PS3.4 B.5). */
const STORAGE = '1.2.840.10008.5.1.4.1.1.';
/**
 * Transfer syntaxes that are accepted only if nothing else is proposed. Implicit VR loses the VRs of private elements
 * (PS3.5 6.2.2), and big endian needs its bytes swapped.
 */
const LAST_CHOICES = [IMPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN];

/**
 * Answers proposed presentation contexts as a storage provider (PS3.8 9.3.3.2). It accepts storage and verification, in
 * the first proposed transfer syntax whose pixels we can decode. Other syntaxes are refused, so that the sender
 * decompresses.
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

/** The contexts that a peer accepted in a transfer syntax that we proposed for them. */
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

/** Transfer syntaxes that we propose for commands with an identifier. */
export const UNCOMPRESSED = [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN];

/** Transfer syntaxes that we propose for retrieval: all that we can decode. */
export const DECODABLE = Object.entries(TRANSFER_SYNTAXES).flatMap(([uid, { decoder }]) => (decoder ? [uid] : []));
