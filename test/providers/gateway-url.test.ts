import assert from 'node:assert/strict';
import joi from 'joi';
import { gatewayUrl } from '../../src/providers/gateway-url.ts';

describe('the address of a gateway of one’s own', () => {
  const options = joi.object(gatewayUrl('http://127.0.0.1:13013', 'the gateway'));
  const cases: readonly [about: string, options: Readonly<Record<string, unknown>>, isGood: boolean][] = [
    ['nothing: this machine', {}, true],
    ['plain HTTP to this machine', { apiBaseUrl: 'http://127.0.0.1:8000' }, true],
    ['HTTPS to another machine', { apiBaseUrl: 'https://kannel.example:13013' }, true],
    ['plain HTTP to another machine', { apiBaseUrl: 'http://10.0.0.7:13013' }, false],
    [
      'plain HTTP to another machine, as the operator says',
      { plainHttp: true, apiBaseUrl: 'http://10.0.0.7:13013' },
      true,
    ],
    ['the same, written the other way round', { apiBaseUrl: 'http://kannel:13013', plainHttp: true }, true],
    ['the same, in words', { apiBaseUrl: 'http://kannel:13013', plainHttp: 'true' }, true],
    ['plain HTTP that the operator forbids', { plainHttp: false, apiBaseUrl: 'http://kannel:13013' }, false],
    ['a path', { plainHttp: true, apiBaseUrl: 'http://kannel:13013/cgi-bin' }, false],
    ['credentials', { plainHttp: true, apiBaseUrl: 'http://user:pass@kannel:13013' }, false],
    ['another scheme', { plainHttp: true, apiBaseUrl: 'ftp://kannel' }, false],
    ['no address', { plainHttp: true, apiBaseUrl: 'kannel:13013' }, false],
  ];
  for (const [about, given, isGood] of cases) {
    it(`may ${isGood ? '' : 'not '}be ${about}`, () => {
      const { error } = options.validate(given);
      assert.equal(error === undefined, isGood, error?.message);
      assert.doesNotMatch(String(error), /user:pass/);
    });
  }
  it('is on this machine, and plain HTTP goes nowhere else, unless something is said', () => {
    assert.deepEqual(options.validate({}).value, { plainHttp: false, apiBaseUrl: 'http://127.0.0.1:13013' });
  });
});
