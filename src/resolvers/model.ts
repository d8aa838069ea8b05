import { Arg, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Resolver, Root } from 'type-graphql';
import { kindOf } from '../database/kindOf.js';
import { ModelNotFound } from '../errors/errors.js';
import type { Model as ModelRow } from '../generated/prisma/client.js';
import { cardSchema } from '../inference/card.js';
import { ModelState } from '../schema/enums.js';
import { Model } from '../schema/model.js';
import { ModelCard } from '../schema/modelCard.js';
import type { Request } from './request.js';

@InputType({ description: 'A model, and how it is to be used.' })
class ActivateModelInput {
  @Field(() => ID, { description: 'Id of a model that is in MODELS_DIR.' })
  modelId!: string;

  @Field(() => ModelState, {
    nullable: true,
    defaultValue: 'ACTIVE',
    description:
      'How the model is to be used. ACTIVE: it gives the answers from now on. SHADOW: it runs beside the active model on trial. AVAILABLE: it stops running as a shadow.',
  })
  state?: ModelState | null;
}

@ObjectType({ description: 'How models are used now.' })
class ActivateModelPayload {
  @Field(() => Model, { description: 'The model whose use was changed.' })
  model!: ModelRow;

  @Field(() => Model, { description: 'The model that was active before. Activate it to roll back.' })
  previous!: ModelRow;
}

@Resolver(() => Model)
export class ModelResolver {
  @Mutation(() => ActivateModelPayload, {
    description:
      'Changes how a model is used in all processes, without a restart. Studies that are being classified are finished by the model that began. At the next start the setting MODEL decides again, if it is set.',
  })
  activateModel(
    @Arg('input', () => ActivateModelInput, { description: 'The model, and how it is to be used.' }) {
      modelId,
      state,
    }: ActivateModelInput,
    @Ctx() { context }: Request,
  ): Promise<ActivateModelPayload> {
    if (kindOf(modelId) !== 'Model')
      throw new ModelNotFound('`modelId` is not the id of a model. Take one from models.');
    return context.models.setState(modelId, state ?? 'ACTIVE');
  }

  @FieldResolver(() => ModelCard, { description: "What the model's makers measured and state of it." })
  card(@Root() { card }: ModelRow): ModelCard {
    // A row that an earlier version stored may hold a card in another form. What cannot be read is left out.
    return cardSchema.safeParse(card).data ?? cardSchema.parse({});
  }
}
