// Series as studies of their own, by the rule of the server. stdin: {labels, normalLabel, series: [{threshold, slices: [{probabilities, novelty, location}]}]};
// stdout: a finding a series, with the position of its key slice.
import { text } from 'node:stream/consumers';
import { combine } from '../dist/inference/combine.js';

const { labels, normalLabel, series } = JSON.parse(await text(process.stdin));
const findings = series.map(({ threshold, slices }, index) => {
  const verdicts = slices.map(({ probabilities, novelty, location }, position) => {
    const confidence = Math.max(...probabilities);
    const reason = novelty > 1 ? 'OUT_OF_DISTRIBUTION' : confidence < threshold ? 'LOW_CONFIDENCE' : null;
    return {
      sliceId: String(position),
      seriesId: String(index),
      position,
      location,
      status: reason ? 'ABSTAINED' : 'CLASSIFIED',
      abstentionReason: reason,
      label: labels[probabilities.indexOf(confidence)],
      confidence,
      probabilities: labels.map((label, at) => ({ label, probability: probabilities[at] })),
    };
  });
  const finding = combine(verdicts, normalLabel);
  return finding && { ...finding, keySlice: finding.keySliceId === null ? null : Number(finding.keySliceId) };
});
console.log(JSON.stringify(findings));
