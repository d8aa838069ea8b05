import { FieldResolver, Resolver, Root } from 'type-graphql';
import type { Model as ModelRow } from '../generated/prisma/client.js';
import { cardSchema } from '../inference/card.js';
import { Model } from '../schema/model.js';
import { ModelCard } from '../schema/modelCard.js';

@Resolver(() => Model)
export class ModelResolver {
  @FieldResolver(() => ModelCard, { description: 'What is known of it.' })
  card(@Root() { card }: ModelRow): ModelCard {
    // A row of an earlier version may hold a card of another form; what cannot be read of it is left out.
    return cardSchema.safeParse(card).data ?? cardSchema.parse({});
  }
}
