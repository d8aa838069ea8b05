import { Field, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A picture, by URL or as base64.' })
export class Image {
  @Field({ description: 'URL of the picture over HTTP.' })
  url: string;

  @Field(() => Int, { description: 'Width in pixels.' })
  width: number;

  @Field(() => Int, { description: 'Height in pixels.' })
  height: number;

  @Field({ description: 'Media type of the picture: image/png.' })
  mediaType: string = 'image/png';

  /** @param render gives the bytes of the picture, and has the audit record them. It is called only if a client asks for them. */
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

  @Field(() => String, { description: 'The bytes of the picture in base64.' })
  async base64(): Promise<string> {
    return (await this.render()).toString('base64');
  }
}
