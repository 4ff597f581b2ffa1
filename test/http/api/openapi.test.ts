import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/config.ts';
import { openApiDocument, problemsOf } from '../../../src/http/api/openapi.ts';
import { PROBLEM_ADVICE, problemsDocument } from '../../../src/http/api/problem-advice.ts';
import { PROBLEMS } from '../../../src/http/api/problems.ts';
import { SCOPES } from '../../../src/http/api/route.ts';
import { DECLARED_ROUTES } from '../../../src/http/api/routes.ts';
import { type Seeds, seed } from '../../support/api-seeds.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { operationsOf } from './arbitrary-call.ts';
import { sampleCall } from './sample-call.ts';

const document = openApiDocument(DECLARED_ROUTES);
const kept = (file: string) => readFileSync(join(PACKAGE_ROOT, 'docs', file), 'utf8');

describe('the OpenAPI document', () => {
  it('is what docs/openapi.json says; after a change: npx cardwake openapi > docs/openapi.json', () => {
    assert.deepEqual(JSON.parse(kept('openapi.json')), JSON.parse(JSON.stringify(document)));
  });

  it('is what docs/problems.md says; after a change: npx cardwake openapi --problems > docs/problems.md', () => {
    assert.equal(kept('problems.md'), problemsDocument());
  });

  it('leads nowhere that is not in it', () => {
    for (const [, path = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path
        .split('/')
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
      assert.ok(found !== undefined, path);
    }
  });

  it('has a path parameter for each placeholder, and names each schema once', () => {
    for (const { id, path, params } of DECLARED_ROUTES) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(Object.keys(params?.describe().keys ?? {}), names, id);
    }
  });

  it('explains every operation and every field that a caller sends', () => {
    for (const { id, summary, query, body } of DECLARED_ROUTES) {
      assert.ok(summary.length > 3, id);
      for (const schema of [query, body]) assert.ok(schema === undefined || schema.describe().keys !== undefined, id);
    }
  });
});

describe('a condition in a header', () => {
  let world: ApiWorld;
  let seeds: Seeds;
  let token: string;

  before(async () => {
    world = await openApiWorld();
    token = await world.giveKey('club', SCOPES, { shop: 'Shop 1' });
  });
  beforeEach(async () => {
    seeds = await seed(world.db, 'club', 0);
  });
  after(() => world.close());

  for (const { id, parameters, responses } of operationsOf(document)) {
    const listed = (name: string) => parameters.find((parameter) => parameter.name === name);
    const route = DECLARED_ROUTES.find((one) => one.id === id) ?? assert.fail(id);
    const call = (headers: Record<string, string>) => world.call({ ...sampleCall(route, seeds), headers, token });

    it(`is listed for ${id} if it is heeded, and only then`, async () => {
      const isStale = (await call({ 'if-match': '"999.x"' })).status === 412;
      assert.equal(listed('If-Match') !== undefined, isStale, 'If-Match');
      seeds = await seed(world.db, 'club', 0);
      const { status, headers } = await call({ 'if-none-match': '*' });
      assert.equal(listed('If-None-Match') !== undefined, status === 304, 'If-None-Match');
      assert.equal('304' in responses, status === 304, '304');
      const isNeeded = listed('If-Match')?.required === true;
      assert.equal(isNeeded, status === 400, 'If-Match may be left away');
      const shown = (responses['200'] ?? responses['202'] ?? responses['201'])?.headers as object;
      if (!isNeeded) assert.equal('ETag' in shown, headers.has('etag'), 'ETag');
    });
  }
});

describe('the pages about the API', () => {
  let world: ApiWorld;

  before(async () => {
    world = await openApiWorld();
  });

  after(() => world.close());

  const get = (path: string) => world.call({ method: 'get', path });

  it('need no key', async () => {
    const { status, body } = await get('/v1/openapi.json');
    assert.equal(status, 200);
    assert.deepEqual(body, JSON.parse(JSON.stringify(document)));
  });

  for (const path of [
    '/docs',
    '/docs/problems',
    '/docs/docs.js',
    '/docs/docs.css',
    '/docs/swagger-ui/swagger-ui.css',
    '/docs/swagger-ui/swagger-ui-bundle.js',
  ]) {
    it(`serve ${path} under a policy that allows our own files only`, async () => {
      const { status, headers } = await get(path);
      assert.equal(status, 200);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none';script-src 'self';style-src 'self'/);
      assert.ok(!policy.includes('unsafe'));
    });
  }

  it('load nothing from elsewhere and have no script or style of their own inside', async () => {
    for (const path of ['/docs', '/docs/problems']) {
      const { text } = await get(path);
      assert.ok(!/https?:\/\//.test(text));
      assert.ok(!/<style|style=|<script>| on\w+=/.test(text));
      for (const [, url = ''] of text.matchAll(/(?:src|href)="(\/[^"#]*)"/g))
        assert.equal((await get(url)).status, 200, url);
    }
  });

  it('serve no other file of the package, and answer 404 as a page', async () => {
    for (const path of [
      '/docs/swagger-ui/package.json',
      '/docs/swagger-ui/../package.json',
      '/docs/swagger-ui/index.html',
      '/docs/nothing',
    ]) {
      assert.equal((await get(path)).status, 404, path);
    }
  });

  it('explain every problem at the place that its type leads to', async () => {
    const { text } = await get('/docs/problems');
    for (const code of Object.keys(PROBLEMS)) assert.ok(text.includes(`<section id="${code}">`), code);
    assert.deepEqual(Object.keys(PROBLEM_ADVICE).toSorted(), Object.keys(PROBLEMS).toSorted());
  });

  it('document every problem of every route', () => {
    for (const route of DECLARED_ROUTES) assert.ok(problemsOf(route).every((code) => code in PROBLEMS));
  });
});
