import { Field, ID, InterfaceType } from 'type-graphql';
import { kindOf } from '../database/kindOf.js';

/** An id begins with the kind of what it names, see prisma/schema.prisma. */
@InterfaceType({
  description: 'An object that can be fetched again by its id alone.',
  resolveType: ({ id }: Node) => kindOf(id) as string,
})
export abstract class Node {
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;
}
