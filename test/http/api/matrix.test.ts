import assert from 'node:assert/strict';
import { type Route, SCOPES, type Scope } from '../../../src/http/api/route.ts';
import { DECLARED_ROUTES } from '../../../src/http/api/routes.ts';
import { type Seeds, seed, snapshot } from '../../support/api-seeds.ts';
import { type ApiAnswer, type ApiWorld, openApiWorld, PROGRAM_KEYS, type ProgramKey } from '../../support/api-world.ts';
import { checkAnswer } from './check-answer.ts';
import { sampleCall } from './sample-call.ts';

const SCOPE_SETS: readonly (readonly Scope[])[] = [[], ...SCOPES.map((scope) => [scope]), SCOPES];

/** Of the calls about another programme's things, those that are answered kindly, and what the answer must say. */
const KIND_ANSWERS: Readonly<Record<string, (answer: ApiAnswer) => void>> = {
  // A till has one case to handle: a card that the own registry does not have.
  readCard: ({ body }) => assert.deepEqual([body.state, body.may], ['unknown', { earn: false, redeem: false }]),
  findMembers: ({ body }) => assert.deepEqual(body, { members: [] }),
  // It lists the own programme's only, whatever else there is.
  listActivations: () => undefined,
  // The same answer for every card, until the code is there.
  register: ({ body }) => assert.deepEqual(Object.keys(body).toSorted(), ['expiresAt', 'id', 'resendAfter']),
};

/** A till follows what it entered itself; the seeds were entered by somebody else. */
function isFollowingOnly(route: Route, scopes: readonly Scope[]): boolean {
  return route.id === 'readActivation' && !scopes.includes('cases:resolve');
}

describe('every route of the API, for every scope and programme', () => {
  let world: ApiWorld;
  const seeds = new Map<ProgramKey, Seeds>();
  const keys = new Map<string, string>();

  before(async () => {
    world = await openApiWorld();
    for (const program of PROGRAM_KEYS) {
      for (const scopes of SCOPE_SETS) {
        keys.set(`${program} ${scopes.join()}`, await world.giveKey(program, scopes, { shop: 'Shop 1' }));
      }
    }
  });

  beforeEach(async () => {
    for (const [n, program] of PROGRAM_KEYS.entries()) seeds.set(program, await seed(world.db, program, n));
  });

  after(() => world.close());

  const seedsOf = (program: ProgramKey) => seeds.get(program) ?? assert.fail('seeds');
  const call = (route: Route, of: ProgramKey, by: ProgramKey, scopes: readonly Scope[]) =>
    world.call({ ...sampleCall(route, seedsOf(of)), token: keys.get(`${by} ${scopes.join()}`) });

  it('has one operation for each method and path, and one id for each', () => {
    const unique = (names: readonly string[]) => assert.deepEqual(names, [...new Set(names)]);
    unique(DECLARED_ROUTES.map(({ id }) => id));
    unique(DECLARED_ROUTES.map(({ method, path }) => `${method} ${path}`));
  });

  for (const route of DECLARED_ROUTES) {
    describe(`${route.method.toUpperCase()} ${route.path}`, () => {
      it('answers 401 without a key, and changes nothing', async () => {
        const before = await snapshot(world.db, 'club');
        const answer = await world.call(sampleCall(route, seedsOf('club')));
        assert.deepEqual([answer.status, answer.body.code], [401, 'unauthenticated']);
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
        assert.equal(await snapshot(world.db, 'club'), before);
      });

      for (const scopes of SCOPE_SETS) {
        const isAllowed = route.scopes.some((scope) => scopes.includes(scope));
        const name = scopes.length === 1 ? scopes[0] : scopes.length === 0 ? 'no scope' : 'all scopes';
        it(`${isAllowed ? 'serves' : 'refuses'} the programme’s own key with ${name}`, async () => {
          const before = await snapshot(world.db, 'club');
          const answer = await call(route, 'club', 'club', scopes);
          checkAnswer(route, answer);
          if (isAllowed && isFollowingOnly(route, scopes)) {
            assert.equal(answer.status, 404);
            return;
          }
          if (isAllowed) {
            assert.ok(answer.status < 300, answer.text);
            return;
          }
          assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden']);
          assert.equal(await snapshot(world.db, 'club'), before);
        });

        it(`tells and changes nothing of the club for the bakery’s key with ${name}`, async () => {
          const before = await snapshot(world.db, 'club');
          const answer = await call(route, 'club', 'bakery', scopes);
          checkAnswer(route, answer);
          assert.equal(await snapshot(world.db, 'club'), before);
          // What the caller sent itself is no secret.
          const sent = JSON.stringify(sampleCall(route, seedsOf('club')));
          for (const secret of seedsOf('club').secrets)
            assert.ok(sent.includes(secret) || !answer.text.includes(secret));
          if (!isAllowed) assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden']);
          else if (answer.status < 300)
            (KIND_ANSWERS[route.id] ?? assert.fail(`${answer.status} ${answer.text}`))(answer);
          else assert.equal(answer.status, 404, answer.text);
        });
      }
    });
  }
});
