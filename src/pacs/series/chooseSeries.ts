import type { FrameHeader, Vector } from '../header/frames.js';
import type { Instance } from '../header/parse.js';
import { dot, type Orientation, planeOf, positionAlong, sliceNormal } from './orientation.js';
import { recogniseSequence, type Sequence } from './sequence.js';
import { type SeriesReason, seriesReason } from './seriesReason.js';
import { ineligibleFrame, ineligibleInstance } from './seriesRules.js';

/** One frame of one instance. `location`: mm along the slice normal; null where the file does not say. */
export type LocatedSlice = { sopInstanceUid: string; frameNumber: number; location: number | null };

type Candidate = { instance: Instance; frame: FrameHeader };
type LocatedCandidate = Candidate & { location: number | null };

/**
 * Whether a series is eligible for classification.
 * `reason`: what the series is ("T1 post-contrast axial"), or why it is not eligible ("localizer"). It holds no patient
 * data.
 * `slices`: the frames to classify, from right to left, front to back or foot to head. All frames where the series is
 * not eligible.
 */
export type SeriesChoice = {
  eligible: boolean;
  reason: SeriesReason;
  orientation: Orientation | null;
  sequence: Sequence;
  slices: LocatedSlice[];
};

const FEWEST_SLICES = 3;

/** Most images at one position. A dual echo gives two, a dynamic or functional series tens. */
const MOST_IMAGES_PER_POSITION = 4;

/** Least dot product of the normals of parallel slices: an angle of about 8°. */
const PARALLEL = 0.99;

/**
 * Decides whether a series is eligible from the headers of its instances, in any order, by the rules in seriesRules.ts.
 * Slices are ordered by position along the slice normal. Slices at one position, or without one, are ordered by echo
 * time, time point and InstanceNumber.
 * @param weightings those that the model was made for. A series that is known to have another one is not eligible.
 */
export function chooseSeries(instances: readonly Instance[], weightings?: readonly string[]): SeriesChoice {
  const all = instances.flatMap((instance) => instance.frames.map((frame) => ({ instance, frame })));
  const examined = all.map((slice) => ({
    ...slice,
    reason: ineligibleInstance(slice.instance) ?? ineligibleFrame(slice.frame),
  }));
  const anatomical = examined.filter((slice) => slice.reason === null);
  const reason = anatomical.length > 0 ? null : (examined[0]?.reason ?? reasonWithoutFrames(instances[0]));
  const kept = reason === null ? anatomical : examined;
  const normal = kept.map((slice) => sliceNormal(slice.frame)).find((found) => found !== null) ?? null;
  const orientation = normal && planeOf(normal);
  const slices = sortByPosition(kept, normal);
  const sequence = kept[0] ? recogniseSequence(kept[0].instance) : { weighting: null, postContrast: false };
  const problem = reason ?? ineligibleTogether(slices, normal) ?? ineligibleWeighting(sequence, weightings);
  return {
    eligible: problem === null,
    reason: problem ?? describe(sequence, orientation),
    orientation,
    sequence,
    slices: slices.map(({ instance, frame, location }) => ({
      sopInstanceUid: instance.sopInstanceUid,
      frameNumber: frame.frameNumber,
      location,
    })),
  };
}

function reasonWithoutFrames(instance: Instance | undefined): SeriesReason {
  return (instance && ineligibleInstance(instance)) ?? seriesReason('NO_IMAGES');
}

/** Why the slices together are not eligible; null where they are. */
function ineligibleTogether(slices: readonly LocatedCandidate[], normal: Vector | null): SeriesReason | null {
  const parallel = slices.every(({ frame }) => {
    const own = sliceNormal(frame);
    // The sign of a normal changes between slices near 45°, where its main axis does.
    return own === null || normal === null || Math.abs(dot(own, normal)) > PARALLEL;
  });
  if (!parallel) return seriesReason('MIXED_ORIENTATIONS');
  const places = new Set(slices.map(({ location }) => location?.toFixed(2) ?? null)).size;
  if (normal && slices.length > places * MOST_IMAGES_PER_POSITION)
    return seriesReason('TIME_SERIES', { images: slices.length, places });
  return slices.length < FEWEST_SLICES ? seriesReason('TOO_FEW_SLICES', { least: FEWEST_SLICES }) : null;
}

/** Why the weighting is not eligible; null where it is, or is unknown. */
function ineligibleWeighting({ weighting }: Sequence, weightings?: readonly string[]): SeriesReason | null {
  if (!weightings || weighting === null || weightings.includes(weighting)) return null;
  return seriesReason('OTHER_WEIGHTING', { weighting, madeFor: weightings.join(', ') });
}

function sortByPosition(slices: readonly Candidate[], normal: Vector | null): LocatedCandidate[] {
  const placed = slices.map(({ instance, frame }) => ({
    instance,
    frame,
    location: normal && positionAlong(normal, frame),
  }));
  const order = (a: number | null, b: number | null) => (a ?? 0) - (b ?? 0);
  return placed.sort(
    (a, b) =>
      order(a.location, b.location) ||
      order(a.frame.echoTime, b.frame.echoTime) ||
      order(a.frame.temporalPositionIndex, b.frame.temporalPositionIndex) ||
      order(a.instance.instanceNumber, b.instance.instanceNumber) ||
      a.frame.frameNumber - b.frame.frameNumber ||
      (a.instance.sopInstanceUid < b.instance.sopInstanceUid ? -1 : 1),
  );
}

/** What an eligible series is. */
function describe({ weighting, postContrast }: Sequence, orientation: Orientation | null): SeriesReason {
  return seriesReason('ANATOMICAL', { weighting, contrast: postContrast ? 'POST' : null, orientation });
}
