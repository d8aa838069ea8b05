import type { Classifier } from '../inference/classifier.js';
import type { Metrics } from './metrics.js';
import { timed } from './outcome.js';
import type { Tracing } from './tracing.js';

/** The same classifier; its batches and its maps are timed. */
export function observeClassifier(classifier: Classifier, metrics: Metrics, tracing: Tracing): Classifier {
  const observe = <T>(work: 'classify' | 'explain', slices: number, run: () => Promise<T>) => {
    const attributes = { 'mrimaster.slices': slices, 'mrimaster.provider': classifier.provider };
    return tracing.span(`inference ${work}`, attributes, () =>
      timed(run, (_outcome, seconds) => metrics.inferenceSeconds.observe({ work }, seconds)),
    );
  };
  return {
    ...classifier,
    classify: (images) => {
      metrics.batchSlices.observe(images.length);
      return observe('classify', images.length, () => classifier.classify(images));
    },
    look: (images) => {
      metrics.batchSlices.observe(images.length);
      return observe('classify', images.length, () => classifier.look(images));
    },
    explain: (...wanted) => observe('explain', 1, () => classifier.explain(...wanted)),
    explainAll: (images, ...wanted) =>
      observe('explain', images.length, () => classifier.explainAll(images, ...wanted)),
  };
}
