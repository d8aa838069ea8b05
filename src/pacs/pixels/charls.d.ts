// The package has no types. These are of the part that decodeJpegLs.ts uses.
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  type FrameInfo = { width: number; height: number; bitsPerSample: number; componentCount: number };
  type JpegLsDecoder = {
    getEncodedBuffer(length: number): Uint8Array;
    getDecodedBuffer(): Uint8Array;
    decode(): void;
    getFrameInfo(): FrameInfo;
    getInterleaveMode(): number;
    delete(): void;
  };
  type CharLs = { JpegLSDecoder: new () => JpegLsDecoder };
  export default function load(options?: object): Promise<CharLs>;
}
