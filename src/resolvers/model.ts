import { Arg, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Resolver, Root } from 'type-graphql';
import { kindOf } from '../database/kindOf.js';
import { ModelNotFound } from '../errors/errors.js';
import type { Model as ModelRow } from '../generated/prisma/client.js';
import { cardSchema } from '../inference/card.js';
import { ModelState } from '../schema/enums.js';
import { Model } from '../schema/model.js';
import { ModelCard } from '../schema/modelCard.js';
import type { Request } from './request.js';

@InputType({ description: 'What a model is to be used for.' })
class ActivateModelInput {
  @Field(() => ID, { description: 'One that is in MODELS_DIR.' })
  modelId!: string;

  @Field(() => ModelState, {
    nullable: true,
    defaultValue: 'ACTIVE',
    description: 'ACTIVE: it gives the answers from now on. SHADOW: it is tried out beside. AVAILABLE ends that.',
  })
  state?: ModelState | null;
}

@ObjectType({ description: 'What models are used for now.' })
class ActivateModelPayload {
  @Field(() => Model, { description: 'The one that was asked for.' })
  model!: ModelRow;

  @Field(() => Model, { description: 'The one that was active before: activate it to roll back.' })
  previous!: ModelRow;
}

@Resolver(() => Model)
export class ModelResolver {
  @Mutation(() => ActivateModelPayload, {
    description:
      'Puts a model to use, without a restart, in all processes; studies that are being classified end with the one that they began with. MODEL, where it is set, decides anew at the next start.',
  })
  activateModel(
    @Arg('input', () => ActivateModelInput, { description: 'What to do, and to what.' }) {
      modelId,
      state,
    }: ActivateModelInput,
    @Ctx() { context }: Request,
  ): Promise<ActivateModelPayload> {
    if (kindOf(modelId) !== 'Model') throw new ModelNotFound('`modelId` is the id of no model. Take one from models.');
    return context.models.setState(modelId, state ?? 'ACTIVE');
  }

  @FieldResolver(() => ModelCard, { description: 'What is known of it.' })
  card(@Root() { card }: ModelRow): ModelCard {
    // A row of an earlier version may hold a card of another form; what cannot be read of it is left out.
    return cardSchema.safeParse(card).data ?? cardSchema.parse({});
  }
}
