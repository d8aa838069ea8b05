import { z } from 'zod';

/** `urls`: the receivers; none = nobody is told. `secret`: what each message is signed with. */
export type WebhookSettings = { urls: readonly string[]; secret: string; format: 'json' | 'fhir' };

export const webhookEnvironment = {
  WEBHOOK_URL: z
    .string()
    .refine((value) => split(value).every(isReceiver), {
      message:
        'WEBHOOK_URL must list addresses like https://ris.hospital.example/mrimaster, parted by commas, without user and password: messages are signed instead.',
    })
    .optional(),
  WEBHOOK_SECRET: z.string().min(16, 'WEBHOOK_SECRET must have 16 characters at least.').optional(),
  WEBHOOK_FORMAT: z.enum(['json', 'fhir'], { error: 'WEBHOOK_FORMAT must be one of json, fhir.' }).default('json'),
};

/** Who is told of studies; what is missing goes to `problems`. */
export function readWebhookSettings(given: NodeJS.ProcessEnv, problems: string[]): WebhookSettings {
  const { WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_FORMAT } = given;
  const format = WEBHOOK_FORMAT === 'fhir' ? 'fhir' : 'json';
  if (WEBHOOK_URL === undefined) return { urls: [], secret: '', format };
  if (WEBHOOK_SECRET === undefined)
    problems.push(
      'WEBHOOK_SECRET is not set. Set it to what receivers check signatures with, such as `openssl rand -hex 32`.',
    );
  return { urls: [...new Set(split(WEBHOOK_URL))], secret: WEBHOOK_SECRET ?? '', format };
}

function split(list: string): string[] {
  return list.split(',').map((url) => url.trim());
}

function isReceiver(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return ['http:', 'https:'].includes(protocol) && !username && !password;
}
