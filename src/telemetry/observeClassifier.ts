import type { Classifier } from '../inference/classifier.js';
import type { Metrics } from './metrics.js';
import { timed } from './outcome.js';
import type { Tracing } from './tracing.js';

/** Wraps a classifier: its batches, its reading of series and its maps are timed. */
export function observeClassifier(classifier: Classifier, metrics: Metrics, tracing: Tracing): Classifier {
  const observe = <T>(work: 'classify' | 'read' | 'explain', slices: number, run: () => Promise<T>) => {
    const attributes = { 'mrimaster.slices': slices, 'mrimaster.provider': classifier.provider };
    return tracing.span(`inference ${work}`, attributes, () =>
      timed(run, (_outcome, seconds) => metrics.inferenceSeconds.observe({ work }, seconds)),
    );
  };
  const observeBatch = <T>(slices: number, run: () => Promise<T>) => {
    metrics.batchSlices.observe(slices);
    return observe('classify', slices, run);
  };
  return {
    ...classifier,
    classify: (images) => observeBatch(images.length, () => classifier.classify(images)),
    view: (images) => observeBatch(images.length, () => classifier.view(images)),
    readSeries: (slices, leftRight) => observe('read', slices.length, () => classifier.readSeries(slices, leftRight)),
    explain: (...wanted) => observe('explain', 1, () => classifier.explain(...wanted)),
    explainAll: (images, ...wanted) =>
      observe('explain', images.length, () => classifier.explainAll(images, ...wanted)),
  };
}
