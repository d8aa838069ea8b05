/** A file that came with an operation, whole: it is bounded when it is read. */
export class UploadedFile {
  constructor(readonly bytes: Buffer) {}
}
