import { Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'This server.' })
export class Server {
  @Field({ description: 'Version of MRIMaster.' })
  version!: string;

  @Field({ description: 'What the answers may be used for.' })
  intendedUse!: string;

  @Field({ description: 'Execution provider that runs the active model: cpu, webgpu or cuda.' })
  executionProvider!: string;

  @Field(() => [String], { description: 'Why this execution provider is used and no other.' })
  executionProviderNotes!: string[];

  @Field({ description: 'The database in use, without credentials.' })
  database!: string;

  @Field(() => Int, { description: 'Number of studies that wait to be classified.' })
  queueDepth!: number;
}
