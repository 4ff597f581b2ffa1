import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { checkUrl, isAllowedAddress, type Refusal } from '../../src/events/address.ts';

interface Case {
  readonly url: string;
  readonly outside: Refusal | 'ok';
  readonly inside: Refusal | 'ok';
  readonly why: string;
}

const CASES = readFileSync(new URL('./urls.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line): Case => {
    const [url = '', outside = '', inside = '', why = ''] = line.split('\t');
    return { url, outside: outside as Case['outside'], inside: inside as Case['inside'], why };
  });

const verdict = (url: string, isPrivateAllowed: boolean) => {
  const checked = checkUrl(url, { isPrivateAllowed });
  return checked instanceof URL ? 'ok' : checked;
};

describe('the address of a loyalty back end', () => {
  it('is tried with many tricks', () => assert(CASES.length >= 60, `${CASES.length} tricks`));

  for (const { url, outside, inside, why } of CASES) {
    it(`${why}: ${url} is ${outside}; inside a firewall ${inside}`, () => {
      assert.equal(verdict(url, false), outside);
      assert.equal(verdict(url, true), inside);
    });
  }

  it('is no text that is not an address', () => {
    for (const address of ['', 'localhost', '1.2.3.4.5', '::ffff:999.1.1.1', 'fe80::1%eth0', '2606:4700::1%1']) {
      assert.equal(isAllowedAddress(address, { isPrivateAllowed: true }), false, address);
    }
  });
});
