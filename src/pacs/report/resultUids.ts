import { makeUid } from '../write/implementation.js';

/**
 * UIDs of the objects that are written for a finding. They derive from their arguments, so a repeated job writes no
 * second object.
 * Each `revision`, from 1, gets new instance UIDs. The tracking UID and the series UIDs stay the same.
 * @param findingId unique in the world: the id of the StudyFinding, or of the study where it has no finding.
 */
export function resultUids(findingId: string, revision: number) {
  const uid = (name: string) => makeUid(`MRIMaster result ${findingId}: ${name}`);
  return {
    trackingUid: uid('finding'),
    report: { seriesInstanceUid: uid('series of reports'), sopInstanceUid: uid(`report ${revision}`) },
    overlay: { seriesInstanceUid: uid('series of overlays'), sopInstanceUid: uid(`overlay ${revision}`) },
  };
}
