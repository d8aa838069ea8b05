declare module 'dcmjs' {
  const dcmjs: {
    data: {
      DicomMetaDictionary: {
        dictionary: Record<string, { vr: string; name: string } | undefined>;
        nameMap: Record<string, { vr: string } | undefined>;
        denaturalizeDataset(dataSet: Record<string, unknown>): Record<string, unknown>;
      };
      datasetToDict(dataSet: Record<string, unknown>): {
        meta: Record<string, unknown>;
        write(options?: { allowInvalidVRLength: boolean }): ArrayBuffer;
      };
    };
  };
  export default dcmjs;
}
