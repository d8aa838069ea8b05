// Reads series with the server's own code, for training.
// stdin: {manifest, settings, series: [{leftRight, slices: [viewed slice]}]}. A viewed slice is {logits, novelty,
// presence (float32 as base64), rows, columns, frame, location}.
// stdout: with `settings` (candidates for the manifest's "inSeries"), for each of them the scores of each series. Without
// `settings`, {verdicts, finding} of each series.
import { text } from 'node:stream/consumers';
import { combine } from '../dist/inference/combine.js';
import { readSeries, scoreSeries } from '../dist/inference/readSeries.js';

const { manifest, settings, series } = JSON.parse(await text(process.stdin));
const read = series.map(({ leftRight, slices }) => ({
  leftRight,
  slices: slices.map(({ logits, novelty, presence, rows, columns, frame, location }) => {
    const bytes = Buffer.from(presence, 'base64');
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, rows * columns);
    return { logits: Float32Array.from(logits), novelty, location, presence: { rows, columns, values, frame } };
  }),
}));
const answer = settings
  ? settings.map((inSeries) =>
      read.map(({ leftRight, slices }) => scoreSeries(slices, leftRight, { ...manifest, inSeries })),
    )
  : read.map(({ leftRight, slices }, index) => {
      const verdicts = readSeries(slices, leftRight, manifest);
      return { verdicts, finding: findingOf(verdicts, slices, String(index)) };
    });
process.stdout.write(JSON.stringify(answer));

function findingOf(verdicts, slices, seriesId) {
  const order = slices.map((_, index) => index).sort((a, b) => (slices[a].location ?? 0) - (slices[b].location ?? 0));
  const placed = order.map((index, position) => {
    const { location } = slices[index];
    return { ...verdicts[index], sliceId: String(index), seriesId, position, location };
  });
  const { normalLabel, inSeries } = manifest;
  const { study: surest, absent, clear } = inSeries.abstention;
  const finding = combine(placed, { normalLabel, surest, absent, clear });
  return finding && { ...finding, keySlice: finding.keySliceId === null ? null : Number(finding.keySliceId) };
}
