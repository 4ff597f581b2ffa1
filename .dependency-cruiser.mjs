/** Which folder may know which, and why. `npm run check` fails on the first import that says otherwise. */

/** Files outside the folders that every I/O folder may use. */
const COMMON = '^src/(finding|error-reporter|log|metrics|within)\\.ts$';

/** A rule that lets a folder know itself and what is listed, and nothing else of ours. */
function knowsOnly(folder, others, comment) {
  const allowed = [folder, ...others].map((name) => (name.includes('/') ? name : `^src/${name}/`));
  return {
    name: `${folder}-knows-only-${others.filter((name) => !name.includes('/')).join('-') || 'itself'}`,
    comment,
    severity: 'error',
    from: { path: `^src/${folder}/` },
    to: { path: '^(src|workers|test|bench|scripts|bin)/', pathNot: allowed },
  };
}

/** A rule that gives a library one home. Types count too: they spread a library's words. */
function livesIn(home, libraries, comment) {
  return {
    name: `${libraries.join('-')}-only-in-${home.replace('/', '-')}`,
    comment,
    severity: 'error',
    from: { path: '^(src|workers|bin)/', pathNot: `^${home}/` },
    to: { path: `^node_modules/(${libraries.join('|')})/` },
  };
}

const PURE = ['sms', 'activation', 'reply', 'flow'];

// oxlint-disable-next-line import/no-default-export -- what dependency-cruiser reads
export default {
  forbidden: [
    knowsOnly('sms', [], 'The vocabulary of the field stands on its own: everything else speaks it.'),
    knowsOnly('flow', [], 'Packs and backoff are arithmetic that knows nothing of cards.'),
    knowsOnly('activation', ['sms'], 'The loyalty rule must be testable without a database, a queue or a provider.'),
    knowsOnly('reply', ['sms', 'activation'], 'Choosing words needs the outcome and nothing from the outside.'),
    knowsOnly('providers', [...PURE, COMMON], 'A provider is one file: it must not know where messages are kept.'),
    knowsOnly('store', [...PURE, COMMON], 'SQL must not know who sent a message or which job asks.'),
    knowsOnly('events', [...PURE, COMMON], 'Whom events are posted to must not depend on where they are kept.'),
    knowsOnly('queue', [...PURE, COMMON], 'The queue carries row ids: it must not know what they stand for.'),
    knowsOnly(
      'intake',
      [...PURE, 'providers', 'store', 'queue', COMMON, '^src/(lines|config)\\.ts$'],
      'The way into the database is one: it must not know whether a webhook, a session or the sweeper brought an SMS.',
    ),
    {
      name: 'pure-folders-do-no-io',
      comment: 'A decision that reads a file or opens a socket cannot be repeated with the same result.',
      severity: 'error',
      from: { path: `^src/(${PURE.join('|')})/` },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|net|tls|http|https|http2|dns|dgram|child_process|worker_threads|timers)(/|$)',
      },
    },
    {
      name: 'nothing-imports-workers',
      comment: 'Workers connect the folders; a folder that needs one of them has its own work in the wrong place.',
      severity: 'error',
      from: { pathNot: '^(workers|test|bench|scripts)/' },
      to: { path: '^workers/' },
    },
    {
      name: 'nothing-that-ships-imports-tests',
      comment: 'Fakes and fixtures have no place in production.',
      severity: 'error',
      from: { path: '^(src|workers|bin)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'nothing-that-ships-needs-a-dev-dependency',
      comment: 'The production image is pruned: such an import fails there and nowhere else.',
      severity: 'error',
      from: { path: '^(src|workers|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    livesIn('src/queue', ['bullmq', 'ioredis'], 'Jobs are lost or doubled in details that one folder has to know.'),
    livesIn(
      'src/store',
      ['pg', 'kysely', 'pg-copy-streams'],
      'Locks and transactions are only right when seen together.',
    ),
    livesIn(
      'src/http',
      ['express', 'express-rate-limit', 'helmet'],
      'Requests are judged at the edge, before anything inside sees them.',
    ),
    livesIn(
      'src/providers',
      ['twilio', 'smpp', 'jsonwebtoken', 'fast-xml-parser'],
      'A company’s words and failures stay in that company’s file.',
    ),
    livesIn('src/(providers|events)', ['undici'], 'Who calls out says how long it waits and whom it may reach.'),
    livesIn('src/events', ['standardwebhooks'], 'What is signed is what is sent: one file holds both.'),
    livesIn('workers', ['cockatiel'], 'Whether a channel sends is decided where it is sent, and in one place.'),
    livesIn('src/reply', ['liquidjs'], 'Templates come from people: one folder decides what they may do.'),
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An import that leads nowhere is not checked by any rule above.',
      severity: 'error',
      from: { pathNot: '^(bin/cardwake|scripts/start)\\.mjs$' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '^node_modules/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
