import { makeUid } from '../write/implementation.js';

/**
 * The UIDs of what is written of a finding: the same whenever it is written again, so that a repeated job makes no
 * second object, and others for each `revision`, from 1. What is tracked and its series stay the same through all.
 * @param findingId unique in the world, as of StudyFinding; of the study where it has no finding.
 */
export function resultUids(findingId: string, revision: number) {
  const uid = (name: string) => makeUid(`MRIMaster result ${findingId}: ${name}`);
  return {
    trackingUid: uid('finding'),
    report: { seriesInstanceUid: uid('series of reports'), sopInstanceUid: uid(`report ${revision}`) },
    overlay: { seriesInstanceUid: uid('series of overlays'), sopInstanceUid: uid(`overlay ${revision}`) },
  };
}
