type Compared = {
  seed: number[];
  layer: string;
  rows: number;
  columns: number;
  method: string;
  errors: number[];
  gaps: number[];
};

export type Exported = { name: string; layers: { name: string }[] } & Record<string, unknown>;

export function compareMaps(
  folder: string,
  exported: Exported,
): Promise<{
  name: string;
  logitsError: number;
  unsupported: { operator: string }[];
  unexplainable: string[];
  bytes: number;
  maps: Compared[];
}>;
export function bestSlice(maps: Compared[], key?: 'errors' | 'gaps'): { largest: number; median: number };
