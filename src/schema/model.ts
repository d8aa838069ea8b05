import { Field, ID, ObjectType } from 'type-graphql';
import type { Model as ModelRow } from '../generated/prisma/client.js';
import { ModelState } from './enums.js';
import { Node } from './node.js';

@ObjectType({ implements: Node, description: 'A model that classifies slices.' })
export class Model implements Pick<ModelRow, 'id' | 'name' | 'version' | 'sha256' | 'labels' | 'layers' | 'state'> {
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;

  @Field({ description: 'Name of the model, which is its folder in MODELS_DIR.' })
  name!: string;

  @Field({ description: 'Version of the model, which is its folder within that of its name.' })
  version!: string;

  @Field({ description: "SHA-256 of the model's graph, in hexadecimal." })
  sha256!: string;

  @Field(() => [String], { description: "Labels in the order of the model's outputs." })
  labels!: string[];

  @Field(() => [String], {
    description: 'Names of the convolutional layers, first to last. Empty if the model is not running.',
  })
  layers!: string[];

  @Field(() => ModelState, { description: 'How the model is used.' })
  state!: ModelState;
}
