import { MR_IMAGES } from '../header/sopClasses.js';
import {
  EXPLICIT_BIG_ENDIAN,
  EXPLICIT_LITTLE_ENDIAN,
  IMPLICIT_LITTLE_ENDIAN,
  TRANSFER_SYNTAXES,
} from '../header/transferSyntax.js';
import type { PresentationContext } from './association.js';
import type { AnsweredContext, ProposedContext } from './pdu.js';
import { isStorageClass } from './storageClasses.js';

/** The Verification SOP class, which C-ECHO uses (PS3.4 A). */
export const VERIFICATION = '1.2.840.10008.1.1';
/**
 * Transfer syntaxes that are accepted only if nothing else is proposed. Implicit VR loses the VRs of private elements
 * (PS3.5 6.2.2), and big endian needs its bytes swapped.
 */
const LAST_CHOICES = [IMPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN];

/** A context that was not accepted. `result`: 3: not a storage class; 4: none of its transfer syntaxes (PS3.8 9.3.3.2). */
export type RefusedContext = { abstractSyntax: string; transferSyntaxes: readonly string[]; result: 3 | 4 };

/**
 * Answers proposed presentation contexts as a storage provider (PS3.8 9.3.3.2). It accepts verification and every storage class,
 * in the first proposed transfer syntax whose pixels we can decode. An image that may be classified is refused in other syntaxes,
 * so that the sender decompresses it. Of all other classes nothing is decoded, so they may come in any syntax that we know.
 */
export function answerContexts(proposed: readonly ProposedContext[]): {
  answers: AnsweredContext[];
  contexts: PresentationContext[];
  refused: RefusedContext[];
} {
  const contexts: PresentationContext[] = [];
  const refused: RefusedContext[] = [];
  const answers = proposed.map(({ id, abstractSyntax, transferSyntaxes }) => {
    const refuse = (result: 3 | 4) => {
      refused.push({ abstractSyntax, transferSyntaxes, result });
      return { id, result, transferSyntax: transferSyntaxes[0] ?? IMPLICIT_LITTLE_ENDIAN };
    };
    if (abstractSyntax !== VERIFICATION && !isStorageClass(abstractSyntax)) return refuse(3);
    const transferSyntax = chooseTransferSyntax(transferSyntaxes, MR_IMAGES.has(abstractSyntax));
    if (transferSyntax === undefined) return refuse(4);
    contexts.push({ id, abstractSyntax, transferSyntax });
    return { id, result: 0, transferSyntax };
  });
  return { answers, contexts, refused };
}

function chooseTransferSyntax(proposed: readonly string[], mustDecode: boolean): string | undefined {
  const decodable = proposed.filter((uid) => TRANSFER_SYNTAXES[uid]?.decoder);
  const chosen = decodable.find((uid) => !LAST_CHOICES.includes(uid)) ?? decodable[0];
  return chosen ?? (mustDecode ? undefined : proposed.find((uid) => Object.hasOwn(TRANSFER_SYNTAXES, uid)));
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
