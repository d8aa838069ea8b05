import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { settingsByTheme } from './config.js';

/** A setting as its schema describes it. `default`: as an operator would write it. */
type Described = { description: string; default?: string; example?: string };
type Theme = { title: string; description: string; properties: Record<string, Described> };

const WIDTH = 120;

/** What operators read about the settings: the text of each file, by its path in the repository. */
export function printedSettings(): Record<string, string> {
  const themes = Object.values(settingsByTheme({}, '.')).map(
    (theme) => z.toJSONSchema(theme, { io: 'input' }) as unknown as Theme,
  );
  return { '.env.example': exampleOf(themes), 'docs/settings.md': documentOf(themes) };
}

function exampleOf(themes: readonly Theme[]): string {
  const head = [
    'All settings of MRIMaster. Copy this file to .env, or set them in the environment, which wins over .env. A line that is commented out, or has no value, keeps the default, which the line shows; where there is none, it may show an example.',
    "A value that holds # or a quote goes into quotes of another kind: PACS_PASSWORD='a#b'. A file with a value that would be cut is refused.",
    'Printed from src/config by `npm run settings`; do not edit.',
  ];
  const sections = themes.map(({ description, properties, title }) => [
    comment(`---- ${title} ----\n${description}`),
    ...Object.entries(properties).map(([name, { default: value, description: text, example }]) => {
      const ending = value === undefined && example !== undefined ? ' Example:' : '';
      return `${comment(text + ending)}\n# ${name}=${value ?? example ?? ''}`;
    }),
  ]);
  return `${[comment(head.join('\n')), ...sections.flat()].join('\n\n')}\n`;
}

function documentOf(themes: readonly Theme[]): string {
  const head = [
    '# Settings',
    'Printed from `src/config` by `npm run settings`; do not edit. [.env.example](../.env.example) has the same as a file to begin with.',
    'All settings are environment variables, or lines of a file `.env`. An empty one counts as not set. What is wrong is reported at the start, all of it, each with its cure. Relative paths are taken from the working directory.',
  ];
  const sections = themes.map(({ description, properties, title }) => {
    const rows = Object.entries(properties).map(([name, { default: value, description: text, example }]) => {
      const shown = example === undefined ? '' : ` Example: \`${example}\``;
      return `| \`${name}\` | ${value === undefined ? '' : `\`${value}\``} | ${cell(text + shown)} |`;
    });
    return [
      `## ${title}`,
      linked(description),
      ['| setting | default | what it is |', '|---|---|---|', ...rows].join('\n'),
    ];
  });
  return `${[...head, ...sections.flat()].join('\n\n')}\n`;
}

function cell(text: string): string {
  return linked(text).replaceAll(/[|<]/g, '\\$&');
}

/** docs/pacs.md as a link from beside it. */
function linked(text: string): string {
  return text.replaceAll(/docs\/([\w-]+)\.md/g, '[$1]($1.md)');
}

/** Each line of a text as comments, broken at blanks. */
function comment(text: string): string {
  const wrap = (line: string) => line.match(new RegExp(`.{1,${WIDTH - 2}}(?=\\s|$)`, 'g')) ?? [];
  return text
    .split('\n')
    .flatMap(wrap)
    .map((line) => `# ${line.trim()}`)
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of Object.entries(printedSettings()))
    writeFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), text);
