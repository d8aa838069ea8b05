/** A whole file that came with an operation. Its size was limited when it was read. */
export class UploadedFile {
  constructor(readonly bytes: Buffer) {}
}
