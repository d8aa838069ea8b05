import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Explanation as ExplanationRow } from '../generated/prisma/client.js';
import { ExplanationMethod, FaithfulnessVerdict } from './enums.js';
import { Node } from './node.js';

@ObjectType({ description: 'A place in a slice, in pixels from its upper left corner.' })
export class Point {
  @Field(() => Float, { description: 'Pixels to the right.' })
  x!: number;

  @Field(() => Float, { description: 'Pixels downwards.' })
  y!: number;
}

@ObjectType({
  description:
    "How the calibrated probability of a map's label changes when the hottest tenth of the map is removed from the slice by itself. It shows whether the probability rests on what the map shows.",
})
export class Faithfulness {
  @Field(() => FaithfulnessVerdict, { description: 'What the three probabilities show.' })
  verdict!: FaithfulnessVerdict;

  @Field(() => Float, { description: 'Probability of the label for the slice as it is, 0–1.' })
  probability!: number;

  @Field(() => Float, { description: 'Probability of the label with the hottest part blurred, 0–1.' })
  without!: number;

  @Field(() => Float, {
    description:
      'Probability of the label with another part blurred, 0–1. Of six equally large parts elsewhere, it is the one that lowers the probability second most.',
  })
  control!: number;
}

@ObjectType({
  implements: Node,
  description:
    'A map of where the evidence for a label lies in a slice, as one layer of one model saw it. It does not localise disease.',
})
export class Explanation
  implements Pick<ExplanationRow, 'id' | 'method' | 'label' | 'layer' | 'rows' | 'columns' | 'predictionId'>
{
  @Field(() => ID, { description: 'Global, opaque id.' })
  id!: string;

  predictionId!: string;

  @Field(() => ExplanationMethod, { description: 'The method that computed the map.' })
  method!: ExplanationMethod;

  @Field({ description: 'The label that the map explains.' })
  label!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The label that `label` is contrasted with: the map then shows what speaks for `label` rather than for this one.',
  })
  against!: string | null;

  @Field({ description: 'Name of the convolutional layer.' })
  layer!: string;

  @Field(() => Int, { description: 'Number of rows of the map.' })
  rows!: number;

  @Field(() => Int, { description: 'Number of columns of the map.' })
  columns!: number;
}
