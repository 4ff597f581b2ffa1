import { type RedisServer, startRedis } from '../support/redis.ts';
import { asked, isClusterUp, SLOTS, startClusterNode, startSentinelOf } from './redis-servers.ts';

/** A Redis whose place another one takes, seconds after its death. */
export interface Failover {
  readonly url: string;
  /** SIGKILL to the one that has the queue of `bind`, once its replica has all of it; resolves when it is dead. */
  readonly killMaster: () => Promise<void>;
}

type Killable = Pick<RedisServer, 'port' | 'kill'>;

/** A master and its replica, watched by a sentinel. */
export async function startSentinelFailover(): Promise<Failover> {
  const [master, replica] = [await startRedis(), await startRedis()];
  await asked(replica.port, 'the replica to know its master', (redis) =>
    redis.call('REPLICAOF', '127.0.0.1', master.port),
  );
  await isReplicating(replica.port);
  const { url, port } = await startSentinelOf(master);
  await asked(port, 'the sentinel to know the replica', async (sentinel) =>
    String(await sentinel.call('SENTINEL', 'REPLICAS', 'club')).includes('master-link-status,ok'),
  );
  return { url, killMaster: killer(master) };
}

/** A cluster of three masters, of which the one that has the queue of `bind` has a replica. */
export async function startClusterFailover(): Promise<Failover> {
  const replica = await startClusterNode();
  const masters = await Promise.all([0, 1, 2].map(startClusterNode));
  await share(masters);
  for (const { port, busPort } of masters) {
    await asked(replica.port, 'the nodes to meet', (redis) =>
      redis.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort),
    );
  }
  const master = await masterOf('{bind}', masters);
  const name = await asked(master.port, 'the name of the master', (redis) => redis.call('CLUSTER', 'MYID'));
  // Refused until the two have heard of each other.
  await asked(replica.port, 'the replica to know its master', (redis) =>
    redis.call('CLUSTER', 'REPLICATE', String(name)),
  );
  await isReplicating(replica.port);
  for (const { port } of [...masters, replica]) await isClusterUp(port);
  const url = `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  return { url, killMaster: killer(master) };
}

/** The nth of the masters gets the nth part of the slots. */
async function share(masters: readonly Killable[]): Promise<void> {
  const bound = (index: number) => Math.ceil((SLOTS * index) / masters.length);
  for (const [index, { port }] of masters.entries()) {
    await asked(port, 'a master to take its slots', (redis) =>
      redis.call('CLUSTER', 'ADDSLOTSRANGE', bound(index), bound(index + 1) - 1),
    );
  }
}

async function masterOf<Node extends Killable>(key: string, masters: readonly Node[]): Promise<Node> {
  const [first] = masters;
  if (first === undefined) throw new Error('A cluster needs a master');
  const slot = await asked(first.port, 'the slot of the queue', (redis) => redis.call('CLUSTER', 'KEYSLOT', key));
  return masters[Math.floor((Number(slot) * masters.length) / SLOTS)] ?? first;
}

async function isReplicating(port: number): Promise<void> {
  await asked(port, 'the replica to have the data', async (redis) =>
    (await redis.info('replication')).includes('master_link_status:up'),
  );
}

function killer(master: Killable): () => Promise<void> {
  return async () => {
    // WAIT is about what the same connection wrote, and that comes after everything that was written before.
    await asked(master.port, 'the replica to have everything', async (redis) => {
      await redis.set('{bind}', 'last');
      return (await redis.wait(1, 1_000)) === 1;
    });
    await master.kill();
  };
}
