import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Explanation as ExplanationRow } from '../generated/prisma/client.js';
import { ExplanationMethod, FaithfulnessVerdict } from './enums.js';
import { Node } from './node.js';

@ObjectType({ description: 'A place in a slice, in pixels from its upper left corner.' })
export class Point {
  @Field(() => Float, { description: 'To the right.' })
  x!: number;

  @Field(() => Float, { description: 'Downwards.' })
  y!: number;
}

@ObjectType({
  description:
    'What removing the hottest tenth of a map does to the calibrated probability of its label, for the slice by itself: whether the map shows what that rests on.',
})
export class Faithfulness {
  @Field(() => FaithfulnessVerdict, { description: 'What these figures say.' })
  verdict!: FaithfulnessVerdict;

  @Field(() => Float, { description: 'Of the label, for the slice as it is.' })
  probability!: number;

  @Field(() => Float, { description: 'The same with the hottest part blurred away.' })
  without!: number;

  @Field(() => Float, {
    description:
      'The same with another part blurred away: of six as large, none of them in its place, the one that lowers it second most.',
  })
  control!: number;
}

@ObjectType({
  implements: Node,
  description:
    'Where in a slice the evidence for a label came from, as one layer of one model saw it. Not a localisation of disease.',
})
export class Explanation
  implements Pick<ExplanationRow, 'id' | 'method' | 'label' | 'layer' | 'rows' | 'columns' | 'predictionId'>
{
  @Field(() => ID, { description: 'Global and opaque.' })
  id!: string;

  predictionId!: string;

  @Field(() => ExplanationMethod, { description: 'How it was computed.' })
  method!: ExplanationMethod;

  @Field({ description: 'The label that is explained.' })
  label!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What it is contrasted with: what speaks for label rather than for this.',
  })
  against!: string | null;

  @Field({ description: 'The convolutional layer.' })
  layer!: string;

  @Field(() => Int, { description: 'Of the map.' })
  rows!: number;

  @Field(() => Int, { description: 'Of the map.' })
  columns!: number;
}
