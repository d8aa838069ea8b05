import { Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A picture, by URL or in place.' })
export class Image {
  @Field({ description: 'Where to fetch it over HTTP.' })
  url: string;

  @Field(() => Int, { description: 'Pixels.' })
  width: number;

  @Field(() => Int, { description: 'Pixels.' })
  height: number;

  @Field({ description: 'image/png' })
  mediaType: string = 'image/png';

  /** @param render the file's bytes; called only when they are asked for, which the audit is to know. */
  constructor(
    url: string,
    width: number,
    height: number,
    private readonly render: () => Promise<Buffer>,
  ) {
    this.url = url;
    this.width = width;
    this.height = height;
  }

  @Field(() => String, { description: 'The file itself, in base64.' })
  async base64(): Promise<string> {
    return (await this.render()).toString('base64');
  }
}
