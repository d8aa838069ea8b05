import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { kindOf } from '../database/kindOf.js';
import { PredictionNotFound } from '../errors/errors.js';
import { reviewPrediction, reviewStudy } from '../evaluation/recordReview.js';
import type {
  Prediction as PredictionRow,
  Review as ReviewRow,
  Study as StudyRow,
} from '../generated/prisma/client.js';
import { badInput } from '../schema/connection.js';
import { Model } from '../schema/model.js';
import { Prediction } from '../schema/prediction.js';
import {
  Review,
  ReviewPredictionInput,
  ReviewPredictionPayload,
  ReviewStudyInput,
  ReviewStudyPayload,
} from '../schema/review.js';
import { Study } from '../schema/study.js';
import { findModel, type Request } from './request.js';

const LONGEST_COMMENT = 2000;

@Resolver(() => Review)
export class ReviewResolver {
  @Mutation(() => ReviewPredictionPayload, {
    description:
      'Says what a slice shows, in the eyes of the caller. REVIEW_UNAVAILABLE for a slice that could not be read.',
  })
  async reviewPrediction(
    @Arg('input', () => ReviewPredictionInput, { description: 'What to do, and to what.' }) {
      predictionId,
      label,
      comment,
    }: ReviewPredictionInput,
    @Ctx() { caller, loaders, context }: Request,
  ): Promise<ReviewPredictionPayload> {
    if (kindOf(predictionId) !== 'Prediction')
      throw new PredictionNotFound('`predictionId` is the id of no prediction. Take one from Slice.prediction.');
    const verdict = { label, comment: checkComment(comment), reviewer: caller.subject };
    const reviewed = await reviewPrediction(context, predictionId, verdict);
    loaders.reviewsOfPrediction.clear(predictionId); // a mutation before in this request may have read them
    return reviewed;
  }

  @Mutation(() => ReviewStudyPayload, {
    description:
      'Says what a study as a whole shows, in the eyes of the caller. REVIEW_UNAVAILABLE where the model has no finding.',
  })
  async reviewStudy(
    @Arg('input', () => ReviewStudyInput, { description: 'What to do, and to what.' }) {
      studyInstanceUid,
      label,
      comment,
      model,
    }: ReviewStudyInput,
    @Ctx() request: Request,
  ): Promise<ReviewStudyPayload> {
    const { caller, loaders, context } = request;
    const verdict = { label, comment: checkComment(comment), reviewer: caller.subject };
    const reviewed = await reviewStudy(context, studyInstanceUid, await findModel(request, model), verdict);
    loaders.reviewsOfStudy.clear(reviewed.study.id);
    return reviewed;
  }

  @FieldResolver(() => Boolean, { description: 'False where the same reader has said what it shows once more since.' })
  async current(@Root() review: ReviewRow, @Ctx() { loaders }: Request): Promise<boolean> {
    const { id, predictionId, studyId, reviewer, modelId } = review;
    const all = await (predictionId
      ? loaders.reviewsOfPrediction.load(predictionId)
      : loaders.reviewsOfStudy.load(studyId));
    return all.findLast((one) => one.reviewer === reviewer && one.modelId === modelId)?.id === id;
  }

  @FieldResolver(() => Prediction, {
    nullable: true,
    description: 'As it is now; null for a review of a study as a whole.',
  })
  prediction(@Root() { predictionId }: ReviewRow, @Ctx() { loaders }: Request) {
    return predictionId === null ? null : loaders.prediction.load(predictionId);
  }

  @FieldResolver(() => Study, { description: 'The one it is of, or that the slice belongs to.' })
  study(@Root() { studyId }: ReviewRow, @Ctx() { loaders }: Request) {
    return loaders.study.load(studyId);
  }

  @FieldResolver(() => Model, { description: 'Whose answer was looked at.' })
  model(@Root() { modelId }: ReviewRow, @Ctx() { loaders }: Request) {
    return loaders.model.load(modelId);
  }
}

@Resolver(() => Prediction)
export class PredictionReviewsResolver {
  @FieldResolver(() => [Review], { description: 'What readers said of the slice, the oldest first.' })
  reviews(@Root() { id }: PredictionRow, @Ctx() { loaders }: Request): Promise<ReviewRow[]> {
    return loaders.reviewsOfPrediction.load(id);
  }
}

@Resolver(() => Study)
export class StudyReviewsResolver {
  @FieldResolver(() => [Review], {
    description: 'What readers said of it as a whole, the oldest first; what they said of its slices is with these.',
  })
  reviews(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<ReviewRow[]> {
    return loaders.reviewsOfStudy.load(id);
  }
}

/** Null for an empty one. Neither the errors nor the log repeat any of it. */
function checkComment(comment: string | null | undefined): string | null {
  const text = comment?.trim() ?? '';
  if (text.length > LONGEST_COMMENT)
    throw badInput(`\`comment\` has ${text.length} characters; ${LONGEST_COMMENT} are the most.`);
  if (text.includes('\0')) throw badInput('`comment` may not hold a NUL character.'); // PostgreSQL keeps none
  return text || null;
}
