import Joi from 'joi';
import { atTheTill, type CardAtTill } from '../../activation/at-the-till.ts';
import { type CardNumber, parseCardNumber } from '../../activation/card-number.ts';
import type { Locale, Program } from '../../activation/program.ts';
import { sendingLine } from '../../lines.ts';
import { acceptedLocale } from '../../reply/choose-locale.ts';
import { renderReply } from '../../reply/render.ts';
import type { TillTextName } from '../../reply/till-texts.ts';
import { type TillFacts, tillValues } from '../../reply/values.ts';
import { lastFour } from '../../sms/mask.ts';
import { findTillCard } from '../../store/till.ts';
import { entityTag } from './etag.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Route, route } from './route.ts';

const paramsSchema = Joi.object<{ number: string }>({
  number: Joi.string()
    .max(128)
    .required()
    .description('The number in any spelling: with spaces or dashes, in any grouping, in digits of any script.')
    .example('9643 1234 5678 9019'),
});

const cardSchema = Joi.object({
  number: Joi.string().required().description('The number in its one canonical form.').example('9643123456789019'),
  state: Joi.valid('issued', 'awaiting-check', 'active', 'blocked', 'replaced', 'unknown')
    .required()
    .description('`unknown`: the number is well-formed and the registry has no such card.')
    .example('issued'),
  may: Joi.object({
    earn: Joi.boolean().required().example(true),
    redeem: Joi.boolean().required().example(false),
  }).required(),
  message: Joi.string()
    .required()
    .description('For the cashier’s screen, in the language of `Accept-Language`.')
    .example('Card not activated: tell the customer to text its number to 1234. Until then it only earns.'),
  successor: Joi.string()
    .description('For a replaced card: the end of the number that took its place.')
    .example('8888'),
}).meta({ name: 'CardAtTill' });

/** What a till asks about cards. Postgres is all that an answer needs. */
export function cardsRoutes(parts: ApiParts): Route[] {
  return [readCard(parts)];
}

function readCard(parts: ApiParts): Route {
  const lines = new Map([...parts.programs.keys()].map((key) => [key, sendingLine(parts.lines, key)]));
  return route<{ number: string }, unknown, unknown>({
    id: 'readCard',
    method: 'get',
    path: '/v1/cards/{number}',
    summary: 'What a card may do at the till',
    description:
      'One shape for every well-formed number, so that a till has one case to handle: a number that the registry does not have is a card in state `unknown`. What is no number of the programme is `unsupported-card`. A card earns unless it is blocked, replaced or unknown; it redeems when it is active and, where the programme asks for it, the phone of its holder was proved.',
    scopes: ['cards:read'],
    params: paramsSchema,
    hasETag: true,
    isLocalised: true,
    answers: { 200: { description: 'The card, or that there is none.', schema: cardSchema } },
    problems: ['unsupported-card'],
    async handle({ caller: { program }, params, acceptLanguage }) {
      const number = parseCardNumber(params.number, program);
      if (number === undefined) {
        throw new ApiProblem('unsupported-card', 'The text is not the number of a card of this programme.');
      }
      const card = await findTillCard(parts.db, program.key, number);
      const shown = atTheTill(card, program);
      const successor = card?.replacedBy;
      const locale = acceptedLocale(acceptLanguage, program);
      const body = {
        number,
        state: shown.state,
        may: { earn: shown.mayEarn, redeem: shown.mayRedeem },
        message: wordsFor(parts, { program, locale, shown, number, successor, line: lines.get(program.key) }),
        ...(successor !== undefined && { successor: lastFour(successor) }),
      };
      return { status: 200, body, headers: { ...HEADERS, 'content-language': locale, etag: entityTag(body) } };
    },
  });
}

/** A till may keep the answer and asks each time whether it still holds: the customer texts while the cashier looks. */
const HEADERS = { 'cache-control': 'private, no-cache', vary: 'accept-language' } as const;

interface Wording extends Omit<TillFacts, 'card'> {
  readonly program: Program;
  readonly locale: Locale;
  readonly shown: CardAtTill;
  readonly number: CardNumber;
}

function wordsFor(parts: ApiParts, { program, locale, shown, number, ...facts }: Wording): string {
  const name: TillTextName = shown.isHeldBack ? 'till/active-unproved' : `till/${shown.state}`;
  const values = tillValues(program, { card: number, ...facts });
  const { text, isFallback, error } = renderReply(parts.texts(), { program: program.key, locale, name, values });
  if (isFallback) {
    parts.metrics.templateFallbacks.inc();
    parts.log.error({ program: program.key, locale, template: name, reason: error }, 'Template failed');
  }
  return text;
}
