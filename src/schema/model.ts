import { Field, ID, ObjectType } from 'type-graphql';
import type { Model as ModelRow } from '../generated/prisma/client.js';
import { ModelState } from './enums.js';
import { Node } from './node.js';

@ObjectType({ implements: Node, description: 'A classifier of slices.' })
export class Model implements Pick<ModelRow, 'id' | 'name' | 'version' | 'sha256' | 'labels' | 'layers' | 'state'> {
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;

  @Field({ description: 'Its folder in MODELS_DIR.' })
  name!: string;

  @Field({ description: 'Its folder within that.' })
  version!: string;

  @Field({ description: 'SHA-256 of the graph, in hexadecimal.' })
  sha256!: string;

  @Field(() => [String], { description: 'In the order of its outputs.' })
  labels!: string[];

  @Field(() => [String], { description: 'Its convolutional layers, first to last; empty when it does not run.' })
  layers!: string[];

  @Field(() => ModelState, { description: 'What it is used for.' })
  state!: ModelState;
}
