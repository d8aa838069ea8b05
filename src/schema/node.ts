import { Field, ID, InterfaceType } from 'type-graphql';
import { kindOf } from '../database/kindOf.js';

/** Ids begin with the kind of what they name, see prisma/schema.prisma. */
@InterfaceType({
  description: 'Anything that can be fetched again by its id alone.',
  resolveType: ({ id }: Node) => kindOf(id) as string,
})
export abstract class Node {
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;
}
