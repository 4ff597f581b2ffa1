import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { decidePack } from '../../src/activation/decide-pack.ts';
import type { BindRequest, Decision } from '../../src/activation/decision.ts';
import type { Intent } from '../../src/activation/intent.ts';
import { OUTCOMES, type Outcome, type Silence } from '../../src/activation/outcome.ts';
import type { Program } from '../../src/activation/program.ts';
import type { Card, CardStatus, LiveWorld } from '../../src/activation/world.ts';
import type { OptOutKind } from '../../src/sms/message.ts';
import { card, clubWith, phone, phoneOf, worldOf } from '../support/world.ts';

type Sms = {
  is: Outcome;
  replies?: string[];
  asks?: string;
  silence?: Silence;
  guess?: true;
  case?: true;
  after?: string;
} & Record<string, unknown>;

interface Story {
  readonly story: string;
  readonly program?: Partial<Program>;
  readonly repliesLeft?: number;
  readonly cards?: Readonly<Record<string, string>>;
  readonly sms: readonly Sms[];
  readonly end?: Readonly<Record<string, string>>;
}

const STORIES = parse(readFileSync(new URL('decide.stories.yaml', import.meta.url), 'utf8')) as Story[];
const PEOPLE = { anna: phone(1), boris: phone(2), vera: phone(3) } as const;
const CARDS = { gold: card(1), blue: card(2), red: card(3), nowhere: card(4) } as const;
const START = Date.parse('2024-05-01T12:00:00Z');
const WORDS: Readonly<Record<string, Intent>> = {
  stop: { kind: 'stop' },
  start: { kind: 'start' },
  help: { kind: 'help' },
  mistyped: { kind: 'mistyped', fault: 'check-digit' },
  several: { kind: 'several' },
  'small talk': { kind: 'none' },
};
const WRONG_CODE = '0000';

const isPerson = (name: string): name is keyof typeof PEOPLE => name in PEOPLE;
const isCard = (name: string): name is keyof typeof CARDS => name in CARDS;
const nameOf = (names: object, value: unknown) => Object.entries(names).find(([, one]) => one === value)?.[0];

describe('decide', () => {
  for (const story of STORIES) it(story.story, () => tell(story));

  it('is told in stories for every outcome that a phone can bring about', () => {
    const told = new Set(STORIES.flatMap((story) => story.sms.map((sms) => sms.is)));
    const silent: Outcome[] = ['unsupported-sender', 'unreadable', 'error'];
    assert.deepEqual(
      OUTCOMES.filter((outcome) => !told.has(outcome)),
      silent,
    );
  });
});

function tell({ program, repliesLeft, cards = {}, sms, end = {} }: Story): void {
  const club = clubWith(program ?? {});
  const people = Object.values(PEOPLE).map((one) => phoneOf(one));
  const world = worldOf(Object.entries(cards).map(cardAtFirst), people, repliesLeft);
  world.cards.set(CARDS.nowhere, undefined);
  const codes: string[] = [];
  const successors = new Map<string, string>();
  let now = START;
  for (const [index, one] of sms.entries()) {
    now += Number.parseInt(one.after ?? '0', 10) * 60_000;
    const request = requestOf(one, world, codes, new Date(now), String(1001 + index));
    const decision = decideOne(request, world, club);
    assert.deepEqual(shown(decision), expected(one), `SMS ${index + 1}`);
    for (const change of decision.changes) {
      if (change.kind === 'make-offer') codes.push(change.offer.code);
      if (change.kind === 'set-card-status' && change.replacedBy) successors.set(change.card, change.replacedBy);
    }
  }
  const atEnd = Object.keys(cards).map((name) => [name, cardAtEnd(name, world, successors)]);
  assert.deepEqual(Object.fromEntries(atEnd), { ...cards, ...end });
}

/** `anna`, `blocked` or `blocked of anna`. */
function cardAtFirst([name, state]: [string, string]): Card {
  assert.ok(isCard(name));
  const [status, holder] = isPerson(state) ? ['active', state] : state.split(' of ');
  return {
    number: CARDS[name],
    status: status as CardStatus,
    holder: holder !== undefined && isPerson(holder) ? PEOPLE[holder] : undefined,
  };
}

/** In the words of the story. */
function cardAtEnd(name: string, world: LiveWorld, successors: ReadonlyMap<string, string>): string {
  assert.ok(isCard(name));
  const { status, holder } = world.cards.get(CARDS[name]) ?? assert.fail();
  if (holder !== undefined) assert.equal(world.phones.get(holder)?.card, CARDS[name]);
  const person = nameOf(PEOPLE, holder);
  if (person !== undefined) return status === 'active' ? person : `${status} of ${person}`;
  const successor = nameOf(CARDS, successors.get(CARDS[name]));
  return successor === undefined ? status : `${status} by ${successor}`;
}

function requestOf(sms: Sms, world: LiveWorld, codes: readonly string[], now: Date, freshCode: string): BindRequest {
  const [who, what] = Object.entries(sms).find(([key]) => isPerson(key)) ?? assert.fail();
  assert.ok(isPerson(who) && typeof what === 'string');
  const [word = '', isAnswered] = what.split(' (the provider answered)');
  const live = (name: keyof typeof PEOPLE) => world.phones.get(PEOPLE[name])?.offer?.code ?? codes.at(-1) ?? WRONG_CODE;
  const spelled: Readonly<Record<string, string | undefined>> = {
    'the code': live(who),
    'a wrong code': WRONG_CODE,
    'the first code': codes[0],
    "anna's code": live('anna'),
  };
  const code = spelled[word];
  const asked: Intent | undefined = isCard(word) ? { kind: 'card', card: CARDS[word] } : WORDS[word];
  const intent = code === undefined ? asked : ({ kind: 'code', code } as const);
  assert.ok(intent, `"${what}" means nothing`);
  const optOut = isAnswered === undefined ? undefined : (word.toUpperCase() as OptOutKind);
  return { from: PEOPLE[who], intent, optOut, now, freshCode };
}

function decideOne(request: BindRequest, world: LiveWorld, club: Program): Decision {
  const { decided, failed, rest } = decidePack([request], world, club);
  assert.deepEqual([failed, rest], [[], []]);
  return decided[0]?.decision ?? assert.fail();
}

function shown({ outcome, replies, silence, changes }: Decision) {
  return {
    is: outcome,
    replies: replies.map(({ to, template }) => `${nameOf(PEOPLE, to)} ${template}`),
    silence,
    guess: changes.some(({ kind }) => kind === 'count-failure'),
    case: changes.some(({ kind }) => kind === 'open-case'),
  };
}

function expected(sms: Sms) {
  const who = Object.keys(sms).find(isPerson);
  const own = sms.silence === undefined ? [`${who} ${sms.is}`] : [];
  return {
    is: sms.is,
    replies: [...(sms.replies ?? own), ...(sms.asks === undefined ? [] : [`${sms.asks} holder-asked`])],
    silence: sms.silence,
    guess: sms.guess ?? false,
    case: sms.case ?? false,
  };
}
