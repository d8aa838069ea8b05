import { Arg, Args, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { LabelNotFound } from '../errors/errors.js';
import { confidentlyWrong, type Evaluated, evaluateModel, type Unit } from '../evaluation/evaluateModel.js';
import { measureDrift, mixOfCard } from '../evaluation/measureDrift.js';
import { badInput, pageSize } from '../schema/connection.js';
import { type AnswerMix, Drift } from '../schema/drift.js';
import {
  Calibration,
  ConfusionMatrix,
  Evaluation,
  EvaluationUnit,
  LabelMetrics,
  LabelPrevalenceInput,
  PredictiveValue,
} from '../schema/evaluation.js';
import { Model } from '../schema/model.js';
import { Interval } from '../schema/modelCard.js';
import { PeriodArgs, readPeriod } from '../schema/period.js';
import { Prediction } from '../schema/prediction.js';
import { Study } from '../schema/study.js';
import { calibrate } from '../statistics/calibration.js';
import {
  accuracy,
  confusionMatrix,
  countLabel,
  f1,
  type LabelCounts,
  precision,
  recall,
  specificity,
} from '../statistics/confusion.js';
import type { Sample } from '../statistics/drift.js';
import { negativePredictiveValue, positivePredictiveValue } from '../statistics/predictiveValue.js';
import { findModel, type Request } from './request.js';

const WRONG_PER_PAGE = 20;
const MOST_PER_PAGE = 100;

@Resolver(() => Evaluation)
export class EvaluationResolver {
  @Query(() => Evaluation, { description: "How well a model's answers agree with the readers' labels in daily work." })
  async evaluation(
    @Arg('model', () => ID, { nullable: true, description: 'Id of the model. By default the active model.' }) model:
      | string
      | null,
    @Args() period: PeriodArgs,
    @Arg('of', () => EvaluationUnit, {
      defaultValue: 'SLICES',
      description: 'Whether predictions of slices or findings of studies are evaluated.',
    })
    unit: Unit,
    @Arg('answeredOnly', () => Boolean, {
      defaultValue: false,
      description: 'Whether abstentions are left out. By default their guesses count, as they do on the model card.',
    })
    answeredOnly: boolean,
    @Ctx() request: Request,
  ): Promise<Evaluated> {
    const of = { model: await findModel(request, model), period: readPeriod(period), unit, answeredOnly };
    return evaluateModel(request.context, of);
  }

  @FieldResolver(() => Model, { description: 'The model that is evaluated.' })
  model(@Root() { model }: Evaluated): Model {
    return model;
  }

  @FieldResolver(() => Int, {
    description: 'Number of slices or studies with a truth, which the figures are computed from.',
  })
  reviewed(@Root() { judged }: Evaluated): number {
    return judged.length;
  }

  @FieldResolver(() => Int, { description: 'Number of studies that these belong to.' })
  studies(@Root() { judged }: Evaluated): number {
    return new Set(judged.map(({ studyId }) => studyId)).size;
  }

  @FieldResolver(() => Interval, {
    nullable: true,
    description: 'Share of right answers. Null if nothing was reviewed.',
  })
  accuracy(@Root() { judged }: Evaluated): Interval | null {
    return accuracy(judged);
  }

  @FieldResolver(() => [LabelMetrics], { description: "Figures for each label, in the model's order." })
  perLabel(@Root() { judged, labels }: Evaluated): CountedLabel[] {
    return labels.map((label) => measureLabel(label, countLabel(judged, label)));
  }

  @FieldResolver(() => ConfusionMatrix, { description: "How often each of the readers' labels got each answer." })
  confusionMatrix(@Root() { judged, labels }: Evaluated): ConfusionMatrix {
    return { labels, counts: confusionMatrix(judged, labels) };
  }

  @FieldResolver(() => Calibration, { description: 'Whether confidences are reliable.' })
  calibration(@Root() { judged }: Evaluated): Calibration {
    return calibrate(judged.map(({ truth, label, confidence }) => ({ confidence, right: truth === label })));
  }

  @FieldResolver(() => [Prediction], {
    description:
      'Predictions that were wrong with a confidence above 0.95, the most confident first: the cases to read first. Each is shown as it is now, which may differ from what was reviewed. Empty if studies are evaluated.',
  })
  confidentlyWrong(
    @Root() evaluated: Evaluated,
    @Arg('first', () => Int, { defaultValue: WRONG_PER_PAGE, description: 'Largest number of predictions.' })
    first: number,
    @Ctx() { loaders }: Request,
  ) {
    const most = pageSize(first, WRONG_PER_PAGE, MOST_PER_PAGE);
    if (evaluated.unit !== 'SLICES') return [];
    return Promise.all(confidentlyWrong(evaluated, most).map(({ thingId }) => loaders.prediction.load(thingId)));
  }

  @FieldResolver(() => [Study], {
    description:
      'Studies whose finding was wrong with a confidence above 0.95, the most confident first. Empty if slices are evaluated.',
  })
  confidentlyWrongStudies(
    @Root() evaluated: Evaluated,
    @Arg('first', () => Int, { defaultValue: WRONG_PER_PAGE, description: 'Largest number of studies.' }) first: number,
    @Ctx() { loaders }: Request,
  ) {
    const most = pageSize(first, WRONG_PER_PAGE, MOST_PER_PAGE);
    if (evaluated.unit !== 'STUDIES') return [];
    return Promise.all(confidentlyWrong(evaluated, most).map(({ studyId }) => loaders.study.load(studyId)));
  }

  @FieldResolver(() => [PredictiveValue], {
    description:
      'Predictive values of answers at the prevalences that are given, rather than at those in what was reviewed.',
  })
  predictiveValues(
    @Root() { judged, labels }: Evaluated,
    @Arg('prevalences', () => [LabelPrevalenceInput], {
      description: 'Prevalences of labels. Each label may be given once.',
    })
    prevalences: LabelPrevalenceInput[],
  ): PredictiveValue[] {
    checkPrevalences(prevalences, labels);
    return prevalences.map(({ label, prevalence }) => {
      const studies = countLabel(judged, label);
      const ppv = positivePredictiveValue(studies, prevalence);
      return { label, prevalence, ppv, npv: negativePredictiveValue(studies, prevalence) };
    });
  }

  @FieldResolver(() => Drift, {
    description: 'Whether the model still answers as it did at first. It needs no reviews.',
  })
  async drift(@Root() { model, period, unit }: Evaluated, @Ctx() { context }: Request): Promise<Drift> {
    const { now, reference, comparison } = await measureDrift(context, { model, period, unit });
    const unknown = { labelDistance: null, confidenceShift: null, abstentionShift: null, alarm: null, reasons: [] };
    return {
      now: showMix(now),
      reference: reference && showMix(reference),
      card: mixOfCard(model),
      ...(comparison ?? unknown),
    };
  }
}

/** Metrics of a label, with the counts of each study, from which F1 is computed. */
type CountedLabel = LabelMetrics & { counts: LabelCounts[] };

@Resolver(() => LabelMetrics)
export class LabelMetricsResolver {
  @FieldResolver(() => Interval, {
    nullable: true,
    description: 'Harmonic mean of precision and recall. Null if neither the readers nor the model gave the label.',
  })
  f1(@Root() { counts }: CountedLabel): Interval | null {
    return f1(counts); // a jackknife over studies, computed only for clients that ask for it
  }
}

function measureLabel(label: string, counts: LabelCounts[]): CountedLabel {
  return {
    label,
    counts,
    support: counts.reduce((sum, { present }) => sum + present, 0),
    precision: precision(counts),
    recall: recall(counts),
    specificity: specificity(counts),
  };
}

function showMix({ studies, answers, labels, confidence, abstentions }: Sample): AnswerMix {
  const mean = ({ sum }: { sum: number }) => (studies > 0 ? sum / studies : null);
  return {
    studies,
    answers,
    labels: [...labels].map(([label, { sum }]) => ({ label, share: sum / studies })),
    meanConfidence: mean(confidence),
    abstentionRate: mean(abstentions),
  };
}

function checkPrevalences(prevalences: readonly LabelPrevalenceInput[], labels: readonly string[]): void {
  if (prevalences.some(({ label }) => !labels.includes(label)))
    throw new LabelNotFound(`The model has no such label. Its labels: ${labels.join(', ')}.`);
  if (new Set(prevalences.map(({ label }) => label)).size < prevalences.length)
    throw badInput('`prevalences` may name each label once only.');
  if (prevalences.some(({ prevalence }) => !(prevalence >= 0 && prevalence <= 1)))
    throw badInput('`prevalence` must be from 0 to 1.');
  // The sum of decimal fractions may exceed 1 by a rounding error.
  if (prevalences.reduce((sum, { prevalence }) => sum + prevalence, 0) > 1 + 1e-9)
    throw badInput('The `prevalences` of all labels together may be 1 at most.');
}
