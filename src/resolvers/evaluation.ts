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

const WRONG = 20;
const MOST_WRONG = 100;

@Resolver(() => Evaluation)
export class EvaluationResolver {
  @Query(() => Evaluation, { description: 'How well a model does, by what readers say of its answers in daily work.' })
  async evaluation(
    @Arg('model', () => ID, { nullable: true, description: 'By default the active one.' }) model: string | null,
    @Args() period: PeriodArgs,
    @Arg('of', () => EvaluationUnit, { defaultValue: 'SLICES', description: 'What is counted.' }) unit: Unit,
    @Arg('answeredOnly', () => Boolean, {
      defaultValue: false,
      description: 'Leave out what the model abstained from; by default its guess counts, as it does on its card.',
    })
    answeredOnly: boolean,
    @Ctx() request: Request,
  ): Promise<Evaluated> {
    const of = { model: await findModel(request, model), period: readPeriod(period), unit, answeredOnly };
    return evaluateModel(request.context, of);
  }

  @FieldResolver(() => Model, { description: 'Whose answers they are.' })
  model(@Root() { model }: Evaluated): Model {
    return model;
  }

  @FieldResolver(() => Int, { description: 'Those that have a truth and that the figures are of.' })
  reviewed(@Root() { judged }: Evaluated): number {
    return judged.length;
  }

  @FieldResolver(() => Int, { description: 'Of how many studies these are.' })
  studies(@Root() { judged }: Evaluated): number {
    return new Set(judged.map(({ studyId }) => studyId)).size;
  }

  @FieldResolver(() => Interval, { nullable: true, description: 'Share of right answers; null of none.' })
  accuracy(@Root() { judged }: Evaluated): Interval | null {
    return accuracy(judged);
  }

  @FieldResolver(() => [LabelMetrics], { description: "In the model's order." })
  perLabel(@Root() { judged, labels }: Evaluated): LabelOfStudies[] {
    return labels.map((label) => measureLabel(label, countLabel(judged, label)));
  }

  @FieldResolver(() => ConfusionMatrix, { description: 'Which truths got which answers.' })
  confusionMatrix(@Root() { judged, labels }: Evaluated): ConfusionMatrix {
    return { labels, counts: confusionMatrix(judged, labels) };
  }

  @FieldResolver(() => Calibration, { description: 'Whether confidences are kept.' })
  calibration(@Root() { judged }: Evaluated): Calibration {
    return calibrate(judged.map(({ truth, label, confidence }) => ({ confidence, right: truth === label })));
  }

  @FieldResolver(() => [Prediction], {
    description:
      'Wrong with a confidence above 0.95: the cases to read first. The most confident first; each as it is now, which may differ from what was read. Empty where studies are evaluated.',
  })
  confidentlyWrong(
    @Root() evaluated: Evaluated,
    @Arg('first', () => Int, { defaultValue: WRONG, description: 'How many at most.' }) first: number,
    @Ctx() { loaders }: Request,
  ) {
    const most = pageSize(first, WRONG, MOST_WRONG);
    if (evaluated.unit !== 'SLICES') return [];
    return Promise.all(confidentlyWrong(evaluated, most).map(({ thingId }) => loaders.prediction.load(thingId)));
  }

  @FieldResolver(() => [Study], { description: 'The same of findings; empty where slices are evaluated.' })
  confidentlyWrongStudies(
    @Root() evaluated: Evaluated,
    @Arg('first', () => Int, { defaultValue: WRONG, description: 'How many at most.' }) first: number,
    @Ctx() { loaders }: Request,
  ) {
    const most = pageSize(first, WRONG, MOST_WRONG);
    if (evaluated.unit !== 'STUDIES') return [];
    return Promise.all(confidentlyWrong(evaluated, most).map(({ studyId }) => loaders.study.load(studyId)));
  }

  @FieldResolver(() => [PredictiveValue], {
    description:
      'What answers are worth where labels are as common as is said here, rather than as in what was reviewed.',
  })
  predictiveValues(
    @Root() { judged, labels }: Evaluated,
    @Arg('prevalences', () => [LabelPrevalenceInput], { description: 'How common labels are, each once.' })
    prevalences: LabelPrevalenceInput[],
  ): PredictiveValue[] {
    checkPrevalences(prevalences, labels);
    return prevalences.map(({ label, prevalence }) => {
      const studies = countLabel(judged, label);
      const ppv = positivePredictiveValue(studies, prevalence);
      return { label, prevalence, ppv, npv: negativePredictiveValue(studies, prevalence) };
    });
  }

  @FieldResolver(() => Drift, { description: 'Needs no reviews.' })
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

type LabelOfStudies = LabelMetrics & { counts: LabelCounts[] };

@Resolver(() => LabelMetrics)
export class LabelMetricsResolver {
  @FieldResolver(() => Interval, {
    nullable: true,
    description: 'Harmonic mean of precision and recall. Null where the label neither is nor was answered.',
  })
  f1(@Root() { counts }: LabelOfStudies): Interval | null {
    return f1(counts); // a thousand resamples: only for those who ask
  }
}

function measureLabel(label: string, counts: LabelCounts[]): LabelOfStudies {
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
  // A little over 1 is what adding decimal fractions makes of it.
  if (prevalences.reduce((sum, { prevalence }) => sum + prevalence, 0) > 1 + 1e-9)
    throw badInput('The `prevalences` of all labels together may be 1 at most.');
}
