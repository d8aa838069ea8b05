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
      "Stores the caller's label for a slice. Fails with REVIEW_UNAVAILABLE for a slice that could not be read.",
  })
  async reviewPrediction(
    @Arg('input', () => ReviewPredictionInput, {
      description: 'The prediction that was read, and its label by the reader.',
    })
    { predictionId, label, comment }: ReviewPredictionInput,
    @Ctx() { caller, loaders, context }: Request,
  ): Promise<ReviewPredictionPayload> {
    if (kindOf(predictionId) !== 'Prediction')
      throw new PredictionNotFound('`predictionId` is not the id of a prediction. Take one from Slice.prediction.');
    const verdict = { label, comment: checkComment(comment), reviewer: caller.subject };
    const reviewed = await reviewPrediction(context, predictionId, verdict);
    loaders.reviewsOfPrediction.clear(predictionId); // an earlier mutation of this request may have loaded them
    return reviewed;
  }

  @Mutation(() => ReviewStudyPayload, {
    description:
      "Stores the caller's label for a study as a whole. Fails with REVIEW_UNAVAILABLE if the model has no finding.",
  })
  async reviewStudy(
    @Arg('input', () => ReviewStudyInput, { description: 'The study that was read, and its label by the reader.' }) {
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

  @FieldResolver(() => Boolean, {
    description: "Whether this is the reader's latest review of this slice or study for this model.",
  })
  async current(@Root() review: ReviewRow, @Ctx() { loaders }: Request): Promise<boolean> {
    const { id, predictionId, studyId, reviewer, modelId } = review;
    const all = await (predictionId
      ? loaders.reviewsOfPrediction.load(predictionId)
      : loaders.reviewsOfStudy.load(studyId));
    return all.findLast((other) => other.reviewer === reviewer && other.modelId === modelId)?.id === id;
  }

  @FieldResolver(() => Prediction, {
    nullable: true,
    description: 'The prediction as it is now. Null for a review of a study as a whole.',
  })
  prediction(@Root() { predictionId }: ReviewRow, @Ctx() { loaders }: Request) {
    return predictionId === null ? null : loaders.prediction.load(predictionId);
  }

  @FieldResolver(() => Study, { description: 'The study that was reviewed, or that the reviewed slice belongs to.' })
  study(@Root() { studyId }: ReviewRow, @Ctx() { loaders }: Request) {
    return loaders.study.load(studyId);
  }

  @FieldResolver(() => Model, { description: 'The model whose answer the reader looked at.' })
  model(@Root() { modelId }: ReviewRow, @Ctx() { loaders }: Request) {
    return loaders.model.load(modelId);
  }
}

@Resolver(() => Prediction)
export class PredictionReviewsResolver {
  @FieldResolver(() => [Review], { description: 'Reviews of the slice, the oldest first.' })
  reviews(@Root() { id }: PredictionRow, @Ctx() { loaders }: Request): Promise<ReviewRow[]> {
    return loaders.reviewsOfPrediction.load(id);
  }
}

@Resolver(() => Study)
export class StudyReviewsResolver {
  @FieldResolver(() => [Review], {
    description: 'Reviews of the study as a whole, the oldest first. Reviews of its slices are with their predictions.',
  })
  reviews(@Root() { id }: StudyRow, @Ctx() { loaders }: Request): Promise<ReviewRow[]> {
    return loaders.reviewsOfStudy.load(id);
  }
}

/** @returns null for an empty comment. @throws BAD_USER_INPUT, without a word of the comment, which may name a patient. */
function checkComment(comment: string | null | undefined): string | null {
  const text = comment?.trim() ?? '';
  if (text.length > LONGEST_COMMENT)
    throw badInput(`\`comment\` has ${text.length} characters; ${LONGEST_COMMENT} are the most.`);
  if (text.includes('\0')) throw badInput('`comment` may not hold a NUL character.'); // PostgreSQL cannot store it
  return text || null;
}
