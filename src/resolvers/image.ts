import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { classifyImage } from '../classify/classifyImage.js';
import type { Prediction as PredictionRow } from '../generated/prisma/client.js';
import { sharerOf } from '../identity/caller.js';
import { Prediction } from '../schema/prediction.js';
import { UploadScalar } from '../schema/scalars.js';
import type { UploadedFile } from '../schema/uploadedFile.js';
import type { Request } from './request.js';

@InputType({ description: 'A file to classify.' })
class ClassifyImageInput {
  @Field(() => UploadScalar, { description: 'PNG, JPEG or DICOM file of 32 MiB at most.' })
  file!: UploadedFile;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 1,
    description: 'Number of the frame in a multi-frame DICOM file, from 1.',
  })
  frameNumber?: number | null;
}

@ObjectType({ description: 'The prediction for an uploaded file. Research use only – not for diagnostic use.' })
class ClassifyImagePayload {
  @Field(() => Prediction, { description: 'The prediction, which is stored with its slice like any other.' })
  prediction!: PredictionRow;
}

@Resolver()
export class ImageResolver {
  @Mutation(() => ClassifyImagePayload, {
    description: 'Stores an uploaded file as a slice and classifies it now. A picture becomes a study of its own.',
  })
  async classifyImage(
    @Arg('input', () => ClassifyImageInput, { description: 'The file, and the number of its frame.' }) {
      file,
      frameNumber,
    }: ClassifyImageInput,
    @Ctx() request: Request,
  ): Promise<ClassifyImagePayload> {
    const { bytes } = file;
    const { prediction, studyInstanceUid } = await classifyImage(request.context, {
      bytes,
      frameNumber: frameNumber ?? 1,
      who: sharerOf(request.caller, request.address),
    });
    request.touched = studyInstanceUid;
    return { prediction };
  }
}
