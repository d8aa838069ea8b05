declare module 'dcmjs' {
  const dcmjs: {
    data: {
      DicomMetaDictionary: { dictionary: Record<string, { vr: string } | undefined> };
      datasetToDict(dataSet: Record<string, unknown>): { write(): ArrayBuffer };
    };
  };
  export default dcmjs;
}
