import { z } from 'zod';
import { across, hasProtocol, list, oneOf } from './settingKinds.js';

/** Who is told of studies. `urls`: the receivers. `secret`: what each message is signed with. */
export type WebhookSettings = { urls: readonly string[]; secret: string; format: 'json' | 'fhir' };

/** Schema of the settings of webhooks. */
export const webhookSettings = () =>
  z
    .object({
      WEBHOOK_URL: list(
        readReceiver,
        'must list addresses like https://ris.hospital.example/mrimaster, parted by commas, without user and password: messages are signed instead',
        'hidden',
      )
        .optional()
        .meta({
          description:
            'Addresses, parted by commas, to which each message is POSTed. An address that does not take it is tried for a day.',
          example: 'https://ris.hospital.example/mrimaster',
        }),
      WEBHOOK_SECRET: z.string().min(16, 'must have 16 characters at least.').optional().meta({
        description: 'What each message is signed with, of 16 characters at least, such as `openssl rand -hex 32`.',
      }),
      WEBHOOK_FORMAT: oneOf(['json', 'fhir']).prefault('json').meta({
        description: "What a message is: MRIMaster's own JSON, or a Bundle of FHIR R4.",
      }),
    })
    .check(
      across(({ WEBHOOK_SECRET, WEBHOOK_URL }) =>
        WEBHOOK_URL !== undefined && WEBHOOK_SECRET === undefined
          ? 'WEBHOOK_SECRET is not set. Set it to what receivers check signatures with, such as `openssl rand -hex 32`.'
          : undefined,
      ),
    )
    .transform(
      (given): WebhookSettings => ({
        urls: [...new Set(given.WEBHOOK_URL)],
        secret: given.WEBHOOK_SECRET ?? '',
        format: given.WEBHOOK_FORMAT,
      }),
    )
    .meta({
      title: 'Webhooks',
      description:
        'Who is told when a study is classified or has failed, see docs/notifications.md. Nobody by default.',
    });

function readReceiver(text: string): string | undefined {
  if (!hasProtocol(text, ['http:', 'https:'])) return undefined;
  const { username, password } = new URL(text);
  return username || password ? undefined : text;
}
