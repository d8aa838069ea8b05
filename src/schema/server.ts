import { Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'This server.' })
export class Server {
  @Field({ description: 'Of MRIMaster.' })
  version!: string;

  @Field({ description: 'What its answers may be used for.' })
  intendedUse!: string;

  @Field({ description: 'What really computes: cpu, webgpu, cuda.' })
  executionProvider!: string;

  @Field(() => [String], { description: 'Why that one and not another.' })
  executionProviderNotes!: string[];

  @Field({ description: 'Which database, without its credentials.' })
  database!: string;

  @Field(() => Int, { description: 'Studies that wait to be classified.' })
  queueDepth!: number;
}
