import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { type Right, ROLES } from './caller.js';
import { demandOf } from './table.js';

const HEAD = `# Who may ask for what

Printed from \`src/identity\` by \`npm run schema\`; do not edit. [authorization.md](authorization.md) explains it.

`;

/** Writes every field of the API, the right that it needs and the roles that have it, as a Markdown table. */
export function writeMatrix(schema: GraphQLSchema): string {
  const roles = Object.values(ROLES) as readonly (readonly Right[])[];
  /** Fields of one type that need the same right share a line. */
  const lines = new Map<string, { type: string; needs: string; right: Right; fields: string[] }>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) continue;
    for (const field of Object.keys(type.getFields())) {
      const demand = demandOf(type.name, field);
      if (demand === undefined) continue; // refused to everybody; a test finds such fields
      const right = typeof demand === 'object' ? demand.right : demand;
      const needs = typeof demand === 'object' ? `${right}, else null` : right;
      const line = lines.get(`${type.name} ${needs}`) ?? { type: type.name, needs, right, fields: [] };
      lines.set(`${type.name} ${needs}`, { ...line, fields: [...line.fields, field] });
    }
  }
  const header = `| type | fields | right | ${Object.keys(ROLES).join(' | ')} |\n|---|---|---|${':-:|'.repeat(roles.length)}\n`;
  const body = [...lines.values()].map(({ fields, needs, right, type }) => {
    const marks = roles.map((rights) => (rights.includes(right) ? '✓' : ''));
    return `| ${[type, fields.join(', '), needs, ...marks].join(' | ')} |\n`;
  });
  return HEAD + header + body.join('');
}
