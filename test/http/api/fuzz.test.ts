import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { openApiDocument } from '../../../src/http/api/openapi.ts';
import { SCOPES } from '../../../src/http/api/route.ts';
import { DECLARED_ROUTES } from '../../../src/http/api/routes.ts';
import { createLogger } from '../../../src/log.ts';
import { type Seeds, seed } from '../../support/api-seeds.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { arbitraryCall, operationsOf } from './arbitrary-call.ts';
import { checkAnswer } from './check-answer.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 120);
const UNLIMITED = { reads: 1e9, writes: 1e9, visitors: 1e9, failures: 1e9 };

describe('the API under requests made from its OpenAPI document, valid and hostile', () => {
  let world: ApiWorld;
  let token: string;
  let seeds: Seeds;
  const logLines: string[] = [];

  before(async () => {
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logLines.push(chunk.toString());
        done();
      },
    });
    world = await openApiWorld({ rateLimits: UNLIMITED, log: createLogger({ level: 'debug', destination }) });
    token = await world.giveKey('club', SCOPES, { shop: 'Shop 1' });
    seeds = await seed(world.db, 'club', 0);
  });

  after(() => world.close());

  for (const operation of operationsOf(openApiDocument(DECLARED_ROUTES))) {
    const route = DECLARED_ROUTES.find(({ id }) => id === operation.id) ?? assert.fail(operation.id);

    it(`answers ${route.method.toUpperCase()} ${route.path} as documented, never with 5xx`, async function () {
      this.timeout(120_000);
      const statuses = new Map<number, number>();
      seeds = await seed(world.db, 'club', 0);
      await fc.assert(
        fc.asyncProperty(arbitraryCall(operation, seeds), async (request) => {
          const answer = await world.call({ ...request, token });
          assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
          if (isThisRoute(request.path, route.path)) checkAnswer(route, answer);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        }),
        { numRuns: RUNS },
      );
      assert.ok(statuses.has(400) && statuses.size > 1, 'both good and bad requests were made');
      assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
    });
  }

  it('left no error in the log', () => {
    assert.deepEqual(
      logLines.filter((line) => /"level":"(?:error|fatal)"/.test(line)),
      [],
    );
  });
});

/** A parameter that decodes to nothing can make the path another one. */
function isThisRoute(asked: string, path: string): boolean {
  return asked.split('?')[0]?.split('/').length === path.split('/').length;
}
