/** Mirrors planes left to right. `columns`: values in each row. */
export function mirror(values: Float32Array, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += columns)
    for (let column = 0; column < columns; column++)
      result[start + column] = values[start + columns - 1 - column] as number;
  return result;
}
