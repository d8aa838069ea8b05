declare module 'dcmjs' {
  const dcmjs: {
    data: {
      datasetToDict(dataSet: Record<string, unknown>): { write(): ArrayBuffer };
    };
  };
  export default dcmjs;
}
